"""What an impatient user does: starts and stops runs in every dock, meddles with their layers, closes windows in the middle."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEventLoop, QTimer

from shapelab.crystals import generate_crystal
from shapelab.script import as_script

PLUGIN = "napari-shapelab"
_PATIENCE = 240.0
"""Longest wait for anything to happen [s]; running out of it is an error."""
_TEXTURES = ("tubes", "sponge", "spheres", "bilayers")
_SCENARIOS = ("active_liquid", "run_and_tumble", "hard_and_soft_cells", "relaxation")


class User:
    """One person at one screen; `rng` decides what is done, so that a seed repeats it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.viewer: Any = None
        self.viewers = 0
        self.runs = 0
        self._docks: dict[str, Any] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="soak-")
        self.folder = Path(self._folder.name)

    # -- windows -------------------------------------------------------------------------------------------------

    def open_viewer(self) -> None:
        """Open a window if there is none."""
        if self.viewer is None:
            self.viewer = napari.Viewer()
            self.viewer.window.resize(1000, 700)
            self.viewers += 1
            self.wait(0.1)

    def close_viewer(self) -> None:
        """Close the window, whatever goes on in it."""
        if self.viewer is not None:
            self._docks.clear()
            viewer, self.viewer = self.viewer, None
            viewer.close()
            del viewer
            self.wait(0.3)

    def dock(self, name: str) -> Any:
        """Return a dock of the plugin, opened from the menu if it was not."""
        self.open_viewer()
        if name not in self._docks:
            _, self._docks[name] = self.viewer.window.add_plugin_dock_widget(PLUGIN, name)
        dock = self._docks[name]
        frame = dock.parentWidget()
        frame.show()
        frame.raise_()
        self.wait(0.05)
        return dock

    def clear(self) -> None:
        """Remove all layers."""
        if self.viewer is not None:
            self.viewer.layers.clear()

    # -- time ----------------------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let the window live for a while."""
        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def until(self, happened: Callable[[], bool], what: str, told: Callable[[], str] = str) -> None:
        """Wait for something; `told` is what the dock says meanwhile."""
        end = time.perf_counter() + _PATIENCE
        while not happened():
            if time.perf_counter() > end:
                raise TimeoutError(f"{what} did not come within {_PATIENCE:g} s: {told()!r}")
            self.wait(0.02)

    def click(self, button: Any) -> bool:
        """Press a button, if it can be pressed."""
        able = button.isEnabled()
        if able:
            button.click()
        return bool(able)

    def chance(self, probability: float) -> bool:
        """Toss a coin."""
        return bool(self.rng.random() < probability)

    def one_of(self, items: Any) -> Any:
        """Choose one of several."""
        found = list(items)
        return found[int(self.rng.integers(len(found)))]

    # -- a run ---------------------------------------------------------------------------------------------------

    def begin(self, panel: Any) -> None:
        """Press Run (or Step) and wait for the first frame."""
        panel.snapshot = None
        if not self.click(panel.run_button if self.chance(0.85) else panel.step_button):
            raise RuntimeError(f"Run is disabled: {panel.message.text()!r}")
        self.runs += 1
        self.until(lambda: panel.snapshot is not None or not panel.running, "the first frame")

    def meddle(self, panel: Any, change: Callable[[], None]) -> None:
        """Do a few things to a run and its layers, whatever they may be."""
        for _ in range(int(self.rng.integers(2, 7))):
            layers = panel.layers.layers() if panel.layers is not None else []
            what = self.one_of(("look", "change", "change", "pause", "step", "delete", "rename", "hide", "script", "tab"))
            if what == "look":
                self.wait(float(self.rng.uniform(0.0, 0.3)))
            elif what == "change":
                change()
            elif what == "pause":
                self.click(panel.pause_button)
            elif what == "step":
                self.click(panel.step_button)
            elif what == "script":
                panel.with_simulation(as_script, lambda _: None, panel.say)
            elif what == "tab":
                panel.tabs.setCurrentIndex(int(self.rng.integers(panel.tabs.count())))
            elif layers:
                self._meddle_with(self.one_of(layers), what)
            self.wait(0.03)

    def _meddle_with(self, layer: Any, what: str) -> None:
        if what == "delete":
            self.viewer.layers.remove(layer)
        elif what == "rename":
            layer.name = self.one_of(("mine", "tubes · field", "run and tumble · cells"))
        else:
            layer.visible = not layer.visible

    def end(self, *panels: Any) -> None:
        """Stop runs; sometimes go on with one first."""
        for panel in panels:
            self.click(panel.stop_button)
            self.until(lambda panel=panel: not panel.running, "the end of a run")
            if self.chance(0.2) and self.click(panel.pause_button):  # which now says Continue
                self.wait(0.1)
                self.click(panel.stop_button)
                self.until(lambda panel=panel: not panel.running, "the end of a run")


