"""How far a computation has come, as it tells whoever waits for it; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Progress", "Report"]


@dataclass(frozen=True)
class Progress:
    """Where the work stands."""

    fraction: float
    """0 to 1; negative where nobody knows."""
    text: str
    partial: Any = None
    """A first result to show, if there is one."""


Report = Callable[[Progress], None]
