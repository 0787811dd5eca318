"""The mouse on the canvas of a dock of cells, as the window system would send it."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

LEFT = Qt.MouseButton.LeftButton


def canvas_point(viewer, world):
    """Return where a place of the world is on the canvas, in a 2-D view."""
    native = viewer.window._qt_viewer.canvas.native
    camera = viewer.scene.camera
    offset = (np.asarray(world)[-2:] - np.asarray(camera.center)[-2:]) * camera.zoom
    return QPoint(round(native.width() / 2 + offset[1]), round(native.height() / 2 + offset[0]))


def mouse(viewer, kind, point, modifiers=Qt.KeyboardModifier.NoModifier):
    """Send one mouse event to the canvas, as the window system would."""
    native = viewer.window._qt_viewer.canvas.native
    button = LEFT if kind != QEvent.Type.MouseMove else Qt.MouseButton.NoButton
    buttons = LEFT if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    place = QPointF(point)
    QApplication.sendEvent(native, QMouseEvent(kind, place, QPointF(native.mapToGlobal(point)), button, buttons, modifiers))


def drag(viewer, points, modifiers=Qt.KeyboardModifier.NoModifier):
    mouse(viewer, QEvent.Type.MouseButtonPress, points[0], modifiers)
    for point in points[1:]:
        mouse(viewer, QEvent.Type.MouseMove, point, modifiers)
    mouse(viewer, QEvent.Type.MouseButtonRelease, points[-1], modifiers)


def seeds(dock):
    """Return (ids, positions) of the seeds as shown; a layer that is hidden is not kept up to date."""
    layer, now = dock.panel.layers["seeds"], dock.panel.snapshot.frame.layer("seeds")
    if layer.visible:
        return np.asarray(layer.features["id"]), np.asarray(layer.data)
    return np.asarray(now.meta["features"]["id"]), np.asarray(now.data)


def seed(dock, row):
    """Return (id, pixel position, world position) of a seed."""
    ids, places = seeds(dock)
    place = np.array(places[row])
    return int(ids[row]), place, np.asarray(dock.panel.layers["seeds"].data_to_world(place))


def inner(dock):
    """Return the row of the seed that lies in its cell and is farthest from the sides of the box: a click on it cannot miss its cell."""
    _, places = seeds(dock)
    cells = dock.panel.layers["cells"]
    extent = np.array(cells.data.shape) * cells.scale / dock.panel.layers["seeds"].scale
    away = np.minimum(places, extent - places).min(axis=1)
    found = (seed(dock, row) for row in range(len(places)))
    inside = np.array([cells.get_value(world, world=True) == number for number, _, world in found])
    return int(np.argmax(np.where(inside, away, -np.inf)))
