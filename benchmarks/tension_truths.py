"""Aggregates of cells whose tensions are known: made at mechanical equilibrium on a mesh, turned, and drawn as labels.

Threshold dynamics (S. Esedoglu and F. Otto, Commun. Pure Appl. Math. 68 (2015)) with prices for volumes find who touches
whom; semi-implicit descent of the energy on the mesh at exact volumes then brings it to rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.fft import irfftn, rfftn
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import splu

from shapelab.mesh import interface_mesh


@dataclass(frozen=True)
class Truth:
    """An aggregate at rest; lengths in voxels of the grid that it was made on."""

    vertices: np.ndarray
    simplices: np.ndarray
    pairs: np.ndarray
    tensions: np.ndarray
    """(K, K), symmetric; row 0 is the medium."""
    pressures: np.ndarray
    imbalance: float
    """Force left, relative to the pulls: 0 at rest."""

    def labels(self, scale: float, rng: np.random.Generator) -> np.ndarray:
        """Return a label image of the aggregate, turned at random and `scale` times as large."""
        ndim = self.vertices.shape[1]
        turn, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
        turn[:, 0] *= np.linalg.det(turn)
        x = (self.vertices - self.vertices.mean(0)) @ turn.T * scale
        x += 8 - x.min(0) + rng.random(ndim)
        labels = np.zeros(tuple((x.max(0) + 8).astype(int)), np.int32)
        draw = _draw_2d if ndim == 2 else _draw_3d
        draw(x + 1e-5 * np.arange(1, ndim + 1), self.simplices, self.pairs, labels)
        return labels


def aggregate(ndim: int, cells: int, seed: int, by_type: np.ndarray | None = None) -> Truth:
    """Return an aggregate of cells with tensions between 0.75 and 1.25 (times 1.2 to the medium).

    With a table `by_type` (3, 3) of the medium and two types, cells of odd labels are of the first type, the others of the second.
    """
    rng = np.random.default_rng(seed)
    n = int(34 * cells**0.5 + 24) if ndim == 2 else int(17 * cells ** (1 / 3) + 16)
    grid = np.stack(np.meshgrid(*[np.arange(n) - n / 2] * ndim, indexing="ij"), axis=-1)
    inside = (grid**2).sum(-1) < (0.36 * n) ** 2
    _, cell = kmeans2(grid[inside], cells, minit="++", rng=rng)
    labels = np.zeros((n,) * ndim, np.int64)
    labels[inside] = cell + 1
    upper = np.triu(rng.uniform(0.75, 1.25, (cells + 1,) * 2), 1)
    upper[0] *= 1.2
    tensions = upper + upper.T
    if by_type is not None:
        kinds = np.r_[0, 2 - np.arange(1, cells + 1) % 2]
        tensions = by_type[kinds[:, None], kinds] * ~np.eye(cells + 1, dtype=bool)
    labels = _threshold_dynamics(labels, tensions, 50 if ndim == 2 else 30, 3.0 if ndim == 2 else 2.5)
    vertices, simplices, pairs = interface_mesh(labels, smoothing=3 if ndim == 2 else 20).surface()
    return _at_rest(vertices.astype(float), simplices, pairs, tensions, 120 if ndim == 2 else 70, 80.0 if ndim == 2 else 60.0)


def _threshold_dynamics(labels: np.ndarray, tensions: np.ndarray, steps: int, width: float) -> np.ndarray:
    count, shape = len(tensions), labels.shape
    volumes = np.bincount(labels.ravel(), minlength=count)
    waves = [np.fft.fftfreq(n) for n in shape[:-1]] + [np.fft.rfftfreq(shape[-1])]
    kernel = np.exp(-2 * np.pi**2 * width**2 * sum(np.square(w) for w in np.meshgrid(*waves, indexing="ij")))
    prices = np.zeros(count)
    for _ in range(steps):
        soft = np.stack([irfftn(rfftn(labels == i) * kernel, s=shape) for i in range(count)])
        band = soft.max(0) < 0.995
        cost = tensions @ soft[:, band]
        fixed = np.bincount(labels[~band], minlength=count)
        step = 0.3
        for turn in range(60):
            chosen = np.argmin(cost - prices[:, None], axis=0)
            missing = volumes - fixed - np.bincount(chosen, minlength=count)
            missing[0] = 0
            if np.abs(missing[1:] / volumes[1:]).max() < 0.004:
                break
            prices += np.clip(missing / volumes ** ((labels.ndim - 1) / labels.ndim), -1, 1) * step / width / 4
            step *= 0.6 if turn % 15 == 14 else 1
        labels = labels.copy()
        labels[band] = chosen
    return labels


def _at_rest(x: np.ndarray, f: np.ndarray, pairs: np.ndarray, tensions: np.ndarray, steps: int, dt: float) -> Truth:
    n, ndim = x.shape
    cells = len(tensions)
    pull = tensions[pairs[:, 0], pairs[:, 1]]
    meet, slide = _neighbourhoods(n, f, pairs)
    target = _flux(x, f, pairs, cells)[0]
    pressures, imbalance = np.zeros(cells), 1.0
    for _ in range(steps):
        volumes, gradients, areas = _flux(x, f, pairs, cells)
        mass = np.bincount(f.ravel(), np.repeat(areas / ndim, ndim), n)
        mass = np.maximum(mass, 0.2 * np.median(mass))
        laplacian = _laplacian(x, f, pull)
        factor = splu((diags_array(mass) + dt * laplacian).tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        free = factor.solve(mass[:, None] * x)
        push = factor.solve(dt * np.moveaxis(gradients, 0, -1).reshape(n, -1)).reshape(n, ndim, cells - 1)
        system = np.einsum("avd,vdb->ab", gradients, push)
        right = (target - volumes)[1:] - np.einsum("avd,vd->a", gradients, free - x)
        pressures[1:] = np.linalg.solve(system, right)
        force = laplacian @ x
        imbalance = float(np.linalg.norm(force - np.einsum("avd,a->vd", gradients, pressures[1:])) / np.linalg.norm(force))
        x = x + np.clip(free + push @ pressures[1:] - x, -1, 1)
        x = x + 0.3 * _along(x, _flux(x, f, pairs, cells)[1], meet, slide)
    return Truth(x, f, pairs, tensions, pressures.copy(), imbalance)


def _flux(x: np.ndarray, f: np.ndarray, pairs: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Volumes of the cells, their gradients without the medium's (K - 1, n, d), and areas of the simplices."""
    ndim = x.shape[1]
    a = x[f]
    if ndim == 2:
        step = a[:, 1] - a[:, 0]
        normal = np.stack([-step[:, 1], step[:, 0]], axis=1)
    else:
        normal = 0.5 * np.cross(a[:, 1] - a[:, 0], a[:, 2] - a[:, 0])
    flux = (a.mean(1) * normal).sum(1) / ndim
    volumes = np.bincount(pairs[:, 0], flux, cells) - np.bincount(pairs[:, 1], flux, cells)
    gradients = np.zeros((cells, len(x), ndim))
    for k in range(ndim):
        np.add.at(gradients, (pairs[:, 0], f[:, k]), normal / ndim)
        np.add.at(gradients, (pairs[:, 1], f[:, k]), -normal / ndim)
    return volumes, gradients[1:], np.linalg.norm(normal, axis=1)


