"""A readable table of measurements, one column per shape, to compare, copy and save."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_shapelab.viewer.tabbed import own_tab
from napari_shapelab.widgets.button import allow
from shapelab.errors import ShapelabError
from shapelab.io.output import new_version
from shapelab.measure import unit_of
from shapelab.measure.units import shown_name
from shapelab.units import shown_unit

__all__ = ["Measurements", "measurements_dock"]

TITLE = "Measurements"
_FONT = 0.85
"""Size of the table's letters, relative to those of the dock: two shapes fit beside each other."""
_TITLE = 12
"""Letters per line of a column's title: two columns fit a dock."""
_SHOWN = 2
"""Columns of numbers that are shown whole in a dock: the names of rows are broken into lines to make room for them."""
_NAME = 80
"""Least width of the names [pixels]."""
_PADDING = 16
"""Of a name's width, what its letters do not fill [pixels]."""


class Measurements(QWidget):
    """Rows are quantities, columns are shapes."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: list[tuple[str, dict[str, Any]]] = []
        self._units: list[str] = []
        self._names: list[str] = []
        self.waiting: list[Callable[[], None]] = []
        """What begins to measure further layers, when the one before is done."""
        self.table = QTableWidget()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.verticalHeader().setMinimumSectionSize(20)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        font = self.table.font()
        font.setPointSizeF(_FONT * font.pointSizeF())
        for part in (self.table, self.table.horizontalHeader(), self.table.verticalHeader()):
            part.setFont(font)
        for header in (self.table.horizontalHeader(), self.table.verticalHeader()):
            header.setStyleSheet("QHeaderView::section { padding: 2px 4px; }")  # docks are narrow
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note.hide()
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the table, to paste it into a spreadsheet.")
        self.copy_button.clicked.connect(lambda _=False: self.copy())
        self.save_button = QPushButton("Save as CSV…")
        self.save_button.setToolTip("Save the table as comma-separated values.")
        self.save_button.clicked.connect(lambda _=False: self._ask_and_save())
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip("Remove all columns from the table.")
        self.clear_button.clicked.connect(lambda _=False: self.clear())
        row = QHBoxLayout()
        for button in (self.copy_button, self.save_button, self.clear_button):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(4)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.note)
        layout.addLayout(row)
        self._fill()

    def add(self, name: str, values: Mapping[str, Any], unit: str = "") -> None:
        """Add a column measured in `unit` of length; what "warnings" lists is shown below the table."""
        plain = {key: value for key, value in values.items() if key != "warnings"}
        taken = [title for title, _ in self._columns]
        title = name if name not in taken else f"{name} ({sum(t.startswith(name) for t in taken) + 1})"
        self._columns.append((title, plain))
        self._units.append("" if unit == "pixel" else shown_unit(unit))
        self.note.setText(" ".join(f"{title}: {text}" for text in values.get("warnings", ())))
        self.note.setVisible(bool(self.note.text()))
        self._fill()
        self.table.scrollTo(self.table.model().index(0, len(self._columns) - 1))

    def add_row(self, row: QWidget) -> None:
        """Put a row of buttons or the like under the table."""
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(1, row)

    def show_first(self) -> None:
        """Scroll back to the first column."""
        self.table.horizontalScrollBar().setValue(0)

    def clear(self) -> None:
        """Remove all columns."""
        self._columns, self._units = [], []
        self.note.hide()
        self._fill()

    def rows(self) -> list[list[str]]:
        """Return the table as text, with its headings; units stand beside the quantity, or in the cells if columns differ in them."""
        return self._rows(str)

    def _rows(self, called: Callable[[str], str]) -> list[list[str]]:
        names = list(dict.fromkeys(key for _, values in self._columns for key in values))
        heading = ["quantity", *(title for title, _ in self._columns)]
        shared = self._units[0] if len(set(self._units)) == 1 else ""
        units = [""] * len(self._units) if shared else self._units
        cells = [(values, unit) for (_, values), unit in zip(self._columns, units, strict=True)]
        return [
            heading,
            *([_heading(name, called(name), shared), *(_cell(_text(v.get(name)), name, unit) for v, unit in cells)] for name in names),
        ]

    def copy(self) -> None:
        """Put the table on the clipboard, separated by tabs."""
        QApplication.clipboard().setText("\n".join("\t".join(row) for row in self.rows()))

    def save(self, path: str | Path) -> None:
        """Write the table as CSV."""
        text = io.StringIO()
        csv.writer(text).writerows(self.rows())
        with new_version(Path(path)) as partial:
            partial.write_text(text.getvalue(), encoding="utf-8")

    def _ask_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the measurements", "measurements.csv", "CSV (*.csv)")
        if path:
            try:
                self.save(path)
            except ShapelabError as error:
                self.note.setText(str(error))
                self.note.show()

    def measure_next(self) -> None:
        """Begin with the next of the layers that wait."""
        if self.waiting:
            self.waiting.pop(0)()

    def _fill(self) -> None:
        heading, *rows = self._rows(shown_name)
        for button in (self.copy_button, self.save_button, self.clear_button):
            allow(button, bool(self._columns), "The table is empty.")
        self.table.setColumnCount(len(heading) - 1)
        self.table.setRowCount(len(rows))
        self.table.setHorizontalHeaderLabels(["\n".join(textwrap.wrap(title, _TITLE)) for title in heading[1:]])
        self._names = [row[0] for row in rows]
        for i, row in enumerate(rows):
            for j, text in enumerate(row[1:]):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(i, j, item)
        self._break_names()

    def resizeEvent(self, event: Any) -> None:
        """Break the names of rows anew."""
        super().resizeEvent(event)
        self._break_names()

    def _break_names(self) -> None:
        """Break the names of rows into lines, so that the first columns of numbers are not cut off."""
        table, letters = self.table, self.table.verticalHeader().fontMetrics()
        table.resizeColumnsToContents()
        numbers = sum(table.columnWidth(k) for k in range(min(_SHOWN, table.columnCount())))
        room = max(table.width() - numbers - table.verticalScrollBar().sizeHint().width() - _PADDING, _NAME)
        table.setVerticalHeaderLabels([_broken(name, lambda text: letters.horizontalAdvance(text) <= room) for name in self._names])


def measurements_dock(viewer: Any) -> Measurements:
    """Return the viewer's table of measurements, opened if it was not."""
    return own_tab(viewer, TITLE, Measurements)


def _heading(name: str, called: str, unit: str) -> str:
    symbol = shown_unit(unit_of(name, unit))
    return f"{called} ({symbol})" if symbol else called


def _broken(name: str, fits: Callable[[str], bool]) -> str:
    lines = [""]
    for word in name.split():
        longer = f"{lines[-1]} {word}".strip()
        if fits(longer) or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _cell(text: str, name: str, unit: str) -> str:
    symbol = shown_unit(unit_of(name, unit))
    return f"{text} {symbol}" if symbol and text else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return str(value)
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return str(value)
