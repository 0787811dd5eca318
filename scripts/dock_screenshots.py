"""Take the pictures of Compare, Crystals, Replay, Folders, Fit cells and Microscope image anew, as a user would make them.

python scripts/dock_screenshots.py [NAME …]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from screenshots import Session, take

CROP = 256
"""Side of the part of the steel map that is fitted [pixels]."""


def compare() -> None:
    """Cells of a plant ovule and a diagram fitted to them, side by side with their difference."""
    from napari.layers import Labels, Layer

    from shapelab import fit_diagram
    from shapelab.io import samples

    session = Session("Compare")
    viewer, dock = session.viewer, session.dock
    for layer in samples.load("plant_ovule"):
        viewer.add_layer(Layer.create(*layer.as_tuple()))
    cells = next(layer for layer in viewer.layers if isinstance(layer, Labels))
    fit = fit_diagram(np.asarray(cells.data), 2, tuple(cells.scale), method="moments")
    diagram = viewer.add_labels(fit.labels, name="diagram", scale=cells.scale, units=cells.units)
    for layer in viewer.layers:
        layer.visible = isinstance(layer, Labels)
    dock.a.choose(cells)
    dock.b.choose(diagram)
    session.click(dock.work.run_button)
    session.wait(lambda: dock.comparison is not None)
    session.idle(1.0)
    dock.results.tabs.setCurrentIndex(1)
    session.click(dock.grid_button)
    session.picture("compare")
    session.close()


def crystals() -> None:
    """A fit of a low-carbon steel, with the table of its worst grains."""
    from shapelab.io import samples

    session = Session("Crystals")
    viewer, tab = session.viewer, session.dock.fit
    whole = samples.load("low_carbon_steel")[0]
    crop = viewer.add_labels(np.asarray(whole.data)[:CROP, :CROP], name="steel crop", scale=whole.meta["scale"], units=whole.meta["units"])
    tab.source.combo.choose(crop)
    tab.form.set_values({"method": "likelihood"})
    session.click(tab.work.run_button)
    session.wait(lambda: any("ellipses" in layer.name for layer in viewer.layers))
    session.idle(1.0)
    next(layer for layer in viewer.layers if "ellipses" in layer.name).visible = True
    tab.table.selectRow(0)
    session.picture("crystals")
    session.close()


def replay() -> None:
    """A saved run of tubes, at one of its first frames."""
    from shapelab import Curvatubes
    from shapelab.io import RunWriter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tubes-1.zarr"
        simulation = Curvatubes("tubes", seed=1)
        writer = RunWriter(path, simulation, keep="all")
        for frame in simulation.run(every=50):
            writer.write(frame)
        writer.close()
        session = Session("Replay")
        dock = session.dock
        dock.open(path)
        session.wait(lambda: dock.run is not None and len(session.viewer.layers) > 0)
        session.idle(1.0)
        dock.timeline.go(5)
        session.picture("replay")
        session.close()


def folders() -> None:
    """A folder of sixty label images, measured, and one file that is no image."""
    with tempfile.TemporaryDirectory() as home:
        place = Path(home) / "embryos"
        place.mkdir()
        rng = np.random.default_rng(1)
        for number in range(60):
            centres = rng.uniform(0, 48, (8, 2))
            pixels = np.stack(np.indices((48, 48)), -1)[:, :, None]
            np.save(place / f"embryo_{number:03d}.npy", 1 + np.argmin(((pixels - centres) ** 2).sum(-1), -1))
        (place / "embryo_060.tif").write_bytes(b"II*\0 broken off")
        session = Session("Folders")
        dock = session.dock
        dock.folder.setText(str(place))
        session.click(dock.options.ticks["--labels"])
        session.click(dock.work.run_button)
        session.wait(lambda: not dock.work.working and dock.end is not None)
        for line in (dock.folder, dock.out):  # where it lies is nobody's concern
            line.blockSignals(True)
            line.setText(line.text().replace(home, "~"))
        session.picture("folders")
        session.close()


def microscopy() -> None:
    """A tissue as a microscope shows it, under its labels."""
    from napari_shapelab.work.render import render_labels

    session = Session(None)
    tissue = add_tissue(session)
    render_labels(session.viewer)
    panel = session.viewer.window.dock_widgets["Microscope image"]
    panel.form.set_values({"photons": 60, "bleaching": 0.03})
    session.click(panel.work.run_button)
    session.wait(lambda: panel.rendered is not None)
    tissue.opacity = 0.25
    session.viewer.dims.set_point(0, 0.28)
    session.picture("microscopy")
    session.close()


def add_tissue(session: Session) -> Any:
    """Add a movie of an active liquid."""
    from shapelab import Cells

    simulation = Cells("active_liquid", shape=(96, 96), n_cells=16, filling=0.85, speed=0.4, seed=3)
    frames = list(simulation.run(steps=60, every=4))
    step = frames[1].time - frames[0].time
    own = {"shapelab": {"periodic": True, "parameters": {"shape": (96, 96)}}}  # opposite sides are joined
    data = np.stack([np.asarray(frame["cells"]) for frame in frames]).astype(int)
    tissue = session.viewer.add_labels(data, name="tissue", scale=(step, 0.5, 0.5), units=("s", "um", "um"), metadata=own)
    tissue.axis_labels = ("t", "y", "x")
    return tissue


def fit_cells() -> None:
    """A movie of an active liquid: its motion estimated, then a model fitted to it."""
    from napari_shapelab.run.fit_cells import fit_selected_cells

    session = Session(None)
    add_tissue(session)
    fit_selected_cells(session.viewer)
    panel = session.viewer.window.dock_widgets["Fit cells"]
    session.idle(1.0)
    session.click(panel.estimate_row.run_button)
    session.wait(lambda: not panel.estimate_row.working and panel.estimated.text())
    session.idle(1.0)
    session.picture("fit_cells_estimate")
    panel.tabs.setCurrentIndex(1)
    panel.ranges.choose({"speed": (0.1, 1.6), "turning": (0.1, 3.0)})
    panel.options.set_values({"simulations": 30, "rounds": 2})
    session.click(panel.fit_row.run_button)
    session.wait(lambda: not panel.fit_row.working and panel.fit is not None)
    session.idle(1.0)
    session.picture("fit_cells")
    session.close()


PICTURES: dict[str, Callable[[], Any]] = {
    "compare": compare,
    "crystals": crystals,
    "replay": replay,
    "folders": folders,
    "microscopy": microscopy,
    "fit_cells": fit_cells,
}


if __name__ == "__main__":
    sys.exit(take(PICTURES, __doc__))