def _laplacian(x: np.ndarray, f: np.ndarray, pull: np.ndarray) -> coo_array:
    """Cotangent Laplacian weighted by tension: times x, the gradient of the energy."""
    n = len(x)
    if x.shape[1] == 2:
        i, j = f.T
        w = pull / np.maximum(np.linalg.norm(x[i] - x[j], axis=1), 0.05)
    else:
        i, j = np.concatenate([f[:, (k + 1) % 3] for k in range(3)]), np.concatenate([f[:, (k + 2) % 3] for k in range(3)])
        corner = np.concatenate([f[:, k] for k in range(3)])
        u, v = x[i] - x[corner], x[j] - x[corner]
        w = 0.5 * np.tile(pull, 3) * np.clip((u * v).sum(1) / np.maximum(np.linalg.norm(np.cross(u, v), axis=1), 1e-4), -5, 20)
    graph = coo_array((np.concatenate([w, w]), (np.concatenate([i, j]), np.concatenate([j, i]))), (n, n)).tocsr()
    return diags_array(graph.sum(1)) - graph


def _neighbourhoods(n: int, f: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, coo_array]:
    """How many cells meet at each vertex, and the mean of the neighbours that each may slide towards."""
    corners = np.unique(np.stack([np.repeat(f.ravel(), 2), np.repeat(pairs, f.shape[1], axis=0).ravel()]), axis=1)
    meet = np.bincount(corners[0], minlength=n)
    ends = np.sort(f if f.shape[1] == 2 else np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [0, 2]]]), axis=1)
    edges, shared = np.unique(ends, axis=0, return_counts=True)
    i, j = np.concatenate([edges, edges[:, ::-1]]).T
    shared = np.tile(shared, 2)
    use = (meet[i] == 2) | (shared >= 3)
    graph = coo_array((np.ones(use.sum()), (i[use], j[use])), (n, n)).tocsr()
    degree = np.maximum(graph.sum(1), 1)
    return np.where((meet == 3) & (graph.sum(1) != 2), 4, meet), diags_array(1 / degree) @ graph


