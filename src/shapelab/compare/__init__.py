"""Compare two shapes: overlaps, distances, optimal transport, statistics, and where they differ."""

from __future__ import annotations

from shapelab.callable_module import make_callable
from shapelab.compare.cells import cell_statistics, contact_areas
from shapelab.compare.comparison import compare
from shapelab.compare.differences import difference
from shapelab.compare.inputs import as_shape
from shapelab.compare.mixtures import gaussian_distances, mixture_distance
from shapelab.compare.over_time import MovieComparison, compare_movies
from shapelab.compare.overlap import LabelMatch, adjusted_rand, boundary_f1, dice, iou, match_labels, variation_of_information
from shapelab.compare.population import compare_populations, orientation_order, population
from shapelab.compare.reports import write_report
from shapelab.compare.sinkhorn import Divergence, WeightedPoints, curvature_divergence, sinkhorn_divergence
from shapelab.compare.surfaces import mask_distances, mesh_distances, point_distances
from shapelab.measure.surface import mesh_volume

__all__ = [
    "Divergence",
    "LabelMatch",
    "MovieComparison",
    "WeightedPoints",
    "adjusted_rand",
    "as_shape",
    "boundary_f1",
    "cell_statistics",
    "compare",
    "compare_movies",
    "compare_populations",
    "contact_areas",
    "curvature_divergence",
    "dice",
    "difference",
    "gaussian_distances",
    "iou",
    "mask_distances",
    "match_labels",
    "mesh_distances",
    "mesh_volume",
    "mixture_distance",
    "orientation_order",
    "point_distances",
    "population",
    "sinkhorn_divergence",
    "variation_of_information",
    "write_report",
]

make_callable(__name__)
