"""The part of the dock that simulates with what was inferred, and says where model and image part."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from napari_shapelab.docks.tensions.inference import Found
from napari_shapelab.run.copy_as import RunCopy
from napari_shapelab.run.new_run import NewRun
from napari_shapelab.run.panel import RunPanel
from napari_shapelab.run.run_place import RunPlace
from napari_shapelab.viewer.colours import distinct_colours
from napari_shapelab.viewer.insert import insert_layer
from napari_shapelab.viewer.layer_data import TakenLayer
from napari_shapelab.viewer.view import unwrapped
from napari_shapelab.widgets.button import allow, push_button
from napari_shapelab.widgets.difference_layer import difference_layer, legend
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.widgets.wrapped_label import WrappedLabel
from napari_shapelab.work.task import Task
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.infer import tensions_of_pairs
from shapelab.simulation import Frame
from shapelab.units import percent

__all__ = ["SimulateTab"]

_OWN, _TYPES = "own", "types"


class SimulateTab(QWidget):
    """A foam that starts from the labels with the inferred tensions.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self._found: Found | None = None
        self._source: Labels | None = None
        self._frame = 0
        self._begun: TakenLayer | None = None
        """What the run started from."""
        self._difference: Labels | None = None
        self.tensions = QComboBox()
        self.tensions.addItem("of each interface", _OWN)
        self.tensions.addItem("of the types of cells", _TYPES)
        self.tensions.setToolTip(
            "Each interface keeps the tension that was inferred, or takes that of the types of its cells (tab Classes). "
            "New contacts always take that of the types."
        )
        ignore_wheel(self.tensions)
        self.panel = RunPanel(self._viewer, self._make, lambda: f"{self._name} relaxed", looks=self._looks, first="energy")
        self.compare_button = push_button(
            "Compare with the labels", "Show where the simulated cells and the labels differ, and by how much.", self.compare
        )
        self.numbers = WrappedLabel()
        copies = RunCopy(self.panel)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("Tensions", self.tensions)
        foot = QHBoxLayout()
        foot.addWidget(self.compare_button, 1)
        foot.addWidget(copies.script_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 4, 2, 2)
        column.setSpacing(4)
        column.addLayout(rows)
        column.addLayout(foot)
        column.addWidget(self.numbers)
        column.addWidget(self.panel, 1)
        allow(self.compare_button, False, "Press Run first.")
        self.panel.advanced.connect(lambda _: allow(self.compare_button, True, ""))

    def offer(self, source: Labels, found: Found, frame: int) -> None:
        """Simulate from this result, of a film from this frame."""
        self._source, self._found, self._frame = source, found, frame

    def compare(self) -> None:
        """Compare the simulated cells, as they are shown, with the labels they started from."""
        snapshot = self.panel.snapshot
        if self._begun is None or snapshot is None:
            self.panel.say("There is nothing to compare yet: press Run first.", wrong=True)
            return
        self.numbers.setText("Comparing…")
        Task(self, partial(_compared, self._begun, snapshot.frame), self._show, self._failed)

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _taken(self) -> TakenLayer:
        assert self._found is not None
        frames = self._found.given.frames
        return frames[min(self._frame, len(frames) - 1)]

    @property
    def _name(self) -> str:
        return self._found.given.name if self._found is not None else "tissue"

    def _make(self) -> Any:
        if self._found is None:
            raise InputError("There are no tensions yet: press Infer first.")
        self.numbers.setText("")
        self._begun = self._taken
        return partial(_run_of, self._taken, self._found, self._frame, self.tensions.currentData() == _TYPES, self._source)

    def _looks(self) -> dict[str, dict[str, Any]]:
        colours = distinct_colours() if self._source is None else deepcopy(self._source.colormap)
        return {"cells": {"colormap": colours, "opacity": 0.7}, "seeds": {"visible": False}}

    def _failed(self, text: str) -> None:
        self.numbers.setText("")
        self.panel.say(text, wrong=True)

    def _show(self, compared: tuple[str, LayerData]) -> None:
        text, where = compared
        self.numbers.setText(f"{text}<br>{legend(True)}")
        if self._difference is not None and self._difference in self._viewer.layers:
            self._viewer.layers.remove(self._difference)
        made = difference_layer(where, (self._name, "relaxed"), {"model": "tensions", "source": self._name})
        self._difference = made
        insert_layer(self._viewer, made)


def _run_of(taken: TakenLayer, found: Found, frame: int, by_type: bool, source: Labels | None) -> NewRun:
    """Make the run; in a thread."""
    from shapelab.foam import Foam

    read = taken.read()
    pairs = tensions_of_pairs(found.at(frame), found.types, by_type=by_type)
    kinds = dict(zip(found.types.labels.tolist(), found.types.types.tolist(), strict=True))
    medium = bool((np.asarray(read.data) == 0).any())
    simulation = Foam(
        labels=replace(read.layer_data(), meta={"scale": read.spacing, "units": (read.unit or "pixel",) * read.ndim}),
        tensions=pairs.values,
        types=kinds,
        background="medium" if medium else "none",
        periodic=found.options.periodic,
    )
    return NewRun(simulation, RunPlace.over(read), source, " ".join([*read.notes, *pairs.notes]))


def _compared(taken: TakenLayer, frame: Frame) -> tuple[str, LayerData]:
    """Return what a comparison says, and where the two differ; in a thread."""
    from shapelab.compare import compare, difference
    from shapelab.labels.contacts import face_pairs

    read = taken.read()
    layer = frame.layer("cells")
    mine = LayerData("labels", np.asarray(read.data), "labels", {"scale": read.spacing, "units": layer.meta["units"]})
    other = LayerData("relaxed", layer.data, "labels", {"scale": layer.meta["scale"], "units": layer.meta["units"]})
    result = compare(mine, other, statistics=False, transport=False, curvature=False)
    before, after = ({tuple(pair) for pair in face_pairs(np.asarray(image.data)).tolist()} for image in (mine, other))
    kept = len(before & after) / max(len(before), 1)
    mismatch = float(np.mean(np.asarray(mine.data) != other.data)) if mine.data.shape == other.data.shape else float(result["mismatch"])
    text = (
        f"After {frame.step} steps <b>{percent(mismatch)}</b> of the pixels lie in another cell, and {percent(kept)} of the {len(before)} "
        "contacts are still there. Where the two differ, the tissue is not a foam at rest, or the segmentation is wrong."
    )
    where = difference(mine, other)
    rest = {key: value for key, value in where.meta.items() if key not in ("scale", "translate", "affine")}
    return text, replace(where, meta={**rest, **read.pixels_place()})
