"""Overlaps on closed forms, and against scikit-image and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import variation_of_information as skimage_vi

from shapelab.compare import adjusted_rand, boundary_f1, dice, iou, match_labels, variation_of_information
from shapelab.errors import InputError


def test_dice_of_shifted_squares():
    a, b = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    a[5:15, 0:10] = b[5:15, 5:15] = True
    assert dice(a, b) == pytest.approx(0.5)
    assert iou(a, b) == pytest.approx(1 / 3)
    assert dice(a, a) == iou(a, a) == 1


def test_dice_of_balls_is_that_of_the_lens(ball):
    r, d = 12.0, 5.0
    lens = math.pi * (2 * r - d) ** 2 * (d**2 + 4 * d * r) / (12 * d)
    a, b = ball(r, (32, 32, 40)), ball(r, (32, 32, 40), shift=d)
    assert dice(a, b) == pytest.approx(lens / (4 / 3 * math.pi * r**3), abs=0.01)


def test_renamed_labels_match_entirely(voronoi):
    a = voronoi()
    names = np.random.default_rng(1).permutation(np.arange(100, 113))
    match = match_labels(a, names[a])
    assert match.mismatch == 0
    assert dict(match.pairs.tolist()) == {i: int(names[i]) for i in range(1, 13)}
    assert adjusted_rand(a, names[a]) == 1
    assert variation_of_information(a, names[a]) == (0, 0)


def test_matching_is_the_best_of_all_and_not_the_greedy_one():
    # the greedy choice, 1-1 with 5 voxels, leaves 2-2 with 0; the best is 1-2 and 2-1 with 4 + 4
    a = np.repeat([1, 1, 2], [5, 4, 4])[None]
    b = np.repeat([1, 2, 1], [5, 4, 4])[None]
    match = match_labels(a, b)
    assert sorted(match.pairs.tolist()) == [[1, 2], [2, 1]]
    assert match.mismatch == pytest.approx(5 / 13)


def test_a_split_cell_costs_its_smaller_part_and_one_bit():
    a = np.ones((4, 8), int)
    b = a.copy()
    b[:, 5:] = 2
    assert match_labels(a, b).mismatch == pytest.approx(3 / 8)
    split, merge = variation_of_information(b, a)
    assert split == pytest.approx(-(5 * math.log2(5 / 8) + 3 * math.log2(3 / 8)) / 8)
    assert merge == 0


def test_same_numbers_as_other_libraries(voronoi):
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = voronoi(seed=3), voronoi(seed=3, cells=15, shift=1.5)
    assert adjusted_rand(a, b) == pytest.approx(metrics.adjusted_rand_score(a.ravel(), b.ravel()))
    assert sorted(variation_of_information(a, b)) == pytest.approx(sorted(skimage_vi(a, b)))
    assert dice(a > 4, b > 4) == pytest.approx(metrics.f1_score((a > 4).ravel(), (b > 4).ravel()))
    assert iou(a > 4, b > 4) == pytest.approx(metrics.jaccard_score((a > 4).ravel(), (b > 4).ravel()))


def test_matching_agrees_with_the_dense_assignment(voronoi):
    from scipy.optimize import linear_sum_assignment

    a, b = voronoi(cells=30, seed=1), voronoi(cells=25, seed=2)
    dense = np.zeros((30, 25))
    np.add.at(dense, (a.ravel() - 1, b.ravel() - 1), 1)
    best = dense[linear_sum_assignment(-dense)].sum()
    assert match_labels(a, b).overlap.sum() == best


def test_boundary_score_falls_when_the_shift_passes_the_tolerance(ball):
    a, b = ball(10, (40, 40)), ball(10, (40, 40), shift=4)
    assert boundary_f1(a, a) == 1
    assert boundary_f1(a, b, tolerance=4.5) == 1
    assert boundary_f1(a, b, tolerance=1) < 0.5
    assert boundary_f1(a, b, spacing=0.1, tolerance=0.45) == 1


def test_images_of_different_shapes_are_refused():
    with pytest.raises(InputError, match=r"different shapes, \(3, 3\) and \(4, 4\)"):
        dice(np.ones((3, 3), bool), np.ones((4, 4), bool))
