"""Surface nets of many labels in space.

One node per cube of 2 x 2 x 2 voxels that holds two or more labels, one face (a quad) per pair of neighbouring voxels that
differ (S. Gibson, MICCAI 1998; S. Frisken, J. Comput. Graph. Tech. 11 (2022)).

Cube (z, y, x) lies between the voxels (z, y, x) and (z+1, y+1, x+1) of the padded array.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["count_slabs", "crowded_labels", "fill_faces", "fill_neighbours", "fill_nodes"]

_SIDES = np.array([0b00001111, 0b11110000, 0b00110011, 0b11001100, 0b01010101, 0b10101010], np.uint8)
"""Bits of the corners of a cube on each of its sides -z +z -y +y -x +x; corner 4 z + 2 y + x has the bit of its number."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def count_slabs(part, first, last, padded, real, nodes, faces):  # type: ignore[no-untyped-def]
    """Count nodes of the cubes and faces of the voxels of every slab z."""
    nz, ny, nx = padded.shape
    x0, x1 = real[2]
    active = np.empty(nx, np.uint8)
    for z in range(first, last):
        n, f = 0, 0
        here = real[0, 0] <= z < real[0, 1]
        for y in range(ny):
            inside = real[1, 0] <= y < real[1, 1]
            if z < nz - 1 and y < ny - 1:
                _mark(padded[z, y], padded[z, y + 1], padded[z + 1, y], padded[z + 1, y + 1], active)
                for x in range(nx - 1):
                    n += active[x]
            if z < nz - 1 and inside:
                f += _differ(padded[z, y], padded[z + 1, y], x0, x1)
            if y < ny - 1 and here:
                f += _differ(padded[z, y], padded[z, y + 1], x0, x1)
            if here and inside:
                f += _differ(padded[z, y, :-1], padded[z, y, 1:], 0, nx - 1)
        nodes[z] = n
        faces[z] = f


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _mark(a, b, c, d, active):  # type: ignore[no-untyped-def]
    """Mark the cubes between four rows whose eight voxels are not all equal."""
    for x in range(len(a) - 1):
        v = a[x]
        same = (v == a[x + 1]) & (v == b[x]) & (v == b[x + 1]) & (v == c[x]) & (v == c[x + 1]) & (v == d[x]) & (v == d[x + 1])
        active[x] = not same


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _differ(a, b, first, last):  # type: ignore[no-untyped-def]
    n = 0
    for x in range(first, last):
        n += a[x] != b[x]
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_nodes(part, first, last, padded, real, border, starts, numbers, cubes, labels, counts, locks, corners):  # type: ignore[no-untyped-def]
    """Number the nodes; list the labels (rising, up to the width of `labels`) of each, and lock what lies on the border.

    Of nodes between two cells, `corners` has the bits of the voxels that are like the first.
    """
    nz, ny, nx = padded.shape
    active = np.empty(nx, np.uint8)
    found = np.empty(8, np.int32)
    for z in range(first, min(last, nz - 1)):
        k = starts[z]
        for y in range(ny - 1):
            _mark(padded[z, y], padded[z, y + 1], padded[z + 1, y], padded[z + 1, y + 1], active)
            for x in range(nx - 1):
                if not active[x]:
                    continue
                numbers[z, y, x] = k
                cubes[k, 0], cubes[k, 1], cubes[k, 2] = z, y, x
                locks[k] = _lock(z, nz, border[0]) | _lock(y, ny, border[1]) << 1 | _lock(x, nx, border[2]) << 2
                if locks[k] == 0 and _two(padded[z, y], padded[z, y + 1], padded[z + 1, y], padded[z + 1, y + 1], x, labels[k], corners, k):
                    counts[k] = 2
                    k += 1
                    continue
                n = _distinct(padded, real, border, z, y, x, locks[k] != 0, found)
                counts[k] = n
                for i in range(labels.shape[1]):
                    labels[k, i] = found[i] if i < n else -1
                k += 1


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _lock(i, n, border):  # type: ignore[no-untyped-def]
    """1 if cube `i` of an axis of `n` layers lies on the border of the image."""
    return np.uint8((border[0] and i == 0) or (border[1] and i == n - 2))


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _two(p, q, r, s, x, labels, corners, k):  # type: ignore[no-untyped-def]
    """Fill the labels and corners of a cube of two labels, as most are; return whether it is one."""
    a = p[x]
    e1, e2, e3, e4 = p[x + 1] == a, q[x] == a, q[x + 1] == a, r[x] == a
    e5, e6, e7 = r[x + 1] == a, s[x] == a, s[x + 1] == a
    b = s[x + 1] if not e7 else (s[x] if not e6 else (r[x + 1] if not e5 else (r[x] if not e4 else a)))
    b = b if b != a else (q[x + 1] if not e3 else (q[x] if not e2 else p[x + 1]))
    two = (e1 | (p[x + 1] == b)) & (e2 | (q[x] == b)) & (e3 | (q[x + 1] == b)) & (e4 | (r[x] == b))
    two &= (e5 | (r[x + 1] == b)) & (e6 | (s[x] == b))
    if two:
        labels[0], labels[1] = min(a, b), max(a, b)
        for i in range(2, len(labels)):
            labels[i] = -1
        corners[k] = 1 | e1 << 1 | e2 << 2 | e3 << 3 | e4 << 4 | e5 << 5 | e6 << 6 | e7 << 7
    return two


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _beyond(real, border, axis, i):  # type: ignore[no-untyped-def]
    return (border[axis, 0] and i < real[axis, 0]) or (border[axis, 1] and i >= real[axis, 1])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _distinct(padded, real, border, z, y, x, on_border, found):  # type: ignore[no-untyped-def]
    """List the labels of a cube in rising order, without voxels beyond the border of the image; return how many."""
    n = 0
    for j in range(8):
        zj, yj, xj = z + (j >> 2), y + ((j >> 1) & 1), x + (j & 1)
        if on_border and (_beyond(real, border, 0, zj) or _beyond(real, border, 1, yj) or _beyond(real, border, 2, xj)):
            continue
        v = padded[zj, yj, xj]
        i = 0
        while i < n and found[i] < v:
            i += 1
        if i < n and found[i] == v:
            continue
        for t in range(n, i, -1):
            found[t] = found[t - 1]
        found[i] = v
        n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def crowded_labels(crowded, padded, real, border, cubes, locks, labels):  # type: ignore[no-untyped-def]
    """List the labels of crowded nodes again, in a table that is wide enough."""
    found = np.empty(8, np.int32)
    for k in crowded:
        n = _distinct(padded, real, border, cubes[k, 0], cubes[k, 1], cubes[k, 2], locks[k] != 0, found)
        for i in range(labels.shape[1]):
            labels[k, i] = found[i] if i < n else -1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_faces(part, first, last, padded, real, border, period, starts, numbers, faces, pairs):  # type: ignore[no-untyped-def]
    """Fill the quads, their nodes in the order whose normal points from the lower to the higher cell; -1 is beyond the border."""
    nz, ny, nx = padded.shape
    for z in range(first, last):
        k = starts[z]
        here = real[0, 0] <= z < real[0, 1]
        zm = z - 1 if z > 0 else period[0] - 1
        for y in range(ny):
            inside = real[1, 0] <= y < real[1, 1]
            ym = y - 1 if y > 0 else period[1] - 1
            for x in range(nx):
                a = padded[z, y, x]
                xm = x - 1 if x > 0 else period[2] - 1
                middle = real[2, 0] <= x < real[2, 1]
                if z < nz - 1 and inside and middle and a != padded[z + 1, y, x]:
                    c0, c1, c2, c3 = numbers[z, ym, xm], numbers[z, y, xm], numbers[z, y, x], numbers[z, ym, x]
                    beyond = (border[0, 0] and z == 0) or (border[0, 1] and z == nz - 2)
                    k = _quad(faces, pairs, k, a, padded[z + 1, y, x], beyond, c0, c1, c2, c3)
                if y < ny - 1 and here and middle and a != padded[z, y + 1, x]:
                    c0, c1, c2, c3 = numbers[zm, y, xm], numbers[zm, y, x], numbers[z, y, x], numbers[z, y, xm]
                    beyond = (border[1, 0] and y == 0) or (border[1, 1] and y == ny - 2)
                    k = _quad(faces, pairs, k, a, padded[z, y + 1, x], beyond, c0, c1, c2, c3)
                if x < nx - 1 and here and inside and a != padded[z, y, x + 1]:
                    c0, c1, c2, c3 = numbers[zm, ym, x], numbers[z, ym, x], numbers[z, y, x], numbers[zm, y, x]
                    beyond = (border[2, 0] and x == 0) or (border[2, 1] and x == nx - 2)
                    k = _quad(faces, pairs, k, a, padded[z, y, x + 1], beyond, c0, c1, c2, c3)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _quad(faces, pairs, k, a, b, beyond, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """Store one quad; given in the order whose normal is along the axis, from voxel `a` to voxel `b`."""
    faces[k, 0], faces[k, 2] = c0, c2
    if a < b:
        faces[k, 1], faces[k, 3] = c1, c3
    else:
        faces[k, 1], faces[k, 3] = c3, c1
    pairs[k, 0], pairs[k, 1] = (-1 if beyond else min(a, b)), max(a, b)
    return k + 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_neighbours(  # type: ignore[no-untyped-def]
    part, first, last, padded, real, border, period, closed, numbers, cubes, counts, locks, corners, neighbours
):
    """Fill the nodes beside each node along -z +z -y +y -x +x, -1 for none.

    Those across an edge of the net; on a line where three or more cells meet only those along the line, if there are two.
    """
    values = np.empty(8, np.int32)
    reach = np.empty(6, np.int64)
    seen = np.empty(4, np.int32)
    for k in range(first, last):
        z, y, x = cubes[k]
        if counts[k] == 2 and locks[k] == 0:
            for j in range(6):
                like = corners[k] & _SIDES[j]
                neighbours[k, j] = -1 if like == 0 or like == _SIDES[j] else _beside(numbers, period, z, y, x, j)
            continue
        for j in range(8):
            zj, yj, xj = z + (j >> 2), y + ((j >> 1) & 1), x + (j & 1)
            out = locks[k] and (_beyond(real, border, 0, zj) or _beyond(real, border, 1, yj) or _beyond(real, border, 2, xj))
            values[j] = -1 if out else padded[zj, yj, xj]
        cells = counts[k] + (1 if locks[k] else 0)
        along = 0
        for j in range(6):
            reach[j] = _around(values, j, closed, seen)
            along += reach[j] >= 3
        need = 3 if cells >= 3 and along >= 2 else 2
        for j in range(6):
            neighbours[k, j] = _beside(numbers, period, z, y, x, j) if reach[j] >= need else -1


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _beside(numbers, period, z, y, x, side):  # type: ignore[no-untyped-def]
    """Node of the cube beside a cube, on side 0 … 5."""
    step = 1 if side & 1 else -1
    if side < 2:
        z = _wrapped(z + step, period[0])
    elif side < 4:
        y = _wrapped(y + step, period[1])
    else:
        x = _wrapped(x + step, period[2])
    return numbers[z, y, x]


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _wrapped(i, n):  # type: ignore[no-untyped-def]
    if n == 0:
        return i
    return n - 1 if i < 0 else (0 if i == n else i)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _around(values, side, closed, seen):  # type: ignore[no-untyped-def]
    """Different labels among the four voxels on a side of a cube, beyond the border as one; 0 if no node lies there."""
    axis, high = side >> 1, side & 1
    shift = 2 - axis
    n, outside = 0, 0
    for j in range(8):
        if (j >> shift) & 1 != high:
            continue
        v = values[j]
        if v < 0:
            outside = 1
            continue
        new = True
        for i in range(n):
            new &= seen[i] != v
        if new:
            seen[n] = v
            n += 1
    if n == 0 or (n == 1 and (not closed or not outside or seen[0] == 0)):
        return 0
    return n + outside
