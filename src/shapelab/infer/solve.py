"""Tensions and pressures that balance the forces best, and how well each is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from operator import add

import numpy as np
from scipy.sparse import csr_array, diags_array

from shapelab.infer.blocks import diagonal_of_inverse
from shapelab.infer.errors import Weighted, propagated
from shapelab.infer.system import Balance
from shapelab.mesh.conjugate_gradients import conjugate_gradients
from shapelab.threads import ranges, side_by_side

__all__ = ["Solution", "solve", "solve_correlated"]

_DENSE = 1500
"""Most unknowns that are solved and inverted directly."""
_OVERLAP = 2.2
"""Rows overlap, so that the spread is larger than that of independent ones: measured by moving all nodes at random."""
_OUTLIER = 2.5
"""Residuals beyond this many medians lose weight."""
_TINY = 1e-300
_EXACT = 1e-6
"""Force left, relative to the pulls, below which it is rounding: straight rows of boxes balance exactly."""
_RIDGES = (1e-12, 1e-9, 1e-6, 1e-3)
_ROUNDS_OF_MANY = 1
"""Most robust rounds where a direct solution is too large."""
_FIRST_PENALTY = 1e-3
_OWN_NOISE = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Noise of rows from other sources, relative to what pixels cause on average; the first is what pixels do beyond a line."""
_LEAST_ROWS = 50_000


@dataclass(frozen=True)
class Solution:
    """Unknowns that no bump touches are nan."""

    tensions: np.ndarray
    pressures: np.ndarray
    tension_errors: np.ndarray
    """Standard errors."""
    pressure_errors: np.ndarray
    residuals: np.ndarray
    """Force that is left at each bump, relative to the pulls on it, (t,)."""
    trust: np.ndarray
    """Weight that robust rounds left each bump, (t,), at most 1."""


def solve(balance: Balance, *, medium: bool, prior: float, robust: int) -> Solution:
    """Solve the weighted least squares with the tensions' weighted mean fixed to 1.

    Parameters
    ----------
    balance
        Equations.
    medium
        Whether cell 0 exists: its pressure is 0.
    prior
        Expected spread of the tensions about 1.
    robust
        Rounds of lowering the weight of what does not fit.
    """
    columns, part, is_tension, mean = _unknowns(balance, medium)
    many = len(columns) > _DENSE
    rounds = min(robust, _ROUNDS_OF_MANY) if many else robust
    trust = np.ones(len(balance.weights))
    variance, inverse = 0.0, np.zeros(len(columns))
    guess = np.zeros((len(columns), 2))
    for turn in range(rounds + 2):
        normal = _normal(part, np.repeat(balance.weights * trust, balance.ndim))
        strength = _OVERLAP**2 * variance / prior**2 if turn else _first_penalty(normal, is_tension)
        penalty = np.where(is_tension, strength, 0.0)
        values, inverse, guess = _constrained(normal, penalty, mean, guess, last=turn == rounds + 1, many=many, medium=medium)
        left = _left(balance, part, values)
        variance = max(float(np.mean((left * trust) ** 2)) / balance.ndim, _EXACT**2)
        if turn < rounds:
            trust = 1 / np.sqrt(1 + (left / max(_OUTLIER * float(np.median(left)), _EXACT)) ** 2)
    spread = _OVERLAP * np.sqrt(np.maximum(inverse, 0) * variance)
    return _solution(balance, medium, columns, values, spread, left, trust)


def solve_correlated(balance: Balance, covariance: np.ndarray, trust: np.ndarray, *, medium: bool, prior: float) -> Solution:
    """Solve the least squares whose rows have a known covariance; arguments as in `solve`.

    What does not fit a foam at rest adds noise of its own to each row: as much as makes the data most likely. The errors are
    those that pixels cause (`shapelab.infer.errors`).

    Parameters
    ----------
    covariance
        Covariance of the rows, as `shapelab.infer.noise.row_covariance` returns it, (r, r).
    trust
        Weight of each bump from robust rounds.
    """
    unknowns = _unknowns(balance, medium)
    columns = unknowns[0]
    own = 1 / np.repeat(balance.weights * trust, balance.ndim) ** 2
    own *= float(np.mean(np.diag(covariance))) / float(np.median(own))
    best: _Fit | None = None
    for share in _OWN_NOISE:
        fit = _correlated(unknowns, covariance + np.diag(share * own), medium, prior)
        if best is not None and fit.likelihood <= best.likelihood:
            break
        best = fit
    assert best is not None
    spread = propagated(best.weighted(unknowns, medium), covariance, prior)
    return _solution(balance, medium, columns, best.values, spread, _left(balance, unknowns[1], best.values), trust)


