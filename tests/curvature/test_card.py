"""Textures on a card, whose kernels the processor runs here: they follow the processor's, and cost what they may."""

from __future__ import annotations

import copy
import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import shapelab as sl
from shapelab import memory
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.flow import Flow
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.published_flow import PublishedFlow
from shapelab.curvature.settling import counted_sides
from shapelab.curvature.terms import EnergyTerms
from shapelab.errors import NotFiniteError, OutOfMemoryError

pytest.importorskip("warp")
from shapelab.gpu.queue import Counts

SHAPE = (12, 10, 14)
TUBES = Coefficients(1, 2, 6, -40, -40, 400)
BOX = {"shape": (16, 18, 20), "seed": 1, "device": "warp:cpu"}


def noise(shape=SHAPE, mean=-0.4, seed=0, size=0.5):
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2, mode="wrap")
    field = size * field / field.std()
    return (field - field.mean() + mean).astype(np.float32)


def make_flow(device="warp:cpu", dtype="float32", boundary="periodic", kind="conserved", clamp=False, shape=SHAPE, **terms):
    energy = CurvatureEnergy(shape, EnergyTerms(TUBES, boundary=boundary, **terms), dtype=dtype, device=device)
    if kind == "published":
        return PublishedFlow(energy)
    clamped = np.zeros(shape, bool)
    clamped[3:6, 4:9] = clamp
    return Flow(energy, kind=kind, clamped=clamped)


def run(flow, u, steps):
    state = flow.start(u)
    return state, [flow.step(state) for _ in range(steps)]


CASES = {
    "conserved": {},
    "averaged": {"kind": "averaged"},
    "free": {"kind": "free"},
    "clamped": {"clamp": True},
    "averaged, clamped": {"kind": "averaged", "clamp": True},
    "free, clamped": {"kind": "free", "clamp": True},
    "vesicle": {"kind": "averaged", "area": 0.02, "area_stiffness": 2e4},
    "target": {"fidelity": 1e4, "target": np.sign(noise(seed=3))},
}


@pytest.mark.parametrize("boundary", ["periodic", "replicate"])
@pytest.mark.parametrize("case", CASES)
def test_a_flow_follows_that_of_the_processor(case, boundary):
    u, options = noise(), {**CASES[case], "boundary": boundary}
    for dtype, steps, close in (("float64", 12, 1e-5), ("float32", 6, 0.02)):
        expected, energies = run(make_flow("cpu", dtype, **options), u, steps)
        state, same = run(make_flow("warp:cpu", dtype, **options), u, steps)
        assert same == pytest.approx(energies, rel=1e-3 if dtype == "float32" else 1e-6)
        change = expected["u"] - u
        assert np.linalg.norm(np.asarray(state["u"]) - expected["u"]) < close * np.linalg.norm(change)


def test_the_published_flow_follows_that_of_the_processor():
    expected, energies = run(make_flow("cpu", "float64", kind="published"), noise(), 8)
    state, same = run(make_flow("warp:cpu", "float64", kind="published"), noise(), 8)
    assert same == pytest.approx(energies, rel=1e-9)
    for name in ("u", "first", "second", "moved"):
        np.testing.assert_allclose(np.asarray(state[name]), expected[name], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("case", "launches"), [*((case, 9) for case in CASES), ("published", 10)])
def test_a_step_is_at_most_ten_launches_and_one_wait(case, launches):
    flow = make_flow(**CASES.get(case, {"kind": case}))
    state, _ = run(flow, noise(), 21)  # at the 20th the field is saved, which the next evaluation does
    queue = flow.energy.card.queue
    queue.counts = Counts()
    for _ in range(3):
        flow.step(state)
    assert queue.counts.waits == 3
    assert queue.counts.launches <= 3 * launches


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_a_step_moves_and_a_run_holds(dtype):
    shape, number = (40, 40, 40), int(dtype[-2:]) // 8
    flow = make_flow(dtype=dtype, shape=shape)
    state, _ = run(flow, noise(shape), 2)
    gc.collect()
    queue, voxels = flow.energy.card.queue, np.prod(shape)
    sums = 16 * 64 * 8 + 1000  # of blocks, of which a card has more; not per voxel
    assert (queue.held - sums) / voxels <= 16.3 * number  # 65 bytes in single precision
    queue.counts = Counts()
    flow.step(state)
    assert queue.counts.traffic / voxels <= 38 * number  # 152
    for kind in ("tubes", "noise"):
        estimate = memory.of_texture(shape, flow="conserved", dtype=dtype, start=kind, device="cuda:0")
        assert 0.95 < (estimate - 2_000_000) / queue.peak < 1.2


