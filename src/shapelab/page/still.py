"""A page of what does not move: a comparison, a crystal, a segmentation, a mesh, points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shapelab.arguments import checked
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io.record import versions
from shapelab.limits import above
from shapelab.page.description import LICENCE
from shapelab.page.marks import Marks
from shapelab.page.meshes import MeshLayer
from shapelab.page.template import fill
from shapelab.page.volumes import Volume
from shapelab.page.writing import LARGEST, Page
from shapelab.stopping import check_stop

__all__ = ["still_page"]

_BITS = (8, 6, 5, 4)


@checked(max_size=above(0))
def still_page(
    layers: Sequence[LayerData],
    *,
    title: str,
    about: str = "",
    table_title: str = "Numbers",
    rows: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    citation: Sequence[str] = (),
    max_size: float = LARGEST,
) -> Page:
    """Return a page that shows one of several layers at a time, points and arrows over each of the others.

    Parameters
    ----------
    layers
        Images and labels, (y, x) or (z, y, x), with their ``scale`` and ``units``; ``meta["classes"]`` names what labels stand for.
        Surfaces, points and vectors, as viewers have them; ``meta["features"]`` has numbers by which they are coloured.
    title, about
        Above the picture.
    table_title, rows
        A table beside it, label -> value.
    sources
        Where it comes from, label -> value.
    citation
        Papers to cite.
    max_size
        Largest size of the file [MB].

    Raises
    ------
    InputError
        If a layer is of another kind, has other axes, or the page would be too large.
    """
    parts = [_part(layer) for layer in layers]
    name = title.partition(" · ")[0]
    words: dict[str, Any] = {
        "title": title, "about": about, "folder": name, "family": "", "preset": None, "frames": [{"step": 0, "time": 0.0}], "names": [],
        "tableTitle": table_title, "parameters": _rows(rows or {}), "changes": [], "command": "", "citation": list(citation), "live": None,
        "provenance": _rows({**(sources or {}), "Versions": ", ".join(f"{key} {number}" for key, number in versions().items())}),
        "licence": LICENCE,
    }  # fmt: skip
    for bits in _BITS:
        check_stop()
        packed = [part.pack([0], bits) for part in parts]
        described = [{**what, "blob": number, "places": chunks.places} for number, (chunks, what) in enumerate(packed)]
        page = Page(fill(words | {"layers": described}, [chunks.text() for chunks, _ in packed]), 1, 1, None)
        if page.size <= max_size * 1e6:
            return page
    raise InputError(f"The page of {name} would have {page.size / 1e6:.1f} MB: allow more than {max_size:g} MB, or leave out a part of it.")


def _part(layer: LayerData) -> Volume | MeshLayer | Marks:
    if layer.kind == "surface":
        return MeshLayer.of_layer(layer)
    if layer.kind in ("points", "vectors"):
        return Marks.of_layer(layer)
    if layer.kind not in ("image", "labels") or layer.data.ndim not in (2, 3):
        raise InputError(f"A web page shows 2-D and 3-D images, labels, points and vectors, and surfaces; {layer.name!r} is none of these.")
    return Volume.of_layer(layer)


def _rows(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"label": label, "value": value, "description": ""} for label, value in values.items()]
