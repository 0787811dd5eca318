"""Polycrystals and other label images as diagrams: read, fit, generate.

Fit::

    fit = fit_diagram(labels, order=2, spacing=0.5)         # fit.labels, .mismatch, .volume_error, .diagram, .worst
    fit.diagram.labels((512, 512), spacing=0.25)            # the same cells on another grid
    fit.diagram.save("fit.json", fit.labels.shape, 0.5, "um")
    load_diagram("fit.json").labels(resolution=4)

Generate::

    new = generate_crystal(300, (512, 512), like=fit)       # new.labels, .diagram, .volumes, .statistics

Read: `read_grain_table` (ellipses), `read_ebsd` and `segment_grains` (orientation maps).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapelab.crystals.additive import additive_crystal
    from shapelab.crystals.crystal import Crystal
    from shapelab.crystals.diagram import Diagram
    from shapelab.crystals.diagram_file import SavedDiagram, load_diagram
    from shapelab.crystals.ebsd import CrystalPhase, EbsdMap, is_ebsd, list_ebsd, read_ebsd, stack_ebsd
    from shapelab.crystals.fitting import DiagramFit, diagram_from_moments, fit_diagram
    from shapelab.crystals.generation import generate_crystal
    from shapelab.crystals.neighbours import NeighbourMatch, boundary_misorientations, compare_neighbours
    from shapelab.crystals.orientation import ipf_colours, misorientation
    from shapelab.crystals.phases import GrainPhase
    from shapelab.crystals.population import Population
    from shapelab.crystals.report import grain_report
    from shapelab.crystals.sample import GrainSample
    from shapelab.crystals.segmentation import Grains, find_grains, grain_orientations, segment_grains
    from shapelab.crystals.stages import FitProgress
    from shapelab.crystals.table import GrainTable, read_grain_table
    from shapelab.crystals.table_drawing import draw_table

_MODULES = {
    "Crystal": "crystal",
    "Diagram": "diagram",
    "DiagramFit": "fitting",
    "CrystalPhase": "ebsd",
    "EbsdMap": "ebsd",
    "FitProgress": "stages",
    "GrainPhase": "phases",
    "GrainSample": "sample",
    "GrainTable": "table",
    "Grains": "segmentation",
    "NeighbourMatch": "neighbours",
    "Population": "population",
    "SavedDiagram": "diagram_file",
    "additive_crystal": "additive",
    "boundary_misorientations": "neighbours",
    "compare_neighbours": "neighbours",
    "diagram_from_moments": "fitting",
    "draw_table": "table_drawing",
    "grain_report": "report",
    "fit_diagram": "fitting",
    "find_grains": "segmentation",
    "generate_crystal": "generation",
    "grain_orientations": "segmentation",
    "ipf_colours": "orientation",
    "is_ebsd": "ebsd",
    "list_ebsd": "ebsd",
    "load_diagram": "diagram_file",
    "misorientation": "orientation",
    "read_ebsd": "ebsd",
    "read_grain_table": "table",
    "segment_grains": "segmentation",
    "stack_ebsd": "ebsd",
}
"""Public name -> module that defines it, loaded when first used: some bring in the compiler."""

__all__ = [
    "Crystal",
    "CrystalPhase",
    "Diagram",
    "DiagramFit",
    "EbsdMap",
    "FitProgress",
    "GrainPhase",
    "GrainSample",
    "GrainTable",
    "Grains",
    "NeighbourMatch",
    "Population",
    "SavedDiagram",
    "additive_crystal",
    "boundary_misorientations",
    "compare_neighbours",
    "diagram_from_moments",
    "draw_table",
    "find_grains",
    "fit_diagram",
    "generate_crystal",
    "grain_orientations",
    "grain_report",
    "ipf_colours",
    "is_ebsd",
    "list_ebsd",
    "load_diagram",
    "misorientation",
    "read_ebsd",
    "read_grain_table",
    "segment_grains",
    "stack_ebsd",
]

if not TYPE_CHECKING:  # with it, a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
