"""The loop on made tissue: known tensions, a foam that comes to rest, its labels, and the tensions inferred from them."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.infer import double_bubble, infer_tensions


def correlation_and_error(labels, table, **options):
    found = infer_tensions(labels, **options)
    known = found.determined
    a, b = found.pairs[known].astype(int).T
    true = table[a, b] / table[a, b].mean()
    return np.corrcoef(found.tensions[known], true)[0, 1], float(np.mean(np.abs(found.tensions[known] / true - 1)))


def quarters(n):
    """A disc of four cells, of unequal parts, in a medium."""
    y, x = np.mgrid[:n, :n] - (n - 1) / 2
    angle = np.arctan2(y + 0.05 * n, x - 0.03 * n)
    return np.where(x**2 + y**2 < (0.36 * n) ** 2, 1 + np.digitize(angle, (-1.7, -0.2, 1.5)), 0)


def test_tensions_of_a_foam_come_back():
    rng = np.random.default_rng(4)
    upper = np.triu(rng.uniform(0.75, 1.25, (5, 5)), 1)
    upper[0] *= 1.2
    table = upper + upper.T
    start = quarters(110)
    simulation = sl.Foam(labels=start, tensions=table, motility=0.0)
    *_, frame = simulation.run(steps=700, every=700)
    r, error = correlation_and_error(frame["cells"], table)
    assert r > 0.98
    assert error < 0.03
    assert correlation_and_error(start, table)[0] < 0.9  # it was not at rest


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 1.0)])
def test_stable_under_jitter_and_at_half_resolution(spacing):
    """Moving the image by parts of a pixel, and leaving out every second one, changes tensions by about their errors."""
    rng = np.random.default_rng(5)
    results = []
    for factor in (1, 1, 1, 2):
        step = np.array(spacing) * factor
        shape = tuple((np.array([180, 180]) / step).astype(int))
        centre = 89 + rng.uniform(-1, 1, 2)
        labels = double_bubble(shape, (1.0, 0.8, 0.7), 28, lean=0.1, axis=(0.4, 1), centre=centre, spacing=tuple(step)).labels
        results.append(infer_tensions(labels, tuple(step)))
    values = np.array([found.tensions for found in results])
    assert np.ptp(values[:3], axis=0).max() < 0.04
    assert np.abs(values[3] - values[:3].mean(0)).max() < 0.06
    away = (values[3] - values[0]) / np.hypot(results[3].errors, results[0].errors)
    assert np.abs(away).max() < 3


def test_errors_are_calibrated_where_voxels_are_no_cubes():
    rng = np.random.default_rng(6)
    away = []
    for _ in range(3):
        spacing = (2.5, 1.0, 1.0)
        axis = rng.normal(size=3)
        truth = double_bubble((16, 38, 38), (1.0, 0.8, 0.7), 9, lean=0.1, axis=axis, centre=(18.75, 18.5, 18.5), spacing=spacing)
        found = infer_tensions(truth.labels, spacing)
        true = np.array([truth.tensions[tuple(pair)] for pair in found.pairs.tolist()])
        away += ((found.tensions - true / true.mean()) / found.errors).tolist()
    assert 0.2 < np.sqrt(np.mean(np.square(away))) < 2


@pytest.mark.parametrize(("radius", "jittered"), [(8, 0.0), (16, 0.0), (16, 0.1)])
def test_intervals_hold_the_truth_as_often_as_they_say(radius, jittered):
    """Bubbles in any direction, at any place on the grid: 90 % intervals; where pixels are noisy as well, they are wider, if not enough."""
    rng = np.random.default_rng(radius)
    away = []
    for _ in range(40):
        first, second = rng.uniform(0.7, 1.3, 2)
        tensions = (first, second, rng.uniform(0.6, 1.4) * 0.5 * (first + second))
        shape = (5 * radius + 8,) * 2
        centre = (np.array(shape) - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
        truth = double_bubble(shape, tensions, radius, axis=rng.normal(size=2), centre=centre)
        beside = np.roll(truth.labels, rng.choice([-1, 1]), rng.integers(2))
        found = infer_tensions(np.where(rng.random(shape) < jittered, beside, truth.labels))
        true = np.array([truth.tensions[tuple(pair)] for pair in found.pairs.tolist()])
        away += ((found.tensions - true / true.mean()) / found.errors).tolist()
    hits = np.mean(np.abs(away) < 1.645)
    assert (0.82 if not jittered else 0.75) < hits < 0.97
