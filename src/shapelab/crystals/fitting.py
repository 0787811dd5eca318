"""Fit of a diagram to a label image: from moments, then by maximum likelihood, optionally with exact volumes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from shapelab.arguments import checked
from shapelab.box import to_layer
from shapelab.convert.given_layer import straight_layer
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.moments import Moments, label_moments, periodic_moments
from shapelab.crystals.stages import FitProgress, maximise_likelihood
from shapelab.crystals.worst_grains import WorstGrain, worst_grains
from shapelab.device import require_memory, resolve
from shapelab.errors import InputError, ParameterError
from shapelab.frame import LayerData
from shapelab.labels.check import labels_of
from shapelab.limits import above, between
from shapelab.memory import of_crystal_fit
from shapelab.short_repr import short_repr
from shapelab.stopping import done_apart
from shapelab.transport.domain import LARGE

__all__ = ["DiagramFit", "diagram_from_moments", "fit_diagram", "kernels_ready"]

SHARPNESS = 8.0
"""Drop of log-probability from a cell's centre to its fitted ellipse, at the start."""


@short_repr
@dataclass(frozen=True, eq=False)
class DiagramFit:
    """A diagram fitted to a label image."""

    diagram: Diagram
    labels: np.ndarray
    """The diagram on the image's grid, with the image's ids; with exact volumes, see `fit_diagram`."""
    mismatch: float
    """Fraction of the labelled pixels that the diagram gives to another cell, over all cells."""
    volume_error: float
    """Largest relative error of a cell's volume."""
    mean_volume_error: float
    moments: Moments
    """Volumes, centroids and covariances of the image's cells; the centre of pixel 0 is at 0 (`shapelab.box`)."""
    spacing: tuple[float, ...]
    worst: tuple[WorstGrain, ...]
    """The grains with the most wrong pixels, with the reason that their shape gives."""
    seconds: float
    evaluations: int
    """Evaluations of the likelihood."""
    message: str
    """What happened, in sentences."""
    stopped: bool = False
    """Whether it was stopped before its end, and is the best fit so far."""
    remarks: tuple[str, ...] = ()
    """What else should be said of it, in sentences."""


@checked(order=between(1, 8), tolerance=above(0), effort=above(0, 1000))
@done_apart
def fit_diagram(
    labels: Any,
    order: int = 2,
    spacing: Spacing = 1.0,
    *,
    periodic: bool | Sequence[bool] = False,
    method: Literal["likelihood", "moments"] = "likelihood",
    exact_volumes: bool = False,
    tolerance: float = 0.005,
    max_tolerance: float | None = None,
    effort: float = 1.0,
    device: str = "auto",
    progress: Callable[[FitProgress], None] | None = None,
    abort: threading.Event | None = None,
) -> DiagramFit:
    """Fit a diagram to a label image, 2-D or 3-D.

    Parameters
    ----------
    labels
        Whole numbers; 0 is outside and does not count. A labels layer may look grey, an array not.
    order
        Degree of the polynomials, 1 to 8: 1 power diagram, 2 anisotropic power diagram (curved boundaries), more for freer ones.
        Each order from 3 on starts from the fit of the order below, and is never worse than it.
    spacing
        Size of a pixel, one number or one per axis (z, y, x) [physical unit]; ignored where a layer brings its own.
    periodic
        Whether opposite sides of the image fit together; one answer, or one per axis. A periodic diagram of order 1 is kept as one
        of order 2 with round cells, all alike.
    method
        "likelihood" starts from the moments and maximises the likelihood of the pixels; "moments" stops at the start.
    exact_volumes
        Shift the cells' weights afterwards so that each has the volume it has in the image (orders 1 and 2); single pixels
        at boundaries make up for the rest, so that `labels` has the volumes to the pixel.
    tolerance
        Largest mean relative volume error asked of the diagram with `exact_volumes`.
    max_tolerance
        Largest relative volume error of any cell; by default twice `tolerance`.
    effort
        Factor on the number of iterations.
    device
        "cpu", "cuda", "cuda:1"… or "auto": where the diagram is drawn and volumes are made exact. The likelihood is maximised by the
        processor, which the message says if another device was chosen.
    progress
        Called with the moments' diagram, and after each iteration.
    abort
        When set, the fit ends within one iteration and returns what it has.

    Returns
    -------
    DiagramFit
        With the label image, its mismatch (over all cells, not over candidates), and the worst grains.

    Raises
    ------
    InputError
        If the labels cannot be used: fewer than two cells, floats, wrong number of axes.
    ParameterError
        If the order or the method is not one of those above.

    Notes
    -----
    Start and convex loss: D.P. Bourne, M. Buze, T. Gallouet, Q. Merigot, arXiv:2605.20816 (2026). The convex loss is
    followed by a bounded one (see `shapelab.crystals.likelihood`), which weighs pixels that no such cell can reach less.
    """
    begin = time.perf_counter()
    if order > 2 and (method == "moments" or exact_volumes):
        what = "method = 'moments'" if method == "moments" else "exact_volumes"
        raise ParameterError(f"{what} is possible for orders 1 and 2 only; received order = {order}.")
    labels, _ = straight_layer(labels)
    image = labels_of(labels)
    voxel = as_spacing(labels.meta.get("scale", spacing) if isinstance(labels, LayerData) else spacing, image.ndim)
    place = resolve(device, large=image.size >= LARGE)
    require_memory(of_crystal_fit(image.shape, exact_volumes=exact_volumes))
    index, ids = index_labels(image)
    if method == "likelihood" and order > 2:
        require_memory(of_crystal_fit(image.shape, cells=len(ids), order=order))
    period = _period(image.shape, voxel, periodic)
    moments = periodic_moments(index, ids, voxel, np.array(period)) if period else label_moments(index, ids, voxel)
    diagram = diagram_from_moments(moments, min(order, 2), period)
    evaluations, stopped, message = 0, False, "Moments of the grains."
    remarks: tuple[str, ...] = ()
    if method == "likelihood":
        straight = diagram_from_moments(moments, 1) if order > 1 and not period else None
        diagram, evaluations, stopped = maximise_likelihood(index, diagram, order, voxel, effort, progress, abort, straight)
        message = "Stopped before the end: this is the best diagram so far." if stopped else "Fitted."
        message += "" if place == "cpu" else " The likelihood was maximised on the processor."
    if exact_volumes:
        diagram, fitted, said, remarks = _with_exact_volumes(diagram, index, moments, voxel, (tolerance, max_tolerance), abort, place)
        message = f"{message} {said}"
    else:
        fitted = diagram.indices(image.shape, voxel, place)
    found = _report(diagram, index, fitted, moments, voxel, time.perf_counter() - begin, evaluations, message, stopped)
    return replace(found, remarks=remarks)


