"""Run, Cancel and what is said: one error never takes the button away, and Cancel frees it at once."""

from __future__ import annotations

import threading

import pytest

from napari_shapelab.work import job
from napari_shapelab.work.progress import Progress
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.task import _at_work
from shapelab.errors import InputError

pytestmark = pytest.mark.logs_errors


@pytest.fixture
def row(viewer):
    row = WorkRow(viewer, "Run", "Run it.")
    viewer.window.add_dock_widget(row, name="Row")
    return row


def unhappy(result):
    raise IndexError("list index out of range")


def refused(result):
    raise InputError("The layer is gone.")


@pytest.mark.parametrize(("show", "words"), [(unhappy, "unexpected error (IndexError"), (refused, "The layer is gone.")])
def test_a_result_that_cannot_be_shown_is_said_and_run_can_be_pressed_again(row, qtbot, show, words):
    row.start(lambda report, abort: 42, show, "Working…")
    qtbot.waitUntil(lambda: not row.working, timeout=30_000)
    assert words in row.message.text()
    assert row.run_button.isEnabled()
    shown = []
    row.start(lambda report, abort: 42, shown.append, "Working…")
    qtbot.waitUntil(lambda: shown == [42], timeout=30_000)
    assert not row.working


def test_a_partial_result_that_cannot_be_shown_is_tried_once_and_the_work_goes_on(row, qtbot):
    tried, shown, go = [], [], threading.Event()

    def work(report, abort):
        while not go.wait(0.01):
            report(Progress(0.5, "Half", partial=1))
        return 2

    def partly(value):
        tried.append(value)
        raise KeyError("no")

    row.start(work, shown.append, "Working…", advanced=partly)
    qtbot.waitUntil(lambda: bool(tried), timeout=30_000)
    for _ in range(3):
        qtbot.waitUntil(lambda: not row._mailbox.empty, timeout=30_000)
        row._look()
    go.set()
    qtbot.waitUntil(lambda: shown == [2], timeout=30_000)
    assert tried == [1]


def test_cancel_frees_the_button_of_work_that_does_not_listen_and_its_result_still_comes(row, qtbot):
    go, shown = threading.Event(), []
    row.start(lambda report, abort: go.wait(60), shown.append, "Working…")
    row.cancel()
    qtbot.waitUntil(row.run_button.isEnabled, timeout=30_000)
    assert not row.working
    go.set()
    qtbot.waitUntil(lambda: shown == [True], timeout=30_000)


def test_new_work_drops_what_was_cancelled(row, qtbot):
    go, shown = threading.Event(), []
    row.start(lambda report, abort: go.wait(60), shown.append, "Working…")
    row.cancel()
    qtbot.waitUntil(row.run_button.isEnabled, timeout=30_000)
    row.start(lambda report, abort: "new", shown.append, "Working…")
    go.set()
    qtbot.waitUntil(lambda: shown == ["new"], timeout=30_000)
    qtbot.waitUntil(lambda: not _at_work, timeout=30_000)
    assert shown == ["new"]


def test_a_job_says_that_kernels_are_compiled_as_long_as_they_are(row, qtbot, monkeypatch):
    go, count = threading.Event(), 7
    monkeypatch.setattr(job, "compiled", lambda: count)
    row.start(lambda report, abort: go.wait(30), lambda result: row.say("Done."), "Comparing…")
    row._look()
    assert row.message.text() == "Comparing…"
    count = 8
    row._look()
    assert row.message.text() == "Comparing… Compiling, the first time only…"
    monkeypatch.setattr(job, "_KERNEL", 0.0)
    row._look()
    assert row.message.text() == "Comparing…"
    go.set()
    qtbot.waitUntil(lambda: not row.working, timeout=30_000)
    assert row.message.text() == "Done."
