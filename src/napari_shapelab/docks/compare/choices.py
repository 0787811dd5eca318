"""The boxes of the Compare dock that say what to compute, made from the declaration of `CompareParameters`."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QComboBox

from napari_shapelab.docks.compare.comparison import CompareParameters
from napari_shapelab.widgets.number_box import ignore_wheel

__all__ = ["choice_of", "ticks"]


def ticks() -> dict[str, QCheckBox]:
    """Return a box for each yes or no, by its name."""
    boxes, defaults = {}, CompareParameters()
    for name, info in CompareParameters.infos().items():
        if info.annotation is bool:
            boxes[name] = QCheckBox(info.label)
            boxes[name].setChecked(getattr(defaults, name))
            boxes[name].setToolTip(info.description)
    return boxes


def choice_of(name: str) -> QComboBox:
    """Return a box of the choices of one parameter."""
    info = CompareParameters.infos()[name]
    box = QComboBox()
    for choice in info.choices or ():
        box.addItem("all properties" if choice == "all" else str(choice), choice)
    box.setCurrentIndex(box.findData(info.default))
    box.setToolTip(info.description)
    ignore_wheel(box)
    return box
