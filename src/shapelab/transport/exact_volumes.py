"""Give every cell exactly its number of pixels, by handing over the pixels that hardly prefer their cell."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

__all__ = ["exact_labels"]


def exact_labels(label: np.ndarray, second: np.ndarray, margin: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return labels with exactly ``targets[i]`` pixels of each i.

    Surplus pixels travel along chains of neighbouring cells, from one with too many to one with too few; each cell of a chain hands the
    pixel with the smallest margin to the next.

    Parameters
    ----------
    label, second
        ``(pixels,)`` best and second best cell of each pixel; walls have a label beyond ``len(targets) - 1``.
    margin
        ``(pixels,)`` how much worse the second best is.
    targets
        ``(cells,)`` integers, whose sum is the number of pixels that are not wall.
    """
    label, second = label.copy(), second.copy()
    n = len(targets)
    surplus = np.bincount(label, minlength=n)[:n] - targets
    queues = _queues(label, second, margin, n)
    for cell in np.flatnonzero(surplus > 0):
        while surplus[cell] > 0:
            chain = _chain(int(cell), surplus, queues)
            if chain is None:
                break
            for giver, taker in pairwise(chain):
                pixel = queues[giver][taker].popleft()
                label[pixel], second[pixel] = taker, giver
            surplus[cell] -= 1
            surplus[chain[-1]] += 1
    return label


def _queues(label: np.ndarray, second: np.ndarray, margin: np.ndarray, n: int) -> list[dict[int, deque[int]]]:
    """Return, for each cell and each cell it borders on, its pixels in the order in which they would go."""
    pixels = np.flatnonzero((label < n) & (second < n) & (label != second) & (margin < 1e29))
    pixels = pixels[np.argsort(margin[pixels], kind="stable")]
    queues: list[dict[int, deque[int]]] = [{} for _ in range(n)]
    for pixel, giver, taker in zip(pixels.tolist(), label[pixels].tolist(), second[pixels].tolist(), strict=True):
        queues[giver].setdefault(taker, deque()).append(pixel)
    return queues


def _chain(start: int, surplus: np.ndarray, queues: list[dict[int, deque[int]]]) -> list[int] | None:
    """Return the shortest chain of cells from `start` to one with too few pixels."""
    came: dict[int, int] = {start: -1}
    waiting = deque([start])
    while waiting:
        cell = waiting.popleft()
        if surplus[cell] < 0:
            chain = [cell]
            while came[chain[-1]] >= 0:
                chain.append(came[chain[-1]])
            return chain[::-1]
        for neighbour, pixels in queues[cell].items():
            if pixels and neighbour not in came:
                came[neighbour] = cell
                waiting.append(neighbour)
    return None