def test_the_published_flow_holds_what_is_estimated():
    shape = (32, 32, 32)
    flow = make_flow(kind="published", shape=shape)
    run(flow, noise(shape), 2)
    estimate = memory.of_texture(shape, flow="published", dtype="float32", start="noise", device="cuda:0")
    assert 0.95 < (estimate - 2_000_000) / flow.energy.card.queue.peak < 1.2


def test_coefficients_that_vary_are_estimated_with_the_run(monkeypatch):
    monkeypatch.setattr("shapelab.curvature.model.resolve", lambda device, large: "cuda:0")
    plain = sl.Curvatubes("tubes", shape=(16, 16, 16))
    varying = sl.Curvatubes("tubes", shape=(16, 16, 16), fields={"a20": np.ones((16, 16, 16)), "c": np.full((16, 1), 400.0)})
    needs = [simulation.model.memory(simulation.parameters, simulation.initial) for simulation in (plain, varying)]
    assert needs[1] - needs[0] == 40 * 16**3


def test_blocks_of_threads_make_the_same_step_as_on_a_card(monkeypatch):
    import warp

    expected, energies = run(make_flow(dtype="float64", clamp=True), noise(), 4)
    monkeypatch.setattr(warp.config, "enable_cpu_blocks", True)
    flow = make_flow(dtype="float64", clamp=True)
    assert flow.energy.card.queue.block == 1
    monkeypatch.setattr("shapelab.gpu.queue._PROCESSOR_BLOCK", 32)
    flow = make_flow(dtype="float64", clamp=True)
    assert flow.energy.card.queue.block == 32
    state, same = run(flow, noise(), 4)
    assert same == pytest.approx(energies, rel=1e-9)
    np.testing.assert_allclose(np.asarray(state["u"]), np.asarray(expected["u"]), atol=1e-8)


def test_two_simulations_share_a_card():
    """Their kernels take turns; neither sees the other's numbers."""
    alone = run(make_flow(), noise(), 20)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: run(make_flow(), noise(seed=seed), 20), (0, 1)))
    assert together[0][1] == alone[1]
    assert np.asarray(together[0][0]["u"]).tobytes() == np.asarray(alone[0]["u"]).tobytes()
    assert together[1][1] != alone[1]


def test_same_seed_same_bytes():
    first, second = (run(make_flow(clamp=True), noise(), 30) for _ in range(2))
    assert first[1] == second[1]
    assert np.asarray(first[0]["u"]).tobytes() == np.asarray(second[0]["u"]).tobytes()


@pytest.mark.parametrize("flow", ["conserved", "averaged", "published", "prepared"])
def test_copies_and_checkpoints_go_on_bit_for_bit(flow, monkeypatch):
    monkeypatch.setattr("shapelab.curvature.published_flow._PREPARATION", 15)
    whole, saved, copied = (sl.Curvatubes("tubes", flow=flow, **BOX) for _ in range(3))
    for _ in range(20):  # the last move is not yet read, and owed
        whole.step()
    saved.restore_checkpoint(*whole.checkpoint())
    copied.restore(whole.state())
    for simulation in (whole, saved, copied):
        for _ in range(35):  # over a look at the energies and a check of what settled
            simulation.step()
    expected = whole.frame()
    for simulation in (saved, copied):
        frame = simulation.frame()
        assert frame["field"].tobytes() == expected["field"].tobytes()
        assert frame.scalars == expected.scalars