def _texture(user: User) -> tuple[Any, Callable[[], None]]:
    """Begin a texture; return its panel and a live change."""
    dock = user.dock("Curvatubes")
    name = user.one_of(_TEXTURES)
    dock.presets.select(name)
    dock.choose_preset(name)
    dock.form.set_parameters(dock.parameters.replace(shape=(16, 16, 16), settle=0.0, max_steps=1_000_000))
    if dock.mask_shown.isChecked() != user.chance(0.5):
        dock.mask_shown.click()
    user.begin(dock.panel)

    def change() -> None:
        field = dock.form.target.fields[user.one_of(("radius", "volume_fraction"))]
        if field.isEnabled() and field.value() is not None:
            field.set_value(field.value() * float(user.rng.uniform(0.9, 1.1)))
            field.changed.emit()

    return dock.panel, change


def texture(user: User) -> None:
    """Curvatubes: run, meddle, take results, stop."""
    panel, change = _texture(user)
    user.meddle(panel, change)
    user.end(panel)
    dock = user.dock("Curvatubes")
    if user.chance(0.5):
        user.click(dock.results.mask_button)
    if user.chance(0.5):
        dock.results.add_mesh()
        user.wait(0.3)
    if user.chance(0.3):
        dock.results.save(user.folder / f"{user.runs}.zarr")
        user.wait(0.3)


def _cells(user: User) -> tuple[Any, Callable[[], None]]:
    """Begin cells; return their panel and a live change or a move of the hand."""
    dock = user.dock("Cells")
    name = user.one_of(_SCENARIOS)
    dock.choose_scenario(name)
    axes = len(dock.parameters.shape)
    dock.form.set_values({"shape": (32, 32) if axes == 2 else (14, 14, 14), "n_cells": 6})
    user.begin(dock.panel)

    def change() -> None:
        what = user.one_of(("live", "add", "remove", "colour"))
        if what == "add":
            dock.panel.edit("add_cell", position=(user.rng.uniform(2, 12, axes)).tolist())
        elif what == "remove":
            dock.panel.edit("remove_cell", cell=int(user.rng.integers(1, 9)))
        elif what == "colour":
            dock.colours.choose(dock.colours.combo.itemText(int(user.rng.integers(dock.colours.combo.count()))))
        else:
            dock.panel.update_live(max_steps=int(user.rng.integers(10_000, 20_000)))

    return dock.panel, change


def cells(user: User) -> None:
    """Cells: run, meddle, measure, stop."""
    panel, change = _cells(user)
    user.meddle(panel, change)
    user.end(panel)
    if user.chance(0.5):
        user.click(user.dock("Cells").results.measure_button)
        user.wait(0.3)


def two_at_once(user: User) -> None:
    """A texture and cells in one viewer, meddled with in turn."""
    (one, change_one), (two, change_two) = _texture(user), _cells(user)
    user.meddle(two, change_two)
    user.meddle(one, change_one)
    user.end(one, two)


