"""Errors that a user can act on: each message is a sentence."""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "EditError",
    "InputError",
    "NotFiniteError",
    "OutOfMemoryError",
    "ParameterError",
    "ShapelabError",
    "Stopped",
    "reason_of",
]


class ShapelabError(ValueError):
    """Base class of all errors of shapelab; the message can be shown to a user as it is."""


class ParameterError(ShapelabError):
    """A parameter has a value that is not allowed.

    Parameters
    ----------
    message
        The sentence, which writes values as Python does.
    plain
        The same for people who typed the value into a form or a terminal; by default `message`.
    """

    def __init__(self, message: str, plain: str | None = None) -> None:
        super().__init__(message)
        self.plain = plain or message


class InputError(ShapelabError):
    """An array, image, mesh or file cannot be used."""


class ArgumentError(ParameterError, InputError):
    """An argument of a function has a type, shape or value that is not allowed."""


class EditError(ShapelabError):
    """The user's edit of a running simulation is not possible."""


class OutOfMemoryError(ShapelabError):
    """The run would not fit into memory, or did not."""


class NotFiniteError(ShapelabError):
    """The numbers of a run stopped being finite."""


class Stopped(ShapelabError):
    """Whoever waited for the work has asked to stop; nothing was changed."""

    def __init__(self, message: str = "Stopped.") -> None:
        super().__init__(message)


def reason_of(error: Exception, name: str) -> str:
    """Return why a file failed, in a sentence without the file's name: whatever a damaged file leads to, the others go on."""
    if isinstance(error, MemoryError):
        return "memory ran out"
    said = str(getattr(error, "plain", error)) if isinstance(error, ShapelabError) else f"{type(error).__name__}: {error}"
    return said.removeprefix(f"{name}: ")
