"""A small model that shows every kind of layer and fails on request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from shapelab.errors import EditError, NotFiniteError
from shapelab.frame import frozen
from shapelab.simulation import Frame, LayerData, Model, Parameters, Simulation, State, parameter


class ToyParameters(Parameters):
    size: int = parameter(16, "Edge of the cube.", unit="voxels", main=True, ge=4, le=64)
    axes: int = parameter(2, "Axes of the images.", ge=2, le=3)
    speed: float = parameter(0.1, "How fast the wave moves.", unit="1/step", main=True, live=True, ge=0, le=2, step=0.0005)
    rate: float = parameter(1e-3, "A small rate.", live=True, ge=1e-6, le=1, log=True)
    kind: Literal["plane", "round"] = parameter("plane", "Form of the wave.")
    grid: tuple[int, int, int] = parameter((8, 8, 8), "A grid.")
    limit: float | None = parameter(None, "A limit.", ge=0, le=10)
    bright: bool = parameter(False, "Bright or not.", live=True)
    note: str = parameter("", "Any text.")
    seed: int = parameter(1, "Seed.", ge=0, le=2**31 - 1)
    max_steps: int = parameter(1_000_000, "Steps.", main=True, live=True, ge=1, le=1_000_000)
    fail: Literal["", "nan", "memory", "cuda", "defect", "init"] = parameter("", "How to fail at step 3.")
    gate: bool = parameter(False, "Wait for the test before each step.")


@dataclass
class ToyState(State):
    phase: float = 0.0
    seeds: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))


class ToyModel(Model[ToyParameters, ToyState]):
    """u_t = speed: a wave that moves."""

    name = "toy"
    parameters_type = ToyParameters
    state_type = ToyState
    edits = ("move_seed",)
    gate = threading.Semaphore(0)
    waits = threading.Event()
    pace = threading.Event()

    def init(self, parameters, initial=None):
        if parameters.fail == "init":
            raise RuntimeError("CUDA error: out of memory")
        return ToyState(parameters, np.random.default_rng(parameters.seed), seeds=np.ones((3, 3)))

    def step(self, state):
        if state.parameters.gate:
            self.waits.set()
            self.gate.acquire(timeout=120)
        self.pace.wait(0.002)  # a step takes some time, as a real one does, and leaves the processor to the window
        state.step += 1
        if state.step == 3:
            self._fail(state.parameters.fail)
        state.phase += state.parameters.speed
        return state

    def _fail(self, how):
        if how == "nan":
            raise NotFiniteError("The field is no longer finite at step 3: use a smaller speed.")
        if how == "memory":
            raise MemoryError
        if how == "cuda":
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        if how == "defect":
            raise KeyError("potentials")

    def frame(self, state):
        n, d = state.parameters.size, state.parameters.axes
        u = np.sin(np.arange(n, dtype=np.float32) / 2 + state.phase) * np.ones((n,) * d, np.float32)
        common = {"scale": (0.5,) * d, "units": ("um",) * d, "axis_labels": ("z", "y", "x")[-d:]}
        features = {"volume": np.arange(len(state.seeds)) + state.step}
        return Frame(
            state.step,
            state.phase,
            (
                LayerData("field", frozen(u), "image", {**common, "contrast_limits": (-1, 1), "rendering": "iso", "iso_threshold": 0.0}),
                LayerData("cells", frozen((u > 0).astype(np.uint8)), "labels", common),
                LayerData("seeds", frozen(state.seeds[:, -d:]), "points", {**common, "features": features}),
            ),
            {"energy": float(np.exp(-state.step / 50)), "phase": state.phase},
        )

    def finished(self, state):
        return "Step limit reached." if state.step >= state.parameters.max_steps else None

    def edit(self, state, action, **arguments):
        if action != "move_seed":
            return super().edit(state, action, **arguments)
        if not 0 <= arguments["index"] < len(state.seeds):
            raise EditError(f"There is no seed {arguments['index']}.")
        state.seeds[arguments["index"]] = arguments["position"]
        return state


def toy(**parameters) -> Simulation:
    return Simulation(ToyModel(), ToyParameters(**parameters), preset="waves")
