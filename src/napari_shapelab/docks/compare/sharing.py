"""A comparison as files: a report of its numbers, and a web page of both sides, their difference and the numbers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from napari_shapelab.docks.compare.comparison import Comparison
from napari_shapelab.widgets.button import allow
from napari_shapelab.work.progress import Report
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.share import ShareButtons
from shapelab.io.export import Tick
from shapelab.stopping import stoppable

if TYPE_CHECKING:
    from shapelab.page import Page

__all__ = ["ComparisonSharing", "write_report_of"]

_TIP = "both sides, their difference and the numbers as one file for any browser"
_MOVIES = "A web page shows two images, not movies: untick All frames and compare again."


class ComparisonSharing(ShareButtons):
    """The buttons that share the last comparison.

    Parameters
    ----------
    row
        Says how far it is, and what came of it.
    """

    def __init__(self, row: WorkRow) -> None:
        super().__init__(_TIP)
        self._row = row
        self._comparison: Comparison | None = None
        self.chosen.connect(self.share)
        self.offer(None)

    def offer(self, comparison: Comparison | None) -> None:
        """Share this one from now on."""
        self._comparison = comparison
        sided = comparison is not None and comparison.sides is not None
        allow(self.share_button, sided, _MOVIES if comparison is not None else "Compare first.")
        if comparison is not None:
            self.propose(" and ".join(comparison.names))

    def share(self, path: str | Path) -> None:
        """Write the page, in the background."""
        comparison = self._comparison
        if comparison is None:
            return
        if comparison.sides is None:
            self._row.say(_MOVIES, wrong=True)
            return
        a, b = comparison.sides

        def make(_: Tick) -> Page:
            from shapelab.page.comparison import comparison_page

            return comparison_page(a, b, comparison.result)

        self.write(self._row, make, path)


def write_report_of(comparison: Comparison, row: WorkRow, folder: Path) -> None:
    """Write the report of a comparison to a folder; a row shows it, cancels it, and says what came of it."""
    from shapelab.compare import write_report

    if row.refuses("The report is not written"):
        return

    def work(_: Report, abort: threading.Event) -> list[Path]:
        with stoppable(abort):
            return write_report(comparison.result, folder)

    def done(files: list[Path]) -> None:
        figure = "" if any(file.suffix == ".png" for file in files) else " There is no figure: it needs matplotlib."
        row.say(f"Wrote {len(files)} files to {folder.name!r}.{figure}")

    row.start(work, done, "Writing the report…", abortable=False, cancelled="Cancelled; nothing was written.")
