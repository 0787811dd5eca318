"""Fit a model of cells to a movie or a segmentation: parameters with credible intervals, by sequential Monte Carlo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.catalog import create
from shapelab.convert.spacing import Spacing
from shapelab.errors import InputError, ParameterError
from shapelab.estimate.draws_file import DrawsFile
from shapelab.estimate.options import FitOptions
from shapelab.estimate.posterior import Closest, Draws, Prior, closest_to, log_proposal, propose
from shapelab.estimate.result import CellFit
from shapelab.estimate.runners import Runner, here, on_processes
from shapelab.estimate.target import Target, family_of
from shapelab.estimate.tension_start import TensionStart, tensions_to_start
from shapelab.limits import above
from shapelab.movies import as_movie
from shapelab.movies.movie import MovieSource
from shapelab.movies.single import as_film
from shapelab.stopping import check_stop

__all__ = ["fit_cells", "parameter_ranges"]

Progress = Callable[[int, int], None]
_FEWEST = 10
"""Fewest good draws that say anything."""


@checked(interval=above(0), duration=above(0))
def fit_cells(
    target: MovieSource,
    scenario: str,
    parameters: Mapping[str, Any],
    *,
    fixed: Mapping[str, Any] | None = None,
    types: Mapping[int, int] | None = None,
    spacing: Spacing | None = None,
    interval: float | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
    duration: float | None = None,
    options: FitOptions | None = None,
    folder: str | Path | None = None,
    processes: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> CellFit:
    """Fit the parameters of a cell model to a movie or a segmentation, with credible intervals.

    The model starts from the cells of the first frame and runs for as long as the movie, again and again with other parameters;
    its movies are compared with the target by summary statistics (how far cells come, how long they keep their direction,
    shapes, neighbours, contacts, growth). Parameters that come close are kept and refined, round by round:
    approximate Bayesian computation by sequential Monte Carlo; see `shapelab.estimate.posterior` for the method and sources.

    Parameters
    ----------
    target
        A movie as in `shapelab.movies.as_movie`, or a single label image. Labels must follow the cells. One unit of its time is
        one second of the model.
    scenario
        Which model: a scenario of `Cells` or a preset of `Foam` (`shapelab.catalog()`).
    parameters
        Name -> (lowest, highest) of the parameters to be found, each within its own limits; uniform before anything is looked at,
        in the logarithm where the range spans a factor of 8 or more.
    fixed
        Other parameters of the model.
    types
        Label -> population, where the scenario has two. Where it has their tensions (`first`, `second`, `between`, `first_medium`,
        `second_medium`) or, in space, their ratios (`first_tension`, `repulsion`, `first_repulsion`, `contrast`), those that
        `estimate_tensions` finds in all frames are where the fit begins: the runs have them, or half of the first round is made near
        them if they are looked for. The notes of the result say so, with intervals.
    spacing, interval, unit, time_unit, periodic
        As in `shapelab.movies.as_movie`.
    duration
        For a single image: how long the model runs before it is compared; by default as long as the scenario takes to show
        what it is about.
    options
        How many runs, in how many rounds.
    folder
        Where to save each run's numbers: a fit that was stopped or killed resumes there.
    processes, scheduler
        More than 1 process, or the address of a Dask scheduler, as in `shapelab.batch.sweep`.
    progress
        Called with the number of runs done and that of all.
    **changes
        Single fields of `FitOptions`.

    Returns
    -------
    CellFit
        Estimates with intervals, samples, the best parameters, what the model cannot reproduce, and a run that starts from them.

    Raises
    ------
    ParameterError, InputError
        If a parameter is unknown or its range not allowed, or too few runs of the model come to their end.
    """
    settings = (options or FitOptions()).replace(**changes)
    movie = as_movie(as_film(target), spacing, interval=interval, unit=unit, time_unit=time_unit, periodic=periodic)
    ranges = parameter_ranges(scenario, parameters)
    prior = Prior.of(ranges)
    model = create(family_of(scenario), scenario).parameters
    start = tensions_to_start(movie, model, {name: (low, high) for name, low, high in ranges}, fixed or {}, types, settings.level)
    made = Target.of(movie, scenario, {**start.fixed, **(fixed or {})}, types, duration)
    _require_possible(made, prior)
    with DrawsFile(None if folder is None else Path(folder), _plan(made, prior, settings, start)) as file:
        alone = processes == 1 and scheduler is None
        runner = here(made) if alone else on_processes(made, file.folder, processes, scheduler, settings.simulations)
        with runner as run:
            draws = _rounds(made, prior, settings, file, run, progress, _guess(prior, start, settings))
    return CellFit(made, draws, settings, (*movie.notes, *start.notes))


def parameter_ranges(scenario: str, parameters: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Return (name, lowest, highest) of each parameter, checked against the model.

    Raises
    ------
    ParameterError
        If one is unknown, no number, or its range is empty or beyond what is allowed.
    """
    model = create(family_of(scenario), scenario).parameters
    infos = type(model).infos()
    if not parameters:
        raise ParameterError("parameters is empty: name at least one, with its range, such as {'speed': (0.1, 1)}.")
    found = []
    for name, given in parameters.items():
        if name not in infos:
            raise ParameterError(f"The scenario {scenario!r} has no parameter {name!r}; it has {', '.join(infos)}.")
        if infos[name].annotation not in (float, float | None) or name in ("dt", "max_time"):
            raise ParameterError(f"{name} cannot be fitted: only parameters that are decimal numbers can, such as speed or p.")
        try:
            low, high = (float(one) for one in given)
        except (TypeError, ValueError):
            raise ParameterError(f"{name}: {given!r} is not allowed, give its lowest and its highest value, such as (0.1, 1).") from None
        if not low < high:
            raise ParameterError(f"{name}: the range {low:g} to {high:g} is empty: the first number must be the smaller one.")
        for end in (low, high):
            model.replace(**{name: end})  # refuses what the model does not allow, in its own words
        found.append((name, low, high))
    return found


