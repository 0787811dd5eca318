"""The diffuse energy of exact profiles equals the sharp energy of spheres, cylinders and tori (tolerances: grid and width)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.flow import Flow
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.terms import SIGMA, EnergyTerms

WILLMORE = Coefficients(1, 2, 1, 0, 0, 0)
N = 100
H = 1 / N
SPHERE, CYLINDER, TUBE = 0.25, 0.2, 0.12
RING = TUBE * math.sqrt(2)


def distance(shape):
    """Signed distance to the shape in the middle of a unit box, positive inside."""
    z, y, x = np.meshgrid(*[(np.arange(N) + 0.5) * H - 0.5] * 3, indexing="ij", sparse=True)
    if shape == "sphere":
        return SPHERE - np.sqrt(x**2 + y**2 + z**2)
    if shape == "cylinder":
        return CYLINDER - np.sqrt(x**2 + y**2) + 0 * z
    return TUBE - np.sqrt((np.sqrt(x**2 + y**2) - RING) ** 2 + z**2)


def energy_of(shape, coefficients, widths=2.0, **terms):
    eps = widths * H
    u = np.tanh(distance(shape) / (math.sqrt(2) * eps)).astype(np.float32)
    energy = CurvatureEnergy(u.shape, EnergyTerms(coefficients, voxel_size=H, interface_width=eps, **terms))
    return energy.value_and_gradient(u)[0] / SIGMA, energy.scalars(u)


@pytest.mark.parametrize("widths", [2.0, 3.0])
@pytest.mark.parametrize(("shape", "expected"), [("sphere", 16 * math.pi), ("cylinder", 2 * math.pi / CYLINDER)])
def test_willmore_energy(shape, expected, widths):
    assert energy_of(shape, WILLMORE, widths)[0] == pytest.approx(expected, rel=0.05)


def test_willmore_energy_of_the_clifford_torus():
    assert energy_of("torus", WILLMORE)[0] == pytest.approx(8 * math.pi**2, rel=0.05)


@pytest.mark.parametrize(
    ("shape", "area"),
    [("sphere", 4 * math.pi * SPHERE**2), ("cylinder", 2 * math.pi * CYLINDER), ("torus", 4 * math.pi**2 * RING * TUBE)],
)
def test_area(shape, area):
    value, scalars = energy_of(shape, Coefficients(c=1.0))
    assert value == pytest.approx(area, rel=0.1)
    assert scalars["gradient_area"] == pytest.approx(value, rel=1e-4)
    assert scalars["area"] == pytest.approx(area, rel=0.1)
    assert scalars["discrepancy"] < 0.03
    assert energy_of(shape, Coefficients(), tension=1.0)[0] == pytest.approx(scalars["area"], rel=1e-4)


def test_each_principal_curvature_of_a_cylinder_has_its_own_coefficient():
    length = 2 * math.pi * CYLINDER
    assert energy_of("cylinder", Coefficients(b10=1.0))[0] == pytest.approx(length / CYLINDER, rel=0.05)
    assert energy_of("cylinder", Coefficients(a20=1.0))[0] == pytest.approx(length / CYLINDER**2, rel=0.1)
    assert abs(energy_of("cylinder", Coefficients(b01=1.0))[0]) < 0.05 * length / CYLINDER
    assert abs(energy_of("cylinder", Coefficients(a02=1.0))[0]) < 0.1 * length / CYLINDER**2


def test_linear_terms_of_a_sphere_add_up_to_the_mean_curvature():
    assert energy_of("sphere", Coefficients(b10=1.0, b01=1.0))[0] == pytest.approx(8 * math.pi * SPHERE, rel=0.05)


def test_orientation_counts_normals_along_the_direction():
    area = 2 * math.pi * CYLINDER
    along, across = (energy_of("cylinder", Coefficients(), orientation=1.0, direction=d)[0] for d in ((1, 0, 0), (0, 0.6, 0.8)))
    assert along == pytest.approx(0, abs=1e-6)
    assert across == pytest.approx(area / 2, rel=0.1)


def test_soap_film_between_two_clamped_rings_becomes_a_catenoid():
    shape, radius, clamped_planes = (22, 56, 56), 20.0, 2
    h, eps = 0.01, 0.02
    y, x = np.meshgrid(*[np.arange(56) - 27.5] * 2, indexing="ij")
    disc = np.tanh((radius - np.hypot(y, x)) * h / (math.sqrt(2) * eps))
    u = np.broadcast_to(disc, shape).astype(np.float32)
    clamped = np.zeros(shape, bool)
    clamped[:clamped_planes] = clamped[-clamped_planes:] = True
    energy = CurvatureEnergy(shape, EnergyTerms(Coefficients(), voxel_size=h, interface_width=eps, boundary="replicate", tension=1.0))
    flow = Flow(energy, kind="free", clamped=clamped)
    state = flow.start(u)
    energies = [flow.step(state) for _ in range(300)]

    half = (shape[0] - 2 * clamped_planes + 1) / 2  # the rings stand on the innermost clamped planes
    neck = brentq(lambda a: a * math.cosh(half / a) - radius, 0.6 * radius, radius)
    assert neck < radius - 2
    middle = state["u"][10:12].mean(axis=0)
    assert math.sqrt((middle > 0).sum() / math.pi) == pytest.approx(neck, abs=0.5)
    assert energies[-1] < energies[0]
    np.testing.assert_array_equal(state["u"][clamped], u[clamped])
