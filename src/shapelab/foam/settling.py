"""Settle exactly: the interfaces of a foam as a mesh, brought to mechanical equilibrium with exact volumes.

Semi-implicit curvature flow: ``(M + dt L) x' = M x + dt G^T p`` with the cotangent stiffness L weighted by the tensions, and pressures p
such that every cell has its volume. The neighbours stay as they are: let the foam come to rest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import SuperLU, splu

from shapelab.arguments import checked
from shapelab.errors import InputError, NotFiniteError
from shapelab.foam.simplices import simplices_of
from shapelab.foam.state import FoamState
from shapelab.foam.tangents import Tangents
from shapelab.grid_parameters import ball_radius
from shapelab.limits import at_least
from shapelab.mesh import InterfaceMesh, interface_mesh
from shapelab.short_repr import short_repr
from shapelab.simulation import Simulation
from shapelab.stopping import check_stop, done_apart
from shapelab.threads import dot

__all__ = ["SettledFoam", "settle_exactly"]

_STEP = 0.5
"""Time of a step, in squares of the mean cell's radius."""
_MOST_STEPS = 150
_MOST_MOVE = 0.1
"""Largest move of a node in a step, in radii of the mean cell."""
_REST = 1e-8
"""Relative change of the energy in a step at which the foam is at rest."""
_SOLVED = 1e-8


@short_repr
@dataclass(frozen=True, eq=False)
class SettledFoam:
    """A foam at rest: its mesh, what holds it, and how well."""

    mesh: InterfaceMesh = field(repr=False)
    energy: float
    """Sum of tension times area (2-D: length)."""
    pressures: dict[int, float]
    """Label -> pressure above that of the medium, or of the first cell where there is none [tension/unit]."""
    volumes: dict[int, float]
    """Label -> volume (2-D: area) [unit^d]."""
    volume_error: float
    """Largest relative error of a volume."""
    steps: int
    at_rest: bool
    """Whether the energy had stopped to change."""


@checked(max_steps=at_least(1))
def settle_exactly(
    simulation: Simulation, *, max_steps: int = _MOST_STEPS, progress: Callable[[int, float], None] | None = None
) -> SettledFoam:
    """Bring the interfaces of a foam, as they are now, to mechanical equilibrium on a mesh.

    Parameters
    ----------
    simulation
        A `Foam`; it is not changed.
    max_steps
        Most steps to take.
    progress
        Called after each step with its number and the energy.

    Raises
    ------
    InputError
        If `simulation` is no foam.
    NotFiniteError
        If an interface collapses: cells still want to change neighbours, so that the foam must run on.
    Stopped
        If ``simulation.stop()`` was called meanwhile.
    """
    with simulation.stoppable():
        return _settled(simulation, max_steps, progress)


@done_apart
def _settled(simulation: Simulation, max_steps: int, progress: Callable[[int, float], None] | None) -> SettledFoam:
    state = simulation.state()
    if not isinstance(state, FoamState):
        raise InputError(f"Only a foam can be settled exactly; received a run of {simulation.model.name}.")
    p = state.given
    labels = state.ids[state.pixels.rows()]
    mesh = interface_mesh(labels, tuple(p.voxel_size), periodic=p.periodic, closed=False)
    rows = np.array([0 if i == 0 else (state.row(int(i)) or 0) for i in mesh.ids.tolist()])
    kinds = state.kinds[rows]
    tensions = state.table[np.ix_(kinds, kinds)]
    targets = state.targets[rows] * p.pixel_volume
    relaxation = _Relaxation(mesh, tensions, targets, medium=state.medium)
    energies = [relaxation.energy()]
    at_rest = False
    for step in range(1, max_steps + 1):
        check_stop()
        relaxation.step()
        energies.append(relaxation.energy())
        if progress is not None:
            progress(step, energies[-1])
        at_rest = step > 9 and abs(energies[-1] - energies[-2]) < _REST * energies[-1]
        if at_rest:
            break
    relaxation.restore_volumes()
    return relaxation.result(len(energies) - 1, at_rest)


