"""The exact argmax of a diagram's polynomials on a graphics card, one thread per pixel over the candidates of its tile."""

# The types of compiled code are Warp's business.
# mypy: ignore-errors

from __future__ import annotations

import numpy as np
import warp as wp

from shapelab.crystals.polynomials import Basis
from shapelab.crystals.tiles import Grid, tile_lists
from shapelab.gpu.queue import Queue

__all__ = ["argmax_cells_on_card"]


@wp.func
def raised(t: wp.float64, e: int):
    """Return t^e for a small whole e."""
    out = wp.float64(1.0)
    for _ in range(e):
        out *= t
    return out


@wp.kernel(enable_backward=False)
def argmax(
    spacing: wp.vec3d,
    size: wp.vec3i,
    tile: wp.vec3i,
    tiles: wp.vec3i,
    counts: wp.array(dtype=wp.int32),
    lists: wp.array2d(dtype=wp.int32),
    coefficients: wp.array2d(dtype=wp.float64),
    centres: wp.array2d(dtype=wp.float64),
    inverse: wp.array(dtype=wp.float64),
    exponents: wp.array2d(dtype=wp.int32),
    out: wp.array(dtype=wp.int32),
):
    """Write the cell with the largest polynomial at a pixel; ties go to the first."""
    p = wp.tid()
    k0 = p // (size[1] * size[2])
    k1 = p // size[2] % size[1]
    k2 = p % size[2]
    t = (k0 // tile[0] * tiles[1] + k1 // tile[1]) * tiles[2] + k2 // tile[2]
    half = wp.float64(0.5)
    y0 = (wp.float64(k0) + half) * spacing[0]
    y1 = (wp.float64(k1) + half) * spacing[1]
    y2 = (wp.float64(k2) + half) * spacing[2]
    best = wp.float64(-1.0e300)
    owner = lists[t, 0]
    for m in range(counts[t]):
        i = lists[t, m]
        t0 = (y0 - centres[i, 0]) * inverse[i]
        t1 = (y1 - centres[i, 1]) * inverse[i]
        t2 = (y2 - centres[i, 2]) * inverse[i]
        v = wp.float64(0.0)
        for k in range(coefficients.shape[1]):
            v += coefficients[i, k] * raised(t0, exponents[k, 0]) * raised(t1, exponents[k, 1]) * raised(t2, exponents[k, 2])
        if v > best:
            best = v
            owner = i
    out[p] = owner


def argmax_cells_on_card(
    grid: Grid, coefficients: np.ndarray, centres: np.ndarray, radii: np.ndarray, terms: Basis, device: str
) -> np.ndarray:
    """Return what `shapelab.crystals.labelling.argmax_cells` returns, made on a resolved device; the processor finds the candidates."""
    lists = tile_lists(grid, coefficients, centres, radii, terms, slack=0.0)
    queue = Queue(device)
    size, spacing, tile, tiles = grid.arrays()
    image = queue.empty(int(size.prod()), wp.int32)
    candidates = queue.array(lists.count, wp.int32), queue.array(lists.index, wp.int32)
    cells = [queue.array(array, wp.float64) for array in (coefficients, centres, 1.0 / radii)]
    shape = [wp.vec3i(*map(int, three)) for three in (size, tile, tiles)]
    queue.launch(argmax, image.size, wp.vec3d(*spacing), *shape, *candidates, *cells, queue.array(terms.exponents, wp.int32), image)
    return queue.read(image).reshape(grid.shape)
