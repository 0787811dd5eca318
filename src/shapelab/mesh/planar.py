"""The net of a label image in the plane: segments between the pixels' corners."""

from __future__ import annotations

import numpy as np

from shapelab.mesh.dense import DenseLabels
from shapelab.mesh.net import Net

__all__ = ["planar_net"]


def planar_net(dense: DenseLabels) -> Net:
    """Return the net of a plane, not smoothed: one node per square of 2 x 2 pixels that differ, one segment per pair of pixels."""
    padded, real, border, period = dense.padded, dense.real, dense.border, dense.period
    inside = [np.zeros(n, bool) for n in padded.shape]
    for axis in (0, 1):
        inside[axis][real[axis, 0] : real[axis, 1]] = True
    corners = np.stack([padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]], axis=-1)
    active = (corners != corners[..., :1]).any(-1)
    cubes = np.argwhere(active).astype(np.int32)
    numbers = np.full(active.shape, -1, np.int32)
    numbers[active] = np.arange(len(cubes))
    labels, counts = _labels(corners[active], _beyond(cubes, padded.shape, border))
    locks = np.zeros(len(cubes), np.uint8)
    for axis, last in enumerate(np.array(padded.shape) - 2):
        locks |= (border[axis, 0] & (cubes[:, axis] == 0) | border[axis, 1] & (cubes[:, axis] == last)).astype(np.uint8) << axis
    faces, pairs = _segments(padded, inside, border, period, numbers)
    starts = np.zeros(2, np.int64)
    moves = np.zeros((len(cubes), 2), np.float32)
    return Net(
        dense.ids,
        dense.counts,
        cubes,
        moves,
        labels,
        counts,
        locks,
        locks > 0,
        faces,
        pairs,
        np.empty(0, np.uint8),
        np.empty(0, np.uint8),
        np.empty((0, 6), np.uint32),
        starts,
        starts,
        dense.offset,
        period,
    )


def _beyond(cubes: np.ndarray, shape: tuple[int, ...], border: np.ndarray) -> np.ndarray:
    """Which of the four pixels of each square lie beyond the border of the image, (n, 4)."""
    beyond = np.zeros((len(cubes), 4), bool)
    for axis in (0, 1):
        low = border[axis, 0] & (cubes[:, axis] == 0)
        high = border[axis, 1] & (cubes[:, axis] == shape[axis] - 2)
        second = np.array([0, 0, 1, 1] if axis == 0 else [0, 1, 0, 1], bool)
        beyond |= np.where(second, high[:, None], low[:, None])
    return beyond


def _labels(corners: np.ndarray, beyond: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different labels of each square, rising, -1 behind them, and how many."""
    none = np.iinfo(np.int32).max
    values = np.sort(np.where(beyond, none, corners), axis=1)
    values[:, 1:][values[:, 1:] == values[:, :-1]] = none
    values.sort(axis=1)
    counts = (values != none).sum(1).astype(np.uint8)
    values[values == none] = -1
    return values.astype(np.int32), counts


def _segments(
    padded: np.ndarray, inside: list[np.ndarray], border: np.ndarray, period: np.ndarray, numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Segments between pixels that differ, with the normal (-dx, dy) from the lower to the higher cell, and their cells."""
    faces, pairs = [], []
    for axis in (0, 1):
        a, b = (padded[:-1], padded[1:]) if axis == 0 else (padded[:, :-1], padded[:, 1:])
        lateral = inside[1][None, :] if axis == 0 else inside[0][:, None]
        index = np.argwhere((a != b) & lateral)
        low, high = a[tuple(index.T)], b[tuple(index.T)]
        before = index[:, 1 - axis] - 1
        before = np.where(before < 0, period[1 - axis] - 1, before)
        other = np.column_stack([index[:, 0], before] if axis == 0 else [before, index[:, 1]])
        first, second = numbers[tuple(index.T)], numbers[tuple(other.T)]
        if axis == 1:
            first, second = second, first
        turn = low > high
        faces.append(np.column_stack([np.where(turn, second, first), np.where(turn, first, second)]))
        beyond = border[axis, 0] & (index[:, axis] == 0) | border[axis, 1] & (index[:, axis] == a.shape[axis] - 1)
        pairs.append(np.column_stack([np.where(beyond, -1, np.minimum(low, high)), np.maximum(low, high)]))
    return np.concatenate(faces).astype(np.int32), np.concatenate(pairs).astype(np.int32)
