"""Closed forms: sphere, cylinder, torus, Gauss-Bonnet; a digital ball; curvature diagrams."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shapelab import convert, measure
from shapelab.errors import InputError


def grid(n: int, size: float = 1.0):
    h = size / n
    axis = (np.arange(n) + 0.5) * h - size / 2
    return h, np.meshgrid(axis, axis, axis, indexing="ij")


def profile(distance: np.ndarray, eps: float) -> np.ndarray:
    return np.tanh(distance / (math.sqrt(2) * eps)).astype(np.float32)


def sphere(n: int, radius: float, width: float):
    h, (z, y, x) = grid(n)
    return profile(radius - np.sqrt(z * z + y * y + x * x), width * h), h


def torus(n: int, major: float, minor: float, width: float):
    h, (z, y, x) = grid(n)
    return profile(minor - np.hypot(np.hypot(y, x) - major, z), width * h), h


def average(values, weights):
    return float(np.average(values, weights=weights))


# published bias of the two estimators on a sphere of curvature 4 at h = 0.01 (both curvatures are exactly 4)
@pytest.mark.parametrize(("width", "sharp", "diffuse"), [(2, (4.25, 3.80), (5.20, 2.84)), (3, (4.07, 3.93), (4.62, 3.39))])
def test_both_estimators_on_a_sphere(width, sharp, diffuse):
    u, h = sphere(100, 0.25, width)
    for k, expected in ((measure.shape_operator(u, h), sharp), (measure.diffuse_curvatures(u, h, width * h), diffuse)):
        k1, k2, weights = k.on_surface()
        assert average(k1, weights) == pytest.approx(expected[0], abs=0.06)
        assert average(k2, weights) == pytest.approx(expected[1], abs=0.06)
        assert average(k1 + k2, weights) == pytest.approx(8, rel=0.01)
        assert weights.sum() == pytest.approx(4 * math.pi * 0.25**2, rel=0.02)
        assert np.all(k1 >= k2)


def test_gauss_bonnet_on_a_sphere():
    u, h = sphere(64, 0.25, 3)
    k1, k2, weights = measure.shape_operator(u, h).on_surface()
    assert float((k1 * k2 * weights).sum(dtype=float)) == pytest.approx(4 * math.pi, rel=0.02)
    assert float(((k1 + k2) ** 2 * weights).sum(dtype=float)) == pytest.approx(16 * math.pi, rel=0.05)


def test_cylinder():
    h, (_, y, x) = grid(48)
    u = profile(0.2 - np.hypot(y, x), 2.5 * h)
    k1, k2, weights = measure.shape_operator(u, h, boundary="periodic").on_surface()
    assert average(k1, weights) == pytest.approx(5, rel=0.02)
    assert np.abs(k2).max() < 1e-3
    assert weights.sum() == pytest.approx(2 * math.pi * 0.2, rel=0.03)
    assert float(((k1 + k2) ** 2 * weights).sum(dtype=float)) == pytest.approx(2 * math.pi / 0.2, rel=0.06)


def test_torus_of_clifford():
    minor = 0.15
    major = math.sqrt(2) * minor
    u, h = torus(80, major, minor, 2)
    k1, k2, weights = measure.shape_operator(u, h).on_surface()
    assert float((k1 * k2 * weights).sum(dtype=float)) / (2 * math.pi) == pytest.approx(0, abs=0.08)
    assert float(((k1 + k2) ** 2 * weights).sum(dtype=float)) == pytest.approx(8 * math.pi**2, rel=0.08)
    numbers = measure.measure(u, h)
    assert numbers["euler_characteristic"] == 0
    assert numbers["area"] == pytest.approx(4 * math.pi**2 * major * minor, rel=0.01)
    assert numbers["volume"] == pytest.approx(2 * math.pi**2 * major * minor**2, rel=0.02)


def test_turning_inside_out_swaps_and_negates():
    u, h = torus(32, 0.25, 0.12, 2)
    a, b = measure.shape_operator(u, h), measure.shape_operator(-u, h)
    np.testing.assert_allclose(a.k1, -b.k2, atol=1e-3)
    np.testing.assert_allclose(a.weights, b.weights)


def test_anisotropic_voxels_give_the_same_curvature():
    h, (z, y, x) = grid(64)
    u = profile(0.3 - np.sqrt(z * z + y * y + x * x), 4 * h)
    coarse = 0.5 * (u[::2] + u[1::2])
    k1, k2, weights = measure.shape_operator(coarse, (2 * h, h, h)).on_surface()
    assert average(k1 + k2, weights) == pytest.approx(2 / 0.3, rel=0.04)


def test_periodic_boundary_closes_the_seam():
    u, h = sphere(40, 0.25, 2)
    shifted = np.roll(u, 20, axis=1)
    a = measure.shape_operator(u, h, boundary="periodic").on_surface()
    b = measure.shape_operator(shifted, h, boundary="periodic").on_surface()
    assert average(b.k1, b.weights) == pytest.approx(average(a.k1, a.weights), rel=1e-5)
    assert measure.measure(shifted, h, boundary="periodic")["euler_characteristic"] == 2


def test_gyroid_cell_counts_its_handles():
    _, (z, y, x) = grid(48, 2 * math.pi)
    u = np.sin(x) * np.cos(y) + np.sin(y) * np.cos(z) + np.sin(z) * np.cos(x)
    numbers = measure.measure(u.astype(np.float32), 1 / 48, boundary="periodic")
    assert numbers["euler_characteristic"] == -8  # of one cubic cell
    assert numbers["area"] == pytest.approx(3.09, rel=0.01)
    assert numbers["mean_H"] == pytest.approx(0, abs=0.05)
    assert numbers["volume_fraction"] == pytest.approx(0.5, abs=0.01)


def test_digital_ball_is_measured_within_the_known_bias():
    """A mask smoothed by 2 voxels: H within 2 %, principal curvatures within 15 %."""
    axis = np.arange(56) - 27.5
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    numbers = measure.measure(z * z + y * y + x * x < 400)
    assert numbers["mean_H"] == pytest.approx(0.1, rel=0.02)
    assert numbers["k1_mean"] == pytest.approx(0.05, rel=0.15)
    assert numbers["k2_mean"] == pytest.approx(0.05, rel=0.15)
    assert numbers["total_K_over_2pi"] == pytest.approx(2, rel=0.1)
    assert numbers["euler_characteristic"] == 2
    assert numbers["area"] == pytest.approx(4 * math.pi * 400, rel=0.01)
    assert numbers["smoothing"] == 2.0
    assert numbers["warnings"] == []


def test_the_width_of_a_field_is_found():
    from shapelab.measure.solid import field_width

    u, h = sphere(64, 0.3, 3)
    assert field_width(u, h) == pytest.approx(3 * h, rel=0.03)


def test_curvature_at_the_vertices_of_a_mesh():
    u, h = sphere(64, 0.3, 2)
    mesh = convert.field_to_mesh(u, h)
    k1, k2 = measure.vertex_curvatures(mesh, measure.shape_operator(u, h), h)
    np.testing.assert_allclose(k1 + k2, 2 / 0.3, rtol=0.12)


def test_diagram_of_a_torus():
    u, h = torus(64, 0.3, 0.12, 2)
    diagram = measure.curvature_diagram(u, h, bins=50)
    assert diagram.density.sum() == pytest.approx(1, abs=0.03)
    i, j = np.nonzero(diagram.density)
    assert np.all(i >= j)  # nothing above the diagonal
    assert diagram.mean[0] == pytest.approx(1 / 0.12, rel=0.1)
    # k2 = cos(t)/(R + r cos(t)) averages to 0 over the area
    assert diagram.mean[1] == pytest.approx(0, abs=0.1)
    assert diagram.edges.size == 51
    mask = measure.curvature_diagram(u > 0, h)
    assert mask.mean[0] == pytest.approx(diagram.mean[0], rel=0.1)


def test_distance_between_diagrams():
    a = measure.curvature_diagram(*sphere(40, 0.3, 2))
    b = measure.curvature_diagram(*sphere(40, 0.2, 2))
    assert measure.diagram_distance(a, a) == 0
    assert measure.diagram_distance(a, b) == pytest.approx(measure.diagram_distance(b, a))
    shift = math.hypot(b.mean[0] - a.mean[0], b.mean[1] - a.mean[1])
    assert measure.diagram_distance(a, b) == pytest.approx(shift / math.sqrt(2), rel=0.1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"estimator": "best"}, "estimator"),
        ({"estimator": "diffuse"}, "eps"),
        ({"bins": 0}, "bin"),
        ({"limits": (1.0, 1.0)}, "limits"),
        ({"spacing": -1}, "voxel size"),
    ],
)
def test_wrong_requests_are_refused(options, sentence):
    u, _ = sphere(16, 0.3, 2)
    with pytest.raises(InputError, match=sentence):
        measure.curvature_diagram(u, **options)
