"""Flows that lower a curvature energy, with a step size that nobody has to choose."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np

from shapelab.arrays import require_finite
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.metric import CpuMetric, Evaluation, Metric, Peaks, Products
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.terms import EnergyTerms
from shapelab.errors import InputError, NotFiniteError, ParameterError
from shapelab.stopping import shielded

__all__ = ["Flow", "FlowKind", "FlowState", "Inertia", "first_field", "warm_up"]

FlowKind = Literal["conserved", "averaged", "free"]
Inertia = Literal["faithful", "deep", "annealed"]
FlowState = dict[str, Any]
"""Plain data: arrays "u", "step", "gradient", "direction", "saved", numbers, and the last energies."""

_INERTIA = {"faithful": (0.90, 0.01), "deep": (0.97, 0.02)}
"""Momentum, and the largest root mean square of a step."""
_ANNEALED = 300
"""Evaluations after which "annealed" turns from faithful to deep."""
_ARRAYS = ("u", "step", "gradient", "direction", "saved")
_LARGEST_CHANGE = 0.5
"""Largest change of u at a voxel in one step."""
_LARGEST_FIELD = 10.0
"""|u| is near 1 in every sensible field."""
_WINDOW = 20
"""Evaluations between two looks at the energies and two safe copies of u."""
_MOST_FAILURES = 5


class Flow:
    """Heavy-ball descent of an energy in the metric P of the flow (see `shapelab.curvature.filters`).

    One step evaluates the energy once: with g the gradient density, s <- momentum s - rate P g, u <- u + s. The rate is
    kappa / L, where L is the curvature of the energy measured along the last step, sqrt(<dg, P dg> / <w, P w>) with
    s = P w, as a maximum that forgets 1 % per step; kappa is lowered when the energy often rises and raised when it
    seldom does. The root mean square of a step is bounded. No constant depends on the energy's scale.

    Published textures are metastable states that the dynamics chooses, so the inertia is part of the model:
    "faithful" (momentum 0.90, rms 0.01) reproduces tubes and the like, "deep" (0.97, 0.02) reaches lower energies,
    "annealed" is faithful for 300 evaluations and deep from then on: it frees sponges, pearls and membranes from the
    defects in which they are stuck, and straightens tubes more than the published ones.

    Parameters
    ----------
    energy
        What to lower.
    kind
        "conserved": H^-1, matter moves and never jumps; "averaged": L2 with the mean of u held; "free": L2.
    inertia
        "faithful", "deep" or "annealed".
    clamped
        Boolean array (z, y, x), True where u must not change; None if it may change everywhere. The first two kinds
        then hold the mean over the other voxels.
    """

    def __init__(
        self, energy: CurvatureEnergy, *, kind: FlowKind = "conserved", inertia: Inertia = "faithful", clamped: np.ndarray | None = None
    ) -> None:
        _require_choice("flow", kind, get_args(FlowKind))
        _require_choice("inertia", inertia, get_args(Inertia))
        self.energy = energy
        self.kind = kind
        self.inertia = inertia
        self.keeps_mean = kind != "free"
        free = _free_voxels(clamped, energy.shape)
        self._free = free
        self._size = math.prod(energy.shape)
        self._free_count = self._size if free is None else int(free.sum())
        self.metric: Metric = self._make_metric(free)

    def start(self, u: Any) -> FlowState:
        """Return the state of a flow that starts at the field `u` (copied)."""
        field = first_field(u, self.energy.shape)
        state: FlowState = {name: self.metric.array(field if name in ("u", "saved") else np.zeros_like(field)) for name in _ARRAYS}
        total = float(np.asarray(field, np.float32 if self.energy.dtype == "float32" else np.float64).sum(dtype=np.float64))
        state |= {"evaluations": 0, "energy": math.nan, "total": total, "drift": 0.0, "kappa": 2.0, "failures": 0}
        self.restart(state)
        return state

    def step(self, state: FlowState) -> float:
        """Take one step in place, with one evaluation; return the energy at the field before it.

        Raises
        ------
        NotFiniteError
            If the numbers grow without bound or stop being finite, and smaller steps do not help.
        """
        self.adopt(state)
        evaluation = self.metric.evaluate(state)
        with shielded():  # from here on the state changes
            return self._go(state, evaluation)

    def _go(self, state: FlowState, evaluation: Evaluation) -> float:
        if evaluation.peaks is not None and state["owed"] is not None:
            bounded = evaluation.peaks.step <= _LARGEST_CHANGE
            if not self._settle(state, evaluation.peaks):
                return self._go_back(state)
            if not bounded:  # the field was not yet the one that the step led to
                state["fresh"] = True
                evaluation = self.metric.evaluate(state)
        energy, products = evaluation.energy, evaluation.products
        if products is None or not all(map(math.isfinite, products)):
            return self._go_back(state)
        state["count"] += 1
        state["evaluations"] += 1
        peaks = self._move(state, products, self._rate(state, products))
        state["energy"] = energy
        state["energies"] = [*state["energies"][1 - _WINDOW :], energy]
        if peaks is not None and not self._settle(state, peaks):
            return self._go_back(state)
        return energy

    def restart(self, state: FlowState) -> None:
        """Forget the last step and all that was measured: after u was changed by hand."""
        for name in ("step", "gradient", "direction"):
            self.metric.clear(state[name])
        state |= {"count": 0, "curvature": 0.0, "rate": 0.0, "norm": 0.0, "fresh": True, "energies": [], "owed": None}

    def energy_changed(self, state: FlowState) -> None:
        """Tell that the energy's terms were updated: the next gradient cannot be compared with the last one."""
        state |= {"fresh": True, "energies": [], "failures": 0}

    def _rate(self, state: FlowState, products: Products) -> float:
        measured = 0.0
        if not state["fresh"] and state["norm"] > 0:
            measured = math.sqrt(max(products.dg_dq, 0.0) / state["norm"])
        state["fresh"] = False
        state["curvature"] = max(measured, 0.99 * state["curvature"])
        if state["count"] == 1 or state["rate"] == 0:
            rms = math.sqrt(products.q_q / self._size)
            rate = 0.1 * self._momentum_and_rms(state)[1] / rms if rms > 0 else 0.0
        elif state["curvature"] > 0:
            rate = state["kappa"] / state["curvature"]
            if state["count"] > 2:  # the first rate is a guess
                rate = min(rate, 1.05 * state["rate"])
        else:
            rate = state["rate"]
        state["rate"] = rate
        return rate

    def _momentum_and_rms(self, state: FlowState) -> tuple[float, float]:
        if self.inertia == "annealed":
            return _INERTIA["faithful" if state["count"] <= _ANNEALED else "deep"]
        return _INERTIA[self.inertia]

    def _move(self, state: FlowState, products: Products, rate: float) -> Peaks | None:
        """Take the step, bounded in root mean square; what `_settle` needs of it is owed."""
        keep, largest_rms = self._momentum_and_rms(state)
        square = keep**2 * products.s_s - 2 * keep * rate * products.s_q + rate**2 * products.q_q
        rms = math.sqrt(max(square, 0.0) / self._size)
        scale = min(1.0, largest_rms / rms) if rms > 0 else 1.0
        shift = 0.0
        if self.keeps_mean and rate > 0:  # rounding alone moves the mean: take out what it did in this q and so far
            shift = products.q_sum / self._free_count - state["drift"] / (rate * scale)
        norm = keep**2 * state["norm"] - 2 * keep * rate * products.s_g + rate**2 * products.g_q
        state["owed"] = [norm, scale]
        return self.metric.move(state, keep * scale, rate * scale, shift)

    def _settle(self, state: FlowState, peaks: Peaks) -> bool:
        """Finish a step when it is known what it did: bound it at every voxel; False if u leaves all bounds."""
        (norm, scale), state["owed"] = state["owed"], None
        if peaks.step > _LARGEST_CHANGE:
            less = _LARGEST_CHANGE / peaks.step
            self.metric.shorten(state, less)
            scale *= less
        state["norm"] = scale**2 * max(norm, 0.0)
        state["drift"] = (peaks.total - state["total"]) / self._free_count if self.keeps_mean else 0.0
        if not (math.isfinite(peaks.field) and peaks.field <= _LARGEST_FIELD and math.isfinite(peaks.total)):
            return False
        if state["count"] % _WINDOW == 0:
            self._look_back(state)
        return True

    def _look_back(self, state: FlowState) -> None:
        """Every `_WINDOW` evaluations: adapt kappa to how often the energy rose, and save u."""
        energies = state["energies"]
        if state["count"] >= 2 * _WINDOW and len(energies) == _WINDOW:
            rises = sum(b > a for a, b in pairwise(energies))
            if rises >= 8:
                state["kappa"] = max(0.75 * state["kappa"], 0.25)
            elif rises <= 2:
                state["kappa"] = min(1.15 * state["kappa"], 3.0)
        self.metric.copy(state["u"], into=state["saved"])
        state["failures"] = 0

    def _go_back(self, state: FlowState) -> float:
        """Return to the saved field with smaller steps, unless that was tried often enough."""
        first = state["count"] == 0
        state["failures"] += 1
        self.metric.copy(state["saved"], into=state["u"])
        state["kappa"] /= 2
        state["drift"] = 0.0
        self.restart(state)
        if first or state["failures"] > _MOST_FAILURES:
            raise NotFiniteError(
                f"The numbers of this run stopped being finite at evaluation {state['evaluations']} (last energy {state['energy']:.6g}): "
                "the energy of these coefficients has no lower bound, or is too large for this grid. The last good field is kept; "
                "choose smaller coefficients, a polynomial that is bounded below, or a larger interface width."
            )
        return float(state["energy"])

    def _make_metric(self, free: np.ndarray | None) -> Metric:
        options: dict[str, Any] = {
            "laplacian": self.kind == "conserved",
            # Clamped voxels break the exact balance of the Laplacian: the mean is then held as in the averaged flow.
            "average": self.kind == "averaged" or (self.kind == "conserved" and free is not None),
            "free": free,
        }
        if self.energy.on_processor:
            return CpuMetric(self.energy, **options)
        from shapelab.curvature.card.metric import CardMetric

        return CardMetric(self.energy, **options)

    def adopt(self, state: FlowState) -> None:
        """Bring the arrays of a restored state to this flow's device."""
        state.setdefault("owed", None)
        left = state.get("last_move")
        if self.metric.owns(state["u"]) and not isinstance(left, np.ndarray):
            return
        state.pop("last_move", None)
        for name in _ARRAYS:
            state[name] = self.metric.array(state[name])
        if left is not None and state["owed"] is not None and not self._settle(state, Peaks.of(np.asarray(left))):
            self._go_back(state)


