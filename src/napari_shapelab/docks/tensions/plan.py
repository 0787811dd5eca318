"""What to expect of an inference, before it begins."""

from __future__ import annotations

from napari_shapelab.viewer.given_labels import Given
from shapelab.infer import plan_tensions

__all__ = ["describe"]


def describe(taken: Given, *, unnamed: bool = False) -> str:
    """Return what an inference would work on and what to expect, in sentences; in a thread.

    Where the first axis is `unnamed` and every cell reaches the border, it may be time.
    """
    read = taken.frames[0].read()
    plan = plan_tensions(read.data, read.spacing)
    text = str(plan)
    if unnamed and plan.ndim == 3 and 1 < plan.cells == plan.cut:
        text += " If the first axis is time, call it t: layer.axis_labels = ('t', 'y', 'x') in napari's console."
    return " ".join([f"{len(taken.frames)} frames; in the first, {text}" if taken.film else text, *read.notes])
