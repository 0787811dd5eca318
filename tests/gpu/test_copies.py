"""How numbers and fields leave a card: through page-locked memory, waited for before they are read. Streams are imitated."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from shapelab.gpu.queue import Queue
from shapelab.gpu.resident import Resident

wp = pytest.importorskip("warp")


@pytest.fixture
def card(monkeypatch):
    """A queue whose device is said to be a card; what is copied arrives when its stream is waited for."""
    queue, under_way, done = Queue("warp:cpu"), {}, []
    empty, copy = wp.empty, wp.copy

    class Stream:
        def __init__(self, device):
            self.name = "copies"

        def wait_stream(self, other):
            done.append(f"copies wait for {other.name}")

    def imitated_empty(shape, dtype, device, pinned=False):
        array = empty(shape, dtype=dtype, device="cpu")
        if pinned:
            array.fill_(-1)
            done.append("page-locked")
        return array

    main = SimpleNamespace(name="main")

    def imitated_copy(into, source, stream=main):
        under_way.setdefault(stream.name, []).append((into, source))

    def wait(stream):
        done.append(f"waited for {stream.name}")
        for into, source in under_way.pop(stream.name, []):
            copy(into, source)

    monkeypatch.setattr(wp, "Stream", Stream)
    monkeypatch.setattr(wp, "empty", imitated_empty)
    monkeypatch.setattr(wp, "copy", imitated_copy)
    monkeypatch.setattr(wp, "synchronize_stream", wait)
    queue.device, queue.is_card = SimpleNamespace(stream=main), True
    return queue, done


def arrays(queue, *values):
    return [wp.array(value, dtype=wp.float64, device="cpu", copy=False) for value in values]


def test_numbers_are_read_with_one_wait(card):
    queue, done = card
    first, second = arrays(queue, np.arange(6.0), np.arange(6.0) + 10)
    a, b = queue.read_all(first, second)
    np.testing.assert_array_equal(a, np.arange(6.0))
    np.testing.assert_array_equal(b, np.arange(6.0) + 10)
    assert queue.counts.waits == 1
    assert done == ["page-locked", "page-locked", "waited for main"]
    queue.read_all(second, first)
    np.testing.assert_array_equal(a, np.arange(6.0))  # a copy: the page-locked memory serves again
    assert done.count("page-locked") == 2


@pytest.mark.parametrize("size", [100, 2**21 + 3])
def test_a_field_is_on_its_way_while_the_card_goes_on(card, size):
    queue, done = card
    values = np.random.default_rng(0).random(size)
    copy = Resident(queue, *arrays(queue, values)).begin_copy()
    assert done == ["copies wait for main", "page-locked"] or done == ["page-locked", "copies wait for main"]
    np.testing.assert_array_equal(copy.result(), values)
    assert done[-1] == "waited for copies"
