"""Whatever takes long in a dock, but runs: Cancel, a defect in the work and one in showing leave the dock as it was, with one sentence."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

import shapelab as sl
from napari_shapelab.actions import measure_effective, mesh_selected
from napari_shapelab.docks.atlas.fit_tab import AtlasFit
from napari_shapelab.docks.compare import CompareDock
from napari_shapelab.docks.crystals import CrystalsDock
from napari_shapelab.docks.curvatubes import CurvatubesDock
from napari_shapelab.docks.foam import FoamDock
from napari_shapelab.docks.folders import FoldersDock
from napari_shapelab.docks.replay import ReplayDock
from napari_shapelab.docks.tensions import TensionsDock
from napari_shapelab.run.fit_cells import fit_selected_cells
from napari_shapelab.work.mesh_panel import mesh_panel
from napari_shapelab.work.movies import measure_movie
from napari_shapelab.work.render import render_labels
from napari_shapelab.work.row import WorkRow
from shapelab.convert.place import Place
from shapelab.errors import Stopped
from shapelab.io import save_run
from shapelab.stopping import check_stop

pytestmark = pytest.mark.logs_errors

CELLS = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((5, 5), int))


class Work:
    """Stands for what a dock computes."""

    def __init__(self):
        self.begun = threading.Event()
        self.kind = "endless"
        self.nonsense = SimpleNamespace()

    def __call__(self, *given, **named):
        abort = next((one for one in given if isinstance(one, threading.Event)), threading.Event())
        self.begun.set()
        if self.kind == "defect":
            raise KeyError("of the work\nand more")
        if self.kind == "nonsense":
            return self.nonsense
        while not abort.wait(0.01):
            check_stop()
        raise Stopped


def add(viewer, dock):
    viewer.window.add_dock_widget(dock, name=type(dock).__name__)
    return dock


def panel(viewer, opening, title):
    opening(viewer)
    return viewer.window.dock_widgets[title]


def movies(viewer, folder):
    dock = panel(viewer, measure_movie, "Movies")
    dock.layer.choose(viewer.layers["film"])
    return dock.work, dock.measure


def microscope(viewer, folder):
    dock = panel(viewer, render_labels, "Microscope image")
    dock.layer.choose(viewer.layers["film"])
    return dock.work, dock.render_layer


def fit_of_cells(viewer, folder):
    dock = panel(viewer, fit_selected_cells, "Fit cells")
    dock.layer.choose(viewer.layers["film"])
    dock.ranges.choose({"speed": (0.05, 1.0)})
    return dock.fit_row, dock.fit_model


def diagram(viewer, folder):
    viewer.layers.selection.active = viewer.layers["cells"]
    dock = add(viewer, CrystalsDock(viewer)).fit
    assert dock.source.layer is viewer.layers["cells"]
    return dock.work, dock.fit


def sample(viewer, folder):
    dock = add(viewer, CrystalsDock(viewer)).generate
    return dock.work, dock.generate


def grains(viewer, folder):
    dock = add(viewer, CrystalsDock(viewer)).generate
    sample = sl.crystals.GrainSample(CELLS, Place.of((1.0, 1.0)))
    dock.generated = SimpleNamespace(crystal=SimpleNamespace(sample=lambda unit: sample), unit="")
    return dock.work, lambda: dock.save(folder / "a.piff")


def tensions(viewer, folder):
    dock = add(viewer, TensionsDock(viewer))
    dock.layer.choose(viewer.layers["cells"])
    return dock.work, dock.infer


def comparison(viewer, folder, names=("cells", "other")):
    dock = add(viewer, CompareDock(viewer))
    dock.a.choose(viewer.layers[names[0]])
    dock.b.choose(viewer.layers[names[1]])
    return dock.work, dock.compare


def report(viewer, folder):
    row, _ = comparison(viewer, folder)
    dock = viewer.window.dock_widgets["CompareDock"]
    dock.comparison = SimpleNamespace(result={}, sides=None, names=("a", "b"))
    return row, lambda: dock.export(folder / "report")


def mesh_of_comparison(viewer, folder):
    row, _ = comparison(viewer, folder, ("mask", "mask 2"))
    return row, viewer.window.dock_widgets["CompareDock"].mesh_button.click


def mesh(viewer, folder):
    viewer.layers.selection = {viewer.layers["mask"]}
    return mesh_panel(viewer).work, lambda: mesh_selected(viewer)


def ebsd(viewer, folder):
    source = add(viewer, CrystalsDock(viewer)).fit.source
    return source.job, lambda: source.open(folder / "a.ang")


def ended(dock):
    """Run a few steps of a simulation, to its end."""
    dock.panel.run()
    while dock.panel.snapshot is None or dock.panel.running:
        QApplication.processEvents()
    return dock


def texture_run(viewer):
    dock = add(viewer, CurvatubesDock(viewer))
    dock.form.set_parameters(dock.parameters.replace(shape=(16, 16, 16), max_steps=1))
    return ended(dock)


def mesh_of_run(viewer, folder):
    dock = texture_run(viewer)
    return dock.panel.job, dock.results.add_mesh


def mesh_file_of_run(viewer, folder):
    dock = texture_run(viewer)
    return dock.panel.job, lambda: dock.results.save(folder / "a.ply")


def run_folder(viewer, folder):
    dock = texture_run(viewer)
    return dock.panel.job, lambda: dock.results.save(folder / "a.zarr")


def page_of_run(viewer, folder):
    dock = texture_run(viewer)
    return dock.panel.job, lambda: dock.recording.share(folder / "a.html")


def settled_foam(viewer, folder):
    dock = add(viewer, FoamDock(viewer))
    dock.form.set_values({"n_cells": 4, "shape": (32, 32), "max_steps": 1})
    ended(dock)
    return dock.panel.job, dock.settle.settle


def comparison_of_movies(viewer, folder):
    row, press = comparison(viewer, folder, ("film", "other film"))
    viewer.window.dock_widgets["CompareDock"].over_time.setChecked(True)
    return row, press


def texture(viewer, folder):
    dock = add(viewer, AtlasFit(viewer, lambda: SimpleNamespace(), lambda: "shipped_atlas()"))
    dock.combo.choose(viewer.layers["mask"])
    return dock.work, dock.start


def folders(viewer, folder):
    np.save(folder / "a.npy", CELLS)
    dock = add(viewer, FoldersDock(viewer))
    dock.folder.setText(str(folder))
    return dock.work, dock.run


def export(viewer, folder):
    run = sl.Curvatubes("tubes", shape=(10, 10, 10), seed=1)
    dock = add(viewer, ReplayDock(viewer))
    dock.open(save_run(folder / "run.zarr", run))
    while dock.run is None:
        QApplication.processEvents()
    dock.export.what.setCurrentIndex(dock.export.what.findData("stack"))
    return dock.export.row, lambda: dock.export.export(folder / "a.tif")


def page(viewer, folder):
    row, _ = export(viewer, folder)
    dock = viewer.window.dock_widgets["ReplayDock"]
    return row, lambda: dock.export.share(folder / "a.html")


def effective(viewer, folder):
    viewer.layers.selection = {viewer.layers["mask"]}
    measure_effective(viewer)  # opens the table
    return viewer.window.dock_widgets["Measurements"].findChild(WorkRow), lambda: measure_effective(viewer)


FACE = "napari_shapelab"
DOCKS = {
    "movies": (movies, f"{FACE}.work.movies.measure_over_time"),
    "microscope": (microscope, f"{FACE}.work.render.render_microscopy"),
    "fit of cells": (fit_of_cells, f"{FACE}.run.fit_cells.fit_cells"),
    "diagram": (diagram, f"{FACE}.docks.crystals.fit_tab.fit_image"),
    "sample": (sample, f"{FACE}.docks.crystals.generate_tab.generate"),
    "grains": (grains, "shapelab.crystals.sample.GrainSample.save"),
    "tensions": (tensions, f"{FACE}.docks.tensions.dock.infer"),
    "comparison": (comparison, f"{FACE}.docks.compare.dock.compare_layers"),
    "comparison of movies": (comparison_of_movies, f"{FACE}.docks.compare.over_time.compare_movies"),
    "report": (report, "shapelab.compare.write_report"),
    "mesh": (mesh, f"{FACE}.work.mesh_layer.compute_surface"),
    "mesh of a comparison": (mesh_of_comparison, f"{FACE}.work.mesh_layer.compute_surface"),
    "mesh of a run": (mesh_of_run, f"{FACE}.docks.curvatubes.results.compute_surface"),
    "mesh file of a run": (mesh_file_of_run, f"{FACE}.docks.curvatubes.results.compute_surface"),
    "run folder": (run_folder, f"{FACE}.run.saving.save_run"),
    "page of a run": (page_of_run, "shapelab.page.make_page"),
    "settled foam": (settled_foam, f"{FACE}.docks.foam.settle.settle_exactly"),
    "ebsd": (ebsd, f"{FACE}.docks.crystals.grain_source._read"),
    "texture": (texture, f"{FACE}.docks.atlas.fit_tab.fit_texture"),
    "folders": (folders, f"{FACE}.docks.folders.dock.run_command"),
    "export": (export, f"{FACE}.docks.replay.export_panel.export_tiff"),
    "page": (page, "shapelab.page.make_page"),
    "effective": (effective, f"{FACE}.actions.measure"),
}


UNPACKED = ("grains", "report", "mesh", "mesh of a comparison", "mesh of a run", "mesh file of a run", "run folder")
NONSENSE = {"export": "", **dict.fromkeys(UNPACKED, "TypeError")}
"""What is said of an answer that cannot be shown, but AttributeError; an export only says what it is told."""


def can_begin(row):
    """Whether a row is as it is at rest; a job beside a run is seen only while it works."""
    return row.run_button.isEnabled() if isinstance(row, WorkRow) else not row.isVisibleTo(row.parentWidget())


@pytest.mark.parametrize("name", DOCKS)
def test_cancel_and_defects_leave_a_dock_as_it_was(name, viewer, qtbot, tmp_path, monkeypatch):
    mask = CELLS[None].repeat(4, 0) % 2
    for layer, data in {"cells": CELLS, "other": np.roll(CELLS, 1, 0), "mask": mask, "mask 2": mask}.items():
        viewer.add_labels(data, name=layer)
    for layer in ("film", "other film"):
        viewer.add_labels(np.stack([CELLS] * 3), name=layer, axis_labels=("t", "y", "x"))
    opening, core = DOCKS[name]
    work = Work()
    monkeypatch.setattr(core, work)
    row, press = opening(viewer, tmp_path)
    before = [(layer.name, layer.visible) for layer in viewer.layers], sorted(tmp_path.iterdir())

    def rests():
        qtbot.waitUntil(lambda: not row.working and row._late is None, timeout=30_000)
        assert can_begin(row)
        assert ([(layer.name, layer.visible) for layer in viewer.layers], sorted(tmp_path.iterdir())) == before
        return row.message.text()

    if row.working:  # opening it has begun
        row.cancel()
        rests()
    for kind, words in (("endless", "Cancelled"), ("defect", "KeyError"), ("nonsense", "AttributeError"), ("endless", "Cancelled")):
        work.kind = kind
        work.begun.clear()
        press()
        assert row.working
        assert not can_begin(row)
        qtbot.waitUntil(work.begun.is_set, timeout=30_000)
        if kind == "endless":
            row.cancel()
        said = rests()
        assert (NONSENSE.get(name, words) if kind == "nonsense" else words) in said
        assert "\n" not in said
        assert said.endswith((".", "…")), said
