"""Copy a run as a Python script or as a command that repeats it."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication, QFileDialog, QPushButton

from napari_shapelab.run.panel import RunPanel
from shapelab.script import as_command, as_script, edited_arrays, given_arrays
from shapelab.simulation import Simulation

__all__ = ["RunCopy"]


class RunCopy(QObject):
    """Two buttons for the row under a run, and what they do.

    Parameters
    ----------
    panel
        The run.
    """

    def __init__(self, panel: RunPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.script_button = QPushButton("Script")
        self.script_button.setToolTip("Copy a Python script that makes this run again, up to where it is.")
        self.script_button.clicked.connect(lambda _=False: self.copy_script())
        self.command_button = QPushButton("Command")
        self.command_button.setToolTip("Copy a command line (shapelab run …) that makes this run again, up to where it is.")
        self.command_button.clicked.connect(lambda _=False: self.copy_command())

    def copy_script(self) -> None:
        """Put a script on the clipboard that repeats the run, with all that was done by hand; its arrays go into a folder."""
        self._panel.with_simulation(
            lambda simulation: sorted([*given_arrays(simulation), *edited_arrays(simulation)]), self._on_arrays, self._wrong
        )

    def copy_command(self) -> None:
        """Put a command on the clipboard that repeats the run."""
        self._panel.with_simulation(as_command, partial(self._show, "command"), self._wrong)

    def _on_arrays(self, names: list[str]) -> None:
        folder: str | None = None
        if names:
            what = ", ".join(f"{name}.npy" for name in names)
            folder = QFileDialog.getExistingDirectory(self._panel, f"Folder for {what}, which the script loads")
            if not folder:
                return
        self._panel.with_simulation(lambda simulation: as_script(simulation, folder), partial(self._show, "script"), self._wrong)

    def _show(self, what: str, text: Any) -> None:
        QApplication.clipboard().setText(str(text))
        self._panel.say(f"The {what} is on the clipboard.", passing=True)

    def _wrong(self, text: str) -> None:
        self._panel.say(text, wrong=True)


def _arrays(simulation: Simulation) -> list[str]:
    """Return the names of the arrays that a script of the run loads."""
    return sorted([*given_arrays(simulation), *edited_arrays(simulation)])
