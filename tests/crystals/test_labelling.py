"""The pruned argmax is exact, on any order, in 2-D and 3-D, periodic or not."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.crystals import Diagram
from shapelab.crystals.polynomials import basis, exponents, product_table
from shapelab.crystals.tiles import Grid, tile_lists
from shapelab.errors import InputError


def random_diagram(rng: np.random.Generator, n: int, shape: tuple[int, ...], order: int) -> Diagram:
    dim = len(shape)
    coefficients = rng.normal(scale=0.3, size=(n, len(exponents(order, dim))))
    degree = exponents(order, dim)
    squares = (degree.sum(1) == 2) & (degree.max(1) == 2)
    coefficients[:, squares] -= 8
    coefficients[:, degree.sum(1) > 2] *= 0.02
    radii = np.full(n, 0.6 * (np.prod(shape) / n) ** (1 / dim))
    return Diagram(order, coefficients, rng.uniform(0, 1, (n, dim)) * shape, radii, np.arange(1, n + 1))


def brute_force(diagram: Diagram, shape: tuple[int, ...]) -> np.ndarray:
    axes = np.meshgrid(*[np.arange(n) + 0.5 for n in shape], indexing="ij")
    local = (np.stack(axes, -1)[..., None, :] - diagram.centres) / diagram.radii[:, None]
    monomials = np.prod(local[..., None, :] ** exponents(diagram.order, diagram.ndim), -1)
    return np.argmax((monomials * diagram.coefficients).sum(-1), -1)


CASES = [(1, (40, 50), 20), (2, (61, 45), 40), (3, (40, 37), 15), (4, (33, 50), 15), (2, (13, 20, 35), 25), (3, (9, 21, 18), 10)]


@pytest.mark.parametrize(("order", "shape", "n"), CASES)
def test_argmax_equals_brute_force(order: int, shape: tuple[int, ...], n: int) -> None:
    diagram = random_diagram(np.random.default_rng(order), n, shape, order)
    np.testing.assert_array_equal(diagram.indices(shape), brute_force(diagram, shape))


@pytest.mark.parametrize(("order", "shape", "n"), CASES[1:5])
def test_the_cards_kernel_gives_the_same_labels(order: int, shape: tuple[int, ...], n: int) -> None:
    pytest.importorskip("warp")
    diagram = random_diagram(np.random.default_rng(7), n, shape, order)
    np.testing.assert_array_equal(diagram.indices(shape, device="warp:cpu"), diagram.indices(shape))


def test_candidate_lists_hold_every_cell_within_the_slack() -> None:
    diagram = random_diagram(np.random.default_rng(3), 30, (48, 48), 2)
    grid = Grid.of((48, 48), (1.0, 1.0))
    lists = tile_lists(grid, diagram.coefficients, diagram.centres_3d(), diagram.radii, basis(2, 2), slack=5.0)
    axes = np.stack(np.meshgrid(np.arange(48) + 0.5, np.arange(48) + 0.5, indexing="ij"), -1)
    local = (axes[..., None, :] - diagram.centres) / diagram.radii[:, None]
    values = (np.prod(local[..., None, :] ** exponents(2, 2), -1) * diagram.coefficients).sum(-1)
    near = values >= values.max(-1, keepdims=True) - 5.0
    for t in range(len(lists.count)):
        y, x = t // 3 * 8, t % 3 * 16
        needed = np.flatnonzero(near[y : y + 8, x : x + 16].any((0, 1)))
        assert set(needed) <= set(lists.index[t, : lists.count[t]])
    assert lists.count.mean() < 20


def test_spacing_and_resolution_do_not_move_the_cells() -> None:
    diagram = random_diagram(np.random.default_rng(5), 20, (40, 40), 2)
    fine = diagram.labels((120, 120), spacing=1 / 3)
    np.testing.assert_array_equal(fine[1::3, 1::3], diagram.labels((40, 40)))


def test_periodic_diagram_is_invariant_under_a_shift_by_the_box() -> None:
    rng = np.random.default_rng(2)
    seeds, matrices = rng.uniform(0, 30, (12, 2)), np.tile(np.eye(2), (12, 1, 1))
    here = Diagram.from_ellipsoids(seeds, matrices, np.zeros(12), period=(30.0, 30.0))
    there = Diagram.from_ellipsoids(seeds + np.array([30.0, -30.0]), matrices, np.zeros(12), period=(30.0, 30.0))
    np.testing.assert_array_equal(here.labels((30, 30)), there.labels((30, 30)))
    rolled = Diagram.from_ellipsoids(np.mod(seeds + 7, 30), matrices, np.zeros(12), period=(30.0, 30.0))
    np.testing.assert_array_equal(np.roll(here.labels((30, 30)), 7, (0, 1)), rolled.labels((30, 30)))


def test_ellipsoids_describe_the_same_cells_even_when_some_matrices_are_not_positive() -> None:
    rng = np.random.default_rng(4)
    matrices = np.tile(np.eye(2), (10, 1, 1)) + 0.2 * rng.normal(size=(10, 2, 2))
    matrices = matrices + matrices.transpose(0, 2, 1) - 2.1 * np.eye(2)
    diagram = Diagram.from_ellipsoids(rng.uniform(0, 30, (10, 2)), matrices, rng.normal(size=10), np.full(10, 5.0))
    seeds, positive, weights = diagram.ellipsoids()
    assert np.linalg.eigvalsh(matrices).min() < 0 < np.linalg.eigvalsh(positive).min()
    np.testing.assert_array_equal(Diagram.from_ellipsoids(seeds, positive, weights).labels((30, 30)), diagram.labels((30, 30)))


def test_product_table_multiplies_monomials() -> None:
    t = np.array([0.3, -1.2, 0.7])
    low, high = exponents(2, 3), exponents(4, 3)
    products = np.prod(t**low, 1)[:, None] * np.prod(t**low, 1)
    np.testing.assert_allclose(np.prod(t**high, 1)[product_table(2, 3)], products)


def test_wrong_number_of_axes_is_a_sentence() -> None:
    diagram = random_diagram(np.random.default_rng(0), 5, (20, 20), 2)
    with pytest.raises(InputError, match="2 axes"):
        diagram.labels((4, 20, 20))


@pytest.mark.parametrize(("dim", "order"), [(2, 4), (3, 4), (2, 6), (3, 6)])
def test_a_fall_is_a_power_of_the_distance(dim: int, order: int) -> None:
    plain = Diagram.from_ellipsoids(np.zeros((1, dim)), np.eye(dim)[None], np.ones(1))
    t = np.array([0.3, -0.5, 0.7])[:dim]
    monomials = (t ** exponents(order, dim)).prod(1)
    values = [float(plain.raised(order, fall).coefficients[0] @ monomials) for fall in (0.0, 2.0)]
    assert values[1] - values[0] == pytest.approx(-2 * (t @ t) ** (order / 2))
