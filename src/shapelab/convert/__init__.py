"""One shape representation to another: mask, phase field, labels, mesh, points."""

from __future__ import annotations

from shapelab.convert.field import field_to_mask, mask_to_field, mask_to_isotropic_field, signed_distance
from shapelab.convert.mask import as_field, as_mask
from shapelab.convert.mesh import Mesh, field_to_mesh, mask_to_mesh, smooth_mesh
from shapelab.convert.points import PointCloud, mesh_to_points
from shapelab.convert.resample import resample_isotropic
from shapelab.convert.spacing import as_spacing
from shapelab.convert.voxels import mesh_to_mask

__all__ = [
    "Mesh",
    "PointCloud",
    "as_field",
    "as_mask",
    "as_spacing",
    "field_to_mask",
    "field_to_mesh",
    "mask_to_field",
    "mask_to_isotropic_field",
    "mask_to_mesh",
    "mesh_to_mask",
    "mesh_to_points",
    "resample_isotropic",
    "signed_distance",
    "smooth_mesh",
]
