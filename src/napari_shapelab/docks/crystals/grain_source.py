"""Where the grains come from: a Labels layer, or a file that is opened into one; a grain table is taken as it is."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import CyclicLabelColormap
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QInputDialog, QPushButton, QWidget
from superqt.utils import signals_blocked

from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import why_no_labels
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.file_dialog import ask_files
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.message import MessageLine
from napari_shapelab.widgets.number_box import NumberBox
from napari_shapelab.work.job import SideJob, beside
from napari_shapelab.work.progress import Report
from shapelab.crystals import EbsdMap, GrainTable
from shapelab.errors import InputError
from shapelab.stopping import check_stop, stoppable

__all__ = ["GrainSource", "label_colours"]

_TABLES = "*.txt *.csv *.txt.gz *.csv.gz"
_MAPS = "*.ang *.ctf *.h5oina *.h5 *.hdf5 *.npz"
_IMAGES = "*.tif *.tiff *.nii *.nii.gz *.npy *.h5 *.hdf5 *.zarr *.png *.tesr *.piff *.pif *.zip"
_FILTERS = f"All supported files ({_TABLES} {_MAPS} {_IMAGES});;Grain table ({_TABLES});;EBSD map ({_MAPS});;Label image ({_IMAGES})"
_GRAINS = " grains"
"""What the layer of a map is called, after the map's name."""
_THRESHOLD = 5.0
"""Misorientation that separates grains [degrees]."""


@dataclass(frozen=True)
class _Opened:
    """What was read from a file."""

    name: str
    table: GrainTable | None = None
    scan: EbsdMap | None = None
    labels: np.ndarray | None = None
    meta: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    path: Path | None = None
    choices: tuple[str, ...] = ()
    """Nothing was read: the file holds several arrays, these."""


class GrainSource(QWidget):
    """A combo of Labels layers, a button that opens a file, and a line that says what was read.

    Parameters
    ----------
    viewer
        The viewer.
    """

    changed = Signal()
    """Another layer or file."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self.table: GrainTable | None = None
        self._table_name = ""
        self.path: Path | None = None
        """File of the grain table."""
        self._maps: WeakKeyDictionary[Layer, _Opened] = WeakKeyDictionary()
        """The map that each layer was segmented from."""
        self.combo = LayerCombo(self._viewer, "choose a Labels layer", why_no_labels)
        self.combo.setMinimumContentsLength(8)  # the dock is narrow, and its button beside
        self.combo.setToolTip("The grains, cells or other regions to fit: labels in 2-D or 3-D.")
        self.open_button = QPushButton("Open file…")
        self.open_button.setToolTip(
            "Open a grain table, an orientation map (EBSD) or a label image; several maps together are sections of one volume."
        )
        self.threshold = NumberBox(step=1.0, limits=(0.5, 60.0))
        self.threshold.setSuffix("°")
        self.threshold.setValue(_THRESHOLD)
        self.threshold.setToolTip(
            "Boundary angle: neighbouring pixels whose orientations differ by less belong to the same grain; 0.5° to 60°."
        )
        self.note = MessageLine()
        self.job = SideJob(self._viewer, self.note)
        self._said = QWidget()
        self._said.setLayout(beside(self.note, self.job))
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.combo, 1)
        row.addWidget(self.open_button)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.addRow("Grains", row)
        self._layout.addRow("Boundary angle", self.threshold)
        self._layout.addRow(self._said)
        self._layout.setRowVisible(self.threshold, False)
        self.say("")
        self.combo.chosen.connect(self._on_layer)
        self.open_button.clicked.connect(lambda _=False: self._ask_and_open())
        self.threshold.valueChanged.connect(lambda _: self._segment())
        self._viewer.layers.events.inserted.connect(self._offer)
        self._offer()

    @property
    def layer(self) -> Labels | None:
        """The layer that is chosen."""
        return self.combo.layer if self.table is None else None

    @property
    def name(self) -> str:
        """Name of what is chosen, "" for nothing."""
        return self._table_name if self.table is not None else "" if self.layer is None else self.layer.name

    def taken(self) -> TakenLayer:
        """Return what the chosen layer shows; InputError if there is none."""
        layer = self.layer
        if layer is None:
            raise InputError("Choose a Labels layer with grains, or open a file: there is none yet.")
        return take(layer, self._viewer)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence; "" hides the line."""
        self.note.say(text, wrong=wrong)
        self._layout.setRowVisible(self._said, bool(text))

    def open(self, path: str | Path, key: str | None = None) -> None:
        """Read a file, or one array of it, and take its grains; the window stays responsive meanwhile."""
        threshold = self.threshold.value()
        self._begin(lambda: _read(Path(path), threshold, key), f"Reading {Path(path).name}…")

    def _ask_and_open(self) -> None:
        paths = ask_files(self, "Open grains", _FILTERS)
        if len(paths) == 1:
            self.open(paths[0])
        elif paths:
            question = f"{len(paths)} files are opened as sections of one volume, lowest first, in the order of their names. Distance (µm):"
            distance, chosen = QInputDialog.getDouble(self, "Open sections", question, 1.0, 1e-6, 1e6, 4)
            if chosen:
                self.open_sections(paths, distance)

    def open_sections(self, paths: Sequence[str | Path], distance: float) -> None:
        """Read orientation maps as sections of one volume, so far apart [µm], in the order of their names, and take its grains."""
        threshold, files = self.threshold.value(), sorted(map(Path, paths), key=_as_counted)
        self._begin(lambda: _of_sections(files, distance, threshold), f"Reading {len(paths)} sections…")

    def _begin(self, read: Callable[[], _Opened], what: str) -> None:
        """Read or segment in a thread, with Cancel."""
        if self.job.working:  # the last wish counts
            self.job.cancel()

        def work(_: Report, abort: threading.Event) -> _Opened:
            with stoppable(abort):
                return read()

        self._layout.setRowVisible(self._said, True)
        self.job.start(work, self._on_opened, what, abortable=False, cancelled="Cancelled; nothing was opened.")

    def _on_opened(self, opened: _Opened) -> None:
        if opened.choices and opened.path is not None:
            self.say("")
            question = f"{opened.path.name} holds several arrays. Which one has the grains?"
            key, chosen = QInputDialog.getItem(self, "Open grains", question, list(opened.choices), 0, False)
            if chosen:
                self.open(opened.path, key)
            return
        if opened.table is not None:
            self.combo.choose(None)
            self.table, self._table_name, self.path = opened.table, opened.name, opened.path
            self.changed.emit()
        else:
            layer = Labels(opened.labels, name=opened.name, **(opened.meta or {}))
            if opened.scan is not None:
                self._maps[layer] = opened
            self._viewer.add_layer(layer)
            self.combo.choose(layer)
        self.say(" ".join(opened.notes))

    def _segment(self) -> None:
        """Find the grains of the chosen layer's map again, with another threshold, as a new layer."""
        opened = self._maps.get(self.layer) if self.layer is not None else None
        if opened is None or opened.scan is None:
            return
        name, scan, threshold = opened.name.removesuffix(_GRAINS), opened.scan, self.threshold.value()
        self._begin(lambda: _of_scan(name, scan, threshold), "Finding the grains…")

    def _on_layer(self, layer: Layer | None) -> None:
        """Take another layer; the boundary's angle is that of its own map, if it has one."""
        self.table = None
        opened = self._maps.get(layer) if layer is not None else None
        self._layout.setRowVisible(self.threshold, opened is not None)
        if opened is not None and opened.meta is not None:
            with signals_blocked(self.threshold):
                self.threshold.setValue(opened.meta["metadata"].get("grain_boundary_degrees", self.threshold.value()))
        self.say("")
        self.changed.emit()

    def _offer(self, event: Any = None) -> None:
        """Choose the active layer, or the first that has grains, while there is no choice."""
        del event
        if self.combo.layer is not None or self.table is not None:
            return
        active = self._viewer.layers.selection.active
        for layer in sorted(self._viewer.layers, key=lambda layer: layer is not active):
            if isinstance(layer, Labels | Image) and not why_no_labels(layer) and "shapelab" not in layer.metadata:
                self.combo.choose(layer)
                return


