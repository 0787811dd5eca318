"""The tab of the Atlas dock that says in what two groups of shapes differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_shapelab.widgets.button import allow
from napari_shapelab.work.task import Task
from shapelab.batch import Atlas, compare_groups

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AtlasGroups"]

_HINT = "Hold Shift and draw around some shapes: group A, compared with all others. Draw again: group B, compared with A."
_HEADINGS = ("A", "B", "apart")
_TIPS = (
    "Mean of group A.",
    "Mean of group B, or of all other shapes.",
    "Kolmogorov-Smirnov distance between the two distributions (0: identical, 1: disjoint).",
)

_NO_GROUPS = "Draw round some points first."


class AtlasGroups(QWidget):
    """A table of parameters and observables, the clearest difference first.

    Parameters
    ----------
    atlas
        Returns the atlas that is shown.
    """

    changed = Signal()
    """The groups are others."""

    def __init__(self, atlas: Callable[[], Atlas | None]) -> None:
        super().__init__()
        self._atlas = atlas
        self._wanted = 0
        self.a: list[int] = []
        self.b: list[int] = []
        self.table = QTableWidget(0, len(_HEADINGS))
        self.table.setHorizontalHeaderLabels(list(_HEADINGS))
        for column, tip in enumerate(_TIPS):
            self.table.horizontalHeaderItem(column).setToolTip(tip)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setDefaultSectionSize(18)
        self.table.horizontalHeader().setDefaultSectionSize(64)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.note = QLabel(_HINT)
        self.note.setWordWrap(True)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the table, to paste it into a spreadsheet.")
        self.copy_button.clicked.connect(lambda _=False: self.copy())
        allow(self.copy_button, False, _NO_GROUPS)
        row = QHBoxLayout()
        row.addWidget(self.note, 1)
        row.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)

    def take(self, members: Sequence[int]) -> None:
        """Take shapes as group A, or as B if there is an A and no B yet, and compare."""
        if not members:
            self.note.setText("The outline contains no points. " + _HINT)
            return
        if self.a and not self.b:
            self.b = list(members)
        else:
            self.a, self.b = list(members), []
        self.changed.emit()
        atlas = self._atlas()
        if atlas is None:
            return
        self._wanted += 1
        work = partial(compare_groups, atlas, list(self.a), list(self.b) or None)
        Task(self, work, partial(self._show, self._wanted), self._fail)

    def clear(self) -> None:
        """Forget both groups."""
        self.a, self.b = [], []
        self._wanted += 1
        self.table.setRowCount(0)
        allow(self.copy_button, False, _NO_GROUPS)
        self.note.setText(_HINT)
        self.changed.emit()

    def copy(self) -> None:
        """Put the table on the clipboard, separated by tabs."""
        names = [self.table.verticalHeaderItem(row).text() for row in range(self.table.rowCount())]
        cells = [[self.table.item(row, column).text() for column in range(self.table.columnCount())] for row in range(len(names))]
        lines = ["\t".join(("quantity", *_HEADINGS)), *("\t".join((name, *values)) for name, values in zip(names, cells, strict=True))]
        QApplication.clipboard().setText("\n".join(lines))

    def _show(self, number: int, table: pd.DataFrame) -> None:
        if number != self._wanted:
            return
        self.table.setRowCount(len(table))
        self.table.setVerticalHeaderLabels([str(name).replace("_", " ") for name in table.index])
        for row, values in enumerate(table[["mean_a", "mean_b", "ks"]].to_numpy()):
            for column, value in enumerate(values):
                self.table.setItem(row, column, QTableWidgetItem(f"{value:.3g}"))
        first = str(table.index[0]).replace("_", " ")
        other = f"B ({table.attrs['cells_b']})" if self.b else f"all others ({table.attrs['cells_b']})"
        self.note.setText(f"A ({table.attrs['cells_a']}) and {other} differ most in <b>{first}</b>.")
        allow(self.copy_button, True, "")

    def _fail(self, text: str) -> None:
        self.table.setRowCount(0)
        self.note.setText(text)
