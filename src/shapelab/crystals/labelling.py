"""Which cell a pixel belongs to: the exact argmax of a diagram's polynomials on a grid."""

from __future__ import annotations

import numpy as np
from numba import njit

from shapelab.crystals.polynomials import Basis
from shapelab.crystals.tiles import ROW, Grid, over_tiles, tile_lists

__all__ = ["argmax_cells", "argmax_kernel"]


def argmax_cells(grid: Grid, coefficients: np.ndarray, centres: np.ndarray, radii: np.ndarray, terms: Basis) -> np.ndarray:
    """Return the index of the cell with the largest polynomial at every pixel: shape ``grid.shape``, int32.

    Parameters
    ----------
    grid
        The pixels.
    coefficients, centres, radii
        Polynomials in the local coordinate (y - centre) / radius: shapes (N, K), (N, 3), (N,), float64.
    terms
        Their monomials.
    """
    out = np.zeros(grid.shape, np.int32)
    lists = tile_lists(grid, coefficients, centres, radii, terms, slack=0.0)
    cells = (coefficients, centres, 1.0 / radii, terms.exponents, terms.order)
    over_tiles(argmax_kernel, len(lists.count), out, lists.count, lists.index, *grid.arrays(), *cells)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def row_values(out, c, centre, inverse, exps, order, z, y, x, step, section):  # type: ignore[no-untyped-def]
    """Set `out` to one polynomial along ROW pixels that start at (z, y, x) and follow x by `step`."""
    section[:] = 0.0
    tz = (z - centre[0]) * inverse
    ty = (y - centre[1]) * inverse
    for k in range(len(exps)):
        section[exps[k, 2]] += c[k] * tz ** exps[k, 0] * ty ** exps[k, 1]
    t = (x - centre[2]) * inverse
    dt = step * inverse
    for j in range(ROW):
        out[j] = section[order]
    for a in range(order - 1, -1, -1):
        s = section[a]
        for j in range(ROW):
            out[j] = out[j] * (t + j * dt) + s


@njit(cache=True, nogil=True, error_model="numpy")
def argmax_kernel(start, stop, out, count, index, size, spacing, tile, tiles, c, centre, inverse, exps, order):  # type: ignore[no-untyped-def]
    """Set `out` to the best cell over the tiles start to stop."""
    best = np.empty(ROW)
    value = np.empty(ROW)
    which = np.empty(ROW, np.int32)
    section = np.empty(order + 1)
    for t in range(start, stop):
        z0 = t // (tiles[1] * tiles[2]) * tile[0]
        y0 = t // tiles[2] % tiles[1] * tile[1]
        x0 = t % tiles[2] * tile[2]
        width = min(ROW, size[2] - x0)
        for z in range(z0, min(z0 + tile[0], size[0])):
            for y in range(y0, min(y0 + tile[1], size[1])):
                best[:] = -np.inf
                which[:] = index[t, 0]
                for m in range(count[t] if count[t] > 1 else 0):
                    i = index[t, m]
                    pz, py, px = (z + 0.5) * spacing[0], (y + 0.5) * spacing[1], (x0 + 0.5) * spacing[2]
                    row_values(value, c[i], centre[i], inverse[i], exps, order, pz, py, px, spacing[2], section)
                    for j in range(ROW):
                        if value[j] > best[j]:
                            best[j] = value[j]
                            which[j] = i
                for j in range(width):  # an assignment of slices takes a second longer to compile
                    out[z, y, x0 + j] = which[j]
