"""Parameters, states, frames, the run loop and the catalog, on a model of three lines."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapelab import catalog
from shapelab.device import available_memory, require_memory, resolve
from shapelab.errors import EditError, InputError, NotFiniteError, OutOfMemoryError, ParameterError
from shapelab.frame import Frame, LayerData, frozen
from shapelab.simulation import Model, Parameters, Simulation, State, parameter


class DecayParameters(Parameters):
    size: int = parameter(8, "Number of values.", ge=1, le=10_000_000, unit="values", main=True)
    rate: float = parameter(0.1, "Share that goes in a step.", gt=0, lt=1, live=True, label="Rate of decay")
    noise: float = parameter(0.0, "Size of the noise.", ge=0)
    mode: Literal["linear", "square"] = parameter("linear", "Law of decay.")
    corner: tuple[int, int] = parameter((1, 2), "A pair.")
    limit: float | None = parameter(None, "Value to stop at.")
    seed: int = parameter(0, "Seed.", ge=0)


@dataclass
class DecayState(State):
    u: np.ndarray = field(default_factory=lambda: np.ones(1))
    history: list[float] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class Decay(Model[DecayParameters, DecayState]):
    """u' = -rate u + noise."""

    name = "decay"
    parameters_type = DecayParameters
    state_type = DecayState
    edits = ("poke",)

    def init(self, parameters, initial=None):
        start = np.ones(parameters.size) if initial is None else np.asarray(initial, dtype=float).copy()
        return DecayState(parameters, np.random.default_rng(parameters.seed), u=start)

    def step(self, state):
        p = state.parameters
        if p.seed == 13:
            raise MemoryError
        state.u -= p.rate * state.u + p.noise * state.rng.standard_normal(state.u.shape)
        state.step += 1
        state.time += 0.5
        state.history.append(float(state.u[0]))
        if p.seed == 7 and state.step == 3:
            raise NotFiniteError("The numbers are no longer finite: choose a smaller rate.")
        return state

    def frame(self, state):
        return Frame(state.step, state.time, (LayerData("u", frozen(state.u), "image"),), {"mean": float(state.u.mean())})

    def edit(self, state, action, **arguments):
        if action != "poke":
            return super().edit(state, action, **arguments)
        state.u[arguments["index"]] = arguments["value"]
        return state

    def finished(self, state):
        limit = state.parameters.limit
        return f"Below {limit:g}." if limit is not None and state.u[0] < limit else None

    def memory(self, parameters, initial=None):
        return 8 * parameters.size


def make(initial=None, **parameters) -> Simulation:
    return Simulation(Decay(), DecayParameters(**parameters), initial=initial)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"size": 0}, "size = 0 is not allowed: it must be between 1 and 10,000,000 values."),
        ({"rate": 1.0}, "rate = 1.0 is not allowed: it must be between 0 and 1 (0 and 1 excluded)."),
        ({"rate": float("nan")}, "rate = nan is not allowed"),
        ({"mode": "cubic"}, "mode = 'cubic' is not allowed: it must be one of 'linear', 'square'."),
        ({"speed": 1}, "There is no parameter 'speed'; known parameters: size, rate"),
        ({"size": "many"}, "size = 'many' is not allowed"),
        ({"corner": (1,)}, "corner = (1,) is not allowed: it must be 2 values."),
        ({"noise": -1}, "noise = -1 is not allowed: it must be at least 0."),
    ],
)
def test_invalid_parameters_give_one_sentence(values, sentence):
    with pytest.raises(ParameterError) as error:
        DecayParameters(**values)
    assert sentence in str(error.value)


@given(
    size=st.integers(1, 1000), rate=st.floats(0.01, 0.99), mode=st.sampled_from(["linear", "square"]), limit=st.none() | st.floats(-1, 1)
)
def test_parameters_survive_json(size, rate, mode, limit):
    parameters = DecayParameters(size=size, rate=rate, mode=mode, limit=limit)
    assert DecayParameters.from_json(json.loads(json.dumps(parameters.to_json()))) == parameters


def test_parameters_are_frozen_and_show_what_differs():
    parameters = DecayParameters(rate=0.5)
    assert repr(parameters) == "DecayParameters(rate=0.5)"
    assert parameters.changed() == {"rate": 0.5}
    with pytest.raises(ParameterError):
        parameters.replace(rate=2)
    with pytest.raises(Exception, match="frozen"):
        parameters.rate = 0.2
    info = DecayParameters.infos()["rate"]
    assert (info.label, info.minimum, info.maximum, info.open_minimum, info.live) == ("Rate of decay", 0, 1, True, True)
    assert DecayParameters.infos()["mode"].choices == ("linear", "square")
    assert DecayParameters.live_fields() == {"rate"}


def test_run_yields_every_so_often_and_at_the_end():
    simulation = make()
    assert [frame.step for frame in simulation.run(10, every=4)] == [4, 8, 10]
    assert simulation.reason == "Step limit of 10 reached."
    assert not simulation.done
    assert [frame.step for frame in simulation.run(2, every=2)] == [12]
    assert [frame.step for frame in make().run(0)] == [0]


@pytest.mark.parametrize("arguments", [{"every": 0}, {"steps": -1}])
def test_run_refuses_nonsense(arguments):
    with pytest.raises(ParameterError):
        list(make().run(**arguments))


