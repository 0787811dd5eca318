"""Pages that go on computing, compared with the engine."""

from __future__ import annotations

import json

import numpy as np
import pytest
from chromium import opened
from short_runs import kept

import shapelab as sl
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.model import CellModel
from shapelab.io import RunWriter, load_run
from shapelab.page import make_page, save_page

SHOW = "window.shapelab.show"
LIVE = f"{SHOW}.live"


def page_of(run, folder):
    return save_page(folder / "page.html", make_page(run))


def test_sixty_steps_of_a_texture_have_the_engines_energies(browser, tmp_path):
    simulation = sl.Curvatubes(preset="pearls", shape=(32, 32, 32), seed=1)
    field = np.array(simulation.look(lambda state: state.flow["u"]), float)
    run = kept(tmp_path / "pearls.zarr", simulation, 1, 1)
    energies = engine_energies(sl.Curvatubes(preset="pearls", shape=(32, 32, 32), seed=1), 60)
    opened(browser, page_of(run, tmp_path))
    assert live_energies(browser, field, 60) == pytest.approx(energies, rel=1e-4)


@pytest.mark.parametrize(
    "other",
    [
        {"preset": "tubes", "boundary": "replicate"},
        {"preset": "tubes", "flow": "averaged", "orientation": 40.0, "direction": (1.0, 2.0, 0.0)},
        {"preset": "bilayers", "flow": "free", "inertia": "deep", "tension": 30.0},
    ],
    ids=["replicate", "oriented", "free"],
)
def test_borders_flows_and_terms_are_those_of_the_engine(browser, tmp_path, other):
    """Few steps in double precision: later on, rounding alone changes a texture that forms, also in the engine."""
    given = {"shape": (12, 14, 18), "seed": 2, "dtype": "float64", **other}
    simulation = sl.Curvatubes(**given)
    field = np.array(simulation.look(lambda state: state.flow["u"]), float)
    run = kept(tmp_path / "texture.zarr", simulation, 1, 1)
    opened(browser, page_of(run, tmp_path))
    assert live_energies(browser, field, 8) == pytest.approx(engine_energies(sl.Curvatubes(**given), 8), rel=1e-6)


def engine_energies(simulation, steps):
    energies = []
    for _ in range(steps):
        simulation.step()
        energies.append(simulation.look(lambda state: state.energy))
    return energies


def live_energies(browser, field, steps):
    browser.run(f"{LIVE}.begin(Float64Array.from({json.dumps(field.ravel().tolist())}))")
    return browser.run(f"{LIVE}.energies({steps})")


def test_a_texture_goes_on_from_the_frame_or_from_noise_and_obeys_its_sliders(browser, texture, tmp_path):
    opened(browser, page_of(texture, tmp_path))
    until = "new Promise(done => { const look = () => %s ? done(true) : setTimeout(look, 10); look(); })"
    browser.run(f"{LIVE}.fromFrame()")
    browser.run(f"{LIVE}.pause()")
    first = browser.run(f"{LIVE}.begin({SHOW}.live.fieldShown()), {LIVE}.energies(1)")[0]
    assert first == pytest.approx(texture.scalars["energy"].iloc[-1], rel=0.2)  # in 8 bits
    browser.run(f"{LIVE}.fromNoise()")
    browser.run(until % f"{LIVE}.steps > 3")
    mean = browser.run(f"{SHOW}.renderer.data.reduce((a, b) => a + b, 0) / {SHOW}.renderer.data.length")
    assert mean / 127.5 - 1 == pytest.approx(texture.record.parameters["mass"], abs=0.05)
    browser.run(f"{LIVE}.pause()")
    slider = "document.querySelector('#live input[data-name=c]')"
    infos = sl.Curvatubes(preset="tubes").parameters.infos()
    assert browser.run(f"{slider}.parentElement.title") == infos["c"].description
    cheap, dear = browser.run(
        f"(async () => {{ const field = {LIVE}.fieldShown(); {LIVE}.begin(field); const cheap = (await {LIVE}.energies(1))[0];"
        f" {LIVE}.begin(field);"
        f" {slider}.value = {slider}.max; {slider}.dispatchEvent(new Event('input')); return [cheap, (await {LIVE}.energies(1))[0]]; }})()"
    )
    assert dear > cheap


