"""Monomials of a diagram's polynomials: exponents, the table of the Taylor shift, products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import comb, prod

import numpy as np

__all__ = ["Basis", "basis", "exponents", "product_table"]


@cache
def exponents(order: int, dim: int) -> np.ndarray:
    """Return the exponents of all monomials up to total degree `order`, lowest degree first: shape (K, dim), int64."""
    rows = [e for e in product(range(order + 1), repeat=dim) if sum(e) <= order]
    rows.sort(key=lambda e: (sum(e), tuple(-i for i in e)))
    table = np.array(rows, dtype=np.int64).reshape(-1, dim)
    table.setflags(write=False)
    return table


@dataclass(frozen=True)
class Basis:
    """Monomials over (z, y, x) and their Taylor shift; a 2-D polynomial is a 3-D one that does not see z.

    Shifting p(t) = sum c_a t^a to p(t + s): for every pair, the coefficient of s^target gains factor * c_source * t^power.
    """

    order: int
    exponents: np.ndarray
    """Shape (K, 3)."""
    source: np.ndarray
    target: np.ndarray
    factor: np.ndarray
    power: np.ndarray

    def __len__(self) -> int:
        return len(self.exponents)


@cache
def basis(order: int, dim: int) -> Basis:
    """Return the monomials up to degree `order` in `dim` variables."""
    powers = [(0,) * (3 - dim) + tuple(row) for row in exponents(order, dim).tolist()]
    rows = [
        (i, j, prod(comb(a, b) for a, b in zip(high, low, strict=True)), [a - b for a, b in zip(high, low, strict=True)])
        for i, high in enumerate(powers)
        for j, low in enumerate(powers)
        if all(b <= a for a, b in zip(high, low, strict=True))
    ]
    return Basis(
        order=order,
        exponents=np.array(powers, dtype=np.int64),
        source=np.array([row[0] for row in rows], dtype=np.int64),
        target=np.array([row[1] for row in rows], dtype=np.int64),
        factor=np.array([row[2] for row in rows], dtype=np.float64),
        power=np.array([row[3] for row in rows], dtype=np.int64),
    )


@cache
def product_table(order: int, dim: int) -> np.ndarray:
    """Return, for monomials k and l up to `order`, the index of their product among those up to 2 `order`: shape (K, K)."""
    powers = exponents(order, dim)
    index = {tuple(row): i for i, row in enumerate(exponents(2 * order, dim).tolist())}
    return np.array([[index[tuple(row)] for row in (a + powers).tolist()] for a in powers], dtype=np.int64)
