"""Sequential Monte Carlo on models whose posterior is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from shapelab.errors import InputError
from shapelab.estimate.draws_file import DrawsFile
from shapelab.estimate.fit import _rounds
from shapelab.estimate.options import FitOptions
from shapelab.estimate.posterior import Prior, log_proposal, propose, weighted_quantile

NOISE = 0.1
PRIOR = Prior.of([("a", 0.0, 1.0), ("b", 0.1, 10.0)])


def statistics(values, rng):
    """Three numbers of a and log b with noise, one of their product, and two that say nothing."""
    a, b = values["a"], np.log(values["b"]) / np.log(100)
    clean = np.array([a + b, a - b, a, a * b, 0.0, 0.0])
    return {f"s{i}": float(value) for i, value in enumerate(clean + NOISE * rng.standard_normal(6))}


def fitted(truth, seed, simulations=200, rounds=3):
    """Return the closest draws to an observation at `truth`."""
    settings = FitOptions(simulations=simulations, rounds=rounds, seed=seed)
    target = SimpleNamespace(observed=statistics(truth, np.random.default_rng([7, seed])))

    def run(_, __, jobs):
        for index, values in jobs:
            yield index, statistics(values, np.random.default_rng([seed, index])), ""

    with DrawsFile(None, {}) as file:
        draws = _rounds(target, PRIOR, settings, file, run, None, None)
    return draws, draws.closest(settings.kept(len(draws.z)))


def test_intervals_hold_the_truth_as_often_as_they_say_and_are_narrow():
    hits, widths = np.zeros(2), []
    rng = np.random.default_rng(3)
    for seed in range(40):
        truth = dict(zip(PRIOR.names, PRIOR.values(PRIOR.draw(1, rng))[0].tolist(), strict=True))
        _, close = fitted(truth, seed, 160)
        values = PRIOR.values(close.corrected)
        ends = np.array([weighted_quantile(values[:, i], close.weights, [0.05, 0.95]) for i in range(2)])
        hits += [ends[0, 0] <= truth["a"] <= ends[0, 1], ends[1, 0] <= truth["b"] <= ends[1, 1]]
        widths.append(ends[0, 1] - ends[0, 0])
    assert (hits >= 30).all(), hits  # of 40 at 90 %: fewer would happen once in 600 times
    assert np.median(widths) < 0.4


def test_rounds_come_closer():
    draws, _ = fitted({"a": 0.5, "b": 1.0}, 1)
    first, last = draws.z[:80], draws.z[-40:]
    assert np.abs(last).mean() < 0.7 * np.abs(first).mean()


def test_values_and_places_are_inverse_and_stay_in_their_ranges():
    z = np.random.default_rng(1).normal(size=(50, 2)) * 3
    values = PRIOR.values(z)
    assert ((values > [0, 0.1]) & (values < [1, 10])).all()
    assert np.allclose(PRIOR.places(values), z)
    assert PRIOR.in_logarithm.tolist() == [False, True]
    middle = PRIOR.values(np.zeros((1, 2)))[0]
    assert middle == pytest.approx([0.5, 1.0])


def test_the_density_of_proposals_is_that_of_the_draws():
    """Importance weights give back the prior: its mean of any function."""
    _, close = fitted({"a": 0.5, "b": 1.0}, 2)
    rng = np.random.default_rng(5)
    z = propose(PRIOR, close, 40_000, rng)
    weights = np.exp(PRIOR.log_density(z) - log_proposal(PRIOR, close, z))
    assert weights.mean() == pytest.approx(1, abs=0.05)
    assert np.average((z > 0).all(1), weights=weights) == pytest.approx(0.25, abs=0.03)


def test_quantiles_of_weighted_values():
    values = np.array([3.0, 1.0, 2.0])
    assert weighted_quantile(values, np.ones(3) / 3, [0.5]) == pytest.approx(2.0)
    assert weighted_quantile(values, np.array([0.0, 1.0, 0.0]), [0.1, 0.5]) == pytest.approx([1.0, 1.0], abs=1e-6)


def test_too_few_runs_that_end_are_refused():
    target = SimpleNamespace(observed={"s": 1.0})

    def run(_, __, jobs):
        for index, _values in jobs:
            yield index, {}, "No cells are left."

    with DrawsFile(None, {}) as file, pytest.raises(InputError, match="No cells are left"):
        _rounds(target, PRIOR, FitOptions(simulations=30), file, run, None, None)
