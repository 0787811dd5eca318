"""Tensions of aggregates that are at rest on a mesh, drawn with pixels: the truths of benchmarks/tensions.py."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from shapelab.infer import infer_tensions

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from tension_truths import aggregate


@pytest.mark.parametrize("seed", [5, 7])
def test_twelve_cells_at_two_sizes(seed):
    truth = aggregate(2, 12, seed)
    assert truth.imbalance < 0.01
    for scale, most in ((0.97, 0.03), (2.0, 0.015)):  # radii of 14 and 29 pixels
        found = infer_tensions(truth.labels(scale, np.random.default_rng(seed)))
        known = found.determined
        a, b = found.pairs[known].astype(int).T
        true = truth.tensions[a, b] / truth.tensions[a, b].mean()
        assert known.mean() > 0.8
        assert np.abs(found.tensions[known] / true - 1).mean() < most
        assert np.polyfit(true, found.tensions[known], 1)[0] > 0.96
        assert np.corrcoef(true, found.tensions[known])[0, 1] > 0.98
