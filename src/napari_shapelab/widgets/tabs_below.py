"""Tabs below what a dock is worked with; in a low window they fold to their bar, and a click on it opens them."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QTabWidget, QWidget

__all__ = ["TabsBelow"]

_PART = 0.4
"""Largest part of the height that tabs take from a form that could use it."""
_MORE = 90
"""What the upper widget needs beyond its least height to show a few rows of a form; where there is less, the tabs fold [pixels]."""
_BAR = 20
"""Least height of the tabs [pixels]."""


class TabsBelow(QSplitter):
    """A widget above tabs, with a handle between them.

    The upper widget gets the height that it asks for, the tabs the rest, but no less than their pages need. Once the user
    has moved the handle, the heights are the user's.

    Parameters
    ----------
    above
        The upper widget.
    tabs
        What is below.
    """

    def __init__(self, above: QWidget, tabs: QTabWidget) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._above, self._tabs = above, tabs
        self._moved = False
        self.folds = False
        """Whether there is a form above, which needs the height more than the tabs do."""
        self.addWidget(above)
        self.addWidget(tabs)
        self.setChildrenCollapsible(False)
        tabs.setMinimumHeight(_BAR)  # less than what the pages need: the bar alone
        self.splitterMoved.connect(self._on_moved)
        tabs.tabBarClicked.connect(lambda _: self.unfold())

    @property
    def folded(self) -> bool:
        """Whether only the bar of the tabs is seen."""
        return bool(self.sizes()[1] < self._bar() + 20)

    def unfold(self) -> None:
        """Show the pages of the tabs, if they are folded: the upper widget gives them the height."""
        if self.folded:
            whole = sum(self.sizes())
            below = min(self._tabs.minimumSizeHint().height(), whole - self._above.minimumSizeHint().height())
            self.setSizes([whole - below, below])

    def resizeEvent(self, event: Any) -> None:
        """Divide the height again, unless the user has done so."""
        super().resizeEvent(event)
        if not self._moved:
            self._share()

    def _share(self) -> None:
        whole = sum(self.sizes())
        pages = min(self._tabs.minimumSizeHint().height(), self._tabs.maximumHeight())
        least = self._above.minimumSizeHint().height()
        below = max(whole - self._above.sizeHint().height(), min(pages, round(_PART * whole)))
        if self.folds and whole - below < least + _MORE:
            below = self._bar()
        self.setSizes([whole - below, below])

    def _bar(self) -> int:
        return int(self._tabs.tabBar().sizeHint().height())

    def _on_moved(self, *_: int) -> None:
        self._moved = True