def test_cells_keep_their_areas_while_they_run(browser, tumbling, tmp_path):
    opened(browser, page_of(tumbling, tmp_path))
    areas, targets, shown, own = browser.run(
        f"(() => {{ const live = {LIVE}; live.begin(); const first = Array.from(live.solver.cells.x0);"
        f" for (let k = 0; k < 20; k++) {{ live.motion.step(); live.error = live.solver.solve(0.005, 20); }}"
        f" live.show(); const labels = Array.from(live.renderer.labels({SHOW}.colours));"
        " return [Array.from(live.solver.volumes), Array.from(live.solver.cells.volume), labels,"
        " Array.from(live.solver.labels, n => n + 1)]; })()"
    )
    assert np.abs(np.divide(areas, targets) - 1).mean() < 0.005
    assert (np.array(shown) != own).mean() < 0.001  # the picture shows what was solved
    counted = np.bincount(own, minlength=len(targets) + 1)[1:] / 64**2
    assert np.abs(counted / np.array(targets) - 1).max() < 0.06  # whole pixels, of which a cell has 200


def test_relaxing_cells_come_to_rest_in_their_centres(browser, tmp_path):
    simulation = sl.Cells(scenario="relaxation", shape=(64, 64), n_cells=14, seed=4)
    opened(browser, page_of(kept(tmp_path / "relaxing.zarr", simulation, 2, 1), tmp_path))
    off = f"{LIVE}.solver.offsets.reduce((a, b) => a + Math.abs(b), 0)"
    before, after = browser.run(
        f"(() => {{ const live = {LIVE}; live.begin(); const before = {off};"
        f" for (let k = 0; k < 40; k++) {{ live.motion.step(); live.solver.solve(0.01, 5); }} return [before, {off}]; }})()"
    )
    assert after < 0.3 * before


def test_forces_of_tension_are_those_of_the_engine(browser, tmp_path):
    """Each face and junction of the labels counts, so that pixels that the two solvers give to different cells tell a little."""
    simulation = sl.Cells(scenario="engulfment", shape=(96, 96), n_cells=24, seed=3, tolerance=0.005)
    run = kept(tmp_path / "sorting.zarr", simulation, 6, 3)
    state, model = simulation.state(), simulation.model
    diagram = CellDiagram.of(state, model.periodic)
    engine = (model.velocity(state, diagram) - CellModel.velocity(model, state, diagram)) / simulation.parameters.mobility
    opened(browser, page_of(run, tmp_path))
    forces = browser.run(
        f"(() => {{ {LIVE}.begin(); {LIVE}.solver.measure(); const p = {LIVE}.motion.parameters;"
        " const [m, n] = [p.first_medium, p.second_medium]; const table = [[p.first, p.between, m], [p.between, p.second, n], [m, n, 0]];"
        f" return Array.from({LIVE}.motion.sorting.evaluate(table, {LIVE}.motion.radius / 3)); }})()"
    )
    difference = np.linalg.norm(np.reshape(forces, (-1, 2)) - engine, axis=1)
    assert np.median(difference) < 0.02 * np.linalg.norm(engine, axis=1).mean()
    assert difference.mean() < 0.1 * np.linalg.norm(engine, axis=1).mean()


@pytest.fixture(scope="module")
def bubbles(tmp_path_factory):
    """A few bubbles that touch; nothing fuses, bursts or appears while they move."""
    quiet = {"rate": 0.0, "fusion": 0.0, "bursting": 0.0, "tolerance": 0.002}
    simulation = sl.Cells(scenario="bubbles_2d", shape=(96, 96), n_cells=24, bubble_radius=0.06, seed=3, **quiet)
    run = kept(tmp_path_factory.mktemp("runs") / "bubbles.zarr", simulation, 8, 4)
    return simulation, run


def test_bubbles_move_as_the_engines(browser, bubbles, tmp_path):
    simulation, run = bubbles
    state, model = simulation.state(), simulation.model
    engine = model.velocity(state, CellDiagram.of(state, model.periodic))
    opened(browser, page_of(run, tmp_path))
    found = browser.run(
        f"(() => {{ {LIVE}.begin(); {LIVE}.solver.solve(0.0005, 20);"
        f" return [Array.from({LIVE}.motion.bubbles.velocities({LIVE}.solver)), {LIVE}.motion.timeStep()]; }})()"
    )
    velocities, dt = np.reshape(found[0], (-1, 2)), found[1]
    assert np.abs(velocities - engine).max() * dt < 1e-4  # box lengths, in a step
    assert np.linalg.norm(engine, axis=1).mean() * dt > 1e-3


