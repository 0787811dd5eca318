"""What shows a fitted diagram: cells, wrong pixels, seeds, ellipses; triples that become layers in the window's thread."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap, label_colormap

from napari_shapelab.docks.crystals.fit import FitResult

__all__ = ["WRONG", "Triple", "fit_triples", "in_pixels"]

Triple = tuple[Any, dict[str, Any], str]
"""Data, settings and type of a layer, as napari takes them."""

WRONG = "#ff3b3b"
"""Colour of pixels that belong to another grain."""
_MOST_ELLIPSES = 1500
"""More outlines than that hold up the window: those of the largest grains are drawn."""
_MOST_FACES = 200_000


def fit_triples(
    result: FitResult, place: Mapping[str, Any], colormap: Any, known: Mapping[str, Any] = MappingProxyType({}), *, mirrored: bool = False
) -> list[Triple]:
    """Return what the layers show, the cells first; safe in any thread.

    Parameters
    ----------
    result
        The fit.
    place
        Settings of a layer in pixels of the image that was fitted: scale, position, units and axis labels.
    colormap
        Colormap of the image, so that grains keep their colours; None for napari's own.
    known
        What else is known of the grains (crystal orientations), for the cells' metadata.
    mirrored
        Whether `place` mirrors: the normals of ellipsoids point outwards all the same.
    """
    colours = colormap if colormap is not None else label_colormap(49, seed=0.5, background_value=0)
    cells = (result.labels, {"name": f"{result.title} · {result.source}", "opacity": 1.0, "colormap": colours}, "labels")
    triples: list[Triple] = [cells]
    if result.wrong is not None:
        triples.append(_wrong_pixels(result))
    triples += [_ellipses(result, colours, mirrored), _seeds(result)]
    for number, (_, meta, _) in enumerate(triples):
        meta |= {**place, "metadata": {"shapelab": dict(result.provenance), **(known if number == 0 else {})}}
    return triples


def in_pixels(positions: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Return positions in a layer in pixels, as the data of napari's layers are."""
    pixels: np.ndarray = positions / np.array(spacing)
    return pixels


def _wrong_pixels(result: FitResult) -> Triple:
    import pandas as pd

    share = result.provenance.get("mismatch", 0.0)
    meta = {
        "name": f"{result.title} · mismatch",
        "colormap": CyclicLabelColormap(colors=["transparent", WRONG]),
        "opacity": 0.8,
        "features": pd.DataFrame({"index": [1], "meaning": ["in another grain"], "share": [share]}),
    }
    return result.wrong, meta, "labels"


def _seeds(result: FitResult) -> Triple:
    rows = np.searchsorted(result.moments.ids, result.table["id"])
    radii = result.moments.radii[rows] / result.spacing[-1]
    meta = {
        "name": f"{result.title} · seeds",
        "features": result.table,
        "size": np.maximum(0.35 * radii, 0.5),
        "face_color": "white",
        "border_width": 0,
        "visible": False,
    }
    return in_pixels(result.moments.centroids[rows], result.spacing), meta, "points"


def _ellipses(result: FitResult, colours: Any, mirrored: bool) -> Triple:
    moments, dim = result.moments, result.labels.ndim
    largest = np.argsort(-moments.volumes)[: _MOST_ELLIPSES if dim == 2 else None]
    name = f"{result.title} · {'ellipses' if dim == 2 else 'ellipsoids'}"
    name += f" of the {len(largest)} largest" if len(largest) < len(moments.ids) else ""
    stretch = np.linalg.cholesky((dim + 2) * moments.covariances[largest])
    centres = moments.centroids[largest]
    if dim == 3:
        return _ellipsoids(name, centres, stretch, moments.ids[largest], result, colours, mirrored)
    angle = np.linspace(0, 2 * np.pi, 33)
    circle = np.stack([np.sin(angle), np.cos(angle)])
    outlines = centres[:, None] + np.einsum("nij,jk->nki", stretch, circle)
    width = max(result.labels.shape) / 500
    paths = list(in_pixels(outlines, result.spacing))
    return paths, {"shape_type": "path", "name": name, "edge_color": "white", "edge_width": width, "visible": False}, "shapes"


def _ellipsoids(
    name: str, centres: np.ndarray, stretch: np.ndarray, ids: np.ndarray, result: FitResult, colours: Any, mirrored: bool
) -> Triple:
    from trimesh.creation import icosphere

    ball = icosphere(subdivisions=2 if 320 * len(ids) <= _MOST_FACES else 1)
    vertices = centres[:, None] + np.einsum("nij,kj->nki", stretch, ball.vertices)
    faces = (ball.faces[None] + len(ball.vertices) * np.arange(len(ids))[:, None, None]).reshape(-1, 3)
    shown = np.repeat(np.asarray(colours.map(ids.astype(result.labels.dtype))), len(ball.vertices), axis=0)
    data = (in_pixels(vertices.reshape(-1, 3), result.spacing).astype(np.float32), faces[:, ::-1] if mirrored else faces)
    return data, {"vertex_colors": shown, "shading": "smooth", "name": name, "visible": False}, "surface"
