"""How far apart the members of an atlas are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from shapelab.arguments import checked
from shapelab.batch.atlas import Atlas
from shapelab.errors import InputError
from shapelab.measure import CurvatureDiagram, diagram_projections

__all__ = ["Metric", "diagram_places", "member_distances"]

Metric = Literal["curvature", "sinkhorn", "observables"]

_BLUR, _REACH = 1.0, 20.0
"""[1/texture length], as the published atlas takes them."""
_MERGED = 100
"""Points of a diagram: against 400, 100 changed 28 distances by 12 % at most (correlation 0.999), in a 40th of the time."""


@checked()
def member_distances(
    atlas: Atlas, metric: Metric = "curvature", *, device: str = "auto", progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """Return the distances between all members (n, n).

    Parameters
    ----------
    atlas
        What to compare.
    metric
        "curvature": sliced Wasserstein distance of the curvature diagrams [1/unit] (`shapelab.measure.diagram_distance`);
        "sinkhorn": square root of the Sinkhorn divergence of the diagrams with blur 1 and reach 20 per texture length
        [1/unit] (Song, J. Math. Imaging Vis. 64 (2022); slow: about 10 ms a pair, with diagrams merged
        to 100 points); "observables": Euclidean, each observable centred and scaled to unit variance.
    device
        Where Sinkhorn divergences are computed: "cpu", "cuda", "cuda:1"… or "auto", the processor: diagrams are small.
    progress
        Called with the number of pairs done, and of all (Sinkhorn only).
    """
    if metric == "observables":
        return _between(_standardised(atlas))
    diagrams = [member.diagram for member in atlas.members]
    if any(diagram is None for diagram in diagrams):
        raise InputError("These shapes have no curvature diagrams: compare them by their observables.")
    known = [diagram for diagram in diagrams if diagram is not None]
    if metric == "curvature":
        return _between(np.stack([diagram_places(diagram) for diagram in known]))
    return _sinkhorn(known, _texture_length(atlas), device, progress)


def diagram_places(diagram: CurvatureDiagram) -> np.ndarray:
    """Return the place of a diagram in a flat space whose Euclidean distances are `diagram_distance` [1/unit]."""
    projections = diagram_projections(diagram, quantiles=128)
    return projections.ravel() / math.sqrt(projections.size)


def _between(points: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import pdist, squareform

    return np.asarray(squareform(pdist(points)))


def _standardised(atlas: Atlas) -> np.ndarray:
    names = set.intersection(*(set(member.observables) for member in atlas.members)) - {"mass_error", "seconds"}
    table = np.array([[member.observables[name] for name in sorted(names)] for member in atlas.members])
    if table.size == 0:
        raise InputError("The members of this atlas share no observable.")
    spread = table.std(axis=0)
    kept = spread > 1e-12 * np.abs(table).max(axis=0)
    if not kept.any():
        raise InputError("The observables are the same for all members, so nothing distinguishes them.")
    return np.asarray((table[:, kept] - table[:, kept].mean(axis=0)) / spread[kept])


def _sinkhorn(diagrams: list[CurvatureDiagram], length: float, device: str, progress: Callable[[int, int], None] | None) -> np.ndarray:
    from shapelab.compare.sinkhorn import curvature_divergence

    n = len(diagrams)
    distances = np.zeros((n, n))
    pairs = [(i, j) for i in range(n) for j in range(i)]
    for done, (i, j) in enumerate(pairs):
        lengths = {"blur": _BLUR / length, "reach": _REACH / length}
        value = curvature_divergence(diagrams[i], diagrams[j], **lengths, max_points=_MERGED, device=device).value
        distances[i, j] = distances[j, i] = math.sqrt(value)
        if progress is not None:
            progress(done + 1, len(pairs))
    return distances


def _texture_length(atlas: Atlas) -> float:
    """Return the length that the published blur and reach refer to [unit]."""
    parameters = atlas.simulation(atlas.members[0].parameters).parameters
    return float(getattr(parameters, "length", 1.0))
