"""How good a tetrahedron is: the least sine of its dihedral angles, negative if it is turned inside out.

Sines of obtuse angles count `OBTUSE` times, so that the largest angle is bounded harder than the smallest: who is as good as
sin 12.5 degrees has angles between 12.5 and 164.2, and a scaled Jacobian of 0.054.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["MOST_ROUND", "corners", "element_quality", "load_star", "nodes_quality", "qualities", "quality", "star_quality"]

OBTUSE = float(np.sin(np.radians(12.5)) / np.sin(np.radians(15.8)))
_OBTUSE2 = OBTUSE**2
_NEEDLE2 = 2 * 4.0**2
"""The scaled Jacobian counts four times: needles have good angles and a bad Jacobian."""
MOST_ROUND = 200
"""Elements round a node, beyond which it stays where it is."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _edge(length, one, other, across):  # type: ignore[no-untyped-def]
    return length * (_OBTUSE2 if across > 0 else 1.0) / (one * other)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def quality(az, ay, ax, bz, by, bx, cz, cy, cx):  # type: ignore[no-untyped-def]
    """Return the quality of the tetrahedron with corners 0, a, b and c."""
    nz, ny, nx = ay * bx - ax * by, ax * bz - az * bx, az * by - ay * bz
    six = nz * cz + ny * cy + nx * cx
    if not six > 0:
        return -1.0
    pz, py, px = by * cx - bx * cy, bx * cz - bz * cx, bz * cy - by * cz
    qz, qy, qx = cy * ax - cx * ay, cx * az - cz * ax, cz * ay - cy * az
    rz, ry, rx = -(nz + pz + qz), -(ny + py + qy), -(nx + px + qx)
    n2, p2, q2, r2 = nz * nz + ny * ny + nx * nx, pz * pz + py * py + px * px, qz * qz + qy * qy + qx * qx, rz * rz + ry * ry + rx * rx
    a2, b2, c2 = az * az + ay * ay + ax * ax, bz * bz + by * by + bx * bx, cz * cz + cy * cy + cx * cx
    least = min(_edge(a2, n2, q2, nz * qz + ny * qy + nx * qx), _edge(b2, n2, p2, nz * pz + ny * py + nx * px))
    least = min(least, _edge(c2, p2, q2, pz * qz + py * qy + px * qx))
    dz, dy, dx = bz - az, by - ay, bx - ax
    d2 = dz * dz + dy * dy + dx * dx
    least = min(least, _edge(d2, n2, r2, nz * rz + ny * ry + nx * rx))
    dz, dy, dx = cz - az, cy - ay, cx - ax
    e2 = dz * dz + dy * dy + dx * dx
    least = min(least, _edge(e2, q2, r2, qz * rz + qy * ry + qx * rx))
    dz, dy, dx = cz - bz, cy - by, cx - bx
    f2 = dz * dz + dy * dy + dx * dx
    least = min(least, _edge(f2, p2, r2, pz * rz + py * ry + px * rx))
    least = min(least, _NEEDLE2 / max(max(a2 * b2 * c2, a2 * d2 * e2), max(b2 * d2 * f2, c2 * e2 * f2)))
    return six * np.sqrt(least)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _near(d, half):  # type: ignore[no-untyped-def]
    return d - 2 * half if d > half else (d + 2 * half if d < -half else d)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _apart(b, c, d):  # type: ignore[no-untyped-def]
    """Return how long an element is along an axis, whose first corner is at 0."""
    return max(max(b, c), max(d, 0.0)) - min(min(b, c), min(d, 0.0))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def nodes_quality(nodes, half, a, b, c, d):  # type: ignore[no-untyped-def]
    """Return the quality of the tetrahedron of four nodes; -1 if it is so long that it would meet its own copy in a box that repeats."""
    hz, hy, hx = half
    z, y, x = nodes[a, 0], nodes[a, 1], nodes[a, 2]
    bz, by, bx = _near(nodes[b, 0] - z, hz), _near(nodes[b, 1] - y, hy), _near(nodes[b, 2] - x, hx)
    cz, cy, cx = _near(nodes[c, 0] - z, hz), _near(nodes[c, 1] - y, hy), _near(nodes[c, 2] - x, hx)
    dz, dy, dx = _near(nodes[d, 0] - z, hz), _near(nodes[d, 1] - y, hy), _near(nodes[d, 2] - x, hx)
    if _apart(bz, cz, dz) >= hz or _apart(by, cy, dy) >= hy or _apart(bx, cx, dx) >= hx:
        return -1.0
    return quality(bz, by, bx, cz, cy, cx, dz, dy, dx)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def corners(w):  # type: ignore[no-untyped-def]
    """Return the corners of an element as kernels take numbers of nodes: int64."""
    return np.int64(w[0]), np.int64(w[1]), np.int64(w[2]), np.int64(w[3])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def element_quality(mesh, w):  # type: ignore[no-untyped-def]
    """Return the quality of an element, a row of `mesh.elements`."""
    a, b, c, d = corners(w)
    return nodes_quality(mesh.nodes, mesh.half, a, b, c, d)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def qualities(part, first, last, mesh, result):  # type: ignore[no-untyped-def]
    """Fill the quality of each element."""
    for e in range(first, last):
        result[e] = element_quality(mesh, mesh.elements[e])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def load_star(mesh, v, star):  # type: ignore[no-untyped-def]
    """Fill the other three corners of the elements round a node, seen from it and in positive order, (k, 9); return how many."""
    first, last = mesh.starts[v], mesh.starts[v + 1]
    if last - first > len(star):
        return 0
    for t in range(first, last):
        w = mesh.elements[mesh.members[t]]
        if w[0] == v:
            a, b, c = w[1], w[2], w[3]
        elif w[1] == v:
            a, b, c = w[0], w[3], w[2]
        elif w[2] == v:
            a, b, c = w[3], w[0], w[1]
        else:
            a, b, c = w[2], w[1], w[0]
        row = star[t - first]
        for j in range(3):
            row[j] = _near(mesh.nodes[a, j] - mesh.nodes[v, j], mesh.half[j])
            row[3 + j] = _near(mesh.nodes[b, j] - mesh.nodes[v, j], mesh.half[j])
            row[6 + j] = _near(mesh.nodes[c, j] - mesh.nodes[v, j], mesh.half[j])
    return last - first


@numba.njit(cache=True, nogil=True, error_model="numpy")
def star_quality(star, k, z, y, x, least):  # type: ignore[no-untyped-def]
    """Return the least quality round the node if it were at (z, y, x) of its star; what is at most `least` is not looked at further."""
    worst = np.inf
    for t in range(k):
        s = star[t]
        worst = min(worst, quality(s[0] - z, s[1] - y, s[2] - x, s[3] - z, s[4] - y, s[5] - x, s[6] - z, s[7] - y, s[8] - x))
        if worst <= least:
            return worst
    return worst
