"""Share what a dock has as a web page: the button, the work behind it, and the button that opens the page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_shapelab.widgets.button import push_button
from napari_shapelab.widgets.file_dialog import ask_target
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from shapelab.io.export import Tick
from shapelab.io.output import require_new
from shapelab.stopping import stoppable

if TYPE_CHECKING:
    from shapelab.page import Page

__all__ = ["MakePage", "ShareButtons", "Shared", "page_work"]

Shared = tuple[Path, str]
"""A page that was written, and the sentence on its size."""
MakePage = Callable[[Tick], "Page"]
"""Makes a page, and tells how far it is."""


def page_work(make: MakePage, path: Path) -> Callable[[Report, threading.Event], Shared]:
    """Return what makes a page in a thread, says how large it is, and writes it."""

    def work(report: Report, abort: threading.Event) -> Shared:
        from shapelab.page import save_page

        require_new(path)
        with stoppable(abort):
            page = make(lambda done, total: report(Progress(-1, f"Making {path.name}…")))
            report(Progress(-1, f"{path.name}: {page.sentence()}."))
            return save_page(path, page), page.sentence()

    return work


class ShareButtons(QWidget):
    """Two buttons: the second one appears when a page has been written.

    Parameters
    ----------
    what
        Is written, in words.
    """

    chosen = Signal(str)
    """The path of the page that the user wants."""

    def __init__(self, what: str = "the run as one file that plays in any browser") -> None:
        super().__init__()
        self.name = "run"
        """Proposed name or path of the page, without its suffix."""
        self._written: Path | None = None
        self.share_button = push_button("Share as web page…", f"Write {what}; it needs no server and no network.", self._ask)
        self.open_button = push_button("Open in browser", "Open the page that was written.", self.open)
        self.open_button.setVisible(False)
        self.setLayout(FlowRow((self.share_button, self.open_button)))

    def propose(self, title: str) -> None:
        """Propose a title as the name of the page."""
        self.name = title.replace("/", "-").replace("\\", "-")

    def write(self, row: WorkRow, make: MakePage, path: str | Path) -> None:
        """Make and write a page in the background, with the progress and *Cancel* of a row, which says what came of it."""
        target = Path(path)
        if row.refuses(f"{target.name!r} is not written yet"):
            return

        def done(shared: Shared) -> None:
            row.say(self.done(shared))

        row.start(page_work(make, target), done, f"Making {target.name}…", cancelled="Cancelled; nothing was written.")

    def done(self, shared: Shared) -> str:
        """Offer to open a page; return what to say of it."""
        self._written, size = shared
        self.open_button.setVisible(True)
        self.open_button.setToolTip(f"Open {self._written.name} in your browser.")
        return f"Written: {self._written} ({size}). It opens in any browser, even offline."

    def open(self) -> bool:
        """Open the page in the user's browser; return whether there was one."""
        from qtpy.QtCore import QUrl
        from qtpy.QtGui import QDesktopServices

        return self._written is not None and QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written)))

    def _ask(self) -> None:
        path = ask_target(self, "Share as web page", f"{self.name}.html", "Web page (*.html)", overwrite=False)
        if path:
            self.chosen.emit(path if Path(path).suffix else f"{path}.html")
