"""Sub-pixel volumes, forces, contacts and the Hessian."""

import numpy as np
import pytest

from shapelab.transport import Domain, Solver, costs


def solved(n=40, side=256, p=2.0, seed=0, fill=0.8, d=2, tolerance=1e-3, cost=None):
    rng = np.random.default_rng(seed)
    volumes = 0.5 + rng.random(n)
    volumes *= fill / volumes.sum()
    cost = cost or costs.Power(p, 1, "volume")
    solver = Solver(Domain((side,) * d, 1 / side), rng.random((n, d)), volumes, cost, tolerance=tolerance, max_tolerance=5 * tolerance)
    return solver, solver.solve()


@pytest.mark.parametrize("p", [0.5, 2, 8])
def test_free_stiff_cell_is_not_pinned_to_the_grid(p):
    """A lonely cell of radius 8 pixels, pushed at v0 against its incompressibility force, keeps 80-105 % of v0."""
    side, radius, stiffness, v0 = 64, 8 / 64, 0.1, 0.4
    tau = 3 / radius
    dt = min(0.004, 0.25 / (tau * np.pi * p * (p + 2) / 2 * stiffness))
    direction = np.array([0.6, 0.8])
    cost = costs.Power(p, stiffness, "volume")
    solver = Solver(Domain((side, side), 1 / side, True), [[0.5, 0.5]], [np.pi * radius**2], cost, tolerance=0.02, max_tolerance=0.1)
    position = start = np.array([[0.5, 0.5]])
    for _ in range(100):
        force = tau * solver.solve().moments.cost_gradients
        position = position + (v0 * direction + force) * dt
        solver.update(seeds=position)
    speed = np.linalg.norm(position - start) / (100 * dt)
    assert 0.8 * v0 < speed < 1.05 * v0


@pytest.mark.parametrize("p", [0.5, 2])
def test_hessian_equals_finite_differences(p):
    """The weights of the pairs are -d|L_i|/df_j: compare with differences over many pixels."""
    solver, solution = solved(n=25, side=400, p=p)
    f, m = solution.potentials, solution.moments
    n, pixel = 25, 1 / 400**2
    problem = solver._prepare()
    assignment = solver._assignment
    checked = 0
    for j in range(0, n, 5):
        step = 0.02 * f[j]
        areas = []
        for sign in (1, -1):
            g = f.copy()
            g[j] += sign * step
            assignment.evaluate(problem.fine.cells, g / problem.cost_unit, problem.medium)
            areas.append(assignment.hard[:n] * pixel)
        difference = (areas[0] - areas[1]) / (2 * step)
        weights = np.zeros(n + 1)
        for (a, b), w in zip(m.pairs, m.weights, strict=True):
            if j in (a, b):
                weights[a + b - j] += w
        assert difference[j] == pytest.approx(weights.sum(), rel=0.08)
        for i in np.flatnonzero(weights[:n] > 0.15 * weights.sum()):
            assert -difference[i] == pytest.approx(weights[i], rel=0.15)
            checked += 1
    assert checked >= 8


def test_cost_gradient_of_l2_is_the_spring_to_the_centroid():
    _, solution = solved()
    m = solution.moments
    n, scale = len(m.volumes), costs.L2(1, "volume").table(solution.targets, 2).scale
    np.testing.assert_allclose(m.cost_gradients, 2 * scale[:, None] * m.volumes[:, None] * m.offsets, rtol=1e-6, atol=1e-9)
    assert n == 40


@pytest.mark.parametrize("p", [0.5, 2, 8])
def test_cost_gradient_is_the_gradient_of_the_optimal_cost(p):
    """Envelope theorem: moving one seed changes the transport cost by minus the integral of grad c over its cell."""
    solver, solution = solved(n=12, side=200, p=p, tolerance=2e-4)
    domain, cost, targets = solver.domain, solver.cost, solution.targets
    y = domain.pixel_centres()
    table = cost.table(targets, 2)

    def dual(seeds, f):
        best = np.zeros(domain.shape)
        for i, x in enumerate(seeds):
            best = np.minimum(best, table.values(y - x, y, i) - f[i])
        return targets @ f + best.sum() * domain.pixel_volume

    f, seeds, step = solution.potentials, solver.seeds, 0.5 / 200
    for i in range(0, 12, 4):
        for axis in range(2):
            e = np.zeros_like(seeds)
            e[i, axis] = step
            slope = (dual(seeds + e, f) - dual(seeds - e, f)) / (2 * step)
            expected = -solution.moments.cost_gradients[i, axis]
            size = np.abs(solution.moments.cost_gradients).max()
            assert slope == pytest.approx(expected, abs=0.02 * size)


def test_gradient_of_the_dual_is_missing_volume():
    """dD/df_i = v_i - |L_i| by differences over many pixels."""
    solver, solution = solved(n=15, side=300)
    domain, targets = solver.domain, solution.targets * np.linspace(0.7, 1.1, 15)
    y, table = domain.pixel_centres(), solver.cost.table(solution.targets, 2)
    matrix = np.stack([table.values(y - x, y, i) for i, x in enumerate(solver.seeds)])

    def dual(f):
        return targets @ f + np.minimum((matrix - f[:, None, None]).min(0), 0).sum() * domain.pixel_volume

    f = solution.potentials
    for i in range(0, 15, 5):
        e = np.zeros(15)
        e[i] = 0.02 * f[i]
        slope = (dual(f + e) - dual(f - e)) / (2 * e[i])
        assert slope == pytest.approx(targets[i] - solution.volumes[i], abs=0.03 * solution.volumes[i])


