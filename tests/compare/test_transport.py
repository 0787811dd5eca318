"""Sinkhorn divergences and mixture distances on closed forms."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from shapelab.compare import WeightedPoints, curvature_divergence, gaussian_distances, mixture_distance, sinkhorn, sinkhorn_divergence
from shapelab.compare.sinkhorn import cluster_points
from shapelab.convert import GaussianMixture
from shapelab.errors import InputError, ParameterError
from shapelab.keops import keops_missing
from shapelab.measure import curvature_diagram


def cloud(n: int = 120, seed: int = 0, shift: tuple[float, float, float] = (0, 0, 0)) -> WeightedPoints:
    rng = np.random.default_rng(seed)
    return WeightedPoints(rng.normal(size=(n, 3)) * 5 + np.array(shift), rng.random(n) + 0.5)


@pytest.mark.parametrize("shift", [(3.0, 0.0, 4.0), (0.3, -0.2, 0.1), (100.0, 0.0, 0.0)])
def test_a_translation_costs_half_its_square(shift):
    result = sinkhorn_divergence(cloud(), cloud(shift=shift))
    length = math.hypot(*shift)
    assert 2 * result.value == pytest.approx(length**2, rel=2e-3, abs=2e-3)
    assert result.distance == pytest.approx(length, rel=2e-3, abs=2e-2)


def test_zero_for_equal_measures_and_symmetric():
    a, b = cloud(), cloud(seed=1)
    assert sinkhorn_divergence(a, a).value == pytest.approx(0, abs=1e-4)
    forth, back = sinkhorn_divergence(a, b).value, sinkhorn_divergence(b, a).value
    assert forth == pytest.approx(back, rel=1e-3)
    assert forth > 0.1


def test_reach_bounds_what_far_mass_can_cost():
    near, far = (sinkhorn_divergence(cloud(60), cloud(60, shift=(d, 0, 0)), blur=1.0, reach=2.0).value for d in (40.0, 400.0))
    assert near == pytest.approx(far, rel=0.05)
    assert far <= 2 * 2.0**2
    assert sinkhorn_divergence(cloud(60), cloud(60, shift=(1, 0, 0)), blur=1.0, reach=100.0).value == pytest.approx(0.5, rel=0.02)


def test_amounts_matter_only_when_not_normalised():
    a = cloud(60)
    double = WeightedPoints(a.points, 2 * a.weights)
    assert sinkhorn_divergence(a, double).value == pytest.approx(0, abs=1e-4)
    assert sinkhorn_divergence(a, double, reach=1.0, normalise=False).value > 1
    with pytest.raises(InputError, match="needs equal totals"):
        sinkhorn_divergence(a, double, normalise=False)


def test_merging_points_keeps_mass_and_centre():
    a = cloud(3000)
    merged = cluster_points(a, 2.0)
    assert len(merged.points) < 1500
    assert merged.weights.sum() == pytest.approx(a.weights.sum())
    assert merged.weights @ merged.points == pytest.approx(a.weights @ a.points)
    result = sinkhorn_divergence(a, cloud(3000, shift=(6, 0, 0)), max_points=200)
    assert max(result.points) <= 200
    assert result.distance == pytest.approx(6, rel=0.03)
    assert result.cluster_size > 0


def test_curvature_diagrams_of_two_balls_lie_apart_by_their_curvatures():
    z, y, x = np.meshgrid(*(np.arange(40) - 19.5,) * 3, indexing="ij")
    r = np.sqrt(z**2 + y**2 + x**2)
    small, large = (curvature_diagram(np.tanh((radius - r) / 4)) for radius in (8, 16))
    result = curvature_divergence(small, large, blur=0.005, max_points=200)
    assert result.distance == pytest.approx(math.sqrt(2) * (1 / 8 - 1 / 16), rel=0.1)


@pytest.mark.parametrize(
    ("options", "message"), [({"blur": -1.0}, "blur = -1"), ({"reach": 0.0}, "reach = 0"), ({"scaling": 1.0}, "scaling")]
)
def test_bad_options_are_said(options, message):
    with pytest.raises(InputError, match=message):
        sinkhorn_divergence(cloud(10), cloud(10), **options)


def test_bad_clouds_are_said():
    with pytest.raises(InputError, match="not be negative"):
        WeightedPoints(np.zeros((2, 3)), np.array([1.0, -1.0]))
    with pytest.raises(InputError, match="not finite"):
        WeightedPoints(np.full((2, 3), np.nan), np.ones(2))
    with pytest.raises(InputError, match="3 and 2 coordinates"):
        sinkhorn_divergence(cloud(10), WeightedPoints(np.zeros((2, 2)), np.ones(2)))


def mixture(means: list[list[float]], sds: list[list[float]], weights: list[float]) -> GaussianMixture:
    covariances = np.stack([np.diag(np.square(s)) for s in sds])
    return GaussianMixture(np.array(weights), np.array(means), covariances, np.arange(1, len(weights) + 1))


def test_gaussians_with_common_axes():
    a, b = mixture([[0, 0, 0]], [[1, 2, 3]], [1]), mixture([[3, 4, 0]], [[2, 2, 5]], [1])
    assert gaussian_distances(a, b)[0, 0] == pytest.approx(25 + 1 + 0 + 4)


def test_gaussians_turned_by_a_right_angle():
    a, b = mixture([[0, 0]], [[1, 3]], [1]), mixture([[0, 0]], [[3, 1]], [1])
    assert mixture_distance(a, b)[0] == pytest.approx(math.sqrt(8))


def test_mixture_moved_and_its_plan():
    a = mixture([[0, 0], [20, 0]], [[1, 2], [2, 1]], [0.25, 0.75])
    moved = a._replace(means=a.means + np.array([3, 4]))
    distance, plan = mixture_distance(a, moved)
    assert distance == pytest.approx(5)
    assert plan == pytest.approx(np.diag([0.25, 0.75]))


def test_mixtures_of_unequal_shares_move_the_difference():
    a = mixture([[0, 0], [10, 0]], [[1, 1], [1, 1]], [0.5, 0.5])
    b = mixture([[0, 0], [10, 0]], [[1, 1], [1, 1]], [0.3, 0.7])
    assert mixture_distance(a, b)[0] == pytest.approx(math.sqrt(0.2 * 100))


@pytest.mark.skipif(keops_missing() is not None, reason=str(keops_missing()))
def test_large_clouds_go_through_keops_to_the_same_value(monkeypatch):
    a, b = cloud(), cloud(shift=(0.5, 0.2, 0.1))
    full = sinkhorn_divergence(a, b, blur=0.2).value
    monkeypatch.setattr(sinkhorn, "_LARGE", 10)
    assert sinkhorn_divergence(a, b, blur=0.2).value == pytest.approx(full, rel=1e-3)
    monkeypatch.setattr(sinkhorn, "_MULTISCALE", 20)
    assert sinkhorn_divergence(a, b, blur=0.2).value == pytest.approx(full, rel=1e-2)


def test_large_clouds_without_keops_are_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(sinkhorn, "_LARGE", 10)
    monkeypatch.setitem(sys.modules, "pykeops", None)
    with pytest.raises(InputError, match="Distances of large clouds cannot be computed here"):
        sinkhorn_divergence(cloud(), cloud())


def test_distances_refuse_devices_that_are_not_there():
    for device in ("cuda:77", "mps", "warp:cpu"):
        with pytest.raises(ParameterError, match="device = "):
            sinkhorn_divergence(cloud(), cloud(), device=device)
