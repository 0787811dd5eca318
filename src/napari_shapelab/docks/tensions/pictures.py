"""What shows tensions: interfaces coloured by tension, cells by pressure, and where forces do not balance; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap, DirectLabelColormap, ensure_colormap

from napari_shapelab.viewer.layer_data import TakenLayer
from shapelab.infer import Tensions
from shapelab.infer.plan import radius_of

__all__ = [
    "GREY",
    "PRESSURE_COLOURS",
    "REASONS",
    "Triple",
    "cell_radius",
    "limits",
    "pressure_limits",
    "segments",
    "still_triples",
    "tension_colours",
]

Triple = tuple[Any, dict[str, Any], str]
"""Data, settings and type of a layer, as napari takes them."""

GREY = (0.6, 0.6, 0.6, 1.0)
"""Colour of what is undetermined."""
PRESSURE_COLOURS = "coolwarm"
REASONS = {
    "cut": "too near the border of the image",
    "too small": "less than a fifth of a cell radius (in 3-D, of its square)",
    "not touched": "no region in which forces are balanced reaches it",
    "uncertain": "its error would be above 0.3",
}
"""Why an interface is undetermined -> in words."""
_WIDTH = 0.16
"""Width of an interface, in cell radii."""


def tension_colours() -> Colormap:
    """Return the colours of tensions: blue is weak, red strong, grey undetermined."""
    return Colormap(ensure_colormap("turbo").colors, name="tension", display_name="tension", nan_color=GREY)


def limits(values: np.ndarray) -> tuple[float, float]:
    """Return the range that colours span: all but the extremes."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 2.0
    low, high = (float(value) for value in np.percentile(known, (2, 98)))
    return (low, high) if high - low > 1e-3 else (low - 0.1, high + 0.1)


def pressure_limits(values: np.ndarray) -> tuple[float, float]:
    """Return a range about 0."""
    known = np.abs(values[np.isfinite(values)])
    most = float(np.percentile(known, 98)) if len(known) else 1.0
    return (-most, most) if most > 0 else (-1.0, 1.0)


def cell_radius(tensions: Tensions) -> float:
    """Return the radius of the median cell [unit]."""
    volumes = tensions.mesh.volumes()[1:]
    return radius_of(float(np.median(volumes[volumes > 0])), tensions.mesh.ndim)


def still_triples(tensions: Tensions, labels: np.ndarray, read: TakenLayer, provenance: Mapping[str, Any]) -> list[Triple]:
    """Return what the layers of one image show, the cells first; safe in any thread."""
    lengths, pixels = read.lengths_place(), read.pixels_place()
    if tensions.mesh.ndim == 2:
        triples = [_lines(tensions, lengths)]
    else:
        triples = _surfaces(tensions, lengths, mirrored=bool(np.linalg.det(read.place.linear) < 0))
    triples = [_pressures(tensions, labels, pixels), *triples, _residuals(tensions, lengths)]
    for _, meta, _ in triples:
        meta["name"] = f"{meta['name']} · {read.name}"
        meta["metadata"] = {"shapelab": dict(provenance)}
    return triples


def segments(tensions: Tensions) -> tuple[np.ndarray, np.ndarray]:
    """Return begin and direction of each segment between two cells of a planar mesh, (s, 2, 2), and the interface of each."""
    vertices, faces, _ = tensions.mesh.surface()
    interface = tensions.interface_of_faces()
    inner = interface >= 0
    ends = vertices[faces[inner]].astype(float)
    return np.stack([ends[:, 0], ends[:, 1] - ends[:, 0]], axis=1), interface[inner]


def features_of(tensions: Tensions, interface: np.ndarray) -> Any:
    """Return the table of the interface that each segment or point belongs to."""
    table = tensions.table().iloc[interface].reset_index(drop=True)
    table.insert(0, "interface", interface)
    return table


