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
_CORNERS = np.arange(256, dtype=np.uint8)[:, None] & _SIDES
_TOUCHED = ((_CORNERS != 0) << np.arange(6)).sum(1).astype(np.uint8)
"""Bits of the sides that a cell has corners on, by the bits of its corners."""
_MIXED = (((_CORNERS != 0) & (_CORNERS != _SIDES)) << np.arange(6)).sum(1).astype(np.uint8)
"""Bits of the sides that hold both cells, by the bits of the corners that are like the first."""
_NONE = 6
_PRESENT = (np.arange(64)[:, None] >> np.arange(6)) & 1 == 1
_SLOTS = np.sort(np.where(_PRESENT, np.arange(6), _NONE), axis=1).astype(np.int8)
"""Sides that have a node beside them, in order, 6 behind them, by the bits of these sides, (64, 6)."""


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
def fill_nodes(  # type: ignore[no-untyped-def]
    part, first, last, padded, real, border, closed, starts, numbers, cubes, labels, counts, locks, sides
):
    """Number the nodes; list the labels (rising, up to the width of `labels`) of each, and lock what lies on the border.

    `sides` gets the bits of the sides beyond which lies a node to be smoothed with: across an edge of the net; on a line
    where three or more cells meet only along the line, if there are two.
    """
    nz, ny, nx = padded.shape
    active = np.empty(nx, np.uint8)
    places = np.empty(nx, np.int64)
    values, found, masks = np.empty(8, np.int32), np.empty(8, np.int32), np.empty(8, np.uint8)
    for z in range(first, min(last, nz - 1)):
        k = starts[z]
        for y in range(ny - 1):
            p, q, r, s = padded[z, y], padded[z, y + 1], padded[z + 1, y], padded[z + 1, y + 1]
            _mark(p, q, r, s, active)
            m = 0
            for x in range(nx - 1):
                places[m] = x
                m += active[x]
            row_lock = _lock(z, nz, border[0]) | _lock(y, ny, border[1]) << 1
            for i in range(m):
                x = places[i]
                lock = row_lock | _lock(x, nx, border[2]) << 2
                numbers[z, y, x] = k
                cubes[k, 0], cubes[k, 1], cubes[k, 2] = z, y, x
                locks[k] = lock
                a = p[x]
                e1, e2, e3, e4 = p[x + 1] == a, q[x] == a, q[x + 1] == a, r[x] == a
                e5, e6, e7 = r[x + 1] == a, s[x] == a, s[x + 1] == a
                b = s[x + 1] if not e7 else (s[x] if not e6 else (r[x + 1] if not e5 else r[x]))
                b = b if b != a else (q[x + 1] if not e3 else (q[x] if not e2 else p[x + 1]))
                two = (e1 | (p[x + 1] == b)) & (e2 | (q[x] == b)) & (e3 | (q[x + 1] == b)) & (e4 | (r[x] == b))
                two &= (e5 | (r[x + 1] == b)) & (e6 | (s[x] == b))
                if two and lock == 0:  # as most are
                    labels[k, 0], labels[k, 1] = min(a, b), max(a, b)
                    for j in range(2, labels.shape[1]):
                        labels[k, j] = -1
                    counts[k] = 2
                    sides[k] = _MIXED[1 | e1 << 1 | e2 << 2 | e3 << 3 | e4 << 4 | e5 << 5 | e6 << 6 | e7 << 7]
                else:
                    values[0], values[1], values[2], values[3] = p[x], p[x + 1], q[x], q[x + 1]
                    values[4], values[5], values[6], values[7] = r[x], r[x + 1], s[x], s[x + 1]
                    outside = _outside(real, border, z, y, x) if lock else 0
                    n = _distinct(values, outside, found, masks)
                    counts[k] = n
                    for j in range(labels.shape[1]):
                        labels[k, j] = found[j] if j < n else -1
                    sides[k] = _along(n, found, masks, outside, closed)
                k += 1


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _lock(i, n, border):  # type: ignore[no-untyped-def]
    """1 if cube `i` of an axis of `n` layers lies on the border of the image."""
    return np.uint8((border[0] and i == 0) or (border[1] and i == n - 2))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _beyond(real, border, axis, i):  # type: ignore[no-untyped-def]
    return (border[axis, 0] and i < real[axis, 0]) or (border[axis, 1] and i >= real[axis, 1])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _outside(real, border, z, y, x):  # type: ignore[no-untyped-def]
    """Bits of the corners of a cube that lie beyond the border of the image."""
    outside = 0
    for j in range(8):
        zj, yj, xj = z + (j >> 2), y + ((j >> 1) & 1), x + (j & 1)
        if _beyond(real, border, 0, zj) or _beyond(real, border, 1, yj) or _beyond(real, border, 2, xj):
            outside |= 1 << j
    return outside


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _distinct(values, outside, found, masks):  # type: ignore[no-untyped-def]
    """List the labels of a cube in rising order, with the bits of their corners, without those `outside`; return how many."""
    n, rest, j = 0, 255 & ~outside, 0
    while rest:
        while not (rest >> j) & 1:
            j += 1
        v, mask = values[j], 0
        for i in range(8):
            mask |= (values[i] == v) << i
        mask &= ~outside
        rest &= ~mask
        i = n
        while i > 0 and found[i - 1] > v:
            found[i], masks[i] = found[i - 1], masks[i - 1]
            i -= 1
        found[i], masks[i] = v, mask
        n += 1
    return n


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _along(n, found, masks, outside, closed):  # type: ignore[no-untyped-def]
    """Bits of the sides beyond which lie the nodes that a node is smoothed with."""
    one, two, three, medium = 0, 0, 0, 0  # sides with so many cells, or more
    for i in range(n):
        touched = _TOUCHED[masks[i]]
        three |= two & touched
        two |= one & touched
        one |= touched
        if found[i] == 0:
            medium = touched
    out = _TOUCHED[outside]
    some = two | (one & out & ~medium if closed else 0)
    lines = three | (two & out)
    return lines if n + (outside != 0) >= 3 and lines & (lines - 1) else some


