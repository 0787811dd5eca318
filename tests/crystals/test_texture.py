"""Orientations drawn from a measured distribution, and boundaries that become like measured ones."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.crystals import boundary_misorientations
from shapelab.crystals.generate_parameters import GenerateParameters
from shapelab.crystals.orientation import from_euler, misorientation
from shapelab.crystals.population import population_of
from shapelab.crystals.sampling import random_orientations
from shapelab.crystals.texture import draw_orientations, misorientation_density
from shapelab.errors import InputError


def test_drawn_orientations_are_measured_ones_turned_a_little():
    rng = np.random.default_rng(0)
    measured = from_euler(np.deg2rad([[10, 20, 30], [100, 50, 70]]))
    exact = draw_orientations(rng, measured, 200)
    nearest = np.stack([misorientation(exact, one, "triclinic") for one in measured])
    assert nearest.min(0).max() < 1e-6
    assert 60 < (nearest[0] < 1e-6).sum() < 140
    spread = draw_orientations(rng, measured, 4000, np.deg2rad(3))
    angles = np.rad2deg(np.stack([misorientation(spread, one, "triclinic") for one in measured]).min(0))
    assert np.sqrt((angles**2).mean()) == pytest.approx(3, rel=0.05)
    with pytest.raises(InputError, match="quaternions"):
        draw_orientations(rng, np.zeros((3, 4)), 5)


def test_boundaries_become_like_measured_ones():
    """A texture of two components, whose grains shall lie in clusters: low angles are much commoner than by chance."""
    measured = np.concatenate([from_euler(np.deg2rad([[0, 0, 0]] * 50)), from_euler(np.deg2rad([[40, 0, 0]] * 50))])
    wanted = np.deg2rad(np.concatenate([np.full(80, 2.0), np.full(20, 40.0)]))
    options = {"seed": 2, "lloyd": 1, "orientations": measured, "periodic": True}
    plain = sl.generate_crystal(60, (64, 64), **options)
    matched = sl.generate_crystal(60, (64, 64), misorientations=wanted, **options)
    np.testing.assert_array_equal(plain.labels, matched.labels)
    assert sorted(map(tuple, plain.orientations.round(9))) == sorted(map(tuple, matched.orientations.round(9)))

    def distance(crystal):
        _, angles, areas = boundary_misorientations(crystal.labels, crystal.orientations, periodic=True)
        return 0.5 * np.abs(misorientation_density(angles, areas) - misorientation_density(wanted)).sum()

    assert distance(matched) == pytest.approx(matched.statistics["mdf_distance"], abs=1e-9)
    assert distance(matched) < 0.6 * distance(plain)
    with pytest.raises(InputError, match="misorientations"):
        sl.generate_crystal(10, (32, 32), misorientations=np.array([4.0]))


def test_boundaries_as_in_the_reference_sample():
    """Two colonies of one orientation each: boundaries inside them are of 2 degrees, and only the few between them of 40."""
    reference = sl.generate_crystal(40, (48, 48), seed=1, lloyd=1)
    left = reference.moments.centroids[:, 1] < 24
    rng = np.random.default_rng(0)
    euler = np.deg2rad(np.stack([np.where(left, 0, 40) + rng.uniform(-1, 1, 40), np.zeros(40), np.zeros(40)], 1))
    population = population_of(reference.labels, (1.0, 1.0), from_euler(euler), ["triclinic"] * 40)
    _, angles, areas = boundary_misorientations(reference.labels, from_euler(euler), ["triclinic"] * 40)
    np.testing.assert_allclose(np.sort(population.boundaries[:, 0]), np.sort(angles))
    assert population.boundaries[:, 1].sum() == pytest.approx(areas.sum())
    parameters = GenerateParameters(n_grains=60, shape=(1, 64, 64), lloyd=1, seed=3)
    plain = parameters.generate(population)
    alike = parameters.replace(match_boundaries=True).generate(population)
    assert "mdf_distance" not in plain.statistics
    _, found, sizes = boundary_misorientations(alike.labels, alike.orientations, ["triclinic"] * 60)
    share, wanted = (misorientation_density(*pair).cumsum()[3] for pair in ((found, sizes), (angles, areas)))
    assert abs(share - wanted) < 0.15
    assert "Misorientations at boundaries" in alike.summary()
    for reference_sample in (None, population_of(reference.labels, (1.0, 1.0))):
        with pytest.raises(InputError, match="EBSD map"):
            parameters.replace(match_boundaries=True).generate(reference_sample)


def test_a_density_adds_up_to_one():
    angles = np.concatenate([misorientation(*random_orientations(np.random.default_rng(0), 2)[:, None]), [np.nan]])
    density = misorientation_density(angles, np.array([2.0, 5.0]))
    assert density.sum() == pytest.approx(1)
    assert np.count_nonzero(density) == 1