class _Relaxation:
    def __init__(self, mesh: InterfaceMesh, table: np.ndarray, targets: np.ndarray, *, medium: bool) -> None:
        self._mesh, self._simplices = mesh, simplices_of(mesh)
        self._x = mesh.nodes
        self._tensions = table[self._simplices.pairs[:, 0], self._simplices.pairs[:, 1]]
        self._volumes, self._targets = mesh.volumes(), targets
        n_cells = len(mesh.ids)
        self._kept = np.arange(1 if medium else 2, n_cells)  # without a medium the last volume follows from the others
        self._pressures = np.zeros(n_cells)
        self._radius = float(ball_radius(np.mean(targets[1:]), mesh.ndim))
        self._tangents = Tangents(self._simplices, mesh.node_cells)
        self._free = ~_locked(mesh)
        self._used = np.bincount(self._simplices.corners.ravel(), minlength=len(self._x)) > 0

    def energy(self) -> float:
        return dot(self._tensions, self._simplices.areas(self._x))

    def step(self) -> None:
        """Flow for one step of time, then spread the nodes along their interfaces."""
        self._flow(_STEP * self._radius**2 / float(self._tensions.mean()))
        self._move(self._tangents.moves(self._x) * self._free)

    def restore_volumes(self) -> None:
        """Take back what spreading the nodes, and the curvature of the way, did to the volumes."""
        for _ in range(4):
            self._flow(1e-3 * self._radius**2 / float(self._tensions.mean()))

    def result(self, steps: int, at_rest: bool) -> SettledFoam:
        mesh, kept = self._mesh, self._kept
        moves = (self._x / np.asarray(mesh.spacing) - mesh.net.cubes - mesh.net.offset).astype(np.float32)
        settled = replace(mesh, net=replace(mesh.net, moves=moves))
        errors = np.abs(self._volumes[kept] / self._targets[kept] - 1)
        ids = mesh.ids[1:].tolist()
        pressures = dict(zip(ids, self._pressures[1:].tolist(), strict=True))
        volumes = dict(zip(ids, self._volumes[1:].tolist(), strict=True))
        return SettledFoam(settled, self.energy(), pressures, volumes, float(errors.max(initial=0.0)), steps, at_rest)

    def _flow(self, dt: float) -> None:
        x, simplices, kept = self._x, self._simplices, self._kept
        masses = simplices.masses(x)
        masses = np.maximum(masses, 0.2 * np.median(masses[self._used]))
        stiffness = simplices.stiffness(x, self._tensions)
        system = csr_array(diags_array(masses, format="csr") + dt * stiffness)
        solvers = [_solver(system, self._free[:, c]) for c in range(x.shape[1])]
        pull = -dt * (stiffness @ x + simplices.pulls_out_of_periods(x, self._tensions))
        gradient = simplices.volume_gradient(x)[kept]
        plain = _solved(solvers, pull, self._free)

        def answer(q: np.ndarray) -> np.ndarray:
            return _solved(solvers, (gradient.T @ q).reshape(x.shape), self._free)

        missing = self._targets[kept] - self._volumes[kept] - gradient @ plain.ravel()
        q = _conjugate(lambda v: gradient @ answer(v).ravel(), missing, dt * self._pressures[kept])
        self._pressures[:] = 0
        self._pressures[kept] = q / dt
        self._move(plain + answer(q))

    def _move(self, moves: np.ndarray) -> None:
        largest = float(np.abs(moves).max(initial=0.0))
        if not np.isfinite(largest):
            raise NotFiniteError("An interface has collapsed while the foam settled: let it run on until it is at rest, then settle it.")
        moves = moves * min(1.0, _MOST_MOVE * self._radius / max(largest, 1e-300))
        self._volumes = self._volumes + self._simplices.swept(self._x, self._x + moves)
        self._x = self._x + moves


def _locked(mesh: InterfaceMesh) -> np.ndarray:
    """Return along which axes each node must stay on the border of the image, (n, d) bool."""
    low = -0.5 * np.asarray(mesh.spacing)
    high = low + np.asarray(mesh.shape) * np.asarray(mesh.spacing)
    near = 1e-3 * np.asarray(mesh.spacing)
    result: np.ndarray = mesh.on_border[:, None] & ((mesh.nodes < low + near) | (mesh.nodes > high - near)) & (mesh.period == 0)
    return result


def _solver(system: csr_array, free: np.ndarray) -> SuperLU:
    if not free.all():  # nodes that are held do not follow
        keep = diags_array(free.astype(float), format="csr")
        system = csr_array(keep @ system @ keep + diags_array((~free).astype(float), format="csr"))
    return splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def _solved(solvers: list[SuperLU], right: np.ndarray, free: np.ndarray) -> np.ndarray:
    return np.stack([solver.solve(right[:, c] * free[:, c]) * free[:, c] for c, solver in enumerate(solvers)], axis=1)


def _conjugate(apply: Callable[[np.ndarray], np.ndarray], right: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Solve for the pressures by conjugate gradients: each product is one solution for the nodes."""
    x = start.copy()
    left = right - apply(x)
    along = left.copy()
    square, enough = dot(left, left), (_SOLVED**2) * max(dot(right, right), 1e-300)
    for _ in range(10 * len(right)):
        if square <= enough:
            break
        ahead = apply(along)
        step = square / dot(along, ahead)
        x += step * along
        left -= step * ahead
        previous, square = square, dot(left, left)
        along = left + square / previous * along
    return x
