"""What NumPy and torch raise where memory runs out or a matrix is singular, as sentences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from shapelab.errors import NotFiniteError, OutOfMemoryError

__all__ = ["numerical_errors_in_words"]


@contextlib.contextmanager
def numerical_errors_in_words() -> Iterator[None]:
    """Turn errors of memory and of matrices within the block into errors that a user can act on.

    Raises
    ------
    OutOfMemoryError
        If an array did not fit into memory.
    NotFiniteError
        If a matrix could not be inverted.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, MemoryError) or any(words in str(error).lower() for words in ("out of memory", "failed to allocate")):
            raise OutOfMemoryError("There is not enough memory for this run: choose a smaller shape or a coarser grid.") from error
        if isinstance(error, np.linalg.LinAlgError):
            raise NotFiniteError(
                "The numbers of this run broke down: a matrix cannot be inverted, for example because a body has no extent along one axis. "
                "Choose less extreme parameters, or a finer grid."
            ) from error
        raise