def _lines(tensions: Tensions, place: Mapping[str, Any]) -> Triple:
    data, interface = segments(tensions)
    meta = {
        "name": "tensions",
        "features": features_of(tensions, interface),
        "edge_color": "tension",
        "edge_colormap": tension_colours(),
        "edge_contrast_limits": limits(tensions.tensions),
        "edge_width": _WIDTH * cell_radius(tensions),
        "vector_style": "line",
        "opacity": 1.0,
        **place,
    }
    return data, meta, "vectors"


def _surfaces(tensions: Tensions, place: Mapping[str, Any], *, mirrored: bool) -> list[Triple]:
    """Interfaces with a tension, and those without in faint grey: corners are doubled where interfaces meet."""
    vertices, faces, _ = tensions.mesh.surface()
    interface = np.repeat(tensions.interface_of_faces(), 2)
    known = np.isfinite(np.append(tensions.tensions, np.nan))[interface] & (interface >= 0)
    data, of = parted(vertices, faces[known], interface[known], mirrored=mirrored)
    low, high = limits(tensions.tensions)
    coloured: dict[str, Any] = {
        "name": "tensions",
        "colormap": "turbo",
        "contrast_limits": (low, high),
        "shading": "smooth",
        "features": features_of(tensions, of),
        **place,
    }
    triples: list[Triple] = []
    if known.any():
        triples.append(((*data, tensions.tensions[of].astype(np.float32)), coloured, "surface"))
    unknown = ~known & (interface >= 0)
    if unknown.any():
        data, of = parted(vertices, faces[unknown], interface[unknown], mirrored=mirrored)
        colours = np.broadcast_to(np.array(GREY, np.float32), (len(data[0]), 4))
        meta = {"name": "undetermined", "vertex_colors": colours, "opacity": 0.15, "features": features_of(tensions, of), **place}
        triples.append((data, meta, "surface"))
    return triples


def parted(
    vertices: np.ndarray, faces: np.ndarray, interface: np.ndarray, *, mirrored: bool
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return a mesh whose interfaces share no corners, and the interface of each corner."""
    key = faces.astype(np.int64) * (int(interface.max(initial=0)) + 1) + interface[:, None]
    different, index = np.unique(key, return_inverse=True)
    corner, of = np.divmod(different, int(interface.max(initial=0)) + 1)
    triangles = index.reshape(faces.shape).astype(np.int32)
    return (vertices[corner], triangles[:, ::-1] if mirrored else triangles), of


def _pressures(tensions: Tensions, labels: np.ndarray, place: Mapping[str, Any]) -> Triple:
    cells = tensions.cells()
    low, high = pressure_limits(tensions.pressures[1:])
    colours = ensure_colormap(PRESSURE_COLOURS).map(np.nan_to_num((cells["pressure"].to_numpy() - low) / (high - low), nan=0.5))
    colours[~np.isfinite(cells["pressure"].to_numpy())] = (*GREY[:3], 0.4)
    table: dict[int | None, Any] = {None: (0.0, 0.0, 0.0, 0.0), 0: (0.0, 0.0, 0.0, 0.0)}
    table.update(zip(cells.index.tolist(), colours, strict=True))
    meta = {
        "name": "pressures",
        "colormap": DirectLabelColormap(color_dict=table),
        "features": cells.rename_axis("index").reset_index(),
        "opacity": 0.6,
        "visible": tensions.mesh.ndim == 2,
        **place,
    }
    return labels, meta, "labels"


def _residuals(tensions: Tensions, place: Mapping[str, Any]) -> Triple:
    import pandas as pd

    high = float(np.percentile(tensions.residuals, 98)) if len(tensions.residuals) else 1.0
    meta = {
        "name": "misfit",
        "features": pd.DataFrame({"misfit": tensions.residuals}),
        "face_color": "misfit" if len(tensions.residuals) else "white",
        "face_colormap": "inferno",
        "face_contrast_limits": (0.0, max(high, 1e-3)),
        "size": 0.35 * cell_radius(tensions),
        "border_width": 0,
        "visible": False,
        **place,
    }
    return tensions.centres, meta, "points"
