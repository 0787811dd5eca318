"""Solving for prescribed volumes: tolerances, invariances, domains, warm starts, refusals."""

import threading
from itertools import pairwise

import numpy as np
import pytest

import shapelab as sl
from shapelab.box import to_box
from shapelab.transport import Domain, Solver, costs
from shapelab.transport.iterate import Goal, Iterate
from shapelab.transport.problem import Problem


def random_cells(n, d=2, fill=0.9, seed=0):
    rng = np.random.default_rng(seed)
    volumes = 0.2 + 0.8 * rng.random(n)
    return rng.random((n, d)), volumes * fill / volumes.sum()


def counted(solution, n, pixel):
    return np.bincount(solution.labels.ravel(), minlength=n + 1)[1:] * pixel


@pytest.mark.parametrize("periodic", [False, True, (True, False)])
@pytest.mark.parametrize("fill", [0.4, 0.9, 1.0])
@pytest.mark.parametrize("p", [0.5, 2, 8])
def test_volumes_within_tolerance(p, fill, periodic):
    seeds, volumes = random_cells(40, fill=fill)
    solution = sl.solve_cells(seeds, volumes, (128, 128), 1 / 128, costs.Power(p, 1, "volume"), periodic=periodic)
    errors = np.abs(counted(solution, 40, 1 / 128**2) - volumes) / volumes
    assert solution.converged, solution.message
    assert errors.mean() <= 0.01
    assert (errors <= np.maximum(0.05, 2 / (volumes * 128**2))).all()
    assert solution.mean_error == pytest.approx(errors.mean())
    assert (solution.labels == 0).mean() == pytest.approx(1 - fill, abs=0.01)


