"""Distributions that are the same but for rounding are the same; others are told apart as by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from shapelab.measure.kolmogorov import ks_test
from shapelab.measure.units import shown_quantity


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_rounding_does_not_part_two_samples(rng):
    speeds = rng.normal(1, 0.2, 50)
    assert ks_test(speeds, (speeds + 100) - 100)[0] == 0
    assert ks_2samp(speeds, (speeds + 100) - 100).statistic > 0
    assert ks_test(np.zeros(3), np.zeros(4)) == (0, 1)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_distances_are_those_of_scipy(rng, size):
    x, y = rng.normal(0, 1e-3, size), rng.normal(5e-4, 1e-3, 2 * size)
    expected = ks_2samp(x, y, method="exact" if size == 1 else "asymp")
    assert ks_test(x, y) == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("speed", "speed (µm/s)"),
        ("mean_area", "mean area (µm²)"),
        ("Wasserstein distance of volume", "Wasserstein distance of volume (µm³)"),
        ("KS distance of volume", "KS distance of volume"),
        ("cells", "cells"),
    ],
)
def test_numbers_over_time_have_their_units(name, shown):
    assert shown_quantity(name, "um", "second") == shown
