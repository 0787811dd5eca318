"""The kernels for graphics cards on one core of the processor, against the compiled kernels: labels, sums, forces, solves."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.errors import ParameterError
from shapelab.transport import Domain, Solver, costs
from shapelab.transport.assignment import Assignment
from shapelab.transport.forces import boundary_forces
from shapelab.transport.moments import measure_cells
from shapelab.transport.pairs import conjugate_gradients
from shapelab.transport.passes import assignment_on, label_image
from shapelab.transport.problem import Problem

wp = pytest.importorskip("warp")

from shapelab.gpu.queue import Counts, Queue  # noqa: E402 - only where Warp is

KINDS = ("power", "soft", "hard", "odd", "ellipsoid", "rod", "segment", "capped", "biased", "custom", "mixed")
DOMAINS = {"bounded": (2, False, True), "periodic": (2, True, False), "space": (3, True, True)}


def cost_of(kind: str, n: int, d: int, rng: np.random.Generator) -> costs.Cost:
    u, c = rng.normal(size=(n, d)), rng.uniform(0.5, 2, n)
    if kind == "mixed":
        which = np.arange(n) % 2
        rods = costs.Spherocylinder(u[which == 1], 2.5, 2, 1, "volume")
        return costs.Mixed([costs.Power(8, 1, "volume"), rods], which)
    return {
        "power": costs.Power(2, c, "volume"),
        "soft": costs.Power(0.5, c, "volume"),
        "hard": costs.Power(8, c, "volume"),
        "odd": costs.Power(2.7, c, "volume"),
        "ellipsoid": costs.Ellipsoidal.from_axes(u, 2.5, 2, c, "volume"),
        "rod": costs.Spherocylinder(u, 2.5, 2, c, "volume"),
        "segment": costs.CoreSegment(u, 2.5, 3, c, "volume"),
        "capped": costs.Capped(costs.Power(2, c, "volume"), 2.0),
        "biased": costs.Biased(costs.L2(), lambda z, y, cell: 0.3 * (z[..., -1] > 0)),
        "custom": costs.Custom(lambda z, y, cell: np.abs(z).sum(-1) * (1 + 0.1 * cell)),
    }[kind]


def problems(kind: str, where: str, dtype: str, n: int = 25) -> tuple[Problem, Problem, np.ndarray]:
    """Return a problem on the processor, the same on the card's kernels, and potentials."""
    d, periodic, medium = DOMAINS[where]
    rng = np.random.default_rng(KINDS.index(kind))
    shape = (40, 37) if d == 2 else (14, 12, 11)
    mask = rng.random(shape) < 0.85 if medium else None
    domain = Domain(shape, tuple(rng.uniform(0.5, 2, d)), periodic, mask)
    seeds, volumes = rng.random((n, d)) * domain.size, np.full(n, (0.7 if medium else 1.0) * domain.volume / n)
    cost = cost_of(kind, n, d, rng)
    return Problem(domain, seeds, volumes, cost), Problem(domain, seeds, volumes, cost, "warp:cpu", dtype), rng.uniform(0.6, 1.5, n)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("where", list(DOMAINS))
@pytest.mark.parametrize("kind", KINDS)
def test_kernels_equal_those_of_the_processor(kind, where, dtype):
    """In double precision every label is equal and sums are to ten digits; in single precision as docs/gpu.md says."""
    ours, card, f = problems(kind, where, dtype)
    a, b = (assignment_on(problem.fine, problem.n) for problem in (ours, card))
    for problem, assignment in ((ours, a), (card, b)):
        assignment.evaluate(problem.fine.cells, f, problem.medium)
    double, stiff = dtype == "float64", kind in ("hard", "mixed")
    rough = 1e-9 if double else (0.02 if stiff else 2e-5)
    different = (a.pixels.label != b.pixels.label).mean()
    assert different == 0 if double else different <= 1e-3
    if double:
        np.testing.assert_array_equal(a.pixels.second, b.pixels.second)
        np.testing.assert_array_equal(a.hard, b.hard)
        np.testing.assert_array_equal(a.pairs, b.pairs)
        np.testing.assert_allclose(b.weights, a.weights, atol=rough * a.weights.max())
    np.testing.assert_allclose(b.soft, a.soft, atol=rough * a.soft.max() + (0 if double else 1e-3 * a.pixels.label.size * (different > 0)))
    assert b.soft.sum() == pytest.approx(ours.domain.n_pixels)
    one, other = measure_cells(ours, a, f), measure_cells(card, b, f)
    for name in ("offsets", "covariances", "cost_gradients"):
        expected = getattr(one, name)
        filled = one.volumes > 0.05 * one.volumes.max()
        np.testing.assert_allclose(getattr(other, name)[filled], expected[filled], atol=10 * rough * np.abs(expected[filled]).max())
    assert b.forces() == pytest.approx(boundary_forces(ours, a, f), abs=5 * rough * np.abs(boundary_forces(ours, a, f)).max())
    if not ours.medium:
        assert b.highest == pytest.approx(a.highest, rel=1e-9 if double else 1e-5)
    potentials = f * ours.cost_unit
    assert (label_image(card, potentials) != label_image(ours, potentials)).mean() <= (0 if double else 1e-3)


