"""How much of each cell the moving nodes sweep, and the nodes' volume gradients. All in voxels.

A net that has not moved runs along the faces of the voxels, so that a cell's volume is its number of voxels minus what
its faces sweep: this needs no point inside, and is right in periodic boxes whatever goes round them.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["move_along", "sweep_faces", "sweep_segments"]


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _triple(a, b, c):  # type: ignore[no-untyped-def]
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_faces(block, colour, bounds, cubes, period, moves, faces, pairs, grads, masses, swept):  # type: ignore[no-untyped-def]
    """Add the faces of one block of slabs to their nodes' gradients and areas, and to what each cell gains in `swept`.

    Gradients are area vectors, from the lower to the higher cell. The blocks of one colour touch no common node.

    With displacements d over a face spanned by e and f, and all of it bilinear, the volume swept is the integral of
    d . (e x f) + d . (e x d_v - f x d_u) / 2 + d . (d_u x d_v) / 3.
    """
    b = 2 * block + colour
    c = np.empty((4, 3))
    d = np.empty((4, 3))
    e = np.empty(3)
    g = np.empty(3)
    for f in range(bounds[b], bounds[b + 1]):
        if pairs[f, 0] < 0:
            continue
        for i in range(4):
            v = faces[f, i]
            for j in range(3):
                d[i, j] = moves[v, j]
                step = np.float64(cubes[v, j] - cubes[faces[f, 0], j])
                if period[j] and abs(step) > 1:
                    step -= period[j] * np.sign(step)
                c[i, j] = step
        for j in range(3):
            e[j] = c[1, j]
            g[j] = c[3, j]
        s = 0.0
        for i in range(4):
            s += 0.25 * _triple(d[i], e, g)
        s += (_triple(e, d[3], d[0]) + _triple(e, d[2], d[1])) / 6 + (_triple(e, d[3], d[1]) + _triple(e, d[2], d[0])) / 12
        s -= (_triple(g, d[1], d[0]) + _triple(g, d[2], d[3])) / 6 + (_triple(g, d[1], d[3]) + _triple(g, d[2], d[0])) / 12
        for j in range(3):
            e[j] = d[2, j] - d[0, j]
            g[j] = d[3, j] - d[1, j]
        for i in range(4):
            s += _triple(d[i], e, g) / 24
        swept[b, pairs[f, 0]] += s
        swept[b, pairs[f, 1]] -= s
        for j in range(3):
            e[j] += c[2, j]
            g[j] += c[3, j] - c[1, j]
        n0 = 0.125 * (e[1] * g[2] - e[2] * g[1])
        n1 = 0.125 * (e[2] * g[0] - e[0] * g[2])
        n2 = 0.125 * (e[0] * g[1] - e[1] * g[0])
        size = np.sqrt(n0 * n0 + n1 * n1 + n2 * n2)
        for i in range(4):
            v = faces[f, i]
            grads[v, 0] += n0
            grads[v, 1] += n1
            grads[v, 2] += n2
            masses[v] += size


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_segments(cubes, period, moves, faces, pairs, grads, masses, swept):  # type: ignore[no-untyped-def]
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
            masses[v] += size


@numba.njit(cache=True, nogil=True, error_model="numpy")
def move_along(part, first, last, counts, labels, locks, grads, masses, prices, cap, limit, moves):  # type: ignore[no-untyped-def]
    """Move nodes between two cells along their gradient by the difference of the cells' prices per area."""
    for v in range(first, last):
        if counts[v] != 2 or masses[v] <= 0:
            continue
        h = (prices[labels[v, 0]] - prices[labels[v, 1]]) / masses[v]
        for j in range(moves.shape[1]):
            if not (locks[v] >> j) & 1:
                moves[v, j] = min(limit, max(-limit, moves[v, j] + min(cap, max(-cap, h * grads[v, j]))))
