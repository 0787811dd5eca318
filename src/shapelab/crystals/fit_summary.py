"""What a fit has come to, in sentences: on the command line and in the window."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from shapelab.crystals.neighbours import NeighbourMatch, compare_neighbours
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals.fitting import DiagramFit

__all__ = ["fit_neighbours", "fit_sentences", "lost_grains"]

_NAMED = 12
"""Grains that are named one by one."""
_UNREPRESENTABLE: dict[str, str] = {
    "hole": "with a hole",
    "pieces": "in several pieces",
    "non-convex": "strongly non-convex",
    "small": "of few pixels",
}


def lost_grains(table: pd.DataFrame) -> list[int]:
    """Return the grains of a report (`shapelab.crystals.grain_report`) that have no cell in the diagram."""
    return sorted(int(i) for i in table["id"][table["volume_error"] <= -1])


def fit_neighbours(fit: DiagramFit, labels: np.ndarray) -> NeighbourMatch:
    """Return how far the neighbours and interfaces of a fit are those of the image that was fitted."""
    return compare_neighbours(labels, fit.labels, fit.spacing, periodic=all(fit.diagram.period or (0,)))


def fit_sentences(fit: DiagramFit, table: pd.DataFrame, labels: np.ndarray, *, timed: bool = True) -> list[str]:
    """Return how good a fit is, what it lost, and what no diagram can represent; the mismatch comes first.

    Parameters
    ----------
    fit
        The fit.
    table
        Its report; see `shapelab.crystals.grain_report`.
    labels
        The image that was fitted.
    timed
        Whether to say how long it took; a log without it is the same every time.
    """
    background = float((labels == 0).mean())
    share = percent(background) if background >= 0.01 else "less than 1 %"
    left_out = f" The background, {share} of the image, is left out." if background else ""
    lines = [
        f"{percent(fit.mismatch)} of the grains' pixels belong to another grain.{left_out}",
        f"Volume error: mean {percent(fit.mean_volume_error)}, largest {percent(fit.volume_error)}.",
        str(fit_neighbours(fit, labels)),
        f"{len(table)} grains in {_seconds(fit.seconds)}." if timed else f"{len(table)} grains.",
    ]
    if fit.stopped:
        lines.append("Stopped before the end: this is the best diagram so far.")
    lines += fit.remarks
    lost = lost_grains(table)
    if lost:
        named = ", ".join(map(str, lost[:_NAMED])) + (", …" if len(lost) > _NAMED else "")
        lines.append(f"{len(lost)} of {len(table)} grains have no cell in the diagram: {named}.")
    kinds = Counter(grain.kind for grain in fit.worst)
    shapes = {kind: n for kind, n in kinds.items() if kind in _UNREPRESENTABLE}
    if shapes:
        said = ", ".join(f"{n} {_UNREPRESENTABLE[kind]}" for kind, n in shapes.items())
        lines.append(f"Cells of a diagram have no holes and are in one piece. Among the {len(fit.worst)} worst grains: {said}.")
    return lines


def _seconds(seconds: float) -> str:
    if seconds < 0.05:
        return "less than 0.1 s"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
