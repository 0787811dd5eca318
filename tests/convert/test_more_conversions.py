"""Mixtures, tetrahedra and point clouds: each way, with its check."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shapelab.compare import dice, match_labels
from shapelab.convert import (
    field_to_mesh,
    field_to_tetrahedra,
    labels_to_mixture,
    mask_to_mixture,
    mask_to_tetrahedra,
    mesh_to_points,
    mixture_to_diagram,
    mixture_to_labels,
    points_to_mask,
)
from shapelab.errors import InputError


def distance(shape: tuple[int, int, int] = (30, 30, 30)) -> np.ndarray:
    return np.sqrt(sum(x**2 for x in np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")))


def ellipsoids() -> np.ndarray:
    z, y, x = np.meshgrid(*(np.arange(n) for n in (24, 40, 60)), indexing="ij")
    labels = np.zeros(z.shape, int)
    labels[((z - 11.5) / 6) ** 2 + ((y - 19.5) / 12) ** 2 + ((x - 15) / 9) ** 2 < 1] = 4
    labels[((z - 11.5) / 8) ** 2 + ((y - 19.5) / 8) ** 2 + ((x - 42) / 14) ** 2 < 1] = 9
    return labels


def test_mixture_of_ellipsoids_has_their_moments():
    mixture = labels_to_mixture(ellipsoids(), spacing=0.5)
    assert mixture.ids.tolist() == [4, 9]
    assert mixture.means == pytest.approx(np.array([[11.5, 19.5, 15], [11.5, 19.5, 42]]) * 0.5, abs=0.01)
    # a solid ellipsoid of semi-axis a has the variance a^2/5
    assert np.diag(mixture.covariances[1]) == pytest.approx(np.array([64, 64, 196]) / 4 / 5, rel=0.03)
    assert mixture.weights == pytest.approx([648 / 1544, 896 / 1544], abs=0.01)


def test_ellipsoids_come_back_from_their_mixture():
    labels = ellipsoids()
    mixture = labels_to_mixture(labels, spacing=(1.0, 0.5, 0.5))
    back = mixture_to_labels(mixture, labels.shape, spacing=(1.0, 0.5, 0.5))
    assert dice(labels, back) > 0.98
    assert match_labels(labels, back).pairs.tolist() == [[4, 4], [9, 9]]
    assert mixture_to_labels(mixture, labels.shape, (1.0, 0.5, 0.5), inside=labels > 0)[labels == 9].min() in (4, 9)


def test_labels_are_where_the_posterior_is_largest():
    mixture = labels_to_mixture(ellipsoids())
    labels = mixture_to_labels(mixture, (24, 40, 60), inside=np.ones((24, 40, 60), bool))
    points = np.argwhere(labels)[::997]
    density = []
    for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
        x = points - mean
        square = np.einsum("ni,ij,nj->n", x, np.linalg.inv(covariance), x)
        density.append(weight * np.exp(-square / 2) / math.sqrt(np.linalg.det(covariance)))
    clear = np.abs(np.log(density[0]) - np.log(density[1])) > 1e-6
    assert np.array_equal(mixture.ids[np.argmax(density, axis=0)][clear], labels[tuple(points.T)][clear])


def test_diagram_of_a_mixture_bounds_the_ellipsoid():
    diagram = mixture_to_diagram(labels_to_mixture(ellipsoids()))
    assert 1 / np.sqrt(np.diag(diagram.anisotropies[0])) == pytest.approx([6, 12, 9], rel=0.02)


def test_one_shape_as_many_gaussians_keeps_its_moments():
    mask = distance() < 10
    for components in (1, 12):
        mixture = mask_to_mixture(mask, components, spacing=2.0, seed=1)
        mean, covariance = mixture.moments()
        assert mean == pytest.approx([29, 29, 29], abs=1e-6)
        # each Gaussian carries its voxels' own extent, as the shape does
        assert covariance == pytest.approx(np.eye(3) * 400 / 5, rel=0.02, abs=0.5)
    assert dice(mixture_to_labels(mixture, mask.shape, 2.0) > 0, mask) > 0.9


def test_ball_as_tetrahedra_has_its_volume_and_a_closed_boundary():
    mesh = field_to_tetrahedra(np.tanh((10 - distance()) / 3), spacing=0.1)
    assert mesh.volumes().sum() == pytest.approx(4 / 3 * math.pi, rel=0.01)
    boundary = mesh.boundary()
    edges, counts = np.unique(np.sort(boundary[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0, return_counts=True)
    assert set(counts) == {2}
    assert np.unique(boundary).size - len(edges) + len(boundary) == 2
    radius = np.linalg.norm(mesh.vertices[np.unique(boundary)] - 1.45, axis=1)
    assert radius == pytest.approx(1, abs=0.02)


def test_mask_as_tetrahedra_with_long_voxels():
    z, y, x = np.meshgrid((np.arange(12) - 5.5) * 2, np.arange(24) - 11.5, np.arange(24) - 11.5, indexing="ij")
    mask = z**2 + y**2 + x**2 < 64
    mesh = mask_to_tetrahedra(mask, (2.0, 1.0, 1.0), smoothing=1.0)
    assert mesh.volumes().sum() == pytest.approx(4 / 3 * math.pi * 512, rel=0.05)
    assert np.average(mesh.vertices[mesh.tetrahedra].mean(axis=1), axis=0, weights=mesh.volumes()) == pytest.approx(
        [11, 11.5, 11.5], abs=0.1
    )


def test_points_of_a_surface_back_to_its_mask():
    u = 10 - distance()
    points = mesh_to_points(field_to_mesh(u)).points
    mask, origin = points_to_mask(points, 1.0, shape=u.shape)
    assert origin.tolist() == [0, 0, 0]
    assert dice(mask, u > 0) > 0.95
    own, start = points_to_mask(points, 0.5)
    assert own.sum() * 0.125 == pytest.approx(4 / 3 * math.pi * 1000, rel=0.05)
    assert (np.argwhere(own) * 0.5 + start).mean(axis=0) == pytest.approx([14.5] * 3, abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: labels_to_mixture(np.zeros((4, 4), int)), "empty"),
        (lambda: labels_to_mixture(np.zeros((4, 4))), "whole numbers"),
        (lambda: mask_to_mixture(np.eye(4, dtype=bool), 9), "between 1 and the 4 voxels"),
        (lambda: mixture_to_labels(labels_to_mixture(np.eye(4, dtype=int)), (4, 4, 4)), "2 axes"),
        (lambda: points_to_mask(np.zeros((2, 3)), 1.0), "at least 4"),
        (lambda: points_to_mask(np.eye(4, 3) * 50, 1.0, radius=3.0), "enclose nothing"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()
