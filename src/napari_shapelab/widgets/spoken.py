"""What a screen reader calls the parts of a dock: the name that stands beside them, or what they are for."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QFormLayout, QLabel, QLayoutItem, QWidget

__all__ = ["name_parts"]


def name_parts(dock: QWidget) -> None:
    """Give a name to every part that the Tab key stops at and that shows no text of its own."""
    beside = _labels(dock)
    for part in dock.findChildren(QWidget):
        if not part.focusPolicy() & Qt.FocusPolicy.TabFocus or part.accessibleName() or _text(part):
            continue
        name = _beside(part, dock, beside) or part.toolTip().partition(". ")[0].removesuffix(".")
        if name:
            part.setAccessibleName(name)


def _text(part: QWidget) -> str:
    return str(part.text()) if isinstance(part, QAbstractButton) else ""


def _labels(dock: QWidget) -> dict[QWidget, str]:
    """Return the label in front of each widget that stands in a form."""
    found: dict[QWidget, str] = {}
    for form in dock.findChildren(QFormLayout):
        for row in range(form.rowCount()):
            label, field = form.itemAt(row, QFormLayout.ItemRole.LabelRole), form.itemAt(row, QFormLayout.ItemRole.FieldRole)
            said = label.widget() if label is not None else None
            if isinstance(said, QLabel) and field is not None:
                found |= dict.fromkeys(_widgets(field), said.text().replace("&", ""))
    return found


def _widgets(item: QLayoutItem) -> list[QWidget]:
    """Return the widget of an item, or those of the layout that it is."""
    widget, layout = item.widget(), item.layout()
    if widget is not None:
        return [widget]
    return [] if layout is None else [part for k in range(layout.count()) for part in _widgets(layout.itemAt(k))]


def _beside(part: QWidget, dock: QWidget, labels: dict[QWidget, str]) -> str:
    """Return what stands beside a part, or beside what holds it."""
    holder: QWidget | None = part
    while holder is not None and holder is not dock:
        if name := labels.get(holder, "") or holder.accessibleName():
            return name
        holder = holder.parentWidget()
    return ""
