"""One widget per type of parameter."""

from __future__ import annotations

import math
import types
from typing import Annotated, Any, Union, get_args, get_origin

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSlider, QWidget
from superqt.utils import signals_blocked

from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import NumberBox, ignore_wheel, without_buttons
from shapelab.parameters import ParameterInfo
from shapelab.units import shown_unit

__all__ = ["Field", "NumberField", "OptionalField", "TupleField", "make_field"]

_SLIDER_TICKS = 1000


class Field(QWidget):
    """A widget for one value."""

    changed = Signal()
    refused = Signal(str)
    """What was typed cannot be taken; the sentence says what stays."""

    def __init__(self) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def setAccessibleName(self, name: str | None) -> None:
        """Name the field and its parts, for screen readers."""
        super().setAccessibleName(name)
        parts = [part for part in self.findChildren(QWidget) if part.focusPolicy() & Qt.FocusPolicy.TabFocus]
        for part in parts:
            part.setAccessibleName(name)

    def value(self) -> Any:
        """Return what is entered."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show `value`, without `changed`."""
        raise NotImplementedError


_BUTTONS = 56
"""Width of the buttons and margins of a spin box [pixels]."""


class NumberField(Field):
    """A number, with a slider where both limits are known and near enough to be of use."""

    def __init__(self, info: ParameterInfo, *, whole: bool, slider: bool = True) -> None:
        super().__init__()
        low = -math.inf if info.minimum is None else info.minimum
        high = math.inf if info.maximum is None else info.maximum
        self._whole, self._log, self._low, self._high = whole, info.log and low > 0, low, high
        step = info.step or (1.0 if whole else _step(low, high, info.default))
        self.box = NumberBox(whole=whole, step=step, limits=(low, high))
        self._set_unit(info.unit)
        self.box.valueChanged.connect(self._on_box)
        self.box.refused.connect(self.refused)
        self.slider: QSlider | None = None
        if slider and (info.main or info.live):
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(0, _SLIDER_TICKS)
            self.slider.valueChanged.connect(self._on_slider)
            self.slider.setMinimumWidth(40)
            ignore_wheel(self.slider)
            self.row.addWidget(self.slider, 1)
            known = math.isfinite(low) and math.isfinite(high)
            self.slider.setVisible(known and (self._log or high - low <= 1000 * step))
        self.row.addWidget(self.box, 0 if self.slider is not None and not self.slider.isHidden() else 1)

    def set_span(self, low: float, high: float, step: float, unit: str) -> None:
        """Let the slider run from `low` to `high`, where the limits are too far apart to be of use."""
        self._low, self._high = low, high
        self.box.setSingleStep(step)
        self._set_unit(unit)
        if self.slider is not None:
            self.slider.setVisible(True)
            self.row.setStretchFactor(self.box, 0)
        self._move_slider()

    def _set_unit(self, unit: str) -> None:
        self.box.setSuffix(f" {_symbol(unit)}" if unit else "")
        if unit:  # it takes its room from the slider
            self.box.setMinimumWidth(self.box.fontMetrics().horizontalAdvance(f"0.0000 {_symbol(unit)}") + _BUTTONS)

    def value(self) -> float | int:
        """Return the number."""
        number: float = self.box.value()
        return round(number) if self._whole else number

    def set_value(self, value: float) -> None:
        """Show `value`."""
        with signals_blocked(self.box):
            self.box.setValue(value)
        self._move_slider()

    def _on_box(self) -> None:
        self._move_slider()
        self.changed.emit()

    def _on_slider(self, tick: int) -> None:
        part = tick / _SLIDER_TICKS
        number = self._low * (self._high / self._low) ** part if self._log else self._low + part * (self._high - self._low)
        if self._log:
            number = float(f"{number:.3g}")
        else:
            step = self.box.singleStep()
            number = min(max(self._low + round((number - self._low) / step) * step, self._low), self._high)
        with signals_blocked(self.box):
            self.box.setValue(round(number, 9))
        self.changed.emit()

    def _move_slider(self) -> None:
        if self.slider is None or not math.isfinite(self._high - self._low):
            return
        number = min(max(self.box.value(), self._low), self._high)
        part = (
            math.log(number / self._low) / math.log(self._high / self._low)
            if self._log
            else (number - self._low) / (self._high - self._low)
        )
        with signals_blocked(self.slider):
            self.slider.setValue(round(part * _SLIDER_TICKS))


class ChoiceField(Field):
    """One of several values."""

    def __init__(self, info: ParameterInfo) -> None:
        super().__init__()
        self.box = QComboBox()
        narrow(self.box, 8)
        for choice in info.choices or ():
            self.box.addItem(str(choice).replace("_", " "), choice)
        self.box.activated.connect(lambda _: self.changed.emit())
        ignore_wheel(self.box)
        self.row.addWidget(self.box, 1)

    def value(self) -> Any:
        """Return the choice."""
        return self.box.currentData()

    def set_value(self, value: Any) -> None:
        """Select `value`."""
        self.box.setCurrentIndex(self.box.findData(value))


