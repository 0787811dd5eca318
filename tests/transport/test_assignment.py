"""The pruned argmin is the argmin over all cells, for every cost, domain and set of potentials."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapelab.transport import Domain, costs
from shapelab.transport.argmin import write_labels
from shapelab.transport.assignment import Assignment
from shapelab.transport.candidates import Lists
from shapelab.transport.problem import Problem

KINDS = ("power", "ellipsoid", "spherocylinder", "segment", "capped", "custom", "mixed")


def random_cost(kind: str, n: int, d: int, p: float, rng: np.random.Generator) -> costs.Cost:
    directions, stiffness = rng.normal(size=(n, d)), rng.uniform(0.5, 2, n)
    plain, rods = costs.Power(p, stiffness, "volume"), costs.Spherocylinder(directions, 2.5, p, stiffness, "volume")
    if kind == "power":
        return plain
    if kind == "ellipsoid":
        a = rng.normal(size=(n, d, d))
        return costs.Ellipsoidal(a @ a.transpose(0, 2, 1) + 0.3 * np.eye(d), p, stiffness, "volume")
    if kind == "spherocylinder":
        return rods
    if kind == "segment":
        return costs.CoreSegment(directions, 2.5, p, stiffness, "volume")
    if kind == "capped":
        return costs.Capped(costs.Power(p, stiffness, "volume"), 2.0)
    if kind == "custom":
        return costs.Custom(lambda z, y, cell: np.abs(z).sum(-1) * (1 + 0.1 * cell))
    kinds = np.arange(n) % 2
    hard = costs.Power(rng.choice([8, 2.3], n - n // 2), 1, "volume")
    return costs.Mixed([hard, costs.Spherocylinder(directions[kinds == 1], 2.5, p, 1, "volume")], kinds)


@settings(max_examples=60)
@given(
    st.sampled_from(KINDS), st.sampled_from([0.5, 1.0, 2.0, 3.5, 8.0, 2.7]), st.integers(1, 40), st.integers(2, 3),
    st.booleans(), st.booleans(), st.booleans(), st.integers(0, 10**6),
)  # fmt: skip
def test_labels_equal_brute_force(excess, kind, p, n, d, periodic, medium, masked, seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(5, 40 if d == 2 else 14, d))
    spacing = tuple(rng.uniform(0.5, 2, d))
    mask = rng.random(shape) < 0.8 if masked else None
    if mask is not None:
        mask[(0,) * d] = True
    domain = Domain(shape, spacing, periodic, mask)
    seeds = rng.random((n, d)) * domain.size * 1.1
    volumes = np.full(n, (0.7 if medium else 1.0) * domain.volume / n)
    problem = Problem(domain, seeds, volumes, random_cost(kind, n, d, p, rng))
    potentials = problem.cost_unit * rng.uniform(0.2, 2, n)
    a = Assignment(problem.fine.blocks, n)
    a.evaluate(problem.fine.cells, potentials / problem.cost_unit, problem.medium)

    above = excess(domain, seeds, volumes, problem.cost, potentials, problem.medium)
    inside = np.ones(shape, bool).ravel() if mask is None else mask.ravel()
    label = a.pixels.label
    assert (label[~inside] == n + 1).all()
    assert (label[inside] <= n).all()
    pixels = np.flatnonzero(inside)
    paid, least = above[label[pixels], pixels], above[:, pixels].min(axis=0)
    rounding = 1e-5 if kind == "custom" else 1e-9
    assert (paid - least <= rounding * (np.abs(potentials).max() + np.abs(least))).all()
    np.testing.assert_array_equal(a.hard, np.bincount(label[inside], minlength=n + 1))
    assert a.soft.sum() == pytest.approx(inside.sum())
    image = np.empty(label.size, np.uint16)
    write_labels(image, problem.fine.blocks, problem.fine.cells, potentials / problem.cost_unit, problem.medium)
    np.testing.assert_array_equal(image, np.where(label < n, label + 1, 0))


@pytest.mark.parametrize("p", [0.5, 2, 8])
def test_pruning_changes_nothing(p):
    """The same kernel with the lists of candidates and with all cells on every list: not one label differs."""
    rng = np.random.default_rng(3)
    n, domain = 300, Domain((150, 170), 1 / 150)
    problem = Problem(domain, rng.random((n, 2)), np.full(n, 0.8 / n), costs.Power(p, rng.uniform(0.5, 2, n), "volume"))
    f = rng.uniform(0.5, 1.5, n)
    pruned, full = (Assignment(problem.fine.blocks, n) for _ in range(2))
    pruned.evaluate(problem.fine.cells, f, True)
    blocks = problem.fine.blocks
    everyone = np.tile(np.arange(n + 1, dtype=np.int32), (blocks.n_blocks, 1))
    full.assign(problem.fine.cells, f, True, Lists(everyone, np.full(blocks.n_blocks, n + 1)))
    np.testing.assert_array_equal(pruned.pixels.label, full.pixels.label)
    np.testing.assert_array_equal(pruned.hard, full.hard)


def test_candidate_lists_stay_short_as_cells_multiply():
    lengths = []
    for n in (100, 400, 1600):
        rng = np.random.default_rng(0)
        domain = Domain((256, 256), 1 / 256)
        problem = Problem(domain, rng.random((n, 2)), np.full(n, 0.9 / n), costs.L2())
        lists = problem.fine.blocks.candidates(problem.fine.cells, np.ones(n), True)
        lengths.append(lists.counts.mean())
    assert lengths[-1] < 3 * lengths[0] + 2


def test_ties_go_to_the_first_cell():
    """A tabulated cost that is the same for all cells ties everywhere: the first cell wins every pixel."""
    domain = Domain((20, 20), 0.05)
    problem = Problem(domain, np.full((3, 2), 0.5), np.full(3, 0.2), costs.Custom(lambda z, y, cell: y.sum(-1)))
    a = Assignment(problem.fine.blocks, 3)
    a.evaluate(problem.fine.cells, np.full(3, 1e3), True)
    np.testing.assert_array_equal(a.hard, [400, 0, 0, 0])
    assert a.soft.sum() == pytest.approx(400)