def grains(user: User) -> None:
    """Crystals: fit a segmentation; sometimes cancel."""
    dock = user.dock("Crystals")
    labels = generate_crystal(12, (40, 40), lloyd=1, tolerance=0.1, seed=int(user.rng.integers(100))).labels
    user.viewer.add_labels(labels, name="grains")
    user.until(lambda: dock.fit.work.run_button.isEnabled(), "the choice of the grains")
    dock.fit.form.set_values({"method": user.one_of(("moments", "likelihood")), "effort": 0.1})
    user.runs += user.click(dock.fit.work.run_button)
    if user.chance(0.3):
        user.wait(float(user.rng.uniform(0, 0.2)))
        user.click(dock.fit.work.cancel_button)
    user.until(lambda: not dock.fit.work.working, "the fit")
    if dock.fit.result is not None and user.chance(0.5):
        dock.fit.table.selectRow(0)


def two_shapes(user: User) -> None:
    """Compare: two label images; sometimes cancel, sometimes delete one in the middle."""
    dock = user.dock("Compare")
    shape = (40, 40) if user.chance(0.5) else (14, 14, 14)
    for name in ("a", "b"):
        data = (np.add.reduce(np.indices(shape) ** 2) < int(user.rng.integers(60, 140))).astype(np.uint8)
        user.viewer.add_labels(data, name=name)
    user.until(lambda: dock.work.run_button.isEnabled(), "the choice of two layers")
    user.runs += user.click(dock.work.run_button)
    if user.chance(0.3):
        user.viewer.layers.remove(user.viewer.layers[-1])
    if user.chance(0.3):
        user.click(dock.work.cancel_button)
    user.until(lambda: not dock.work.working, "the comparison")


def map_of_shapes(user: User) -> None:
    """Atlas: open a shape, mark a place, grow a shape there."""
    dock = user.dock("Atlas")
    user.until(lambda: dock.atlas is not None, "the atlas")
    for _ in range(int(user.rng.integers(1, 4))):
        dock.map.choose(index := int(user.rng.integers(len(dock.atlas))))
        dock.show_member(index)
        user.wait(0.05)
    low, high = dock.map.places.min(axis=0), dock.map.places.max(axis=0)
    dock.place_mark(*user.rng.uniform(low, high).tolist())
    user.begin(dock.panel)
    user.meddle(dock.panel, lambda: user.click(dock.run_button) and None)
    user.end(dock.panel)


def kept_run(user: User) -> None:
    """Replay: keep a texture while it runs, open the folder, walk in it, go on from somewhere in it."""
    dock = user.dock("Curvatubes")
    dock.recording.folder = user.folder
    dock.recording.every.setValue(2)
    dock.recording.keep.setCurrentIndex(dock.recording.keep.findData("all"))
    dock.recording.box.setChecked(True)
    panel, change = _texture(user)
    user.meddle(panel, change)
    user.end(panel)
    dock.recording.box.setChecked(False)
    path = dock.recording.path
    if path is None or not path.exists():
        return
    replay = user.dock("Replay")
    replay.open(path)
    user.until(
        lambda: replay.run is not None and replay.run.path.name == path.name,
        f"the kept run {path.name!r}",
        lambda: f"{replay.about.text()} {replay.note.text()} {sorted(entry.name for entry in path.glob('*'))}",
    )
    for _ in range(3):
        replay.timeline.go(int(user.rng.integers(len(replay.run))))
        user.wait(0.05)
    user.click(replay.restore_button)
    if user.click(replay.resume_button):
        user.until(lambda: panel.running, "the resumed run")
        user.until(lambda: panel.snapshot is not None, "its first frame")
        user.meddle(panel, change)
        user.end(panel)


