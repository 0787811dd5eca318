"""A table of grains: sortable, worst first; a row that is clicked is told, and a grain can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QTableView

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GrainTableView"]

_COLUMNS = {
    "id": ("grain", "{:d}", "Label of the grain."),
    "wrong_pixels": ("wrong", "{:d}", "Pixels that the diagram gives to another grain."),
    "mismatch": ("share", "{:.1%}", "Share of the grain's pixels that the diagram gives to another grain."),
    "volume_error": ("volume", "{:+.1%}", "Volume of the cell against that of the grain."),
    "reason": ("why", "{}", "What the grain's shape says, for the twenty worst."),
}
"""Column of the data -> heading, format, tooltip."""
_WIDTHS = (50, 66, 58, 66)


class _Model(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.data_frame: pd.DataFrame | None = None

    def show(self, table: pd.DataFrame | None) -> None:
        self.beginResetModel()
        self.data_frame = table
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        del parent
        return 0 if self.data_frame is None else len(self.data_frame)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        del parent
        return len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.data_frame is None:
            return None
        name = list(_COLUMNS)[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[name][1].format(self.data_frame[name].iloc[index.row()])
        if role == Qt.ItemDataRole.ToolTipRole and name == "reason":
            return str(self.data_frame[name].iloc[index.row()]) or None
        if role == Qt.ItemDataRole.TextAlignmentRole and name != "reason":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return list(_COLUMNS.values())[section][0]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return list(_COLUMNS.values())[section][2]
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if self.data_frame is None or column < 0:
            return
        name = list(_COLUMNS)[column]
        key = abs if name == "volume_error" else None
        self.layoutAboutToBeChanged.emit()
        ascending = order == Qt.SortOrder.AscendingOrder
        self.data_frame = self.data_frame.sort_values(name, ascending=ascending, kind="stable", key=key).reset_index(drop=True)
        self.layoutChanged.emit()


class GrainTableView(QTableView):
    """The table."""

    chosen = Signal(object)  # an id of any size: Signal(int) ends at 2**31
    """The label (int) of a grain that the user has clicked, or moved to with the arrow keys."""

    selected_changed = Signal(object)
    """The label (int) of a grain whose row is now selected, by whatever hand."""

    def __init__(self) -> None:
        super().__init__()
        self._by_hand = True
        self._model = _Model()
        self.setModel(self._model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(1, Qt.SortOrder.DescendingOrder)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, width)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setMinimumSectionSize(30)
        self.horizontalHeader().setStyleSheet("QHeaderView::section { padding: 2px 4px; }")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.selectionModel().currentRowChanged.connect(self._on_row)
        self.setMinimumHeight(110)

    def sizeHint(self) -> QSize:
        """Return a modest size: docks are narrow."""
        return QSize(320, 190)

    def show_table(self, table: pd.DataFrame | None) -> None:
        """Show another table, in its own order."""
        header = self.horizontalHeader()
        was = header.blockSignals(True)
        header.setSortIndicator(1, Qt.SortOrder.DescendingOrder)
        header.blockSignals(was)
        self._model.show(table)
        compared = table is not None and bool(table["wrong_pixels"].any())
        for column, name in enumerate(_COLUMNS):
            self.setColumnHidden(column, name in ("wrong_pixels", "mismatch") and not compared)

    def select(self, grain: int) -> bool:
        """Select a grain's row without `chosen`; return whether there is one."""
        table = self._model.data_frame
        if table is None:
            return False
        rows = (table["id"] == grain).to_numpy().nonzero()[0]
        if not len(rows):
            return False
        index = self._model.index(int(rows[0]), 0)
        flags = QItemSelectionModel.SelectionFlag
        self._by_hand = False
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self._by_hand = True
        self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    @property
    def selected(self) -> int | None:
        """The label of the grain whose row is selected."""
        row = self.currentIndex().row()
        table = self._model.data_frame
        return None if table is None or row < 0 else int(table["id"].iloc[row])

    def _on_row(self, current: QModelIndex, previous: QModelIndex) -> None:
        del previous
        if not current.isValid() or self.selected is None:
            return
        self.selected_changed.emit(self.selected)
        if self._by_hand:
            self.chosen.emit(self.selected)
