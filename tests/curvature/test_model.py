import json

import numpy as np
import pytest

from shapelab.catalog import create
from shapelab.curvature import Curvatubes, CurvatubesModel, CurvatubesParameters
from shapelab.errors import InputError, OutOfMemoryError, ParameterError

SHAPE = (24, 24, 24)
SCALARS = {"energy", "mass_error", "discrepancy", "area", "mean_H", "mean_K", "volume_fraction", "flips"}


def small(preset="tubes", **parameters):
    return Curvatubes(preset, **{"shape": SHAPE, "settle": 0.0, **parameters})


def last(simulation, steps):
    frame = simulation.frame()
    for frame in simulation.run(steps=steps, every=steps):  # noqa: B007
        pass
    return frame


def ball(radius, shape=SHAPE):
    grid = np.indices(shape) - (np.array(shape) / 2 - 0.5)[:, None, None, None]
    return (grid**2).sum(0) < radius**2


def test_a_frame_is_what_the_docks_show():
    frame = last(small(voxel_size=0.5, unit="nm"), 3)
    layer = frame.layer("field")
    assert layer.kind == "image"
    assert layer.data.dtype == np.float32
    assert not layer.data.flags.writeable
    assert layer.meta["scale"] == (0.5,) * 3
    assert layer.meta["units"] == ("nm",) * 3
    assert (layer.meta["rendering"], layer.meta["iso_threshold"], layer.meta["contrast_limits"]) == ("iso", 0.0, (-1.0, 1.0))
    assert set(frame.scalars) == SCALARS
    assert frame.step == 3


def test_scalars_are_physical():
    coarse, fine = (last(small(voxel_size=size), 5).scalars for size in (1.0, 0.1))
    assert fine["area"] == pytest.approx(coarse["area"] / 100)
    assert fine["mean_H"] == pytest.approx(10 * coarse["mean_H"])
    assert fine["mean_K"] == pytest.approx(100 * coarse["mean_K"])
    assert fine["energy"] == coarse["energy"]


def test_scalars_of_a_ball():
    frame = Curvatubes(coefficients=(1, 2, 1, 0, 0, 0), initial=ball(10, (32, 32, 32)), voxel_size=0.5).frame()
    assert frame.scalars["mean_H"] == pytest.approx(2 / 5, rel=0.05)
    assert frame.scalars["mean_K"] == pytest.approx(1 / 25, rel=0.15)
    assert frame.scalars["area"] == pytest.approx(4 * np.pi * 25, rel=0.05)


@pytest.mark.parametrize("flow", ["conserved", "averaged"])
def test_mass_is_kept_to_float_precision(flow):
    assert abs(last(small(flow=flow), 80).scalars["mass_error"]) < 1e-6


def test_the_same_seed_gives_the_same_texture():
    first, second, other = last(small(), 30), last(small(), 30), last(small(seed=2), 30)
    assert np.array_equal(first["field"], second["field"])
    assert not np.array_equal(first["field"], other["field"])


def test_voxel_size_does_not_change_the_texture():
    assert np.array_equal(last(small(), 20)["field"], last(small(voxel_size=3.0, unit="mm"), 20)["field"])


@pytest.mark.parametrize(
    ("preset", "dtype"), [("tubes", "float32"), ("red-blood-cell", "float32"), ("catenoid", "float32"), ("tubes", "float64")]
)
def test_a_checkpoint_goes_on_bit_for_bit(preset, dtype):
    simulation = small(preset, dtype=dtype, shape=(16, 16, 16))
    last(simulation, 22)
    plain, arrays = simulation.checkpoint()
    plain = json.loads(json.dumps(plain))
    arrays = {name: array.copy() for name, array in arrays.items()}
    expected = last(simulation, 25)
    other = small()
    other.restore_checkpoint(plain, arrays)
    assert other.step_number == 22
    found = last(other, 25)
    assert np.array_equal(found["field"], expected["field"])
    assert found.scalars == expected.scalars


def test_a_state_is_not_touched_by_later_steps():
    simulation = small()
    last(simulation, 10)
    state = simulation.state()
    expected = last(simulation, 20)["field"]
    simulation.restore(state)
    assert np.array_equal(last(simulation, 20)["field"], expected)


@pytest.mark.parametrize(
    "change", [{"a20": 3.0}, {"b10": -60.0}, {"c": 800.0}, {"mass": -0.4}, {"orientation": 2000.0}, {"tension": 500.0}]
)
def test_live_changes_act_at_the_next_step(change):
    untouched, changed = small(), small()
    for simulation in (untouched, changed):
        last(simulation, 30)
    changed.update(**change)
    for simulation in (untouched, changed):
        simulation.step()
    assert not np.array_equal(untouched.frame()["field"], changed.frame()["field"])
    assert getattr(changed.parameters, next(iter(change))) == next(iter(change.values()))


def test_a_live_mass_moves_the_surface():
    simulation = small()
    before = last(simulation, 60)
    simulation.update(mass=-0.45)
    after = last(simulation, 10)
    assert after["field"].mean(dtype=np.float64) == pytest.approx(-0.45, abs=1e-6)
    assert after.scalars["volume_fraction"] > before.scalars["volume_fraction"] + 0.03
    assert abs(after.scalars["mass_error"]) < 1e-6


