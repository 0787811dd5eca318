"""A map of shapes: places in the plane that keep their distances as well as two dimensions can, and clusters."""

from __future__ import annotations

from typing import Literal

import numpy as np

from shapelab.arguments import checked, shown
from shapelab.errors import InputError
from shapelab.limits import at_least
from shapelab.threads import one_blas_thread

__all__ = ["Layout", "clusters", "plane", "stress"]

Layout = Literal["mds", "pca", "umap"]

_SWEEPS = 300


@checked()
def plane(distances: np.ndarray, method: Layout = "mds") -> np.ndarray:
    """Return places (n, 2) for points with given `distances` (n, n).

    Parameters
    ----------
    distances
        Symmetric, zero on the diagonal.
    method
        "pca": principal axes (classical scaling, Torgerson 1952); "mds": least squares of the distances themselves,
        from there on (SMACOF, de Leeuw 1977); "umap": neighbourhoods (needs umap-learn; settings of the published atlas).
    """
    distances = _checked(distances)
    if len(distances) < 3:
        return np.column_stack([distances[0], np.zeros(len(distances))])
    if method == "umap":
        return _umap(distances)
    start = _classical(distances)
    return start if method == "pca" else _smacof(distances, start)


def stress(distances: np.ndarray, places: np.ndarray) -> float:
    """Return how badly a map keeps the distances: 0 is perfect (Kruskal's stress-1)."""
    mapped = np.linalg.norm(places[:, None] - places[None], axis=2)
    return float(np.sqrt(((mapped - distances) ** 2).sum() / (distances**2).sum()))


@checked(count=at_least(1))
def clusters(distances: np.ndarray, count: int = 5) -> np.ndarray:
    """Return the cluster (0, 1…) of each point, the largest first: at most `count`, by Ward's method."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = _checked(distances)
    if len(distances) < 2:
        return np.zeros(len(distances), int)
    labels = fcluster(linkage(squareform(distances, checks=False), "ward"), t=max(1, count), criterion="maxclust")
    found, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(found), int)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(found))
    return rank[inverse]


def _checked(distances: np.ndarray) -> np.ndarray:
    d = np.asarray(distances, float)
    if d.ndim != 2 or d.shape[0] != d.shape[1] or len(d) == 0 or not np.isfinite(d).all() or (d < 0).any() or not np.allclose(d, d.T):
        raise InputError(f"Distances must be a symmetric matrix of finite numbers from 0 on; received {shown(d)}.")
    return d


@one_blas_thread()
def _classical(distances: np.ndarray) -> np.ndarray:
    n = len(distances)
    centre = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centre @ distances**2 @ centre)
    axes = vectors[:, -2:][:, ::-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), (0, 1)])  # the sign of an axis is free: make it repeatable
    return np.asarray(axes * np.sqrt(np.maximum(values[-2:][::-1], 0)))


def _smacof(distances: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Guttman transforms: each one lowers the squared error of the distances."""
    before = np.inf
    for _ in range(_SWEEPS):
        mapped = np.linalg.norm(places[:, None] - places[None], axis=2)
        error = float(((mapped - distances) ** 2).sum())
        if before - error < 1e-6 * error:
            break
        before = error
        ratio = np.divide(distances, mapped, out=np.zeros_like(distances), where=mapped > 1e-12)
        places = (np.diag(ratio.sum(axis=1)) - ratio) @ places / len(places)
    return places


def _umap(distances: np.ndarray) -> np.ndarray:
    try:
        import umap  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError("UMAP needs a package of its own: pip install umap-learn. MDS and PCA need none.") from error
    neighbours = min(25, len(distances) - 1)
    reducer = umap.UMAP(metric="precomputed", n_neighbors=neighbours, min_dist=0.05, spread=1.0, n_components=2, random_state=1)
    return np.asarray(reducer.fit_transform(distances), float)