def test_same_potentials_same_bytes():
    _, card, f = problems("rod", "bounded", "float32")
    found = []
    for _ in range(2):
        a = assignment_on(card.fine, card.n)
        a.evaluate(card.fine.cells, f, card.medium)
        m = measure_cells(card, a, f)
        found.append(b"".join(x.tobytes() for x in (a.hard, a.soft, a.pairs, a.weights, m.covariances, m.cost_gradients, m.areas)))
    assert found[0] == found[1]


def test_lists_and_pairs_that_need_more_room_get_it():
    """Cells in one place crowd the lists of candidates and share many contacts."""
    rng = np.random.default_rng(0)
    n, domain = 300, Domain((48, 48), 1 / 48)
    seeds, volumes = 0.5 + 0.05 * rng.random((n, 2)), np.full(n, 0.9 / n)
    ours, card = Problem(domain, seeds, volumes, costs.L2()), Problem(domain, seeds, volumes, costs.L2(), "warp:cpu")
    a, b = Assignment(ours.fine.blocks, n), assignment_on(card.fine, n)
    a.evaluate(ours.fine.cells, np.ones(n), True)
    b.evaluate(card.fine.cells, np.ones(n), True)
    np.testing.assert_array_equal(a.pixels.label, b.pixels.label)
    assert max(card.fine.card.grid.room) > 32


def cells(n=40, fill=0.9, seed=0):
    rng = np.random.default_rng(seed)
    volumes = 0.2 + 0.8 * rng.random(n)
    return rng.random((n, 2)), volumes * fill / volumes.sum()


@pytest.mark.parametrize("fill", [0.9, 1.0])
def test_solves_again_and_again_equal_those_of_the_processor(fill):
    seeds, volumes = cells(fill=fill)
    domain = Domain((96, 96), 1 / 96)
    ours, card = (Solver(domain, seeds, volumes, costs.Power(2), tolerance=0.01, device=device) for device in ("cpu", "warp:cpu"))
    for _ in range(4):
        a, b = ours.solve(), card.solve()
        assert b.converged, b.message
        np.testing.assert_array_equal(a.labels, b.labels)
        np.testing.assert_allclose(b.volumes, a.volumes, rtol=1e-7)
        np.testing.assert_allclose(b.moments.centroids, a.moments.centroids, atol=1e-7)
        assert a.passes == b.passes
        for solver in (ours, card):
            solver.update(seeds=a.moments.centroids)
    assert (a.device, b.device) == ("cpu", "warp:cpu")


def test_what_the_processor_did_is_said():
    seeds, volumes = cells()
    solver = Solver(Domain((64, 64), 1 / 64), seeds, volumes, device="warp:cpu", counting="labels", tolerance=2e-3, exact=True)
    first = solver.solve()
    assert "cold start" in first.on_processor
    assert "exact volumes" in first.on_processor
    assert "On the processor: cold start" in first.message
    warm = Solver(Domain((64, 64), 1 / 64), seeds, volumes, device="warp:cpu")
    warm.solve()
    assert warm.solve().on_processor == ()
    assert Solver(Domain((64, 64), 1 / 64), seeds, volumes, device="cpu").solve().on_processor == ()


def test_launches_and_waits_of_a_warm_step():
    """A pass is at most twelve launches and one wait; forces, moments and labels are two launches and two or three waits more."""
    seeds, volumes = cells()
    solver = Solver(Domain((96, 96), 1 / 96), seeds, volumes, tolerance=0.02, device="warp:cpu")
    solver.solve()
    queue = solver._problem.fine.card.grid.queue
    queue.counts = Counts()
    solution = solver.solve()
    assert queue.counts.launches <= 12 * solution.passes + 2
    assert queue.counts.waits <= solution.passes + 3


