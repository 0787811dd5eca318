"""Triangles and tetrahedra of whatever labels and diagrams there are: whole, nothing turned inside out, or one sentence why not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shapelab.crystals import Diagram
from shapelab.errors import ShapelabError
from shapelab.mesh import TetrahedronMesh, TriangleMesh, conforming_tetrahedra, conforming_triangles

KINDS = ("grains", "slab", "dots", "noise", "self", "one")


def anything(rng: np.random.Generator, kind: str, axes: int) -> np.ndarray:
    """Labels of one of the kinds, in a box whose sides differ."""
    shape = rng.integers(4, 15 if axes == 3 else 40, axes)
    if kind == "slab":
        shape[rng.integers(axes)] = rng.integers(1, 4)
    if kind == "one":
        return np.full(shape, rng.integers(0, 2))
    if kind == "noise":
        return rng.integers(0, 5, np.minimum(shape, 9))
    if kind == "self":  # one cell that closes on itself through the sides of the box, round another
        labels = np.full(shape, 7)
        labels[tuple(slice(n // 4, 3 * n // 4 + 1) for n in shape[:-1])] = 2
        return labels
    seeds = rng.random((rng.integers(2, 51), axes)) * shape
    places = np.indices(shape).reshape(axes, -1).T
    labels = (np.argmin(((places[:, None] - seeds) ** 2).sum(2), axis=1) * 3).reshape(shape)  # one of them is background
    if kind == "dots":
        dots = rng.random(shape) < 0.01
        labels[dots] = 1000 + np.arange(dots.sum())
    return labels


def check(mesh: TriangleMesh | TetrahedronMesh, sizes: np.ndarray) -> None:
    """Nothing gapes, overlaps or is turned inside out, and opposite sides are the same to the last bit."""
    axes = len(sizes)
    elements = mesh.triangles if isinstance(mesh, TriangleMesh) else mesh.tetrahedra
    x = mesh.nodes[elements]
    contents = np.linalg.det(x[:, 1:] - x[:, :1])
    assert contents.min() > 0
    assert mesh.quality.inverted == 0
    assert contents.sum() / (2, 6)[axes - 2] == pytest.approx(np.prod(sizes), rel=1e-9)
    np.testing.assert_allclose(mesh.box[1] - mesh.box[0], sizes, rtol=1e-12)
    faces, counts = np.unique(
        np.sort(np.concatenate([np.delete(elements, k, axis=1) for k in range(axes + 1)]), axis=1), axis=0, return_counts=True
    )
    assert counts.max() <= 2
    outer = mesh.nodes[faces[counts == 1]]
    assert ((outer == mesh.box[0]).all(1) | (outer == mesh.box[1]).all(1)).any(1).all()
    assert set(np.unique(elements)) == set(range(len(mesh.nodes)))
    sides = mesh.sides()
    for axis, pairs in mesh.periodic_pairs().items():
        near, far = mesh.nodes[pairs[:, 0]], mesh.nodes[pairs[:, 1]]
        number = "zyx"[-axes:].index(axis)
        assert np.delete(near, number, axis=1).tobytes() == np.delete(far, number, axis=1).tobytes()
        assert set(pairs[:, 0].tolist()) == set(sides[f"{axis}0"].tolist())
        assert set(pairs[:, 1].tolist()) == set(sides[f"{axis}1"].tolist())


def attempt(work: Callable[[], TriangleMesh | TetrahedronMesh], sizes: np.ndarray, present: set[int]) -> None:
    """Check what is made, with the cells that are present; what cannot be made is said in one sentence."""
    try:
        mesh = work()
    except ShapelabError as error:
        words = str(error)
        assert words.endswith(".")
        assert words[0].isupper() or "=" in words
        return
    check(mesh, sizes)
    assert present <= set(mesh.cells.tolist()) | set(mesh.quality.missing)


def attempt_labels(fill: Callable[..., TriangleMesh | TetrahedronMesh], seed: int, kind: str, axes: int) -> None:
    rng = np.random.default_rng(seed)
    labels = anything(rng, kind, axes)
    spacing, periodic = rng.uniform(0.5, 1.5, axes), rng.random(axes) < 0.5
    size = None if rng.random() < 0.5 else float(rng.uniform(1.2, 3))
    attempt(
        lambda: fill(labels, tuple(spacing), size=size, periodic=tuple(periodic.tolist())),
        labels.shape * spacing,
        set(np.unique(labels).tolist()),
    )


@settings(max_examples=8)
@given(seed=st.integers(0, 2**31), kind=st.sampled_from(KINDS))
@example(seed=2, kind="noise")
@example(seed=2, kind="dots")
def test_tetrahedra_of_any_labels(seed, kind):
    attempt_labels(conforming_tetrahedra, seed, kind, 3)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), kind=st.sampled_from(KINDS))
@example(seed=1, kind="slab")
@example(seed=2, kind="dots")
def test_triangles_of_any_labels(seed, kind):
    attempt_labels(conforming_triangles, seed, kind, 2)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**31), axes=st.sampled_from((2, 3)))
def test_meshes_of_any_diagram(seed, axes):
    rng = np.random.default_rng(seed)
    sides, count = rng.integers(8, 15, axes), int(rng.integers(2, 20))
    matrices = np.stack([np.diag(rng.uniform(0.5, 2, axes)) for _ in range(count)])
    period = tuple(float(n) if rng.random() < 0.5 else 0.0 for n in sides)
    diagram = Diagram.from_ellipsoids(
        rng.random((count, axes)) * sides, matrices, rng.uniform(-1, 1, count), ids=np.arange(count) * 2 + 3, period=period
    )
    shape = tuple(int(n) for n in sides)
    fill = diagram.tetrahedra if axes == 3 else diagram.triangles
    attempt(lambda: fill(shape, 1.0), sides.astype(float), set(np.unique(diagram.labels(shape)).tolist()))
