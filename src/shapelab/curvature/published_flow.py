"""The published flow, as the reference that ours is judged against: Adam on a vector potential."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.flow import Flow, first_field
from shapelab.curvature.random_starts import BLUR
from shapelab.errors import NotFiniteError, ParameterError

if TYPE_CHECKING:
    from shapelab.curvature.card.adam import CardAdam

__all__ = ["PreparedFlow", "PublishedFlow"]

_RATE, _FIRST, _SECOND, _EPSILON = 1e-3, 0.9, 0.999, 1e-2
"""Learning rate, decay of the two moments, and the constant under the root, as published."""
_WINDOW = 20
"""Evaluations whose energies are kept."""
_PREPARATION = 1000
"""Evaluations of the published flow that begin a prepared one."""
_ARRAYS = ("u", "moved", "first", "second")


class PublishedFlow:
    """Adam on the vector field A of u = B (div A + m), B a Gaussian blur of 2 voxels, div by central differences.

    dE/dA = -grad B dE/du, with dE/du = h^3 times the gradient density. Learning rate 1e-3, betas 0.9 and 0.999, epsilon
    1e-2 (A. Song, J. Math. Imaging Vis. 64, 17-40 (2022)). It keeps the mean of u; a published texture takes some 8000
    evaluations. The state holds the change of A since the start, so that it begins at any field.

    Parameters
    ----------
    energy
        What to lower; its border must be periodic.
    clamped
        Must be None: the potential moves every voxel.
    """

    keeps_mean = True

    def __init__(self, energy: CurvatureEnergy, *, clamped: np.ndarray | None = None) -> None:
        if not energy.periodic:
            raise ParameterError("The published flow needs a periodic boundary: choose boundary = 'periodic', or the conserved flow.")
        if clamped is not None and np.any(clamped):
            raise ParameterError("The published flow cannot hold voxels in place: choose the conserved flow.")
        self.energy = energy
        self._step = energy.terms.voxel_size
        self._card: CardAdam | None = None
        self._work: tuple[Any, Any, Any] | None = None
        if not energy.on_processor:
            from shapelab.curvature.card.adam import CardAdam

            self._card = CardAdam(energy, _taps(), (_RATE, _FIRST, _SECOND, _EPSILON))
            return
        import torch

        self._torch = torch
        self._dtype = getattr(torch, energy.dtype)
        self._blurs = [self._tensor(_blur_matrix(n)) for n in energy.shape]

    def start(self, u: Any) -> dict[str, Any]:
        """Return the state of a flow that starts at the field `u` (copied)."""
        field = first_field(u, self.energy.shape)
        zeros = np.broadcast_to(field.dtype.type(0), (3, *field.shape))  # takes nothing
        state: dict[str, Any] = {"u": self._own(field), **{name: self._own(zeros) for name in _ARRAYS[1:]}}
        return state | {"evaluations": 0, "count": 0, "energy": math.nan, "energies": []}

    def step(self, state: dict[str, Any]) -> float:
        """Take one step of Adam in place, with one evaluation; return the energy at the field before it.

        Raises
        ------
        NotFiniteError
            If the energy stops being finite.
        """
        self.adopt(state)
        density: Any = None
        if self._card is not None:
            energy = self._card.evaluate(state)
        else:
            energy, density = self.energy.value_and_gradient(state["u"])
        if not math.isfinite(energy):
            raise NotFiniteError(
                f"The numbers of this run stopped being finite at evaluation {state['evaluations']}: the energy of these coefficients "
                "has no lower bound. Choose smaller coefficients, or the conserved flow, which shortens its steps."
            )
        state["count"] += 1
        state["evaluations"] += 1
        if self._card is not None:
            self._card.move(state)
        else:
            self._move(state, density)
        state["energy"] = energy
        state["energies"] = [*state["energies"][1 - _WINDOW :], energy]
        return energy

    def _move(self, state: dict[str, Any], density: np.ndarray) -> None:
        """Take a step of Adam down the gradient density, whose array it uses up."""
        spare = self._tensor(density)
        pulled, change, step = self._work_arrays()
        self._blur(spare, pulled).mul_(self._step**3)
        change.zero_()
        for axis in range(3):
            first, second, moved = (self._tensor(state[name])[axis] for name in ("first", "second", "moved"))
            gradient = self._difference(pulled, axis, spare).neg_()
            moved.add_(self._adam(gradient, first, second, state["count"], step))
            change.add_(self._difference(step, axis, spare))
        self._tensor(state["u"]).add_(self._blur(change, spare))

    def _work_arrays(self) -> tuple[Any, Any, Any]:
        """Return three arrays that are kept between the steps: allocating them at each step costs time."""
        if self._work is None:
            pulled, change, step = (self._torch.empty(self.energy.shape, dtype=self._dtype) for _ in range(3))
            self._work = pulled, change, step
        return self._work

    def energy_changed(self, state: dict[str, Any]) -> None:
        """Tell that the energy's terms were updated; Adam's moments go on."""
        state["energies"] = []

    def adopt(self, state: dict[str, Any]) -> None:
        """Bring the arrays of a restored state to this flow's device."""
        here = isinstance(state["u"], np.ndarray) if self._card is None else self._card.owns(state["u"])
        if not here:
            for name in _ARRAYS:
                state[name] = self._own(state[name])

    def _adam(self, gradient: Any, first: Any, second: Any, count: int, out: Any) -> Any:
        """Update the moments of one component; return its step, in `out`."""
        first.mul_(_FIRST).add_(gradient, alpha=1 - _FIRST)
        second.mul_(_SECOND).addcmul_(gradient, gradient, value=1 - _SECOND)
        root = self._torch.div(second, 1 - _SECOND**count, out=out).sqrt_().add_(_EPSILON)
        return self._torch.div(first, root, out=out).mul_(-_RATE / (1 - _FIRST**count))

    def _difference(self, a: Any, axis: int, out: Any) -> Any:
        """Return the central difference along an axis, periodic, in `out`."""
        n, subtract = a.shape[axis], self._torch.sub
        subtract(a.narrow(axis, 2, n - 2), a.narrow(axis, 0, n - 2), out=out.narrow(axis, 1, n - 2))
        subtract(a.select(axis, 1), a.select(axis, n - 1), out=out.select(axis, 0))
        subtract(a.select(axis, 0), a.select(axis, n - 2), out=out.select(axis, n - 1))
        return out.div_(2 * self._step)

    def _blur(self, a: Any, out: Any) -> Any:
        """Return `a` blurred in `out`, and use it up."""
        (z, y, x), multiply = self._blurs, self._torch.mm
        multiply(z, a.view(len(a), -1), out=out.view(len(a), -1))
        for plane, blurred in zip(out, a, strict=True):
            multiply(y, plane, out=blurred)
        multiply(a.view(-1, len(x)), x, out=out.view(-1, len(x)))  # the matrix is symmetric
        return out

    def _own(self, values: Any) -> Any:
        """Return a copy of an array where the energy takes it."""
        if self._card is not None:
            return self._card.array(values)
        return np.array(values, self.energy.dtype, order="C")

    def _tensor(self, values: np.ndarray) -> Any:
        """Return a tensor that shares an array's memory."""
        return self._torch.from_numpy(values).to(dtype=self._dtype)


