"""Compile the kernels of a card, or load them from Warp's cache, before a run begins."""

from __future__ import annotations

from functools import cache

import numpy as np

from shapelab.curvature.card.sides import counted_sides
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.flow import Flow
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.published_flow import PublishedFlow
from shapelab.curvature.terms import EnergyTerms

__all__ = ["warm_up"]


@cache
def warm_up(device: str, dtype: str) -> None:
    """Take a step of each flow on a tiny grid; some ten seconds at the first use on a machine, then less than one."""
    shape = (4, 4, 4)
    energy = CurvatureEnergy(shape, EnergyTerms(Coefficients(1, 2, 6, -40, -40, 400)), dtype=dtype, device=device)
    for flow in (Flow(energy), PublishedFlow(energy)):
        state = flow.start(np.linspace(-1, 1, 64).reshape(shape))
        flow.step(state)
    energy.scalars(state["u"])
    counted_sides(state["u"])
