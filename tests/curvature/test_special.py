"""Shapes with a known answer: catenoid, Clifford torus, minimal surface, red blood cell."""

import math

import numpy as np
import pytest

from shapelab.curvature import Curvatubes
from shapelab.curvature.model import terms
from shapelab.curvature.surface_kernel import surface_sums
from shapelab.measure.curvature import shape_operator


def settled(preset, **parameters):
    simulation = Curvatubes(preset, **parameters)
    for _ in simulation.run(every=10_000):
        pass
    return simulation, simulation.frame()["field"]


def euler_characteristic(u):
    return surface_sums(u, periodic=True)[3] / (2 * math.pi)


def test_a_film_between_two_rings_is_a_catenoid():
    simulation, u = settled("catenoid", shape=(24, 48, 48))
    radius, height = 0.375 * 48, 24 - 3  # between the middles of the innermost clamped slices
    low, high = 0.56 * radius, radius
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if middle * math.cosh(height / (2 * middle)) > radius else (middle, high)
    neck = math.sqrt(float((np.clip(2 * u[12].astype(float), -1, 1) + 1).sum()) / (2 * math.pi))
    assert neck == pytest.approx(low, rel=0.04)
    scalars = simulation.frame().scalars
    assert abs(scalars["mean_H"]) * simulation.parameters.voxel_size < 0.1 / radius
    assert scalars["mean_K"] < 0


def test_willmore_flow_finds_the_clifford_torus():
    _, u = settled("clifford-torus", shape=(48, 48, 48))
    line = u[23:25, 24].mean(axis=0)
    signs = np.nonzero(np.diff(np.sign(line)))[0]
    crossings = [i + line[i] / (line[i] - line[i + 1]) for i in signs]
    outer, inner = (crossings[3] - crossings[0]) / 2, (crossings[2] - crossings[1]) / 2
    assert (outer + inner) / (outer - inner) == pytest.approx(math.sqrt(2), rel=0.05)


def test_random_waves_become_a_minimal_surface():
    def mean_curvature(u):
        k = shape_operator(u, 1 / 40, boundary="periodic")
        near = np.abs(u) < 0.2
        h, weights = (k.k1 + k.k2)[near], k.weights[near]
        mean = np.average(h, weights=weights)
        return mean, math.sqrt(np.average((h - mean) ** 2, weights=weights)), np.average((k.k1 * k.k2)[near], weights=weights)

    k0 = 4.0
    _, spread_before, _ = mean_curvature(Curvatubes("minimal-surface").frame()["field"])
    simulation, u = settled("minimal-surface", max_steps=700)
    mean, spread, gaussian = mean_curvature(u)
    assert abs(mean) < 0.15 * k0
    assert spread < 0.55 * spread_before
    assert gaussian == pytest.approx(-(k0**2), rel=0.3)
    assert euler_characteristic(u) < -2
    assert simulation.frame().scalars["volume_fraction"] == pytest.approx(0.5, abs=0.02)


def test_an_oblate_vesicle_becomes_a_biconcave_red_blood_cell():
    simulation, u = settled("red-blood-cell", max_steps=350)
    state = simulation.state()
    profile = (u > 0).sum(axis=0)[u.shape[1] // 2]
    energy, _ = simulation.model.engine(state)
    area = energy.scalars(state.flow["u"])["area"]
    assert euler_characteristic(u) == pytest.approx(2, abs=0.3)
    assert 0 < profile[u.shape[2] // 2] < 0.8 * profile.max()
    assert area == pytest.approx(terms(state).area, rel=0.01)
    assert u.mean(dtype=np.float64) == pytest.approx(state.mass, abs=1e-6)


def test_tension_rounds_a_drop():
    _, u = settled("soap-bubble")
    extents = [np.ptp(np.nonzero((u > 0).any(axis=tuple(b for b in range(3) if b != axis)))[0]) for axis in range(3)]
    assert np.ptp(extents) <= 1
    area, _, mean, _ = surface_sums(u, periodic=True)
    assert mean / area == pytest.approx(2 / math.sqrt(area / (4 * math.pi)), rel=0.03)
