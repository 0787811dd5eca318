"""Polycrystals and other label images as diagrams: read, fit, generate.

Fit::

    fit = fit_diagram(labels, order=2, spacing=0.5)         # fit.labels, .mismatch, .volume_error, .diagram, .worst
    fit.diagram.labels((512, 512), spacing=0.25)            # the same cells on another grid

Generate::

    new = generate_crystal(300, (512, 512), like=fit)       # new.labels, .diagram, .volumes, .statistics

Read: `read_grain_table` (ellipses), `read_ebsd` and `segment_grains` (orientation maps).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "Crystal": "generation",
    "Diagram": "diagram",
    "DiagramFit": "fitting",
    "EbsdMap": "ebsd",
    "FitProgress": "stages",
    "GrainTable": "table",
    "Population": "population",
    "additive_crystal": "additive",
    "diagram_from_moments": "fitting",
    "fit_diagram": "fitting",
    "generate_crystal": "generation",
    "grain_orientations": "segmentation",
    "ipf_colours": "orientation",
    "misorientation": "orientation",
    "read_ebsd": "ebsd",
    "read_grain_table": "table",
    "segment_grains": "segmentation",
}
"""Public name -> module that defines it, loaded when first used: some bring in the compiler."""

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
