"""Work in a thread: its answer arrives once, and nothing keeps the window that it was for."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QWidget

from napari_shapelab.work import task as background
from napari_shapelab.work.task import Task
from shapelab.errors import InputError

pytestmark = pytest.mark.logs_errors


def refuse():
    raise InputError("No.")


def test_answers_arrive_in_the_windows_thread_and_the_task_is_let_go(qtbot):
    answers = []
    for number, work in enumerate((lambda: 42, refuse, lambda: 1 // 0)):
        Task(None, work, lambda result: answers.append((result, threading.current_thread().name)), lambda text: answers.append(text))
        qtbot.waitUntil(lambda number=number: len(answers) > number, timeout=30_000)
    assert answers[0] == (42, "MainThread")
    assert answers[1] == "No."
    assert "ZeroDivisionError" in answers[2]
    assert not background._at_work


def test_a_task_is_let_go_even_if_its_answer_cannot_be_shown(qtbot):
    def show(result):
        raise ValueError("the layer is gone")

    with qtbot.captureExceptions() as raised:
        Task(None, lambda: 42, show, show)
        qtbot.waitUntil(lambda: bool(raised), timeout=30_000)
    assert not background._at_work


def test_an_answer_that_cannot_be_shown_is_a_sentence(qtbot):
    told = []
    Task(None, lambda: 42, lambda result: result.no_such_thing, told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert "cannot be shown because of an unexpected error (AttributeError" in told[0]


@pytest.mark.parametrize("answered", [False, True])
def test_a_task_goes_with_its_owner(qtbot, answered):
    """Closed while the work goes on, or after it but before its answer was delivered."""
    owner, go = QWidget(), threading.Event()
    task = Task(owner, go.wait, pytest.fail, pytest.fail)
    thread = task._thread
    if answered:
        go.set()
        thread.join(5)
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete)  # before anything else that waits
    del owner, task
    go.set()
    thread.join(5)
    qtbot.waitUntil(lambda: not background._at_work, timeout=30_000)
