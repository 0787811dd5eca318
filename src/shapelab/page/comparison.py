"""A comparison as a page: both sides, where they differ, and the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.compare.differences import BOTH, ONLY_A, ONLY_B, OTHER_CELL, difference
from shapelab.compare.rows import comparison_rows
from shapelab.convert.spacing import Spacing
from shapelab.frame import LayerData
from shapelab.page.still import still_page
from shapelab.page.writing import LARGEST, Page
from shapelab.stopping import check_stop
from shapelab.units import shown_unit

__all__ = ["comparison_page"]


def comparison_page(
    a: LayerData,
    b: LayerData,
    result: dict[str, Any],
    *,
    spacing: Spacing | None = None,
    spacing_b: Spacing | None = None,
    max_size: float = LARGEST,
) -> Page:
    """Return a page of two images or label images that were compared.

    Parameters
    ----------
    a, b
        The two sides.
    result
        What `shapelab.compare.compare` found.
    spacing, spacing_b
        Their voxels, if not those of the layers.
    max_size
        Largest size of the file [MB].

    Raises
    ------
    InputError
        If one of them is no image, or the page would be too large.
    """
    names = {BOTH: "both", ONLY_A: f"only {a.name}", ONLY_B: f"only {b.name}", OTHER_CELL: "both, another cell"}
    drawn = difference(a, b, spacing, spacing_b=spacing_b)
    check_stop()
    classes = [{"label": label, "name": name} for label, name in names.items() if (np.asarray(drawn.data) == label).any()]
    layers = [LayerData("difference", drawn.data, "labels", {**drawn.meta, "classes": classes}), _named("A", a), _named("B", b)]
    between = comparison_rows(result)[0]
    return still_page(
        layers,
        title=f"{a.name} and {b.name} · Comparison",
        about=f"Compared as {result['compared']}, lengths in {shown_unit(result['unit']) or 'voxels'}.",
        rows={name: value if isinstance(value, str) else f"{value:.4g}" for name, value in between.items() if value is not None},
        sources={"A": a.name, "B": b.name, **{f"Note {k}": note for k, note in enumerate(result["notes"], 1)}},
        max_size=max_size,
    )


def _named(side: str, layer: LayerData) -> LayerData:
    """Return a side of a comparison as what can be shown of it."""
    data = np.asarray(layer.data)
    if layer.kind == "labels" or data.dtype == bool:
        return LayerData(f"{side}: {layer.name}", data.astype(np.uint8) if data.dtype == bool else data, "labels", layer.meta)
    return LayerData(f"{side}: {layer.name}", data, layer.kind, layer.meta)
