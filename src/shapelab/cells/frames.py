"""What may be seen of the cells: layers that lie over one another."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.box import to_box, to_layer
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.motions.correction import SHORTENED
from shapelab.cells.parameters import CellParameters
from shapelab.cells.state import CellState
from shapelab.frame import LayerData, fine_grid, frozen
from shapelab.units import percent

__all__ = ["cell_layers", "notices", "place", "to_pixels", "to_positions"]


def to_pixels(positions: np.ndarray, p: CellParameters) -> np.ndarray:
    """Return pixel coordinates (layer data) of positions in box lengths; pixel 0 has its centre at half a pixel."""
    return to_layer(np.asarray(positions) / np.asarray(p.spacing), 1.0)


def to_positions(pixels: Any, p: CellParameters) -> np.ndarray:
    """Return positions in box lengths of pixel coordinates (layer data)."""
    return to_box(np.asarray(pixels, float), 1.0) * np.asarray(p.spacing)


_WALL = {"opacity": 0.8, "colormap": {None: (0.0, 0.0, 0.0, 0.0), 0: (0.0, 0.0, 0.0, 0.0), 1: (0.36, 0.37, 0.44, 1.0)}}


def place(p: CellParameters) -> dict[str, Any]:
    """Return the scale, units and names of axes of every layer on the solver's grid."""
    return {"scale": p.voxel_size, "units": (p.unit,) * p.ndim, "axis_labels": ("z", "y", "x")[-p.ndim :]}


def cell_layers(
    state: CellState, diagram: CellDiagram, arrows: str, cells: LayerData, walls: np.ndarray | None, colour_by: str
) -> tuple[LayerData, ...]:
    """Return `cells`, seeds (points with features), `arrows` ("velocity" or "axis", vectors) and `walls`, if any, on the pixels of `cells`.

    ``metadata["colour_by"]`` of the cells names the feature of the seeds by which a viewer should begin to colour them.
    """
    p = state.parameters
    assert isinstance(p, CellParameters)
    grid = place(p)
    seeds = {**grid, "features": features(state, diagram), **_dots(state, p)}
    if colour_by == "heading":  # anticlockwise from the right, as angles are drawn
        seeds["features"]["heading"] = frozen(np.degrees(np.arctan2(-state.axes[:, 0], state.axes[:, 1])))
    if colour_by in seeds["features"]:
        cells = LayerData(cells.name, cells.data, cells.kind, {**cells.meta, "metadata": {"colour_by": colour_by}})
    layers = [
        cells,
        LayerData("seeds", frozen(to_pixels(state.positions, p)), "points", seeds),
        LayerData(arrows, _arrows(state, arrows, p), "vectors", {**grid, "edge_width": 0.6, "vector_style": "arrow"}),
    ]
    if walls is not None:
        layers.append(LayerData("walls", walls, "labels", {**fine_grid(grid, p.fineness), **_WALL}))
    return tuple(layers)


def features(state: CellState, diagram: CellDiagram) -> dict[str, np.ndarray]:
    """Return one column per property of the cells, in world units."""
    p = state.parameters
    assert isinstance(p, CellParameters)
    length = p.length
    unit_volume = length**p.ndim
    columns = {
        "id": state.ids,
        "type": state.types,
        "volume": diagram.volumes * unit_volume,
        "target": state.volumes * unit_volume,
        "error": diagram.errors(state.volumes),
        "perimeter" if p.ndim == 2 else "surface": diagram.contacts.surfaces * length ** (p.ndim - 1),
        "elongation": diagram.elongations,
        "roundness": diagram.roundness,
        "neighbours": diagram.contacts.neighbours(),
        "speed": np.linalg.norm(state.velocities, axis=1) * length,
        **{name: values for name, values in state.traits.items() if values.ndim == 1},
    }
    return {name: frozen(values) for name, values in columns.items()}


def _arrows(state: CellState, kind: str, p: CellParameters) -> np.ndarray:
    """Return (N, 2, d) start and direction in pixels; an axis is as long as the cell's radius, the mean velocity likewise."""
    vectors = state.axes if kind == "axis" else state.velocities
    norm = np.linalg.norm(vectors, axis=1)
    typical = float(norm.mean()) if len(norm) and norm.mean() > 0 else 1.0
    lengths = vectors * (1 if kind == "axis" else 1 / typical) * state.radius / np.asarray(p.spacing)
    start = to_pixels(state.positions, p)
    return frozen(np.stack([start, lengths], axis=1) if len(start) else np.zeros((0, 2, p.ndim)))


def _dots(state: CellState, p: CellParameters) -> dict[str, Any]:
    size = max(1.0, 0.22 * (state.radius or p.radius()) / min(p.spacing))
    return {"size": size, "face_color": "white", "border_color": "black", "border_width": 0.2, "opacity": 0.7}


def notices(state: CellState, error: float) -> tuple[str, ...]:
    """Return what the user should know: a mean volume `error` above the tolerance, a given time step that was shortened."""
    p: Any = state.parameters
    found = []
    if error > p.tolerance:
        found.append(f"The cells miss their volumes by {percent(error)} on average; the tolerance is {percent(p.tolerance)}.")
    if (dt := state.counts.get(SHORTENED)) is not None:
        found.append(f"The time step was shortened from {p.dt:.3g} to {dt:.2g}, so that no cell centre jumps out of its cell.")
    return tuple(found)
