"""Nodal approximations of triply periodic minimal surfaces."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["nodal_surface"]


def nodal_surface(kind: str, shape: tuple[int, int, int], period: float | None = None) -> np.ndarray:
    """Return the approximate signed distance to a nodal surface, f / |grad f| [voxels].

    Parameters
    ----------
    kind
        "gyroid": f = sin x cos y + sin y cos z + sin z cos x; "schwarz_p": f = cos x + cos y + cos z; "diamond":
        f = sin x sin y sin z + sin x cos y cos z + cos x sin y cos z + cos x cos y sin z.
    shape
        Box (z, y, x) [voxels].
    period
        Wanted period [voxels]; the nearest that fits the box a whole number of times is taken, along each axis. By
        default the shortest side.
    """
    wanted = float(min(shape)) if period is None else period
    waves = [2 * math.pi * max(1, round(n / wanted)) / n for n in shape]
    phases = np.meshgrid(*(w * (np.arange(n) + 0.5) for w, n in zip(waves, shape, strict=True)), indexing="ij", sparse=True)
    sines, cosines = [np.sin(p) for p in phases], [np.cos(p) for p in phases]
    value, slopes = {"gyroid": _gyroid, "schwarz_p": _primitive, "diamond": _diamond}[kind](*sines, *cosines)
    squared = sum((w * slope) ** 2 for w, slope in zip(waves, slopes, strict=True))
    reach = min(2 * math.pi / w for w in waves) / 4  # beyond it the ratio says nothing of the distance
    return np.asarray(np.clip(value / np.maximum(np.sqrt(squared), 1e-9), -reach, reach))


Surface = tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]
"""f and its derivatives along (z, y, x), per radian."""


def _gyroid(sz: np.ndarray, sy: np.ndarray, sx: np.ndarray, cz: np.ndarray, cy: np.ndarray, cx: np.ndarray) -> Surface:
    return sx * cy + sy * cz + sz * cx, (cz * cx - sy * sz, cy * cz - sx * sy, cx * cy - sz * sx)


def _primitive(sz: np.ndarray, sy: np.ndarray, sx: np.ndarray, cz: np.ndarray, cy: np.ndarray, cx: np.ndarray) -> Surface:
    return cx + cy + cz, (-sz, -sy, -sx)


def _diamond(sz: np.ndarray, sy: np.ndarray, sx: np.ndarray, cz: np.ndarray, cy: np.ndarray, cx: np.ndarray) -> Surface:
    along_z = sx * sy * cz - sx * cy * sz - cx * sy * sz + cx * cy * cz
    along_y = sx * cy * sz - sx * sy * cz + cx * cy * cz - cx * sy * sz
    along_x = cx * sy * sz + cx * cy * cz - sx * sy * cz - sx * cy * sz
    return sx * sy * sz + sx * cy * cz + cx * sy * cz + cx * cy * sz, (along_z, along_y, along_x)
