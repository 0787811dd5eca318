"""The tables of the dock: interfaces, strongest first, and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_shapelab.widgets.row_table import Column
from shapelab.infer import CellTypes, TensionClasses, Tensions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CELLS", "INTERFACES", "cell_rows", "interface_rows"]

INTERFACES = {
    "cells": Column("cells", "{}", "Labels of the cells on both sides.", 84, words=True),
    "tension": Column("tension", "{:.2f}", "Relative tension; the mean over all interfaces is 1.", 56),
    "error": Column("±", "{:.2f}", "Standard error.", 44),
    "class": Column("class", "{}", "Class of tension; 1 is the weakest.", 42),
    "misfit": Column(
        "misfit", "{:.2f}", "Unbalanced force relative to the pulls: 0 in a foam at rest; above 0.2, something else is pulling.", 48
    ),
    "undetermined": Column("reason", "{}", "Why the tension is undetermined.", words=True),
}
CELLS = {
    "label": Column("cell", "{:d}", "Label of the cell.", 60),
    "pressure": Column(
        "pressure", "{:.3g}", "Relative to the medium, or to the mean where there is none (mean tension / unit of length).", 66
    ),
    "error": Column("±", "{:.2g}", "Standard error.", 54),
    "size": Column("size", "{:.4g}", "Area of the cell, in 3-D its volume.", 66),
    "type": Column("type", "{:d}", "Type of cell that explains the tensions best; see the tab Classes.", 44),
    "cut": Column("cut", "{}", "Whether the border of the image cuts the cell.", words=True),
}


def interface_rows(tensions: Tensions, classes: TensionClasses) -> pd.DataFrame:
    """Return the rows of the table of interfaces, strongest first, what is undetermined last."""
    table = tensions.table()
    names = np.array([f"{a} – {b}" if a else f"medium – {b}" for a, b in tensions.pairs.tolist()], object)
    table.insert(0, "cells", names)
    table.insert(0, "row", np.arange(len(table)))
    table["class"] = np.array([str(number + 1) if number >= 0 else "" for number in classes.classes.tolist()], object)
    return table.sort_values("tension", ascending=False, na_position="last", kind="stable").reset_index(drop=True)


def cell_rows(tensions: Tensions, types: CellTypes) -> pd.DataFrame:
    """Return the rows of the table of cells, highest pressure first."""
    table = tensions.cells().reset_index().rename(columns={"area": "size", "volume": "size"})
    kind = dict(zip(types.labels.tolist(), types.types.tolist(), strict=True))
    table["type"] = [kind.get(int(label), 0) for label in table["label"]]
    table["cut"] = np.where(table["cut"], "cut", "")
    return table.sort_values("pressure", ascending=False, na_position="last", kind="stable").reset_index(drop=True)
