"""What to say of a name that is not there: the nearest ones, or all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["near_names"]


def near_names(name: str, known: Iterable[str], former: Iterable[str] = ()) -> str:
    """Return "did you mean 'a' or 'b'?", or "there are a, b, c." where none is near.

    Parameters
    ----------
    name
        What was asked for.
    known
        What there is.
    former
        Former names, which are proposed but not listed.
    """
    known = list(known)
    near = difflib.get_close_matches(name, [*known, *former], n=3)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(known)}."
