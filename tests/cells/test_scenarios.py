"""Every scenario of the registry: runs small, keeps its volumes, shows what is expected of it, restores bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shapelab.catalog import families, scenarios
from shapelab.cells import CellModel, Cells
from shapelab.cells import scenarios as scenario_folder
from shapelab.cells.scenarios import SCENARIOS


def small(name: str, **changes):
    return Cells(name, **{**SCENARIOS[name].quick, **changes})


@pytest.mark.parametrize("name", SCENARIOS)
def test_runs_keeps_its_volumes_and_shows_what_is_expected(name):
    sim = small(name, seed=301, max_time=SCENARIOS[name].shows_after or 1.0, max_steps=2000)
    first, frame = sim.frame(), list(sim.run(every=1_000_000))[-1]
    assert frame.time > first.time
    assert frame.scalars["volume_error"] <= 1.5 * sim.parameters.tolerance
    assert frame.scalars["max_volume_error"] <= 0.3
    assert all(np.isfinite(value) for value in frame.scalars.values())
    for observable, (low, high) in SCENARIOS[name].expect.items():
        assert low <= frame.scalars[observable] <= high, observable
    ids = np.unique(frame["cells"])
    assert set(ids[ids > 0]) <= set(frame.layer("seeds").meta["features"]["id"])
    assert len({tuple(layer.meta["scale"]) for layer in frame}) == 1
    assert {layer.name for layer in frame} >= {"cells", "seeds", sim.model.arrows}
    assert all(layer.meta["units"] == ("um",) * frame["cells"].ndim for layer in frame)


@pytest.mark.parametrize("name", SCENARIOS)
def test_restores_bit_for_bit(name):
    sim = small(name)
    sim.prepare()
    for _ in range(2):
        sim.step()
    plain, arrays = sim.checkpoint()
    plain = json.loads(json.dumps(plain))
    other = small(name)
    other.restore_checkpoint(plain, {key: np.array(value) for key, value in arrays.items()})
    for run in (sim, other):
        for _ in range(2):
            run.step()
    a, b = sim.frame(), other.frame()
    assert dict(a.scalars) == dict(b.scalars)
    np.testing.assert_array_equal(a["cells"], b["cells"])
    np.testing.assert_array_equal(a["seeds"], b["seeds"])


def test_the_same_seed_gives_the_same_run_and_another_does_not():
    runs = [small("run_and_tumble", seed=seed) for seed in (3, 3, 4)]
    frames = [list(sim.run(steps=4, every=4))[-1]["seeds"] for sim in runs]
    np.testing.assert_array_equal(frames[0], frames[1])
    assert not np.allclose(frames[0], frames[2])


@pytest.mark.parametrize("path", sorted(Path(scenario_folder.__path__[0]).glob("*.py")), ids=lambda path: path.stem)
def test_a_scenario_is_one_short_file_without_windows(path):
    text = path.read_text()
    assert len(text.splitlines()) < 100
    assert not {"napari", "qtpy", "magicgui"}.intersection(text.split())


def test_the_registry_is_the_catalogue():
    assert families()["cells"].keyword == "scenario"
    assert scenarios("cells") is SCENARIOS
    assert len(SCENARIOS) >= 21
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.citation or Cells(name).model.citation
        assert scenario.description.endswith(".")
        parameters = Cells(name).model.parameters_type
        for variant in scenario.variants.values():
            parameters(**{**scenario.parameters, **variant})


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_empty_box_is_no_error(name):
    sim = small(name, n_cells=0)
    sim.step()
    assert sim.frame().scalars["cells"] >= 0
    assert isinstance(sim.model, CellModel)


@pytest.mark.parametrize(
    "name", ["run_and_tumble", "blind_swimmers", "tissue_growth", "elastic_block", "dam_break", "internalisation", "relaxation"]
)
def test_one_cell_alone(name):
    sim = small(name, n_cells=1, filling=0.2)
    for _ in range(3):
        sim.step()
    assert sim.frame().scalars["cells"] == 1