def test_contact_areas_of_a_ball_and_of_a_wall():
    """The medium's contact with a lonely cell is its perimeter (surface); two cells in a full box share a flat wall."""
    for d, side, exact in ((2, 128, 2 * np.pi * 0.25), (3, 48, 4 * np.pi * 0.25**2)):
        volume = np.pi * 0.25**2 if d == 2 else 4 / 3 * np.pi * 0.25**3
        m = Solver(Domain((side,) * d, 1 / side), np.full((1, d), 0.503), [volume], tolerance=1e-3).solve().moments
        assert m.areas.sum() == pytest.approx(exact, rel=0.02)
    tilted = Solver(Domain((100, 100), 0.01), [[0.41, 0.3], [0.58, 0.7]], [0.52, 0.48], tolerance=1e-3).solve().moments
    angle = np.arctan2(0.4, 0.17)
    assert tilted.areas[0] == pytest.approx(1 / np.sin(angle), rel=0.02)


def test_subpixel_volumes_of_a_moving_disk_hardly_depend_on_its_position():
    domain = Domain((64, 64), 1 / 64)
    volume = np.pi * (8 / 64) ** 2
    shifts = np.random.default_rng(0).random((20, 2)) / 64
    solver = Solver(domain, [[0.5, 0.5]], [volume], tolerance=1e-3)
    f = solver.solve().potentials
    problem = solver._prepare()
    soft, hard = [], []
    for shift in shifts:
        solver.update(seeds=np.array([[0.5, 0.5]]) + shift)
        problem = solver._prepare()
        solver._assignment.evaluate(problem.fine.cells, f / problem.cost_unit, True)
        soft.append(solver._assignment.soft[0])
        hard.append(solver._assignment.hard[0])
    assert np.std(soft) < 0.25 * np.std(hard)
    assert np.mean(soft) == pytest.approx(volume * 64**2, rel=0.005)


@pytest.mark.parametrize("pixels", [3, 4, 6, 8])
@pytest.mark.parametrize("direction", [(0.0, 1.0), (0.6, 0.8), (0.707, 0.707)])
def test_a_free_hard_cell_is_not_pushed_wherever_it_lies_in_its_pixel(pixels, direction):
    """Alone, a cell is a disk around its seed, which nothing pushes: the force is far below that which pinned cells of p = 8 felt."""
    side, cost = 40, costs.Power(8, 0.1, "volume")
    radius, targets = pixels / side, [np.pi * (pixels / side) ** 2]
    spring = np.pi * 8 * 10 / 2 * 0.1  # of a cell held in place, per displacement
    for shift in (0.0, 0.2, 0.45, 0.7):
        seed = 0.5 + shift / side * np.array(direction)
        solver = Solver(Domain((side, side), 1 / side), [seed], targets, cost, tolerance=0.02, max_tolerance=0.1)
        assert np.linalg.norm(solver.solve().moments.cost_gradients) < 1e-3 * spring * radius


@pytest.mark.parametrize("p", [0.5, 3, 8])
def test_cells_that_touch_receive_opposite_forces(p):
    for fill, part in ((1.0, 1e-9), (0.9, 0.02)):  # where medium comes near a contact, it takes part of its pixels
        solver, _ = solved(n=15, side=96, p=p, fill=fill)
        periodic = Solver(Domain((96, 96), 1 / 96, True), solver.seeds, solver.volumes, solver.cost)
        gradients = periodic.solve().moments.cost_gradients
        assert np.abs(gradients).max() > 0
        assert np.abs(gradients.sum(axis=0)).max() < part * np.abs(gradients).max()


@pytest.mark.parametrize("p", [1.5, 8])
def test_forces_along_the_boundary_equal_those_summed_over_the_cell(p):
    """Divergence theorem, walls and obstacles included."""
    mask = np.ones((240, 240), bool)
    mask[100:140, 60:100] = False
    rng, cost, volumes = np.random.default_rng(3), costs.Power(p, 1, "volume"), np.full(8, 0.1)
    domain = Domain((240, 240), 1 / 240, mask=mask)
    seeds = np.array(np.argwhere(mask)[rng.integers(0, mask.sum(), 8)] / 240)
    solution = Solver(domain, seeds, volumes, cost, tolerance=1e-3).solve()
    table, y = cost.table(volumes, 2), domain.pixel_centres()
    sums = np.zeros((8, 2))
    for i, x in enumerate(seeds):
        z = (y - x)[solution.labels == i + 1]
        sums[i] = (table.scale[i] * p * np.linalg.norm(z, axis=1, keepdims=True) ** (p - 2) * z).sum(axis=0) * domain.pixel_volume
    np.testing.assert_allclose(solution.moments.cost_gradients, sums, atol=0.02 * np.abs(sums).max())
