"""Costs: scalings, gauges and what is refused."""

import numpy as np
import pytest

import shapelab as sl
from shapelab.transport import Domain, costs
from shapelab.transport.compiled import kernel
from shapelab.transport.point_cost import AXIS, HALF_POWER, KIND, LENGTH, QUADRATIC, cost_at, gauge_slope
from shapelab.transport.problem import Problem


@kernel
def _relative_slope(kind, z, a, length):
    return gauge_slope(kind, z[0], z[1], z[2], a[0], a[1], a[2], a[3], a[4], a[5], length)


def make(name, d, p=3.0, scaling="volume"):
    rng = np.random.default_rng(0)
    u = rng.normal(size=(1, d))
    return {
        "power": costs.Power(p, 1.7, scaling),
        "ellipsoid": costs.Ellipsoidal.from_axes(u, 2.5, p, 1.7, scaling),
        "spherocylinder": costs.Spherocylinder(u, 3.0, p, 1.7, scaling),
        "segment": costs.CoreSegment(u, 3.0, p, 1.7, scaling),
    }[name]


NAMES = ("power", "ellipsoid", "spherocylinder", "segment")


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_level_set_has_the_target_volume(name, d):
    """{c < C} under "level_set" scaling has the volume of the cell, and under "volume" scaling c averages to C over it."""
    n = 160 if d == 2 else 56
    domain = Domain((n,) * d, 1 / n)
    y, volume = domain.pixel_centres(), 0.12 if d == 2 else 0.05
    z = y - 0.5
    level = make(name, d, scaling="level_set").table(np.array([volume]), d).values(z, y, 0)
    inside = level < 1.7
    assert inside.mean() == pytest.approx(volume, rel=0.01 if d == 2 else 0.03)
    mean = make(name, d, scaling="volume").table(np.array([volume]), d).values(z, y, 0)[inside].mean()
    assert mean == pytest.approx(1.7, rel=0.02 if d == 2 else 0.05)
    constant = make(name, d, scaling="constant").table(np.array([volume]), d)
    assert constant.scale[0] == pytest.approx(1.7)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_compiled_cost_and_gradient_equal_numpy(name, d):
    domain = Domain((16,) * d, 1 / 16)
    seeds, volume = np.full((1, d), 0.47), np.array([0.1])
    problem = Problem(domain, seeds, volume, make(name, d))
    cells, grid = problem.fine.cells, problem.fine.blocks.grid
    table, y = problem.cost.table(volume, d), domain.pixel_centres()
    for index in [(1, 2, 3), (12, 9, 4), (8, 15, 8), (7, 3, 14)]:
        k = (0, *index[:2]) if d == 2 else index
        at = y[index[:d]]
        c = cost_at(cells, 0, *((np.array(k) + 0.5) * grid.geometry[:3]), grid.geometry, 0)
        assert c * problem.cost_unit == pytest.approx(float(table.values(at - seeds[0], at, 0)), rel=1e-9)
        row, kind = cells.values[0], int(cells.codes[0, KIND])
        shape = row[QUADRATIC : QUADRATIC + 6] if kind < 2 else row[AXIS : AXIS + 6]
        z = (np.array(k) + 0.5) * grid.geometry[:3] - row[:3]
        g = 2 * row[HALF_POWER] * c * np.array(_relative_slope(kind, z, shape, row[LENGTH]))[3 - d :] * problem.cost_unit
        step = 1e-6
        expected = [
            float(table.values(at + e - seeds[0], at, 0) - table.values(at - e - seeds[0], at, 0)) / (2 * step) for e in step * np.eye(d)
        ]
        np.testing.assert_allclose(g, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


def test_from_axes_has_unit_determinant_and_the_ratio_asked_for():
    for d in (2, 3):
        a = costs.Ellipsoidal.from_axes(np.eye(d)[:1], 4.0).matrices[0]
        assert np.linalg.det(a) == pytest.approx(1)
        semi_axes = 1 / np.sqrt(np.diag(a))
        assert semi_axes[0] / semi_axes[1] == pytest.approx(4)


def test_torch_function_as_cost():
    import torch

    rng = np.random.default_rng(1)
    seeds, volumes = rng.random((12, 2)), np.full(12, 0.8 / 12)
    ours = sl.solve_cells(seeds, volumes, (48, 48), 1 / 48, costs.L2())
    theirs = sl.solve_cells(seeds, volumes, (48, 48), 1 / 48, costs.Custom(lambda z, y, cell: torch.sum(z * z, -1), torch=True))
    assert theirs.converged
    assert (ours.labels == theirs.labels).mean() > 0.97


def test_biased_cost_stretches_the_cell_the_way_of_its_bias():
    cost = costs.Biased(costs.L2(), lambda z, y, cell: 1.0 * (z[..., 1] > 0))
    solution = sl.solve_cells([[0.5, 0.4]], [0.1], (64, 64), 1 / 64, cost)
    assert solution.centroids[0, 1] > 0.42
    assert solution.centroids[0, 0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("cost", "word"),
    [
        (costs.Power(-1), "p must be positive"),
        (costs.Power(2, np.ones(3)), "stiffness has shape"),
        (costs.Power(2, 1, "level-set"), "level_set"),
        (costs.Ellipsoidal(np.diag([1.0, -1.0])), "positive definite"),
        (costs.Ellipsoidal(np.eye(3)), "2 x 2"),
        (costs.Spherocylinder(np.zeros((2, 2))), "not zero"),
        (costs.Spherocylinder(np.ones((2, 2)), 0.5), "at least 1"),
        (costs.Mixed([costs.L2()], [0, 1]), "which of its 1 costs"),
        (costs.Custom(lambda z, y, cell: np.full(z.shape[:-1], np.nan)), "finite"),
    ],
)
def test_refusals_say_what_is_wrong(cost, word):
    with pytest.raises(sl.ShapelabError, match=word):
        sl.solve_cells(np.full((2, 2), 0.5), [0.1, 0.1], (16, 16), 1 / 16, cost)
