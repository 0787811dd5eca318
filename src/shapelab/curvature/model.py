"""The curvatubes model: a phase field that descends a curvature energy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from shapelab import memory
from shapelab.curvature.blend import blended, checked_fields
from shapelab.curvature.initial import starting_field
from shapelab.curvature.observables import observables, seen
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.profile import imposed
from shapelab.curvature.resolved import blurred, is_blurred
from shapelab.curvature.settling import Settling
from shapelab.curvature.solids import clamped_ends
from shapelab.curvature.starting_shape import Start, given
from shapelab.curvature.state import CurvatubesState, field_array
from shapelab.curvature.terms import EnergyTerms
from shapelab.device import require_memory, resolve
from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData, frozen
from shapelab.simulation import Model
from shapelab.stopping import apart, shielded

if TYPE_CHECKING:
    from shapelab.curvature.energy import CurvatureEnergy
    from shapelab.curvature.flow import Flow
    from shapelab.curvature.published_flow import PreparedFlow, PublishedFlow

    AnyFlow: TypeAlias = Flow | PublishedFlow | PreparedFlow

__all__ = ["CurvatubesModel"]


_WORTH_A_CARD = 48**3
"""Voxels from which on "auto" takes a card: below, its launches cost more than two cores need for the numbers (predicted, not measured)."""


class CurvatubesModel(Model[CurvatubesParameters, CurvatubesState]):
    """Descent of the phase-field energy of Int p(k1, k2) dA, k1 >= k2 the principal curvatures of {u = 0}.

    F(u) = Int eps |grad u|^2 p(k1(u), k2(u)) dx, with the curvatures read from the matrix -eps Hess u + W'(u)/eps n n^T,
    W = (1 - u^2)^2 / 4 and n = grad u/|grad u|, under du/dt = Lap dF/du, which keeps the volume locally (or the
    averaged or the free L2 flow). To it add, where asked for, orientation mu eps (grad u . theta)^2, surface tension,
    the area constraint of a vesicle, and a fidelity to a target. One step is one evaluation of energy and gradient.

    A. Song, "Generation of Tubular and Membranous Shape Textures with Curvature Functionals", J. Math. Imaging Vis. 64,
    17-40 (2022), doi:10.1007/s10851-021-01049-9.
    """

    name = "curvatubes"
    parameters_type = CurvatubesParameters
    state_type = CurvatubesState
    citation = "A. Song, J. Math. Imaging Vis. 64, 17-40 (2022), doi:10.1007/s10851-021-01049-9"
    settling: ClassVar[Settling] = Settling()

    def __init__(self) -> None:
        self._engine: tuple[CurvatubesParameters, dict[str, np.ndarray], float, CurvatureEnergy, AnyFlow] | None = None
        self._blurred = ""
        """Why the interface does not fit into the shape that a run began with, "" if it does."""

    def init(self, parameters: CurvatubesParameters, initial: Any = None) -> CurvatubesState:
        """Return the state at step 0; `initial` is a `Start`, or an array or layer as `given` takes it."""
        if self.device(parameters) != "cpu":  # the start is made here, also where a card goes on with it
            require_memory(memory.of_start(parameters.shape, start=parameters.start if initial is None else "given"))
        start = initial if isinstance(initial, Start) else Start(given(initial) if initial is not None else None)
        rng = np.random.default_rng(parameters.seed)
        fields = checked_fields({**blended(parameters), **start.fields}, parameters.shape)
        given_field = None if start.initial is None else start.initial.as_field(parameters.interface_width)
        self._blurred = apart(lambda: blurred(start.initial, parameters.interface_width))
        u = apart(lambda: self._first_field(parameters, given_field, fields, rng))
        if start.target is not None:
            target = given_field if start.target is start.initial else start.target.as_field(parameters.interface_width)
            assert target is not None
            fields["target"] = _on_grid(target, parameters, "target")
        clamped = start.clamped.as_mask() if start.clamped is not None else clamped_ends(parameters) if start.initial is None else None
        if clamped is not None:
            fields["clamped"] = _on_grid(clamped, parameters, "clamped mask")
        state = CurvatubesState(parameters=parameters, rng=rng, fields=fields)
        noisy = start.initial is None and parameters.start == "noise"
        self._note_mass(state, u, (1 + float(u.mean())) / 2 if noisy else None)
        state.flow = self.engine(state)[1].start(u.astype(parameters.dtype))
        self.settling.restart(state)
        return state

    def _prepare_card(self, parameters: CurvatubesParameters) -> None:
        """Compile what a card needs: a run can be stopped meanwhile."""
        device = self.device(parameters)
        if device != "cpu":
            from shapelab.curvature.card.warm_up import warm_up

            apart(lambda: warm_up(device, parameters.dtype))

    def _first_field(
        self, p: CurvatubesParameters, given_field: np.ndarray | None, fields: Mapping[str, np.ndarray], rng: np.random.Generator
    ) -> np.ndarray:
        if given_field is None:
            return starting_field(p, rng, fields.get("mass"))
        return imposed(_on_grid(given_field, p, "starting shape"), p.interface_width, p.mass)

    def step(self, state: CurvatubesState) -> CurvatubesState:
        """Evaluate energy and gradient once, and move."""
        _, flow = self.engine(state)
        state.energy = float(flow.step(state.flow))
        with shielded():
            state.step += 1
            state.time = float(state.step)
            self.settling.watch(state)
        return state

    def snapshot(self, state: CurvatubesState) -> CurvatubesState:
        """Return `state` itself: a step can be stopped within the evaluation, which changes nothing, and not later."""
        return state

    def warm_up(self, parameters: CurvatubesParameters) -> None:
        """Compile the kernels of the processor, and those of a card that is used, once."""
        from shapelab.curvature.flow import warm_up

        warm_up()
        self._prepare_card(parameters)

    def forget(self) -> None:
        """Drop the flow, whose work arrays may be half written."""
        self._engine = None

    def update(self, state: CurvatubesState, parameters: CurvatubesParameters) -> CurvatubesState:
        """Put new live parameters in force; a new mass moves the interface along its normal."""
        old, state.parameters = state.parameters, parameters
        if parameters.mass is not None and parameters.mass != old.mass and parameters.flow != "free":
            self._set_mass(state, parameters.mass)
        self.engine(state)[1].energy_changed(state.flow)
        self.settling.restart(state)
        return state

    def _set_mass(self, state: CurvatubesState, mass: float) -> None:
        u = imposed(field_array(state), state.parameters.interface_width, mass)
        clamped = state.fields.get("clamped")
        if clamped is not None:
            u = np.where(clamped, field_array(state), u)
        _, flow = self.engine(state)
        state.flow = flow.start(u.astype(state.parameters.dtype))
        self._note_mass(state, u)

    def _note_mass(self, state: CurvatubesState, u: np.ndarray, volume: float | None = None) -> None:
        state.mass = float(u.mean(dtype=np.float64))
        state.volume = float(np.mean(u > 0)) if volume is None else volume

    def frame(self, state: CurvatubesState) -> Frame:
        """Return the field as an image, shown as the surface u = 0, with the observables."""
        energy, flow = self.engine(state)
        flow.adopt(state.flow)
        p, u = state.parameters, state.flow["u"]
        field = (lambda: u) if isinstance(u, np.ndarray) else u.begin_copy().result
        meta = {
            "scale": (p.voxel_size,) * 3,
            "units": (p.unit,) * 3,
            "axis_labels": ("z", "y", "x"),
            "contrast_limits": (-1.0, 1.0),
            "rendering": "iso",
            "iso_threshold": 0.0,
        }
        sums = seen(energy, u, state.fields.get("clamped"))  # a card sums while the field is on its way
        layer = LayerData("field", frozen(np.asarray(field(), np.float32)), "image", meta)
        notices = (self._blurred,) if self._blurred and is_blurred(layer.data) else ()
        return Frame(state.step, state.time, (layer,), observables(state, sums), notices)

    def statistics(self, state: CurvatubesState) -> Mapping[str, float]:
        """Return the scalars of the frame and, where there is a surface, `texture_statistics` and `shape_statistics`."""
        from shapelab.curvature.shape_statistics import shape_statistics
        from shapelab.curvature.statistics import texture_statistics

        scalars, p = dict(self.frame(state).scalars), state.parameters
        if "mean_K" not in scalars or not field_array(state).max() > 0:
            return scalars
        shape = shape_statistics(field_array(state), scalars, math.prod(p.shape) * p.voxel_size**3)
        return {**scalars, **shape, **texture_statistics(state)}

    def finished(self, state: CurvatubesState) -> str | None:
        """Return the sentence that ends the run: settled, vanished, or the step limit."""
        return self.settling.verdict(state)

    def memory(self, parameters: CurvatubesParameters, initial: Any = None) -> int:
        """Return the estimate [bytes]."""
        p = parameters
        start = p.start if initial is None else "given"
        needed = memory.of_texture(p.shape, flow=p.flow, dtype=p.dtype, start=start, device=self.device(p))
        if self.device(p) != "cpu" and isinstance(initial, Start) and initial.fields:
            shapes = [np.shape(value)[-3:] for value in initial.fields.values()]
            needed += memory.of_factors(np.broadcast_shapes(*shapes), dtype=p.dtype)
        return needed

    def device(self, parameters: CurvatubesParameters) -> str:
        """Return the device in use, with "auto" resolved."""
        return resolve(parameters.device, large=math.prod(parameters.shape) >= _WORTH_A_CARD)

    def engine(self, state: CurvatubesState) -> tuple[CurvatureEnergy, AnyFlow]:
        """Return energy and flow for `state`, remade or updated only if its parameters or fields have changed."""
        from shapelab.curvature.energy import CurvatureEnergy

        p = state.parameters
        if self._engine is not None:
            old, fields, mass, energy, flow = self._engine
            if old is p and fields is state.fields and mass == state.mass:
                return energy, flow
            if fields is state.fields and _frozen_part(old) == _frozen_part(p):
                energy.update(terms(state))
                self._engine = (p, state.fields, state.mass, energy, flow)
                return energy, flow
        energy = CurvatureEnergy(p.shape, terms(state), dtype=p.dtype, device=self.device(p))
        flow = flow_of(p, energy, state.fields.get("clamped"))
        self._engine = (p, state.fields, state.mass, energy, flow)
        return energy, flow


def flow_of(parameters: CurvatubesParameters, energy: CurvatureEnergy, clamped: np.ndarray | None = None) -> AnyFlow:
    """Return the flow that the parameters ask for."""
    from shapelab.curvature.flow import Flow
    from shapelab.curvature.published_flow import PreparedFlow, PublishedFlow

    if parameters.flow == "published":
        return PublishedFlow(energy, clamped=clamped)
    if parameters.flow == "prepared":
        return PreparedFlow(PublishedFlow(energy, clamped=clamped), Flow(energy, inertia=parameters.inertia))
    return Flow(energy, kind=parameters.flow, inertia=parameters.inertia, clamped=clamped)


def terms(state: CurvatubesState) -> EnergyTerms:
    """Return what the energy of `state` is made of, in texture units."""
    p, fields = state.parameters, state.fields
    area = vesicle_area(p, state.volume)
    return EnergyTerms(
        coefficients=Coefficients(**{name: fields.get(name, getattr(p, name)) for name in Coefficients._fields}),
        voxel_size=1 / p.resolution,
        interface_width=p.interface_width / p.resolution,
        boundary=p.boundary,
        orientation=fields.get("orientation", p.orientation),
        direction=fields.get("direction", p.direction),
        tension=p.tension,
        area=area,
        area_stiffness=p.area_stiffness / area**2 if area else 0.0,
        fidelity=p.fidelity,
        target=fields.get("target"),
    )


def vesicle_area(parameters: CurvatubesParameters, fraction: float) -> float | None:
    """Return the area [texture length^2] of a vesicle that fills `fraction` of the box, at the reduced volume wanted."""
    if parameters.reduced_volume is None:
        return None
    volume = fraction * math.prod(parameters.shape) / parameters.resolution**3
    radius = math.cbrt(3 * volume / (4 * math.pi * parameters.reduced_volume))
    return 4 * math.pi * radius**2


def _frozen_part(parameters: CurvatubesParameters) -> dict[str, Any]:
    live = parameters.live_fields()
    return {name: getattr(parameters, name) for name in type(parameters).model_fields if name not in live}


def _on_grid(array: np.ndarray, parameters: CurvatubesParameters, what: str) -> np.ndarray:
    if array.shape != parameters.shape:
        raise InputError(f"The {what} has shape {array.shape} on cubic voxels and the grid {parameters.shape}: they must be the same.")
    return array