def _along(x: np.ndarray, gradients: np.ndarray, meet: np.ndarray, slide: coo_array) -> np.ndarray:
    """Steps towards the neighbours' middle without leaving the interface (or, in space, the line)."""
    step = slide @ x - x
    normal = gradients[np.abs(gradients).sum(2).argmax(0), np.arange(len(x))]
    unit = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    on_face = step - unit * (unit * step).sum(1, keepdims=True)
    if x.shape[1] == 2:
        return np.where((meet == 2)[:, None], on_face, 0)
    ahead = slide.tocsr()
    line = np.zeros_like(x)
    for v in np.flatnonzero(meet == 3):
        a, b = ahead.indices[ahead.indptr[v] : ahead.indptr[v + 1]]
        t = (x[b] - x[a]) / max(np.linalg.norm(x[b] - x[a]), 1e-12)
        line[v] = t * (t @ step[v])
    return np.where((meet == 2)[:, None], on_face, line)


@numba.njit(cache=True)
def _draw_2d(x, f, pairs, labels):  # type: ignore[no-untyped-def]
    """Give each pixel of a column the cell that the last crossing below it leads into."""
    for column in range(labels.shape[1]):
        for k in range(len(f)):
            a, b = x[f[k, 0]], x[f[k, 1]]
            if (a[1] <= column) == (b[1] <= column):
                continue
            y = a[0] + (column - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            low, high = (pairs[k, 1], pairs[k, 0]) if b[1] > a[1] else (pairs[k, 0], pairs[k, 1])
            _mark(labels[:, column], y, low, high)


@numba.njit(cache=True)
def _draw_3d(x, f, pairs, labels):  # type: ignore[no-untyped-def]
    for k in range(len(f)):
        a, b, c = x[f[k, 0]], x[f[k, 1]], x[f[k, 2]]
        turn = (b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])
        if turn == 0:
            continue
        low, high = (pairs[k, 0], pairs[k, 1]) if turn > 0 else (pairs[k, 1], pairs[k, 0])
        for i in range(int(np.ceil(min(a[1], b[1], c[1]))), int(np.floor(max(a[1], b[1], c[1]))) + 1):
            for j in range(int(np.ceil(min(a[2], b[2], c[2]))), int(np.floor(max(a[2], b[2], c[2]))) + 1):
                u = ((b[1] - i) * (c[2] - j) - (b[2] - j) * (c[1] - i)) / turn
                v = ((c[1] - i) * (a[2] - j) - (c[2] - j) * (a[1] - i)) / turn
                if u >= 0 and v >= 0 and u + v <= 1:
                    _mark(labels[:, i, j], u * a[0] + v * b[0] + (1 - u - v) * c[0], low, high)


@numba.njit(cache=True)
def _mark(column, y, low, high):  # type: ignore[no-untyped-def]
    """Cross from `low` to `high` at height y: numbers add up along the column, whatever the order of the crossings."""
    for z in range(int(np.ceil(y)), len(column)):
        column[z] += high - low
