"""One shape representation to another: mask, phase field, labels, mesh, points."""

from __future__ import annotations

from shapelab.convert.cloud import points_to_mask
from shapelab.convert.distance import signed_distance
from shapelab.convert.field import field_to_mask, mask_to_field, mask_to_isotropic_field
from shapelab.convert.mask import as_field, as_mask
from shapelab.convert.mesh import Mesh, field_to_mesh, mask_to_mesh, smooth_mesh
from shapelab.convert.mixture import (
    GaussianMixture,
    PowerDiagram,
    labels_to_mixture,
    mask_to_mixture,
    mixture_to_diagram,
    mixture_to_labels,
)
from shapelab.convert.points import PointCloud, mesh_to_points
from shapelab.convert.resample import resample_isotropic
from shapelab.convert.spacing import as_spacing
from shapelab.convert.tetrahedra import TetrahedralMesh, field_to_tetrahedra, mask_to_tetrahedra
from shapelab.convert.voxels import mesh_to_mask

__all__ = [
    "GaussianMixture",
    "Mesh",
    "PointCloud",
    "PowerDiagram",
    "TetrahedralMesh",
    "as_field",
    "as_mask",
    "as_spacing",
    "field_to_mask",
    "field_to_mesh",
    "field_to_tetrahedra",
    "labels_to_mixture",
    "mask_to_field",
    "mask_to_isotropic_field",
    "mask_to_mesh",
    "mask_to_mixture",
    "mask_to_tetrahedra",
    "mesh_to_mask",
    "mesh_to_points",
    "mixture_to_diagram",
    "mixture_to_labels",
    "points_to_mask",
    "resample_isotropic",
    "signed_distance",
    "smooth_mesh",
]
