"""The table of grains that is saved: what each is, where, how large and how oriented, and how far its cell is off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from shapelab.crystals.moments import Moments
from shapelab.crystals.orientation import to_euler
from shapelab.io.output import new_file
from shapelab.units import shown_unit

__all__ = ["saved_table", "write_saved_table"]


def saved_table(
    report: pd.DataFrame,
    moments: Moments,
    unit: str = "",
    orientations: np.ndarray | None = None,
    phases: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Return one row per grain, units in the names of the columns; in 2-D `read_grain_table` reads it.

    Parameters
    ----------
    report
        Errors of the grains, as `grain_report` returns them: `id`, `wrong_pixels`, `mismatch`, `volume_error`, `pixels`, `reason`.
    moments
        Moments of the grains.
    unit
        Unit of length, "" for pixels.
    orientations
        Crystal orientations of labels 1, 2, 3…, shape (N, 4), where they are known.
    phases
        Phases of labels 1, 2, 3…, where they are known.

    Returns
    -------
    DataFrame
        `id`, centroid `x`, `y` (`z`), semi-axes of the ellipse `a`, `b` (`c`), `theta` [rad], the long axis from x towards y (in
        3-D its direction `axis_x`, `axis_y`, `axis_z`), `area` or `volume`, `phase`, Bunge angles `phi1`, `Phi`, `phi2` [degrees],
        and the errors.
    """
    symbol = shown_unit(unit) or "pixel"
    rows = np.searchsorted(moments.ids, report["id"].to_numpy())
    dim = moments.centroids.shape[1]
    values, vectors = np.linalg.eigh(moments.covariances[rows])
    semi = np.sqrt((dim + 2) * np.maximum(values[:, ::-1], 0))
    long = vectors[:, :, -1]
    columns: dict[str, object] = {"id": moments.ids[rows]}
    columns |= {f"{axis} ({symbol})": moments.centroids[rows, dim - 1 - i] for i, axis in enumerate("xyz"[:dim])}
    columns |= {f"{axis} ({symbol})": semi[:, i] for i, axis in enumerate("abc"[:dim])}
    if dim == 2:
        columns["theta (rad)"] = np.mod(np.arctan2(long[:, 0], long[:, 1]), np.pi)
        columns[f"area ({_power(symbol, 2)})"] = moments.volumes[rows]
    else:
        columns |= {f"axis_{axis}": long[:, 2 - i] for i, axis in enumerate("xyz")}
        columns[f"volume ({_power(symbol, 3)})"] = moments.volumes[rows]
    columns |= _crystals(moments.ids[rows], orientations, phases)
    errors = [name for name in ("volume_error", "mismatch", "wrong_pixels", "pixels", "aspect_ratio", "reason") if name in report]
    return pd.DataFrame(columns | {name: report[name].to_numpy() for name in errors})


def write_saved_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV; InputError if the file exists or cannot be written."""
    with new_file(Path(path)) as partial:
        table.to_csv(partial, index=False, encoding="utf-8", lineterminator="\n")


def _crystals(ids: np.ndarray, orientations: np.ndarray | None, phases: Sequence[int] | None) -> dict[str, object]:
    top, low = int(ids.max(initial=0)), int(ids.min(initial=1))
    found: dict[str, object] = {}
    if phases is not None and top <= len(phases) and low > 0:
        found["phase"] = np.asarray(phases)[ids - 1]
    if orientations is not None and top <= len(orientations) and low > 0:
        euler = np.rad2deg(to_euler(np.asarray(orientations)[ids - 1]))
        found |= {f"{name} (deg)": euler[:, i] for i, name in enumerate(("phi1", "Phi", "phi2"))}
    return found


def _power(symbol: str, power: int) -> str:
    return symbol + {2: "²", 3: "³"}[power]
