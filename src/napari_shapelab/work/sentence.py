"""What went wrong, in one sentence for the user."""

from __future__ import annotations

from shapelab.errors import ShapelabError

__all__ = ["sentence"]


def sentence(error: BaseException, what: str = "The run stopped on an unexpected error") -> str:
    """Return what went wrong in one sentence for the user.

    Parameters
    ----------
    error
        What was raised.
    what
        How the sentence begins if the error is not one of ours.
    """
    if isinstance(error, ShapelabError):
        return str(error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "There is not enough memory for this run: choose a smaller shape or a coarser grid."
    detail = str(error).strip().split("\n")[0]
    return f"{what} ({type(error).__name__}{': ' + detail if detail else ''})."
