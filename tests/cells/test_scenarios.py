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

SMALL = {
    "hard_and_soft_cells": {"shape": (32, 32, 32), "n_cells": 20},
    "ellipsoids": {"shape": (32, 32, 32), "n_cells": 15},
    "bubbles": {"shape": (32, 32, 32), "bubble_radius": 0.1, "n_cells": 6},
    "checkerboard_3d": {"shape": (32, 32, 32), "n_cells": 20},
    "internalisation_3d": {"shape": (32, 32, 32), "n_cells": 20},
    "separation_3d": {"shape": (32, 32, 32), "n_cells": 20},
    "checkerboard": {"shape": (112, 112), "n_cells": 40},
    "tissue_growth_3d": {"shape": (32, 32, 32), "capacity": 20, "n_cells": 3},
    "relaxation_3d": {"shape": (24, 24, 24), "n_cells": 12},
    "hourglass": {"shape": (40, 40, 40), "n_cells": 8},
    "micropipette": {"shape": (64, 128)},
    "chemotaxis": {"shape": (64, 64), "n_cells": 5},
    "protrusions": {"shape": (64, 64), "n_cells": 8},
    "taylor_green": {"shape": (96, 96), "n_cells": 60},
    "dam_break": {"shape": (112, 112), "n_cells": 25},
    "elastic_block": {"shape": (160, 160), "n_cells": 36},
    "plastic_block": {"shape": (160, 160), "n_cells": 36},
}


SETTLED = {
    "active_crystal": 1.5, "active_liquid": 1.5, "blind_swimmers": 0.5, "bubbles": 0.8, "checkerboard": 0.25, "checkerboard_3d": 0.12,
    "chemotaxis": 1.0, "dam_break": 0.9, "elastic_block": 1.0, "ellipsoids": 0.5, "engulfment": 0.25, "falling_cells": 2.5,
    "falling_columns": 2.5, "fire_alarm": 0.4, "fire_alarm_soft": 1.5, "hard_and_soft_cells": 0.4, "hourglass": 3.0, "hourglass_2d": 2.5,
    "internalisation": 0.25, "internalisation_3d": 0.15, "light_and_heavy": 2.5, "micropipette": 0.8, "plastic_block": 1.3,
    "protrusions": 0.5, "relaxation": 3.0, "relaxation_3d": 3.0, "run_and_tumble": 1.0, "separation": 0.6, "separation_3d": 0.15,
    "taylor_green": 0.3, "tissue_growth": 3.0, "tissue_growth_3d": 2.0,
}  # fmt: skip
"""Time of the model after which a small run shows what is expected of it."""


def small(name: str, **changes):
    return Cells(name, **{"shape": (80, 80), "n_cells": 20, **SMALL.get(name, {}), **changes})


@pytest.mark.parametrize("name", SCENARIOS)
def test_runs_keeps_its_volumes_and_shows_what_is_expected(name):
    sim = small(name, seed=301, max_time=SETTLED.get(name, 1.0), max_steps=2000)
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
