"""Files that fail where a verb has many: the others go on, and every verb says so in the same words, with the same exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from shapelab.errors import ShapelabError

__all__ = ["FAILED", "end_of_files", "failure", "reason_of"]

FAILED = 1
"""Exit code where some of the files failed."""
_NAMED = 5


def reason_of(error: Exception, name: str) -> str:
    """Return why a file failed, in a sentence without the file's name: whatever a damaged file leads to, the others go on."""
    if isinstance(error, MemoryError):
        return "memory ran out"
    said = str(getattr(error, "plain", error)) if isinstance(error, ShapelabError) else f"{type(error).__name__}: {error}"
    return said.removeprefix(f"{name}: ")


def failure(name: str, reason: str) -> str:
    """Return the line on a file that failed."""
    return f"{name}: failed: {reason}"


def end_of_files(failed: Sequence[str], count: int, then: str = "") -> int:
    """Say which of `count` files failed, and what becomes of them; return the exit code."""
    if not failed:
        return 0
    named = ", ".join(failed[:_NAMED]) + (f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else "")
    print(f"shapelab: {len(failed)} of {count} files failed: {named}{f'; {then}' if then else ''}.", file=sys.stderr)
    return FAILED
