"""Curves: which axis they get, and labels that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.colormaps import ensure_colormap

from napari_shapelab.widgets.colour_scale import ColourScale
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


@pytest.mark.parametrize("step", [0, 7])
def test_a_run_of_one_step_is_shown_between_its_neighbours_until_the_next(plot, step):
    plot.extend([(step, {"energy": 3.0})])
    assert plot.plot.viewRange()[0] == pytest.approx([step - 1, step + 1], abs=0.2)
    plot.extend([(step + 100, {"energy": 2.0})])
    plot.plot.getViewBox().updateAutoRange()  # as it is before it is painted
    low, high = plot.plot.viewRange()[0]
    assert low <= step
    assert high >= step + 100


def test_a_low_plot_gives_the_room_of_the_axis_name_to_the_curve(plot, qtbot):
    plot.extend([(step, {"energy": 0.55 + 0.01 * step}) for step in range(20)])
    axis = plot.plot.getAxis("bottom")
    for height, named in ((300, True), (100, False), (300, True)):
        plot.resize(300, height)
        with qtbot.waitExposed(plot):
            plot.show()
        assert axis.label.isVisible() == named
        assert ("step" in plot.plot.toolTip()) != named
    left = plot.plot.getAxis("left")
    for size in (20.0, 40.0, 200.0):
        levels = left.tickSpacing(0.5, 0.8, size)
        assert len(levels) == 1 or all(spacing * size / 0.3 >= 16 for spacing, _ in levels)


def test_a_scale_of_colours_is_as_wide_whatever_its_numbers(qtbot):
    scale = ColourScale()
    qtbot.addWidget(scale)
    widths = set()
    for low, high in ((0.0, 1.0), (3.14e-6, 0.0801), (740.8, 750.61), (-1.234567, 0.00012)):
        scale.show_range(ensure_colormap("viridis"), low, high)
        widths.add(scale.sizeHint().width())
    assert len(widths) == 1
    scale.show_range(ensure_colormap("viridis"), 3.14e-6, 0.0801)
    assert (scale.low.text(), scale.high.text()) == ("0", "0.0801")


def test_a_scale_of_colours_does_not_widen_a_narrow_dock(qtbot):
    scale = ColourScale()
    qtbot.addWidget(scale)
    scale.show_range(ensure_colormap("viridis"), 0.4, 3.5)
    letters = scale.fontMetrics()
    assert scale.minimumSizeHint().width() <= letters.horizontalAdvance("0.43.5") + 50 < scale.sizeHint().width() - 50
    scale.resize(scale.minimumSizeHint())
    scale.show()
    for end in (scale.low, scale.high):
        assert end.width() >= letters.horizontalAdvance(end.text())
    assert scale.bar.width() >= 24


def test_the_name_of_the_lower_axis_is_not_cut_off(plot):
    plot.extend([(step, {"energy": 1.0 + step}) for step in range(3)])
    plot.resize(300, 220)
    plot.show()
    label = plot.plot.getAxis("bottom").label
    assert label.isVisible()
    assert label.sceneBoundingRect().bottom() <= plot.plot.height()
