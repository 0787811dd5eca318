import numpy as np
import pytest

import shapelab as sl
from shapelab.curvature import Curvatubes, CurvatubesParameters
from shapelab.curvature.parameters import indefinite_warning
from shapelab.curvature.presets import PRESETS
from shapelab.curvature.published import PUBLISHED
from shapelab.curvature.statistics import texture_statistics
from shapelab.errors import ParameterError

FROM_THE_TABLE = [
    "tubes", "sponge", "bilayers", "pearls", "metatubes", "sieve", "tightlayers-1", "tightlayers-2",
    "tightlayers-3", "trabec-1", "trabec-2", "trabec-3", "trabec-notebook", "tortuous", "weird", "exp-0366",
    "exp-0374", "exp-0556", "exp-0684", "exp-0830", "layers", "spheres", "tubes-thin", "tubes-oriented",
]  # fmt: skip


def test_every_published_texture_is_there():
    assert all(name in PRESETS for name in FROM_THE_TABLE)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_complete(name):
    preset = PRESETS[name]
    parameters = CurvatubesParameters(**preset.parameters)
    assert preset.name == name
    assert preset.title
    assert preset.description.endswith(".")
    assert preset.citation
    assert preset.group
    assert all(low < high for low, high in preset.expect.values())
    if not parameters.sequence:
        assert preset.warning == indefinite_warning(parameters.coefficients)


@pytest.mark.parametrize("name", ["pearls", "sieve", "exp-0684", "exp-0830"])
def test_indefinite_polynomials_carry_a_warning(name):
    assert "no lowest value" in PRESETS[name].warning
    assert CurvatubesParameters(**PRESETS[name].parameters).minimiser is None


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("weird", "crumpled-foam"), ("trabec-round", "sharp-struts"), ("trabec-notebook", "trabec-rounded"), ("exp-0366", "splinters"),
        ("exp-0374", "round-pores"), ("exp-0556", "short-tubes"), ("exp-0684", "fine-grain"), ("exp-0830", "knobs"),
    ],
)  # fmt: skip
def test_former_names_work(former, name):
    assert Curvatubes(former).preset == name
    assert Curvatubes(sequence=f"tubes, {former}").parameters.sequence == f"tubes, {former}"
    assert former not in sl.catalog()
    assert name in sl.catalog()


def test_bands_hold_the_published_values():
    for row in PUBLISHED:
        if row.measured is not None:
            expect = PRESETS[row.name].expect
            assert all(low < value < high for value, (low, high) in zip(row.measured, expect.values(), strict=True))


def test_the_parameters_alone_are_tubes():
    tubes = CurvatubesParameters(**PRESETS["tubes"].parameters)
    assert tubes == CurvatubesParameters()
    assert Curvatubes().parameters == tubes


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_runs(name):
    simulation = Curvatubes(name, **PRESETS[name].quick)
    first = simulation.frame()["field"]
    for frame in simulation.run(steps=6, every=6):
        assert np.isfinite(frame["field"]).all()
        assert np.isfinite(list(frame.scalars.values())).all()
        assert not np.array_equal(frame["field"], first)


@pytest.mark.parametrize("name", ["tubes", "trabec-1"])
def test_small_boxes_already_show_the_published_statistics(name):
    simulation = Curvatubes(name, shape=(40, 40, 40), seed=1)
    for _ in simulation.run(every=1000):
        pass
    statistics = texture_statistics(simulation.state())
    for observable, (low, high) in PRESETS[name].expect.items():
        margin = 0.35 * (high - low)  # a box of 40 voxels holds a handful of branches
        assert low - margin <= statistics[observable] <= high + margin, observable


def test_oriented_tubes_run_along_their_direction():
    alignment = {}
    for name in ("tubes", "tubes-oriented"):
        simulation = Curvatubes(name, shape=(40, 40, 40), direction=(0.0, 0.0, 1.0))
        for frame in simulation.run(steps=300, every=300):
            slopes = np.stack(np.gradient(frame["field"]))
        alignment[name] = float((slopes[2] ** 2).sum() / (slopes**2).sum())
    assert alignment["tubes-oriented"] < 0.05  # 1/3 without any direction
    assert alignment["tubes-oriented"] < 0.5 * alignment["tubes"]


def test_a_sequence_changes_the_texture_along_x():
    simulation = Curvatubes("tubes", sequence="layers, spheres-sparse", shape=(24, 24, 96))
    state = simulation.state()
    assert state.fields["b10"].shape == (1, 1, 96)
    assert state.fields["b10"].min() == pytest.approx(-75, abs=2)
    for frame in simulation.run(steps=150, every=150):
        matter = (frame["field"] > 0).mean(axis=(0, 1))
    assert matter[:48].mean() > matter[48:].mean() + 0.05


def test_an_unknown_preset_names_its_neighbours():
    with pytest.raises(ParameterError, match="'tubes'"):
        Curvatubes("tube")
    with pytest.raises(ParameterError, match="There is no preset"):
        Curvatubes(sequence="layers, nonsense").prepare()