class BoolField(Field):
    """Yes or no."""

    def __init__(self) -> None:
        super().__init__()
        self.box = QCheckBox()
        self.box.clicked.connect(lambda _: self.changed.emit())
        self.row.addWidget(self.box, 1)

    def value(self) -> bool:
        """Return True if checked."""
        return bool(self.box.isChecked())

    def set_value(self, value: bool) -> None:
        """Check or not."""
        self.box.setChecked(value)


class TextField(Field):
    """Text."""

    def __init__(self) -> None:
        super().__init__()
        self.box = QLineEdit()
        self.box.editingFinished.connect(self._finished)
        self._last = ""
        self.row.addWidget(self.box, 1)

    def value(self) -> str:
        """Return the text."""
        return str(self.box.text()).strip()

    def set_value(self, value: str) -> None:
        """Show `value`."""
        self._last = value
        self.box.setText(value)

    def _finished(self) -> None:
        if self.value() != self._last:
            self._last = self.value()
            self.changed.emit()


class TupleField(Field):
    """Several numbers in a row."""

    def __init__(self, info: ParameterInfo, whole: tuple[bool, ...]) -> None:
        super().__init__()
        self._whole = whole
        self.boxes = [without_buttons(NumberBox(whole=w, step=info.step or (8.0 if w else 0.1))) for w in whole]
        for box in self.boxes:
            box.valueChanged.connect(lambda _: self.changed.emit())
            box.refused.connect(self.refused)
            self.row.addWidget(box, 1)

    def value(self) -> tuple[float | int, ...]:
        """Return the numbers."""
        return tuple(round(box.value()) if w else box.value() for box, w in zip(self.boxes, self._whole, strict=True))

    def set_value(self, value: Any) -> None:
        """Show `value`."""
        for box, number in zip(self.boxes, value, strict=True):
            with signals_blocked(box):
                box.setValue(number)


class OptionalField(Field):
    """A value, or none while the box before it is unchecked."""

    def __init__(self, inner: Field, fallback: Any) -> None:
        super().__init__()
        self.inner = inner
        self.box = QCheckBox()
        self.box.setToolTip("Unchecked: chosen by the model.")
        self.box.clicked.connect(self._on_clicked)
        inner.changed.connect(self.changed)
        inner.refused.connect(self.refused)
        inner.set_value(fallback)
        inner.setEnabled(False)
        self.row.addWidget(self.box)
        self.row.addWidget(inner, 1)

    def value(self) -> Any:
        """Return the value, None if unchecked."""
        return self.inner.value() if self.box.isChecked() else None

    def set_value(self, value: Any) -> None:
        """Show `value`."""
        self.box.setChecked(value is not None)
        self.inner.setEnabled(value is not None)
        if value is not None:
            self.inner.set_value(value)

    def _on_clicked(self, checked: bool) -> None:
        self.inner.setEnabled(checked)
        self.changed.emit()


def make_field(info: ParameterInfo) -> Field:
    """Return the widget for the type of `info`; TypeError for one that no widget is made for."""
    kind = info.annotation
    if info.choices is not None:
        return ChoiceField(info)
    if get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
        (bare,) = (part for part in get_args(kind) if part is not type(None))
        fallback = info.default if info.default is not None else _fallback(info, bare)
        return OptionalField(_plain(info, bare), fallback)
    return _plain(info, kind)


def _plain(info: ParameterInfo, kind: Any) -> Field:
    if kind is bool:
        return BoolField()
    if kind in (int, float):
        return NumberField(info, whole=kind is int)
    if kind is str:
        return TextField()
    if get_origin(kind) is tuple:
        parts = [get_args(part)[0] if get_origin(part) is Annotated else part for part in get_args(kind)]
        if set(parts) <= {int, float}:
            return TupleField(info, tuple(part is int for part in parts))
    raise TypeError(f"no widget for the type {kind!r} of {info.name}")


def _fallback(info: ParameterInfo, kind: Any) -> Any:
    """Return a value to offer when an optional parameter is first switched on."""
    if kind is str:
        return ""
    if kind is bool:
        return True
    low, high = info.minimum, info.maximum
    middle = (low + high) / 2 if low is not None and high is not None and high - low <= 100 else max(low or 0.0, 10 * (info.step or 1.0))
    return round(middle) if kind is int else middle


def _step(low: float, high: float, default: Any) -> float:
    size = abs(default) if isinstance(default, int | float) and default else (high - low if math.isfinite(high - low) else 1.0)
    return float(10.0 ** math.floor(math.log10(size) - 1)) if size > 0 else 0.1


def _symbol(unit: str) -> str:
    """Return a unit as it stands behind a number: "2 /time", not "2 1/time"."""
    return {"voxels": "vx", "pixels": "px"}.get(unit) or shown_unit(unit).removeprefix("1")
