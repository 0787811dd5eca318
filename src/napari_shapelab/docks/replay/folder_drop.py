"""A widget on which folders can be dropped."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QWidget

__all__ = ["FolderDrop"]


class FolderDrop(QWidget):
    """Opens the folder that is dropped on it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)

    @abstractmethod
    def open(self, path: str | Path) -> None:
        """Open a folder."""

    def dragEnterEvent(self, event: Any) -> None:
        """Take folders."""
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Open the folder that is dropped."""
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.open(path)


def _dropped(event: Any) -> str | None:
    """Return the folder that is dragged, None if it is something else."""
    for url in event.mimeData().urls():
        if url.isLocalFile() and Path(url.toLocalFile()).is_dir():
            return str(url.toLocalFile())
    return None
