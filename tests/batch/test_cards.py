"""Members of a sweep that run at once: one per card, the others on the processor, or after it."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from shapelab import cuda_driver, device
from shapelab.batch import cards as batch_cards
from shapelab.batch.cards import a_card_of_its_own
from shapelab.cuda_driver import Card
from shapelab.device import resolve


@pytest.fixture(autouse=True)
def two_cards(monkeypatch, tmp_path):
    found = tuple(Card(number, f"card {number}", 8_000_000_000, (9, 0)) for number in range(2))
    for module in (cuda_driver, device, batch_cards):
        monkeypatch.setattr(module, "cards", lambda: found)
    monkeypatch.setattr(device, "_warp_obstacle", lambda index: None)
    monkeypatch.setattr(batch_cards.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(batch_cards, "_LOOK", 0.01)


def test_each_member_has_a_card_while_there_are_any():
    with ExitStack() as stack:
        taken = []
        for _ in range(3):
            stack.enter_context(a_card_of_its_own("auto", resolve("auto")))
            taken.append(resolve("auto"))
        assert taken == ["cuda:0", "cuda:1", "cpu"]
    with a_card_of_its_own("auto", resolve("auto")):
        assert resolve("cuda") == "cuda:0"
    assert resolve("auto") == "cuda:0"


@pytest.mark.parametrize(("asked", "gets"), [("cuda", "cuda:1"), ("cuda:1", "cuda:1")])
def test_who_asks_for_a_card_waits_for_one(asked, gets):
    begun, done = threading.Event(), []

    def member():
        begun.set()
        with a_card_of_its_own(asked, resolve(asked)):
            done.append(resolve(asked))

    with a_card_of_its_own("cuda:0", "cuda:0"), ExitStack() as other:
        other.enter_context(a_card_of_its_own("cuda:1", "cuda:1"))
        thread = threading.Thread(target=member)
        thread.start()
        begun.wait()
        assert not done
        other.close()
        thread.join(10)
        assert done == [gets]


def test_work_for_the_processor_takes_no_card():
    with a_card_of_its_own("cpu", "cpu"), a_card_of_its_own("cuda:0", "cuda:0"):
        assert resolve("cuda:0") == "cuda:0"
