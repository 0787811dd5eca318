"""The layers of a run folder, read as they are looked at, with a time axis; and which runs a viewer shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Labels, Layer
from napari.utils.colormaps import DirectLabelColormap

from napari_shapelab.viewer.colours import distinct_colours
from napari_shapelab.viewer.view import VIEW_ANGLES, VIEW_MARGIN
from shapelab.io import Run
from shapelab.simulation import LayerData

__all__ = ["add_run", "layers_of", "run_triples", "runs_shown", "update_layers"]

_WALLS = DirectLabelColormap(color_dict={None: (0.0, 0.0, 0.0, 0.0), 0: (0.0, 0.0, 0.0, 0.0), 1: (0.36, 0.37, 0.44, 1.0)})
"""Colours of walls, as in a run that goes on."""
_LOOKS: dict[str, dict[str, Any]] = {"field": {"colormap": "bop orange"}, "walls": {"colormap": _WALLS, "opacity": 0.8}}


def run_triples(run: Run) -> list[tuple[Any, dict[str, Any], str]]:
    """Return napari's layer triples; ``metadata["shapelab"]["run"]`` is the path of the folder."""
    record = run.record
    provenance = {
        "model": record.family,
        "preset": record.preset,
        "parameters": record.latest_parameters(),
        "seed": record.parameters.get("seed"),
        "device": record.device,
        "periodic": bool(run.periodic),
        "version": record.versions.get("napari-shapelab"),
        "run": str(run.path.resolve()),
        "steps": list(run.steps),
        "times": list(run.record.times[: len(run)]),
        "time_unit": run.time_unit,
    }
    triples = []
    for layer in sorted(run.layers(), key=lambda layer: layer.kind != "image"):  # what cells live in lies behind them
        data, meta, kind = layer.as_tuple()
        look = {**_look(layer), **meta}
        if len(look.get("units", ())) == 3:
            look["units"] = [look["units"][1], *look["units"][1:]]  # napari 0.9.2 crashes where the axis of a volume has another unit
        metadata = {"shapelab": {**provenance, "layer": layer.name}}
        triples.append((data, {**look, "name": f"{run.path.stem} · {layer.name}", "metadata": metadata}, kind))
    return triples


def runs_shown(viewer: Any) -> list[Path]:
    """Return the folders of the runs that have layers in the viewer, the newest first."""
    paths = [path for layer in viewer.layers if (path := _path_of(layer))]
    return [Path(path) for path in dict.fromkeys(reversed(paths))]


def layers_of(viewer: Any, run: Run) -> list[Layer]:
    """Return the layers of a run that are in the viewer."""
    path = str(run.path.resolve())
    return [layer for layer in viewer.layers if _path_of(layer) == path]


def add_run(viewer: Any, run: Run) -> list[Layer]:
    """Add the layers of a run; a volume in an empty viewer is seen from a corner, flat cells from above."""
    was_empty = not viewer.layers
    layers = [Layer.create(*triple) for triple in run_triples(run)]
    flat = any(layer.ndim == 3 for layer in layers)
    if flat or was_empty:
        viewer.dims.ndisplay = 2 if flat else 3
    for layer in layers:
        viewer.layers.append(layer)
        if isinstance(layer, Labels):
            layer.editable = False  # painting would not reach the disk
    if was_empty and layers and not flat:
        viewer.scene.camera.angles = VIEW_ANGLES
        viewer.fit_to_view(margin=VIEW_MARGIN)
    elif was_empty:
        viewer.reset_view()
    return layers


def update_layers(layers: list[Layer], run: Run) -> None:
    """Show what the folder holds now: a run that still goes on has more frames than when its layers were made."""
    triples = {meta["metadata"]["shapelab"]["layer"]: (data, meta) for data, meta, _ in run_triples(run)}
    for layer in layers:
        entry = layer.metadata["shapelab"]
        if entry.get("layer") not in triples or entry.get("steps") == run.steps:
            continue
        data, meta = triples[entry["layer"]]
        layer.data = data
        if "features" in meta:
            layer.features = meta["features"]
        layer.metadata.update(meta["metadata"])
        if isinstance(layer, Labels):
            layer.editable = False


def _look(layer: LayerData) -> dict[str, Any]:
    if layer.kind == "labels" and layer.name == "cells":
        return {"colormap": distinct_colours(), "opacity": 1.0, "iso_gradient_mode": "smooth"}
    return _LOOKS.get(layer.name, {})


def _path_of(layer: Layer) -> str:
    entry = layer.metadata.get("shapelab")
    path = entry.get("run") if isinstance(entry, dict) else None
    return path if isinstance(path, str) else ""
