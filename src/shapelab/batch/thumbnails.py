"""Small pictures of shapes, drawn with NumPy alone: a lit surface seen from a corner, or cells in colours."""

from __future__ import annotations

import math

import numpy as np

from shapelab.arguments import checked
from shapelab.frame import LayerData
from shapelab.limits import between

__all__ = ["thumbnail"]

_AZIMUTH, _ELEVATION = math.radians(32), math.radians(24)
_LIGHT = (-0.55, -0.5, -0.67)
"""Direction that the light comes from, in (depth, up, right) of the picture."""
_SAMPLES = 1.1
"""Samples along a ray per voxel."""


@checked(size=between(1, 4096), colour=between(0, 255))
def thumbnail(shape: LayerData, size: int = 72, colour: tuple[int, int, int] = (230, 160, 90)) -> np.ndarray:
    """Return a picture (size, size, 4), uint8, transparent where there is nothing.

    Parameters
    ----------
    shape
        A field, positive inside, or labels; 3-D shapes are seen from a corner, 2-D labels from above.
    size
        Edge of the picture [pixels].
    colour
        Colour of a surface.
    """
    data = np.asarray(shape.data)
    if data.ndim == 2:
        return _flat(data, size)
    return _lit(data, size, colour)


def _flat(labels: np.ndarray, size: int) -> np.ndarray:
    index = (np.arange(size) + 0.5) / size
    rows, columns = ((index * n).astype(int) for n in labels.shape)
    seen = labels[rows][:, columns].astype(np.int64)
    palette = np.random.default_rng(0).integers(70, 240, (256, 3)).astype(np.uint8)
    picture = np.zeros((size, size, 4), np.uint8)
    picture[..., :3] = palette[seen % 256]
    picture[..., 3] = np.where(seen > 0, 255, 0)
    return picture


def _lit(data: np.ndarray, size: int, colour: tuple[int, int, int]) -> np.ndarray:
    axes = _view()
    shape = np.array(data.shape, float)
    half = 0.5 * float((np.abs(axes[1:]) @ shape).max())
    lateral = (np.arange(size) + 0.5) / size * 2 - 1
    reach = 0.5 * float(np.linalg.norm(shape))
    depths = np.arange(-reach, reach, 1 / _SAMPLES)
    up, right = np.meshgrid(lateral * half, lateral * half, indexing="ij")
    start = up[..., None] * axes[1] + right[..., None] * axes[2] + 0.5 * shape
    hit, found = np.zeros((size, size, 3)), np.zeros((size, size), bool)
    for depth in depths:  # front to back: one plane of rays at a time
        point = start + depth * axes[0]
        voxel = np.floor(point).astype(int)
        inside = ((voxel >= 0) & (voxel < data.shape)).all(axis=2) & ~found
        rows = np.nonzero(inside)
        new = data[tuple(voxel[rows].T)] > 0
        place = tuple(axis[new] for axis in rows)
        hit[place], found[place] = point[place], True
    return _shaded(data, hit, found, depths, axes, start, colour)


def _shaded(
    data: np.ndarray,
    hit: np.ndarray,
    found: np.ndarray,
    depths: np.ndarray,
    axes: np.ndarray,
    start: np.ndarray,
    colour: tuple[int, int, int],
) -> np.ndarray:
    picture = np.zeros((*found.shape, 4), np.uint8)
    if not found.any():
        return picture
    normals = _normals(data, hit[found], axes)
    depth = ((hit[found] - start[found]) @ axes[0] - depths[0]) / (depths[-1] - depths[0])
    light = np.array(_LIGHT) / np.linalg.norm(_LIGHT)
    brightness = (0.3 + 0.75 * np.clip(normals @ light, 0, 1)) * (1.15 - 0.6 * depth)
    picture[found, :3] = np.clip(brightness[:, None] * np.array(colour), 0, 255).astype(np.uint8)
    picture[found, 3] = 255
    return picture


def _normals(data: np.ndarray, points: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return outward normals in the axes of the picture, from differences two voxels wide; a cut face looks outward."""
    solid = np.pad(np.clip(np.asarray(data, np.float32), -1, 1), 3, constant_values=-1.0)
    index = np.floor(points).astype(int) + 3
    gradient = np.zeros((len(points), 3), np.float32)
    for axis in range(3):
        for step in (1, 2):
            for sign in (1, -1):
                shifted = index.copy()
                shifted[:, axis] += sign * step
                gradient[:, axis] += sign * solid[tuple(shifted.T)]
    length = np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), 1e-6)
    return np.asarray((-gradient / length) @ axes.T)


def _view() -> np.ndarray:
    """Return the unit vectors (depth, down, right) of the picture in (z, y, x)."""
    ca, sa, ce, se = math.cos(_AZIMUTH), math.sin(_AZIMUTH), math.cos(_ELEVATION), math.sin(_ELEVATION)
    right = np.array([sa, 0.0, ca])
    depth = np.array([ca * ce, se, -sa * ce])
    return np.stack([depth, np.cross(depth, right), right])
