"""Which parameters of a scenario a fit looks for, and in which ranges: a row for each."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from napari_shapelab.widgets.number_box import NumberBox, without_buttons
from shapelab.catalog import create
from shapelab.parameters import ParameterInfo

__all__ = ["FitRanges"]

_ALSO = ("p", "stiffness", "memory")
"""Parameters that are listed beside the main ones of a scenario."""
_NEVER = ("filling", "dt", "max_time", "tolerance", "second_part", "first_part")
_AROUND = 4.0
"""How many times smaller and larger than the scenario's own value a range is at first."""
_FIRST = ("speed", "p", "turning", "tumble_rate", "growth_rate", "between")
"""Which of them are looked for at first, if there are any."""
_MOST = 3


@dataclass(frozen=True)
class _Row:
    info: ParameterInfo
    box: QCheckBox
    low: NumberBox
    high: NumberBox


class FitRanges(QWidget):
    """Rows of a parameter, its lowest and its highest value."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[_Row] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)

    def show_scenario(self, family: str, name: str) -> None:
        """List the parameters of a scenario."""
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        model = create(family, name).parameters
        infos = [info for info in type(model).infos().values() if _fits(info)]
        chosen = [info.name for first in _FIRST for info in infos if info.name == first][:_MOST] or [info.name for info in infos[:1]]
        for column, text in enumerate(("Parameter", "Lowest", "Highest")):
            self._grid.addWidget(QLabel(text), 0, column)
        self._rows = [self._row(info, float(getattr(model, info.name)), info.name in chosen) for info in infos]
        for number, row in enumerate(self._rows, 1):
            for column, widget in enumerate((row.box, row.low, row.high)):
                self._grid.addWidget(widget, number, column)
        self.changed.emit()

    def values(self) -> dict[str, tuple[float, float]]:
        """Return name -> (lowest, highest) of the parameters that are ticked."""
        return {row.info.name: (row.low.value(), row.high.value()) for row in self._rows if row.box.isChecked()}

    def choose(self, ranges: dict[str, tuple[float, float]]) -> None:
        """Tick these parameters, with these ranges, and no others."""
        for row in self._rows:
            row.box.setChecked(row.info.name in ranges)
            if row.info.name in ranges:
                row.low.setValue(ranges[row.info.name][0])
                row.high.setValue(ranges[row.info.name][1])

    def _row(self, info: ParameterInfo, value: float, chosen: bool) -> _Row:
        unit = f" ({info.unit})" if info.unit else ""
        box = QCheckBox(f"{info.label}{unit}")
        box.setToolTip(f"{info.description} Tick to fit it.")
        box.setChecked(chosen)
        boxes = []
        for end, what in zip(_range(info, value), ("lowest", "highest"), strict=True):
            number = without_buttons(NumberBox(step=info.step or 0.1))
            number.setValue(end)
            number.setToolTip(f"The {what} value to try. Allowed: {info.allowed}.")
            number.setAccessibleName(f"{info.label}, {what}")
            boxes.append(number)
            number.valueChanged.connect(lambda _: self.changed.emit())
        box.toggled.connect(lambda _: self.changed.emit())
        return _Row(info, box, *boxes)


def _fits(info: ParameterInfo) -> bool:
    return info.annotation is float and info.name not in _NEVER and (info.main or info.name in _ALSO)


def _range(info: ParameterInfo, value: float) -> tuple[float, float]:
    """Return a range around the scenario's own value, within what is allowed."""
    low, high = (value / _AROUND, value * _AROUND) if value > 0 else (0.0, 1.0)
    if info.minimum is not None:
        low = max(low, info.minimum)
    if info.maximum is not None:
        high = min(high, info.maximum)
    return float(f"{low:.3g}"), float(f"{high:.3g}")
