"""How much of each cell the moving nodes sweep, and the nodes' volume gradients. All in voxels.

A net that has not moved runs along the faces of the voxels, so that a cell's volume is its number of voxels minus what
its faces sweep: this needs no point inside, and is right in periodic boxes whatever goes round them.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["move_along", "sweep_faces", "sweep_segments"]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_faces(block, colour, bounds, moves, faces, pairs, kinds, grads, swept):  # type: ignore[no-untyped-def]
    """Add the faces of one block of slabs to their nodes' gradients and areas, and to what each cell gains in `swept`.

    Gradients are area vectors, from the lower to the higher cell; `grads` has the area behind them. The blocks of one
    colour touch no common node.

    With displacements d over a face spanned by e and f, and all of it bilinear, the volume swept is the integral of
    d . (e x f) + d . (e x d_v - f x d_u) / 2 + d . (d_u x d_v) / 3. Here e and f are the steps along the two axes i and j of
    the voxel face that the quad was before it moved, and k is the axis across it: (k, i, j) is (z, y, x) turned round.
    """
    b = 2 * block + colour
    for f in range(bounds[b], bounds[b + 1]):
        if pairs[f, 0] < 0:
            continue
        axis, against = np.uint64(kinds[f] & 3), kinds[f] & 4
        k, i, j = axis, np.uint64((axis + 1) % 3), np.uint64((axis + 2) % 3)
        v0, v2 = np.uint64(faces[f, 0]), np.uint64(faces[f, 2])
        v1, v3 = np.uint64(faces[f, 3 if against else 1]), np.uint64(faces[f, 1 if against else 3])
        k0, i0, j0 = np.float64(moves[v0, k]), np.float64(moves[v0, i]), np.float64(moves[v0, j])
        k1, i1, j1 = np.float64(moves[v1, k]), np.float64(moves[v1, i]), np.float64(moves[v1, j])
        k2, i2, j2 = np.float64(moves[v2, k]), np.float64(moves[v2, i]), np.float64(moves[v2, j])
        k3, i3, j3 = np.float64(moves[v3, k]), np.float64(moves[v3, i]), np.float64(moves[v3, j])
        ka, ja, kb, jb = k0 / 6 + k1 / 12, j0 / 6 + j1 / 12, k1 / 6 + k0 / 12, j1 / 6 + j0 / 12
        s = 0.25 * (k0 + k1 + k2 + k3) + (j3 * ka - k3 * ja) + (j2 * kb - k2 * jb)
        ka, ia, kb, ib = k0 / 6 + k3 / 12, i0 / 6 + i3 / 12, k3 / 6 + k0 / 12, i3 / 6 + i0 / 12
        s -= (k1 * ia - i1 * ka) + (k2 * ib - i2 * kb)
        ek, ei, ej = k2 - k0, i2 - i0, j2 - j0
        gk, gi, gj = k3 - k1, i3 - i1, j3 - j1
        s += (
            (k0 + k1 + k2 + k3) * (ei * gj - ej * gi)
            + (i0 + i1 + i2 + i3) * (ej * gk - ek * gj)
            + (j0 + j1 + j2 + j3) * (ek * gi - ei * gk)
        ) / 24
        ei, ej, gi, gj = ei + 1, ej + 1, gi - 1, gj + 1
        turn = -0.125 if against else 0.125
        nk, ni, nj = turn * (ei * gj - ej * gi), turn * (ej * gk - ek * gj), turn * (ek * gi - ei * gk)
        size = np.sqrt(nk * nk + ni * ni + nj * nj)
        s = -s if against else s
        swept[b, pairs[f, 0]] += s
        swept[b, pairs[f, 1]] -= s
        for v in (v0, v1, v2, v3):
            grads[v, k] += nk
            grads[v, i] += ni
            grads[v, j] += nj
            grads[v, 3] += size


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_segments(cubes, period, moves, faces, pairs, grads, swept):  # type: ignore[no-untyped-def]
    """Do the same for the segments of a net in the plane."""
    for f in range(len(faces)):
        if pairs[f, 0] < 0:
            continue
        a, b = faces[f]
        ey, ex = np.float64(cubes[b, 0] - cubes[a, 0]), np.float64(cubes[b, 1] - cubes[a, 1])
        if period[0] and abs(ey) > 1:
            ey -= period[0] * np.sign(ey)
        if period[1] and abs(ex) > 1:
            ex -= period[1] * np.sign(ex)
        ay, ax, by, bx = moves[a, 0], moves[a, 1], moves[b, 0], moves[b, 1]
        s = 0.5 * ((ax + bx) * ey - (ay + by) * ex) + 0.5 * (ax * by - ay * bx)
        swept[0, pairs[f, 0]] += s
        swept[0, pairs[f, 1]] -= s
        ny, nx = -0.5 * (ex + bx - ax), 0.5 * (ey + by - ay)
        size = np.sqrt(ny * ny + nx * nx)
        for v in (a, b):
            grads[v, 0] += ny
            grads[v, 1] += nx
            grads[v, 2] += size


@numba.njit(cache=True, nogil=True, error_model="numpy")
def move_along(part, first, last, counts, labels, locks, grads, prices, cap, limit, moves):  # type: ignore[no-untyped-def]
    """Move nodes between two cells along their gradient by the difference of the cells' prices per area."""
    for v in range(first, last):
        area = grads[v, moves.shape[1]]
        if counts[v] != 2 or area <= 0:
            continue
        h = (prices[labels[v, 0]] - prices[labels[v, 1]]) / area
        for j in range(moves.shape[1]):
            if not (locks[v] >> j) & 1:
                moves[v, j] = min(limit, max(-limit, moves[v, j] + min(cap, max(-cap, h * grads[v, j]))))