@pytest.mark.parametrize("side", [96, 192])
def test_memory_is_estimated(side):
    from shapelab import memory

    seeds, volumes = cells()
    solver = Solver(Domain((side, side), 1 / side), seeds, volumes, device="warp:cpu")
    solver.solve()
    taken, said = solver._problem.fine.card.grid.queue.peak, memory.of_cells((side, side), len(seeds), device="cuda:0")
    assert taken <= said <= 2 * taken


def test_the_newton_system_of_many_cells_is_solved_on_the_card():
    from shapelab.transport.card.newton_system import solve_on_card

    rng = np.random.default_rng(0)
    n = 200
    pairs = np.unique(np.sort(rng.integers(0, n + 1, (900, 2)), axis=1), axis=0).astype(np.int32)
    pairs = np.ascontiguousarray(pairs[pairs[:, 0] < pairs[:, 1]])
    weights, extra, rhs = rng.uniform(0.5, 2, len(pairs)), np.full(n, 1e-3), rng.normal(size=n)
    expected = np.zeros(n)
    conjugate_gradients(pairs, weights, extra, rhs, expected, n, 1e-10, 1000)
    found = solve_on_card(Queue("warp:cpu"), pairs, weights, extra, rhs, 1e-10, 1000)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("device", ["cuda:77", "mps", "gpu", "cuda:-1"])
def test_devices_that_are_not_there_are_refused(device):
    with pytest.raises(ParameterError, match="device = "):
        sl.solve_cells([[0.5, 0.5]], [0.1], (16, 16), 1 / 16, device=device)
    with pytest.raises(ParameterError, match="device = "):
        sl.Cells("relaxation", shape=(32, 32), n_cells=4, device=device).prepare()
    with pytest.raises(ParameterError, match="device = "):
        sl.generate_crystal(5, (32, 32), device=device)


def test_precision_is_for_cards():
    with pytest.raises(sl.ShapelabError, match="dtype = 'float32' is for graphics cards"):
        sl.solve_cells([[0.5, 0.5]], [0.1], (16, 16), 1 / 16, device="cpu", dtype="float32")


@wp.func
def _stretched(z: wp.vec2, q: wp.vec2):
    return q[0] * (z[0] * z[0] + q[1] * z[1] * z[1])


@wp.func
def _plain(z: wp.vec2):
    return wp.dot(z, z)


@pytest.mark.parametrize("device", ["cpu", "warp:cpu"])
def test_a_function_of_warp_equals_the_cost_it_spells_and_makes_no_table(monkeypatch, device):
    monkeypatch.setattr(Problem, "_tabulate", lambda *_: pytest.fail("a table was made"))
    seeds, volumes = cells(20)
    q = np.column_stack([np.linspace(0.5, 1.5, 20), np.full(20, 2.0)])
    goal = {"tolerance": 2e-3, "counting": "subpixel"}
    matrices = q[:, 0, None, None] * np.diag([1.0, 2.0])
    ours = sl.solve_cells(seeds, volumes, (64, 64), 1 / 64, costs.Ellipsoidal(matrices), device="cpu", **goal)
    theirs = sl.solve_cells(seeds, volumes, (64, 64), 1 / 64, costs.Custom(_stretched, parameters=q), device=device, **goal)
    assert theirs.converged, theirs.message
    assert (ours.labels == theirs.labels).mean() > 0.985
    gradients = ours.moments.cost_gradients
    np.testing.assert_allclose(theirs.moments.cost_gradients, gradients, atol=0.06 * np.abs(gradients).max())


def test_a_function_of_warp_that_does_not_fit_is_refused_in_a_sentence():
    with pytest.raises(sl.ShapelabError, match=r"cost function _plain.* cannot be used"):
        sl.solve_cells([[0.5, 0.5, 0.5]], [0.1], (16, 16, 16), 1 / 16, costs.Custom(_plain))
    with pytest.raises(sl.ShapelabError, match="parameters are for functions of Warp"):
        costs.Custom(lambda z, y, cell: z.sum(-1), parameters=np.ones((1, 1)))
    with pytest.raises(sl.ShapelabError, match="parameters for 3"):
        sl.solve_cells([[0.5, 0.5]], [0.1], (16, 16), 1 / 16, costs.Custom(_stretched, parameters=np.ones((3, 2))))
