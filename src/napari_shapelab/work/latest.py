"""Work in a thread of which only the last that was begun counts, such as the reading of a layer while another one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject

from napari_shapelab.work.soon import soon

__all__ = ["Latest"]


class Latest:
    """The last work that was begun, until it is done or dropped.

    Parameters
    ----------
    owner
        When it is gone, nothing more is answered.
    """

    def __init__(self, owner: QObject) -> None:
        self._owner = owner
        self._wanted: object | None = None

    @property
    def busy(self) -> bool:
        """True while a result is wanted that is not there yet."""
        return self._wanted is not None

    def begin(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None], *, now: bool = False) -> None:
        """Do `work` in a thread, or `now`; `done` or `failed` is called in the window's thread, unless other work has begun by then."""
        self._wanted = wanted = object()

        def answering(reply: Callable[[Any], None]) -> Callable[[Any], None]:
            def answer(value: Any) -> None:
                if self._wanted is wanted:
                    self._wanted = None
                    reply(value)

            return answer

        soon(self._owner, work, answering(done), answering(failed), now=now)

    def drop(self) -> None:
        """Want it no longer."""
        self._wanted = None
