"""The options of the Folders dock: those of the command line that most folders need, and a line for all others."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from napari_shapelab.widgets.number_box import NumberBox, ignore_wheel
from shapelab.errors import InputError

__all__ = ["VERBS", "FolderOptions"]

VERBS = {
    "measure": ("Measure", "Sizes, shapes and neighbours; for movies also velocities, events and means of each frame."),
    "compare": ("Compare", "Compare every file with a reference: one file, or the file of the same name in another folder."),
    "tensions": ("Tensions", "Infer interface tensions, or cell pressures."),
    "fit": ("Fit grains", "Describe grains or cells by a diagram: one row of numbers for each."),
}
"""Verb -> what the dock calls it, and what it does."""


@dataclass(frozen=True)
class _Tick:
    flag: str
    label: str
    tip: str
    verbs: tuple[str, ...]


_TICKS = (
    _Tick("--labels", "Read as labels", "Treat pixel values as labels, whatever the image looks like.", tuple(VERBS)),
    _Tick("--over-time", "All frames", "The files are movies: labels over time.", ("measure", "compare", "tensions")),
    _Tick("--link", "Link cells", "For movies whose labels do not follow the cells: link the cells by overlap.", ("measure", "compare")),
    _Tick("--periodic", "Periodic", "The images are periodic along all axes.", ("measure", "tensions")),
    _Tick("--border-cells", "Border cells", "Keep cells cut by the border of the image in the statistics.", ("compare",)),
    _Tick("--no-transport", "No transport", "Leave out the distance by optimal transport, which takes most of the time.", ("compare",)),
    _Tick("--cells", "Pressures", "List cell pressures instead of interface tensions.", ("tensions",)),
)
_TABLES = {
    "": "Cells or shapes",
    "--interfaces": "Interfaces between cells",
    "--angles": "Angles where three cells meet",
    "--events": "Events (all frames)",
    "--per-frame": "Means of each frame (all frames)",
}


class FolderOptions(QWidget):
    """The options; which are shown depends on the verb."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._verb = "measure"
        self.ticks = {tick.flag: QCheckBox(tick.label) for tick in _TICKS}
        self.table = QComboBox()
        self.voxel_size, self.unit, self.interval, self.more = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.jobs = NumberBox(whole=True, limits=(0, 256))
        self.jobs.setRange(0, 256)
        self.jobs.setSpecialValueText("one per core")
        self._grid, self._form = QGridLayout(), QFormLayout()
        self._build()

    def show_verb(self, verb: str) -> None:
        """Show the options of a verb."""
        self._verb = verb
        shown = [self.ticks[tick.flag] for tick in _TICKS if verb in tick.verbs]
        for box in self.ticks.values():
            self._grid.removeWidget(box)
            box.setVisible(box in shown)
        for number, box in enumerate(shown):
            self._grid.addWidget(box, number // 2, number % 2)
        self._form.setRowVisible(self.table, verb == "measure")
        self._form.setRowVisible(self.unit, verb != "tensions")
        self._form.setRowVisible(self.interval, verb in ("measure", "compare"))
        self.changed.emit()

    def words(self) -> tuple[str, ...]:
        """Return the arguments that are chosen.

        Raises
        ------
        InputError
            If the line of further options has an open quotation mark.
        """
        found = [tick.flag for tick in _TICKS if self._verb in tick.verbs and self.ticks[tick.flag].isChecked()]
        if self._verb == "measure" and self.table.currentData():
            found.append(self.table.currentData())
        for flag, line, verbs in self._lines():
            if self._verb in verbs and line.text().strip():
                found += [flag, *line.text().replace(",", " ").split()]
        if self.jobs.value() >= 1:
            found += ["--jobs", str(int(self.jobs.value()))]
        try:
            return (*found, *shlex.split(self.more.text()))
        except ValueError:
            raise InputError("More options: a quotation mark is not closed.") from None

    def _lines(self) -> tuple[tuple[str, QLineEdit, tuple[str, ...]], ...]:
        return (
            ("--voxel-size", self.voxel_size, tuple(VERBS)),
            ("--unit", self.unit, ("measure", "compare", "fit")),
            ("--interval", self.interval, ("measure", "compare")),
        )

    def _build(self) -> None:
        self._grid.setVerticalSpacing(2)
        for number, tick in enumerate(_TICKS):
            box = self.ticks[tick.flag]
            box.setToolTip(tick.tip)
            box.toggled.connect(self._tell)
            self._grid.addWidget(box, number // 2, number % 2)
        for flag, name in _TABLES.items():
            self.table.addItem(name, flag)
        self.table.setToolTip("What each row of the table describes.")
        self.table.activated.connect(self._tell)
        ignore_wheel(self.table)
        lines: tuple[tuple[QLineEdit, str, str], ...] = (
            (self.voxel_size, "as in the files", "One size, or one per axis (z y x); leave empty to use what the files state."),
            (self.unit, "as in the files", "Unit of the voxel size, such as um."),
            (self.interval, "as in the files", "For movies: time between two frames."),
            (self.more, "as on the command line", "Further options of the command, such as --channel 1; see shapelab COMMAND --help."),
        )
        for line, hint, tip in lines:
            line.setPlaceholderText(hint)
            line.setToolTip(tip)
            line.textChanged.connect(self._tell)
        self.jobs.setToolTip("How many files to process at once: 1 to 256, or one per core.")
        self.jobs.valueChanged.connect(self._tell)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Rows", self.table),
            ("Voxel size", self.voxel_size),
            ("Unit", self.unit),
            ("Interval", self.interval),
            ("Files at once", self.jobs),
            ("More options", self.more),
        )
        self._form.setVerticalSpacing(4)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, widget in rows:
            self._form.addRow(label, widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._grid)
        column.addLayout(self._form)

    @property
    def _tell(self) -> Callable[..., None]:
        return lambda *_: self.changed.emit()
