"""What to expect of an inference, before it begins."""

from __future__ import annotations

from napari_shapelab.viewer.given_labels import Given
from shapelab.infer import plan_tensions

__all__ = ["describe"]


def describe(taken: Given) -> str:
    """Return what an inference would work on and what to expect, in sentences; in a thread."""
    read = taken.frames[0].read()
    text = str(plan_tensions(read.data, read.spacing))
    return " ".join([f"{len(taken.frames)} frames; in the first, {text}" if taken.film else text, *read.notes])
