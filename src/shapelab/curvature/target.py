"""The texture that is aimed at, in words that need no paper: radius, character, stiffness, volume fraction."""

from __future__ import annotations

from typing import Self

from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.polynomial import Coefficients
from shapelab.errors import ParameterError
from shapelab.simulation import Parameters, parameter

__all__ = ["TextureTarget"]


class TextureTarget(Parameters):
    """What a curvature polynomial aims at, and how hard.

    Written about its stationary point k*, the polynomial is p(k) = (k - k*)^T Q (k - k*) + c0. `radius` and
    `character` are k*, `stiffness` is the mean of the diagonal of Q. A change of one of them leaves the rest of Q and
    c0 as they are, so that every preset keeps its own character; a change of the radius alone rescales the whole
    texture (Q stays, c0 goes with 1/radius^2).
    """

    radius: float = parameter(
        0.05, "Radius of the preferred tubes, balls or saddles; 0 for flat sheets, negative for hollows.", main=True, live=True, step=0.001
    )
    character: float = parameter(
        0.0,
        "What the surface looks like: -1 saddle, 0 tube, +1 ball; has no effect for a flat sheet.",
        main=True,
        live=True,
        ge=-1,
        le=1,
        step=0.05,
    )
    stiffness: float = parameter(
        3.5, "How strongly curvature is held to its target, relative to all other terms.", main=True, live=True, ge=0, le=1000, step=0.1
    )
    volume_fraction: float | None = parameter(
        0.2,
        "Fraction of the box inside the surface; leave it empty to keep the volume of the starting shape.",
        main=True,
        live=True,
        ge=0.01,
        le=0.99,
        step=0.01,
    )

    @classmethod
    def of(cls, parameters: CurvatubesParameters) -> Self:
        """Return the target that `parameters` aim at.

        Where the polynomial has no lowest value, the target is its saddle point: what scaling scales.
        """
        k1, k2 = parameters.coefficients.stationary_point() or (0.0, 0.0)
        strong, weak = (k1, k2) if abs(k1) >= abs(k2) else (k2, k1)
        flat = abs(strong) * parameters.length < 1e-9
        return cls(
            radius=0.0 if flat else parameters.length / strong,
            character=0.0 if flat else weak / strong,
            stiffness=(parameters.a20 + parameters.a02) / 2,
            volume_fraction=None if parameters.mass is None else (1 + parameters.mass) / 2,
        )

    def applied_to(self, parameters: CurvatubesParameters) -> CurvatubesParameters:
        """Return `parameters` with this target; whatever already agrees is left exactly as it is.

        Raises
        ------
        ParameterError
            If a coefficient would leave its bounds, as for a very small radius.
        """
        old = type(self).of(parameters)
        coefficients = parameters.coefficients
        if self.stiffness != old.stiffness:
            if self.stiffness == 0 or old.stiffness == 0:
                raise ParameterError("A stiffness of 0 means that nothing bends: set the coefficients themselves to leave or to reach it.")
            coefficients = _stiffened(coefficients, self.stiffness / old.stiffness)
        if self.character != old.character and self.radius != 0:
            coefficients = _moved(coefficients, self._aim(parameters.length))
        elif self.radius != old.radius:
            if self.radius * old.radius > 0:
                coefficients = coefficients.rescaled(self.radius / old.radius)
            else:
                coefficients = _moved(coefficients, self._aim(parameters.length))
        changes = {} if coefficients == parameters.coefficients else coefficients._asdict()
        if self.volume_fraction != old.volume_fraction:
            changes["mass"] = None if self.volume_fraction is None else 2 * self.volume_fraction - 1
        return parameters.replace(**changes) if changes else parameters

    def _aim(self, length: float) -> tuple[float, float]:
        """Return k* [1/texture length], larger curvature first."""
        if self.radius == 0:
            return 0.0, 0.0
        strong = length / self.radius
        weak = self.character * strong
        return max(strong, weak), min(strong, weak)


def _moved(coefficients: Coefficients, aim: tuple[float, float]) -> Coefficients:
    """Return the polynomial with its stationary point at `aim`, with Q and c0 as before."""
    k1, k2 = aim
    lowest = coefficients(*(coefficients.stationary_point() or (0.0, 0.0)))
    moved = coefficients._replace(
        b10=-(2 * coefficients.a20 * k1 + coefficients.a11 * k2), b01=-(coefficients.a11 * k1 + 2 * coefficients.a02 * k2), c=0.0
    )
    return moved._replace(c=lowest - moved(k1, k2))


def _stiffened(coefficients: Coefficients, factor: float) -> Coefficients:
    """Return the polynomial with Q times `factor`, and k* and c0 as before."""
    lowest = coefficients(*(coefficients.stationary_point() or (0.0, 0.0)))
    stiff = Coefficients(*(value * factor for value in coefficients))
    return stiff._replace(c=stiff.c + lowest * (1 - factor))
