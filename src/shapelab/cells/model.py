"""The moving model that every scenario of cells is made of: move, change, solve."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from shapelab import memory
from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.drawing import Drawing, label_layer, same_mask
from shapelab.cells.edits import EDITS, apply_edit
from shapelab.cells.frames import cell_layers, notices, place
from shapelab.cells.hooks import CellHooks
from shapelab.cells.labels_as_cells import GivenCells
from shapelab.cells.motions.correction import SHORTENED, check_time_step, spring_rate, stable_time_step, without_jumps
from shapelab.cells.motions.propulsion import random_axes
from shapelab.cells.parameters import CellParameters
from shapelab.cells.scenery import scene_layer
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.device import describe, on_card, resolve
from shapelab.errors import NotFiniteError
from shapelab.frame import Frame, LayerData
from shapelab.simulation import Model

if TYPE_CHECKING:
    from shapelab.transport import Solver

__all__ = ["CellModel"]


class CellModel(CellHooks, Model[CellParameters, CellState]):
    """Incompressible cells that move: ``dx_i/dt = velocity_i``, and each cell has its target volume at all times.

    The cells are ``L_i = {y: c_i(y) - f_i <= c_j(y) - f_j for all j, and c_i(y) <= f_i}`` with potentials f such that
    ``|L_i| = v_i`` (semi-discrete optimal transport), what is left over is medium. One step moves the seeds, lets cells
    turn, grow, divide or leave, and solves for the new cells from the last potentials. Scenarios override the hooks
    of `CellHooks`; lengths in them are in box lengths.

    A. Diez, J. Feydy, "An optimal transport model for dynamical shapes, collective motion and cellular aggregates",
    arXiv:2402.17086 (2024).
    """

    name = "cells"
    parameters_type: ClassVar[type[CellParameters]] = CellParameters
    state_type = CellState
    citation = "A. Diez and J. Feydy, arXiv:2402.17086 (2024)"
    edits = EDITS

    def __init__(self) -> None:
        self._engine: tuple[Any, np.ndarray | None, Room, Solver] | None = None
        self._on_processor: tuple[str, tuple[str, ...]] = "cpu", ()
        self._drawing: tuple[Any, np.ndarray | None, Drawing] | None = None

    # the contract ------------------------------------------------------------------------------------------------------

    def init(self, parameters: CellParameters, initial: Any = None) -> CellState:
        """Return the state at step 0; `initial` is a `GivenCells`, or labels as an array or layer."""
        state = CellState(parameters=parameters, rng=np.random.default_rng(parameters.seed))
        for name in ("positions", "velocities", "axes"):
            setattr(state, name, np.zeros((0, parameters.ndim)))
        given = GivenCells.of(initial) if initial is not None else None
        mask = given.mask if given is not None else self.walls(parameters)  # a user's cells bring their own room
        gate = self.start(parameters) if given is None else None
        _wall_off(state, mask if gate is None else gate)
        if given is not None:
            given.populate(state, self.periodic)
        else:
            self.populate(state, self.room(state))
        if not len(state.axes) or not state.axes.any():
            state.axes = random_axes(state.rng, len(state), parameters.ndim)
        state.traits["travelled"] = np.zeros_like(state.positions)
        self.equip(state)
        if given is not None:
            given.assign_types(state)
        else:
            for _ in range(self.lloyd if len(state) else 0):
                self.solve(state)
                state.positions = self.room(state).keep_inside(state.positions + state.diagram["offsets"])
        _wall_off(state, mask)
        self.solve(state)
        self.time_step(state)
        return state

    def step(self, state: CellState) -> CellState:
        """Move, change, solve."""
        diagram, before = CellDiagram.of(state, self.periodic), state.positions
        dt = self._short_enough(state, diagram, self.time_step(state))
        if len(state):
            self.move(state, diagram, dt)
        if not np.isfinite(state.positions).all():
            raise NotFiniteError("The positions of cells are no longer finite numbers: use a smaller time step.")
        state.traits["travelled"] = state.traits["travelled"] + (state.positions - before)
        state.positions = self.room(state).keep_inside(state.positions)
        if len(state) or self.sources:
            self.change(state, diagram, dt)
        state.step += 1
        state.time += dt
        self.solve(state)
        return state

    def snapshot(self, state: CellState) -> CellState:
        """Return what a step that is stopped within goes back to."""
        return state.snapshot()

    def warm_up(self, parameters: CellParameters) -> None:
        """Compile the kernels of the solver and those of this scenario, once."""
        from shapelab.cells.compiling import compile_scenario

        compile_scenario(type(self), parameters)

    def forget(self) -> None:
        """Drop the solver, whose tables may be half written."""
        self._engine = self._drawing = None

    def frame(self, state: CellState) -> Frame:
        """Return the cells, seeds, arrows and walls, with the observables."""
        diagram = CellDiagram.of(state, self.periodic)
        errors = diagram.errors(state.volumes)
        scalars = {
            "cells": float(len(state)),
            "volume_error": float(errors.mean()) if len(state) else 0.0,
            "max_volume_error": float(errors.max(initial=0.0)),
            "time": state.time,
        }
        if len(state):
            scalars |= {name: float(value) for name, value in self.observe(state, diagram).items()}
        fineness = self.of(state).fineness
        walls = self._drawn(state, fineness).walls if "mask" in state.fields else None
        layers = cell_layers(state, diagram, self.arrows, self.draw(state, fineness), walls, self.colour_by)
        scene, behind = self.scenery(state), self.background(state)
        layers += (scene_layer(scene, self.of(state)),) if scene else ()
        layers += (behind,) if behind is not None else ()
        return Frame(state.step, state.time, layers, scalars, notices(state, scalars["volume_error"]) + self._apart() + self.notes(state))

    def draw(self, state: CellState, fineness: int = 1) -> LayerData:
        """Return the labels of the cells on a grid `fineness` (1-4) times as fine as the one they are solved on, along each axis.

        Every pixel belongs to the cell that the present potentials give its centre to, so that boundaries are exact on any grid.
        """
        p = self.of(state)
        if not len(state):
            return label_layer(state, np.zeros(tuple(n * fineness for n in p.shape), np.uint16), place(p), fineness)
        if fineness == 1 and state.diagram:
            return label_layer(state, state.diagram["labels"], place(p))
        return label_layer(state, self._drawn(state, fineness).labels(state, self.cost(state)), place(p), fineness)

    def _drawn(self, state: CellState, fineness: int) -> Drawing:
        """Return what draws the cells and walls of this state, kept from frame to frame."""
        p, mask = self.of(state), state.fields.get("mask")
        if mask is not None and mask.ndim == 1:  # of a saved frame
            mask = np.unpackbits(mask, count=math.prod(p.shape)).astype(bool).reshape(p.shape)
        key = (p.shape, p.voxel_size, fineness)
        if self._drawing is None or self._drawing[0] != key or not same_mask(self._drawing[1], mask):
            self._drawing = key, mask, Drawing(p, mask, self.periodic, fineness, self.device(p))
        return self._drawing[2]

    def drawable(self, state: CellState) -> CellState:
        """Return what the cells of `state` are drawn from: seeds, potentials and what a point costs, without the solved grid."""
        small = copy.copy(state)
        small.diagram, small.velocities = {}, state.velocities[:0]
        small.traits = {name: values for name, values in state.traits.items() if name != "travelled"}
        small.fields = {name: np.packbits(values) if name == "mask" else values for name, values in state.fields.items()}
        return small

    def can_draw(self, state: CellState) -> bool:
        """Tell whether the arrays of `state` go together, as those of `drawable` do: compiled loops trust them."""
        n, d = len(state.ids), self.of(state).ndim
        rows = (state.volumes, state.potentials, state.types, *state.traits.values())
        return (
            all(len(values) == n and np.isfinite(values).all() for values in (*rows, state.positions, state.axes))
            and all(values.shape == (n, d) for values in (state.positions, state.axes))
            and all(values.shape == (n,) for values in rows[:3])
            and bool((state.volumes > 0).all())
        )

    def update(self, state: CellState, parameters: CellParameters) -> CellState:
        """Put new live parameters in force; a new cost is solved for at once, an unstable time step refused."""
        old = state.parameters
        state.parameters = parameters
        try:
            self.time_step(state)
        except Exception:
            state.parameters = old
            raise
        assert isinstance(old, CellParameters)
        if (old.p, old.stiffness) != (parameters.p, parameters.stiffness):
            state.potentials = np.full(len(state), np.nan)
            self.solve(state)
        return state

    def edit(self, state: CellState, action: str, **arguments: Any) -> CellState:
        """Apply the user's hand to a copy of `state`; what is impossible is refused in a sentence."""
        state = state.copy()
        apply_edit(state, self.room(state), action, arguments)
        self.solve(state)
        state.ending = None
        return state

    def finished(self, state: CellState) -> str | None:
        """Return the sentence that ends the run."""
        p = self.of(state)
        if state.ending is not None:
            return state.ending
        if not len(state) and not self.sources:
            return "No cells are left."
        if state.step >= p.max_steps:
            return f"The limit of {p.max_steps} steps is reached."
        if p.max_time is not None and state.time >= p.max_time:
            return f"The end time {p.max_time:g} is reached."
        return None

    def memory(self, parameters: CellParameters, initial: Any = None) -> int:
        """Return the estimate [bytes]."""
        del initial  # which is on the grid of the parameters
        return memory.of_cells(parameters.shape, parameters.n_cells, fineness=parameters.fineness, device=self.device(parameters))

    def device(self, parameters: CellParameters) -> str:
        """Return the device in use, with "auto" resolved."""
        from shapelab.transport.domain import LARGE

        return resolve(parameters.device, large=math.prod(parameters.shape) >= LARGE)

    # parts -------------------------------------------------------------------------------------------------------------

    def time_step(self, state: CellState) -> float:
        """Return the time step in force: the given one, if it is stable, or the largest that is."""
        dt = self.of(state).dt
        rate = spring_rate(state, self.tau(state), self.stiffnesses(state), self.exponents(state))
        limits = rate, self.speed(state), state.radius, self.longest_step
        if dt is None:
            return stable_time_step(*limits)
        check_time_step(dt, *limits)
        return float(dt)

    def _short_enough(self, state: CellState, diagram: CellDiagram, dt: float) -> float:
        """Return `dt`, or less where the correction would throw a seed out of its cell; a given one that is shortened is noted."""
        pulls = np.reshape(self.tau(state), (-1, 1)) * diagram.cost_gradients if self.corrected and len(state) else np.zeros((0, 1))
        shorter = without_jumps(dt, pulls, state.radius)
        state.counts.pop(SHORTENED, None)
        if shorter < dt and self.of(state).dt is not None:
            state.counts[SHORTENED] = shorter
        return shorter

    def room(self, state: CellState) -> Room:
        """Return where seeds may be."""
        return self._parts(state)[0]

    def solve(self, state: CellState) -> None:
        """Solve for the cells around the seeds, from the last potentials."""
        _, solver = self._parts(state)
        solver.tolerance, solver.max_tolerance = self.of(state).tolerance, 5 * self.of(state).tolerance
        known = np.isfinite(state.potentials)
        solver.update(state.positions, state.volumes, self.cost(state) if len(state) else None)
        solver.potentials = np.where(known, state.potentials, np.median(state.potentials[known])) if known.any() else None
        solution = solver.solve()
        if solution.max_error > 0.5 or solution.mean_error > 5 * solver.tolerance:
            state.positions = self.room(state).part(state.positions, state.rng)
            solver.update(state.positions)
            solver.potentials = None
            solution = solver.solve()
        CellDiagram.store(state, solution)
        self._on_processor = solution.device, solution.on_processor

    def _apart(self) -> tuple[str, ...]:
        """Say what the processor did in the last solve although a card was chosen."""
        device, parts = self._on_processor
        return (f"On the processor, not on {describe(device)}: {' and '.join(parts)}.",) if parts and on_card(device) else ()

    def _parts(self, state: CellState) -> tuple[Room, Solver]:
        from shapelab.transport import Domain, Solver

        p, mask = self.of(state), state.fields.get("mask")
        key = (p.shape, p.voxel_size, self.device(p))
        if self._engine is None or self._engine[0] != key or self._engine[1] is not mask:
            periodic = (self.periodic,) * p.ndim
            domain = Domain(p.shape, p.spacing, periodic, mask)
            none = np.zeros((0, p.ndim))
            self._engine = key, mask, Room(p, mask, periodic), Solver(domain, none, np.zeros(0), device=key[2])
        return self._engine[2], self._engine[3]


def _wall_off(state: CellState, mask: np.ndarray | None) -> None:
    state.fields.pop("mask", None)
    if mask is not None:
        state.fields["mask"] = mask
