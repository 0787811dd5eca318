"""What holds for every dock: the Tab key goes as one reads, every input is explained, and small windows show all of it."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_shapelab.run.fit_cells import FitCellsPanel
from napari_shapelab.widgets.fields import TupleField
from napari_shapelab.widgets.form import Form, collapsible
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.number_box import NumberBox
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.widgets.tabs_below import TabsBelow
from napari_shapelab.work.movies import MoviesPanel
from napari_shapelab.work.render import RenderPanel
from shapelab.catalog import create, families, scenarios
from shapelab.units import shown_unit

DOCKS = ["Curvatubes", "Cells", "Crystals", "Compare", "Atlas", "Replay", "Tensions", "Foam", "Folders"]
PANELS = {"Fit cells": FitCellsPanel, "Movies": MoviesPanel, "Microscope image": RenderPanel}
FIRST_BUTTON = {"Crystals": "Fit", "Compare": "Compare", "Replay": "Play", "Tensions": "Infer"}
WIDEST = {"Curvatubes": 380}
"""Least width of a dock, if it is not 400 at most [pixels]."""
ROW = 8
"""How far the middles of widgets of one row may be apart [pixels]."""


def opened(viewer, name: str) -> QWidget:
    _, dock = viewer.window.add_plugin_dock_widget("napari-shapelab", name)
    return dock


def focus_chain(dock: QWidget) -> list[QWidget]:
    """Return what the Tab key stops at in a dock, were all of it enabled.

    The walk ends at the last of them: PySide6 takes each widget for a child of the one before it, and the viewer must not become one.
    """
    stops = [widget for widget in dock.findChildren(QWidget) if stops_tab(widget) and widget.isVisibleTo(dock)]
    chain, widget = [], dock
    while len(chain) < len(stops):
        widget = widget.nextInFocusChain()
        if widget in stops:
            chain.append(widget)
    return chain


def stops_tab(widget: QWidget) -> bool:
    """Return whether the Tab key stops at a widget."""
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None


def places(before: QWidget, after: QWidget, dock: QWidget) -> list[QPoint]:
    """Return the middles of the left sides of two widgets; of one in a scroll area that of the area, unless both are in it."""
    areas = [next((area for area in dock.findChildren(QScrollArea) if area.isAncestorOf(w)), None) for w in (before, after)]
    shown = (before, after) if areas[0] is areas[1] else [area or w for area, w in zip(areas, (before, after), strict=True)]
    return [widget.mapTo(dock, QPoint(0, widget.height() // 2)) for widget in shown]


def jumps(dock: QWidget) -> list[str]:
    """Return where the Tab key goes neither down nor on in a row."""
    found = []
    for before, after in pairwise(focus_chain(dock)):
        p, q = places(before, after, dock)
        below, beside = q.y() > p.y() + ROW, abs(q.y() - p.y()) <= ROW and q.x() >= p.x()
        if not (below or beside):
            found.append(f"{type(before).__name__} at {p.x()}, {p.y()} is followed by {type(after).__name__} at {q.x()}, {q.y()}")
    return found


def tooltip(widget: QWidget, dock: QWidget) -> str:
    """Return what Qt shows over a widget: its own tip, or that of what it is in."""
    while not widget.toolTip() and widget is not dock:
        widget = widget.parentWidget()
    return widget.toolTip()


@pytest.mark.parametrize("name", DOCKS)
def test_the_tab_key_goes_through_a_dock_as_one_reads_it(viewer, qtbot, name):
    viewer.window.resize(1366, 740)
    dock = opened(viewer, name)
    with contextlib.suppress(qtbot.TimeoutError):  # the window may still be laying it out
        qtbot.waitUntil(lambda: not jumps(dock), timeout=30_000)
    assert jumps(dock) == []
    texts = [widget.text() for widget in focus_chain(dock) if isinstance(widget, QPushButton)]
    assert FIRST_BUTTON.get(name, "Run") in texts


@pytest.mark.parametrize("name", DOCKS)
def test_every_input_of_a_dock_has_a_tip_and_numbers_say_what_is_allowed(viewer, name):
    dock = opened(viewer, name)
    kinds = (QAbstractSpinBox, QCheckBox, QComboBox, QLineEdit, QPushButton, QSlider)
    inputs = [widget for kind in kinds for widget in dock.findChildren(kind)]
    inner = {id(widget) for box in dock.findChildren(QAbstractSpinBox) for widget in box.findChildren(QLineEdit)}
    for widget in inputs:
        if id(widget) in inner or widget.objectName().startswith("qt_"):
            continue
        tip = tooltip(widget, dock)
        assert tip, f"{type(widget).__name__} {getattr(widget, 'text', str)()!r} of {name} has no tip"
        if isinstance(widget, QAbstractSpinBox) and not isinstance(widget.parentWidget(), TupleField):
            assert re.search(r"\d|any number", tip), f"{tip!r} does not say which numbers are allowed"


@pytest.mark.parametrize("name", [*DOCKS, *PANELS])
def test_every_part_has_a_name_to_be_read_out_and_what_is_disabled_says_why(viewer, name):
    dock = PANELS[name].open(viewer) if name in PANELS else opened(viewer, name)
    for widget in dock.findChildren(QWidget):
        if not stops_tab(widget):
            continue
        said = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
        tip = tooltip(widget, dock)
        assert said or isinstance(widget, QTabBar | QAbstractItemView), f"{type(widget).__name__} with the tip {tip!r} has no name"
        if isinstance(widget, QPushButton | QCheckBox) and widget.testAttribute(Qt.WidgetAttribute.WA_ForceDisabled):
            assert tip.startswith(str(widget.property("tip"))), f"{said!r} does not say why it is disabled"
            assert len(tip) > len(str(widget.property("tip"))), f"{said!r} does not say why it is disabled"


@pytest.mark.parametrize("family", list(families()))
def test_every_number_of_every_form_says_its_range_and_unit(qtbot, family):
    for name in scenarios(family):
        parameters = create(family, name).parameters
        form = Form(parameters)
        qtbot.addWidget(form)
        for field, info in type(parameters).infos().items():
            boxes = form.fields[field].findChildren(NumberBox)
            if boxes:
                tip = form.fields[field].toolTip()
                assert info.description in tip
                assert "Allowed:" in tip or len(boxes) > 1, f"{name}.{field}: {tip}"
                assert not info.unit or shown_unit(info.unit) in tip, f"{name}.{field}: {tip}"


def cut_off(dock: QWidget) -> list[QScrollArea]:
    """Return the scrolled parts of a dock that are narrower than what is in them."""
    areas = [area for area in dock.findChildren(QScrollArea) if area.isVisibleTo(dock) and area.widget() is not None]
    return [area for area in areas if area.widget().minimumSizeHint().width() > area.viewport().width() and type(area) is not MessageLine]


@pytest.mark.parametrize("name", DOCKS)
def test_a_dock_in_a_small_window_is_not_cut_off_and_leaves_half_of_it(viewer, qtbot, name):
    viewer.window.resize(800, 570)
    qtbot.wait(50)
    dock = opened(viewer, name)
    window = viewer.window._qt_window
    qtbot.waitUntil(lambda: window.height() <= 572 and not cut_off(dock), timeout=30_000)
    assert dock.minimumSizeHint().height() <= 600
    assert dock.minimumSizeHint().width() <= WIDEST.get(name, 400)
    assert window.width() <= 800
    assert viewer.window._qt_viewer.canvas.native.width() >= 400


def test_what_is_folded_is_not_reached_by_the_tab_key(qtbot):
    button = QPushButton("inside")
    box = collapsible("Advanced", button)
    qtbot.addWidget(box)
    box.show()
    assert not button.isVisible()
    box.expand(animate=False)
    assert button.isVisible()
    box.collapse(animate=False)
    assert not button.isVisible()


def test_the_order_is_that_of_the_layout_and_not_of_making(qtbot):
    third, first, second, fourth = (QPushButton(text) for text in "3124")
    whole = QWidget()
    qtbot.addWidget(whole)
    column = QVBoxLayout(whole)
    for button in (third, first, second, fourth):
        button.setParent(whole)
    for button in (first, second, third, fourth):
        column.addWidget(button)
    order_tabs(whole)
    whole.show()
    assert [widget.text() for widget in focus_chain(whole)] == ["1", "2", "3", "4"]


def parts(qtbot, height: int, wanted: int) -> TabsBelow:
    above, tabs = QWidget(), QTabWidget()
    form = Sized(wanted)
    form.setMinimumHeight(100)
    QVBoxLayout(above).addWidget(form)
    tabs.addTab(Sized(150), "Page")
    tabs.widget(0).setMinimumHeight(150)
    split = TabsBelow(above, tabs)
    split.folds = True
    qtbot.addWidget(split)
    split.resize(300, height)
    split.show()
    return split


class Sized(QWidget):
    """A widget that asks for a height."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self._wanted = height

    def sizeHint(self):
        size = super().sizeHint()
        size.setHeight(self._wanted)
        return size


def test_tabs_have_what_a_form_leaves_but_no_less_than_they_need(qtbot):
    roomy = parts(qtbot, 900, 300)
    assert abs(roomy.sizes()[0] - roomy.widget(0).sizeHint().height()) <= 2
    tight = parts(qtbot, 500, 600)
    assert tight.sizes()[1] >= tight.widget(1).minimumSizeHint().height() - 1
    assert not tight.folded


@pytest.mark.parametrize("height", range(200, 501, 30))
def test_open_tabs_leave_a_form_room_for_some_rows(qtbot, height):
    split = parts(qtbot, height, 600)
    form, bar = split.sizes()[0], split.widget(1).tabBar().sizeHint().height()
    assert form >= 170 or (split.folded and abs(height - form - bar) <= split.handleWidth() + 1)


def test_tabs_fold_in_a_low_window_and_a_click_opens_them(qtbot):
    low = parts(qtbot, 220, 600)
    assert low.folded
    bar = low.widget(1).tabBar()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(0).center())
    assert not low.folded
