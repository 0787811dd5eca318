"""How this package compiles its kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["Number", "inlined", "kernel", "quick"]

Number = Any
"""A scalar of the floating-point type that the kernel runs in."""

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nsz", "arcp"},
    "forceinline": True,  # else a kernel calls whichever copy of another was loaded first, and copies round in ways of their own
}


def kernel(function: F) -> F:
    """Compile a function at its first call, and keep the result on disk; it runs without the interpreter lock."""
    return njit(**_OPTIONS)(function)  # type: ignore[no-any-return]


def inlined(function: F) -> F:
    """Compile a small function into each of its callers."""
    return njit(inline="always", **_OPTIONS)(function)  # type: ignore[no-any-return]


def quick(function: F) -> F:
    """Compile like `kernel`, for sums whose order does not matter, over numbers that are finite: they run several at a time."""
    return njit(**(_OPTIONS | {"fastmath": True}))(function)  # type: ignore[no-any-return]
