"""Combo of the presets or scenarios of a family, under their headings, with a description below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from shapelab.catalog import Scenario

__all__ = ["PresetCombo"]

_ORANGE = "color: #e0a030;"


class PresetCombo(QWidget):
    """Choice of a preset.

    Parameters
    ----------
    scenarios
        Name -> scenario, in the order of the list.
    problems
        One sentence for every file or scenario that cannot be used; they end the list, and stand below it.
    """

    chosen = Signal(str)
    """The user has chosen this preset."""

    def __init__(self, scenarios: Mapping[str, Scenario], problems: Sequence[str] = ()) -> None:
        super().__init__()
        self._scenarios = scenarios
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.box = QComboBox()
        self.box.setMaxVisibleItems(30)
        narrow(self.box, 12)
        self.box.setToolTip("What to grow. Every setting below can be changed afterwards.")
        model = QStandardItemModel(self.box)
        group = None
        for name, scenario in scenarios.items():
            if scenario.group and scenario.group != group:
                group = scenario.group
                model.appendRow(_heading(group))
            model.appendRow(_entry(name, scenario))
        if problems:
            model.appendRow(_heading("Cannot be used"))
        for problem in problems:
            model.appendRow(_broken(problem))
        self.box.setModel(model)
        self.box.activated.connect(lambda _: self.chosen.emit(self.box.currentData()))
        ignore_wheel(self.box)
        self.description = QLabel()
        self.description.setWordWrap(True)
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self.warning.setStyleSheet(_ORANGE)
        self.problems = QLabel("\n".join(problems))
        self.problems.setWordWrap(True)
        self.problems.setStyleSheet(_ORANGE)
        self.problems.setVisible(bool(problems))
        for widget in (self.box, self.description, self.warning, self.problems):
            layout.addWidget(widget)

    @property
    def name(self) -> str:
        """Name of the preset that is selected."""
        return str(self.box.currentData())

    @property
    def scenario(self) -> Scenario:
        """The preset that is selected."""
        return self._scenarios[self.name]

    def select(self, name: str) -> None:
        """Select a preset, without `chosen`."""
        self.box.setCurrentIndex(self.box.findData(name))

    def describe(self, description: str, warning: str) -> None:
        """Show a sentence or two below, and a warning."""
        self.description.setText(description)
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))


def _heading(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    font = item.font()
    font.setBold(True)
    item.setFont(font)
    return item


def _broken(problem: str) -> QStandardItem:
    item = QStandardItem(f"   {problem}")
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    item.setToolTip(problem)
    return item


def _entry(name: str, scenario: Scenario) -> QStandardItem:
    item = QStandardItem(f"   {scenario.title}")
    item.setData(name, Qt.ItemDataRole.UserRole)
    item.setToolTip(" ".join(part for part in (scenario.description, scenario.warning) if part))
    return item
