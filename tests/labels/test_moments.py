"""Moments of cells against closed forms and sums written out, and what counts as a label image."""

import numpy as np
import pytest

import shapelab as sl
from shapelab.box import to_box, to_layer
from shapelab.convert import labels_to_mixture
from shapelab.errors import InputError
from shapelab.labels.check import as_labels
from shapelab.labels.moments import cell_moments


@pytest.mark.parametrize("shape", [(17, 23), (7, 9, 11)])
def test_moments_equal_the_sums_written_out(shape):
    rng = np.random.default_rng(0)
    index, spacing = rng.integers(-1, 4, shape), rng.uniform(0.3, 2, len(shape))
    volumes, centroids, covariances = cell_moments(index, 5, spacing)
    for i in range(4):
        points = (np.argwhere(index == i) + 0.5) * spacing
        assert volumes[i] == pytest.approx(len(points) * spacing.prod())
        np.testing.assert_allclose(centroids[i], points.mean(axis=0))
        np.testing.assert_allclose(covariances[i], np.cov(points.T, bias=True) + np.diag(spacing**2 / 12))
    assert volumes[4] == 0
    assert np.isnan(centroids[4]).all()


def test_a_cell_across_the_border_of_a_periodic_box_is_whole():
    index = np.full((10, 12), -1)
    index[[0, 0, 9, 9], [3, 4, 3, 4]] = 0
    _, centroids, covariances = cell_moments(index, 1, (1.0, 2.0), np.array([[9.9, 8.0]]), np.array([10.0, 0.0]))
    np.testing.assert_allclose(centroids, [[10.0, 8.0]])
    np.testing.assert_allclose(covariances[0], np.diag([1 / 3, 4 / 3]))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (np.ones(5, int), "2-D or 3-D"),
        (np.full((4, 4), np.nan), "not finite"),
        (np.full((4, 4), 0.5), "whole numbers"),
        (np.full((4, 4), "a"), "whole numbers"),
        (np.zeros((4, 4), int), "empty"),
        (np.full((4, 4), -2), "negative"),
    ],
)
def test_what_is_no_label_image_is_refused_alike_everywhere(data, what):
    for use in (as_labels, labels_to_mixture, sl.fit_diagram):
        with pytest.raises(InputError, match=what):
            use(data)


def test_whole_numbers_in_floats_where_they_are_welcome():
    assert as_labels(np.eye(4) * 7, floats=True).dtype == np.int64
    with pytest.raises(InputError, match="floats"):
        as_labels(np.eye(4) * 7)


def test_layer_and_box_are_half_a_pixel_apart():
    points = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(to_box(np.zeros((1, 3)), (1, 2, 4)), [[0.5, 1, 2]])
    np.testing.assert_allclose(to_layer(to_box(points, (1, 2, 4)), (1, 2, 4)), points)


@pytest.mark.parametrize(("shape", "spacing"), [((60, 50), (0.5, 2.0)), ((24, 20, 16), (3.0, 1.0, 0.25))])
def test_all_that_a_user_sees_has_its_centroids_in_one_place(shape, spacing):
    """Tables, mixtures, fits and solutions of one label image, with voxels that are not cubes."""
    box = np.array(shape) * spacing
    seeds = np.random.default_rng(1).random((9, len(shape))) * box
    solution = sl.solve_cells(seeds, np.full(9, box.prod() / 9), shape, spacing, tolerance=0.02)
    table = sl.measure(solution.labels, spacing=spacing)
    expected = table[[f"centroid_{axis}" for axis in "zyx"[-len(shape) :]]].to_numpy()
    by_hand = np.array([np.argwhere(solution.labels == i).mean(axis=0) * spacing for i in range(1, 10)])
    np.testing.assert_allclose(expected, by_hand)
    np.testing.assert_allclose(labels_to_mixture(solution.labels, spacing).means, expected)
    np.testing.assert_allclose(sl.fit_diagram(solution.labels, method="moments", spacing=spacing).moments.centroids, expected)
    off = (solution.centroids - expected) / spacing  # in pixels; the solution counts fractions of them
    assert np.abs(off).max() < 0.5
    assert np.abs(np.median(off, axis=0)).max() < 0.15
