"""Web pages from the command line: of a run, an image, a mesh, a saved diagram, or a comparison."""

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

__all__ = ["export_page", "write_comparison"]


def export_page(known: argparse.Namespace) -> Path:
    """Say how large the page will be, then write it."""
    from shapelab.io import load_run
    from shapelab.io.mesh import MESH_SUFFIXES
    from shapelab.page import LARGEST, make_page

    refuse(known, ("layer", "resolution"), "is not for web pages, which hold every layer and draw cells at any resolution: leave it out.")
    require_new(known.out)
    largest = LARGEST if known.max_size is None else known.max_size
    if is_diagram(known.path):
        return _written(_diagram_page(known.path, largest), known.out)
    if known.path.suffix.lower() in MESH_SUFFIXES:
        return _written(_mesh_page(known.path, largest), known.out)
    if is_file(known.path) and not known.path.is_dir():
        layer, _ = read_shape(known.path, _plainly(known))
        return _written(_image_page(layer, known.path.name, largest), known.out)
    return _written(make_page(load_run(known.path), max_size=largest), known.out)


def write_comparison(a: LayerData, b: LayerData, result: dict[str, Any], spacings: tuple[Any, Any], out: Path) -> Path:
    """Say how large the page of a comparison is, and write it."""
    from shapelab.page.comparison import comparison_page

    return _written(comparison_page(a, b, result, spacing=spacings[0], spacing_b=spacings[1]), out)


def _diagram_page(path: Path, largest: float) -> Page:
    from shapelab.crystals import load_diagram
    from shapelab.crystals.sample import GrainSample
    from shapelab.page.crystal import crystal_page

    return crystal_page(GrainSample.drawn(load_diagram(path)), path.stem, source=path.name, max_size=largest)


def _image_page(layer: LayerData, name: str, largest: float) -> Page:
    from shapelab.page import still_page

    rows = {"Grid": " × ".join(map(str, np.shape(layer.data)))}
    if layer.kind == "labels":
        rows["Labels"] = str(len(np.setdiff1d(np.unique(layer.data), [0])))
    return still_page([layer], title=layer.name, table_title="Image", rows=rows, sources={"File": name}, max_size=largest)


def _mesh_page(path: Path, largest: float) -> Page:
    from shapelab.io.mesh import read_mesh_file
    from shapelab.measure import mesh_area
    from shapelab.page import still_page

    found = read_mesh_file(path)
    vertices, faces = found.mesh
    layer = LayerData(path.stem, (vertices, faces), "surface", {"features": found.values})
    size = np.ptp(vertices, axis=0)[::-1]
    rows = {"Vertices": str(len(vertices)), "Triangles": str(len(faces)), "Area": f"{mesh_area(found.mesh):.4g}"}
    rows["Size (x, y, z)"] = " × ".join(f"{length:.4g}" for length in size)
    sources = {"File": path.name, **{f"Note {k}": note for k, note in enumerate(found.notes, 1)}}
    return still_page([layer], title=f"{path.stem} · Mesh", table_title="Mesh", rows=rows, sources=sources, max_size=largest)


def _plainly(known: argparse.Namespace) -> argparse.Namespace:
    """Return what chooses an image, none of which `export` has options for."""
    from shapelab.cli.image_file import IMAGE_OPTIONS

    return argparse.Namespace(**{**dict.fromkeys((*IMAGE_OPTIONS, "voxel_size", "unit", "frame", "channel", "key")), **vars(known)})


def _written(page: Page, out: Path) -> Path:
    from shapelab.page import save_page

    print(f"{out.name}: {page.sentence()}")
    return save_page(out, page)
