"""What a fit of cells found: intervals, samples, the best parameters, and what the model cannot reproduce."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.catalog import scenario
from shapelab.errors import InputError
from shapelab.estimate.estimates import Estimate, Estimates
from shapelab.estimate.options import FitOptions
from shapelab.estimate.posterior import Closest, Draws, weighted_quantile
from shapelab.estimate.posterior_plot import Posterior, has_pictures, save_posterior
from shapelab.estimate.target import Target, family_of
from shapelab.io.output import new_file, new_version
from shapelab.simulation import Simulation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CellFit"]

_FAR = 4.0
"""From how many standard deviations on a statistic counts as one that the model does not reach."""
_EDGE = 0.03
"""Part of a range, at each end, in which a median says that the range is too narrow."""
_WIDE = 0.8
"""Width of an interval as a part of the prior's, from which the data say little about a parameter."""


@dataclass(frozen=True, eq=False)
class CellFit:
    """Parameters with which a model looks like its target."""

    target: Target = field(repr=False)
    draws: Draws = field(repr=False)
    options: FitOptions
    given_notes: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def closest(self) -> Closest:
        """The runs that count."""
        return self.draws.closest(self.options.kept(len(self.draws.z)))

    @cached_property
    def estimates(self) -> Estimates:
        """Median and credible interval of each parameter."""
        prior, close = self.draws.prior, self.closest
        values = prior.values(close.corrected)
        low, high = 0.5 - self.options.level / 2, 0.5 + self.options.level / 2
        infos = type(self.start_parameters).infos()
        found = []
        for column, name in enumerate(prior.names):
            value, least, most = weighted_quantile(values[:, column], close.weights, [0.5, low, high]).tolist()
            found.append(Estimate(name, value, least, most, infos[name].unit))
        title = scenario(family_of(self.target.scenario), self.target.scenario).title
        return Estimates(
            f"{title}, {len(self.draws.z)} runs",
            tuple(found),
            self.options.level,
            len(np.unique(self.target.first)) - 1,
            self.notes,
        )

    @property
    def best(self) -> dict[str, float]:
        """Medians of the parameters."""
        return {one.name: one.value for one in self.estimates.found}

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What limits the result, in sentences."""
        notes = list(self.given_notes)
        failed = int((~np.isfinite(self.draws.statistics).all(1)).sum())
        if failed:
            notes.append(f"{failed} of {len(self.draws.z)} runs failed and were left out.")
        if self.closest.effective < 20:
            notes.append(f"The intervals rest on only {self.closest.effective:.0f} effective runs: use more runs.")
        if names := self._undetermined():
            notes.append(f"The target says little about {', '.join(names)}.")
        if edge := [one.name for one in self._raw() if not _EDGE < one.value < 1 - _EDGE]:
            notes.append(f"The best value of {', '.join(edge)} lies at the edge of its range: widen the range, or choose another model.")
        if far := [name for name, distance in self.misfits() if abs(distance) > _FAR]:
            notes.append(f"The model does not reproduce {', '.join(far[:4])}{' and more' if len(far) > 4 else ''} of the target.")
        return tuple(notes)

    def misfits(self) -> list[tuple[str, float]]:
        """Return name and distance of each statistic: how far the observed one lies from those of the closest runs, in their deviations."""
        close = self.draws.statistics[self.closest.rows]
        middle, spread = np.median(close, axis=0), 1.4826 * np.median(np.abs(close - np.median(close, axis=0)), axis=0)
        spread = np.maximum(np.maximum(spread, close.std(0) * 0.2), 1e-9 + 1e-3 * np.abs(middle))
        return sorted(
            zip(sorted(self.target.observed), ((self.draws.observed - middle) / spread).tolist(), strict=True), key=lambda one: -abs(one[1])
        )

    def posterior(self) -> Posterior:
        """Return what pictures of the result show."""
        prior, close = self.draws.prior, self.closest
        return Posterior(
            prior.names,
            prior.low,
            prior.high,
            prior.values(self.draws.z),
            prior.values(close.corrected),
            close.weights,
            self.estimates.found,
        )

    def samples(self) -> pd.DataFrame:
        """Return the posterior samples: parameters, `weight` (sum 1), `distance`, and `run`, the number of the run each came from."""
        import pandas as pd

        values = self.draws.prior.values(self.closest.corrected)
        table = pd.DataFrame(values, columns=list(self.draws.prior.names))
        return table.assign(weight=self.closest.weights, distance=self.closest.distance, run=self.closest.rows)

    def start(self, seed: int = 1) -> Simulation:
        """Return a run with the best parameters, at the first frame of the target."""
        return self.target.simulation(self.best, seed)

    @cached_property
    def start_parameters(self) -> Any:
        """Parameters of the model in the middle of the ranges."""
        middle = self.draws.prior.values(np.zeros((1, len(self.draws.prior.names))))[0]
        return self.target.simulation(dict(zip(self.draws.prior.names, middle.tolist(), strict=True)), 0).parameters

    def __str__(self) -> str:
        return str(self.estimates)

    def command(self, path: str, out: str = "fitted.zarr", *, types: str | None = None, column: str | None = None) -> str:
        """Return the command that runs the model with the best parameters from the image at `path`.

        Parameters
        ----------
        path
            File of the labels, or of the movie whose first frame the fit began with.
        out
            Run folder to make.
        types, column
            File with the types of the cells, where the fit has some, as ``shapelab run --types`` takes it, and its column.

        Raises
        ------
        InputError
            If the fit has types of cells and their file is not given.
        """
        target = self.target
        if target.types and types is None:
            raise InputError("The cells of this fit have types, which a command reads from a file: give its path (types).")
        fixed = {name: json.dumps(value) if isinstance(value, list | tuple | bool) else str(value) for name, value in target.fixed.items()}
        best = {name: f"{value:.4g}" for name, value in self.best.items()}
        given = " ".join(f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in (fixed | best).items())
        source = shlex.quote(path) if target.still else f"{shlex.quote(path)} --frame 0"
        if target.types and types is not None:
            source += f" --types {shlex.quote(types)}" + (f" --types-column {shlex.quote(column)}" if column else "")
        return f"shapelab run {family_of(target.scenario)} --scenario {target.scenario} --start-from {source} {given} --out {out}"

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``posterior.csv``, ``estimates.csv`` and, where matplotlib is installed, ``posterior.png`` into a folder that is there.

        What a former fit has left there is replaced.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        root = Path(folder)
        tables = {"posterior.csv": self.samples(), "estimates.csv": self.estimates.table()}
        for name, table in tables.items():
            with new_version(root / name) as partial:
                table.to_csv(partial, index=False)
        made = [root / name for name in tables]
        if has_pictures():
            with new_version(root / "posterior.png") as partial:
                save_posterior(self.posterior(), partial)
            made.append(root / "posterior.png")
        return made

    def plot(self, path: str | Path) -> Path:
        """Write a picture of the posterior: each parameter by itself on the diagonal, pairs below it.

        Raises
        ------
        InputError
            If matplotlib is missing, or the file exists or cannot be written.
        """
        if not has_pictures():
            raise InputError("Pictures need matplotlib: install it with  pip install 'napari-shapelab[figures]'.")
        with new_file(Path(path)) as partial:
            save_posterior(self.posterior(), partial)
        return Path(path)

    def _undetermined(self) -> Sequence[str]:
        """Return the parameters whose interval is nearly as wide as that of the prior."""
        return [one.name for one in self._raw() if one.high - one.low > _WIDE * self.options.level]

    def _raw(self) -> list[Estimate]:
        """Return the interval of each parameter's place in its range, 0 to 1."""
        low, high = 0.5 - self.options.level / 2, 0.5 + self.options.level / 2
        u = 1 / (1 + np.exp(-self.closest.corrected))
        found = []
        for column, name in enumerate(self.draws.prior.names):
            value, least, most = weighted_quantile(u[:, column], self.closest.weights, [0.5, low, high]).tolist()
            found.append(Estimate(name, value, least, most))
        return found
