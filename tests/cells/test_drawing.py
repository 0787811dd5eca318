"""Cells drawn finer than they are solved: the same cells, on any grid."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.cells import Cells
from shapelab.cells.drawing import fine_room
from shapelab.cells.scenarios import SCENARIOS
from shapelab.errors import EditError, ParameterError
from shapelab.transport import Domain

NAMES = ["active_crystal", "blind_swimmers", "run_and_tumble", "chemotaxis", "hard_and_soft_cells", "relaxation", "fire_alarm"]


def quick(name: str, **changes):
    return Cells(name, **{**SCENARIOS[name].quick, **changes})


@pytest.mark.parametrize("name", NAMES)
def test_every_third_pixel_of_a_finer_drawing_is_that_of_the_solver(name):
    sim = quick(name)
    sim.step()
    coarse, fine = sim.frame()["cells"], sim.draw(3)
    inner = fine.data[(slice(1, None, 3),) * coarse.ndim]
    different = inner != coarse
    # a tabulated cost (chemotaxis) and seeds that are moved apart may round differently at a boundary
    assert different.mean() < 1e-3
    assert set(np.unique(fine.data)) >= set(np.unique(coarse))


@pytest.mark.parametrize("fineness", [1, 2, 3, 4])
def test_a_finer_drawing_fills_the_same_box(fineness):
    sim = quick("run_and_tumble", fineness=fineness, voxel_size=(0.5, 0.5))
    frame = sim.frame()
    cells, seeds = frame.layer("cells"), frame.layer("seeds")
    scale = np.array(cells.meta["scale"])
    begin = np.array(cells.meta.get("translate", (0.0, 0.0))) - scale / 2
    np.testing.assert_allclose(scale * cells.data.shape, np.array(sim.parameters.shape) * 0.5)
    np.testing.assert_allclose(begin, -0.25)
    world = np.asarray(seeds.data) * seeds.meta["scale"]
    pixels = np.rint((world - begin - scale / 2) / scale).astype(int)
    assert (cells.data[tuple(pixels.T)] == seeds.meta["features"]["id"]).mean() > 0.9
    assert frame["walls"].shape == cells.data.shape  # on the same pixels
    assert frame.layer("walls").meta["scale"] == cells.meta["scale"]
    assert not (cells.data[frame["walls"] > 0] > 0).any()


def test_areas_of_a_finer_drawing_are_nearer_to_the_targets():
    sim = quick("active_liquid", tolerance=0.001)
    targets = sim.state().volumes
    errors = []
    for fineness in (1, 4):
        drawn = sim.draw(fineness)
        areas = np.bincount(drawn.data.ravel())[sim.state().ids] / drawn.data.size
        errors.append(np.abs(areas / targets - 1).mean())
    assert errors[1] < 0.5 * errors[0]


def test_drawing_changes_nothing():
    runs = [quick("run_and_tumble", seed=4), quick("run_and_tumble", seed=4, fineness=2)]
    frames = [list(sim.run(steps=5, every=1))[-1] for sim in runs]
    np.testing.assert_array_equal(frames[0]["seeds"], frames[1]["seeds"])
    assert frames[0]["cells"].shape == runs[0].parameters.shape


@pytest.mark.parametrize("fineness", [0, 5, 2.5])
def test_what_cannot_be_drawn_is_refused(fineness):
    with pytest.raises(ParameterError, match="1 to 4"):
        quick("run_and_tumble").draw(fineness)


@pytest.mark.parametrize(("name", "values"), [("protrusions", {}), ("chemotaxis", {}), ("chemotaxis", {"response": "fan", "p": 3.0})])
def test_costs_that_are_tabulated_at_once_are_those_of_their_functions(name, values):
    sim = quick(name, **values)
    for _ in range(5):
        sim.step()
    state, model = sim.state(), sim.model
    table = model.cost(state).table(state.volumes, 2)
    domain = Domain((40, 56), 1 / 56)
    y, image = domain.pixel_centres(), table.image(domain, state.positions).reshape(-1, 40, 56)
    for cell, seed in enumerate(state.positions):
        level = table.scale[cell] * (2.2 * table.radius[cell]) ** table.exponent[cell]  # where the costs end, far from the seed
        expected = np.minimum(table.function(y - seed, y, cell), level)
        np.testing.assert_allclose(image[cell], expected, rtol=2e-5)


@pytest.mark.parametrize("fineness", [2, 3, 4])
def test_a_round_wall_is_drawn_without_steps(fineness):
    n, radius = 64, 22.3
    y, x = np.mgrid[:n, :n] + 0.5
    fine_y, fine_x = (np.mgrid[: n * fineness, : n * fineness] + 0.5) / fineness
    mask, exact = (np.hypot(a - n / 2, b - n / 2) < radius for a, b in ((y, x), (fine_y, fine_x)))
    steps, smooth = np.kron(mask, np.ones((fineness, fineness), bool)), fine_room(mask, fineness)
    assert np.count_nonzero(smooth != exact) < 0.6 * np.count_nonzero(steps != exact)
    distance = np.abs(np.hypot(fine_y - n / 2, fine_x - n / 2) - radius)
    assert distance[smooth != exact].max() < 0.6 * distance[steps != exact].max()


@pytest.mark.parametrize("ndim", [2, 3])
def test_fine_walls_keep_every_pixel_and_what_is_thin_or_square(ndim):
    rng = np.random.default_rng(3)
    for _ in range(20):
        mask = rng.random((11,) * ndim) < 0.6  # thin parts and corners everywhere
        np.testing.assert_array_equal(fine_room(mask, 3)[(slice(1, None, 3),) * ndim], mask)
    square = np.ones((16,) * ndim, bool)
    square[(slice(4, 12),) * ndim] = False
    square[1] = False  # a wall of one pixel
    steps = np.kron(square, np.ones((4,) * ndim, bool))
    assert np.count_nonzero(fine_room(square, 4)[:12] != steps[:12]) <= 0.02 * steps[:12].size


def test_walls_that_stay_are_not_drawn_again():
    sim = quick("run_and_tumble", fineness=2, filling=0.4)
    first = sim.frame()["walls"]
    sim.step()
    assert sim.frame()["walls"] is first
    mask = np.zeros(sim.parameters.shape, bool)
    mask[:, :20] = True
    sim.edit("paint_wall", mask=mask)
    assert sim.frame()["walls"][:, :40].all()


@pytest.mark.parametrize("fineness", [2, 3])
def test_walls_of_a_frame_can_be_given_back_as_they_are_drawn(fineness):
    sim = quick("run_and_tumble", fineness=fineness, filling=0.4)
    walls = sim.frame()["walls"]
    before = sim.state().fields["mask"]
    sim.edit("set_walls", walls=walls)
    np.testing.assert_array_equal(sim.state().fields["mask"], before)
    with pytest.raises(EditError, match="must be equal"):
        sim.edit("set_walls", walls=walls[1:])
