"""A push button as all docks have it: text, tip, and what it does."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QAbstractButton, QPushButton, QSizePolicy

__all__ = ["allow", "push_button"]

_ICON = 14
"""Side of an icon [pixels]."""


def push_button(text: str, tip: str, action: Callable[[], object] | None = None, *, height: int = 0, wide: bool = False) -> QPushButton:
    """Return a button.

    Parameters
    ----------
    text, tip
        What stands on it, and what it does in a sentence.
    action
        Called without arguments on a click; None if the caller connects it.
    height
        Least height [pixels]; 0 for that of the style.
    wide
        Take the room that the row leaves.
    """
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setIconSize(QSize(_ICON, _ICON))
    if height:
        button.setMinimumHeight(height)
    if wide:
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    if action is not None:
        button.clicked.connect(lambda _=False: action())
    return button


def allow(button: QAbstractButton, allowed: bool, missing: str) -> None:
    """Let a button be pressed, or not; its tip says then what is missing.

    Parameters
    ----------
    button
        The button, whose tooltip is otherwise the same.
    allowed
        Whether it can be pressed.
    missing
        A sentence on what to do first.
    """
    if button.property("tip") is None:
        button.setProperty("tip", button.toolTip())
    tip = str(button.property("tip"))
    button.setEnabled(allowed)
    button.setToolTip(tip if allowed or not missing else f"{tip} {missing}")
