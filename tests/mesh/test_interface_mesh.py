"""The shared mesh: nothing gapes, normals, volumes, periodic boxes; on random labels and on shapes with a known answer."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import random_labels

from shapelab.crystals.diagram import Diagram
from shapelab.errors import InputError, ParameterError
from shapelab.mesh import angle_table, interface_mesh, interface_table, junction_angles


def edges(mesh):
    """How many faces share each edge (2-D: each node)."""
    if mesh.ndim == 2:
        return Counter(mesh.faces.ravel().tolist())
    ends = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    return Counter(map(tuple, ends.tolist()))


def volumes_by_flux(mesh):
    """Volumes by the divergence theorem over the closed surface of every cell."""
    x = mesh.nodes[mesh.faces]
    if mesh.ndim == 3:
        area = 0.5 * np.cross(x[:, 2] - x[:, 0], x[:, 3] - x[:, 1])
    else:
        step = x[:, 1] - x[:, 0]
        area = np.stack([-step[:, 1], step[:, 0]], axis=1)
    flux = (x.mean(1) * area).sum(1) / mesh.ndim
    a, b = mesh.pairs.T
    n = len(mesh.ids)
    return np.bincount(a[a >= 0], flux[a >= 0], n) - np.bincount(b, flux, n)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**31), ndim=st.sampled_from([2, 3]))
def test_nothing_gapes_and_volumes_add_up_on_random_labels(seed, ndim):
    rng = np.random.default_rng(seed)
    labels = random_labels(rng, ndim)
    periodic = tuple(bool(p) for p in rng.random(ndim) < 0.4)
    spacing = tuple(rng.uniform(0.3, 2, ndim))
    mesh = interface_mesh(labels, spacing, periodic=periodic, smoothing=int(rng.integers(0, 25)))
    assert all(count >= 2 for count in edges(mesh).values())
    assert set(np.unique(mesh.faces)) == set(range(len(mesh.nodes)))
    assert np.all(mesh.pairs[:, 0] < mesh.pairs[:, 1])
    ids, counts = np.unique(labels, return_counts=True)
    voxels = dict(zip(ids.tolist(), counts * np.prod(spacing), strict=True))
    found = mesh.volumes()
    for number, label in enumerate(mesh.ids.tolist()):
        if label:
            assert abs(found[number] / voxels[label] - 1) < 1e-3
    assert found.sum() == pytest.approx(labels.size * np.prod(spacing), rel=1e-6)
    if not any(periodic):
        np.testing.assert_allclose(volumes_by_flux(mesh)[1:], found[1:], rtol=1e-4, atol=1e-5 * np.prod(spacing) * labels.size)
    assert np.abs(mesh.net.moves).max() <= 1.25


@pytest.mark.parametrize("ndim", [2, 3])
def test_periodic_mesh_is_the_same_wherever_the_box_is_cut(ndim):
    rng = np.random.default_rng(ndim)
    coarse = rng.integers(0, 6, (4,) * ndim)
    labels = np.kron(coarse, np.ones((5,) * ndim, int))
    a = interface_mesh(labels, periodic=True)
    b = interface_mesh(np.roll(labels, 7, axis=ndim - 1), periodic=True)
    np.testing.assert_allclose(a.volumes(), b.volumes(), rtol=1e-5)
    ours, theirs = interface_table(a), interface_table(b)
    np.testing.assert_array_equal(ours[["cell_a", "cell_b"]], theirs[["cell_a", "cell_b"]])
    size = ours.columns[2]
    np.testing.assert_allclose(ours[size], theirs[size], rtol=1e-3, atol=0.05)


@pytest.mark.parametrize(("shape", "spacing"), [((40, 44, 48), 1.0), ((40, 22, 48), (0.5, 1.0, 0.4))])
def test_area_and_curvature_of_a_ball(shape, spacing):
    steps = np.broadcast_to(spacing, 3)
    grid = np.stack(np.meshgrid(*(np.arange(n) * h for n, h in zip(shape, steps, strict=True)), indexing="ij"), -1)
    radius = 0.35 * min(n * h for n, h in zip(shape, steps, strict=True))
    labels = (((grid - grid.reshape(-1, 3).mean(0)) ** 2).sum(-1) < radius**2).astype(np.uint8) * 7
    mesh = interface_mesh(labels, spacing)
    row = interface_table(mesh).iloc[0]
    assert (row["cell_a"], row["cell_b"], row["cut"]) == (0, 7, False)
    assert row["area"] == pytest.approx(4 * np.pi * radius**2, rel=0.03)
    assert row["curvature"] == pytest.approx(-2 / radius, rel=0.06)
    assert mesh.volumes()[1] == pytest.approx((labels > 0).sum() * np.prod(steps), rel=5e-4)
    vertices, faces, pairs = mesh.surface()
    assert vertices.dtype == np.float32
    assert faces.shape[1] == 3
    assert set(map(tuple, pairs.tolist())) == {(0, 7)}


def test_length_and_curvature_of_a_disc_whatever_its_pixels():
    y, x = np.mgrid[:60, :80] * np.array([1.0, 0.7])[:, None, None]
    mesh = interface_mesh((y - 30) ** 2 + (x - 28) ** 2 < 18**2, (1.0, 0.7))
    row = interface_table(mesh).iloc[0]
    assert row["length"] == pytest.approx(2 * np.pi * 18, rel=0.01)
    assert row["curvature"] == pytest.approx(-1 / 18, rel=0.03)
    (line,) = (mesh.polylines()[i] for i in range(len(mesh.polylines())))
    assert line[0] == line[-1]
    assert len(set(line.tolist())) == len(mesh.nodes)


def test_angles_where_three_planes_meet():
    grid = np.stack(np.meshgrid(*[np.arange(36) - 17.3] * 2, indexing="ij"), -1)
    turn = np.degrees(np.arctan2(grid[..., 0], grid[..., 1])) + 180
    labels = np.select([turn < 100, turn < 230], [1, 2], 3)
    for image in (labels, np.repeat(labels[None], 24, axis=0)):
        found = angle_table(interface_mesh(image, smoothing=3), reach=8)["mean"]
        for cell, wanted in ((1, 100), (2, 130), (3, 130)):
            assert found[(1, 2, 3), cell] == pytest.approx(wanted, abs=6)
    angles = junction_angles(interface_mesh(labels))
    np.testing.assert_allclose(angles.groupby("node")["angle"].sum(), 360, atol=1e-6)


def test_medium_has_no_faces_on_the_border_and_cut_cells_are_known():
    labels = np.zeros((20, 20, 20), int)
    labels[:8, 5:12, 5:12] = 3
    labels[12:18, 5:12, 5:12] = 9
    mesh = interface_mesh(labels)
    assert dict(zip(mesh.ids.tolist(), mesh.cut.tolist(), strict=True)) == {0: False, 3: True, 9: False}
    border = mesh.pairs[mesh.pairs[:, 0] < 0]
    assert set(mesh.ids[border[:, 1]].tolist()) == {3}
    nodes = mesh.nodes[mesh.on_border]
    np.testing.assert_allclose(nodes[:, 0], -0.5)
    open_mesh = interface_mesh(labels, closed=False)
    assert (open_mesh.pairs[:, 0] >= 0).all()
    np.testing.assert_allclose(open_mesh.volumes(), mesh.volumes(), rtol=1e-6)
    assert len(interface_mesh(labels[:, 5:12, 5:12] + 1, smoothing=0).faces) == 2 * (20 * 7 * 2 + 49) + 3 * 49


def test_tiny_cells_stay_on_their_voxels_and_are_named():
    labels = np.ones((16, 16, 16), int)
    labels[4:6, 4:6, 4:6] = 8
    mesh = interface_mesh(labels)
    assert mesh.frozen.tolist() == [8]
    assert mesh.volumes()[2] == 8


def test_ids_of_any_size():
    labels = np.zeros((12, 12), np.uint64)
    labels[2:6, 2:10] = 2**64 - 1
    labels[6:10, 2:10] = 17
    assert interface_mesh(labels).ids.tolist() == [0, 17, 2**64 - 1]
    many = np.arange(1, 60_001).reshape(200, 300)
    assert len(interface_mesh(many).ids) == 60_001


def test_nodes_of_a_diagram_lie_on_its_boundaries():
    rng = np.random.default_rng(3)
    for ndim, n, size in ((2, 30, 96), (3, 20, 32)):
        matrices = np.stack([np.diag(rng.uniform(0.6, 1.6, ndim)) for _ in range(n)])
        diagram = Diagram.from_ellipsoids(rng.random((n, ndim)), matrices, np.zeros(n), ids=np.arange(n) * 3 + 2)
        mesh = diagram.mesh((size,) * ndim, 1 / size)
        fine = diagram.labels((4 * size,) * ndim, 0.25 / size)
        ids, counts = np.unique(fine, return_counts=True)
        true = dict(zip(ids.tolist(), counts / (4 * size) ** ndim, strict=True))
        ids, counts = np.unique(diagram.labels((size,) * ndim, 1 / size), return_counts=True)
        large = counts > 100
        found = dict(zip(mesh.ids.tolist(), mesh.volumes().tolist(), strict=True))
        ours = np.mean([abs(found[i] / true[i] - 1) for i in ids[large].tolist()])
        voxels = np.mean([abs(c / size**ndim / true[i] - 1) for i, c in zip(ids[large].tolist(), counts[large].tolist(), strict=True)])
        assert ours < 0.75 * voxels


@pytest.mark.parametrize(
    ("labels", "options", "error", "words"),
    [
        (np.zeros((5, 5), int), {}, InputError, "empty"),
        (np.ones((5, 5)), {}, InputError, "floats"),
        (np.ones((2, 5), int), {"periodic": True}, InputError, "at least 3 voxels; axis y has 2"),
        (np.ones((5, 5), int), {"smoothing": -1}, ParameterError, "smoothing = -1"),
        (np.ones((5, 5), int), {"periodic": (True, False, True)}, ParameterError, "one for each of the 2 axes"),
        (np.ones((5, 5), int), {"spacing": (1, 0)}, InputError, "positive"),
    ],
)
def test_what_cannot_be_meshed_is_said(labels, options, error, words):
    with pytest.raises(error, match=words):
        interface_mesh(labels, **options)


def test_one_cell_that_fills_the_image():
    mesh = interface_mesh(np.ones((6, 7, 8), int))
    assert len(interface_table(mesh)) == 0
    assert mesh.volumes()[1] == pytest.approx(336)
    assert len(interface_mesh(np.ones((6, 7), int), periodic=True).faces) == 0