def test_bubbles_fuse_burst_and_appear_with_the_areas_that_they_should_have(browser, bubbles, tmp_path):
    _, run = bubbles
    opened(browser, page_of(run, tmp_path))
    many = f"{LIVE}.live.values"
    fused, single, total, before = browser.run(
        f"(() => {{ {LIVE}.begin(); const before = {LIVE}.solver.cells.count; {many}.fusion = 1e9; {LIVE}.motion.step();"
        f" {LIVE}.solver.solve(0.01, 20); const c = {LIVE}.solver.cells;"
        " return [c.count, Math.min(...c.volume), c.volume.reduce((a, b) => a + b, 0), before]; })()"
    )
    assert fused < before
    assert total == pytest.approx(before * single, rel=1e-4)  # bubbles that fuse have both areas
    assert browser.run(f"{LIVE}.solver.error()") < 0.02
    burst = browser.run(
        f"(() => {{ {many}.fusion = 0; {many}.bursting = 1e12; {LIVE}.motion.step(); return {LIVE}.solver.cells.count; }})()"
    )
    high = browser.run(f"Array.from({LIVE}.solver.cells.x0).filter(y => y < 0.5).length")
    assert burst <= fused
    assert high == 0
    born = browser.run(
        f"(() => {{ {many}.bursting = 0; {many}.rate = 1e4; {many}.most = 0.3; for (let k = 0; k < 3; k++) {{ {LIVE}.motion.step();"
        f" {LIVE}.error = {LIVE}.solver.solve(0.02, 10); }} {LIVE}.show(); const c = {LIVE}.solver.cells;"
        " return [c.count, c.volume.reduce((a, b) => a + b, 0), new Set(c.id).size]; })()"
    )
    assert born[0] > burst
    assert 0.3 - single < born[1] <= 0.3
    assert born[2] == born[0]  # none has the number of another
    assert browser.run(f"new Set({SHOW}.renderer.labels({SHOW}.colours)).size") == born[0] + 1


def test_the_mouse_moves_a_cell_and_the_others_make_way(browser, tumbling, tmp_path):
    opened(browser, page_of(tumbling, tmp_path))
    where = browser.run(
        f"(() => {{ const s = {SHOW}; const c = s.renderer.cells; const box = s.canvas.getBoundingClientRect();"
        " let i = 0; for (let k = 1; k < c.count; k++)"
        "   if (Math.hypot(c.x0[k] - 0.5, c.x1[k] - 0.5) < Math.hypot(c.x0[i] - 0.5, c.x1[i] - 0.5)) i = k;"
        " const perPixel = s.view.scale * s.canvas.width / box.width;"
        " return [i, box.left + box.width / 2 + (c.x1[i] - s.view.centre[1]) / perPixel,"
        "  box.top + box.height / 2 + (c.x0[i] - s.view.centre[0]) / perPixel, perPixel, c.x0[i], c.x1[i]]; })()"
    )
    cell, x, y, per_pixel, y0, x0 = where
    for kind, dx in (("mousePressed", 0), ("mouseMoved", 8), ("mouseMoved", 16), ("mouseReleased", 16)):
        browser.call("Input.dispatchMouseEvent", type=kind, x=x + dx, y=y, button="left", buttons=1, clickCount=1)
    cells = f"{LIVE}.solver.cells"
    moved = browser.run(f"[{cells}.x0[{cell}], {cells}.x1[{cell}]]")
    assert moved == pytest.approx([y0, x0 + 16 * per_pixel], abs=2 * per_pixel)
    assert browser.run(f"{LIVE}.error") < 0.03
    assert browser.run(f"{SHOW}.renderer.cells === {cells}")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"reduced_volume": 0.7}, "vesicle"),
        ({"start": "rings"}, "held fixed"),
        ({"fields": {"c": np.linspace(0, 1, 12**3).reshape(12, 12, 12)}}, "vary from place to place"),
    ],
)
def test_a_page_says_why_it_cannot_continue(browser, tmp_path, given, why):
    simulation = sl.Curvatubes(preset="tubes", shape=(12, 12, 12), seed=1, **given)
    opened(browser, page_of(kept(tmp_path / "run.zarr", simulation, 1, 1), tmp_path))
    assert browser.run(f"{SHOW}.live === undefined")
    said = browser.run("document.getElementById('live').textContent")
    assert "cannot continue" in said
    assert why in said


def test_a_page_continues_with_the_parameters_of_the_last_frame(browser, tmp_path):
    simulation = sl.Curvatubes(preset="tubes", shape=(12, 12, 12), seed=1)
    with RunWriter(tmp_path / "run.zarr", simulation) as writer:
        writer.write(simulation.frame())
        simulation.update(c=1.5)
        simulation.step()
        writer.write(simulation.frame())
    opened(browser, page_of(load_run(tmp_path / "run.zarr"), tmp_path))
    assert browser.run(f"{LIVE}.parameters.c") == 1.5
