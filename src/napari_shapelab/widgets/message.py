"""The one line in which a dock speaks to its user: always at the same place, always of the same height."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy

from napari_shapelab.widgets.wrapped_label import WrappedLabel

__all__ = ["WRONG", "MessageLine"]

WRONG = "#d9534f"
"""Colour of what is wrong."""
_FRAME = 2
"""What the window's style takes for the frame of a scroll area [pixels]."""
_READING = 8.0
"""How long a passing sentence stays at least [s]."""
_READING_PER_CHARACTER = 0.06


class MessageLine(QScrollArea):
    """A sentence or two under the buttons of a dock.

    Its height is reserved and never changes, so that nothing moves when a text comes, goes or wraps; a text that needs
    more room can be scrolled. What is no longer true disappears: a sentence about a state is held only as long as that
    state lasts, one about something that has happened passes by itself.

    Parameters
    ----------
    text
        What to say at first.
    lines
        Lines of text that there is room for.
    """

    def __init__(self, text: str = "", *, lines: int = 2) -> None:
        super().__init__()
        self._said, self._said_wrong = text, False
        self._held: dict[str, str] = {}
        self._lines = lines
        self._label = WrappedLabel(text)
        self._label.setTextFormat(Qt.TextFormat.PlainText)  # a name with a "<" in it is no markup
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setWidget(self._label)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if lines == 1:  # its buttons would be as high as the line
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._passing = QTimer(self)
        self._passing.setSingleShot(True)
        self._passing.timeout.connect(lambda: self.say(""))
        self._reserve()

    @property
    def wrong(self) -> bool:
        """Whether what is shown is about something wrong."""
        return bool(self._held) or self._said_wrong

    def text(self) -> str:
        """Return what is shown."""
        return str(self._label.text())

    def say(self, text: str, *, wrong: bool = False, passing: bool = False) -> None:
        """Show a sentence in place of the last one; "" takes that away.

        Parameters
        ----------
        text
            The sentence.
        wrong
            It is about something that is wrong.
        passing
            It tells what has just happened, and goes away by itself once there was time to read it.
        """
        self._said, self._said_wrong = text, wrong and bool(text)
        self._passing.stop()
        if passing and text:
            self._passing.start(round(1000 * (_READING + _READING_PER_CHARACTER * len(text))))
        self._show()

    def retract(self, text: str) -> None:
        """Take a sentence away, if it is the one that was said last."""
        self.replace(text, "")

    def replace(self, text: str, other: str) -> None:
        """Show another sentence in place of one, if that is what was said last."""
        if text == self._said:
            self.say(other)

    def hold(self, about: str, text: str) -> None:
        """Show what is wrong for as long as it is, before anything that is said; "" when it is right again.

        Parameters
        ----------
        about
            What it is about: each such thing has one sentence at most.
        text
            The sentence.
        """
        if self._held.get(about, "") == text:
            return
        self._held.pop(about, None)
        if text:
            self._held[about] = text
        self._show()

    def changeEvent(self, event: Any) -> None:
        """Keep room for as many lines in another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.Polish):
            self._reserve()

    def showEvent(self, event: Any) -> None:
        """Take the height of the font that the window's style brings."""
        super().showEvent(event)
        self._reserve()

    def _show(self) -> None:
        self._label.setText("\n".join(part for part in (*dict.fromkeys(self._held.values()), self._said) if part))
        self._label.setStyleSheet(f"color: {WRONG};" if self.wrong else "")
        self.verticalScrollBar().setValue(0)

    def _reserve(self) -> None:
        text = self._label.text()
        self._label.setText("\n".join("X" * self._lines))  # fonts do not tell what the style adds to it
        height = self._label.minimumHeight() + _FRAME
        self._label.setText(text)
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)
