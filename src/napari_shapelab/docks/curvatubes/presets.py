"""What a preset says, and what of the present parameters another preset leaves alone."""

from __future__ import annotations

from typing import Any

from shapelab.catalog import scenario
from shapelab.curvature.parameters import CurvatubesParameters

__all__ = ["FAMILY", "decided_by_layer", "differences", "kept", "of_preset"]

FAMILY = "curvatubes"
_OF_LAYER = ("shape", "voxel_size", "unit", "mass", "boundary", "resolution")


def of_preset(name: str) -> CurvatubesParameters:
    """Return the parameters of a preset."""
    return CurvatubesParameters(**scenario(FAMILY, name).parameters)


def decided_by_layer(parameters: CurvatubesParameters) -> dict[str, Any]:
    """Return the parameters that a layer decides from which a texture starts."""
    return {name: getattr(parameters, name) for name in _OF_LAYER}


def differences(old: CurvatubesParameters, new: CurvatubesParameters) -> dict[str, Any]:
    """Return what is not as before: name -> new value."""
    return {name: value for name, value in new if value != getattr(old, name)}


def kept(old: CurvatubesParameters, preset: str) -> dict[str, Any]:
    """Return what another preset does not change: the world's units, and what the user has set otherwise than the last preset."""
    last = of_preset(preset)
    same = {name: getattr(old, name) for name in ("voxel_size", "unit", "seed", "device")}
    changed = [name for name in ("max_steps", "settle") if getattr(old, name) != getattr(last, name)]
    return same | {name: getattr(old, name) for name in changed}
