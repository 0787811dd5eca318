"""A spin box for any number, and a wheel that never changes a value by accident."""

from __future__ import annotations

import math
from typing import Any

from qtpy.QtCore import QEvent, QLocale, QObject, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QToolTip, QWidget

__all__ = ["NumberBox", "ignore_wheel", "without_buttons"]

_DECIMALS = 12
_LONGEST = 8
"""Digits that a narrow dock has room for."""
_BUTTONS = 60
"""Width of the buttons and margins [pixels]."""


class _WheelFilter(QObject):
    """Passes the wheel on to the scroll area unless the widget has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def ignore_wheel(widget: QWidget) -> None:
    """Let the wheel scroll the dock instead of changing `widget`, until it is clicked."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelFilter(widget))


class NumberBox(QDoubleSpinBox):
    """A spin box that shows numbers as they are (0.0005, 1770.118), and takes any: the form says what is allowed.

    Arrows and page keys stay within `limits`. What is no number is not taken: the value before stays, and is said to.
    """

    refused = Signal(str)
    """Something was typed that is no number; the sentence says so."""

    def __init__(self, *, whole: bool = False, step: float = 1.0, limits: tuple[float, float] = (-math.inf, math.inf)) -> None:
        super().__init__()
        self._whole = whole
        self._limits = limits
        self.setLocale(QLocale.c())
        self.setDecimals(0 if whole else _DECIMALS)
        self.setRange(-1e15, 1e15)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)
        ignore_wheel(self)

    def textFromValue(self, value: float) -> str:
        """Return the number without digits that say nothing."""
        if self._whole:
            return f"{value:.0f}"
        exact = f"{value:.10g}"
        return exact if len(exact) <= _LONGEST else f"{value:.5g}"  # the value keeps the digits that do not fit

    def valueFromText(self, text: str | None) -> float:
        """Return the number, also for 1e-4 and with a decimal comma; the value as it is where there is none."""
        try:
            number = float(self._bare(text or ""))
        except ValueError:
            return float(self.value())
        return number if math.isfinite(number) else float(self.value())

    def fixup(self, text: str | None) -> str:
        """Say that what was typed is no number: Qt then puts the value before back."""
        typed = self._bare(text or "")
        said = f"{typed!r} is not a number" if typed else "a number is needed"
        said = f"{said}; {self.textFromValue(self.value())}{self.suffix()} stays."
        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), said, self)
        self.refused.emit(said)
        return text or ""

    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        """Accept whatever Python reads as a finite number."""
        try:
            acceptable = math.isfinite(float(self._bare(text or "")))
        except ValueError:
            acceptable = False
        return (QValidator.State.Acceptable if acceptable else QValidator.State.Intermediate), text or "", position

    def stepBy(self, steps: int) -> None:
        """Step, within the limits."""
        low, high = self._limits
        self.setValue(min(max(self.value() + steps * self.singleStep(), low), high))

    def sizeHint(self) -> Any:
        """Return a width for a number and its unit; the range would ask for thirty digits."""
        hint = super().sizeHint()
        hint.setWidth(max(112, self.fontMetrics().horizontalAdvance(f"0.000{self.suffix()}") + _BUTTONS))
        return hint

    def minimumSizeHint(self) -> Any:
        hint = super().minimumSizeHint()
        hint.setWidth(76)
        return hint

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip().replace(",", ".")


def without_buttons(box: NumberBox) -> NumberBox:
    """Make a box narrow, for one of several in a row; arrow keys step. Return it."""
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    box.setStyleSheet("min-width: 30px; padding: 2px 4px;")  # napari's own leaves room for buttons
    return box
