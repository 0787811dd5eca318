"""The table of grains: worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_shapelab.widgets.row_table import Column, RowTable
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GrainTableView"]


def _signed(part: float) -> str:
    return f"+{percent(part)}" if part > 0 else percent(part)


_COLUMNS = {
    "id": Column("grain", "{:d}", "Label of the grain.", 50),
    "wrong_pixels": Column("wrong", "{:d}", "Pixels that the diagram gives to another grain.", 66),
    "mismatch": Column("share", percent, "Share of the grain's pixels that the diagram gives to another grain.", 58),
    "volume_error": Column("volume", _signed, "Volume of the cell relative to that of the grain.", 66, order=abs),
    "reason": Column("why", "{}", "Why the grain is fitted badly, for the twenty worst.", words=True),
}


class GrainTableView(RowTable):
    """The table; its keys are the labels of the grains."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS, "id", "wrong_pixels")

    def show_table(self, table: pd.DataFrame | None) -> None:
        """Show another table, in its own order."""
        super().show_table(table)
        compared = table is not None and bool(table["wrong_pixels"].any())
        self.hide_columns(*(() if compared else ("wrong_pixels", "mismatch")))
