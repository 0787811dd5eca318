"""Web pages from the command line: of a run, an image, a saved diagram, or a comparison."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.cli.grain_input import is_diagram
from shapelab.cli.image_file import read_shape
from shapelab.cli.parser import refuse
from shapelab.frame import LayerData
from shapelab.io.output import require_new
from shapelab.io.presence import is_file

if TYPE_CHECKING:
    from shapelab.page import Page

__all__ = ["comparison_page", "export_page"]

_FINEST = {2: 1024, 3: 128}
"""Pixels along the longest side up to which a diagram is drawn more finely, by number of axes."""


def export_page(known: argparse.Namespace) -> Path:
    """Say how large the page will be, then write it."""
    from shapelab.io import load_run
    from shapelab.page import LARGEST, make_page

    refuse(known, ("layer", "resolution"), "is not for web pages, which hold every layer and draw cells at any resolution: leave it out.")
    require_new(known.out)
    largest = LARGEST if known.max_size is None else known.max_size
    if is_diagram(known.path):
        return _written(_diagram_page(known.path, largest), known.out)
    if is_file(known.path) and not known.path.is_dir():
        layer, _ = read_shape(known.path, _plainly(known))
        return _written(_image_page(layer, known.path.name, largest), known.out)
    return _written(make_page(load_run(known.path), max_size=largest), known.out)


def comparison_page(a: LayerData, b: LayerData, result: dict[str, Any], spacings: tuple[Any, Any], out: Path) -> Path:
    """Write both sides of a comparison, their difference, and its numbers."""
    from shapelab.compare.differences import BOTH, ONLY_A, ONLY_B, OTHER_CELL, difference
    from shapelab.compare.rows import comparison_rows
    from shapelab.page import still_page
    from shapelab.units import shown_unit

    names = {BOTH: "both", ONLY_A: f"only {a.name}", ONLY_B: f"only {b.name}", OTHER_CELL: "both, another cell"}
    drawn = difference(a, b, spacings[0], spacing_b=spacings[1])
    classes = [{"label": label, "name": name} for label, name in names.items() if (np.asarray(drawn.data) == label).any()]
    layers = [LayerData("difference", drawn.data, "labels", {**drawn.meta, "classes": classes}), _named("A", a), _named("B", b)]
    both = comparison_rows(result)[0]
    page = still_page(
        layers,
        title=f"{a.name} and {b.name} · Comparison",
        about=f"Compared as {result['compared']}, lengths in {shown_unit(result['unit']) or 'voxels'}.",
        rows={name: value if isinstance(value, str) else f"{value:.4g}" for name, value in both.items() if value is not None},
        sources={"A": a.name, "B": b.name, **{f"Note {k}": note for k, note in enumerate(result["notes"], 1)}},
    )
    return _written(page, out)


def _diagram_page(path: Path, largest: float) -> Page:
    from shapelab.crystals import load_diagram
    from shapelab.page import still_page

    saved = load_diagram(path)
    fineness = max(1, min(8, _FINEST[len(saved.shape)] // max(saved.shape)))
    meta = {"scale": saved.finer(fineness), "units": (saved.unit,) * len(saved.shape)}
    layer = LayerData("grains", saved.labels(fineness), "labels", meta)
    rows = {
        "Grains": str(len(saved.diagram)),
        "Order": str(saved.diagram.order),
        "Grid": " × ".join(map(str, saved.shape)),
        "Repeats": "yes" if any(saved.diagram.period) else "no",
    }
    return still_page(
        [layer],
        title=f"{path.stem} · Crystal",
        about="Grains of a diagram, drawn from its polynomials.",
        table_title="Diagram",
        rows=rows,
        sources={"File": path.name},
        max_size=largest,
    )


def _image_page(layer: LayerData, name: str, largest: float) -> Page:
    from shapelab.page import still_page

    rows = {"Grid": " × ".join(map(str, np.shape(layer.data)))}
    if layer.kind == "labels":
        rows["Labels"] = str(len(np.setdiff1d(np.unique(layer.data), [0])))
    return still_page([layer], title=layer.name, table_title="Image", rows=rows, sources={"File": name}, max_size=largest)


def _named(side: str, layer: LayerData) -> LayerData:
    """Return a side of a comparison as what can be shown of it."""
    data = np.asarray(layer.data)
    if layer.kind == "labels" or data.dtype == bool:
        return LayerData(f"{side}: {layer.name}", data.astype(np.uint8) if data.dtype == bool else data, "labels", layer.meta)
    return LayerData(f"{side}: {layer.name}", data, layer.kind, layer.meta)


def _plainly(known: argparse.Namespace) -> argparse.Namespace:
    """Return what chooses an image, none of which `export` has options for."""
    from shapelab.cli.image_file import IMAGE_OPTIONS

    return argparse.Namespace(**{**dict.fromkeys((*IMAGE_OPTIONS, "voxel_size", "unit", "frame", "channel", "key")), **vars(known)})


def _written(page: Page, out: Path) -> Path:
    from shapelab.page import save_page

    print(f"{out.name}: {page.sentence()}")
    return save_page(out, page)
