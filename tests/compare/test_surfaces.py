"""Distances between surfaces on closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shapelab.compare import mask_distances, mesh_distances, mesh_volume, point_distances
from shapelab.convert import Mesh, field_to_mesh
from shapelab.measure import mesh_area


def sphere(radius: float, shift: float = 0.0) -> Mesh:
    z, y, x = np.meshgrid(*(np.arange(36) - 17.5,) * 3, indexing="ij")
    return field_to_mesh(radius - np.sqrt(z**2 + y**2 + (x - shift) ** 2))


def torus(major: float, minor: float) -> Mesh:
    z, y, x = np.meshgrid(np.arange(14) - 6.5, np.arange(40) - 19.5, np.arange(40) - 19.5, indexing="ij")
    return field_to_mesh(minor - np.sqrt((np.hypot(y, x) - major) ** 2 + z**2))


def test_concentric_balls_differ_by_their_radii(ball):
    d = mask_distances(ball(14), ball(10), spacing=1.0)
    assert [d["hausdorff"], d["hausdorff_95"], d["mean_surface_distance"]] == pytest.approx([4, 4, 4], abs=0.6)


def test_distances_are_physical_and_know_long_voxels():
    a, b = np.zeros((20, 20, 20), bool), np.zeros((20, 20, 20), bool)
    a[5:10, 5:15, 5:15] = b[7:12, 5:15, 5:15] = True
    assert mask_distances(a, b, spacing=(3.0, 0.5, 0.5))["hausdorff"] == pytest.approx(6.0)
    assert mask_distances(a, a)["hausdorff"] == 0


def test_spheres_differ_by_radius_and_by_shift():
    same = mesh_distances(sphere(10), sphere(13), samples=2000)
    assert same["hausdorff"] == pytest.approx(3, abs=0.05)
    assert same["mean_surface_distance"] == pytest.approx(3, abs=0.05)
    moved = mesh_distances(sphere(10), sphere(10, shift=2), samples=4000)
    assert moved["hausdorff"] == pytest.approx(2, abs=0.05)
    # |R - |x - t|| averaged over the sphere is t/2 (t << R)
    assert moved["mean_surface_distance"] == pytest.approx(1, abs=0.05)


def test_a_mesh_is_at_no_distance_from_itself():
    assert mesh_distances(sphere(8), sphere(8), samples=500)["hausdorff"] == pytest.approx(0, abs=1e-5)


def test_volume_and_area_of_a_torus():
    mesh = torus(12, 5)
    assert mesh_volume(mesh) == pytest.approx(2 * math.pi**2 * 12 * 25, rel=0.01)
    assert mesh_area(mesh) == pytest.approx(4 * math.pi**2 * 12 * 5, rel=0.01)


def test_points_agree_with_scikit_image():
    from skimage.metrics import hausdorff_distance

    rng = np.random.default_rng(0)
    a, b = rng.random((2, 24, 24)) > 0.9
    assert point_distances(np.argwhere(a), np.argwhere(b))["hausdorff"] == pytest.approx(hausdorff_distance(a, b))
