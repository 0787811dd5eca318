"""Areas of labels and of their contacts, from the shared mesh: balls, disks, planes at odd angles, boxes, specks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapelab.compare import contact_areas
from shapelab.labels.contacts import face_pairs
from shapelab.measure import measure_labels
from shapelab.measure.contacts import label_contacts


def body(radius: float, steps: tuple[float, ...], offset: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """A ball or disk somewhere between the voxels, and the positions of these."""
    counts = [math.ceil(2.2 * radius / step) + 6 for step in steps]
    grids = np.meshgrid(*((np.arange(n) - (n - 1) / 2 - o) * h for n, h, o in zip(counts, steps, offset, strict=True)), indexing="ij")
    return sum(g * g for g in grids) < radius**2, grids


@pytest.mark.parametrize(
    ("radius", "steps", "error"),
    [
        (3.5, (1, 1, 1), 0.05),
        (9, (1, 1, 1), 0.01),
        (9, (3, 1, 1), 0.03),
        (4, (1, 1), 0.04),
        (9, (1, 1), 0.01),
        (15, (3, 1), 0.015),
        (1.8, (1, 1, 1), 0.25),
        (1.8, (1, 1), 0.15),
    ],
)
def test_balls_and_disks_wherever_they_lie_between_the_voxels(radius, steps, error):
    rng = np.random.default_rng(3)
    true = 4 * math.pi * radius**2 if len(steps) == 3 else 2 * math.pi * radius
    column = "area" if len(steps) == 3 else "perimeter"
    for _ in range(4):
        mask, _ = body(radius, steps, rng.uniform(-0.5, 0.5, len(steps)))
        assert measure_labels(mask * 7, steps).loc[7, column] == pytest.approx(true, rel=error)


@pytest.mark.parametrize("steps", [(1.0, 1.0), (0.5, 1.0), (1.0, 1.0, 1.0)])
def test_flat_contacts_at_odd_angles(steps):
    rng = np.random.default_rng(4)
    true = 30 if len(steps) == 2 else math.pi * 15**2
    for _ in range(5):
        mask, grids = body(15, steps, rng.uniform(-0.5, 0.5, len(steps)))
        normal = rng.normal(size=len(steps))
        side = sum(g * n for g, n in zip(grids, normal, strict=True)) > 0
        found = contact_areas(mask * (1 + side), steps)
        assert found["area"].tolist() == [pytest.approx(true, rel=0.03 if len(steps) == 2 else 0.06)]


def test_halves_of_a_box_and_what_they_have_on_its_border():
    labels = np.ones((20, 20, 30), int)
    labels[:, :, 15:] = 5
    contacts = label_contacts(labels, (2.0, 1.0, 1.0))
    assert contacts.pairs.tolist() == [[1, 2]]
    assert contacts.areas.tolist() == [pytest.approx(800, rel=1e-6)]
    assert contacts.border.tolist() == [0, *[pytest.approx(800 + 2 * 600 + 2 * 300, rel=1e-6)] * 2]
    table = measure_labels(labels, (2.0, 1.0, 1.0))
    assert table["area"].tolist() == [pytest.approx(2 * (40 * 20 + 40 * 15 + 20 * 15), rel=1e-6)] * 2


def test_corners_of_boxes_are_rounded():
    labels = np.zeros((24, 24, 24), int)
    labels[2:-2, 2:-2, 2:-2] = 1
    assert 0.85 < measure_labels(labels).loc[1, "area"] / (6 * 20**2) < 1


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), ndim=st.sampled_from([2, 3]))
def test_contacts_are_the_pairs_that_share_a_face_and_each_surface_is_whole(seed, ndim):
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(0, 6, rng.integers(1, 4, ndim)), np.ones(rng.integers(1, 5, ndim), int))
    if not labels.any():
        labels.flat[0] = 3
    contacts = label_contacts(labels, (1.0,) * ndim)
    assert contacts.ids[contacts.pairs].tolist() == face_pairs(labels).tolist()
    assert (contacts.areas > 0).all()
    table = measure_labels(labels)
    surface = table["area" if ndim == 3 else "perimeter"].to_numpy()
    size = table["volume" if ndim == 3 else "area"].to_numpy()
    least = (36 * math.pi * size**2) ** (1 / 3) if ndim == 3 else 2 * np.sqrt(math.pi * size)
    large = size >= 30
    assert (surface[large] > 0.9 * least[large]).all()  # no body has less surface than a ball


@pytest.mark.parametrize("shape", [(30, 40), (20, 24, 28)])
def test_a_cell_across_the_sides_of_a_periodic_box_is_whole(shape):
    rng = np.random.default_rng(len(shape))
    seeds = rng.random((8, len(shape))) * shape
    grid = np.stack(np.indices(shape), -1)[..., None, :] + 0.5
    away = np.abs(grid - seeds)
    labels = np.argmin((np.minimum(away, np.array(shape) - away) ** 2).sum(-1), -1) + 1
    spacing = (0.5, 0.25, 2.0)[-len(shape) :]
    table = measure_labels(labels, spacing, periodic=True)
    shift = rng.integers(1, shape)
    moved = measure_labels(np.roll(labels, shift, tuple(range(len(shape)))), spacing, periodic=True)
    names = [f"centroid_{axis}" for axis in "zyx"[-len(shape) :]]
    box = np.array(shape) * spacing
    gone = moved[names].to_numpy() - table[names].to_numpy() - shift * spacing
    assert gone - np.round(gone / box) * box == pytest.approx(0, abs=1e-9)
    others = [name for name in table if name not in names]
    assert moved[others].to_numpy(float) == pytest.approx(table[others].to_numpy(float), rel=2e-2)
    assert not moved["touches_border"].any()
    assert (moved[names].to_numpy() >= -0.5 * np.array(spacing)).all()
    assert (moved[names].to_numpy() < box).all()
