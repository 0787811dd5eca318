"""Curves: which axis they get, and labels that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_shapelab.widgets.cursor_plot import CursorPlot
from napari_shapelab.widgets.plots import ScalarPlot


@pytest.fixture
def plot(qtbot):
    plot = ScalarPlot(ViewerModel(), "energy")
    qtbot.addWidget(plot)
    return plot


def test_a_curve_over_decades_gets_a_logarithmic_axis_until_the_user_chooses(plot):
    plot.extend([(step, {"energy": 1e5 * 0.5**step, "drift": step - 3.0}) for step in range(12)])
    assert plot.logarithmic.isChecked()
    plot.logarithmic.click()
    plot.extend([(12, {"energy": 1.0, "drift": 0.0})])
    assert not plot.logarithmic.isChecked()
    plot.choice.setCurrentIndex(plot.choice.findData("drift"))
    plot.choice.activated.emit(plot.choice.currentIndex())
    assert not plot.logarithmic.isEnabled()


@pytest.mark.parametrize(("low", "high", "size"), [(0.0, 0.8, 150.0), (2.2, 4.3, 160.0), (-3.0, 6.0, 120.0), (0.0, 30.0, 100.0)])
def test_labels_of_a_logarithmic_axis_are_apart_and_right(plot, low, high, size):
    axis = plot.plot.getAxis("left")
    axis.setLogMode(False, True)
    ((_, places),) = axis.tickValues(low, high, size)
    assert len(places) >= 1
    assert (np.diff(places) * size / (high - low) > 10).all()
    texts = axis.tickStrings(places, 1.0, 1.0)
    assert [float(text) for text in texts] == pytest.approx([10**place for place in places], rel=0.02)


def test_no_plot_shows_axes_before_it_has_a_curve(qtbot):
    from napari_shapelab.widgets.cursor_plot import CursorPlot

    plot = CursorPlot(ViewerModel(), "cells", "frame")
    qtbot.addWidget(plot)
    assert not any(plot.plot.getAxis(side).isVisible() for side in ("bottom", "left"))
    plot.show()
    plot.show_run(np.arange(3), {"cells": np.array([1.0, 2.0, 4.0])}, "cells")
    assert plot.plot.getAxis("bottom").isVisible()
    assert plot.plot.getAxis("bottom").labelText == "frame"


@pytest.mark.parametrize("steps", [[0], [7], [3, 4], [0, 1, 2]])
def test_an_axis_of_steps_has_no_tenths(qtbot, steps):
    plot = CursorPlot(ViewerModel(), "cells", "frame")
    qtbot.addWidget(plot)
    plot.show_run(np.array(steps), {"cells": np.ones(len(steps))}, "cells")
    low, high = plot.plot.viewRange()[0]
    ticks = [tick for _, level in plot.plot.getAxis("bottom").tickValues(low, high, 250) for tick in level]
    assert set(steps) <= {round(tick) for tick in ticks}
    assert all(tick == round(tick) for tick in ticks)
