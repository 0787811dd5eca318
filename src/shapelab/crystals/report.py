"""One row per grain: what a fit or a drawing of a table makes of it, the worst grains first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.crystals.fitting import DiagramFit
from shapelab.crystals.moments import Moments
from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["grain_report", "worst_first"]


@checked()
def grain_report(labels: Pixels, fit: DiagramFit) -> pd.DataFrame:
    """Return what a fit makes of every grain of its image.

    Parameters
    ----------
    labels
        The label image that was fitted.
    fit
        Its fit.

    Returns
    -------
    DataFrame
        See `worst_first`; `reason` says what the shapes of the worst grains explain, and is "" for the others.
    """
    image = np.asarray(labels)
    if image.shape != fit.labels.shape:
        raise InputError(f"The labels have shape {image.shape} and the fit {fit.labels.shape}: give the image that was fitted.")
    ids = fit.moments.ids
    inside = image != 0
    rows = np.searchsorted(ids, image[inside])
    pixels = np.bincount(rows, minlength=len(ids))
    wrong = np.bincount(rows[image[inside] != fit.labels[inside]], minlength=len(ids))
    fitted = np.bincount(np.searchsorted(ids, fit.labels[inside]), minlength=len(ids))
    reasons = {grain.id: grain.reason for grain in fit.worst}
    return worst_first(fit.moments, wrong, fitted / pixels - 1, pixels, [reasons.get(int(i), "") for i in ids])


def worst_first(moments: Moments, wrong: np.ndarray, errors: np.ndarray, pixels: np.ndarray, reasons: list[str]) -> pd.DataFrame:
    """Return the table of grains, those with the most wrong pixels first, then those with the largest error of their volume.

    Parameters
    ----------
    moments
        Moments of the grains.
    wrong, errors, pixels, reasons
        For each grain its pixels that the diagram gives to another, the relative error of its volume, its pixels, and a remark.

    Returns
    -------
    DataFrame
        Columns `id`, `wrong_pixels`, `mismatch` (share of its pixels), `volume_error`, `pixels`, `volume` [unit^d],
        `aspect_ratio`, `reason`.
    """
    import pandas as pd

    axes = np.linalg.eigvalsh(moments.covariances)
    table = pd.DataFrame(
        {
            "id": moments.ids,
            "wrong_pixels": wrong,
            "mismatch": wrong / np.maximum(pixels, 1),
            "volume_error": errors,
            "pixels": pixels,
            "volume": moments.volumes,
            "aspect_ratio": np.sqrt(axes[:, -1] / axes[:, 0]),
            "reason": reasons,
        }
    )
    return table.iloc[np.lexsort((-np.abs(errors), -wrong))].reset_index(drop=True)