@pytest.mark.parametrize("fill", [0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_stiff_cells_of_one_scale_at_random_places(seed, fill):
    """Potentials span orders of magnitude here, and cells whose seeds nearly coincide are tied together."""
    seeds, volumes = random_cells(80, fill=fill, seed=seed)
    seeds[1], seeds[3] = seeds[0] + 0.3 / 128, seeds[2] + 1.5 / 128
    solution = sl.solve_cells(seeds, volumes, (128, 128), 1 / 128, costs.Power(8))
    assert solution.converged, solution.message


@pytest.mark.parametrize("name", ["ellipsoid", "spherocylinder", "segment", "mixed", "stiffness"])
@pytest.mark.parametrize("d", [2, 3])
def test_every_cost_converges(name, d):
    n, side = (30, 96) if d == 2 else (20, 32)
    seeds, volumes = random_cells(n, d, 0.7)
    u = np.random.default_rng(5).normal(size=(n, d))
    cost = {
        "ellipsoid": costs.Ellipsoidal.from_axes(u, 2.5),
        "spherocylinder": costs.Spherocylinder(u, 3, 3.5, 1, "volume"),
        "segment": costs.CoreSegment(u, 3, 2, 1, "volume"),
        "mixed": costs.Mixed([costs.Power(8, 1, "volume"), costs.Power(0.5, 1, "volume")], np.arange(n) % 2),
        "stiffness": costs.L2(np.linspace(0.4, 3.5, n), "volume"),
    }[name]
    solution = sl.solve_cells(seeds, volumes, (side,) * d, 1 / side, cost)
    assert solution.converged, solution.message


def test_potentials_define_the_labels(excess):
    seeds, volumes = random_cells(25)
    domain = Domain((64, 80), (1 / 64, 1 / 80))
    solution = sl.solve_cells(seeds, volumes, domain.shape, domain.spacing)
    above = excess(domain, seeds, volumes, costs.L2(), solution.potentials, True)
    expected = (above.argmin(axis=0) + 1) % 26
    assert (solution.labels.ravel() == expected).mean() > 0.9999


def test_lonely_cells_are_balls():
    for d, side in ((2, 200), (3, 64)):
        volume = 0.08
        solution = sl.solve_cells(np.full((1, d), 0.5), [volume], (side,) * d, 1 / side)
        radius = (volume / (np.pi if d == 2 else 4 / 3 * np.pi)) ** (1 / d)
        assert np.sqrt(solution.potentials[0]) == pytest.approx(radius, rel=0.01)
        np.testing.assert_allclose(solution.moments.covariances[0], radius**2 / (d + 2) * np.eye(d), atol=0.02 * radius**2 / (d + 2))
        np.testing.assert_allclose(to_box(solution.centroids[0], 1 / side), 0.5, atol=1e-3)


def test_masks_are_respected_with_and_without_medium():
    y, x = np.mgrid[:96, :96]
    disk = (y - 47.5) ** 2 + (x - 47.5) ** 2 < 44**2
    seeds, volumes = random_cells(30)
    for share in (0.7, 1.0):
        targets = volumes / volumes.sum() * share * disk.sum() / 96**2
        solution = sl.solve_cells(seeds, targets, (96, 96), 1 / 96, mask=disk)
        assert solution.converged, solution.message
        assert (solution.labels[~disk] == 0).all()
        assert (share < 1) == bool((solution.labels[disk] == 0).any())


def test_anisotropic_voxels_are_physical():
    rng = np.random.default_rng(0)
    shape, spacing = (20, 60, 80), (1.0, 0.5, 0.25)
    box = np.multiply(shape, spacing)
    solution = sl.solve_cells(rng.random((25, 3)) * box, np.full(25, 0.8 * box.prod() / 25), shape, spacing)
    assert solution.converged
    assert counted(solution, 25, np.prod(spacing)) == pytest.approx(solution.volumes)
    lonely = sl.solve_cells([box / 2], [0.1 * box.prod()], shape, spacing).moments.covariances[0]
    np.testing.assert_allclose(np.diag(lonely), lonely.trace() / 3, rtol=0.02)


def test_order_of_cells_does_not_matter():
    seeds, volumes = random_cells(30)
    order = np.random.default_rng(1).permutation(30)
    a = sl.solve_cells(seeds, volumes, (96, 96), 1 / 96, counting="subpixel", tolerance=1e-3)
    b = sl.solve_cells(seeds[order], volumes[order], (96, 96), 1 / 96, counting="subpixel", tolerance=1e-3)
    back = np.concatenate([[0], order + 1])
    assert (back[b.labels] == a.labels).mean() > 0.995


def test_translation_and_reflection():
    seeds, volumes = random_cells(30)
    a = sl.solve_cells(seeds, volumes, (96, 96), 1 / 96, periodic=True, tolerance=1e-3, counting="subpixel")
    moved = sl.solve_cells(seeds + np.array([10, 37]) / 96, volumes, (96, 96), 1 / 96, periodic=True, tolerance=1e-3, counting="subpixel")
    flipped = sl.solve_cells(seeds * [-1, 1] + [1, 0], volumes, (96, 96), 1 / 96, periodic=True, tolerance=1e-3, counting="subpixel")
    assert (np.roll(a.labels, (10, 37), (0, 1)) == moved.labels).mean() > 0.99
    assert (a.labels[::-1] == flipped.labels).mean() > 0.99


def test_lloyd_relaxation_gives_six_neighbours_and_lowers_the_energy():
    rng = np.random.default_rng(2)
    n, side = 60, 128
    seeds = rng.random((n, 2))
    solver = Solver(Domain((side, side), 1 / side, True), seeds, np.full(n, 1 / n), tolerance=5e-3)
    energies = []
    for _ in range(12):
        solution = solver.solve()
        moments = solution.moments
        spread = np.trace(moments.covariances, axis1=1, axis2=2) + (moments.offsets**2).sum(1)
        energies.append((moments.volumes * spread).sum())
        solver.update(seeds=moments.centroids)
    assert all(later < 1.002 * earlier for earlier, later in pairwise(energies))
    contacts = moments.pairs[moments.areas > 0.25 / side]
    assert 2 * len(contacts) / n == pytest.approx(6, abs=0.3)


def test_warm_starts_take_few_passes():
    seeds, volumes = random_cells(100)
    solver = Solver(Domain((160, 160), 1 / 160), seeds, volumes, tolerance=0.02, max_tolerance=0.1)
    for _ in range(4):
        solver.update(seeds=solver.solve().moments.centroids)
    solver.solve()
    rng = np.random.default_rng(0)
    passes = []
    for _ in range(5):
        solver.update(seeds=solver.seeds + 0.05 * np.sqrt(volumes / np.pi)[:, None] * rng.normal(size=(100, 2)))
        solution = solver.solve()
        assert solution.converged, solution.message
        passes.append(solution.passes)
    assert np.median(passes) <= 3


def test_cells_come_and_go():
    seeds, volumes = random_cells(20, fill=0.6)
    solver = Solver(Domain((96, 96), 1 / 96), seeds, volumes)
    solver.solve()
    keep = np.r_[1:20, -1]
    solver.update(seeds=np.vstack([seeds[1:], [0.5, 0.5]]), volumes=np.r_[volumes[1:], 0.01], keep=keep)
    solution = solver.solve()
    assert solution.converged, solution.message
    assert len(solution.volumes) == 20


def test_same_problem_same_result_and_potentials_restore_a_run():
    seeds, volumes = random_cells(30)
    domain = Domain((96, 96), 1 / 96)
    first, second = Solver(domain, seeds, volumes), Solver(domain, seeds, volumes)
    a = first.solve()
    np.testing.assert_array_equal(a.labels, second.solve().labels)
    moved = seeds + 0.003
    first.update(seeds=moved)
    third = Solver(domain, moved, volumes)
    third.potentials = a.potentials
    np.testing.assert_array_equal(first.solve().labels, third.solve().labels)


def test_infeasible_volumes_are_refused_with_the_numbers():
    with pytest.raises(sl.ShapelabError, match=r"total volume of 1\.2 but the domain holds 1"):
        sl.solve_cells(np.full((2, 2), 0.5), [0.6, 0.6], (32, 32), 1 / 32)
    with pytest.raises(sl.ShapelabError, match=r"cell 1 asks for -0.1"):
        sl.solve_cells(np.full((2, 2), 0.5), [0.6, -0.1], (32, 32), 1 / 32)
    with pytest.raises(sl.ShapelabError, match=r"needs \(N, 2\)"):
        sl.solve_cells(np.full((2, 3), 0.5), [0.1, 0.1], (32, 32), 1 / 32)
    with pytest.raises(sl.ShapelabError, match="less than half a pixel"):
        sl.solve_cells([[0.5, 0.5]], [1e-5], (32, 32), 1 / 32)
    with pytest.raises(sl.ShapelabError, match="tolerance"):
        sl.solve_cells([[0.5, 0.5]], [0.1], (32, 32), 1 / 32, tolerance=0)
    with pytest.raises(sl.ShapelabError, match="mask has shape"):
        sl.solve_cells([[0.5, 0.5]], [0.1], (32, 32), 1 / 32, mask=np.ones((3, 3)))


def test_missed_tolerance_is_reported_with_the_quantum():
    solution = sl.solve_cells(*random_cells(40), (24, 24), 1 / 24, tolerance=1e-4)
    assert not solution.converged
    assert "Not converged" in solution.message
    assert "pixels, one of which is" in solution.message


def test_no_cells_one_cell_and_cells_in_one_place():
    empty = sl.solve_cells(np.zeros((0, 2)), [], (16, 16))
    assert empty.labels.shape == (16, 16)
    assert not empty.labels.any()
    assert sl.solve_cells([[0.5, 0.5]], [1.0], (16, 16), 1 / 16).labels.min() == 1
    together = sl.solve_cells(np.full((6, 2), 0.5), np.full(6, 0.1), (64, 64), 1 / 64)
    assert together.converged, together.message


def test_abort_ends_a_solve():
    event = threading.Event()
    event.set()
    solution = sl.solve_cells(*random_cells(200), (256, 256), 1 / 256, tolerance=1e-4, abort=event)
    assert not solution.converged
    assert "stopped on request" in solution.message
    assert solution.passes <= 2


def test_labels_never_overflow_their_type():
    assert sl.solve_cells(*random_cells(5), (32, 32), 1 / 32).labels.dtype == np.uint16
    n = 66_000
    y, x = np.divmod(np.arange(n), 264)
    many = sl.solve_cells(np.c_[y + 0.5, x + 0.5], np.ones(n), (250, 264), tolerance=0.5)
    assert many.labels.dtype == np.uint32
    assert many.labels.max() == n


@pytest.mark.parametrize(("method", "tolerance"), [("lbfgs", 0.01), ("sinkhorn", 0.08)])
def test_other_solvers_agree(method, tolerance):
    seeds, volumes = random_cells(30)
    solution = sl.solve_cells(seeds, volumes, (96, 96), 1 / 96, method=method, tolerance=tolerance)
    newton = sl.solve_cells(seeds, volumes, (96, 96), 1 / 96)
    assert solution.mean_error <= tolerance
    assert (solution.labels == newton.labels).mean() > (0.98 if method == "lbfgs" else 0.9)


@pytest.mark.parametrize("fill", [0.6, 1.0])
def test_exact_volumes(fill):
    seeds, volumes = random_cells(40, fill=fill)
    solution = sl.solve_cells(seeds, volumes, (80, 90), (1 / 80, 1 / 90), exact=True)
    pixels = np.bincount(solution.labels.ravel(), minlength=41)[1:]
    targets = volumes * 80 * 90
    assert np.abs(pixels - targets).max() < 1
    assert pixels.sum() == round(targets.sum())
    loose = sl.solve_cells(seeds, volumes, (80, 90), (1 / 80, 1 / 90))
    assert (solution.labels == loose.labels).mean() > 0.98


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("name", ["power", "ellipsoid", "rods", "segment", "custom", "mixed"])
def test_potentials_give_the_labels_again(name, periodic):
    from shapelab.transport.passes import label_image
    from shapelab.transport.problem import Problem

    seeds, volumes = random_cells(25, fill=0.8)
    u = np.random.default_rng(3).normal(size=(25, 2))
    mask = np.ones((60, 70), bool)
    mask[20:30, 10:20] = False
    cost = {
        "power": costs.Power(np.linspace(0.5, 8, 25), 1, "volume"),
        "ellipsoid": costs.Ellipsoidal.from_axes(u, 3),
        "rods": costs.Spherocylinder(u, 3, 3.5, 1, "volume"),
        "segment": costs.CoreSegment(u, 3, 2, 1, "volume"),
        "custom": costs.Custom(lambda z, y, cell: np.abs(z).sum(-1)),
        "mixed": costs.Mixed([costs.Capped(costs.L2(), 0.05), costs.Spherocylinder(u[1::2], 2)], np.arange(25) % 2),
    }[name]
    domain = Domain((60, 70), (1 / 60, 1 / 70), periodic, mask)
    solution = Solver(domain, seeds, volumes, cost, tolerance=0.05).solve()
    np.testing.assert_array_equal(
        label_image(Problem(domain, domain.wrap(seeds), np.asarray(volumes, float), cost), solution.potentials), solution.labels
    )


@pytest.mark.parametrize(("shape", "periodic"), [((40, 56), False), ((40, 56), True), ((16, 20, 24), (True, False, True))])
def test_single_cells_get_exactly_their_pixels_wherever_they_lie(shape, periodic):
    rng = np.random.default_rng(11)
    domain, n = Domain(shape, 1.0, periodic), 12
    volumes = domain.volume / n * rng.uniform(0.3, 0.9, n)
    problem = Problem(domain, rng.uniform(0, domain.shape, (n, domain.ndim)), volumes, costs.Power(2))
    iterate = Iterate(problem, Goal(0.01, np.full(n, 0.05), subpixel=False))
    for cell in range(n):
        f = rng.uniform(0.5, 1.5, n)
        f[cell] = rng.choice([-1.0, 0.2])  # empty, too small
        for _ in range(2):
            iterate.evaluate(f)
            f = iterate.exact_steps(f, np.array([cell]))
            iterate.evaluate(f)
            assert iterate.assignment.hard[cell] == iterate.whole[cell]
            f[cell] *= 1.03  # too large
