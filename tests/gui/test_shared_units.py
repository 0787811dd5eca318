"""Layers in different units in one viewer: what is shown, pointed at and looked at is the same as where each is alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_shapelab.viewer.given_labels import given
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.viewer.layer_movie import show_movie_frame
from napari_shapelab.viewer.ring import Ring
from napari_shapelab.viewer.shown_frame import shown_frame
from napari_shapelab.viewer.under_mouse import cell_at, pixel_at
from napari_shapelab.viewer.view import see


def film(**settings) -> Labels:
    frames = np.stack([np.full((6, 8), 1 + k) for k in range(5)])
    return Labels(frames, axis_labels=("t", "y", "x"), **settings)


SETTINGS = {
    "minutes": {"scale": (2, 0.5, 0.5), "units": ("min", "um", "um")},
    "mixed lengths": {"scale": (2, 0.5, 500), "units": ("s", "um", "nm"), "translate": (10, 0, 0)},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("other", ["ms", "nm", "more axes", "alone"])
def test_the_frame_that_napari_shows_is_taken(settings, other):
    viewer = ViewerModel()
    layer = viewer.add_layer(film(**settings))
    if other == "ms":
        viewer.add_image(np.zeros((40, 4, 4)), scale=(15_000, 1, 1), units=("ms", "um", "um"), contrast_limits=(0, 1))
    elif other == "nm":
        viewer.add_points(np.zeros((1, 2)), units=("nm", "nm"))
    elif other == "more axes":
        viewer.add_image(np.zeros((2, 3, 4, 4)), units=("pixel", "ms", "um", "nm"), contrast_limits=(0, 1))
    for frame in (3, 1, 4):
        show_movie_frame(layer, viewer, frame)
        assert np.unique(layer._slice.image.raw).tolist() == [1 + frame]  # what napari draws
        assert shown_frame(layer, viewer) == frame
        assert np.unique(take(layer, viewer).data).tolist() == [1 + frame]
        assert given(layer, viewer, film=False).frame == frame


@pytest.mark.parametrize("unit", ["um", "nm", "mm"])
def test_the_camera_and_the_ring_go_where_the_layer_is_drawn(unit):
    alone, among = ViewerModel(), ViewerModel()
    among.add_image(np.zeros((4, 4)), scale=(1e-3, 1e-3), units=(unit, unit), contrast_limits=(0, 1), visible=False)
    per = float((1.0 * among.layers[0].units[0]).to("nm").magnitude) if unit == "nm" else 1e3
    factor = {"um": 1.0, "nm": per * 1e3, "mm": 1.0}[unit]  # napari's world is in the smallest unit of all
    for viewer in (alone, among):
        layer = viewer.add_labels(np.ones((60, 80), int), scale=(0.5, 0.25), translate=(7, 9), units=("um", "um"))
        see(viewer, layer)
    seen = [viewer.scene.camera for viewer in (alone, among)]
    np.testing.assert_allclose(seen[1].center, np.array(seen[0].center) * factor)
    assert seen[1].zoom == pytest.approx(seen[0].zoom / factor)
    for viewer in (alone, among):
        Ring(viewer, "ring", "test").go_to(np.array([20.0, 30.0]), 2.0, {"scale": (0.5, 0.25), "units": ("um", "um")})
    np.testing.assert_allclose(seen[1].center, np.array(seen[0].center) * factor)
    np.testing.assert_allclose(seen[0].center[1:], (10, 7.5))
    assert among.layers[-1].border_width[0] == pytest.approx(alone.layers[-1].border_width[0])


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_the_cell_under_the_mouse_is_found_in_any_units(ndisplay):
    viewer = ViewerModel(ndisplay=ndisplay)
    volume = np.zeros((10, 12, 14), int)
    volume[4:7, 5:8, 6:9] = 5
    layer = viewer.add_labels(volume, scale=(0.3, 250, 0.25), units=("um", "nm", "um"))
    world = np.array([5 * 300, 6 * 250, 7 * 250.0])  # in nm, the smallest unit of the layer
    direction = None if ndisplay == 2 else np.array([0.6, 0.64, 0.48])
    if direction is not None:
        world = world - 900 * direction
    event = SimpleNamespace(position=tuple(world), view_direction=direction, dims_displayed=[1, 2] if ndisplay == 2 else [0, 1, 2])
    viewer.dims.set_point(0, world[0])
    assert cell_at(viewer, layer, event) == 5
    if ndisplay == 2:
        np.testing.assert_allclose(pixel_at(viewer, layer, event), (5, 6, 7))
