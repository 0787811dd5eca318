"""`infer_tensions`: from labels or a mesh to tensions and pressures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.given_layer import straight_layer
from shapelab.convert.spacing import Spacing
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.infer.lines import fill_lines
from shapelab.infer.noise import covariance_is_feasible, row_covariance
from shapelab.infer.options import TensionOptions
from shapelab.infer.plan import plan_tensions, radius_of
from shapelab.infer.result import Tensions, cells_of, fingerprint
from shapelab.infer.solve import Solution, solve, solve_correlated
from shapelab.infer.system import Balance, balance_of, bump_centres
from shapelab.labels.check import labels_of
from shapelab.mesh import InterfaceMesh, as_periodic, interface_mesh
from shapelab.mesh.facets import Facets
from shapelab.stopping import check_stop, done_apart
from shapelab.threads import one_blas_thread

__all__ = ["infer_tensions"]

_SMOOTHING = {2: 2, 3: 5}
"""More pulls the angles at junctions to 120 degrees."""
_LEAST_BUMP = 3.0
"""Least radius of a bump [voxels]."""
_LEAST_AREA = 0.2
"""Interfaces smaller than this, in (cell radii)^(d - 1), are 5-50 % wrong even where their error is small."""
_MOST_ERROR = 0.3
_MOST_PRESSURE_ERROR = 0.5
"""Tensions per cell radius."""
_MANY_CELLS = 500
_SMOOTHED = {2: 0.0, 3: 0.1}
"""Error by which smoothing draws tensions together, times the cell radius in voxels; measured."""
_LEFT_OUT = {2: 0.4, 3: 0.2}
"""The same with what shared errors of voxels add where they are left out, as there are too many; measured."""


@checked()
@done_apart
def infer_tensions(
    labels_or_mesh: Any,
    spacing: Spacing = 1.0,
    *,
    periodic: bool | Sequence[bool] = False,
    options: TensionOptions | None = None,
    progress: Callable[[float, str], None] | None = None,
    **choices: Any,
) -> Tensions:
    """Infer the relative tensions of all interfaces and the pressures of all cells of a tissue at rest.

    Balances forces in their weak form (`shapelab.infer.system`): no contact angle and no curvature is measured.

    Parameters
    ----------
    labels_or_mesh
        Label image, (z, y, x) or (y, x), 0 for the medium; a frame of cells or a labels layer, which bring their voxel
        size; or an `InterfaceMesh`.
    spacing
        Voxel size [unit]; ignored where the input brings its own.
    periodic
        Whether the image is periodic, along all axes or along each.
    options
        Options of the method.
    progress
        Called with the part that is done, 0 to 1, and what comes next.
    **choices
        Single options by name (`bump`, `smoothing`, `prior`, `robust`), which override those of `options`.

    Returns
    -------
    Tensions

    Raises
    ------
    InputError
        If the input holds no two cells that touch, or a periodic box is too small.
    OutOfMemoryError
        If it would not fit into memory.
    ParameterError
        If a choice is not possible.
    """
    options = (options or TensionOptions()).replace(**choices)
    notes: list[str] = []
    tell = progress or _nobody
    tell(0.0, "Meshing the interfaces…")
    mesh, source = _meshed(labels_or_mesh, spacing, periodic, options, notes)
    check_stop()
    return _inferred(mesh, options, source, notes, tell)


def _nobody(part: float, text: str) -> None:
    """Tell nobody."""


def _meshed(
    given: Any, spacing: Spacing, periodic: bool | Sequence[bool], options: TensionOptions, notes: list[str]
) -> tuple[InterfaceMesh, str]:
    if isinstance(given, InterfaceMesh):
        return given, ""
    given, said = straight_layer(cells_of(given))
    notes.extend(said)
    labels = labels_of(given)
    if isinstance(given, LayerData):
        spacing = given.meta.get("scale", spacing)
    source = fingerprint(labels)
    repeats = as_periodic(periodic, labels.ndim)
    plan = plan_tensions(labels, spacing)
    require_memory(plan.memory)
    notes.extend(plan.warnings)
    labels, filled = fill_lines(labels)
    if filled:
        notes.append(f"The cells were separated by lines of background; these {filled} voxels were given to the nearest cells.")
    smoothing = _SMOOTHING[labels.ndim] if options.smoothing is None else options.smoothing
    return interface_mesh(labels, spacing, periodic=repeats, smoothing=smoothing, closed=False), source


@one_blas_thread()
def _inferred(mesh: InterfaceMesh, options: TensionOptions, source: str, notes: list[str], tell: Callable[[float, str], None]) -> Tensions:
    ndim, counts, step = mesh.ndim, mesh.net.counts, float(np.prod(mesh.spacing)) ** (1 / mesh.ndim)
    voxels = radius_of(float(np.median(counts[1:][counts[1:] > 0])), ndim)
    radius = max(options.bump * voxels, _LEAST_BUMP) * step
    facets = mesh.facets()
    if not len(facets.pairs):
        raise InputError("No two cells touch each other or a background: there is no interface to infer a tension of.")
    for axis, length in enumerate(mesh.period):
        if 0 < length < 2 * radius:
            raise InputError(
                f"The periodic box is too small along {'zyx'[axis - ndim]}: {length / step:.0f} voxels hold no region of radius "
                f"{radius / step:.0f}; lower `bump` below {0.5 * length / (voxels * step):.1f}."
            )
    centres = bump_centres(mesh, radius, radius * (0.5 if len(counts) <= _MANY_CELLS else 1.0))
    medium = bool(counts[0] > 0)
    cells = voxels * step
    if len(centres):
        tell(0.3, f"Balancing forces at {len(centres):,} places…")
        balance = balance_of(mesh, facets, centres, radius)
        check_stop()
        tell(0.6, f"Solving for {len(facets.pairs):,} tensions and {len(counts):,} pressures…")
        solution = _solved(mesh, facets, balance, medium, options)
        if medium and not np.nanmedian(solution.pressure_errors[1:]) < _MOST_PRESSURE_ERROR / cells:
            medium = False
            solution = _solved(mesh, facets, balance, medium, options)
            notes.append("Too little background is visible to serve as the reference: pressures are relative to their mean.")
    else:
        balance, solution = None, _nothing(len(facets.pairs), len(counts))
    areas = facets.areas_of_interfaces()
    reasons = _reasons(solution, areas / cells ** (ndim - 1), facets, mesh, radius)
    tensions = np.where(reasons == "", solution.tensions, np.nan)
    scale = float(np.nanmean(tensions)) if (reasons == "").any() else 1.0
    unknown = ~(solution.pressure_errors < _MOST_PRESSURE_ERROR / cells)
    solution.pressures[unknown] = solution.pressure_errors[unknown] = np.nan
    lift = 0.0 if medium or not np.isfinite(solution.pressures).any() else float(np.nanmean(solution.pressures))
    return Tensions(
        mesh=mesh,
        options=options,
        pairs=mesh.ids[facets.pairs],
        tensions=tensions / scale,
        errors=np.where(reasons == "", solution.tension_errors / scale, np.nan),
        reasons=reasons,
        areas=areas,
        misfits=_misfits(balance, solution),
        pressures=(solution.pressures - lift) / scale,
        pressure_errors=solution.pressure_errors / scale,
        centres=centres,
        residuals=solution.residuals,
        notes=tuple(notes),
        source=source,
    )


def _solved(mesh: InterfaceMesh, facets: Facets, balance: Balance, medium: bool, options: TensionOptions) -> Solution:
    """Solve with weights for single bumps and then, where that is not too much, with the covariance that voxels cause."""
    solution = solve(balance, medium=medium, prior=options.prior, robust=options.robust)
    systematic = _LEFT_OUT
    if mesh.smoothing and covariance_is_feasible(facets, balance):
        covariance = row_covariance(mesh, facets, balance, solution)
        solution = solve_correlated(balance, covariance, solution.trust, medium=medium, prior=options.prior)
        systematic = _SMOOTHED
    size = float(np.median(mesh.net.counts[1:][mesh.net.counts[1:] > 0])) * float(np.prod(mesh.spacing))
    coarse = max(mesh.spacing) / radius_of(size, mesh.ndim)
    return replace(solution, tension_errors=np.hypot(solution.tension_errors, systematic[mesh.ndim] * coarse))


def _nothing(interfaces: int, cells: int) -> Solution:
    """Return the solution where no place is far enough from the border."""
    none = np.full(interfaces, np.nan), np.full(cells, np.nan)
    return Solution(*none, *none, np.zeros(0), np.zeros(0))


def _reasons(solution: Solution, sizes: np.ndarray, facets: Facets, mesh: InterfaceMesh, radius: float) -> np.ndarray:
    """Return why each tension is undetermined, "" where it is not."""
    near = np.zeros(len(facets.areas), bool)
    for axis, step in enumerate(mesh.spacing):
        if not mesh.period[axis]:
            x = facets.middles[:, 3 - mesh.ndim + axis]
            near |= (x < radius - 0.5 * step) | (x > (mesh.shape[axis] - 0.5) * step - radius)
    hidden = np.bincount(facets.interface, near, len(sizes)) > 0
    untouched = ~np.isfinite(solution.tensions)
    vague = ~untouched & ~(solution.tension_errors < _MOST_ERROR)
    small = sizes < _LEAST_AREA
    return np.select(
        [untouched & hidden, small, untouched, vague & hidden, vague],
        ["cut", "too small", "not touched", "cut", "uncertain"],
        default="",
    )


def _misfits(balance: Balance | None, solution: Solution) -> np.ndarray:
    """Return the force left round each interface: the mean of the residuals of the bumps on it, by how much it pulls on each."""
    if balance is None:
        return np.full(len(solution.tensions), np.nan)
    pulls = abs(balance.matrix[:, : balance.interfaces])
    left = np.repeat(solution.residuals, balance.ndim)
    total = np.asarray(pulls.sum(0)).ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        result: np.ndarray = np.asarray(pulls.T @ left).ravel() / total
    return result