def test_run_ends_by_itself():
    simulation = make(limit=0.5)
    frames = list(simulation.run(every=100))
    assert simulation.done
    assert not simulation.failed
    assert simulation.reason == "Below 0.5."
    assert frames[-1]["u"][0] < 0.5
    assert len(frames) == 1
    simulation.step()
    assert simulation.step_number == frames[-1].step


def test_numbers_that_are_not_finite_end_the_run_with_the_reason():
    simulation = make(seed=7)
    frames = list(simulation.run(10, every=1))
    assert simulation.done
    assert simulation.failed
    assert "no longer finite" in (simulation.reason or "")
    assert frames


def test_memory_errors_become_a_sentence():
    with pytest.raises(OutOfMemoryError, match="smaller shape"):
        list(make(seed=13).run(1))
    with pytest.raises(OutOfMemoryError, match="GB"):
        require_memory(2 * available_memory())


def test_stop_before_the_first_frame_is_heard():
    simulation = make()
    frames = simulation.run(steps=5, every=1)
    simulation.stop()
    assert [frame.step for frame in frames] == [0]
    assert simulation.stopped
    assert simulation.reason == "Stopped."
    assert [frame.step for frame in simulation.run(steps=2, every=1)] == [1, 2]  # a new run is a new wish
    assert not simulation.stopped


def test_stop_from_another_thread():
    simulation = make()
    started = threading.Event()
    steps: list[int] = []

    def work():
        for frame in simulation.run(every=1):
            steps.append(frame.step)
            started.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    simulation.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert simulation.reason == "Stopped."
    assert simulation.stopped
    assert steps == list(range(1, len(steps) + 1))


def test_live_update_acts_on_the_next_step():
    simulation = make()
    simulation.step()
    simulation.update(rate=0.5)
    simulation.step()
    assert simulation.frame()["u"][0] == pytest.approx(0.9 * 0.5)
    with pytest.raises(ParameterError, match="size cannot change while"):
        simulation.update(size=3)
    with pytest.raises(ParameterError, match="rate = 3"):
        simulation.update(rate=3)
    assert simulation.parameters.rate == 0.5


def test_edit():
    simulation = make()
    simulation.edit("poke", index=0, value=5.0)
    assert simulation.frame()["u"][0] == 5
    with pytest.raises(EditError, match="choose from \\['poke'\\]"):
        simulation.edit("shake")


@settings(max_examples=20)
@given(before=st.integers(0, 6), after=st.integers(1, 6), seed=st.integers(20, 1000))
def test_checkpoint_goes_on_bit_for_bit(before, after, seed):
    simulation = make(noise=0.3, seed=seed)
    for _ in range(before):
        simulation.step()
    plain, arrays = simulation.checkpoint()
    plain = json.loads(json.dumps(plain))
    arrays = {name: array.copy() for name, array in arrays.items()}
    other = make()
    other.restore_checkpoint(plain, arrays)
    for _ in range(after):
        simulation.step()
        other.step()
    np.testing.assert_array_equal(simulation.frame()["u"], other.frame()["u"])
    assert other.step_number == before + after
    assert other.parameters == simulation.parameters


def test_a_checkpoint_is_independent_of_the_run():
    simulation = make()
    state = simulation.state()
    simulation.step()
    assert state.u[0] == 1
    simulation.restore(state)
    assert simulation.frame()["u"][0] == 1


def test_state_packs_nested_plain_data_only():
    state = DecayState(
        DecayParameters(), u=np.arange(3.0), history=[1.0, 2.0], extra={"a": {"b": np.ones(2)}, "n": None, "x": np.float32(2)}
    )
    plain, arrays = state.pack()
    back = DecayState.unpack(json.loads(json.dumps(plain)), arrays, DecayParameters())
    np.testing.assert_array_equal(back.extra["a"]["b"], np.ones(2))
    assert back.history == [1.0, 2.0]
    assert back.extra["n"] is None
    state.extra = {"f": object()}
    with pytest.raises(TypeError, match="cannot hold"):
        state.pack()
    with pytest.raises(InputError, match="does not belong"):
        DecayState.unpack({"u": 1}, {}, DecayParameters())


def test_frames_name_their_layers_and_refuse_writing():
    frame = make().frame()
    assert "u" in frame
    assert frame.layer("u").as_tuple()[1:] == ({"name": "u"}, "image")
    with pytest.raises(ValueError, match="read-only"):
        frame["u"][0] = 1
    with pytest.raises(KeyError, match="there are"):
        frame["v"]


def test_initial_state_is_the_users():
    assert make(initial=[3.0, 4.0]).frame()["u"].tolist() == [3, 4]


def test_catalog_lists_and_makes_every_preset_of_curvatubes():
    entries = catalog.scenarios("curvatubes")
    assert {"tubes", "sponge", "bilayers", "pearls", "trabec-1"} <= set(entries)
    for name, entry in entries.items():
        assert entry.name == name
        assert entry.description.endswith((".", "!")), name
        assert catalog.create("curvatubes", name).preset == name


def test_unknown_names_suggest_near_ones():
    with pytest.raises(ParameterError, match="did you mean 'curvatubes'"):
        catalog.family("curvatube")
    with pytest.raises(ParameterError, match="'tubes'"):
        catalog.create("curvatubes", "tubs")


def test_unknown_device_is_refused():
    assert resolve("cpu") == "cpu"
    with pytest.raises(ParameterError, match="not present"):
        resolve("quantum")
