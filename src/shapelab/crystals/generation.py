"""New polycrystals: grains of prescribed volumes and shapes that fill a domain, or that look like a measured sample."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.box import to_layer
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.crystals.crystal import Crystal
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.fitting import DiagramFit, index_labels
from shapelab.crystals.moments import label_moments
from shapelab.crystals.neighbours import grain_contacts
from shapelab.crystals.phases import GrainPhase, draw_phases
from shapelab.crystals.population import Population, distances
from shapelab.crystals.sampling import VolumeLaw, given_seeds, random_orientations, random_seeds, random_shapes, random_volumes
from shapelab.crystals.texture import draw_orientations, match_misorientations, misorientation_density
from shapelab.crystals.weights import weights_at_centroids, weights_solver
from shapelab.device import require_memory
from shapelab.errors import InputError, ParameterError
from shapelab.labels.check import as_labels
from shapelab.limits import above, at_least, between
from shapelab.memory import of_new_crystal
from shapelab.stopping import done_apart
from shapelab.transport import Domain

__all__ = ["generate_crystal", "grow"]

Step = Callable[[float, np.ndarray], None]
"""Called with the part of the work done and the labels so far."""


@checked(
    n_grains=between(1, 10_000_000),
    shape=between(1, 1e9),
    sigma=between(0, 5),
    exclusion=at_least(0),
    anisotropy=at_least(0),
    lloyd=between(0, 10_000),
    tolerance=above(0),
    seed=between(0, 2**63 - 1),
    orientation_spread=between(0, 180),
)
@done_apart
def generate_crystal(
    n_grains: int = 200,
    shape: Sequence[int] = (256, 256),
    spacing: Spacing = 1.0,
    *,
    like: Any = None,
    volumes: VolumeLaw | Sequence[float] | np.ndarray | Mapping[float, float] = "lognormal",
    sigma: float = 0.5,
    anisotropy: float = 0.25,
    phases: Sequence[GrainPhase] | None = None,
    orientations: np.ndarray | None = None,
    orientation_spread: float = 0.0,
    misorientations: np.ndarray | None = None,
    seeds: np.ndarray | None = None,
    exclusion: float = 0.3,
    lloyd: int = 5,
    periodic: bool | Sequence[bool] = False,
    mask: np.ndarray | None = None,
    exact_volumes: bool = False,
    tolerance: float = 0.005,
    max_tolerance: float | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Step | None = None,
    abort: threading.Event | None = None,
) -> Crystal:
    """Make a polycrystal: an anisotropic power diagram with prescribed volumes.

    Parameters
    ----------
    n_grains
        Number of grains.
    shape, spacing
        Grid (y, x) or (z, y, x), and the size of its pixels [physical unit].
    like
        A sample whose statistics the new one should have: a `DiagramFit`, a label image, a `Population` or a grain table.
        Volumes, shapes and crystal orientations (if the `Population` has them; else they are random) are then drawn together
        from its grains; `volumes`, `sigma` and `anisotropy` are not used.
    volumes
        "equal", "lognormal" (`sigma` is the standard deviation of the logarithm), a list of volumes, or a mapping
        volume -> share of the grains, for several phases; scaled to fill the domain.
    sigma
        Spread of the lognormal law.
    anisotropy
        0 for round grains, up to below 1 for very elongated ones.
    phases
        Several phases, each with volumes and shapes of its own (`shapelab.crystals.GrainPhase`), instead of `volumes`, `sigma` and
        `anisotropy`; their grains lie at random.
    orientations
        Measured orientations to draw from, unit quaternions (x, y, z, w), shape (M, 4): an ODF by its samples. By default those of
        `like`, with their grains, or random ones.
    orientation_spread
        Standard deviation of the angle by which each of these is turned at random [degrees].
    misorientations
        Measured misorientations of boundaries [rad], shape (M,), or with the area of each, shape (M, 2) (`boundary_misorientations`).
        Those of the sample get their distribution (MDF), weighted by area: grains exchange their orientations until it is near;
        ``statistics["mdf_distance"]`` says how far it still is (0 alike, 1 apart).
    seeds
        Where the grains begin, one place per volume: shape (n_grains, d), axes as the grid's, the centre of pixel 0 at 0 [physical unit].
        With a list of `volumes` this makes bands and gradients. By default they are at random.
    exclusion
        Smallest distance of two random seeds, in units of (domain volume / n_grains)^(1/d).
    lloyd
        Number of regularisation steps: each seed moves to its grain's centroid.
    periodic
        Whether opposite faces are glued; one answer, or one per axis.
    mask
        True where grains may be; by default the whole box.
    exact_volumes
        Let single pixels at boundaries make up for what is left, so that every volume in `labels` is right to the pixel.
    tolerance
        Largest mean relative volume error.
    max_tolerance
        Largest relative volume error of any grain, where two pixels are finer than that; by default twice `tolerance`.
    seed
        Random seed.
    device
        "cpu", "cuda", "cuda:1"… or "auto": where volumes are made exact (`shapelab.transport.Solver`).
    progress, abort
        Called after each Lloyd step; when set, ends early with what there is.

    Returns
    -------
    Crystal
        Labels, diagram, volumes, orientations and statistics.

    Raises
    ------
    ParameterError, InputError
        If there are fewer pixels than needed, or an argument is not allowed.
    """
    begin = time.perf_counter()
    if len(shape) not in (2, 3):
        raise InputError(f"shape = {tuple(shape)} is not a 2-D or 3-D grid: give two or three numbers of pixels.")
    domain = Domain(tuple(shape), as_spacing(spacing, len(tuple(shape))), periodic, mask)  # type: ignore[arg-type]
    _check_size(n_grains, lloyd, domain)
    rng = np.random.default_rng(seed)
    source = None if like is None else as_population(like, domain.ndim)
    if source is not None and phases is not None:
        raise InputError("phases and like both determine the grains: give one of the two.")
    if phases is not None:
        wanted = draw_phases(rng, phases, n_grains, domain.ndim)
    elif source is None:
        relative = random_volumes(rng, n_grains, volumes, sigma)
        wanted = Population(relative, random_shapes(rng, n_grains, domain.ndim, anisotropy))
    else:
        wanted = source.draw(rng, n_grains)
    placed = random_seeds(rng, n_grains, domain, exclusion) if seeds is None else given_seeds(seeds, n_grains, domain)
    targets = wanted.volumes * (domain.volume / wanted.volumes.sum())
    _check_quantum(targets, domain)
    turned = random_orientations(rng, n_grains) if wanted.orientations is None else wanted.orientations
    if orientations is not None:
        turned = draw_orientations(rng, orientations, n_grains, np.deg2rad(orientation_spread))
    tolerances = (tolerance, max_tolerance)
    matrices = wanted.ellipsoids(targets)
    grown = grow(domain, placed, matrices, targets, turned, lloyd, tolerances, source, begin, progress, abort, device, exact_volumes)
    grown = replace(grown, symmetries=wanted.symmetries, phases=wanted.phases, phase_names=wanted.phase_names)
    return grown if misorientations is None else _with_boundaries(grown, rng, misorientations)


def _with_boundaries(crystal: Crystal, rng: np.random.Generator, misorientations: np.ndarray) -> Crystal:
    """Return the crystal with its orientations exchanged, so that its boundaries are like measured ones."""
    given = np.asarray(misorientations, float)
    given = given if given.ndim == 2 else np.stack([given.ravel(), np.ones(given.size)], 1)
    if given.shape[1] != 2 or not len(given) or not np.isfinite(given).all() or given.min() < 0 or given[:, 0].max() > np.pi:
        raise InputError(
            "misorientations must be angles of measured boundaries from 0 to pi (rad), shape (M,), or with their areas, shape (M, 2)."
        )
    pairs, areas = grain_contacts(crystal.labels, crystal.spacing, periodic=crystal.periodic)
    symmetries = crystal.symmetries or ("cubic",) * len(crystal.orientations)
    wanted = misorientation_density(*given.T)
    found, distance = match_misorientations(rng, pairs - 1, areas, crystal.orientations, symmetries, wanted)
    return replace(crystal, orientations=found, statistics={**crystal.statistics, "mdf_distance": distance})


def grow(
    domain: Domain,
    seeds: np.ndarray,
    matrices: np.ndarray,
    targets: np.ndarray,
    orientations: np.ndarray,
    lloyd: int,
    tolerances: tuple[float, float | None],
    source: Population | None = None,
    begin: float | None = None,
    progress: Step | None = None,
    abort: threading.Event | None = None,
    device: str = "auto",
    exact: bool = False,
) -> Crystal:
    """Return the crystal of given seeds, matrices and volumes (see `generate_crystal`)."""
    begin = time.perf_counter() if begin is None else begin
    require_memory(of_new_crystal(domain.shape, len(seeds)))
    solver = weights_solver(domain, seeds, matrices, targets, *tolerances, device=device)
    asked = solver.tolerance, solver.max_tolerance
    solver.tolerance, solver.max_tolerance = 0.05, 0.5
    for i in range(lloyd):
        solution = solver.solve(abort)
        if progress is not None:
            progress((i + 1) / (lloyd + 1), solution.labels)
        if abort is not None and abort.is_set():
            break
        solver.potentials = weights_at_centroids(solver, matrices, solution)
        solver.update(seeds=solution.moments.centroids)
    solver.tolerance, solver.max_tolerance = asked
    solver.exact = exact
    solution = solver.solve(abort)
    extent = np.array(domain.shape) * np.array(domain.spacing)
    period = np.where(domain.periodic, extent, 0.0)
    diagram = Diagram.from_ellipsoids(solver.seeds, matrices, solution.potentials, period=tuple(period.tolist()))
    labels = solution.labels
    index = labels.astype(np.int32) - 1
    moments = label_moments(index, diagram.ids, domain.spacing, solver.seeds, period)
    population = Population.of(moments)
    statistics = {"grains": float(len(targets)), "aspect_ratio": float(population.aspect_ratios.mean())}
    statistics |= {"volume_variation": float(population.volumes.std() / population.volumes.mean())}
    if source is not None:
        statistics |= {f"ks_{name}": value for name, value in distances(population, source).items()}
    seconds = time.perf_counter() - begin
    placed = replace(moments, centroids=to_layer(moments.centroids, domain.spacing))
    made = (labels, diagram, moments.volumes, targets, population, placed)
    return Crystal(*made, orientations, domain.spacing, statistics, seconds, solution.message)


def as_population(sample: Any, ndim: int) -> Population:
    """Return the population of a fit, a label image, a grain table or a population itself."""
    if isinstance(sample, DiagramFit):
        found = Population.of(sample.moments)
    elif isinstance(sample, Population):
        found = sample
    elif hasattr(sample, "population"):
        found = sample.population() if callable(sample.population) else sample.population
    else:
        index, ids = index_labels(as_labels(sample))
        found = Population.of(label_moments(index, ids, (1.0,) * index.ndim))
    if found.ndim != ndim:
        raise InputError(f"The reference sample is {found.ndim}-D but shape asks for {ndim}-D: give a shape with {found.ndim} numbers.")
    return found


def _check_size(n: int, lloyd: int, domain: Domain) -> None:
    if n < 2:
        raise ParameterError(f"n_grains = {n} is not allowed: it must be at least 2.")
    if lloyd < 0:
        raise ParameterError(f"lloyd = {lloyd} is not allowed: it must be at least 0.")
    pixels = domain.volume / domain.pixel_volume
    if pixels < 8 * n:
        fewer = f" or ask for at most {int(pixels // 8)}" if pixels >= 16 else ", to 16 pixels at least"
        raise ParameterError(f"{n} grains do not fit into {pixels:.0f} pixels: enlarge the shape{fewer}.")


def _check_quantum(targets: np.ndarray, domain: Domain) -> None:
    smallest = targets.min() / domain.pixel_volume
    if smallest < 1:
        raise ParameterError(
            f"The smallest grain would have {smallest:.2g} pixels: make the shape larger, the grains fewer or their volumes more similar."
        )
