"""What is taken from a layer is what napari shows: frame, level, units, and every transform."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points, Surface

from napari_shapelab.actions import measure_taken
from napari_shapelab.viewer.layer_data import place_of, spatial_ndim, take, why_not_taken
from shapelab.errors import InputError
from shapelab.measure import measure


def ball(n: int = 24, radius: float = 8.0) -> np.ndarray:
    axis = np.arange(n) - (n - 1) / 2
    return (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < radius**2).astype(np.int32)


def random_transform(rng: np.random.Generator, ndim: int, *, shear: bool) -> dict:
    turn, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    linear = turn @ np.diag(rng.uniform(0.5, 2, ndim) * rng.choice([-1, 1], ndim))
    if shear:
        linear = linear @ (np.eye(ndim) + np.triu(rng.uniform(-0.4, 0.4, (ndim, ndim)), 1))
    affine = np.eye(ndim + 1)
    affine[:-1, :-1], affine[:-1, -1] = linear, rng.uniform(-50, 50, ndim)
    return {"affine": affine, "scale": rng.uniform(0.5, 2, ndim), "translate": rng.uniform(-9, 9, ndim)}


@pytest.mark.parametrize("seed", range(12))
def test_pixels_lie_where_napari_draws_them(seed):
    rng = np.random.default_rng(seed)
    ndim = 2 + seed % 2
    layer = Labels(rng.integers(0, 5, (6, 7, 8)[:ndim]), **random_transform(rng, ndim, shear=False))
    taken = take(layer)
    index = rng.uniform(0, 6, (5, ndim))
    expected = np.array([layer.data_to_world(i) for i in index])
    assert np.allclose(taken.place.world(index), expected)
    copied = Labels(layer.data, **place_of(layer))
    assert np.allclose([copied.data_to_world(i) for i in index], expected)
    on_pixels = Labels(layer.data, **taken.pixels_place())
    assert np.allclose([on_pixels.data_to_world(i) for i in index], expected)
    in_lengths = Points(index * taken.spacing, **taken.lengths_place())
    assert np.allclose([in_lengths.data_to_world(p) for p in in_lengths.data], expected)
    run = Labels(layer.data, scale=taken.spacing, affine=taken.run_transform())
    assert np.allclose([run.data_to_world(i) for i in index], expected)


@pytest.mark.parametrize("seed", range(6))
def test_volume_is_the_true_one_under_any_transform(seed):
    """The volume of the pixels times the determinant, within the error of the grid where a shear needs another grid."""
    rng = np.random.default_rng(seed)
    layer = Labels(ball(), **random_transform(rng, 3, shear=seed % 2 == 1))
    taken = take(layer).read()
    assert taken.place.is_straight
    found = np.count_nonzero(taken.data) * np.prod(taken.spacing)
    matrix = np.array([np.array(layer.data_to_world(e)) - layer.data_to_world((0, 0, 0)) for e in np.eye(3)])
    true = np.count_nonzero(layer.data) * abs(np.linalg.det(matrix))
    assert found == pytest.approx(true, rel=0.02 if seed % 2 else 1e-9)
    centre = taken.place.world(np.argwhere(taken.data).mean(0)[None])[0]
    assert np.allclose(centre, layer.data_to_world((11.5, 11.5, 11.5)), atol=0.2 if seed % 2 else 1e-6)


def test_a_shear_is_said():
    notes = take(Labels(ball(), shear=(0.5, 0, 0))).read().notes
    assert any("sheared" in note for note in notes)


def test_measured_through_an_affine_scale():
    layer = Labels(ball(), affine=np.diag([2.0, 0.5, 0.5, 1]))
    taken = take(layer).read()
    assert measure(taken.data != 0, taken.spacing)["volume"] == pytest.approx(ball().sum() * 0.5)


def test_pyramid_gives_its_full_level():
    full = ball(32, 10)
    taken = take(Labels([full, full[::2, ::2, ::2]], multiscale=True, scale=(2, 1, 1)))
    assert taken.data.shape == (32, 32, 32)
    assert taken.spacing == (2, 1, 1)
    assert not taken.notes


def test_level_that_fits_is_said_and_lies_right(monkeypatch):
    monkeypatch.setattr("napari_shapelab.viewer.pyramid.available_memory", lambda: 4 * 20_000 * 4)
    full = ball(32, 10)
    coarse = full.reshape(16, 2, 16, 2, 16, 2).max((1, 3, 5))
    taken = take(Image([full.astype(np.float32), coarse.astype(np.float32)], multiscale=True))
    assert taken.data.shape == (16, 16, 16)
    assert taken.spacing == (2, 2, 2)
    assert "level 1" in taken.notes[0]
    assert np.allclose(taken.place.world(np.argwhere(taken.data > 0).mean(0)[None]), 15.5)


def test_lazy_data_stay_lazy_until_read():
    taken = take(Labels(da.from_array(ball(), chunks=8)))
    assert isinstance(taken.data, da.Array)
    assert taken.read().data.sum() == ball().sum()


@pytest.mark.parametrize("how", ["labels", "units", "four axes"])
def test_one_frame_of_a_time_lapse_is_taken_and_said(how):
    frames = np.stack([np.full((5, 6), k) for k in range(4)])
    meta = {"labels": {"axis_labels": ("t", "y", "x")}, "units": {"units": ("s", "um", "um")}}.get(how, {})
    data = frames if how != "four axes" else np.repeat(frames[:, None], 3, 1)
    viewer = ViewerModel()
    layer = viewer.add_labels(data, **meta)
    viewer.dims.set_point(0, 2)
    taken = take(layer, viewer)
    assert taken.ndim == data.ndim - 1
    assert np.all(taken.data == 2)
    assert "3 of 4" in taken.notes[0]
    assert np.all(take(layer, viewer, frame=1).data == 1)
    assert take(layer, viewer, frame=1).notes[0].endswith("2 of 4" + (" along axis 0" if how == "four axes" else "") + " was taken.")


def test_it_is_said_where_the_slider_stands_at_none_of_the_frames():
    viewer = ViewerModel()
    layer = viewer.add_labels(np.stack([np.full((5, 6), k) for k in range(4)]), axis_labels=("t", "y", "x"))
    viewer.add_image(np.zeros((9, 5, 6)), contrast_limits=(0, 1), translate=(-3, 0, 0))
    for place, frame, words in ((5, 3, "past the last one"), (-2, 0, "before the first one"), (2, 2, "the one that is shown")):
        viewer.dims.set_point(0, place)
        taken = take(layer, viewer)
        assert np.all(taken.data == frame)
        assert words in taken.notes[0]


def test_channels_are_not_slices():
    layer = Image(np.zeros((3, 8, 9)), axis_labels=("c", "y", "x"))
    assert spatial_ndim(layer) == 2
    assert take(layer).data.shape == (8, 9)
    assert "colour" in why_not_taken(Image(np.zeros((8, 9, 3), np.uint8), rgb=True))


def test_channels_behind_the_pixels_are_channels_too():
    data = np.zeros((24, 30, 2))
    data[..., 0] = 1
    taken = take(Image(data, axis_labels=("y", "x", "c"), scale=(3, 2, 1)))
    assert taken.data.shape == (24, 30)
    assert taken.data.all()
    assert taken.spacing == (3, 2)
    for several in (data, np.repeat(data[None], 20, 0)):  # nobody has named the axes
        assert "2 entries, as channels have" in why_not_taken(Image(several, rgb=False))
    assert not why_not_taken(Image(data, axis_labels=("z", "y", "x"), rgb=False))


def test_one_slice_is_a_plane():
    taken = take(Labels(np.ones((1, 5, 6), int), scale=(9, 2, 1)))
    assert taken.data.shape == (5, 6)
    assert taken.spacing == (2, 1)


def test_units_are_converted_axis_by_axis():
    layer = Labels(ball(), scale=(0.002, 1, 1), units=("um", "nm", "nm"))
    taken = take(layer)
    assert taken.spacing == pytest.approx((2, 1, 1))
    assert taken.unit == "nm"
    again = Labels(layer.data, **taken.pixels_place())
    assert np.allclose(again.scale, layer.scale)
    assert again.units == layer.units


def test_units_that_cannot_be_converted_are_refused():
    layer = Labels(ball(), units=("pixel", "um", "um"))
    with pytest.raises(InputError, match="cannot be converted"):
        take(layer)


def test_negative_scale_mirrors():
    data = np.zeros((4, 5), int)
    data[0, 1] = 1
    taken = take(Labels(data, scale=(1, -2), translate=(0, 10)))
    assert taken.spacing == (1, 2)
    assert np.allclose(taken.place.world([[0, 1]]), [[0, 8]])


def test_wide_ids_survive_a_shear():
    data = np.zeros((6, 6), np.uint64)
    data[2:4, 2:4] = 2**63 + 1
    taken = take(Labels(data, shear=(0.3,))).read()
    assert taken.notes
    assert set(np.unique(taken.data).tolist()) == {0, 2**63 + 1}


def test_foreign_byte_order_becomes_the_machines():
    data = np.arange(12, dtype=">f8").reshape(3, 4)
    taken = take(Image(data)).read()
    assert taken.data.dtype.isnative
    assert np.array_equal(taken.data, data)


def test_points_and_surfaces_of_one_frame():
    viewer = ViewerModel()
    points = viewer.add_points(np.array([[0, 1, 2], [1, 3, 4], [1, 5, 6]], float), axis_labels=("t", "y", "x"), scale=(1, 2, 2))
    viewer.dims.set_point(0, 1)
    assert np.array_equal(take(points, viewer).data, [[3, 4], [5, 6]])
    mesh = Surface((np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0.0]]), np.array([[0, 1, 2]])), scale=(3, 2, 1), translate=(1, 0, 0))
    assert np.allclose(take(mesh).place.world(take(mesh).data[0]), [[1, 0, 0], [1, 0, 1], [1, 2, 0]])


def test_a_tilted_slice_is_refused_and_one_turned_in_its_plane_is_not():
    plane = np.zeros((1, 20, 30), int)
    plane[0, 2:8, 3:9] = 1
    assert "tilted" in why_not_taken(Labels(plane, rotate=(45, 0, 0)))
    turned = take(Labels(plane, rotate=(0, 0, 45), translate=(7, 0, 0)))
    assert turned.ndim == 2
    assert np.allclose(turned.spacing, 1)
    assert turned.height == 7


@pytest.mark.parametrize("extra", [0, 1])
def test_a_surface_whose_values_change_over_time_is_taken_as_it_is_seen(extra):
    vertices = np.random.default_rng(0).uniform(0, 9, (5, 3))
    corners = np.hstack([np.zeros((5, extra)), vertices])
    values = np.arange(15.0).reshape(3, 5)
    viewer = ViewerModel()
    layer = viewer.add_surface((corners, np.array([[0, 1, 2], [2, 3, 4]]), values))
    viewer.dims.set_point(0, 2)
    taken = take(layer, viewer)
    assert taken.ndim == 3
    assert np.allclose(taken.data[0], vertices)
    assert np.allclose(taken.data[2], values[2])
    assert taken.notes == ("Only position 3 of 3 along axis 0 was taken, the one that is shown.",)


def test_axes_that_are_no_space_are_known_by_their_names():
    stack = np.stack([np.full((5, 6), k) for k in range(4)])
    for name in ("lambda", "position", "step"):
        taken = take(Labels(stack, axis_labels=(name, "y", "x")), frame=None)
        assert taken.data.shape == (5, 6)
        assert "of 4" in taken.notes[0]
    assert "along position" in take(Labels(stack, axis_labels=("position", "y", "x"))).notes[0]
    assert take(Labels(stack, axis_labels=("plane", "y", "x"))).ndim == 3


@pytest.mark.parametrize("unit", ["degree", "m/s", "kg", "Hz"])
def test_what_is_no_length_is_refused(unit):
    assert "not a length" in why_not_taken(Labels(np.ones((5, 6), int), units=(unit, unit)))


def test_centroids_are_named_by_the_layers_own_axes():
    volume = np.zeros((6, 7, 8), int)
    volume[1, 2, 3], volume[4, 5, 6] = 1, 2
    table, _ = measure_taken(take(Labels(volume, axis_labels=("x", "y", "z"), scale=(1, 1, 2))))
    assert table.loc[1, ["centroid_x", "centroid_y", "centroid_z"]].tolist() == [1, 2, 6]


def test_it_is_said_where_results_cannot_lie_over_their_layer():
    stack = np.ones((5, 4, 6), int)
    assert any("do not lie over it" in note for note in take(Labels(stack, axis_labels=("y", "t", "x"))).notes)
    assert not any("do not lie over it" in note for note in take(Labels(stack, axis_labels=("t", "y", "x"))).notes)
    assert not any("do not lie over it" in note for note in take(Labels(stack[:1])).notes)


def test_px_is_a_pixel_as_in_files_and_not_the_96th_part_of_an_inch():
    taken = take(Labels(ball(), scale=(2, 1, 1), units=("px", "px", "px")))
    assert taken.unit == ""
    assert taken.spacing == (2, 1, 1)
    assert take(Labels(ball(), scale=(2, 1, 1), units=("px", "pixel", "dimensionless"))).spacing == (2, 1, 1)
    with pytest.raises(InputError, match="cannot be converted"):
        take(Labels(ball(), units=("um", "px", "um")))


@pytest.mark.parametrize("name", ["time (s)", "Time [min]", "t_s", "t0", "frame no."])
def test_an_axis_whose_name_has_a_unit_is_known_by_its_first_word(name):
    stack = np.stack([np.full((5, 6), k) for k in range(4)])
    taken = take(Labels(stack, axis_labels=(name, "y (µm)", "x (µm)")))
    assert taken.data.shape == (5, 6)
    assert "frame 1 of 4" in taken.notes[0]
    assert take(Labels(stack, axis_labels=("z (µm)", "y_um", "x_um"))).ndim == 3


def test_points_of_frames_before_the_first_and_between_two():
    viewer = ViewerModel()
    rows = np.array([[-2, 1, 1], [-1, 2, 2], [0, 3, 3], [1.9, 4, 4]])
    points = viewer.add_points(rows, axis_labels=("t", "y", "x"))
    for frame, there in ((-2, [[1, 1]]), (0, [[3, 3]]), (2, [[4, 4]])):
        viewer.dims.set_point(0, frame)
        taken = take(points, viewer)
        assert np.array_equal(taken.data, there)
        assert f"frame {frame + 3} of 5" in taken.notes[0]


@pytest.mark.parametrize(("unit", "metres"), [("decimeter", 0.1), ("furlong", 201.168), ("fm", 1e-15)])
def test_lengths_without_a_short_name_are_taken_in_millimetres(unit, metres):
    layer = Labels(ball(), scale=(2, 1, 1), translate=(0, 3, 0), units=(unit,) * 3)
    taken = take(layer)
    assert taken.unit == "mm"
    np.testing.assert_allclose(taken.spacing, np.array([2, 1, 1]) * metres * 1e3, rtol=1e-4)
    again = Labels(layer.data, **taken.pixels_place())
    assert again.units == layer.units
    np.testing.assert_allclose(again.data_to_world((1, 2, 3)), layer.data_to_world((1, 2, 3)))
