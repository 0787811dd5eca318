"""Label layers larger than the memory: measured some planes at a time, refused with a sentence where all is needed at once."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_shapelab.actions import measure_effective, measure_selected
from napari_shapelab.viewer.given_labels import given
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.viewer.layer_movie import movie_of, times_of
from napari_shapelab.widgets.measurement_table import measurements_dock
from napari_shapelab.work.row import WorkRow
from shapelab.errors import OutOfMemoryError
from shapelab.labels.lazy import LazyPart
from shapelab.measure import measure_labels
from shapelab.stopping import check_stop

CELLS = np.kron(np.arange(1, 9).reshape(2, 2, 2), np.ones((8, 9, 10), np.uint16)).astype(np.uint16)


@pytest.mark.parametrize("kind", ["dask", "zarr", "pyramid"])
def test_labels_in_chunks_are_measured_in_full_with_progress(viewer, qtbot, kind):
    lazy = da.from_array(CELLS, chunks=5) if kind != "zarr" else zarr.create_array(store={}, data=CELLS, chunks=(5, 5, 5))
    layer = Labels([lazy, lazy[::2, ::2, ::2]] if kind == "pyramid" else lazy, scale=(2, 1, 1), name="large")
    viewer.add_layer(layer)
    viewer.layers.selection = {layer}
    measure_selected(viewer)
    row = measurements_dock(viewer).findChild(WorkRow)
    assert row.cancel_button.isEnabled()
    qtbot.waitUntil(lambda: "volume" in layer.features, timeout=60_000)
    np.testing.assert_array_equal(layer.features["volume"], measure_labels(CELLS, (2, 1, 1))["volume"])
    qtbot.waitUntil(lambda: "8 labels" in row.message.text())


def test_several_large_layers_are_measured_one_after_the_other(viewer, qtbot):
    layers = [viewer.add_labels(da.from_array(CELLS, chunks=5), name=name) for name in ("a", "b", "c")]
    viewer.layers.selection = set(layers)
    measure_selected(viewer)
    assert len(measurements_dock(viewer).waiting) == 2
    qtbot.waitUntil(lambda: all("volume" in layer.features for layer in layers), timeout=60_000)


@pytest.mark.parametrize("data", [np.ones((800, 700), np.uint8), np.arange(560_000).reshape(800, 700) // 100])
def test_what_is_measured_for_a_while_can_be_cancelled_with_all_that_waits(viewer, qtbot, monkeypatch, data):
    begun = []

    def endless(*given, **named):
        begun.append(1)
        while True:
            check_stop()

    monkeypatch.setattr("napari_shapelab.actions.measure", endless)
    viewer.layers.selection = {viewer.add_labels(data, name=name) for name in ("a", "b")}
    measure_selected(viewer)
    row = measurements_dock(viewer).findChild(WorkRow)
    qtbot.waitUntil(lambda: begun == [1], timeout=20_000)
    row.cancel()
    qtbot.waitUntil(lambda: "Cancelled; nothing" in row.message.text(), timeout=20_000)
    assert not row.working
    assert begun == [1]


def test_a_frame_is_cut_out_of_zarr_without_being_read(viewer):
    movie = zarr.create_array(store={}, shape=(4000, 200, 1000, 1000), chunks=(1, 50, 250, 250), dtype=np.uint16)
    layer = Labels(movie, axis_labels=("t", "z", "y", "x"), name="movie")
    taken = take(layer, viewer, frame=7)
    assert isinstance(taken.data, LazyPart)
    assert taken.data.shape == (200, 1000, 1000)


@pytest.mark.parametrize("kind", [Labels, Image])
def test_what_is_needed_at_once_and_does_not_fit_is_refused(kind):
    huge = da.zeros((40_000, 20_000, 20_000), dtype=np.uint16, chunks=(64, 1024, 1024))
    layer = kind(huge, name="huge") if kind is Labels else kind(huge, name="huge", contrast_limits=(0, 1))
    with pytest.raises(OutOfMemoryError, match="GB"):
        take(layer).read()


def test_effective_properties_join_the_table_of_a_mask(viewer, qtbot):
    mask = np.zeros((16, 16, 24), np.uint8)
    mask[:, :, np.arange(24) % 8 < 4] = 1
    layer = viewer.add_labels(mask, name="plates", scale=(1, 1, 0.5))
    viewer.layers.selection = {layer}
    measure_effective(viewer)
    table = measurements_dock(viewer)
    qtbot.waitUntil(lambda: any(row[0].startswith("pore_chord_x") for row in table.rows()), timeout=60_000)
    numbers = {row[0].split(" (")[0]: row[1] for row in table.rows()[1:]}
    assert numbers["pore_chord_x"] == "2"
    assert numbers["tortuosity_y"] == "1"


@pytest.mark.parametrize("kind", ["array", "dask", "zarr", "pyramid"])
def test_frames_of_a_movie_are_cut_out_one_by_one(kind):
    """Also the channel that is shown, of a stack of one slice; and none is touched before it is asked for."""
    viewer = ViewerModel()
    data = np.arange(5 * 2 * 6 * 8).reshape(5, 2, 1, 6, 8) + 1
    lazy = zarr.create_array(store={}, data=data, chunks=(1, 1, 1, 3, 3)) if kind == "zarr" else da.from_array(data, chunks=2)
    shown = data if kind == "array" else [lazy, lazy[..., ::2, ::2]] if kind == "pyramid" else lazy
    axes = ("t", "c", "z", "y", "x")
    layer = viewer.add_layer(
        Labels(shown, axis_labels=axes, scale=(5, 1, 1, 0.5, 0.25), translate=(10, 0, 0, 1, 2), multiscale=kind == "pyramid")
    )
    viewer.dims.set_point(1, 1)
    film = given(layer, viewer, film=True)
    movie = movie_of(film, times_of(layer))
    assert len(film.frames) == len(movie) == 5
    assert isinstance(film.frames[3].data, LazyPart)
    assert (movie.shape, movie.spacing, movie.times.tolist()) == ((6, 8), (0.5, 0.25), [10, 15, 20, 25, 30])
    for number, frame in enumerate(movie):
        np.testing.assert_array_equal(frame, data[number, 1, 0])
        np.testing.assert_array_equal(frame, take(layer, viewer, frame=number).read().data)


def test_a_movie_of_many_frames_does_not_keep_the_window_waiting():
    endless = da.zeros((10**5, 64, 64), chunks=(1, 64, 64), dtype=np.uint16)
    layer = Labels(endless[:5], axis_labels=("t", "y", "x"))
    asked = []
    layer.data = endless.map_blocks(lambda block: asked.append(1) or block, dtype=np.uint16)
    asked.clear()
    film = given(layer, ViewerModel(), film=True)
    assert len(film.frames) == 10**5
    assert not asked
    assert film.frames[-1].read().data.shape == (64, 64)