_Unknowns = tuple[np.ndarray, csr_array, np.ndarray, np.ndarray]
"""Columns, their part of the matrix, which are tensions, and the weights of their mean."""


@dataclass(frozen=True, eq=False)
class _Fit:
    values: np.ndarray
    factor: np.ndarray
    """Cholesky factor of the covariance of the rows, lower."""
    whitened: np.ndarray
    """Rows times its inverse."""
    penalty: np.ndarray
    variance: float
    """Mean square of the whitened rows that are left over."""
    likelihood: float
    """Logarithm, restricted to what the unknowns leave."""

    def weighted(self, unknowns: _Unknowns, medium: bool) -> Weighted:
        """Return how the values follow from the rows."""
        from scipy.linalg import cho_solve, solve_triangular

        _, part, _, mean = unknowns
        normal = csr_array(self.whitened.T @ self.whitened)
        scale = 1 / np.sqrt(np.maximum(normal.diagonal() + self.penalty, _TINY))
        inverse = scale[:, None] * cho_solve(_dense_factor(normal, self.penalty, mean, scale, medium), np.diag(scale))
        bound = inverse @ mean
        inverse -= np.outer(bound, bound) / max(float(mean @ bound), _TINY)
        weighted = solve_triangular(self.factor, self.whitened, lower=True, trans="T")
        return Weighted(part.toarray(), weighted, inverse, self.penalty, self.values, self.variance)


def _correlated(unknowns: _Unknowns, covariance: np.ndarray, medium: bool, prior: float) -> _Fit:
    from scipy.linalg import cholesky, solve_triangular

    columns, part, is_tension, mean = unknowns
    factor = cholesky(covariance, lower=True)
    whitened = solve_triangular(factor, part.toarray(), lower=True)
    normal = csr_array(whitened.T @ whitened)
    strength, guess = _first_penalty(normal, is_tension), np.zeros((len(columns), 2))
    for _ in range(3):
        penalty = np.where(is_tension, strength, 0.0)
        values, _, _ = _constrained(normal, penalty, mean, guess, last=False, many=False, medium=medium)
        squares = float(np.sum((whitened @ values) ** 2))
        strength = max(1.0, squares / len(whitened)) / prior**2  # pixels cause no less
    free = max(1, len(whitened) - len(columns))
    scale = normal.diagonal()
    volume = 2 * float(np.log(np.diag(factor)).sum()) + float(np.log(np.maximum(scale, _TINY)).sum())
    return _Fit(values, factor, whitened, penalty, squares / len(whitened), -0.5 * (free * float(np.log(max(squares, _TINY))) + volume))


def _unknowns(balance: Balance, medium: bool) -> _Unknowns:
    """Return the columns that bumps touch, their part of the matrix, which are tensions, and the weights of their mean."""
    matrix = balance.matrix
    size = np.sqrt(np.asarray(matrix.multiply(matrix).sum(0)).ravel())
    known = size > 0
    if medium:
        known[balance.interfaces] = False
    columns = np.flatnonzero(known)
    is_tension = columns < balance.interfaces
    mean = np.where(is_tension, size[columns], 0)  # a tiny interface must not carry the mean alone
    return columns, csr_array(matrix[:, columns]), is_tension, mean / mean.sum()


def _level(normal: csr_array, mean: np.ndarray) -> np.ndarray:
    """Return what holds the mean pressure at 0 where there is no medium: errors would else be those of that level.

    Cells that no bump ties to the others have a level of their own, and those that bumps hardly touch count little.
    """
    from scipy.sparse.csgraph import connected_components

    pressure = np.flatnonzero(mean == 0)
    result = np.zeros(normal.shape)
    count, part = connected_components(normal[pressure][:, pressure], directed=False)
    for k in range(count):
        group = pressure[part == k]
        touched = normal.diagonal()[group]
        result[np.ix_(group, group)] = np.outer(touched, touched) / touched.sum()
    return result


