"""What a model is fitted to, and one run of the model that is compared with it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapelab.catalog import create, scenario, scenarios
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.estimate.statistics import summary_statistics
from shapelab.frame import LayerData
from shapelab.memory import of_film
from shapelab.movies import Movie, as_movie
from shapelab.simulation import Simulation
from shapelab.stopping import check_stop

__all__ = ["FAMILIES", "Target", "family_of"]

FAMILIES = ("cells", "foam")
_SETTLE, _STEADY = 0.5, 0.03
"""Part of a movie that the model runs before it is looked at, where number and volume of cells change by no more than the other."""
_MOST_STEPS = 100_000
"""Steps beyond which one run would take minutes."""


def family_of(name: str) -> str:
    """Return the family, cells or foam, that has a scenario of this name.

    Raises
    ------
    ParameterError
        If there is none; it suggests near ones.
    """
    for family in FAMILIES:
        if name in scenarios(family):
            return family
    scenario(FAMILIES[0], name)  # raises
    raise AssertionError


@dataclass(frozen=True, eq=False)
class Target:
    """A first frame to start from, the times at which to look, and the model."""

    scenario: str
    first: np.ndarray = field(repr=False)
    meta: dict[str, Any]
    """Place, unit and features of the first frame as a layer."""
    times: tuple[float, ...]
    """Since the first frame; of a still image one time, after which the model is compared with it."""
    still: bool
    periodic: tuple[bool, ...]
    fixed: Mapping[str, Any]
    types: Mapping[int, int] | None
    settle: float = 0.0
    """How long the model runs before it is looked at."""
    observed: Mapping[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        movie: Movie,
        name: str,
        fixed: Mapping[str, Any],
        types: Mapping[int, int] | None,
        duration: float | None,
        settle: float | None = None,
    ) -> Target:
        """Return the target that a movie, or a single image, is.

        Raises
        ------
        InputError
            If the movie has no cells, or a single image has no duration.
        """
        still = len(movie) == 1
        if not still and duration is not None:
            raise InputError("duration is for a single image: a movie has its own times.")
        entry = scenario(family_of(name), name)
        if still:
            times: tuple[float, ...] = (float(duration or entry.shows_after or 1.0),)
        else:
            times = tuple((movie.times - movie.times[0]).tolist())
        labels = movie[0]
        if not labels.any():
            raise InputError("The first frame has no cells: the model starts from it.")
        meta: dict[str, Any] = {"scale": movie.spacing, "units": (movie.unit or "pixel",) * movie.ndim}
        if types is not None:
            meta["features"] = {"index": list(types), "type": list(types.values())}
        observed = summary_statistics(movie, dict(types) if types else None)
        if settle is None:
            settle = 0.0 if still or not _is_steady(observed) else _SETTLE * times[-1]
        return cls(name, labels, meta, times, still, movie.periodic, dict(fixed), types, settle, observed)

    def simulation(self, values: Mapping[str, Any], seed: int) -> Simulation:
        """Return the model with these parameters, at the first frame."""
        layer = LayerData("target", self.first, "labels", self.meta)
        given = {"initial": layer} if family_of(self.scenario) == "cells" else {"labels": layer}
        parameters: dict[str, Any] = {"seed": seed, "max_steps": 100_000_000, **self.fixed, **values}
        if family_of(self.scenario) == "foam":
            parameters.setdefault("periodic", any(self.periodic))
        return create(family_of(self.scenario), self.scenario, **given, **parameters)

    def memory(self) -> int:
        """Return what one run of the model and its film take [bytes]."""
        simulation = self.simulation({}, 0)
        return simulation.model.memory(simulation.parameters, simulation.initial) + of_film(self.first.shape, len(self.times))

    def statistics(self, values: Mapping[str, Any], seed: int) -> tuple[dict[str, float], str]:
        """Run the model once; return its statistics, or an empty table and the reason why there are none."""
        try:
            frames = self._run(self.simulation(values, seed))
        except Stopped:
            raise
        except ShapelabError as error:
            return {}, str(error)
        movie = as_movie(frames, self.meta["scale"], periodic=self.periodic)
        if not any(frame.any() for frame in frames):
            return {}, "No cells are left."
        return summary_statistics(movie, dict(self.types) if self.types else None), ""

    def _run(self, simulation: Simulation) -> list[np.ndarray]:
        """Return the labels at the times of the target; a run that ends earlier stays as it ended."""
        simulation.prepare()
        self._fit_steps(simulation)
        frames = []
        for time in self.times:
            while not simulation.done and simulation.look(lambda state: state.time) < (time + self.settle) * (1 - 1e-9):
                check_stop()
                if simulation.step_number > _MOST_STEPS:
                    raise InputError(f"One run needs more than {_MOST_STEPS} steps: choose a shorter movie, or slower cells.")
                simulation.step()
            if simulation.failed:
                raise InputError(simulation.reason or "The numbers are no longer finite.")
            frames.append(_labels(simulation))
        return frames

    def _fit_steps(self, simulation: Simulation) -> None:
        """Let a whole number of time steps reach from frame to frame, where the model chooses its own step."""
        parameters: Any = simulation.parameters
        own = getattr(simulation.model, "time_step", None)
        if own is None or "dt" not in type(parameters).live_fields() or parameters.dt is not None:
            return
        interval = self.times[0] if self.still else float(np.diff(self.times).min())
        step = float(simulation.look(own))
        if step < interval:
            simulation.update(dt=interval / math.ceil(interval / step))
        elif interval > 0:
            simulation.update(dt=interval)

    def digest(self) -> str:
        """Return what tells this target from all others."""
        what = hashlib.sha256(np.ascontiguousarray(self.first).tobytes())
        told = (self.scenario, self.times, self.settle, self.periodic, sorted(self.fixed.items()), sorted(self.observed.items()))
        what.update(repr(told if self.types is None else (*told, sorted(self.types.items()))).encode())
        return what.hexdigest()[:24]


def _is_steady(observed: Mapping[str, float]) -> bool:
    """Tell whether as many cells, and as large ones, are there at the end of a movie as at its beginning."""
    return abs(observed["number"]) < _STEADY and abs(observed["total"]) < _STEADY


def _labels(simulation: Simulation) -> np.ndarray:
    return np.asarray(simulation.frame()["cells"])
