"""Tensions of the interfaces of all frames of a movie, pooled for each pair of types of cells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shapelab.estimate.estimates import Estimate

__all__ = ["Pool", "SeenInterfaces"]

_ROUNDS = 30
_FEWEST_FRAMES = 4
"""Of one interface, fewer than which tell nothing of a correlation in time."""
_MOST_ALIKE = 0.95
"""Correlation from frame to frame beyond which errors would not be told from lasting ones."""


@dataclass(frozen=True, eq=False)
class SeenInterfaces:
    """Interfaces whose tension is known, M in all frames together."""

    frames: np.ndarray
    """(M,) in which frame."""
    pairs: np.ndarray
    """(M, 2) labels of the cells on both sides, by which an interface is the same in all frames."""
    kinds: np.ndarray
    """(M, 2) their types."""
    tensions: np.ndarray
    """(M,) relative to the mean of the frame."""
    errors: np.ndarray
    """(M,) standard errors."""


@dataclass(frozen=True, eq=False)
class Pool:
    """What all frames say together of the mean tension of each pair of types.

    A frame tells only ratios, relative to the mean of its own interfaces, and that changes as other pairs of types come to touch: frames
    are brought to one scale first, the one at which each pair of types has the same tension in all. Then each interface is averaged over
    its frames, and the interfaces of a pair of types are averaged. What scatters between interfaces does not average out with more
    frames of the same ones, and neither does that part of their errors that is the same in all frames: it is told from the other by how
    much the tension of one interface varies in time (`changing`), with errors of successive frames that are correlated (`alike`) taken
    for the fewer independent ones that they are.
    """

    seen: SeenInterfaces
    values: np.ndarray = field(init=False)
    """(M,) tensions on one scale [mean tension of all frames]."""
    changing: float = field(init=False)
    """Part of the squared errors that is another in each frame, 0 to 1."""
    alike: float = field(init=False)
    """Correlation of that part between successive frames."""

    def __post_init__(self) -> None:
        """Bring the frames to one scale, and look at what varies in time."""
        object.__setattr__(self, "values", _on_one_scale(self.seen))
        changing, alike = self._variation()
        object.__setattr__(self, "changing", changing)
        object.__setattr__(self, "alike", alike)

    def mean(self, name: str, kind: tuple[int, int], level: float) -> Estimate | None:
        """Return the mean tension of a pair of types, None if none of its interfaces is known.

        Its interval has two parts: the scatter between interfaces, and the error of the surest one, as neighbours share the errors of
        pixels.
        """
        from scipy.stats import t

        here = (self.seen.kinds == kind).all(1)
        if not here.any():
            return None
        rows = self.seen.pairs[here]
        _, unit = np.unique(rows, axis=0, return_inverse=True)
        unit = unit.reshape(-1)
        squared = np.maximum(self.seen.errors[here], 1e-6) ** 2
        count, trust = np.bincount(unit).astype(float), np.bincount(unit, 1 / squared)
        values = np.bincount(unit, self.values[here] / squared) / trust
        errors = count / trust * (1 - self.changing + self.changing / self._independent(count))
        weights = 1 / errors / (1 / errors).sum()
        mean = float(weights @ values)
        scatter = float(weights @ (values - mean) ** 2) / max(1 / float((weights**2).sum()) - 1, 1)
        away = float(t.ppf(0.5 + level / 2, max(len(values) - 1, 3))) * float(np.sqrt(scatter + self._shared(here, squared, count.mean())))
        return Estimate(name, mean, mean - away, mean + away, "mean tension")

    def _shared(self, here: np.ndarray, squared: np.ndarray, lasting: float) -> float:
        """Return the squared error that all interfaces of a frame may share, averaged over frames; those last for `lasting` frames."""
        frames, number = np.unique(self.seen.frames[here], return_inverse=True)
        surest = np.full(len(frames), np.inf)
        np.minimum.at(surest, number.reshape(-1), squared)
        n = float(len(frames))
        part = (1 - self.changing) * min(lasting / n, 1.0) + self.changing / float(self._independent(np.array(n)))
        return part / float((1 / surest).mean())

    def _independent(self, count: np.ndarray) -> np.ndarray:
        """Return as how many independent frames some successive ones count."""
        return np.maximum(count * (1 - self.alike) / (1 + self.alike), 1.0)

    def _variation(self) -> tuple[float, float]:
        """Return how much of the errors is another in each frame, and its correlation between successive ones.

        Both are seen only relative to the mean over the frames of an interface, which makes both too small: M. G. Kendall,
        Biometrika 41, 403 (1954), doi:10.1093/biomet/41.3-4.403.
        """
        _, unit = np.unique(self.seen.pairs, axis=0, return_inverse=True)
        unit = unit.reshape(-1)
        trust = 1 / np.maximum(self.seen.errors, 1e-6) ** 2
        count = np.bincount(unit)
        if count.max(initial=0) < 2:
            return 1.0, 0.0
        means = np.bincount(unit, self.values * trust) / np.bincount(unit, trust)
        away = (self.values - means[unit]) * np.sqrt(trust)
        order = np.lexsort([self.seen.frames, unit])
        following = (np.diff(unit[order]) == 0) & (np.diff(self.seen.frames[order]) == 1)
        own = float((away**2)[count[unit] > 1].mean())
        with_next = float((away[order][:-1] * away[order][1:])[following].mean()) if following.any() else 0.0
        n = float(count[count > 1].mean())
        seen = with_next / own if own > 0 else 0.0
        alike = float(np.clip(seen + (1 + 3 * max(seen, 0.0)) / n, 0.0, _MOST_ALIKE)) if n >= _FEWEST_FRAMES else 0.0
        independent = max(n * (1 - alike) / (1 + alike), 1.5)
        return min(own / (1 - 1 / independent), 1.0), alike


def _on_one_scale(seen: SeenInterfaces) -> np.ndarray:
    """Return the tensions with each frame multiplied such that pairs of types have the same mean tension in all; their mean is 1."""
    if len(np.unique(seen.frames)) < 2:
        return seen.tensions
    _, frame = np.unique(seen.frames, return_inverse=True)
    _, kind = np.unique(seen.kinds, axis=0, return_inverse=True)
    frame, kind = frame.reshape(-1), kind.reshape(-1)
    trust = 1 / np.maximum(seen.errors, 1e-6) ** 2
    factors = np.ones(frame.max() + 1)
    for _ in range(_ROUNDS):
        means = np.bincount(kind, trust * factors[frame] * seen.tensions) / np.bincount(kind, trust)
        factors = np.bincount(frame, trust * means[kind]) / np.bincount(frame, trust * seen.tensions)
    values = factors[frame] * seen.tensions
    return np.asarray(values / values.mean())