def foams(user: User) -> None:
    """Foam: run a preset or labels, reach in, settle it exactly, add its mesh, stop."""
    dock = user.dock("Foam")
    user.until(lambda: not dock.panel.running, "the end of the run before")
    if user.chance(0.5):
        dock.start_from.choose(user.viewer.add_labels(_tissue(user, (36, 36), 8), name="tissue"))
        user.until(lambda: dock.panel.run_button.isEnabled(), "the cells of the labels", dock.panel.message.text)
    else:
        dock.restore_defaults()
        dock.choose_scenario(user.one_of(("foam_sorting", "double_bubble")))
        dock.form.set_values({"shape": (36, 36), "fineness": int(user.rng.integers(1, 3))})
        if "n_cells" in dock.form.fields:
            dock.form.set_values({"n_cells": 8})
    user.begin(dock.panel)

    def change() -> None:
        what = user.one_of(("remove_cell", "divide_cell", "colour", "outlines", "mesh", "pull_cell"))
        if what == "colour":
            dock.colours.choose(dock.colours.combo.itemText(int(user.rng.integers(dock.colours.combo.count()))))
        elif what == "outlines":
            user.click(dock.outlines)
        elif what == "mesh":
            user.click(dock.results.mesh_button)
        else:
            place = {"position": user.rng.uniform(8, 28, 2).tolist()} if what == "pull_cell" else {}
            dock.panel.edit(what, cell=int(user.rng.integers(1, 9)), **place)

    user.meddle(dock.panel, change)
    if user.chance(0.3):
        user.click(dock.settle.button)
    user.end(dock.panel)


def tensions(user: User) -> None:
    """Tensions: infer, look at results, sometimes cancel, paint on the labels, simulate with them and compare."""
    dock = user.dock("Tensions")
    shape = (60, 60) if user.chance(0.7) else (20, 20, 20)
    labels = user.viewer.add_labels(_tissue(user, shape, 10), name="tissue")
    dock.layer.choose(labels)
    user.until(lambda: dock.work.run_button.isEnabled(), "the choice of the labels", dock.work.message.text)
    before = dock.found
    user.runs += user.click(dock.work.run_button)
    if user.chance(0.2):
        user.wait(float(user.rng.uniform(0, 0.2)))
        user.click(dock.work.cancel_button)
    user.until(lambda: not dock.work.working, "the tensions", dock.work.message.text)
    user.wait(0.2)
    if dock.found is before:
        return
    dock.result.tabs.setCurrentIndex(int(user.rng.integers(dock.result.tabs.count())))
    if user.chance(0.5):
        dock.result.link.go_to_interface(0)
    if user.chance(0.3):
        labels.paint((shape[0] / 2,) * len(shape), 0)
        user.wait(0.2)
    if user.chance(0.5):
        panel = dock.result.simulate.panel
        user.begin(panel)
        user.meddle(panel, lambda: user.click(dock.result.simulate.compare_button) and None)
        user.end(panel)


def _tissue(user: User, shape: tuple[int, ...], count: int) -> np.ndarray:
    """Return cells that fill the middle of an image."""
    places = np.indices(shape).reshape(len(shape), -1).T
    middle = np.array(shape) / 2
    seeds = user.rng.uniform(0.2, 0.8, (count, len(shape))) * shape
    nearest = 1 + np.argmin(((places[:, None] - seeds) ** 2).sum(axis=2), axis=1)
    inside = ((places - middle) ** 2).sum(axis=1) < (0.42 * shape[0]) ** 2
    return np.where(inside, nearest, 0).astype(np.int32).reshape(shape)


def closed_in_the_middle(user: User) -> None:
    """Close the viewer while runs, and sometimes a fit, go on."""
    one, two = (_texture, _cells) if user.chance(0.5) else (_cells, _texture)
    panel, change = one(user)
    if user.chance(0.5):
        two(user)
    user.meddle(panel, change)
    del panel, change
    user.close_viewer()


def new_viewer(user: User) -> None:
    """Close the viewer and open another one with a run in it."""
    user.close_viewer()
    texture(user)


ACTIVITIES: list[Callable[[User], None]] = [
    *(texture, cells, two_at_once, grains, two_shapes, map_of_shapes, kept_run, foams, tensions),
    *(closed_in_the_middle, new_viewer),
]
"""What may happen in a cycle."""
