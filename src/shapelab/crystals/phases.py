"""Phases of a new sample: how many of its grains belong to each, how large they are and of what shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.crystals.laue import SYMMETRIES
from shapelab.crystals.population import Population
from shapelab.crystals.sampling import random_shapes
from shapelab.errors import ParameterError

__all__ = ["GrainPhase", "draw_phases"]


@dataclass(frozen=True)
class GrainPhase:
    """One phase."""

    name: str
    share: float
    """Of all grains, by number; shares are scaled to add up to 1."""
    volume: float = 1.0
    """Median volume of its grains, relative to those of the other phases."""
    sigma: float = 0.0
    """Standard deviation of the logarithm of its volumes; 0 for equal ones."""
    anisotropy: float = 0.25
    """0 for round grains, up to below 1 for very elongated ones."""
    symmetry: str = "cubic"
    """Crystal symmetry, for the colours of orientations."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("share", self.share, 1e-9, 1e9),
            ("volume", self.volume, 1e-9, 1e9),
            ("sigma", self.sigma, 0.0, 5.0),
            ("anisotropy", self.anisotropy, 0.0, 0.99),
        ):
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ParameterError(
                    f"{name} = {value!r} of the phase {self.name!r} is not allowed: choose a number from {low:g} to {high:g}."
                )
        if self.symmetry not in SYMMETRIES:
            raise ParameterError(f"The crystal symmetry {self.symmetry!r} is not known; there are {', '.join(SYMMETRIES)}.")


def draw_phases(rng: np.random.Generator, phases: Sequence[GrainPhase], n: int, dim: int) -> Population:
    """Return volumes, shapes and phases of n grains; every phase has its share of them, rounded, and at least one.

    Raises
    ------
    ParameterError
        If there is no phase, there are more than grains, or two have one name.
    """
    names = [phase.name for phase in phases]
    if not phases or len(phases) > n or len(set(names)) < len(names):
        raise ParameterError(
            f"phases = {names} is not allowed: give from 1 to {n} (the number of grains) phases, all with different names."
        )
    shares = np.array([phase.share for phase in phases]) / sum(phase.share for phase in phases)
    counts = np.maximum(1, np.floor(shares * n)).astype(int)
    for _ in range(abs(n - int(counts.sum()))):  # the remainder goes where most is missing, or is taken where most is too much
        counts[np.argmax(shares * n - counts)] += 1 if counts.sum() < n else 0
        counts[np.argmax(counts - shares * n)] -= 1 if counts.sum() > n else 0
    number = rng.permutation(np.repeat(np.arange(len(phases)), counts))
    volumes, shapes = np.empty(n), np.empty((n, dim, dim))
    for i, phase in enumerate(phases):
        here = number == i
        volumes[here] = phase.volume * rng.lognormal(0.0, phase.sigma, counts[i])
        shapes[here] = random_shapes(rng, counts[i], dim, phase.anisotropy)
    symmetries = tuple(phases[i].symmetry for i in number)
    return Population(volumes / volumes.mean(), shapes, None, symmetries, number + 1, tuple(names[i] for i in number))