def first_field(u: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return the field that a flow starts at.

    Raises
    ------
    InputError
        If it is not on the grid, or holds NaN or infinity.
    """
    field = np.asarray(u)
    if field.shape != shape:
        raise InputError(f"The initial field has shape {field.shape} and the grid {shape}: resample it to the grid.")
    require_finite("initial field", field)
    return field


@cache
def warm_up() -> None:
    """Compile the CPU kernels, or load them from the disk cache: call it in a thread of your own before the first run.

    Takes some seconds on a machine's first use; every shape, border and set of coefficients uses the same kernels.
    """
    shape = (8, 8, 8)
    energy = CurvatureEnergy(shape, EnergyTerms(Coefficients(1.0)))
    flow = Flow(energy)
    flow.step(flow.start(np.linspace(-1, 1, 512, dtype=np.float32).reshape(shape)))
    energy.scalars(np.zeros(shape, np.float32))


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ParameterError(f"{name} = {value!r} is not allowed: it must be one of {', '.join(map(repr, choices))}.")


def _free_voxels(clamped: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return where u may change, None if everywhere."""
    if clamped is None or not np.any(clamped):
        return None
    if np.shape(clamped) != shape:
        raise InputError(f"The mask of clamped voxels has shape {np.shape(clamped)} and the grid {shape}: resample the mask to the grid.")
    free = ~np.asarray(clamped, bool)
    if not free.any():
        raise InputError("Every voxel is clamped, so that nothing can move: leave some voxels out of the mask.")
    return free
