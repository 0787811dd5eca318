"""The net under the mesh: its labels, its orientation and its smoothing against plain definitions, on random labels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from shapelab.device import use_threads
from shapelab.mesh import InterfaceMesh, interface_mesh
from shapelab.mesh.make import net_of
from shapelab.mesh.smoothing import smooth_nodes


def crowd(rng: np.random.Generator, periodic: tuple[bool, ...]) -> np.ndarray:
    """Labels that meet five to eight at a time, with holes, and borders that cells touch or not."""
    labels = rng.integers(0, 9, rng.integers(4, 8, 3))
    labels[rng.random(labels.shape) < 0.2] = 0
    if rng.random() < 0.4:
        labels[:1], labels[:, -1:] = 0, 0
    return np.pad(labels, [(0, 0 if repeats else 1) for repeats in periodic])


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31))
def test_nodes_list_the_cells_of_their_voxels_and_faces_point_from_low_to_high(seed):
    rng = np.random.default_rng(seed)
    periodic = tuple(bool(p) for p in rng.random(3) < 0.5)
    labels = crowd(rng, periodic)
    mesh = interface_mesh(labels, periodic=periodic, smoothing=0)
    net, size = mesh.net, np.array(labels.shape)
    corners = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), -1).reshape(-1, 3)
    places = np.round(net.cubes + net.offset - 0.5).astype(int)[:, None] + corners
    inside = (np.array(periodic) | ((places >= 0) & (places < size))).all(-1)
    values = labels[tuple(np.moveaxis(places % size, -1, 0))]
    for k in range(len(net.cubes)):
        wanted = np.unique(values[k, inside[k]])
        assert mesh.ids[net.labels[k, : net.node_counts[k]]].tolist() == wanted.tolist()
        assert (net.labels[k, net.node_counts[k] :] == -1).all()
    x = mesh.nodes[mesh.faces]
    x = x - np.where(mesh.period > 0, np.round((x - x[:, :1]) / np.maximum(mesh.period, 1)) * mesh.period, 0)
    normal = 0.5 * np.cross(x[:, 2] - x[:, 0], x[:, 3] - x[:, 1])
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-6)
    for sign, column in ((-0.5, 0), (0.5, 1)):
        there = np.round(x.mean(1) + sign * normal).astype(int)
        beyond = ~(np.array(periodic) | ((there >= 0) & (there < size))).all(1)
        found = np.where(beyond, 0, labels[tuple((there % size).T)])
        cell = mesh.pairs[:, column]
        np.testing.assert_array_equal(np.where(cell < 0, 0, mesh.ids[cell]), found)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31))
def test_smoothing_goes_half_way_to_the_mean_of_the_neighbours(seed):
    rng = np.random.default_rng(seed)
    periodic = tuple(bool(p) for p in rng.random(3) < 0.5)
    net = net_of(crowd(rng, periodic), periodic, closed=bool(rng.random() < 0.5))
    n = len(net.moves)
    there = net.neighbours < n
    assert (np.sort(~there, axis=1) == ~there).all()
    places = net.cubes[np.minimum(net.neighbours, n - 1)] - net.cubes[:, None]
    steps = np.where((net.period > 0) & (np.abs(places) > 1), -np.sign(places), places)
    assert (np.abs(steps).sum(2)[there] == 1).all()
    expected = np.zeros((n, 3))
    free = (net.locks[:, None] >> np.arange(3)) & 1 == 0
    for _ in range(7):
        around = np.where(there[:, :, None], expected[np.minimum(net.neighbours, n - 1)] + steps, 0)
        mean = around.sum(1) / np.maximum(there.sum(1), 1)[:, None]
        expected = np.where(free, np.clip(0.5 * expected + 0.5 * mean, -1, 1), expected)
    smooth_nodes(net, 7)
    np.testing.assert_allclose(net.moves, expected, atol=1e-5)


@pytest.mark.parametrize("periodic", [False, (True, False, True)])
def test_same_bytes_on_any_number_of_threads(periodic):
    rng = np.random.default_rng(4)
    grid = np.stack(np.meshgrid(*[np.arange(56)] * 3, indexing="ij"), -1).reshape(-1, 3)
    labels = (cKDTree(rng.random((150, 3)) * 56).query(grid)[1] + 1).reshape((56,) * 3)

    def made_with(count: int) -> InterfaceMesh:
        use_threads(count)
        return interface_mesh(labels, periodic=periodic)

    with ThreadPoolExecutor(1) as beside:  # the number belongs to a thread
        made = [beside.submit(made_with, count).result() for count in (1, 2, 5)]
    assert len(made[0].nodes) > 50_000  # more than one block
    for other in made[1:]:
        assert other.nodes.tobytes() == made[0].nodes.tobytes()
        assert other.faces.tobytes() == made[0].faces.tobytes()
