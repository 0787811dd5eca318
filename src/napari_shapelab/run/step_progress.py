"""The thin bar under the buttons of a run: how far it is, busy while nobody knows."""

from __future__ import annotations

from qtpy.QtWidgets import QProgressBar

__all__ = ["StepProgress"]

_HEIGHT = 6
"""[pixels]"""


class StepProgress(QProgressBar):
    """Steps done of those that a run is to take."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextVisible(False)
        self.setMaximumHeight(_HEIGHT)
        self.rest(done=False)

    def wait(self) -> None:
        """Show that something goes on."""
        self.setRange(0, 0)

    def show_step(self, step: int, limit: int | None) -> None:
        """Show a step of so many; nothing changes without a limit."""
        if limit:
            self.setRange(0, int(limit))
            self.setValue(min(step, int(limit)))

    def rest(self, *, done: bool) -> None:
        """Nothing goes on: it is done, or has not begun."""
        self.setRange(0, 1)
        self.setValue(int(done))
