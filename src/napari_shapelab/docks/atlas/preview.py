"""What is known of one shape of an atlas, at a glance: a thumbnail, its parameters, its cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from shapelab.batch import AtlasMember, thumbnail

__all__ = ["AtlasPreview", "in_words"]

SIZE = 76
_HINT = (
    "Point at a shape to see it, click to open it. Ctrl-click picks several, a click beside them marks a place in between; "
    "Shift and draw round some to compare them."
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
        share = f" · {100 * member.mask.mean():.0f} % filled"
        self.text.setText(f"<b>{member.name}</b> · cluster {group + 1}{share}<br>{words}")


def in_words(parameters: Mapping[str, Any]) -> str:
    """Return parameters as one line."""
    return ", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in parameters.items())


def _pixmap(picture: np.ndarray) -> QPixmap:
    height, width = picture.shape[:2]
    data = np.ascontiguousarray(picture)
    return QPixmap.fromImage(QImage(data.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy())
