"""A tiny model whose runs are saved, cut and resumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest

from shapelab.catalog import Family
from shapelab.frame import Frame, LayerData, frozen
from shapelab.simulation import Model, Parameters, Simulation, State, parameter


class ToyParameters(Parameters):
    shape: tuple[int, int, int] = parameter((4, 5, 6), "Grid.")
    seed: int = parameter(0, "Seed.", ge=0)
    drift: float = parameter(0.5, "Mean of each step.", ge=-1, le=1, live=True)
    mode: Literal["walk", "stay"] = parameter("walk", "What happens.")


@dataclass
class ToyState(State):
    u: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 1), dtype=np.float32))


class Toy(Model[ToyParameters, ToyState]):
    """Each voxel walks at random."""

    name = "toy"
    parameters_type = ToyParameters
    state_type = ToyState

    def init(self, parameters: ToyParameters, initial: Any = None) -> ToyState:
        rng = np.random.default_rng(parameters.seed)
        return ToyState(parameters, rng, u=rng.standard_normal(parameters.shape).astype(np.float32))

    def step(self, state: ToyState) -> ToyState:
        state.u += (state.rng.standard_normal(state.u.shape) + state.parameters.drift).astype(np.float32)
        state.step += 1
        state.time += 0.25
        return state

    def frame(self, state: ToyState) -> Frame:
        look = {"scale": (0.5, 0.25, 0.25), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")}
        seeds = np.argwhere(state.u > 1.5).astype(float)
        layers = (
            LayerData("field", frozen(state.u), "image", {**look, "contrast_limits": (-1, 1), "rendering": "iso", "iso_threshold": 0.0}),
            LayerData(
                "cells",
                frozen((state.u > 0).astype(np.int32)),
                "labels",
                {**look, "features": {"index": [0, 1], "volume": [1.5, state.time]}},
            ),
            LayerData("seeds", seeds, "points", {**look, "features": {"weight": np.arange(len(seeds)) * 0.5}}),
        )
        return Frame(state.step, state.time, layers, {"energy": float((state.u**2).sum())})


def make_toy(preset: str | None = None, **parameters: Any) -> Simulation:
    return Simulation(Toy(), ToyParameters(**parameters), preset=preset)


SCENARIOS: dict[str, Any] = {}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch):
    """The toy family, listed in the catalog."""
    entry = Family("toy", "Toy", "Walks.", "toy:make", "toy:SCENARIOS", "preset")
    monkeypatch.setattr("shapelab.catalog._FAMILIES", (entry,))
    monkeypatch.setattr("shapelab.catalog.load", lambda path: make_toy if path == "toy:make" else SCENARIOS)
    return make_toy
