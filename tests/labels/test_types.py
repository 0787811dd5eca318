"""Types of cells, painted or in a column."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.errors import InputError
from shapelab.labels.types import types_of_column, types_painted


@pytest.mark.parametrize("seed", range(5))
def test_most_of_the_pixels_decide(seed):
    rng = np.random.default_rng(seed)
    labels, kinds = rng.integers(0, 7, (9, 11)), rng.integers(0, 4, (9, 11)) * 5
    found = types_painted(labels, kinds)
    assert set(found) == set(np.unique(labels).tolist()) - {0}
    for label, kind in found.items():
        counts = np.bincount(kinds[labels == label])
        assert counts[kind] == counts.max()
    with pytest.raises(InputError, match="pixel on pixel"):
        types_painted(labels, kinds[1:])


def test_columns_of_numbers_and_words():
    assert types_of_column([1, 2, 5], [0.0, 1.0, np.nan]) == {1: 0, 2: 1}
    assert types_of_column([0, 1, 2], ["medium", "stem", "leaf"]) == {1: 1, 2: 0}
    assert types_of_column([1, 2], np.array(["", "a"], object)) == {2: 0}
    assert types_of_column([3, 4], [0.5, 0.25]) == {3: 1, 4: 0}
    assert types_of_column(np.array([2**53, 2**53 + 1]), [1, np.inf]) == {2**53: 0, 2**53 + 1: 1}
    with pytest.raises(InputError, match=r"2\.5"):
        types_of_column([1, 2.5], [0, 1])