def _first_penalty(normal: csr_array, is_tension: np.ndarray) -> float:
    """Return a weak prior to begin with: without one, a few interfaces that no other is tied to could take the whole mean."""
    return _FIRST_PENALTY * float(np.median(normal.diagonal()[is_tension]))


def _left(balance: Balance, part: csr_array, values: np.ndarray) -> np.ndarray:
    """Return the force left at each bump, relative to the pulls on it."""
    result: np.ndarray = np.linalg.norm((part @ values).reshape(-1, balance.ndim), axis=1) * balance.weights
    return result


def _solution(
    balance: Balance, medium: bool, columns: np.ndarray, values: np.ndarray, spread: np.ndarray, left: np.ndarray, trust: np.ndarray
) -> Solution:
    whole, errors = (np.full(balance.matrix.shape[1], np.nan) for _ in range(2))
    whole[columns], errors[columns] = values, spread
    n = balance.interfaces
    if medium:
        whole[n] = errors[n] = 0.0
    return Solution(whole[:n], whole[n:], errors[:n], errors[n:], left, trust)


def _normal(part: csr_array, rows: np.ndarray) -> csr_array:
    """Return part^T diag(rows)^2 part, summed over blocks of rows side by side."""

    def product(first: int, last: int) -> csr_array:
        weighted = csr_array(diags_array(rows[first:last]) @ part[first:last])
        return csr_array(weighted.T @ weighted)

    return csr_array(reduce(add, side_by_side([partial(product, *bounds) for bounds in ranges(len(rows), _LEAST_ROWS)])))


def _constrained(
    normal: csr_array, penalty: np.ndarray, mean: np.ndarray, guess: np.ndarray, *, last: bool, many: bool, medium: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise x^T normal x + sum penalty (x - 1)^2 with mean . x = 1.

    Returns x, the diagonal of its covariance (for `last`), and the solutions without the constraint, as the next guess.
    """
    from scipy.linalg import cho_solve

    scale = 1 / np.sqrt(np.maximum(normal.diagonal() + penalty, _TINY))
    right = np.stack([penalty * scale, mean * scale], axis=1)
    diagonal = np.zeros(len(scale))
    if not many:
        factor = _dense_factor(normal, penalty, mean, scale, medium)
        solved = cho_solve(factor, right)
        if last:
            inverse = cho_solve(factor, np.eye(len(scale)), overwrite_b=True)
            diagonal = np.diag(inverse) - solved[:, 1] ** 2 / max(float(right[:, 1] @ solved[:, 1]), _TINY)
    else:
        system = csr_array(diags_array(scale) @ (normal + diags_array(penalty + 1e-12 / scale**2)) @ diags_array(scale))
        start = guess / scale[:, None]
        accuracy = 1e-6 if last else 1e-3
        solved = np.stack(side_by_side([partial(conjugate_gradients, system, right[:, i], start[:, i], accuracy) for i in (0, 1)]), axis=1)
        if last:
            diagonal = diagonal_of_inverse(system)
    free, bound = unscaled = (scale[:, None] * solved).T
    values = free + (1 - mean @ free) / max(float(mean @ bound), _TINY) * bound
    return values, diagonal * scale**2, unscaled.T


def _dense_factor(normal: csr_array, penalty: np.ndarray, mean: np.ndarray, scale: np.ndarray, medium: bool) -> tuple[np.ndarray, bool]:
    """Return the Cholesky factor of the penalised normal matrix, scaled to unit diagonal; rounding can have made it indefinite."""
    from scipy.linalg import LinAlgError, cho_factor

    dense = (normal.toarray() + np.diag(penalty) + (0 if medium else _level(normal, mean))) * scale[:, None] * scale
    eye = np.eye(len(dense))
    for ridge in _RIDGES:
        try:
            return cho_factor(dense + ridge * eye, lower=True, overwrite_a=True)
        except LinAlgError:
            continue
    raise AssertionError("a matrix of squares is never that indefinite")
