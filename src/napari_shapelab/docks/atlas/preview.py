"""What is known of one shape of an atlas, at a glance: a thumbnail, its parameters, its cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from shapelab.batch import AtlasMember, thumbnail
from shapelab.units import percent, shown_unit

__all__ = ["AtlasPreview", "in_words"]

SIZE = 64
_GROWN = frozenset({"shape", "seed", "unit", "voxel_size"})
"""Parameters that are told elsewhere, or in words of their own."""
_HINT = (
    "Hover over a point to see its shape, click to open it. Ctrl-click picks several; a click between points marks a mixture. "
    "Hold Shift and draw around points to compare them."
)


class AtlasPreview(QWidget):
    """A row of fixed height: thumbnail on the left, words on the right."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmaps: dict[int, QPixmap] = {}
        self.picture = QLabel()
        self.picture.setFixedSize(SIZE, SIZE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = QLabel(_HINT)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.picture)
        row.addWidget(self.text, 1)
        self.setFixedHeight(SIZE + 4)

    def clear(self) -> None:
        """Show the hint, and forget the thumbnails."""
        self._pixmaps.clear()
        self.picture.setPixmap(QPixmap())
        self.text.setText(_HINT)

    def show_member(self, index: int, member: AtlasMember, group: int) -> None:
        """Show a member; its thumbnail is drawn once."""
        if index not in self._pixmaps:
            self._pixmaps[index] = _pixmap(thumbnail(member.shape, SIZE))
        self.picture.setPixmap(self._pixmaps[index])
        words = in_words(member.parameters)
        share = f" · {percent(member.mask.mean())} filled"
        self.text.setText(f"<b>{member.name}</b> · cluster {group + 1}{share}<br>{words}")


def in_words(parameters: Mapping[str, Any]) -> str:
    """Return the parameters of the texture as one line; what only says how it is grown is left out."""
    shown = {name.replace("_", " "): value for name, value in parameters.items() if name not in _GROWN}
    if "voxel_size" in parameters:
        shown["voxel size"] = f"{parameters['voxel_size']:.3g} {shown_unit(str(parameters.get('unit', '')))}".strip()
    return ", ".join(f"{name} {_number(value)}" for name, value in shown.items())


def _number(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(f'{one:.2g}' for one in value)})"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _pixmap(picture: np.ndarray) -> QPixmap:
    height, width = picture.shape[:2]
    data = np.ascontiguousarray(picture)
    return QPixmap.fromImage(QImage(data.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy())
