"""What shows the tensions of a film: interfaces and pressures of every frame, on the pixels of the layer; no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_shapelab.docks.tensions.pictures import (
    PRESSURE_COLOURS,
    Triple,
    cell_radius,
    features_of,
    limits,
    pressure_limits,
    segments,
    tension_colours,
)
from napari_shapelab.viewer.given_labels import Given
from shapelab.infer import Tensions

__all__ = ["film_triples"]


def film_triples(stills: Sequence[Tensions], frames: Sequence[np.ndarray], given: Given, provenance: Mapping[str, Any]) -> list[Triple]:
    """Return what the layers show: interfaces, pressures, misfit; the surfaces of volumes are too many to be shown over time."""
    pressures = _pressures(stills, frames, given)
    triples = [pressures, *([_lines(stills, given)] if stills[0].mesh.ndim == 2 else []), _residuals(stills, given)]
    for _, meta, _ in triples:
        meta["name"] = f"{meta['name']} · {given.name}"
        meta["metadata"] = {"shapelab": dict(provenance)}
    return triples


def _lines(stills: Sequence[Tensions], given: Given) -> Triple:
    import pandas as pd

    data, tables = [], []
    for number, still in enumerate(stills):
        parts, interface = segments(still)
        ends = given.in_layer(np.stack([parts[:, 0], parts[:, 0] + parts[:, 1]], axis=1), number)
        data.append(np.stack([ends[:, 0], ends[:, 1] - ends[:, 0]], axis=1))
        tables.append(features_of(still, interface).assign(frame=number))
    meta = {
        "name": "tensions",
        "features": pd.concat(tables, ignore_index=True),
        "edge_color": "tension",
        "edge_colormap": tension_colours(),
        "edge_contrast_limits": limits(np.concatenate([still.tensions for still in stills])),
        "edge_width": 0.16 * cell_radius(stills[0]) / given.spacing[-1],
        "vector_style": "line",
        "opacity": 1.0,
        **given.place,
    }
    return np.concatenate(data), meta, "vectors"


def _pressures(stills: Sequence[Tensions], frames: Sequence[np.ndarray], given: Given) -> Triple:
    own = (given.time, *given.axes)
    others = [axis for axis in range(given.ndim) if axis not in own]
    painted = np.stack([_painted(still, frames[number]) for number, still in enumerate(stills)])
    meta = {
        "name": "pressures",
        "rgb": False,
        "colormap": PRESSURE_COLOURS,
        "contrast_limits": pressure_limits(painted),
        "opacity": 0.6,
        "blending": "translucent",
        **given.place,
    }
    whole = np.moveaxis(painted[(..., *(None,) * len(others))], range(given.ndim), (*own, *others))
    return whole, meta, "image"


def _painted(still: Tensions, labels: np.ndarray) -> np.ndarray:
    """Return the pressure of the cell at each pixel; nan, which is transparent, in the medium and where undetermined."""
    ids = still.mesh.ids
    values = still.pressures.astype(np.float32)
    values[0] = np.nan
    index = np.minimum(np.searchsorted(ids, labels), len(ids) - 1)
    return np.where(ids[index] == labels, values[index], np.nan).astype(np.float32)


def _residuals(stills: Sequence[Tensions], given: Given) -> Triple:
    import pandas as pd

    left = np.concatenate([still.residuals for still in stills])
    meta = {
        "name": "misfit",
        "features": pd.DataFrame({"misfit": left}),
        "face_color": "misfit" if len(left) else "white",
        "face_colormap": "inferno",
        "face_contrast_limits": (0.0, max(float(np.percentile(left, 98)) if len(left) else 1.0, 1e-3)),
        "size": 0.35 * cell_radius(stills[0]) / given.spacing[-1],
        "border_width": 0,
        "visible": False,
        **given.place,
    }
    return np.concatenate([given.in_layer(still.centres, number) for number, still in enumerate(stills)]), meta, "points"
