"""Labels in, forces out: relative tensions of interfaces and pressures of cells of a tissue at rest."""

from __future__ import annotations

from shapelab.infer.double_bubble import DoubleBubble, double_bubble
from shapelab.infer.infer import infer_tensions
from shapelab.infer.options import TensionOptions
from shapelab.infer.plan import TensionPlan, plan_tensions
from shapelab.infer.result import Tensions

__all__ = ["DoubleBubble", "TensionOptions", "TensionPlan", "Tensions", "double_bubble", "infer_tensions", "plan_tensions"]
