"""The layer that says where two images agree: in both, only in one of them, or in another cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import CyclicLabelColormap

from napari_shapelab.widgets.distribution_plot import FIRST, SECOND
from shapelab.compare.differences import BOTH, ONLY_A, ONLY_B, OTHER_CELL
from shapelab.frame import LayerData

__all__ = ["difference_layer", "legend"]

_SAME, _OTHER = "#8a8a8a", "#e052e0"
_VEIL = "70"
"""Opacity of what is in both: the layers below shine through, and what differs stands out."""


def legend(cells: bool) -> str:
    """Return what the colours mean, as rich text; `cells` if two label images were compared."""
    meanings = {_SAME: "both", FIRST: "only A", SECOND: "only B"} | ({_OTHER: "cells that do not match"} if cells else {})
    return " &nbsp; ".join(f"<span style='color:{colour}'>■</span> {meaning}" for colour, meaning in meanings.items())


def difference_layer(difference: LayerData, names: tuple[str, str], provenance: Mapping[str, Any]) -> Labels:
    """Make the layer; on the window's thread only."""
    data, meta, _ = difference.as_tuple()
    meanings = {0: "transparent", BOTH: _SAME + _VEIL, ONLY_A: FIRST, ONLY_B: SECOND, OTHER_CELL: _OTHER}
    meta["name"] = f"difference · {names[0]} ↔ {names[1]}"
    meta["metadata"] = {**meta.get("metadata", {}), "shapelab": dict(provenance)}
    return Labels(data, colormap=CyclicLabelColormap(colors=[meanings[value] for value in sorted(meanings)]), opacity=1.0, **meta)
