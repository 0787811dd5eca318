"""Labels in, forces out: relative tensions of interfaces and pressures of cells of a tissue at rest."""

from __future__ import annotations

from shapelab.infer.as_tensions import PairTensions, tensions_of_pairs
from shapelab.infer.cell_types import CellTypes, cell_types
from shapelab.infer.classes import TensionClasses, tension_classes
from shapelab.infer.double_bubble import DoubleBubble, double_bubble
from shapelab.infer.infer import infer_tensions
from shapelab.infer.options import TensionOptions
from shapelab.infer.over_time import TensionsOverTime, infer_tensions_over_time
from shapelab.infer.plan import TensionPlan, plan_tensions
from shapelab.infer.result import Tensions

__all__ = [
    "CellTypes",
    "DoubleBubble",
    "PairTensions",
    "TensionClasses",
    "TensionOptions",
    "TensionPlan",
    "Tensions",
    "TensionsOverTime",
    "cell_types",
    "double_bubble",
    "infer_tensions",
    "infer_tensions_over_time",
    "plan_tensions",
    "tension_classes",
    "tensions_of_pairs",
]
