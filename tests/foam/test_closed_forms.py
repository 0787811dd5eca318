"""Foams against what is known exactly: how discs, balls and cells of a coarsening foam grow, and what crystals of bubbles cost."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from turning import RAMP, expected_growth, line_lengths, turning

import shapelab as sl
from shapelab.foam import settle_exactly
from shapelab.foam.lattices import KELVIN, WEAIRE_PHELAN, lattice_foam
from shapelab.labels.contacts import contact_pairs


def grid(n: int, ndim: int, origin: float) -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(n) - origin] * ndim, indexing="ij"), axis=-1)


@pytest.mark.parametrize(("ndim", "radius", "width"), [(2, 24, 2.0), (2, 24, 2.5), (2, 32, 4.0), (3, 14, 2.0), (3, 16, 3.0)])
def test_a_disc_and_a_ball_shrink_with_their_curvature(ndim, radius, width):
    """R² falls by 2 (d - 1) t: the time of a frame is that of motion by curvature."""
    labels = (np.linalg.norm(grid(2 * radius + 16, ndim, radius + 7.4), axis=-1) < radius).astype(np.uint8)
    simulation = sl.Foam(labels=labels, tensions={(0, 1): 1.0}, exact_volumes=False, smoothing=width)
    squares, times = [], []
    for frame in simulation.run(60, every=1):
        volume = frame.layer("seeds").meta["features"]["volume"][0]
        squares.append((volume / np.pi if ndim == 2 else (0.75 * volume / np.pi) ** (2 / 3)) if frame.step > 2 else radius**2)
        times.append(frame.time)
        if squares[-1] < 0.6 * radius**2:
            break
    rate = np.polyfit(times[3:], squares[3:], 1)[0]
    assert rate == pytest.approx(-2 * (ndim - 1), rel=0.015)


def many_sided(frame: sl.Frame) -> dict[int, int]:
    """Number of sides of each cell whose sides are all longer than six pixels."""
    pairs, lengths = contact_pairs(frame["cells"].astype(np.int64), (1.0, 1.0), periodic=True)
    own = {cell: lengths[(pairs == cell).any(axis=1)] for cell in np.unique(frame["cells"]).tolist()}
    return {cell: len(sides) for cell, sides in own.items() if sides.min() > 6}


def volumes(frame: sl.Frame) -> dict[int, float]:
    features = frame.layer("seeds").meta["features"]
    return dict(zip(features["id"].tolist(), features["volume"].tolist(), strict=True))


def test_cells_grow_by_their_number_of_sides():
    """Von Neumann: dA/dt = (pi/3) (n - 6)."""
    simulation = sl.Foam("coarsening", shape=(192, 192), n_cells=34, seed=0, smoothing=2.0)
    *_, before = simulation.run(24, every=24)
    sides, grown = [], []
    for _ in range(8):
        *_, after = simulation.run(8, every=8)
        first, last, old, new = many_sided(before), many_sided(after), volumes(before), volumes(after)
        same = [cell for cell in first.keys() & last.keys() if first[cell] == last[cell] and min(old[cell], new[cell]) > 250]
        sides += [first[cell] - 6 for cell in same]
        grown += [(new[cell] - old[cell]) / (after.time - before.time) for cell in same]
        before = after
    slope, at_six = np.polyfit(sides, grown, 1)
    assert slope == pytest.approx(np.pi / 3, rel=0.03)
    assert abs(at_six) < 0.05


def ramped(distance: np.ndarray) -> np.ndarray:
    """The distance as far as the ramp across an interface tells it."""
    return np.clip(distance, -RAMP, RAMP)


@pytest.mark.parametrize("turned", [False, True])
def test_the_turning_of_known_bodies(turned):
    """Of a ball it is 8 pi R; of polyhedra the sum over their edges of length times angle; of a lens that of its caps and its rim."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0] if turned else np.eye(3)
    x = grid(56, 3, 27.3) @ axes
    radius, edge, apart = 12.0, 8.0, 7.0
    ball = radius - np.linalg.norm(x, axis=-1)
    cube = radius - np.abs(x).max(axis=-1)
    octahedron = np.minimum((np.sqrt(2) * edge - np.abs(x)).min(axis=-1), np.sqrt(1.5) * edge - np.abs(x).sum(axis=-1) / np.sqrt(3))
    lens = np.minimum(*(radius - np.linalg.norm(x + np.array([side, 0, 0]), axis=-1) for side in (apart, -apart)))
    rim = np.arccos(apart / radius)
    caps = 8 * np.pi * (radius - apart)
    for body, known, allowed in (
        (ball, 8 * np.pi * radius, 0.005),
        (cube, 12 * np.pi * radius, 0.025),
        (octahedron, 12 * np.pi * edge, 0.02),
        (lens, caps + 2 * np.pi * radius * np.sin(rim) * (np.pi - 2 * rim), 0.02),
    ):
        assert turning(ramped(body)) == pytest.approx(known, rel=allowed)


def test_the_lines_of_a_lattice_have_their_length():
    """Truncated octahedra have 36 edges of side / sqrt(8); of flat faces and these angles, none grows."""
    simulation = lattice_foam(KELVIN, 20, repeats=2)
    lengths = line_lengths(simulation.frame()["cells"])
    np.testing.assert_allclose(lengths, 36 * 20 / np.sqrt(8), rtol=0.01)


def test_cells_in_space_grow_by_their_width_and_their_lines():
    """MacPherson and Srolovitz: dV/dt = -2 pi (L - E/6)."""
    n = 60
    places = np.random.default_rng(5).uniform(0, n, (9, 3))
    labels = cKDTree(places, boxsize=[n] * 3).query(grid(n, 3, 0.0).reshape(-1, 3))[1].reshape(n, n, n) + 1
    simulation = sl.Foam(labels=labels, periodic=True, background="none", first=1.0, exact_volumes=False, junctions="fine", smoothing=2.0)
    *_, before = simulation.run(14, every=14)
    expected, grown = [], []
    for _ in range(2):
        *_, _ = simulation.run(2, every=2)
        rates = expected_growth(simulation)
        *_, after = simulation.run(2, every=2)
        old, new = volumes(before), volumes(after)
        big = [cell for cell in rates.keys() & new.keys() if min(old[cell], new[cell]) > 3000]
        expected += [rates[cell] for cell in big]
        grown += [(new[cell] - old[cell]) / (after.time - before.time) for cell in big]
        before = after
    slope = np.polyfit(expected, grown, 1)[0]
    assert slope == pytest.approx(1, rel=0.1)  # the smallest cells are some smoothing widths across, and faster
    assert np.corrcoef(expected, grown)[0, 1] > 0.99


@pytest.mark.parametrize(("lattice", "side", "repeats", "known"), [(KELVIN, 16, 2, 5.306), (WEAIRE_PHELAN, 28, 1, 5.288)])
def test_crystals_of_bubbles_have_their_energies(lattice, side, repeats, known):
    """Surface of a cell of volume 1: R. Phelan, D. Weaire, K. Brakke, Exp. Math. 4, 181 (1995)."""
    simulation = lattice_foam(lattice, side, repeats=repeats)
    *_, _ = simulation.run(12, every=12)
    foam = settle_exactly(simulation, max_steps=8)
    volume = float(np.mean(list(foam.volumes.values())))
    assert 2 * foam.energy / (len(foam.volumes) * volume ** (2 / 3)) == pytest.approx(known, rel=0.003)
    assert foam.volume_error < 5e-4
