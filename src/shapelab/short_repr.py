"""How results look where they are printed: in one line, arrays by their shape and not by their numbers."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from shapelab.arguments import shown

__all__ = ["short_repr"]

_LONGEST = 400
"""Letters of a line; what follows is left out."""
T = TypeVar("T", bound=type)


def short_repr(cls: T) -> T:
    """Give a dataclass or a named tuple a `repr` of one line."""
    names = [field.name for field in dataclasses.fields(cls) if field.repr] if dataclasses.is_dataclass(cls) else list(cls._fields)  # type: ignore[attr-defined]

    def __repr__(self: Any) -> str:
        line = f"{type(self).__name__}({', '.join(f'{name}={shown(getattr(self, name))}' for name in names)})"
        return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2]}…)"

    cls.__repr__ = __repr__  # type: ignore[method-assign, assignment]
    return cls
