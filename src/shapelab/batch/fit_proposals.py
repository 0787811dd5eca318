"""What a search for a texture tries next: parameters around the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shapelab.batch.fit_direction import Alignment
from shapelab.batch.fit_target import Target, Trial
from shapelab.batch.spec import ATLAS_RANGES

__all__ = ["PARENTS", "aligned", "proposal", "with_volume"]

PARENTS = 5
"""Textures around which others are proposed."""
_WIDEST, _NARROWEST = 0.15, 0.02
"""Steps of the first and of the last proposals, in units of the ranges of the atlas."""
_CROSSED = 0.3
"""Share of the proposals that take up the difference of two other textures."""
_TURNED = 0.4
"""Share of the proposals that change how strongly structures are aligned, where they may be."""
_MASSES = (-0.95, 0.6)
_STRONGEST = 2000.0
"""Orientation of the model beyond which textures are straight already."""


def proposal(parents: Sequence[Trial], rng: np.random.Generator, done: float, alignment: Alignment | None) -> dict[str, Any]:
    """Return parameters around those of one of the best textures, the best most often.

    Parameters
    ----------
    parents
        The best textures so far, the best first.
    rng
        Generator.
    done
        How far the search is, 0 to 1: steps become smaller.
    alignment
        With what structures may be aligned, None for nothing.
    """
    width = _WIDEST * (_NARROWEST / _WIDEST) ** done
    place = min(int(rng.geometric(0.5)) - 1, min(len(parents), PARENTS) - 1)
    found = dict(parents[place].parameters)
    if len(parents) > 2 and rng.random() < _CROSSED:
        a, b = (parents[i].parameters for i in rng.choice(min(len(parents), PARENTS), size=2, replace=False))
        found |= {name: float(found[name] + 0.6 * (a[name] - b[name])) for name in ATLAS_RANGES}
    changed = rng.choice(len(ATLAS_RANGES), size=rng.integers(1, 4), replace=False)  # few at once: more of them succeed
    for index in changed.tolist():
        name, (low, high) = list(ATLAS_RANGES.items())[index]
        found[name] = float(found[name] + width * (high - low) * rng.normal())
    found["mass"] = float(np.clip(found["mass"], *_MASSES))
    found["a02"] = max(found["a02"], ATLAS_RANGES["a02"][0])  # other parameters may leave the ranges of the atlas
    if alignment is not None and rng.random() < _TURNED:
        strength = abs(float(found.get("orientation", 0.0))) + 2 * width * _STRONGEST * rng.normal()
        found = aligned(found, alignment, strength)
    return found


def aligned(parameters: dict[str, Any], alignment: Alignment, strength: float) -> dict[str, Any]:
    """Return parameters with structures aligned as strongly as that, not at all for 0 or less."""
    strength = float(np.clip(strength, 0.0, _STRONGEST))
    if strength == 0:
        return {name: value for name, value in parameters.items() if name not in ("orientation", "direction")}
    return {**parameters, "orientation": alignment.sign * strength, "direction": alignment.direction}


def with_volume(best: Trial, target: Target) -> dict[str, Any]:
    """Return the best parameters with the mass that the missing volume asks for."""
    mass = best.parameters["mass"] + 2 * (target.volume_fraction - best.volume_fraction)
    return {**best.parameters, "mass": float(np.clip(mass, *_MASSES))}
