"""The tab that fits a texture to one of the user's masks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QSpinBox, QVBoxLayout, QWidget

from napari_shapelab.docks.atlas.place_beside import Box, inner_box
from napari_shapelab.viewer.layer_data import TakenLayer, take
from napari_shapelab.viewer.shapes import read_shape, why_no_mask
from napari_shapelab.widgets.button import allow
from napari_shapelab.widgets.flow_row import FlowRow
from napari_shapelab.widgets.layer_combo import LayerCombo
from napari_shapelab.widgets.number_box import ignore_wheel
from napari_shapelab.work.progress import Progress, Report
from napari_shapelab.work.row import WorkRow
from napari_shapelab.work.script_button import Script, ScriptButton
from shapelab.batch import Atlas, TextureFit, fit_texture
from shapelab.errors import InputError, ShapelabError
from shapelab.stopping import stoppable
from shapelab.units import percent, shown_unit

__all__ = ["AtlasFit", "FittedTexture"]

_HINT = "Find the texture whose curvatures and volume fraction are nearest to those of a mask."


@dataclass(frozen=True, eq=False)
class FittedTexture:
    """A texture, and what it was fitted to."""

    fit: TextureFit
    target: Layer
    taken: TakenLayer
    """The mask as it was read."""
    box: Box
    """Around the mask, in the world [unit of the mask]."""
    trials: int
    """Trial runs that were asked for."""


class AtlasFit(QWidget):
    """Choice of a mask, number of trial runs, Fit.

    Parameters
    ----------
    viewer
        Whose layers to offer.
    atlas
        Returns the atlas to begin with, None while there is none.
    source
        Returns how a script opens that atlas.
    """

    fitted = Signal(object)
    """A `FittedTexture`."""

    def __init__(self, viewer: Any, atlas: Callable[[], Atlas | None], source: Callable[[], str]) -> None:
        super().__init__()
        self._viewer, self._atlas, self._source = viewer, atlas, source
        self.combo = LayerCombo(viewer, "choose a mask", partial(why_no_mask, ndims=(3,)))
        self.combo.setToolTip("Labels or a two-valued image, 3-D: everything that is not 0 counts as inside.")
        self.trials = QSpinBox()
        self.trials.setRange(0, 500)
        self.trials.setValue(40)
        self.trials.setSuffix(" runs")
        self.trials.setFixedWidth(112)
        self.trials.setToolTip(
            "Short runs that refine the nearest texture of the atlas, 0 to 500; each takes about a second. "
            "With 10 or more, some of them regrow the best textures from other noise, to tell a real gain from chance."
        )
        ignore_wheel(self.trials)
        self.stretch = QCheckBox("Stretch")
        self.stretch.setChecked(True)
        self.stretch.setToolTip("Let textures be stretched along z, by 0.5 to 2: for flat or long masks, such as those from thick slices.")
        self.align = QCheckBox("Align")
        self.align.setChecked(True)
        self.align.setToolTip("Let tubes and sheets align with the main direction of the mask, if it has one.")
        self.walls = QCheckBox("Walls")
        self.walls.setToolTip("Grow textures in a box with walls, which surfaces meet at right angles, instead of a periodic box.")
        self.sizes = QCheckBox("Sizes")
        self.sizes.setToolTip("Also match the mean thickness of the shape and of the space around it; each run takes twice as long.")
        self.work = WorkRow(viewer, "Fit", "Search the atlas, then refine. The mask is not changed.")
        self.work.say(_HINT)
        self.script_button = ScriptButton(self.script, lambda text, wrong: self.work.say(text, wrong=wrong))
        row = FlowRow((self.combo, self.trials, self.stretch, self.align, self.walls, self.sizes, self.script_button))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.work)
        layout.addStretch(1)
        self.combo.chosen.connect(lambda _: self._refresh())
        self.work.pressed.connect(self.start)
        self._refresh()

    @property
    def running(self) -> bool:
        """True while a fit is under way."""
        return self.work.working

    def start(self) -> None:
        """Fit a texture to the chosen mask."""
        layer, atlas, trials = self.combo.layer, self._atlas(), self.trials.value()
        options = self._options()
        if layer is None or atlas is None or self.running:
            self.work.say("Choose a mask first." if layer is None else "The atlas is still being read: try again in a moment.", wrong=True)
            return
        try:
            taken = take(layer, self._viewer)
        except ShapelabError as error:
            self.work.say(str(error), wrong=True)
            return

        def work(report: Report, abort: threading.Event) -> FittedTexture:
            def tell(done: int, total: int, misfit: float) -> None:
                report(Progress(done / max(1, total), f"Run {done} of {total}: {percent(misfit)} off."))

            with stoppable(abort):
                read = read_shape(taken, fields=False)
                mask = read.data != 0
                given: dict[str, Any] = {"unit": read.unit or "pixel", "atlas": atlas, "trials": trials, **options}
                fit = fit_texture(mask, read.spacing, progress=tell, stop=abort.is_set, **given)
            return FittedTexture(fit, layer, read, inner_box(mask, read.place), trials)

        self.work.start(work, self._on_done, "Searching the atlas…")

    def _options(self) -> dict[str, Any]:
        """Return what the boxes say, as `fit_texture` takes it."""
        boundary = "replicate" if self.walls.isChecked() else "periodic"
        given = {"stretch": self.stretch.isChecked(), "align": self.align.isChecked(), "boundary": boundary}
        return {**given, "properties": ("strut_size", "pore_size") if self.sizes.isChecked() else ()}

    def script(self) -> Script:
        """Return what a script does that fits the same; InputError if nothing is chosen."""
        if self.combo.layer is None:
            raise InputError("Choose a mask first.")
        taken = take(self.combo.layer, self._viewer)
        options = "".join(f", {name}={value!r}" for name, value in self._options().items())
        body = [
            "from shapelab.batch import fit_texture, open_atlas, shipped_atlas",
            "",
            f"atlas = {self._source()}",
            'spacing, unit = mask.meta["scale"], mask.meta["units"][-1]',
            f"fit = fit_texture(mask.data != 0, spacing, unit=unit, atlas=atlas, trials={self.trials.value()}{options})",
            "print(fit.member, fit.start.distance, fit.best.distance, dict(fit.best.parameters))",
        ]
        return Script(body, {"mask": taken})

    def _on_done(self, found: FittedTexture) -> None:
        fit = found.fit
        unit = shown_unit(str(fit.best.parameters["unit"]))
        found_sizes = (
            f"{name.replace('_', ' ')} {fit.best.properties[name]:.3g}, mask {value:.3g}" for name, value in fit.properties.items()
        )
        sizes = f" Sizes ({unit}): {'; '.join(found_sizes)}." if fit.best.properties else ""
        notes = "".join(f" {note}" for note in found.taken.notes)
        filled = f"Volume fraction {percent(fit.best.volume_fraction)}, mask {percent(fit.volume_fraction)}."
        self.work.say(f"{fit.verdict} {_distances(fit, unit)} {filled}{_shaped(fit)}{sizes}{notes}")
        self.fitted.emit(found)

    def _refresh(self) -> None:
        missing = "" if self.combo.layer is not None else "Choose a 3-D mask first."
        self.work.set_ready(not missing, missing)
        allow(self.script_button, not missing, missing)


def _distances(fit: TextureFit, unit: str) -> str:
    """Return in words how far off the nearest of the atlas and the fitted texture are."""
    before, after = fit.start.distance, fit.best.distance
    if not fit.best_again.distances:
        change = f"{before:.3g} ({fit.member}) → {after:.3g}"
        return f"Distance between the curvatures (1/{unit}): {change}, for a root mean square curvature of {fit.curvature:.3g}."
    lucky = f" One shape in the atlas is closer, by chance: {fit.member}, {percent(before / fit.curvature)}."
    return f"This texture: {percent(after / fit.curvature)}.{lucky if before < after else ''}"


def _shaped(fit: TextureFit) -> str:
    """Return in words how the texture was stretched and aligned, "" if it was not."""
    stretched = f" It is stretched {fit.best.stretch:g} times along z." if fit.best.stretch != 1 else ""
    strength = float(fit.best.parameters.get("orientation", 0.0))
    if not strength:
        return stretched
    z, y, x = fit.best.parameters["direction"]
    return f"{stretched} It is aligned {'with' if strength > 0 else 'across'} the direction ({z:.2g}, {y:.2g}, {x:.2g}) (z, y, x)."
