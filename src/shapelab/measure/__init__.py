"""Measure a shape: size, surface, topology, curvature and its diagram, cell geometry."""

from __future__ import annotations

from shapelab.callable_module import make_callable
from shapelab.measure.curvature import Curvatures, diffuse_curvatures, line_curvature, shape_operator
from shapelab.measure.diagram import CurvatureDiagram, curvature_diagram, diagram_distance, diagram_projections
from shapelab.measure.effective import chord_lengths, effective_properties, geodesic_tortuosity, two_point_correlation
from shapelab.measure.labels import measure_labels
from shapelab.measure.plan import LabelPlan, plan_labels
from shapelab.measure.report import measure
from shapelab.measure.surface import euler_characteristic, mesh_area, vertex_curvatures
from shapelab.measure.thickness import local_thickness
from shapelab.measure.units import unit_of

__all__ = [
    "CurvatureDiagram",
    "Curvatures",
    "LabelPlan",
    "chord_lengths",
    "curvature_diagram",
    "diagram_distance",
    "diagram_projections",
    "diffuse_curvatures",
    "effective_properties",
    "euler_characteristic",
    "geodesic_tortuosity",
    "line_curvature",
    "local_thickness",
    "measure",
    "measure_labels",
    "mesh_area",
    "plan_labels",
    "shape_operator",
    "two_point_correlation",
    "unit_of",
    "vertex_curvatures",
]

make_callable(__name__)