def _read(path: Path, threshold: float, key: str | None) -> _Opened:
    """Read a file by its suffix; safe in any thread."""
    from shapelab.crystals import is_ebsd, list_ebsd
    from shapelab.crystals.grain_file import is_grain_table, read_grain_file
    from shapelab.io import list_arrays
    from shapelab.labels.check import labels_of

    if key is not None or is_grain_table(path):
        keys = []
    elif is_ebsd(path):
        keys = list_ebsd(path)
    else:
        keys = [entry.key for entry in list_arrays(path) if len(entry.shape) > 1]
    if len(keys) > 1:
        return _Opened(path.stem, path=path, choices=tuple(keys))
    read = read_grain_file(path, key=key)
    if read.table is not None:
        notes = (f"Grain table {path.name}: {len(read.table)} grains.", *read.table.notes)
        return _Opened(read.name, table=read.table, notes=notes, path=path.absolute())
    if read.scan is not None:
        return _of_scan(read.name, read.scan, threshold)
    assert read.image is not None
    try:
        labels = labels_of(read.image)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    return _Opened(read.name, labels=labels, meta=dict(read.image.meta), notes=(f"Read {path.name}.",))


def _as_counted(path: Path) -> list[str | int]:
    """Return what files are sorted by: section 10 comes after section 9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def _of_sections(files: Sequence[Path], distance: float, threshold: float) -> _Opened:
    """Read sections as one volume and find its grains; safe in any thread."""
    from shapelab.crystals import is_ebsd, read_ebsd, stack_ebsd

    other = next((file for file in files if not is_ebsd(file)), None)
    if other is not None:
        raise InputError(f"{other.name} is not an orientation map: several files can only be opened together as sections of one volume.")
    scans = []
    for file in files:
        check_stop()
        scans.append(read_ebsd(file))
    opened = _of_scan(files[0].stem, stack_ebsd(scans, distance), threshold)
    return replace(opened, notes=(f"{len(files)} sections, {files[0].name} the lowest, {files[-1].name} the highest.", *opened.notes))


def _of_scan(name: str, scan: EbsdMap, threshold: float) -> _Opened:
    """Segment a map into grains, coloured by the inverse pole figure."""
    from shapelab.crystals import find_grains
    from shapelab.crystals.ebsd.layers import grain_meta, place_of_scan

    check_stop()
    grains = find_grains(scan, threshold)
    meta = {
        **place_of_scan(scan),
        **grain_meta(grains, threshold),
        "features": grains.table(),
        "colormap": label_colours(grains.colours()),
    }
    kinds = ", ".join(dict.fromkeys(grains.symmetries()))
    note = f"{len(grains.phase)} grains that differ by {threshold:g}° or more, in the colours of the inverse pole figure along z ({kinds})."
    return _Opened(f"{name}{_GRAINS}", scan=scan, labels=grains.labels, meta=meta, notes=(note, *scan.notes, *grains.notes))


def label_colours(colours: np.ndarray) -> CyclicLabelColormap:
    """Return the colormap that gives label i + 1 the i-th colour (RGB in 0 to 1)."""
    opaque = np.column_stack([colours, np.ones(len(colours))])
    return CyclicLabelColormap(colors=np.vstack([np.zeros(4), opaque]).astype(np.float32))
