"""The table of measurements in a narrow dock."""

from __future__ import annotations

import pytest

from napari_shapelab.widgets.measurement_table import Measurements

VALUES = {"volume": 1.619e6, "area_per_volume": 0.005832, "surface_to_volume": 0.09411, "mean_curvature_standard_deviation": -1.234e-5}


@pytest.mark.parametrize("width", [300, 340, 600])
def test_names_are_broken_into_lines_and_numbers_shown_whole(qtbot, width):
    table = Measurements()
    qtbot.addWidget(table)
    for name in ("organs, start", "organs 20 as tubes, step 150"):
        table.add(name, VALUES, "mm")
    table.resize(width, 400)
    table.show()
    grid, names = table.table, table.table.verticalHeader()
    qtbot.waitUntil(lambda: names.isVisible() and grid.horizontalScrollBar().maximum() == 0)
    for row in range(grid.rowCount()):
        lines = grid.verticalHeaderItem(row).text().split("\n")
        assert " ".join(lines) == table.rows()[row + 1][0].replace("_", " ")
        assert names.sectionSize(row) >= len(lines) * names.fontMetrics().height()
        assert max(names.fontMetrics().horizontalAdvance(line) for line in lines) < names.width()
        for column in range(2):
            text = grid.item(row, column).text()
            assert grid.columnWidth(column) > grid.fontMetrics().horizontalAdvance(text)
    assert ("\n" in grid.verticalHeaderItem(3).text()) == (width < 600)
