"""How long a fit looks, and how it tells what it found."""

from __future__ import annotations

from shapelab.parameters import Parameters, parameter

__all__ = ["FitOptions"]


class FitOptions(Parameters):
    """How many runs of the model, in how many rounds."""

    simulations: int = parameter(
        300,
        "Total number of model runs; more runs give narrower and more reliable intervals.",
        label="Runs",
        main=True,
        ge=20,
        le=1_000_000,
        step=50,
    )
    rounds: int = parameter(
        4, "Number of rounds: after each, the next runs use parameters near those that came closest.", main=True, ge=1, le=50
    )
    part: float = parameter(
        0.5, "Fraction of all runs, those that came closest, that the result is based on.", label="Fraction used", ge=0.05, le=1, step=0.05
    )
    level: float = parameter(
        0.9,
        "Coverage of the intervals: the probability that one holds the true value.",
        label="Coverage",
        main=True,
        ge=0.5,
        le=0.999,
        step=0.05,
    )
    seed: int = parameter(1, "Random seed: the same seed gives the same fit.", label="Random seed", ge=0, le=2**31 - 1)

    def sizes(self) -> list[int]:
        """Return the number of runs of each round: the first one has as many as two of the others."""
        rounds = max(1, min(self.rounds, self.simulations // 10))
        later = self.simulations // (rounds + 1)
        return [self.simulations - later * (rounds - 1), *[later] * (rounds - 1)]

    def kept(self, runs: int) -> int:
        """Return how many of so many runs count."""
        return max(20, round(self.part * runs))
