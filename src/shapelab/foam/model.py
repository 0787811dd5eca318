"""A foam of cells with interface tensions and exact volumes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from shapelab import memory
from shapelab.errors import NotFiniteError, ParameterError
from shapelab.foam.division import divide_grown
from shapelab.foam.edits import EDITS, apply_edit
from shapelab.foam.fragments import return_fragments
from shapelab.foam.frames import foam_layers, notices, observables
from shapelab.foam.given import GivenFoam
from shapelab.foam.life import fill_box, grow, leave, remove_gone
from shapelab.foam.motion import Forces, measure, move
from shapelab.foam.parameters import FoamParameters, PlaneFoamParameters, SpaceFoamParameters
from shapelab.foam.populating import even_volumes, populate, take_given
from shapelab.foam.pulling import let_go, tilts
from shapelab.foam.resolution import Resolution
from shapelab.foam.seeding import first_cells
from shapelab.foam.state import FoamState
from shapelab.foam.tensions import MEDIUM, explain_tensions, is_metric, type_table
from shapelab.frame import Frame
from shapelab.grid_parameters import ball_radius
from shapelab.simulation import Model
from shapelab.stopping import done_apart

__all__ = ["FoamModel", "SpaceFoamModel"]

_STILL, _STEADY, _STILL_STEPS = 1e-4, 1e-6, 20
"""A foam is at rest when no centre moves by more pixels than this, and the energy changes by less than this part, for so many steps."""
_PER_DRAWN = 8
"""Bytes of a pixel that is only drawn: its row, and labels of the frame that is shown and of the next one."""
_FINE = {2: 10, 3: 6}
"""Samples of the window along each axis at junctions that are sampled finely."""


class FoamModel(Model[FoamParameters, FoamState]):
    """Cells with interface tensions: ``v = kappa`` for every interface, Young's angles at junctions, and ``|cell i| = V_i`` at all times.

    The foam goes down its energy ``sum_ij sigma_ij area(i, j)``. An interface of tension sigma has the mobility 1/sigma, so that all
    of them flow with their curvature. Cells change neighbours, meet, part, divide and vanish by themselves: there is no mesh.

    Threshold dynamics for any tensions: S. Esedoglu, F. Otto, Comm. Pure Appl. Math. 68, 808 (2015), doi:10.1002/cpa.21527; here a
    pixel keeps the fraction of each cell, and a price for each cell keeps its volume.
    """

    name = "foam"
    parameters_type: ClassVar[type[FoamParameters]] = PlaneFoamParameters
    state_type = FoamState
    citation = "S. Esedoglu and F. Otto, Comm. Pure Appl. Math. 68, 808 (2015), doi:10.1002/cpa.21527"
    edits = EDITS

    @done_apart
    def init(self, parameters: FoamParameters, initial: Any = None) -> FoamState:
        """Return the state at step 0; `initial` is a `GivenFoam`, or labels as an array or layer."""
        state = FoamState(parameters=parameters, rng=np.random.default_rng(parameters.seed))
        if initial is None:
            rows, types = first_cells(parameters, state.rng)
            populate(state, rows, np.arange(len(types)), types)
            even_volumes(state)
        else:
            take_given(state, GivenFoam.of(initial))
        state.width = self._width(parameters, len(state), float(np.nanmean(state.births[1:])))
        self._retable(state)
        self._remeasure(state)
        return state

    def step(self, state: FoamState) -> FoamState:
        """Move the interfaces once."""
        p = state.given
        resolution, before = self.resolution(state), state.centres
        extent = state.extent()
        if p.growth > 0:
            grow(state)
        leave(state)
        fill_box(state)
        forces = self.forces(state, tilts(state))
        pixels, state.prices, measured, returned = move(state.pixels, extent, state.prices, forces, resolution, self._points(p))
        if not np.isfinite(state.prices).all():
            raise NotFiniteError("The pressures of the cells are no longer finite numbers: choose tensions closer to one another.")
        state.pixels, more = return_fragments(pixels, len(state.ids))
        state.counts["returned"] = state.counts.get("returned", 0.0) + returned + more
        steady = abs(measured.energy - state.energy) < _STEADY * measured.energy
        state.surfaces, state.contacts, state.energy = measured.surfaces, measured.contacts, measured.energy
        after = state.extent()
        state.centres = after.centres
        let_go(state)
        moved = np.abs(after.centres - before)[1:].max(initial=0.0)
        state.step += 1
        state.time += resolution.dt
        calm = (
            moved < _STILL
            and steady
            and not p.growth
            and not (p.motility and len(state) > 1)
            and not (state.leaving.any() or state.pulls[:, 3].any())
        )
        state.still = state.still + 1 if calm else 0
        remove_gone(state, after.volumes)
        if p.growth > 0:
            divide_grown(state)
        return state

    def snapshot(self, state: FoamState) -> FoamState:
        """Return what a step that is stopped within goes back to."""
        return state.snapshot()

    def frame(self, state: FoamState) -> Frame:
        """Return the cells and their centres, with the observables."""
        volumes = state.extent().volumes
        resolution = self.resolution(state)
        scalars = observables(state, volumes, resolution)
        said = (*state.notes, *state.warnings, *notices(state, scalars))
        return Frame(state.step, state.time, foam_layers(state, volumes, resolution, state.given.fineness), scalars, said)

    def update(self, state: FoamState, parameters: FoamParameters) -> FoamState:
        """Put new live parameters in force."""
        fields = ("first", "second", "between", "first_medium", "second_medium")
        changed = [name for name in fields if getattr(parameters, name) != getattr(state.parameters, name)]
        if state.own_table and changed:
            raise ParameterError(
                f"{', '.join(changed)} cannot change here: this foam has tensions of its own, which were given with its cells; "
                "edit('set_tension', …) changes one of them."
            )
        state.parameters, state.still = parameters, 0
        self._retable(state)
        self._explain(state)
        return state

    def edit(self, state: FoamState, action: str, **arguments: Any) -> FoamState:
        """Apply the user's hand to a copy of `state`; what is impossible is refused in a sentence."""
        state = state.copy()
        apply_edit(state, action, arguments)
        state.still = 0
        self._remeasure(state)
        return state

    def finished(self, state: FoamState) -> str | None:
        """Return the sentence that ends the run."""
        p = state.given
        if not len(state):
            return "No cells are left."
        if state.still >= _STILL_STEPS:
            return "The foam is at rest."
        if state.step >= p.max_steps:
            return f"The limit of {p.max_steps} steps is reached."
        return None

    def warm_up(self, parameters: FoamParameters) -> None:
        """Compile the kernels, once."""
        del parameters
        from shapelab.foam.compiling import compile_foam

        compile_foam()

    def memory(self, parameters: FoamParameters, initial: Any = None) -> int:
        """Return the estimate [bytes]."""
        n, filled = parameters.n_cells, 1.0 if parameters.arrangement == "full" else parameters.filling
        if initial is not None:
            given = GivenFoam.of(initial)
            n, filled = len(given.ids) - 1, float(np.count_nonzero(given.labels)) / math.prod(parameters.shape)
        drawn = (parameters.fineness**parameters.ndim - 1) * math.prod(parameters.shape)
        return memory.of_foam(parameters.shape, n, self._width(parameters, n), filled=filled) + int(_PER_DRAWN * drawn)

    def device(self, parameters: FoamParameters) -> str:
        """Return the device: foams are computed on the CPU."""
        del parameters
        return "cpu"

    # parts -------------------------------------------------------------------------------------------------------------

    def resolution(self, state: FoamState) -> Resolution:
        """Return the kernel that is in force, the same throughout a run."""
        return Resolution(state.width, tuple(state.given.voxel_size))

    def forces(self, state: FoamState, tilted: np.ndarray) -> Forces:
        """Return what drives the interfaces, with the `tilted` (K, 3) gains of cells that move."""
        p = state.given
        targets = state.targets.copy()
        if not p.exact_volumes:
            targets[:] = np.nan
        groups = np.where(np.arange(len(state.ids)) == 0, 0, state.types + 1).astype(np.int32)
        metric = is_metric(state.table, several=not state.own_table, medium=state.medium)
        return Forces(state.kinds, state.table, metric, groups, targets, tilted, state.medium)

    def _points(self, p: FoamParameters) -> int:
        return _FINE[p.ndim] if p.junctions == "fine" else 0

    def _width(self, p: FoamParameters, n: int, volume: float | None = None) -> float:
        """Return the deviation of the Gaussian [pixels of the coarsest axis]: as given, or by the size of the cells."""
        if p.smoothing is not None:
            return p.smoothing
        share = 1.0 if p.arrangement == "full" else p.filling
        volume = math.prod(p.shape) * share / max(1, n) if volume is None else volume
        radius = float(ball_radius(volume * p.pixel_volume, p.ndim)) / max(p.voxel_size)
        wanted = 1.5 + radius / 16 if p.ndim == 2 else radius / 8
        return round(min(4.0, max(2.0, wanted)), 2)

    def _retable(self, state: FoamState) -> None:
        """Take the tensions of the types from the parameters, unless the foam has its own."""
        if not state.own_table:
            p = state.given
            state.table = type_table(p.first, p.second, p.between, p.first_medium, p.second_medium)
            state.kinds = np.minimum(state.types, 1).astype(np.int32) + 1
            state.kinds[0] = 0

    def _explain(self, state: FoamState) -> None:
        """Note what the tensions lead to that a user may not expect."""
        used = [0] if state.medium else []
        used += [int(kind) for kind in np.unique(state.kinds[1:])]
        if state.own_table:
            first = {int(kind): int(cell) for kind, cell in zip(state.kinds[::-1], state.ids[::-1], strict=True)}
            names = [MEDIUM if kind == 0 else f"cell {first[kind]}" for kind in used]
        else:
            names = [(MEDIUM, "the first type", "the second type")[kind] for kind in used]
        table = state.table[np.ix_(used, used)]
        state.warnings = list(explain_tensions(table, names, several=not state.own_table, medium=state.medium))

    def _remeasure(self, state: FoamState) -> None:
        """Measure what a step would have measured, after the cells were made or changed by hand."""
        fill_box(state)
        extent = state.extent()
        state.centres = extent.centres
        measured = measure(state.pixels, extent, self.forces(state, np.zeros((0, 3))), self.resolution(state))
        state.surfaces, state.contacts, state.energy = measured.surfaces, measured.contacts, measured.energy
        self._explain(state)


class SpaceFoamModel(FoamModel):
    """The same in space."""

    parameters_type: ClassVar[type[FoamParameters]] = SpaceFoamParameters