def test_fixed_parameters_cannot_change_while_it_runs():
    simulation = small()
    simulation.step()
    with pytest.raises(ParameterError, match="shape cannot change"):
        simulation.update(shape=(32, 32, 32))


def test_fidelity_keeps_the_texture_near_its_target():
    mask = ball(7)
    free = small("tubes", initial=mask, target=mask)
    held = small("tubes", initial=mask, target=mask, fidelity=1e7)
    start = free.frame()["field"]
    distance = [np.abs(last(simulation, 120)["field"] - start).mean() for simulation in (free, held)]
    assert distance[1] < 0.3 * distance[0]


def test_fidelity_without_a_target_is_refused():
    with pytest.raises(InputError, match="target"):
        small(fidelity=1.0).step()


def test_clamped_voxels_stay_as_they_start():
    clamped = np.zeros(SHAPE, bool)
    clamped[:6] = True
    simulation = small(clamped=clamped)
    first = simulation.frame()["field"]
    frame = last(simulation, 40)
    assert np.array_equal(frame["field"][:6], first[:6])
    assert not np.array_equal(frame["field"][6:], first[6:])


def test_coefficients_may_vary_in_space():
    ramp = np.linspace(1, 9, 24)[:, None, None]
    varied, plain = last(small(fields={"a02": ramp}), 40), last(small(), 40)
    assert not np.array_equal(varied["field"], plain["field"])
    uniform = last(small(fields={"a02": np.full(SHAPE, 6.0)}), 40)
    assert np.allclose(uniform["field"], plain["field"], atol=2e-3)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"seed": np.ones(24)}, "cannot vary"), ({"a20": np.ones(7)}, "does not fit"), ({"c": np.array([np.nan])}, "not finite")],
)
def test_bad_fields_are_refused(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        small(fields=fields).prepare()


def test_a_run_ends_by_itself_when_settled():
    simulation = Curvatubes("trabec-1", shape=(32, 32, 32), settle=0.02)
    for _ in simulation.run(every=1000):
        pass
    assert simulation.done
    assert not simulation.failed
    assert simulation.reason.startswith("Settled after")
    assert 250 <= simulation.step_number < 1000
    assert simulation.frame().scalars["flips"] < 0.02


def test_a_run_says_when_it_is_still_evolving_and_goes_on_if_asked():
    simulation = small(max_steps=60)
    for _ in simulation.run(every=100):
        pass
    assert simulation.step_number == 60
    assert simulation.reason.startswith("Still changing after 60 steps: ")
    simulation.update(b10=-50.0)
    for _ in simulation.run(every=100):
        pass
    assert simulation.step_number == 120


def test_a_texture_that_vanishes_says_so():
    simulation = small("soap-bubble", start="ball", start_size=4.0, reduced_volume=None)
    for _ in simulation.run(every=1000):
        pass
    assert simulation.reason.startswith("The texture vanished")
    assert "field" in simulation.frame()


def test_a_huge_shape_is_refused_with_the_number():
    simulation = Curvatubes(shape=(4000, 4000, 4000))
    with pytest.raises(OutOfMemoryError, match="GB"):
        simulation.prepare()


def test_memory_estimate_covers_the_state_and_grows_with_the_voxels():
    model = CurvatubesModel()
    small_box, large_box, larger_box = (CurvatubesParameters(shape=(n, n, n)) for n in (24, 48, 96))
    assert model.memory(larger_box) - model.memory(large_box) == 8 * (model.memory(large_box) - model.memory(small_box)) > 30 * 7 * 48**3
    _, arrays = small().checkpoint()
    assert sum(array.nbytes for array in arrays.values()) < model.memory(small_box)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"a20": -1.0}, "a20 = -1.0 is not allowed: it must be between 0 and 1000"),
        ({"b10": 1e7}, "b10"),
        ({"mass": 2.0}, "mass = 2.0 is not allowed"),
        ({"shape": (4, 64, 64)}, "at least 8 voxels"),
        ({"direction": (0, 0, 0)}, "direction"),
        ({"interface_width": 0.2}, "interface_width"),
        ({"coefficients": (1, 2, 3)}, "six numbers"),
        ({"tube_radius": 3}, "no parameter 'tube_radius'"),
        ({"device": "abacus"}, "abacus"),
    ],
)
def test_bad_parameters_get_one_sentence(bad, sentence):
    with pytest.raises(ParameterError, match=sentence):
        Curvatubes(**bad).prepare()


def test_indefinite_polynomials_warn_and_definite_ones_show_their_aim():
    assert "no lowest value" in CurvatubesParameters(a11=3.55, a02=1.0).warning
    tubes = CurvatubesParameters(voxel_size=0.02)
    assert tubes.warning == ""
    assert tubes.minimiser == (10.0, 0.0)


def test_every_parameter_is_described():
    for name, info in CurvatubesParameters.infos().items():
        assert info.description.endswith("."), name
    live = {"a20", "a11", "a02", "b10", "b01", "c", "mass", "orientation", "tension", "fidelity", "reduced_volume", "max_steps", "settle"}
    assert live <= CurvatubesParameters.live_fields()


def test_the_catalog_makes_one():
    assert create("curvatubes", "sponge", seed=4).preset == "sponge"
