"""The compute shaders of pages, held equal to the engine: run from Python, and in the browser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from short_runs import kept
from webgpu import DeviceTexture, adapter

import shapelab as sl
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.page import make_page, save_page

SHOW = "window.shapelab.show"
LIVE = f"{SHOW}.live"
BY = f"{LIVE}.by.textContent"
UNTIL = "new Promise(done => {{ const look = () => {0} ? done(true) : setTimeout(look, 10); look(); }})"


@pytest.fixture(scope="module")
def device():
    found = adapter()
    if isinstance(found, str):
        pytest.skip(found)
    return found


def engine(**given):
    """A texture, its energy and its first field."""
    simulation = sl.Curvatubes(**given)
    return simulation, *simulation.look(lambda state: (*simulation.model.engine(state), np.array(state.flow["u"])))


TERMS = [
    {"preset": "pearls", "shape": (32, 32, 32)},
    {"preset": "tubes", "shape": (8, 14, 9), "boundary": "replicate", "orientation": 40.0, "direction": (1.0, 2.0, 0.0)},
    {"preset": "bilayers", "shape": (12, 9, 8), "tension": 30.0},
]


@pytest.mark.parametrize("given", TERMS, ids=["pearls", "replicate", "narrow"])
def test_energy_and_gradient_are_those_of_the_engine(device, given):
    _, energy, _, u = engine(seed=1, **given)
    texture = DeviceTexture(device, energy, u)
    texture.run(("density", "gather", "total"))
    exact = CurvatureEnergy(energy.shape, energy.terms, dtype="float64")
    value, gradient = exact.value_and_gradient(u.astype(float))
    assert texture.energy == pytest.approx(value, rel=1e-5)
    assert np.linalg.norm(texture.array("gradient") - gradient) < 1e-4 * np.linalg.norm(gradient)
    assert np.abs(texture.array("gradient") - gradient).max() < 1e-4 * np.abs(gradient).max()


@pytest.mark.parametrize(
    "given",
    [{"boundary": "replicate"}, {"flow": "averaged"}, {"flow": "free", "inertia": "deep"}],
    ids=["conserved", "averaged", "free"],
)
def test_the_first_steps_are_those_of_the_engine(device, given):
    """Few steps: later on, rounding alone changes a texture that forms, also in the engine."""
    simulation, energy, flow, u = engine(preset="tubes", shape=(9, 14, 18), seed=2, **given)
    texture = DeviceTexture(device, energy, u, flow.kind, flow.inertia)
    for _ in range(4):
        texture.run()
        simulation.step()
    after, direction = simulation.look(lambda state: (state.flow["u"].copy(), state.flow["direction"].copy()))
    assert np.abs(texture.array("field") - after).max() < 1e-3 * np.abs(after - u).max()
    assert np.linalg.norm(texture.array("direction") - direction) < 1e-3 * np.linalg.norm(direction)


def test_sixty_steps_have_the_engines_energies(device):
    simulation, energy, flow, u = engine(preset="pearls", shape=(32, 32, 32), seed=1)
    texture = DeviceTexture(device, energy, u, flow.kind, flow.inertia)
    energies, wanted = [], []
    for _ in range(60):
        texture.run()
        energies.append(texture.energy)
        simulation.step()
        wanted.append(simulation.look(lambda state: state.energy))
    assert energies == pytest.approx(wanted, rel=1e-4)
    assert texture.array("field").mean() == pytest.approx(u.mean(), abs=1e-5)


def test_a_step_that_is_too_long_at_a_voxel_is_shortened(device):
    _, energy, flow, u = engine(preset="pearls", shape=(8, 9, 10), seed=1)
    texture = DeviceTexture(device, energy, u, flow.kind, flow.inertia)
    texture.run()
    step = texture.array("step")
    texture.shorten(0.25)
    assert texture.array("step") == pytest.approx(0.25 * step, rel=1e-5)
    assert np.abs(texture.array("field") - u - 0.25 * step).max() < 1e-6


def test_an_energy_that_is_not_finite_ends_at_the_last_good_field(device):
    _, energy, flow, u = engine(preset="pearls", shape=(8, 8, 8), seed=1)
    texture = DeviceTexture(device, energy, np.full_like(u, 1e20), flow.kind, flow.inertia)
    for _ in range(5):
        texture.run()
    assert not texture.ended
    texture.run()
    assert texture.ended
    assert (texture.array("field") == np.float32(1e20)).all()


@pytest.fixture(scope="module")
def pearls(tmp_path_factory):
    """A page of pearls, the field that they begin with, and the engine's energies."""
    folder = tmp_path_factory.mktemp("pearls")
    simulation, _, _, u = engine(preset="pearls", shape=(32, 32, 32), seed=1)
    run = kept(folder / "pearls.zarr", simulation, 60, 30)
    return save_page(folder / "page.html", make_page(run)), u, run.scalars["energy"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A page of a small texture, and its mean."""
    folder = tmp_path_factory.mktemp("small")
    run = kept(folder / "small.zarr", sl.Curvatubes(preset="tubes", shape=(12, 10, 14), seed=3), 8, 4)
    return save_page(folder / "page.html", make_page(run)), run.record.parameters["mass"]


@pytest.fixture(scope="module")
def able(browser, small):
    """A browser that has WebGPU, in software."""
    browser.open(small[0])
    if not browser.run("(async () => Boolean(await navigator.gpu?.requestAdapter()))()"):
        pytest.skip("this browser has no WebGPU, not even in software")
    return browser


def begin(browser, u, compute):
    browser.run(f"{LIVE}.compute = '{compute}', {LIVE}.begin(Float64Array.from({json.dumps(u.ravel().tolist())}))")


def test_the_page_takes_sixty_steps_by_webgpu_and_goes_on_without_it(able, pearls):
    browser = able
    page, u, wanted = pearls
    browser.open(page)
    begin(browser, u, "auto")  # which does not take an adapter in software
    browser.run(UNTIL.format(f"{LIVE}.computing"))
    assert browser.run(BY) == "Computed by the processor: WebGPU runs in software here."
    begin(browser, u, "card")
    energies = browser.run(f"{LIVE}.energies(60)")
    assert browser.run(BY) == "Computed by WebGPU: google swiftshader, in software."
    assert energies[29] == pytest.approx(wanted.iloc[0], rel=1e-4)
    assert energies[59] == pytest.approx(wanted.iloc[1], rel=1e-4)
    browser.run(f"{LIVE}.run()")
    browser.run(UNTIL.format(f"{LIVE}.steps > 60"))
    browser.run("computer.device.destroy()", worker=True)
    browser.run(UNTIL.format(f"{LIVE}.computing === 'processor'"))
    before = int(browser.run(f"{BY}.match(/^The graphics card was lost: the processor continues from step (\\d+)\\.$/)[1]"))
    browser.run(UNTIL.format(f"{LIVE}.steps > {before + 20}"))
    assert before > 60
    assert 0 < browser.run(f"{LIVE}.energy") < energies[59]
    assert browser.run(f"{LIVE}.running")


def test_sliders_choices_and_starts_work_by_webgpu(able, small):
    browser = able
    page, mass = small
    browser.open(page)
    browser.run(f"{LIVE}.compute = 'card', {LIVE}.fromNoise()")
    browser.run(UNTIL.format(f"{LIVE}.steps > 3"))
    mean = browser.run(f"{SHOW}.renderer.data.reduce((a, b) => a + b, 0) / {SHOW}.renderer.data.length")
    assert mean / 127.5 - 1 == pytest.approx(mass, abs=0.05)
    browser.run(f"{LIVE}.pause(), {LIVE}.energies(0)")  # which is answered after the pause
    steps = browser.run("computer.steps", worker=True)
    browser.run(UNTIL.format("!looping"), worker=True)
    assert browser.run("computer.steps", worker=True) == steps
    slider = "document.querySelector('#live input[data-name=c]')"
    cheap, dear = browser.run(
        f"(async () => {{ const field = {LIVE}.fieldShown(); {LIVE}.begin(field); const cheap = (await {LIVE}.energies(1))[0];"
        f" {LIVE}.begin(field);"
        f" {slider}.value = {slider}.max; {slider}.dispatchEvent(new Event('input')); return [cheap, (await {LIVE}.energies(1))[0]]; }})()"
    )
    assert dear > cheap
    choice = "document.querySelector('#live select')"
    browser.run(f"{choice}.value = 'processor', {choice}.dispatchEvent(new Event('change'))")
    same = browser.run(f"{LIVE}.energies(1)")[0]  # of the field after the step
    assert browser.run(BY) == "Computed by the processor."
    assert same != dear
    assert same == pytest.approx(dear, rel=0.2)
    step = browser.run(f"{LIVE}.steps")
    browser.run(f"{LIVE}.run()")
    browser.run(UNTIL.format(f"{LIVE}.steps > {step}"))
    browser.run(f"{SHOW}.player.go(0)")  # another frame stops it
    assert not browser.run(f"{LIVE}.running")


def test_what_computes_is_chosen_by_what_there_is(able, small):
    browser = able
    browser.open(small[0])
    choose = f"(async () => {{ {LIVE}.compute = '%s'; {LIVE}.begin({LIVE}.fieldShown()); await {LIVE}.energies(1); return {BY}; }})()"
    assert browser.run(choose % "processor") == "Computed by the processor."
    hide = "void Object.defineProperty(%s, '%s', { get: () => %s })"
    browser.run(hide % ("GPUAdapterInfo.prototype", "isFallbackAdapter", "false"), worker=True)
    assert browser.run(choose % "auto").startswith("Computed by WebGPU")
    code = "document.getElementById('compute').textContent"
    browser.run(f"{code} = {code}.replace('6.0 * b', '5.0 * b')")
    assert browser.run(choose % "card") == "Computed by the processor: WebGPU gives other numbers here."
    browser.run(f"{code} = 'no shader'")
    assert browser.run(choose % "auto") == "Computed by the processor: WebGPU failed to start."
    browser.run("void (navigator.gpu.requestAdapter = async () => null)", worker=True)
    assert browser.run(choose % "card") == "Computed by the processor: no graphics card that WebGPU can use was found."
    browser.run(hide % ("navigator", "gpu", "undefined"), worker=True)
    assert browser.run(choose % "auto") == "Computed by the processor: this browser has no WebGPU."
