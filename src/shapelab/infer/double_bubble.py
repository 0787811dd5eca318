"""Two bubbles that touch, with any tensions: the closed form that inference is tested against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import ParameterError
from shapelab.limits import above, between
from shapelab.short_repr import short_repr

__all__ = ["DoubleBubble", "double_bubble"]


@short_repr
@dataclass(frozen=True, eq=False)
class DoubleBubble:
    """Labels 1 and 2 in a medium 0, with the tensions and pressures that hold them."""

    labels: np.ndarray
    tensions: dict[tuple[int, int], float]
    pressures: tuple[float, float]


@checked(shape=between(1, 1e9), radius=above(0, 1e30))
def double_bubble(
    shape: Sequence[int],
    tensions: tuple[float, float, float],
    radius: float,
    *,
    lean: float = 0.0,
    axis: Sequence[float] | None = None,
    centre: Sequence[float] | None = None,
    spacing: Spacing = 1.0,
) -> DoubleBubble:
    """Return two bubbles at rest, in 2-D or 3-D.

    Three arcs (caps of spheres) leave the junction in the directions in which their tensions balance; then the pressure
    differences (d - 1) tension/radius balance by themselves, whatever the angle at which the middle one leaves.

    Parameters
    ----------
    shape
        Shape of the image; its number of axes is that of space.
    tensions
        Tensions between bubble 1 and the medium, bubble 2 and the medium, and the two bubbles; none larger than the others together.
    radius
        Radius of the junction's circle (2-D: half the distance of the two junctions) [unit].
    lean
        Angle by which the middle interface leaves its plane at the junction, positive where 1 bulges into 2 [radians].
    axis, centre
        From bubble 1 to bubble 2, and middle of the junction's circle [unit]; by default the last axis, and the image's middle.
    spacing
        Voxel size [unit].

    Raises
    ------
    ParameterError
        If no such bubbles exist.
    """
    first, second, middle = tensions
    ndim = len(shape)
    if ndim not in (2, 3):
        raise ParameterError(f"shape = {tuple(shape)} has {ndim} axes: choose 2 or 3.")
    for name, given in (("axis", axis), ("centre", centre)):
        if given is not None and (len(given) != ndim or (name == "axis" and not any(given))):
            raise ParameterError(f"{name} = {tuple(given)} is not possible: give one number for each of the {ndim} axes, not all 0.")
    if 2 * max(tensions) >= sum(tensions) or min(tensions) <= 0:
        raise ParameterError(f"The tensions {tensions} cannot balance: each must be positive and smaller than the others together.")
    down = lean - math.pi / 2
    one = down - math.acos((second**2 - first**2 - middle**2) / (2 * first * middle))
    two = down + math.acos((first**2 - second**2 - middle**2) / (2 * second * middle))
    if math.cos(one) >= 0 or math.cos(two) <= 0 or abs(lean) >= math.pi / 2:
        raise ParameterError(f"No two bubbles with the tensions {tensions} lean by {lean:g}: choose a value nearer to 0.")
    steps = np.asarray(as_spacing(spacing, ndim))
    grid = np.stack(np.meshgrid(*(np.arange(n) * h for n, h in zip(shape, steps, strict=True)), indexing="ij"), axis=-1)
    grid -= np.asarray(centre, float) if centre is not None else (np.asarray(shape) - 1) / 2 * steps
    along = np.asarray(axis, float) if axis is not None else np.eye(ndim)[-1]
    u = grid @ (along / np.linalg.norm(along))
    across = (grid**2).sum(-1) - u**2

    def inside(angle: float) -> np.ndarray:
        """Points in the ball whose surface leaves the junction at `angle`."""
        result: np.ndarray = (u - radius * math.tan(angle)) ** 2 + across < (radius / math.cos(angle)) ** 2
        return result

    is_first = u < 0
    if abs(lean) > 1e-9:
        is_first = is_first | inside(down) if lean > 0 else is_first & ~inside(down)
    union = np.where(u < 0, inside(one), inside(two))
    labels = np.where(union, np.where(is_first, 1, 2), 0).astype(np.uint8)
    pressures = tuple((ndim - 1) * s * abs(math.cos(angle)) / radius for s, angle in ((first, one), (second, two)))
    return DoubleBubble(labels, {(0, 1): first, (0, 2): second, (1, 2): middle}, (pressures[0], pressures[1]))
