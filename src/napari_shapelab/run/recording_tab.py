"""Save the run while it is running: how often, where, and from which frames it can be resumed."""

from __future__ import annotations

import re
import tempfile
import threading
from functools import partial
from pathlib import Path

from napari.layers import Layer
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.recorder import Recorder
from napari_shapelab.run.worker import Worker
from napari_shapelab.settings import runs_folder, set_runs_folder
from napari_shapelab.viewer.recorded import FrameSaver
from napari_shapelab.widgets.narrow import narrow
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.scrolled import scrolled
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.progress import Report
from napari_shapelab.work.share import ShareButtons, Shared, page_work
from shapelab.io import load_run, save_run
from shapelab.io.writer import Keep
from shapelab.simulation import Simulation

__all__ = ["RecordingTab"]

_RESUMABLE: dict[Keep | None, str] = {None: "any saved frame, if small", "all": "any saved frame", "last": "the last frame only"}
_TITLE = "Record"
_promised: set[Path] = set()
"""Folders that a recorder is about to make: two docks never choose the same one."""


class RecordingTab(FrameSaver):
    """A check box with its settings, in a tab of the panel. It acts at once, also on a run under way.

    Parameters
    ----------
    panel
        The run.
    every
        Steps between saved frames, at first.
    """

    def __init__(self, panel: RunPanel, every: int = 100) -> None:
        super().__init__()
        self._panel = panel
        self._recorder: Recorder | None = None
        self.folder: Path | None = None
        """Where run folders are made; None for the one of napari's preferences."""
        self.box = QCheckBox("Save every")
        self.box.setToolTip("Save the run to its own folder while it runs, to replay it, resume it, or open it elsewhere.")
        self.every = QSpinBox()
        self.every.setRange(1, 1_000_000)
        self.every.setValue(every)
        self.every.setToolTip("Steps between two saved frames, from 1 to 1,000,000.")
        self.keep = QComboBox()
        for value, text in _RESUMABLE.items():
            self.keep.addItem(text, value)
        self.keep.setToolTip(
            "The frames the run can be resumed from: their checkpoints are saved too, each several times the size of a frame."
        )
        self.folder_button = QPushButton()
        self.folder_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.note = WrappedLabel()
        self.sharing = ShareButtons()
        self.sharing.chosen.connect(self.share)
        self._build()
        self.box.toggled.connect(self._on_toggled)
        self.folder_button.clicked.connect(lambda _=False: self._ask_for_folder())
        panel.starting.connect(self._on_starting)
        panel.starting.connect(lambda *_: setattr(self.sharing, "name", _slug(panel.title)))
        panel.advanced.connect(lambda _: self._describe())
        panel.ended.connect(lambda _: self._describe())
        panel.tabs.addTab(self, _TITLE)

    @property
    def path(self) -> Path | None:
        """Run folder of the run that is saved, or was saved last."""
        return self._recorder.path if self._recorder is not None else None

    def saves(self, layer: Layer) -> bool:
        """Return whether `layer` is one of the run's."""
        return self._panel.layers is not None and layer in self._panel.layers.layers()

    def save_frames(self) -> str:
        """Tick the box, and show it."""
        self.box.setChecked(True)
        self._panel.tabs.setCurrentWidget(self)
        steps = "at every step" if self.every.value() == 1 else f"every {self.every.value()} steps"
        if self._panel.running:
            return f"Frames are saved from now on, {steps}: try again when there are some."
        return f"Frames will be saved {steps}: press Run, and try again when there are some."

    def share(self, path: str | Path) -> None:
        """Write the run that is saved as a web page; of one that is not saved, the present frame."""
        target, recorder, job = Path(path), self._recorder, self._panel.job
        if job.refuses(f"{target.name!r} is not written"):
            return
        saved = recorder.path if recorder is not None and recorder.frames else None
        slug = _slug(self._panel.title)

        job.start(
            partial(_page_of_frame, target, slug) if saved is None else partial(_page_of, saved, target),
            self._on_shared,
            f"Making {target.name}…",
            abortable=False,
            cancelled="Cancelled; nothing was written.",
            within=self._panel.with_simulation if saved is None else None,
        )

    def _on_shared(self, shared: Shared) -> None:
        self._panel.say(self.sharing.done(shared), passing=True)

    def _on_toggled(self, wanted: bool) -> None:
        self._panel.tabs.setTabText(self._panel.tabs.indexOf(self), f"{_TITLE} ●" if wanted else _TITLE)
        if self._panel.running and self._panel.stream is not None:
            self._recorder = self._new_recorder() if wanted else None
            self._panel.stream.worker.record(self._recorder)
            self._panel.tell_unsaved()
        self._describe()

    def _on_starting(self, worker: Worker, resumed: bool) -> None:
        """Save a new run in a new folder, one that is resumed in its own."""
        before, self._recorder = self._recorder, None
        if not self.box.isChecked():
            return
        if resumed and before is not None and before.frames and not before.problem:
            self._recorder = Recorder(before.path, self.every.value(), before.keep, append=True)
        else:
            self._recorder = self._new_recorder()
        worker.record(self._recorder)

    def _new_recorder(self) -> Recorder:
        return Recorder(_free(self._folder(), self._panel.title), self.every.value(), self.keep.currentData())

    def _folder(self) -> Path:
        return self.folder if self.folder is not None else runs_folder()

    def _ask_for_folder(self) -> None:
        start = self._folder()
        chosen = QFileDialog.getExistingDirectory(self, "Save runs in", str(start if start.is_dir() else Path.home()))
        if chosen:
            self.folder = Path(chosen)
            set_runs_folder(self.folder)
            self._describe()

    def _describe(self) -> None:
        folder = self._folder()
        self.folder_button.setText(folder.name)
        self.folder_button.setToolTip(f"Runs are saved in {folder}, each in a folder of its own. Click to choose another place.")
        recorder = self._recorder
        if recorder is None:
            self.note.setText("Takes effect at once, also during a run. The Replay dock opens saved runs.")
        elif recorder.problem:
            self.note.setText(f"Not saved: {recorder.problem}")
        elif recorder.frames:
            resume = "it can be resumed from any of them" if recorder.keep == "all" else "it can be resumed from the last one"
            self.note.setText(
                f"{recorder.frames} frames in {recorder.path.name}; {resume} (checkpoints of {_size(recorder.checkpoint_bytes)})."
            )

    def _build(self) -> None:
        for widget in (self.every, self.keep):
            ignore_wheel(widget)
        narrow(self.keep)
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(4, 6, 4, 0)
        grid.setVerticalSpacing(4)
        where = QHBoxLayout()
        where.addWidget(self.every)
        where.addWidget(QLabel("steps, in"))
        where.addWidget(self.folder_button, 1)
        grid.addWidget(self.box, 0, 0)
        grid.addLayout(where, 0, 1)
        grid.addWidget(QLabel("Resume from"), 1, 0)
        grid.addWidget(self.keep, 1, 1)
        grid.addWidget(self.sharing, 2, 0, 1, 2)
        grid.addWidget(self.note, 3, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(4, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scrolled(content))
        self._describe()


def _free(folder: Path, title: str) -> Path:
    """Return a path in `folder` that nothing has yet, named after the run."""
    slug = _slug(title)
    number = 1
    while (path := folder / f"{slug}-{number}.zarr").exists() or path in _promised:
        number += 1
    _promised.add(path)
    return path


def _slug(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-") or "run"


def _page_of(run: Path, target: Path, report: Report, abort: threading.Event) -> Shared:
    from shapelab.page import make_page

    return page_work(lambda tick: make_page(load_run(run), progress=tick), target)(report, abort)


def _page_of_frame(target: Path, name: str, simulation: Simulation, report: Report, abort: threading.Event) -> Shared:
    """Make a page of the present frame, by way of a run folder that is removed."""
    with tempfile.TemporaryDirectory() as folder:
        return _page_of(save_run(Path(folder) / f"{name}.zarr", simulation), target, report, abort)


def _size(n: int) -> str:
    return f"{n / 1e6:.0f} MB" if n >= 1e6 else f"{max(1, n // 1000)} kB"
