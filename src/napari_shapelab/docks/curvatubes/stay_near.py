"""How strongly a run stays near the shape that it started from."""

from __future__ import annotations

from math import log

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget
from superqt.utils import signals_blocked

from napari_shapelab.widgets.number_box import NumberBox, ignore_wheel

__all__ = ["StayNear"]

_TICKS = 100
_LOWEST, _HIGHEST = 1e1, 1e6
"""Range of the slider's strengths, beyond 0 (`fidelity` of the model)."""
_FIRST = 3e3


class StayNear(QWidget):
    """A logarithmic slider whose left end is 0."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        tip = "Pulls the texture towards the shape it started from; 0 switches it off. Can be changed while the simulation runs."
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _TICKS)
        self.slider.setToolTip(tip)
        ignore_wheel(self.slider)
        self.box = NumberBox(step=500.0, limits=(0.0, 1e9))
        self.box.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Stay near the start"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.box)
        self.set_value(_FIRST)
        self.slider.valueChanged.connect(self._on_slider)
        self.box.valueChanged.connect(self._on_box)

    def value(self) -> float:
        """Return the strength."""
        return float(min(max(self.box.value(), 0.0), 1e9))

    def set_value(self, value: float) -> None:
        """Show a strength, without `changed`."""
        for widget, shown in ((self.box, value), (self.slider, _tick(value))):
            with signals_blocked(widget):
                widget.setValue(shown)

    def _on_slider(self, tick: int) -> None:
        self.set_value(0.0 if tick == 0 else float(f"{_LOWEST * (_HIGHEST / _LOWEST) ** (tick / _TICKS):.2g}"))
        self.changed.emit()

    def _on_box(self, value: float) -> None:
        self.set_value(value)
        self.changed.emit()


def _tick(value: float) -> int:
    if value <= _LOWEST:
        return 0 if value <= 0 else 1
    return min(_TICKS, round(_TICKS * log(value / _LOWEST) / log(_HIGHEST / _LOWEST)))
