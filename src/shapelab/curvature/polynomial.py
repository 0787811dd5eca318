"""The curvature polynomial p(k1, k2): coefficients, perfect-square form, minimiser, scaling."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np

from shapelab.errors import ParameterError

__all__ = ["Coefficients", "PerfectSquares"]


class PerfectSquares(NamedTuple):
    """p = h2 (k1+k2-H0)^2 + k1g k1 k2 + s (k1-k1_0)^2 + t (k2-k2_0)^2 + offset (Song 2022, non-reduced form)."""

    h2: float = 0.0
    """Weight of the mean-curvature term."""
    H0: float = 0.0
    """Preferred sum of the principal curvatures [1/length]."""
    k1g: float = 0.0
    """Weight of the Gaussian curvature."""
    s: float = 0.0
    """Weight of the larger principal curvature."""
    k1_0: float = 0.0
    """Preferred larger principal curvature [1/length]."""
    t: float = 0.0
    """Weight of the smaller principal curvature."""
    k2_0: float = 0.0
    """Preferred smaller principal curvature [1/length]."""
    offset: float = 0.0
    """Energy per area that no square accounts for."""

    def coefficients(self) -> Coefficients:
        """Return the same polynomial, expanded."""
        return Coefficients(
            a20=self.h2 + self.s,
            a11=2 * self.h2 + self.k1g,
            a02=self.h2 + self.t,
            b10=-2 * (self.h2 * self.H0 + self.s * self.k1_0),
            b01=-2 * (self.h2 * self.H0 + self.t * self.k2_0),
            c=self.h2 * self.H0**2 + self.s * self.k1_0**2 + self.t * self.k2_0**2 + self.offset,
        )


class Coefficients(NamedTuple):
    """p(k1, k2) = a20 k1^2 + a11 k1 k2 + a02 k2^2 + b10 k1 + b01 k2 + c, with k1 >= k2, positive for a ball.

    A. Song, J. Math. Imaging Vis. 64 (2022), equation (1). Lengths are texture units. In an energy every
    coefficient may also be an array that broadcasts to the grid; the analysis below is for numbers.
    """

    a20: Any = 0.0
    a11: Any = 0.0
    a02: Any = 0.0
    b10: Any = 0.0
    b01: Any = 0.0
    c: Any = 0.0

    def __call__(self, k1: Any, k2: Any) -> Any:
        """Return p(k1, k2)."""
        return self.a20 * k1 * k1 + self.a11 * k1 * k2 + self.a02 * k2 * k2 + self.b10 * k1 + self.b01 * k2 + self.c

    def is_definite(self) -> bool:
        """Return True if the quadratic part is positive definite: p then has one minimum."""
        return bool(self.a20 > 0 and self.a02 > 0 and 4 * self.a20 * self.a02 > self.a11**2)

    def is_bounded(self) -> bool:
        """Return True if p has a lowest value; otherwise the interface width alone limits the curvatures."""
        if self.is_definite():
            return True
        discriminant = 4 * self.a20 * self.a02 - self.a11**2
        semidefinite = self.a20 >= 0 and self.a02 >= 0 and discriminant >= -1e-12 * max(self.a11**2, 1e-300)
        return bool(semidefinite and self.stationary_point() is not None)

    def stationary_point(self) -> tuple[float, float] | None:
        """Return (k1, k2) where the gradient of p vanishes (the shortest such vector), or None if nowhere."""
        determinant = 4 * self.a20 * self.a02 - self.a11**2
        if abs(determinant) > 1e-12 * (4 * abs(self.a20 * self.a02) + self.a11**2):
            k1 = (self.a11 * self.b01 - 2 * self.a02 * self.b10) / determinant
            k2 = (self.a11 * self.b10 - 2 * self.a20 * self.b01) / determinant
            return float(k1) + 0.0, float(k2) + 0.0
        matrix = np.array([[2 * self.a20, self.a11], [self.a11, 2 * self.a02]], dtype=float)
        right = -np.array([self.b10, self.b01], dtype=float)
        point = np.linalg.pinv(matrix, rcond=1e-9) @ right
        if not np.allclose(matrix @ point, right, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(right).max()))):
            return None
        return float(point[0]) + 0.0, float(point[1]) + 0.0

    def minimiser(self) -> tuple[float, float] | None:
        """Return the curvatures (k1, k2), k1 >= k2, of least p: what the texture aims at; None if p has no lowest value.

        A minimum of the polynomial with k1 < k2 is out of reach; the best point of the diagonal k1 = k2 stands in.
        """
        point = self.stationary_point() if self.is_bounded() else None
        if point is None or point[0] >= point[1] - 1e-9 * abs(point[0]):
            return point
        k = -(self.b10 + self.b01) / (2 * (self.a20 + self.a11 + self.a02))
        return float(k), float(k)

    def rescaled(self, length: float) -> Self:
        """Return the polynomial of the same texture, `length` times as large: a as before, b / length, c / length^2."""
        if not (math.isfinite(length) and length > 0):
            raise ParameterError(f"A texture can be rescaled by a positive number only; received {length!r}.")
        return self._replace(b10=self.b10 / length, b01=self.b01 / length, c=self.c / length**2)

    def inverted(self) -> Self:
        """Return the polynomial of the texture with matter and void exchanged: (k1, k2) -> (-k2, -k1)."""
        return self._replace(a20=self.a02, a02=self.a20, b10=-self.b01, b01=-self.b10)

    def squares(self, h2: float | None = None) -> PerfectSquares:
        """Return a perfect-square form; the six coefficients leave one of its seven numbers free.

        Parameters
        ----------
        h2
            Weight of the mean-curvature term; by default a11/2 if no weight becomes negative, else the largest
            weight that keeps the others positive.

        Returns
        -------
        PerfectSquares
            Where H0 is free as well, it is the one that makes `offset` zero, or else smallest.

        Raises
        ------
        ParameterError
            If no form has this `h2`, because a linear term would belong to a square of weight zero.
        """
        if h2 is not None:
            return self._squares(float(h2))
        highest = max(min(self.a20, self.a02), 0.0)
        for candidate in (min(max(self.a11 / 2, 0.0), highest), highest, highest / 2, 0.5):
            try:
                return self._squares(float(candidate))
            except ParameterError:
                continue
        raise ParameterError(f"{self} has no perfect-square form with h2 of its own size; pass h2.")

    def _squares(self, h2: float) -> PerfectSquares:
        s, t, k1g = self.a20 - h2, self.a02 - h2, self.a11 - 2 * h2
        H0 = self._preferred_sum(h2, s, t)
        remainder1, remainder2 = self.b10 + 2 * h2 * H0, self.b01 + 2 * h2 * H0
        scale = 1e-9 * (1 + abs(self.b10) + abs(self.b01))
        if (s == 0 and abs(remainder1) > scale) or (t == 0 and abs(remainder2) > scale):
            raise ParameterError(f"h2 = {h2:g} leaves a linear term without its square; choose another h2 for {self}.")
        k1_0 = -remainder1 / (2 * s) + 0.0 if s else 0.0
        k2_0 = -remainder2 / (2 * t) + 0.0 if t else 0.0
        form = PerfectSquares(h2, H0, k1g, s, k1_0, t, k2_0)
        offset = self.c - form.coefficients().c
        return form._replace(offset=0.0 if abs(offset) <= 1e-9 * (1 + abs(self.c)) else offset)

    def _preferred_sum(self, h2: float, s: float, t: float) -> float:
        if h2 == 0:
            return 0.0
        if s == 0 or t == 0:
            return float(-(self.b10 if s == 0 else self.b01) / (2 * h2)) + 0.0
        # c(H0) = h2 H0^2 + (b10 + 2 h2 H0)^2 / 4s + (b01 + 2 h2 H0)^2 / 4t is a parabola: take it where it meets c
        square = h2 + h2**2 / s + h2**2 / t
        linear = h2 * self.b10 / s + h2 * self.b01 / t
        constant = self.b10**2 / (4 * s) + self.b01**2 / (4 * t) - self.c
        if square == 0:
            return 0.0
        vertex = -linear / (2 * square)
        height = vertex**2 - constant / square
        return float(vertex + math.copysign(math.sqrt(max(height, 0.0)), vertex)) + 0.0
