"""Outlines and surfaces of cells: on their boundaries, in their colours, switched on and off."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Shapes, Surface
from runs import stop

from napari_shapelab.docks.cells import CellsDock
from napari_shapelab.run.outlines import outlines_of, surfaces_of


def test_outlines_lie_on_the_boundaries_of_a_disc():
    y, x = np.mgrid[:60, :60] - 29.5
    paths = outlines_of((y**2 + x**2 < 20**2).astype(np.uint16))
    points = np.concatenate(paths) - 29.5
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 20, atol=0.6)


def test_every_triangle_of_a_surface_has_one_colour():
    labels = np.zeros((16, 16, 24), np.uint16)
    labels[3:12, 3:12, 3:12], labels[3:12, 3:12, 12:20] = 1, 2
    colours = np.array([[0, 0, 0, 0], [1, 0, 0, 1], [0, 1, 0, 1]], float)
    vertices, faces, shown = surfaces_of(labels, colours)
    corners = shown[faces]
    assert (corners == corners[:, :1]).all()
    assert {tuple(row) for row in shown} == {(1, 0, 0, 1), (0, 1, 0, 1)}
    assert vertices.min() > 2
    assert vertices[:, 2].max() < 20
    green = vertices[(shown == colours[2]).all(axis=1)]
    assert green[:, 2].min() > 11


@pytest.mark.parametrize(("scenario", "kind"), [("active_liquid", Shapes), ("hard_and_soft_cells", Surface)])
def test_the_button_shows_them_and_takes_them_away(viewer, qtbot, scenario, kind):
    dock = CellsDock(viewer)
    viewer.window.resize(1200, 760)
    viewer.window.add_dock_widget(dock, name="Cells")
    dock.choose_scenario(scenario)
    shape = (32, 32) if kind is Shapes else (16, 16, 16)
    dock.form.set_values({"shape": shape, "n_cells": 5, "fineness": 2})
    dock.panel.run()
    qtbot.waitUntil(lambda: dock.panel.snapshot is not None, timeout=120_000)
    stop(qtbot, dock.panel)
    dock.outlines.click()
    qtbot.waitUntil(lambda: any(isinstance(layer, kind) for layer in viewer.layers), timeout=120_000)
    layer = next(layer for layer in viewer.layers if isinstance(layer, kind))
    cells = dock.panel.layers["cells"]
    assert viewer.layers.selection.active is cells
    low, high = cells.extent.world
    step = np.asarray(cells.scale)
    assert (layer.extent.world[0] >= low - 1.5 * step).all()
    assert (layer.extent.world[1] <= high + 1.5 * step).all()
    assert cells.visible == (kind is Shapes)
    dock.outlines.click()
    assert not any(isinstance(layer, kind) for layer in viewer.layers)
    assert cells.visible