def kernels_ready(likelihood: bool) -> bool:
    """Return whether this process has the kernels of a fit; else the first fit loads them, or compiles them once on a machine."""
    from shapelab.crystals import labelling, likelihood_kernels

    kernel = likelihood_kernels.add_loss if likelihood else labelling.argmax_kernel
    return bool(kernel.signatures)


def _with_exact_volumes(
    diagram: Diagram,
    index: np.ndarray,
    moments: Moments,
    spacing: tuple[float, ...],
    tolerances: tuple[float, float | None],
    abort: threading.Event | None,
    device: str,
) -> tuple[Diagram, np.ndarray, str, tuple[str, ...]]:
    from shapelab.crystals.weights import exact_volumes
    from shapelab.transport import Domain

    inside = index >= 0
    domain = Domain(index.shape, spacing, tuple(length > 0 for length in diagram.period) or (False,), None if inside.all() else inside)
    diagram, solution, remarks = exact_volumes(diagram, moments.volumes, domain, tolerances[0], abort, tolerances[1], device)
    return diagram, solution.labels.astype(np.int32) - 1, solution.message, remarks


def _period(shape: tuple[int, ...], spacing: tuple[float, ...], periodic: bool | Sequence[bool]) -> tuple[float, ...]:
    """Return the lengths of the box along its periodic axes, 0 along others; nothing where none is."""
    answers = (periodic,) * len(shape) if isinstance(periodic, bool) else tuple(periodic)
    if len(answers) != len(shape):
        raise InputError(f"periodic has {len(answers)} answers; the image has {len(shape)} axes: give one, or one per axis.")
    if not any(answers):
        return ()
    return tuple(n * step if answer else 0.0 for n, step, answer in zip(shape, spacing, answers, strict=True))


def index_labels(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the cell of each pixel (-1 outside, int32), and the label of each cell."""
    ids, index = np.unique(image, return_inverse=True)
    shift = int(ids[0] == 0)
    if len(ids) - shift < 2:
        raise InputError("A diagram needs at least two cells; this image has one label. Label each grain with its own number first.")
    return (index.reshape(image.shape) - shift).astype(np.int32), ids[shift:].astype(np.int64)


@checked(order=between(1, 8))
def diagram_from_moments(moments: Moments, order: int = 2, period: tuple[float, ...] = ()) -> Diagram:
    """Return the diagram of the cells' ellipsoids (order 2: w = 1, A = ((d + 2) C)^-1) or balls (order 1).

    In a periodic box (`period` as of a `Diagram`) balls, too, have polynomials of degree 2, whose quadratic terms are all alike.
    """
    dim = moments.centroids.shape[1]
    places = (moments.radii, moments.ids, period)
    if order == 2:
        ones = np.ones(len(moments.ids))
        return Diagram.from_ellipsoids(moments.centroids, SHARPNESS * moments.anisotropies, SHARPNESS * ones, *places)
    if period:
        alike = np.broadcast_to(SHARPNESS / float(np.mean(moments.radii)) ** 2 * np.eye(dim), (len(moments.ids), dim, dim))
        weights = SHARPNESS * (moments.radii / float(np.mean(moments.radii))) ** 2
        return Diagram.from_ellipsoids(moments.centroids, alike, weights, *places)
    middle, unit = moments.centroids.mean(0), float(np.mean(moments.radii))
    seeds = (moments.centroids - middle) / unit
    coefficients = np.empty((len(seeds), dim + 1))
    coefficients[:, 0] = SHARPNESS * ((seeds**2).sum(1) + (moments.radii / unit) ** 2)
    coefficients[:, 1:] = 2 * SHARPNESS * seeds * (moments.radii / unit)[:, None]
    return Diagram(1, coefficients, moments.centroids, moments.radii, moments.ids)


def _report(
    diagram: Diagram,
    index: np.ndarray,
    fitted: np.ndarray,
    moments: Moments,
    spacing: tuple[float, ...],
    seconds: float,
    evaluations: int,
    message: str,
    stopped: bool,
) -> DiagramFit:
    inside = index >= 0
    volumes = np.bincount(fitted[inside], minlength=len(diagram)) * float(np.prod(spacing))
    errors = np.abs(volumes - moments.volumes) / moments.volumes
    return DiagramFit(
        diagram=diagram,
        labels=np.where(inside, diagram.ids[fitted], 0),
        mismatch=float((index != fitted)[inside].mean()),
        volume_error=float(errors.max()),
        mean_volume_error=float(errors.mean()),
        moments=replace(moments, centroids=to_layer(moments.centroids, spacing)),
        spacing=spacing,
        worst=worst_grains(index, fitted, diagram.ids),
        seconds=seconds,
        evaluations=evaluations,
        message=message,
        stopped=stopped,
    )
