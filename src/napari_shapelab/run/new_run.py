"""What Run begins: a simulation, and the layer of the user that it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from napari.layers import Layer

from napari_shapelab.run.run_place import RunPlace
from shapelab.simulation import Simulation

__all__ = ["Make", "NewRun", "again"]


@dataclass(frozen=True, eq=False)
class NewRun:
    """A simulation that may begin."""

    simulation: Simulation
    place: RunPlace | None = None
    """Where its layers lie; None for a place of their own."""
    source: Layer | None = None
    """The user's layer that it came from: hidden while the run is shown."""
    note: str = ""
    """What the user should know about how the layer was taken."""


Make = Callable[[], Simulation | NewRun | Callable[[], NewRun]]
"""Returns a new run; or, where that takes long, a function that makes it in a thread."""


def again(simulation: Simulation) -> Callable[[], Simulation]:
    """Return how to make an equal simulation, without the state of this one."""
    model, parameters = type(simulation.model), simulation.parameters
    given = {"initial": simulation.initial, "preset": simulation.preset}
    return lambda: Simulation(model(), parameters, **given)
