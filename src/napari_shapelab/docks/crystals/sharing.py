"""Grains of the dock as a web page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.share import ShareButtons
from shapelab.crystals.sample import GrainSample
from shapelab.io.export import Tick

if TYPE_CHECKING:
    from shapelab.page import Page

__all__ = ["SampleSharing"]

_TIP = "the grains as one file for any browser, drawn from their diagram where there is one"


class SampleSharing(ShareButtons):
    """The buttons that share the newest grains; hidden until there are any.

    Parameters
    ----------
    row
        Says how far it is, and what came of it.
    """

    def __init__(self, row: WorkRow) -> None:
        super().__init__(_TIP)
        self._row = row
        self._sample: Callable[[], GrainSample] | None = None
        self._title = ""
        self.chosen.connect(self.share)
        self.hide()

    def offer(self, sample: Callable[[], GrainSample], title: str) -> None:
        """Share these grains from now on."""
        self._sample, self._title = sample, title
        self.propose(title)
        self.show()

    def share(self, path: str | Path) -> None:
        """Write the page, in the background."""
        sample, title = self._sample, self._title
        if sample is None:
            return

        def make(_: Tick) -> Page:
            from shapelab.page.crystal import crystal_page

            return crystal_page(sample(), title)

        self.write(self._row, make, path)
