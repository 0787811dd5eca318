"""A place keeps what it says whatever the sizes of its numbers: steps of milliseconds beside micrometres, stages far from 0."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.convert.place import Place
from shapelab.frame import LayerData


def described(meta: dict, ndim: int) -> np.ndarray:
    """Return the matrix that settings of a layer stand for."""
    place = Place.from_meta(meta, ndim)
    assert place is not None
    return place.matrix


@pytest.mark.parametrize("seed", range(40))
def test_settings_of_a_layer_say_the_whole_place(seed):
    rng = np.random.default_rng(seed)
    ndim = int(rng.integers(2, 5))
    steps = 10.0 ** rng.uniform(-9, 6, ndim) * rng.choice([-1, 1], ndim)
    matrix = np.diag([*steps, 1.0])
    matrix[:-1, -1] = steps * rng.uniform(-1e4, 1e4, ndim)
    if seed % 2:  # the last two axes turned into each other
        angle = 10.0 ** rng.uniform(-4, 0)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix[-3:-1, -3:-1] = turn @ np.diag([1, rng.uniform(0.5, 2)]) * abs(steps[-1])
    found = described(Place(matrix).meta(), ndim)
    moved = np.linalg.inv(found) @ matrix  # in pixels
    np.testing.assert_allclose(moved, np.eye(ndim + 1), atol=1e-4)
    assert Place(matrix).lies_on(Place(found))


@pytest.mark.parametrize(("step", "corner"), [(0.2, 1e6), (1e-9, 0.0), (2e-7, 0.03), (3e5, 1e12)])
def test_images_apart_are_not_taken_for_one_on_the_other(step, corner):
    """Five voxels are five voxels at any distance from 0, and in any unit."""
    mask = np.zeros((12, 12, 30), bool)
    mask[3:9, 3:9, 3:13] = True
    near = LayerData("a", mask, "image", {"scale": (step,) * 3, "translate": (corner,) * 3})
    off = LayerData("b", mask, "image", {"scale": (step,) * 3, "translate": (corner, corner, corner + 5 * step)})
    twice = LayerData("c", mask, "image", {"scale": (step, step, 2 * step), "translate": (corner,) * 3})
    options = {"statistics": False, "transport": False, "curvature": False}
    assert sl.compare(near, near, **options)["dice"] == 1
    assert sl.compare(near, off, **options)["dice"] == pytest.approx(0.5, abs=0.02)
    assert sl.compare(near, twice, **options)["dice"] < 0.7
    assert not Place.of((step,) * 3, (corner,) * 3).lies_on(Place.of((step,) * 3, (corner, corner, corner + 5 * step)))
