"""One member of a sweep per graphics card: whoever holds a card's lock computes there, the others on the processor or later."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from shapelab.cuda_driver import cards
from shapelab.device import limited_to_card, on_card
from shapelab.stopping import check_stop

__all__ = ["a_card_of_its_own"]

_LOOK = 0.5
"""Time between two looks for a card that is free [s]."""


@contextlib.contextmanager
def a_card_of_its_own(asked: str, resolved: str) -> Iterator[None]:
    """Hold a card for the block, if the work is for one: no other process of this machine that asks has it meanwhile.

    Parameters
    ----------
    asked
        The device as it was asked for: "auto" goes to the processor while all cards are taken, "cuda" waits for one, and
        "cuda:1" for that one.
    resolved
        The device that it would be if no card were taken.
    """
    if not on_card(resolved):
        yield
        return
    wanted = [int(resolved.partition(":")[2])] if ":" in asked else [card.number for card in cards()]
    with contextlib.ExitStack() as stack:
        number = _taken(wanted, stack)
        while number is None and asked != "auto":
            check_stop()
            time.sleep(_LOOK)
            number = _taken(wanted, stack)
        stack.enter_context(limited_to_card(number))
        yield


def _taken(wanted: list[int], stack: contextlib.ExitStack) -> int | None:
    """Take the lock of the first card that is free; None if none is."""
    for number in wanted:
        lock = FileLock(Path(tempfile.gettempdir()) / f"shapelab-card-{number}.lock", timeout=0, mode=0o666)
        with contextlib.suppress(Timeout):
            stack.enter_context(lock)
            return number
    return None
