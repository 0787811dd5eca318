"""The mouse on the canvas of a dock of cells, as the window system would send it."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

LEFT = Qt.MouseButton.LeftButton


def settled(qtbot, dock):
    """Wait until what is shown is what the paused worker has."""
    worker = dock.panel.stream.worker
    qtbot.waitUntil(lambda: worker.paused and worker.frames.empty and not worker._edits, timeout=30_000)
    qtbot.wait(50)


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
    """Return the row of the seed that is farthest from the sides of the box: a click on it cannot miss its cell."""
    _, places = seeds(dock)
    extent = np.array(dock.panel.layers["cells"].data.shape) * dock.panel.layers["cells"].scale / dock.panel.layers["seeds"].scale
    return int(np.argmax(np.minimum(places, extent - places).min(axis=1)))
