"""What a worker hands to the window: the newest item only, or every item in order; never one signal per item."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Log", "Mailbox"]

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot: a new item replaces one that nobody has taken, so that nothing queues behind a slow reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._item: T | None = None

    @property
    def empty(self) -> bool:
        """True if the last item has been taken."""
        return self._item is None

    def put(self, item: T) -> None:
        """Leave `item`, over whatever was there."""
        with self._lock:
            self._item = item

    def take(self) -> T | None:
        """Return the newest item and empty the slot; None if there is none."""
        with self._lock:
            item, self._item = self._item, None
        return item


class Log(Generic[T]):
    """Every item in order, none ever dropped: for scalars and messages, which are small."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()

    def append(self, item: T) -> None:
        """Add `item`."""
        self._items.append(item)

    def drain(self) -> list[T]:
        """Return all items that came since the last call."""
        items: list[T] = []
        while self._items:
            items.append(self._items.popleft())
        return items