@numba.njit(cache=True, nogil=True, error_model="numpy")
def crowded_labels(crowded, padded, real, border, cubes, locks, labels):  # type: ignore[no-untyped-def]
    """List the labels of crowded nodes again, in a table that is wide enough."""
    values, found, masks = np.empty(8, np.int32), np.empty(8, np.int32), np.empty(8, np.uint8)
    for k in crowded:
        z, y, x = cubes[k]
        for j in range(8):
            values[j] = padded[z + (j >> 2), y + ((j >> 1) & 1), x + (j & 1)]
        n = _distinct(values, _outside(real, border, z, y, x) if locks[k] else 0, found, masks)
        for i in range(labels.shape[1]):
            labels[k, i] = found[i] if i < n else -1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_faces(part, first, last, padded, real, border, period, starts, numbers, faces, pairs, kinds):  # type: ignore[no-untyped-def]
    """Fill the quads, their nodes in the order whose normal points from the lower to the higher cell; -1 is beyond the border.

    `kinds` gets the axis that a quad is normal to, + 4 if it points against it.
    """
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
                    k = _quad(faces, pairs, kinds, k, 0, a, padded[z + 1, y, x], beyond, c0, c1, c2, c3)
                if y < ny - 1 and here and middle and a != padded[z, y + 1, x]:
                    c0, c1, c2, c3 = numbers[zm, y, xm], numbers[zm, y, x], numbers[z, y, x], numbers[z, y, xm]
                    beyond = (border[1, 0] and y == 0) or (border[1, 1] and y == ny - 2)
                    k = _quad(faces, pairs, kinds, k, 1, a, padded[z, y + 1, x], beyond, c0, c1, c2, c3)
                if x < nx - 1 and here and inside and a != padded[z, y, x + 1]:
                    c0, c1, c2, c3 = numbers[zm, ym, x], numbers[z, ym, x], numbers[z, y, x], numbers[zm, y, x]
                    beyond = (border[2, 0] and x == 0) or (border[2, 1] and x == nx - 2)
                    k = _quad(faces, pairs, kinds, k, 2, a, padded[z, y, x + 1], beyond, c0, c1, c2, c3)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _quad(faces, pairs, kinds, k, axis, a, b, beyond, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """Store one quad; given in the order whose normal is along the axis, from voxel `a` to voxel `b`."""
    faces[k, 0], faces[k, 2] = c0, c2
    if a < b:
        faces[k, 1], faces[k, 3] = c1, c3
        kinds[k] = axis
    else:
        faces[k, 1], faces[k, 3] = c3, c1
        kinds[k] = axis + 4
    pairs[k, 0], pairs[k, 1] = (-1 if beyond else min(a, b)), max(a, b)
    return k + 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_neighbours(part, first, last, n, period, numbers, cubes, sides, neighbours):  # type: ignore[no-untyped-def]
    """Fill the nodes beside each node beyond its `sides`, in the order -z +z -y +y -x +x; behind them `n`, the number of nodes."""
    _, ny, nx = numbers.shape
    table = numbers.reshape(-1)
    none = np.uint32(n)
    steps = np.zeros(7, np.int64)
    steps[0], steps[1], steps[2], steps[3], steps[4], steps[5] = -ny * nx, ny * nx, -nx, nx, -1, 1
    for k in range(first, last):
        z, y, x = cubes[k]
        slots = _SLOTS[sides[k]]
        if _at_end(z, period[0]) or _at_end(y, period[1]) or _at_end(x, period[2]):
            for i in range(6):
                neighbours[k, i] = none if slots[i] == _NONE else np.uint32(_beside(numbers, period, z, y, x, slots[i]))
            continue
        here = (z * ny + y) * nx + x
        for i in range(6):
            node = np.uint32(table[here + steps[slots[i]]])  # its own where none is beside: reading it costs less than a branch
            neighbours[k, i] = none if slots[i] == _NONE else node


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _at_end(i, n):  # type: ignore[no-untyped-def]
    """Whether layer `i` of a periodic axis of `n` layers is its first or last."""
    return n > 0 and (i == 0 or i == n - 1)


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
