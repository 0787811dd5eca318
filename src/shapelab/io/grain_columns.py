"""What is known of the grains of a label image, as columns by label: phases, crystal symmetries, Bunge Euler angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapelab.io.hdf5 import children, read_dataset

__all__ = ["grain_columns", "known_of_columns"]

_ANGLES = ("phi1 (deg)", "Phi (deg)", "phi2 (deg)")
_TEXTS = {"phase_name": "phase_names", "symmetry": "symmetries"}


def grain_columns(
    euler: np.ndarray | None, phases: Sequence[int] | None, phase_names: Sequence[str] | None, symmetries: Sequence[str] | None
) -> dict[str, np.ndarray]:
    """Return columns of labels 1, 2, 3… with the unit in the names; nothing where nothing is known.

    Parameters
    ----------
    euler
        Bunge angles [rad], shape (N, 3).
    phases, phase_names, symmetries
        Phase, its name, and crystal symmetry of each label.
    """
    columns: dict[str, np.ndarray] = {}
    if phases is not None:
        columns["phase"] = np.asarray(phases)
    for name, values in (("phase_name", phase_names), ("symmetry", symmetries)):
        if values is not None:
            columns[name] = np.asarray(values, dtype=object)
    if euler is not None:
        columns |= {name: np.rad2deg(euler[:, i]) for i, name in enumerate(_ANGLES)}
    n = max(map(len, columns.values()), default=0)
    return {"id": np.arange(1, n + 1), **columns} if columns else {}


def known_of_columns(group: Any) -> Mapping[str, Any]:
    """Return what the HDF5 group of these columns states of labels 1, 2, 3…, by the names that a layer has for it."""
    from scipy.spatial.transform import Rotation

    found = {name: item for name, item in children(group) if getattr(item, "ndim", 0) == 1}
    if "id" not in found or not np.array_equal(ids := read_dataset(found["id"]), np.arange(1, len(ids) + 1)):
        return {}
    columns = {name: read_dataset(item) for name, item in found.items() if item.shape == ids.shape}
    known: dict[str, Any] = {}
    if set(_ANGLES) <= set(columns):
        angles = np.stack([np.asarray(columns[name], float) for name in _ANGLES], 1)
        if np.isfinite(angles).all():
            known["orientations"] = np.asarray(Rotation.from_euler("ZXZ", angles, degrees=True).as_quat())
    if "phase" in columns and columns["phase"].dtype.kind in "iu":
        known["phases"] = columns["phase"].tolist()
    for name, meant in _TEXTS.items():
        if name in columns and columns[name].dtype.kind in "OSU":
            known[meant] = [text.decode(errors="replace") if isinstance(text, bytes) else str(text) for text in columns[name]]
    return known
