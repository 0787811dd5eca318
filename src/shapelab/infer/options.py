"""The few choices of the inference of tensions."""

from __future__ import annotations

from shapelab.parameters import Parameters, parameter

__all__ = ["TensionOptions"]


class TensionOptions(Parameters):
    """How tensions are inferred; the defaults are right for segmentations of tissues."""

    bump: float = parameter(
        0.8,
        "Radius of the regions over which forces are balanced, in cell radii: small ones resolve "
        "more interfaces, large ones average out more noise.",
        label="Region radius",
        main=True,
        ge=0.2,
        le=2.0,
        step=0.1,
    )
    smoothing: int | None = parameter(
        None,
        "Smoothing of the mesh: steps in 3-D, pixels in 2-D; 5 steps or 2 pixels if left empty.",
        ge=0,
        le=100,
        step=1,
    )
    prior: float = parameter(
        0.5,
        "Expected spread of the tensions, relative to their mean; it matters only where the image says little.",
        label="Expected spread",
        gt=0,
        le=10,
        step=0.1,
    )
    robust: int = parameter(
        2, "Rounds in which places that do not fit a foam lose weight; 0 weights all equally.", label="Robust rounds", ge=0, le=10, step=1
    )
