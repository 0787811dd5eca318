"""A sortable table of things in the picture: a row that is clicked is told, and a thing can be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QTableView
from superqt.utils import signals_blocked

from napari_shapelab.widgets.frame_model import FrameModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "RowTable"]


@dataclass(frozen=True)
class Column:
    """How a column of the data is shown."""

    heading: str
    form: str | Callable[[Any], str]
    """Of its values, as `str.format` takes it; or what writes one."""
    tip: str
    width: int = 60
    """[pixels]."""
    words: bool = False
    """Whether it holds words, which begin at the left and tell themselves in a tooltip."""
    order: Callable[[Any], Any] | None = None
    """What values are sorted by, if not by themselves."""


class _Model(FrameModel):
    def __init__(self, columns: Mapping[str, Column]) -> None:
        super().__init__()
        self.names, self.columns = list(columns), list(columns.values())

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        del parent
        return len(self.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.data_frame is None:
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and not column.words:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole and not (role == Qt.ItemDataRole.ToolTipRole and column.words):
            return None
        value = self.data_frame[self.names[index.column()]].iloc[index.row()]
        if value != value:  # NaN
            return "–" if role == Qt.ItemDataRole.DisplayRole else None
        if role != Qt.ItemDataRole.DisplayRole:
            return str(value) or None
        return column.form(value) if callable(column.form) else column.form.format(value)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].heading
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].tip
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if self.data_frame is None or column < 0:
            return
        self.layoutAboutToBeChanged.emit()
        ascending, key = order == Qt.SortOrder.AscendingOrder, self.columns[column].order
        self.data_frame = self.data_frame.sort_values(self.names[column], ascending=ascending, kind="stable", key=key).reset_index(
            drop=True
        )
        self.layoutChanged.emit()


class RowTable(QTableView):
    """The table.

    Parameters
    ----------
    columns
        Columns of the data that are shown, by name.
    key
        Column that says what each row is of: whole numbers of any size.
    sorted_by
        Column by which the data come sorted, falling.
    """

    chosen = Signal(object)  # an id of any size: Signal(int) ends at 2**31
    """The key (int) of a row that the user has clicked, or moved to with the arrow keys."""

    selected_changed = Signal(object)
    """The key (int) of the row that is now selected, by whatever hand."""

    def __init__(self, columns: Mapping[str, Column], key: str, sorted_by: str) -> None:
        super().__init__()
        self._by_hand = True
        self._key, self._first = key, list(columns).index(sorted_by)
        self._model = _Model(columns)
        self.setModel(self._model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(self._first, Qt.SortOrder.DescendingOrder)
        for number, column in enumerate(columns.values()):
            self.setColumnWidth(number, column.width)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setMinimumSectionSize(30)
        self.horizontalHeader().setStyleSheet("QHeaderView::section { padding: 2px 4px; }")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.selectionModel().currentRowChanged.connect(self._on_row)
        self.setMinimumHeight(110)

    def sizeHint(self) -> QSize:
        """Return a modest size: docks are narrow."""
        return QSize(320, 120)

    def show_table(self, table: pd.DataFrame | None) -> None:
        """Show another table, in its own order."""
        header = self.horizontalHeader()
        with signals_blocked(header):
            header.setSortIndicator(self._first, Qt.SortOrder.DescendingOrder)
        self._model.show(table)

    def hide_columns(self, *names: str) -> None:
        """Show all columns but these."""
        for number, name in enumerate(self._model.names):
            self.setColumnHidden(number, name in names)

    def select(self, key: int) -> bool:
        """Select a row without `chosen`; return whether there is one."""
        table = self._model.data_frame
        if table is None:
            return False
        rows = (table[self._key] == key).to_numpy().nonzero()[0]
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
        """The key of the row that is selected."""
        row = self.currentIndex().row()
        table = self._model.data_frame
        return None if table is None or row < 0 else int(table[self._key].iloc[row])

    def _on_row(self, current: QModelIndex, previous: QModelIndex) -> None:
        del previous
        if not current.isValid() or self.selected is None:
            return
        self.selected_changed.emit(self.selected)
        if self._by_hand:
            self.chosen.emit(self.selected)
