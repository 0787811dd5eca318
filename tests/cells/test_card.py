"""Cells whose passes are made by the kernels for graphics cards, on the processor through Warp."""

import numpy as np
import pytest

import shapelab as sl
from shapelab import device
from shapelab.cuda_driver import Card

pytest.importorskip("warp")


@pytest.mark.parametrize("scenario", ["run_and_tumble", "blind_swimmers"])
def test_a_hundred_steps_agree_with_the_processor(scenario):
    """The same labels up to one pixel in a thousand, and the same volumes up to the tolerance of the solves, after 100 steps."""
    runs = [sl.Cells(scenario, shape=(128, 128), n_cells=30, seed=3, device=where) for where in ("cpu", "warp:cpu")]
    ours, card = (list(run.run(steps=100, every=100))[-1] for run in runs)
    assert ours.step == card.step == 100
    assert (ours["cells"] != card["cells"]).mean() <= 1e-3
    a, b = (run.state().diagram["volumes"] for run in runs)
    np.testing.assert_allclose(b, a, rtol=1e-3)
    np.testing.assert_allclose(runs[1].state().positions, runs[0].state().positions, atol=1e-3)
    assert runs[1].device == "warp:cpu"


def test_same_seed_and_device_same_bytes_and_a_checkpoint_goes_on():
    runs = [sl.Cells("run_and_tumble", shape=(64, 64), n_cells=12, seed=1, device="warp:cpu") for _ in range(2)]
    first, second = (list(run.run(steps=6, every=6))[-1] for run in runs)
    assert first["cells"].tobytes() == second["cells"].tobytes()
    assert runs[0].state().positions.tobytes() == runs[1].state().positions.tobytes()
    saved = runs[0].state()
    list(runs[0].run(steps=4, every=4))
    runs[1].restore(saved)
    list(runs[1].run(steps=4, every=4))
    assert runs[0].state().positions.tobytes() == runs[1].state().positions.tobytes()


def test_cells_are_drawn_finely_with_the_same_labels():
    runs = [sl.Cells("relaxation", shape=(48, 48), n_cells=10, seed=1, device=where) for where in ("cpu", "warp:cpu")]
    a, b = (run.draw(3).data for run in runs)
    assert a.shape == (144, 144)
    np.testing.assert_array_equal(a, b)


def test_what_the_processor_does_although_a_card_was_chosen_is_said_in_the_frame(monkeypatch):
    run = sl.Cells("relaxation", shape=(32, 32), n_cells=6, device="warp:cpu")
    assert not any("On the processor" in note for note in run.frame().notices)  # that was chosen
    monkeypatch.setattr("shapelab.cells.model.on_card", lambda name: True)
    run.model._on_processor = "warp:cpu", ("cold start",)
    assert any("On the processor, not on" in note and "cold start" in note for note in run.frame().notices)


def test_small_grids_stay_on_the_processor(monkeypatch):
    monkeypatch.setattr(device, "cards", lambda: (Card(0, "a card", 80_000_000_000, (9, 0)),))
    monkeypatch.setattr(device, "_obstacle", lambda index, through: None)
    small, large = (sl.Cells("relaxation", shape=shape) for shape in ((128, 128), (512, 512)))
    assert small.device == "cpu"
    assert large.device == "cuda:0"
