"""What the models of all tables of numbers share: the data, and as many rows as they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QAbstractTableModel, QModelIndex

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrameModel"]


class FrameModel(QAbstractTableModel):
    """The rows of a data frame, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.data_frame: pd.DataFrame | None = None

    def show(self, table: pd.DataFrame | None) -> None:
        """Show another table."""
        self.beginResetModel()
        self.data_frame = table
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        del parent
        return 0 if self.data_frame is None else len(self.data_frame)
