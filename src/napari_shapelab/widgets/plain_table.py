"""A table of words and numbers to look at, such as the first rows of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, QSize, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_shapelab.widgets.frame_model import FrameModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlainTable"]

_WIDEST = 260
"""Width beyond which a column is not made for its content [pixels]."""


class _Model(FrameModel):
    def columnCount(self, parent: QModelIndex | None = None) -> int:
        del parent
        return 0 if self.data_frame is None else len(self.data_frame.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.data_frame is None or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        text = str(self.data_frame.iat[index.row(), index.column()])
        return _rounded(text) if role == Qt.ItemDataRole.DisplayRole else text

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or self.data_frame is None:
            return None
        return str(self.data_frame.columns[section]) if orientation == Qt.Orientation.Horizontal else str(section + 1)


class PlainTable(QTableView):
    """Shows a table; nothing in it can be changed.

    Parameters
    ----------
    sentences
        The last column holds sentences: it takes the width that is left, and they wrap.
    """

    def __init__(self, *, sentences: bool = False) -> None:
        super().__init__()
        self._model = _Model()
        self.setModel(self._model)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        if sentences:
            self.horizontalHeader().setStretchLastSection(True)
            self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        else:
            self.horizontalHeader().setMaximumSectionSize(_WIDEST)
        self.setMinimumHeight(110)

    def sizeHint(self) -> QSize:
        """Return a modest size: docks are narrow."""
        return QSize(320, 160)

    def show_table(self, table: pd.DataFrame | None) -> None:
        """Show a table, or nothing."""
        self._model.show(table)
        self.resizeColumnsToContents()


def _rounded(text: str) -> str:
    """Return a number with a point to five digits, anything else as it is."""
    if "." not in text:
        return text
    try:
        return f"{float(text):.5g}"
    except ValueError:
        return text
