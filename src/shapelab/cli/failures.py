"""Files that fail where a verb has many: the others go on, and every verb says so in the same words, with the same exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["FAILED", "end_of_files", "failure"]

FAILED = 1
"""Exit code where some of the files failed."""
_NAMED = 5


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