class PreparedFlow:
    """The published flow for the first 1000 evaluations, then ours.

    Which of its metastable textures a field reaches is decided while the first structures form. The published flow forms
    them slowly; from there on ours goes the same way in a fraction of the evaluations, and further down: the sieve ends
    within every published band at a lower energy than 8000 published evaluations reach, which neither flow does alone.

    Parameters
    ----------
    first, then
        The two flows, of one energy.
    """

    keeps_mean = True

    def __init__(self, first: PublishedFlow, then: Flow) -> None:
        self._first, self._then = first, then

    def start(self, u: Any) -> dict[str, Any]:
        """Return the state of a flow that starts at the field `u` (copied)."""
        return self._first.start(u)

    def step(self, state: dict[str, Any]) -> float:
        """Take one step in place, with one evaluation; return the energy at the field before it."""
        if "moved" in state and state["evaluations"] >= _PREPARATION:
            u, evaluations = np.asarray(state["u"]), state["evaluations"]
            state.clear()  # before the new arrays are made: both together may not fit
            state.update(self._then.start(u), evaluations=evaluations)
        return self._now(state).step(state)

    def energy_changed(self, state: dict[str, Any]) -> None:
        """Tell that the energy's terms were updated."""
        self._now(state).energy_changed(state)

    def adopt(self, state: dict[str, Any]) -> None:
        """Bring the arrays of a restored state to this flow's device."""
        self._now(state).adopt(state)

    def _now(self, state: dict[str, Any]) -> PublishedFlow | Flow:
        return self._first if "moved" in state else self._then


def _taps() -> np.ndarray:
    """Return the central and right half of the blur along one axis."""
    taps: np.ndarray = np.exp(-0.5 * (np.arange(int(4 * BLUR) + 1) / BLUR) ** 2)
    return np.asarray(taps / (2 * taps.sum() - taps[0]))


def _blur_matrix(n: int) -> np.ndarray:
    """Return the (n, n) matrix of the blur along one periodic axis."""
    taps, rows, matrix = _taps(), np.arange(n), np.zeros((n, n))
    for k in range(1 - len(taps), len(taps)):
        np.add.at(matrix, (rows, (rows + k) % n), taps[abs(k)])
    return matrix