def _require_possible(made: Target, prior: Prior) -> None:
    """Begin one run in the middle of the ranges: what is wrong with the target is told before anything takes long."""
    middle = dict(zip(prior.names, prior.values(np.zeros((1, len(prior.names))))[0].tolist(), strict=True))
    made.simulation(middle, 0).prepare()


def _guess(prior: Prior, start: TensionStart, settings: FitOptions) -> Closest | None:
    """Return where half of the first round looks, None if nothing is known of any parameter."""
    if not start.near:
        return None
    spread = {name: (one.value, 0.5 * (one.high - one.low)) for name, one in start.near.items()}
    return closest_to(prior, spread, np.random.default_rng([settings.seed, settings.simulations]))


def _plan(made: Target, prior: Prior, settings: FitOptions, start: TensionStart) -> dict[str, Any]:
    ranges = {name: [low, high] for name, low, high in zip(prior.names, prior.low.tolist(), prior.high.tolist(), strict=True)}
    near = {"near": {name: [one.low, one.value, one.high] for name, one in start.near.items()}} if start.near else {}
    return {"scenario": made.scenario, "target": made.digest(), "parameters": ranges, "options": settings.to_json(), **near}


def _rounds(
    made: Target, prior: Prior, settings: FitOptions, file: DrawsFile, run: Runner, progress: Progress | None, guess: Closest | None
) -> Draws:
    """Draw, run, look which came close, and again."""
    names = sorted(made.observed)
    observed = np.array([made.observed[name] for name in names])
    z, statistics = np.zeros((0, len(prior.names))), np.zeros((0, len(names)))
    mixture: list[tuple[int, Closest | None]] = []
    for number, size in enumerate(settings.sizes()):
        rng = np.random.default_rng([settings.seed, number])
        parts: list[tuple[int, Closest | None]] = [(size, None)]
        if number:
            parts = [(size, _draws(prior, z, statistics, observed, mixture).closest(settings.kept(len(z))))]
        elif guess is not None:
            parts = [(size - size // 2, None), (size // 2, guess)]
        mixture += parts
        fresh = np.vstack([prior.draw(n, rng) if near is None else propose(prior, near, n, rng) for n, near in parts])
        first = len(z)
        values = [dict(zip(prior.names, row.tolist(), strict=True)) for row in prior.values(fresh)]
        jobs = [(first + i, one) for i, one in enumerate(values) if first + i not in file]
        for index, found, reason in run(made, settings.seed, jobs):
            check_stop()
            file.add(index, number, values[index - first], found, reason)
            if progress is not None:
                progress(len(file), settings.simulations)
        rows = [[file[first + i].get(name, np.nan) for name in names] for i in range(size)]
        z, statistics = np.vstack([z, fresh]), np.vstack([statistics, rows])
        good = int(np.isfinite(statistics).all(1).sum())
        if good < _FEWEST:
            raise InputError(f"Only {good} of {len(z)} runs came to their end, too few to go on. {file.reason}".rstrip())
    return _draws(prior, z, statistics, observed, mixture)


def _draws(
    prior: Prior, z: np.ndarray, statistics: np.ndarray, observed: np.ndarray, mixture: Sequence[tuple[int, Closest | None]]
) -> Draws:
    parts = [np.log(size) + (prior.log_density(z) if near is None else log_proposal(prior, near, z)) for size, near in mixture]
    total = np.log(sum(size for size, _ in mixture))
    return Draws(prior, z, statistics, observed, np.logaddexp.reduce(parts, axis=0) - total)
