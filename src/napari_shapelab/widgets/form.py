"""Parameters -> form: the one declaration of the fields becomes labels, units, ranges, tooltips and live fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_shapelab.widgets.fields import Field, make_field
from napari_shapelab.widgets.message import WRONG
from shapelab.errors import ParameterError
from shapelab.parameters import ParameterInfo, Parameters

__all__ = ["Form", "collapsible"]

_MARK = f"border: 1px solid {WRONG};"


class Form(QWidget):
    """A form for one class of parameters.

    Parameters
    ----------
    parameters
        What to show first; its class says which fields there are.
    only, hidden
        Names of the fields to show, or to leave out. Fields that are not shown keep their values.
    flat
        Show all fields at first sight, without an "Advanced" part.
    """

    changed = Signal(str)
    """The user has changed this field, to a value that is allowed."""
    validity_changed = Signal(bool)
    problem_changed = Signal(str)
    """Why what is entered is not allowed, "" once it is."""
    noticed = Signal(str)
    """Something was typed that a field cannot take; the value is the one before."""

    def __init__(
        self, parameters: Parameters, *, only: Iterable[str] | None = None, hidden: Iterable[str] = (), flat: bool = False
    ) -> None:
        super().__init__()
        self._valid = parameters
        self._problem = ""
        self._running = False
        infos = type(parameters).infos()
        names = list(only) if only is not None else list(infos)
        self._infos = {name: infos[name] for name in names if name not in set(hidden)}
        self.fields: dict[str, Field] = {}
        self._labels: dict[str, QLabel] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        main, advanced = _grid(), _grid()
        for info in self._infos.values():
            self._add(info, main if info.main or flat else advanced)
        layout.addLayout(main)
        self.advanced: QCollapsible | None = None
        if advanced.rowCount():
            holder = QWidget()
            holder.setLayout(advanced)
            self.advanced = collapsible("Advanced", holder)
            layout.addWidget(self.advanced)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setStyleSheet(f"color: {WRONG};")
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._message.hide()
        layout.addWidget(self._message)
        self.set_values(parameters)

    @property
    def parameters(self) -> Parameters:
        """What is entered; ParameterError, with the sentence shown, if it is not allowed."""
        if self._problem:
            raise ParameterError(self._problem)
        return self._valid

    @property
    def problem(self) -> str:
        """Why what is entered is not allowed, "" if it is."""
        return self._problem

    def values(self) -> dict[str, Any]:
        """Return what is entered, allowed or not."""
        return {name: field.value() for name, field in self.fields.items()}

    def set_values(self, values: Parameters | Mapping[str, Any]) -> None:
        """Show `values` (all fields, or some); `changed` is not emitted."""
        new = values if isinstance(values, Parameters) else self._valid.replace(**values)
        for name, field in self.fields.items():
            field.set_value(getattr(new, name))
        self._valid = new
        self._tell({})

    def set_running(self, running: bool) -> None:
        """While a simulation runs, only its live fields can be changed."""
        self._running = running
        for name, field in self.fields.items():
            free = not running or self._infos[name].live
            field.setEnabled(free)
            self._labels[name].setEnabled(free)

    def enable(self, names: Iterable[str], enabled: bool) -> None:
        """Let fields be changed, or show that they are of no use now; those that are not shown are passed over."""
        for name in set(names) & self.fields.keys():
            self.fields[name].setEnabled(enabled)
            self._labels[name].setEnabled(enabled)

    def blame(self, wrong: Mapping[str, str]) -> None:
        """Mark fields as wrong, with the sentence that says why, until the next change."""
        self._tell(wrong)

    def _add(self, info: ParameterInfo, layout: QFormLayout) -> None:
        field = make_field(info)
        label = QLabel(info.label)
        tip = _tooltip(info)
        field.setToolTip(tip)
        label.setToolTip(tip)
        field.setAccessibleName(info.label)
        field.changed.connect(lambda name=info.name: self._on_changed(name))
        field.refused.connect(lambda text, label=info.label: self.noticed.emit(f"{label}: {text}"))
        layout.addRow(label, field)
        self.fields[info.name] = field
        self._labels[info.name] = label

    def _on_changed(self, name: str) -> None:
        values = self.values()
        try:
            self._valid = self._valid.replace(**values)
        except ParameterError as error:
            self._tell(self._blame(values) or {name: str(error)})
            return
        self._tell({})
        self.changed.emit(name)

    def _blame(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return name -> sentence of the fields that are wrong by themselves."""
        wrong = {}
        for name, value in values.items():
            try:
                self._valid.replace(**{name: value})
            except ParameterError as error:
                wrong[name] = str(error)
        return wrong

    def _tell(self, wrong: Mapping[str, str]) -> None:
        for name, field in self.fields.items():
            field.setStyleSheet(_MARK if name in wrong else "")
            field.setToolTip(wrong.get(name) or _tooltip(self._infos[name]))
        before, self._problem = self._problem, " ".join(dict.fromkeys(wrong.values()))
        self._message.setText(self._problem)
        self._message.setVisible(bool(self._problem))
        if bool(before) != bool(self._problem):
            self.validity_changed.emit(not self._problem)
        if before != self._problem:
            self.problem_changed.emit(self._problem)


def collapsible(title: str, content: QWidget, *, expanded: bool = False) -> QCollapsible:
    """Return `content` under a title that opens and closes it."""
    box = QCollapsible(title, expandedIcon="▾", collapsedIcon="▸")
    box.setDuration(0)
    box.layout().setContentsMargins(0, 0, 0, 0)
    box.setContent(content)
    box.toggleButton().setToolTip("Show or hide what is under this title.")
    box.toggled.connect(content.setVisible)  # else the Tab key goes through what is not seen
    (box.expand if expanded else box.collapse)(animate=False)  # superqt leaves content that it is given open
    content.setVisible(expanded)
    return box


def _grid() -> QFormLayout:
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(8)
    layout.setVerticalSpacing(4)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return layout


def _tooltip(info: ParameterInfo) -> str:
    """Return the description, what is allowed, the unit and whether it acts while running."""
    parts = [info.description]
    if info.allowed:
        parts.append(f"Allowed: {info.allowed}.")
    elif info.unit:
        parts.append(f"Unit: {info.unit}.")
    if info.live:
        parts.append("Can be changed while the simulation runs.")
    return "<p>" + "</p><p>".join(parts) + "</p>"
