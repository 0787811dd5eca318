"""The camera shows the whole of some layers, whatever else is in the viewer."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Surface

from napari_shapelab.viewer.side_by_side import SideBySide
from napari_shapelab.viewer.view import fit, see


def camera(viewer):
    camera = viewer.scene.camera
    return np.array([*camera.center, camera.zoom, *camera.angles])


@pytest.mark.parametrize("shape", [(6, 9), (5, 6, 9)])
@pytest.mark.parametrize("others", [(2, 3), (4, 2, 3), (3, 4, 2, 3), (2, 3, 4, 2, 3)])
def test_layers_are_seen_alike_whatever_axes_others_have(shape, others):
    alone, among = ViewerModel(), ViewerModel()
    among.add_image(np.zeros(others), visible=False)
    for viewer in (alone, among):
        see(viewer, viewer.add_image(np.zeros(shape), scale=(2.0,) * len(shape), translate=(7.0,) * len(shape)))
    np.testing.assert_allclose(camera(among)[-7:], camera(alone)[-7:])
    assert camera(alone)[-4] > 0
    np.testing.assert_allclose(camera(alone)[:3][-len(shape) :], 7 + 2 * (np.array(shape) - 1) / 2)


def test_a_volume_is_fitted_as_napari_fits_it():
    viewer = ViewerModel()
    layer = viewer.add_points(np.array([[0.0, 0, 0], [10, 20, 30]]), size=1e-9)
    viewer.dims.ndisplay = 3
    viewer.scene.camera.angles = (20.0, 30.0, -20.0)
    viewer.fit_to_view(layers=[layer], margin=0.15)
    theirs = camera(viewer)
    viewer.scene.camera.zoom = 1.0
    fit(viewer, layer, margin=0.15)
    np.testing.assert_allclose(camera(viewer), theirs, rtol=1e-6)


def test_two_volumes_side_by_side_while_a_run_in_time_is_there():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 4, 4, 4)))
    pair = [viewer.add_labels(np.ones((4, 5, 6), int)) for _ in range(2)]
    viewer.dims.ndisplay = 3
    SideBySide(viewer).show(True, pair)
    np.testing.assert_allclose(viewer.scene.camera.center, (1.5, 2.0, 2.5))


def test_layers_that_are_gone_are_not_looked_for():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((8, 8)), contrast_limits=(0, 1))
    gone = Surface((np.eye(3), np.array([[0, 1, 2]])))
    see(viewer, gone)
    assert viewer.dims.ndisplay == 2
    viewer.layers.append(gone)
    see(viewer, gone)
    assert viewer.dims.ndisplay == 3
