"""The layers that show a fitted diagram: cells, wrong pixels, seeds, ellipses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points, Shapes, Surface
from napari.utils.colormaps import CyclicLabelColormap

from napari_shapelab.docks.crystals.fit import FitResult

__all__ = ["WRONG", "fit_layers", "in_pixels"]

WRONG = "#ff3b3b"
"""Colour of pixels that belong to another grain."""
_MOST_ELLIPSES = 1500
"""More outlines than that hold up the window: those of the largest grains are drawn."""
_MOST_FACES = 200_000


def fit_layers(result: FitResult, place: Mapping[str, Any], colormap: Any, known: Mapping[str, Any] = MappingProxyType({})) -> list[Layer]:
    """Make the layers; safe in any thread.

    Parameters
    ----------
    result
        The fit.
    place
        Scale, translate, units and axis labels of the image that was fitted.
    colormap
        Of the image, so that grains keep their colours; None for napari's own.
    known
        What else is known of the grains (crystal orientations), for the cells' metadata.
    """
    common = {**place, "metadata": {"shapelab": result.provenance}}
    cells = Labels(result.labels, name=f"{result.title} · {result.source}", opacity=1.0, **common)
    cells.metadata.update(known)
    if colormap is not None:
        cells.colormap = colormap
    layers: list[Layer] = [cells]
    if result.wrong is not None:
        layers.append(_wrong_pixels(result, common))
    layers.append(_ellipses(result, common, cells))
    layers.append(_seeds(result, common))
    return layers


def in_pixels(positions: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Return positions in a layer in pixels, as the data of napari's layers are."""
    pixels: np.ndarray = positions / np.array(spacing)
    return pixels


def _wrong_pixels(result: FitResult, common: Mapping[str, Any]) -> Labels:
    import pandas as pd

    share = result.provenance.get("mismatch", 0.0)
    return Labels(
        result.wrong,
        name=f"{result.title} · mismatch",
        colormap=CyclicLabelColormap(colors=["transparent", WRONG]),
        opacity=0.8,
        features=pd.DataFrame({"index": [1], "meaning": ["in another grain"], "share": [share]}),
        **common,
    )


def _seeds(result: FitResult, common: Mapping[str, Any]) -> Points:
    rows = np.searchsorted(result.moments.ids, result.table["id"])
    radii = result.moments.radii[rows] / result.spacing[-1]
    return Points(
        in_pixels(result.moments.centroids[rows], result.spacing),
        name=f"{result.title} · seeds",
        features=result.table,
        size=np.maximum(0.35 * radii, 0.5),
        face_color="white",
        border_width=0,
        visible=False,
        **common,
    )


def _ellipses(result: FitResult, common: Mapping[str, Any], cells: Labels) -> Layer:
    moments, dim = result.moments, result.labels.ndim
    largest = np.argsort(-moments.volumes)[: _MOST_ELLIPSES if dim == 2 else None]
    name = f"{result.title} · {'ellipses' if dim == 2 else 'ellipsoids'}"
    name += f" of the {len(largest)} largest" if len(largest) < len(moments.ids) else ""
    stretch = np.linalg.cholesky((dim + 2) * moments.covariances[largest])
    centres = moments.centroids[largest]
    if dim == 3:
        return _ellipsoids(name, centres, stretch, moments.ids[largest], result, common, cells)
    angle = np.linspace(0, 2 * np.pi, 33)
    circle = np.stack([np.sin(angle), np.cos(angle)])
    outlines = centres[:, None] + np.einsum("nij,jk->nki", stretch, circle)
    width = max(result.labels.shape) / 500
    paths = list(in_pixels(outlines, result.spacing))
    return Shapes(paths, shape_type="path", name=name, edge_color="white", edge_width=width, visible=False, **common)


def _ellipsoids(
    name: str, centres: np.ndarray, stretch: np.ndarray, ids: np.ndarray, result: FitResult, common: Mapping[str, Any], cells: Labels
) -> Surface:
    from trimesh.creation import icosphere

    ball = icosphere(subdivisions=2 if 320 * len(ids) <= _MOST_FACES else 1)
    vertices = centres[:, None] + np.einsum("nij,kj->nki", stretch, ball.vertices)
    faces = ball.faces[None] + len(ball.vertices) * np.arange(len(ids))[:, None, None]
    colours = np.repeat(np.asarray(cells.colormap.map(ids.astype(result.labels.dtype))), len(ball.vertices), axis=0)
    return Surface(
        (in_pixels(vertices.reshape(-1, 3), result.spacing).astype(np.float32), faces.reshape(-1, 3)),
        vertex_colors=colours,
        shading="smooth",
        name=name,
        visible=False,
        **common,
    )
