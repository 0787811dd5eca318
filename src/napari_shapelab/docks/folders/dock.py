"""The Folders dock: a folder of files in, one table out; as ``shapelab measure | compare | tensions | fit FOLDER``."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QApplication, QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_shapelab.docks.folders.command import SHOWN, FolderCommand, FolderEnd, run_command
from napari_shapelab.docks.folders.options import VERBS, FolderOptions
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import push_button
from napari_shapelab.widgets.file_dialog import ask_file, ask_folder, ask_target
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.plain_table import PlainTable
from napari_shapelab.widgets.scrolled import over_foot
from napari_shapelab.widgets.tab_order import order_tabs
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.progress import Report
from napari_shapelab.work.row import WorkRow
from shapelab.errors import InputError, ShapelabError

__all__ = ["FoldersDock"]


class FoldersDock(QWidget):
    """One table of all files of a folder.

    Parameters
    ----------
    napari_viewer
        The viewer.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self.end: FolderEnd | None = None
        self._proposed = ""
        self.folder, self.pattern, self.reference, self.out = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
        self.verb = QComboBox()
        self.options = FolderOptions()
        self.work = WorkRow(self._viewer, "Run", "Process all files; those already done are skipped.")
        self.table, self.failed = PlainTable(), PlainTable(sentences=True)
        self.tabs = QTabWidget()
        self.command_button = push_button("Command", "Copy the command that does the same in a terminal.", self.copy_command)
        self._rows = QFormLayout()
        self._build()
        self._connect()
        self._on_verb()
        order_tabs(self)

    def command(self) -> FolderCommand:
        """Return what the form says.

        Raises
        ------
        InputError
            If something is missing.
        """
        verb, folder, out = str(self.verb.currentData()), self.folder.text().strip(), self.out.text().strip()
        if not folder:
            raise InputError("Choose a folder first.")
        if not out:
            raise InputError("Choose where to save the table.")
        words = self.options.words()
        if verb == "compare":
            reference = self.reference.text().strip()
            if not reference:
                raise InputError("Choose a reference: one file, or a folder with files of the same names.")
            words = (reference, *words)
        return FolderCommand(verb, Path(folder).expanduser(), Path(out).expanduser(), self.pattern.text().strip(), words)

    def run(self) -> None:
        """Begin, or resume."""
        try:
            command = self.command()
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return

        def work(report: Report, abort: threading.Event) -> FolderEnd:
            return run_command(command, report, abort)

        self._clear()
        self.work.start(work, partial(self._show, command.out.name), "Starting…")

    def copy_command(self) -> None:
        """Put the command on the clipboard."""
        try:
            text = str(self.command())
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return
        QApplication.clipboard().setText(text)
        self.work.say("The command is on the clipboard.")

    # -- inside --------------------------------------------------------------------------------------------------

    def _show(self, name: str, end: FolderEnd) -> None:
        import pandas as pd

        self.end = end
        done = len(end.outcomes) - len(end.failed)
        if end.failed:
            reasons = [(outcome.name, outcome.reason.removeprefix(f"{outcome.name}: ")) for outcome in end.failed]
            self.failed.show_table(pd.DataFrame(reasons, columns=["file", "reason"]))
        self.tabs.setTabText(1, f"Failed ({len(end.failed)})" if end.failed else "Failed")
        self.tabs.setTabEnabled(1, bool(end.failed))
        if end.cancelled:
            self.work.say(f"Cancelled: {done} of {end.count} files are done; Run resumes.")
            return
        self.table.show_table(end.table)
        self.tabs.setTabEnabled(0, True)
        self.tabs.setCurrentIndex(0)
        first = f" (the first {SHOWN} are shown)" if end.rows > SHOWN else ""
        words = f"{end.rows} rows of {done} {'file' if done == 1 else 'files'}{first} are in {name!r}."
        n = len(end.failed)
        again = f" {n} {'file' if n == 1 else 'files'} failed, see Failed; Run tries {'it' if n == 1 else 'them'} again." if n else ""
        self.work.say(words + again, wrong=bool(end.failed))

    def _clear(self) -> None:
        self.end = None
        self.tabs.setTabText(1, "Failed")
        for number, table in enumerate((self.table, self.failed)):
            table.show_table(None)
            self.tabs.setTabEnabled(number, False)
        self.tabs.setCurrentIndex(0)

    def _on_verb(self, index: int = 0) -> None:
        del index
        verb = str(self.verb.currentData())
        self._rows.setRowVisible(self._reference_row, verb == "compare")
        self.options.show_verb(verb)
        self._propose()
        self._forget()

    def _forget(self) -> None:
        """Take away what was found: it is not of what is chosen now."""
        if self.end is not None and not self.work.working:
            self._clear()
            self.work.say(self.work.rest)

    def _on_folder(self, _: str) -> None:
        self._propose()
        self._forget()

    def _propose(self) -> None:
        """Propose a name for the table, until the user has chosen one."""
        folder = self.folder.text().strip()
        if folder and self.out.text() in ("", self._proposed):
            path = Path(folder)
            self._proposed = str(path.with_name(f"{path.name} {self.verb.currentData()}.csv"))
            self.out.setText(self._proposed)

    def _ask_folder(self) -> None:
        if path := ask_folder(self, "Folder of files"):
            self.folder.setText(path)

    def _ask_reference(self) -> None:
        if path := ask_file(self, "Reference: one file", "All files (*)"):
            self.reference.setText(path)

    def _ask_reference_folder(self) -> None:
        if path := ask_folder(self, "Reference: folder with files of the same names"):
            self.reference.setText(path)

    def _ask_out(self) -> None:
        name = self.out.text() or "table.csv"
        if path := ask_target(self, "Save the table", name, "Table (*.csv)", overwrite=False):
            self.out.setText(path)

    def _connect(self) -> None:
        self.verb.activated.connect(self._on_verb)
        self.folder.textChanged.connect(self._on_folder)
        self.pattern.textEdited.connect(lambda _: self._forget())
        self.reference.textChanged.connect(lambda _: self._forget())
        self.options.changed.connect(self._forget)
        self.work.pressed.connect(self.run)

    def _build(self) -> None:
        for verb, (name, tip) in VERBS.items():
            self.verb.addItem(name, verb)
            self.verb.setItemData(self.verb.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.verb.setToolTip("What to do with each file.")
        ignore_wheel(self.verb)
        self.pattern.setPlaceholderText("all images")
        self.pattern.setToolTip("Which files, such as *.tif, or **/*_seg.tif to include subfolders.")
        for line, tip in (
            (self.folder, "Folder of images, label images or movies."),
            (self.reference, "What each file is compared with: one file, or a folder with files of the same names."),
            (self.out, "The table to make (.csv); its log is saved beside it."),
        ):
            line.setToolTip(tip)
        self._reference_row = _row(
            self.reference,
            push_button("File…", "Choose one file to compare all files with.", self._ask_reference),
            push_button("Folder…", "Choose a folder with files of the same names.", self._ask_reference_folder),
        )
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Folder", _row(self.folder, push_button("Browse…", "Choose the folder.", self._ask_folder))),
            ("Files", self.pattern),
            ("Do", self.verb),
            ("Reference", self._reference_row),
            ("Table", _row(self.out, push_button("Browse…", "Choose where to save the table.", self._ask_out))),
        )
        self._rows.setVerticalSpacing(4)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, widget in rows:
            self._rows.addRow(label, widget)
        self.tabs.addTab(self.table, "Table")
        self.tabs.addTab(self.failed, "Failed")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 6, 2)
        column.setSpacing(6)
        column.addWidget(WrappedLabel("<b>Folders</b> — one table for all files in a folder. Damaged files are skipped and listed."))
        column.addLayout(self._rows)
        column.addWidget(self.options)
        column.addWidget(self.work)
        column.addWidget(self.tabs, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(over_foot(content, self.command_button))
        self._clear()

    def sizeHint(self) -> QSize:
        """Return a size that leaves the canvas its room on a small screen."""
        return QSize(380, 640)


def _row(line: QLineEdit, *buttons: QPushButton) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    row.addWidget(line, 1)
    for button in buttons:
        row.addWidget(button)
    return holder
