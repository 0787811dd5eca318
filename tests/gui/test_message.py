"""The message line: one height whatever it says, and nothing that is no longer true."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_shapelab.widgets.button import push_button
from napari_shapelab.widgets.message import WRONG, MessageLine
from napari_shapelab.widgets.wrapped_label import WrappedLabel


@pytest.fixture
def line(qtbot):
    holder = QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    line = MessageLine(lines=2)
    column.addWidget(line)
    column.addWidget(push_button("Run", "Run."))
    holder.resize(300, 200)
    holder.show()
    qtbot.waitExposed(holder)
    yield line
    holder.close()


@pytest.mark.parametrize("text", ["", "Ready.", "A sentence that is much longer than the line is wide. " * 12])
def test_buttons_do_not_move_whatever_is_said(line, qtbot, text):
    button = line.parentWidget().layout().itemAt(1).widget()
    before = button.geometry()
    line.say(text, wrong=True)
    qtbot.wait(10)
    assert button.geometry() == before
    assert line.text() == text
    assert line.widget().height() >= line.widget().heightForWidth(line.widget().width()) or not text  # whole, by scrolling


def test_what_is_wrong_is_red_until_it_is_right_again(line):
    line.say("Settled.")
    line.hold("form", "mass = 7 is not allowed.")
    assert line.text() == "mass = 7 is not allowed.\nSettled."
    assert line.wrong
    assert WRONG in line.widget().styleSheet()
    line.hold("form", "")
    assert line.text() == "Settled."
    assert not line.wrong
    assert line.widget().styleSheet() == ""


def test_each_thing_is_said_once_and_taken_back_by_its_own_words(line):
    line.hold("volume", "The volumes are 3 % off.")
    line.hold("volume", "The volumes are 5 % off.")
    assert line.text() == "The volumes are 5 % off."
    line.hold("volume", "")
    line.say("Paint in 2-D.", wrong=True)
    line.retract("Something else.")
    assert line.text() == "Paint in 2-D."
    line.retract("Paint in 2-D.")
    assert line.text() == ""


def test_what_has_happened_passes_by_itself(line, qtbot, monkeypatch):
    monkeypatch.setattr("napari_shapelab.widgets.message._READING", 0.01)
    line.say("Copied.", passing=True)
    assert line.text() == "Copied."
    qtbot.waitUntil(lambda: line.text() == "", timeout=30_000)
    line.say("Saved.", passing=True)
    line.say("Settled.")  # takes its place for good
    with qtbot.waitSignal(line._passing.timeout, timeout=300, raising=False) as late:
        pass
    assert not late.signal_triggered
    assert line.text() == "Settled."


def test_a_name_is_no_markup(line):
    line.say("Added '<b>cells</b>'.")
    assert line.widget().textFormat().name == "PlainText"
    assert line.text() == "Added '<b>cells</b>'."


def test_as_many_lines_as_there_is_room_for_need_no_scroll_bar_and_leave_no_room_behind(line):
    line.say("one\ntwo")
    assert line.verticalScrollBar().maximum() == 0
    line.say("a sentence that wraps " * 20)
    assert line.verticalScrollBar().maximum() > 0
    high = line.widget().minimumHeight()
    line.say("short")
    assert line.widget().minimumHeight() < high


def test_a_label_that_becomes_wider_is_no_higher_than_its_text(qtbot):
    label = WrappedLabel("A sentence that takes many lines where it is narrow, and fewer where it is wide.")
    qtbot.addWidget(label)
    label.show()
    heights = []
    for width in (500, 120, 500):
        label.resize(width, 300)
        assert label.width() == width
        heights.append(label.minimumHeight())
    assert heights[0] == heights[2] < heights[1]


def test_the_bar_goes_when_a_wider_line_shows_all(line, qtbot):
    line.say("A sentence of about three lines where the line is narrow, and of two where it is wide enough.")
    line.parentWidget().resize(200, 200)
    qtbot.waitUntil(line.verticalScrollBar().isVisible)
    line.parentWidget().resize(500, 200)
    qtbot.waitUntil(lambda: not line.verticalScrollBar().isVisible())
