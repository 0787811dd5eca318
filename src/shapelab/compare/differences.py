"""Where two masks or label images differ, as a label image that can be laid over both."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.compare.frames import in_one_frame
from shapelab.compare.grids import on_common_grid
from shapelab.compare.inputs import Shape, as_shape
from shapelab.compare.overlap import match_labels
from shapelab.compare.units import in_one_unit
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError
from shapelab.frame import LayerData

__all__ = ["BOTH", "ONLY_A", "ONLY_B", "OTHER_CELL", "difference", "drawn_difference"]

BOTH, ONLY_A, ONLY_B, OTHER_CELL = 1, 2, 3, 4
"""Labels of a difference: in both (and in the same cell); only in a; only in b; in both, but in cells that do not match."""


@checked()
def difference(
    a: Any, b: Any, spacing: Spacing | None = None, *, spacing_b: Spacing | None = None, name: str = "difference", labels: bool = False
) -> LayerData:
    """Return a Labels layer that says of each voxel where two images agree.

    Parameters
    ----------
    a, b
        Masks, label images, phase fields, or layers of them; see `shapelab.compare.as_shape`.
    spacing, spacing_b
        As in `shapelab.compare.compare`; different voxels are brought to the finer size.
    name
        Name of the layer.
    labels
        As in `shapelab.compare.compare`.

    Returns
    -------
    LayerData
        uint8: 0 neither, 1 both, 2 only `a`, 3 only `b`, 4 both but in cells that do not match (two label images,
        matched by overlap). Its ``features`` name the labels with their volume; ``metadata`` holds the notes.
    """
    import pandas as pd

    shapes = as_shape(a, spacing, labels=labels), as_shape(b, spacing if spacing_b is None else spacing_b, labels=labels)
    if not (shapes[0].is_grid and shapes[1].is_grid):
        raise InputError(f"A difference is drawn between images; received a {shapes[0].kind} and a {shapes[1].kind}.")
    first, second, converted = in_one_unit(*shapes)
    first, second, frame, turned = in_one_frame(first, second)
    converted += turned
    one, two, notes = on_common_grid(first, second)
    drawn = drawn_difference(one, two)
    volumes = np.bincount(drawn.ravel(), minlength=5) * float(np.prod(one.spacing))
    names = ["neither", "both", "only a", "only b", "another cell"]
    meta: dict[str, Any] = {
        "scale": one.spacing,
        "features": pd.DataFrame({"index": np.arange(5), "where": names, "volume": volumes}),
        "metadata": {"notes": [*converted, *notes]},
    }
    if one.origin is not None:
        meta["translate"] = one.origin
    if frame is not None:
        meta["affine"] = frame
    if one.unit:
        meta["units"] = (one.unit,) * drawn.ndim
    return LayerData(name, drawn, "labels", meta)


def drawn_difference(a: Shape, b: Shape) -> np.ndarray:
    """Return what `difference` draws of two images on one grid, uint8."""
    in_a, in_b = a.mask, b.mask
    drawn = np.zeros(in_a.shape, dtype=np.uint8)
    drawn[in_a & in_b] = BOTH
    drawn[in_a & ~in_b] = ONLY_A
    drawn[~in_a & in_b] = ONLY_B
    if a.kind == b.kind == "labels":
        drawn[_other_cell(a.data, b.data)] = OTHER_CELL
    return drawn


def _other_cell(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Voxels in a cell of both images whose cells are not partners."""
    pairs = match_labels(a, b).pairs
    ids, index = np.unique(a, return_inverse=True)
    partner = np.zeros(ids.size, dtype=pairs.dtype)  # 0, the background, is no cell's partner
    partner[np.searchsorted(ids, pairs[:, 0])] = pairs[:, 1]
    return np.asarray((a != 0) & (b != 0) & (partner[index.reshape(a.shape)] != b))