@pytest.mark.parametrize("flow", ["conserved", "published"])
@pytest.mark.parametrize(("here", "there"), [("warp:cpu", "cpu"), ("cpu", "warp:cpu")])
def test_a_run_goes_on_elsewhere(flow, here, there):
    first = sl.Curvatubes("tubes", flow=flow, dtype="float64", **{**BOX, "device": here})
    for _ in range(20):
        first.step()
    plain, arrays = copy.deepcopy(first.checkpoint())
    plain["parameters"]["device"] = there
    second = sl.Curvatubes("tubes", flow=flow, dtype="float64", **{**BOX, "device": there})
    second.restore_checkpoint(plain, arrays)
    for simulation in (first, second):
        for _ in range(5):
            simulation.step()
    np.testing.assert_allclose(second.frame()["field"], first.frame()["field"], atol=1e-4)
    assert second.frame().scalars == pytest.approx(first.frame().scalars, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(("preset", "extra"), [("tubes", {}), ("catenoid", {"shape": (12, 24, 24)}), ("gyroid", {"shape": (18, 20, 22)})])
def test_a_frame_says_the_same_as_on_the_processor(preset, extra):
    simulations = [sl.Curvatubes(preset, **{**BOX, **extra, "device": device}) for device in ("cpu", "warp:cpu")]
    here, card = (simulation.frame() for simulation in simulations)
    assert card["field"].dtype == np.float32
    np.testing.assert_array_equal(card["field"], here["field"])
    assert card.scalars == pytest.approx(here.scalars, rel=1e-4, abs=1e-7)
    assert not card["field"].flags.writeable


def test_sides_are_counted_on_the_card():
    flow = make_flow(shape=(5, 7, 11))  # the last byte is not full
    u, later = noise((5, 7, 11), mean=0.0), noise((5, 7, 11), mean=0.0, seed=1)
    sides, inside, _ = counted_sides(flow.start(u)["u"])
    assert inside == np.count_nonzero(u > 0)
    np.testing.assert_array_equal(np.asarray(sides), np.packbits(u > 0))
    sides, inside, changed = counted_sides(flow.start(later)["u"], sides)
    assert (inside, changed) == (np.count_nonzero(later > 0), np.count_nonzero((u > 0) != (later > 0)))
    np.testing.assert_array_equal(np.asarray(sides), np.packbits(later > 0))


def test_a_run_settles_and_takes_live_changes():
    simulation = sl.Curvatubes("tubes", **BOX)
    for _ in range(60):
        simulation.step()
    assert simulation.frame().scalars["flips"] > 0
    simulation.update(mass=-0.5, a20=1.5)
    for _ in range(3):
        simulation.step()
    assert simulation.frame().scalars["mass_error"] == pytest.approx(0, abs=1e-6)
    assert np.mean(simulation.frame()["field"], dtype=np.float64) == pytest.approx(-0.5, abs=1e-5)


def test_steps_are_bounded_at_every_voxel(monkeypatch):
    monkeypatch.setattr("shapelab.curvature.flow._LARGEST_CHANGE", 0.004)
    state, energies = run(make_flow(), noise(), 30)
    assert np.abs(np.asarray(state["step"])).max() > 0.004  # the last one is bounded when it is read
    moved = np.asarray(state["u"]) - np.asarray(state["step"])
    state = {name: np.asarray(value) if hasattr(value, "numpy") else value for name, value in state.items()}
    make_flow("cpu").adopt(state)
    assert np.abs(state["step"]).max() == pytest.approx(0.004, rel=1e-5)
    np.testing.assert_allclose(state["u"], moved + state["step"], atol=1e-6)
    assert energies[-1] < energies[0]


def test_numbers_that_break_down_end_in_a_sentence_and_the_last_good_field():
    flow = make_flow()
    state, _ = run(flow, noise(), 25)
    good = np.asarray(state["saved"])
    flow.energy.update(EnergyTerms(Coefficients(*(1e34 * value for value in TUBES))))
    with pytest.raises(NotFiniteError, match="stopped being finite"):
        [flow.step(state) for _ in range(20)]
    np.testing.assert_array_equal(np.asarray(state["u"]), good)


def test_memory_that_runs_out_is_a_sentence_and_given_back(monkeypatch):
    simulation = sl.Curvatubes("tubes", **{**BOX, "shape": (24, 24, 24)})
    from shapelab.gpu.queue import Queue

    empty, made = Queue.empty, []

    def refuse(self, shape, dtype):
        if len(made) > 6:
            raise self._out_of_memory(shape, dtype)
        made.append(empty(self, shape, dtype))
        return made[-1]

    simulation.model.warm_up(simulation.parameters)
    simulation.model._prepare_card(simulation.parameters)
    monkeypatch.setattr(Queue, "empty", refuse)
    with pytest.raises(OutOfMemoryError, match=r"The memory of CPU through Warp .* ran out"):
        simulation.prepare()
    assert simulation.model._engine is None
    monkeypatch.undo()
    simulation.step()


@pytest.mark.parametrize("boundary", ["periodic", "replicate"])
def test_a_texture_has_the_statistics_of_the_processors(boundary):
    """48³ voxels, 100 steps: fields differ, since the kinks of the energy amplify rounding; what is measured does not."""
    measured = []
    for device in ("cpu", "warp:cpu"):
        simulation = sl.Curvatubes("tubes", shape=(48, 48, 48), seed=3, device=device, boundary=boundary)
        for _ in range(100):
            simulation.step()
        measured.append(simulation.model.statistics(simulation.state()))
    here, card = measured
    for name, close in {"energy": 0.02, "area": 0.02, "volume_fraction": 0.03, "discrepancy": 0.05, "k1": 0.03}.items():
        assert card[name] == pytest.approx(here[name], rel=close), name
