"""Measure and Mesh on any layer as it lies in the viewer, beside what the user has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels, Surface
from scipy.ndimage import affine_transform
from test_layer_data import ball, random_transform

from napari_shapelab.actions import measure_selected, measure_taken, mesh_selected
from napari_shapelab.docks.cells.from_layer import take_cells
from napari_shapelab.docks.curvatubes.start_from import source_of
from napari_shapelab.viewer.features import add_features, joined
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.viewer.shapes import read_shape, why_no_labels, why_no_mask, why_no_shape
from napari_shapelab.viewer.surfaces import add_surface, compute_surface
from napari_shapelab.widgets.measurement_table import Measurements
from shapelab.errors import InputError
from shapelab.measure import measure


def two_bodies() -> np.ndarray:
    """A ball and a longer body, of labels 3 and 2³³ + 1."""
    z, y, x = np.indices((30, 30, 40))
    out = np.where((z - 12) ** 2 + (y - 12) ** 2 + (x - 10) ** 2 < 49, 3, 0).astype(np.int64)
    out[((z - 18) / 6) ** 2 + ((y - 16) / 6) ** 2 + ((x - 28) / 9) ** 2 < 1] = 2**33 + 1
    return out


def by_hand(layer: Labels, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Resample a layer onto the axes of the world, with cubic voxels; return labels and the centre of the first."""
    corners = np.array([layer.data_to_world(c) for c in np.ndindex(2, 2, 2) for c in [np.array(c) * layer.data.shape]])
    low = corners.min(0)
    shape = np.ceil((corners.max(0) - low) / step).astype(int) + 1
    origin = np.array(layer.data_to_world(np.zeros(3)))
    matrix = np.array([np.array(layer.data_to_world(e)) - origin for e in np.eye(3)]).T
    back = np.linalg.inv(matrix)
    index = np.searchsorted([0, 3, 2**33 + 1], layer.data)
    moved = affine_transform(index, back * step, back @ (low - origin), tuple(shape), order=0)
    return np.array([0, 3, 2**33 + 1])[moved], low


@pytest.mark.parametrize("seed", range(6))
def test_measure_agrees_with_the_layer_resampled_by_hand(seed):
    rng = np.random.default_rng(seed)
    layer = Labels(two_bodies(), **random_transform(rng, 3, shear=seed % 2 == 1))
    found, _ = measure_taken(take(layer))
    step = float(np.min(take(layer).spacing)) * 0.8
    labels, low = by_hand(layer, step)
    expected = measure(labels, step)
    assert found.index.tolist() == [3, 2**33 + 1]
    tolerance = 0.05 if seed % 2 else 0.02
    assert np.allclose(found["volume"], expected["volume"], rtol=tolerance)
    names = [f"centroid_{axis}" for axis in "zyx"]
    away = found[names].to_numpy() - (expected[names].to_numpy() + low)
    assert np.abs(away).max() < step
    assert np.allclose(found["semi_axis_1"], expected["semi_axis_1"], rtol=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_a_mesh_lies_on_its_layer_with_normals_outwards(seed):
    from napari.components import ViewerModel

    rng = np.random.default_rng(seed)
    layer = Labels(ball(), **random_transform(rng, 3, shear=seed % 2 == 1))
    read = read_shape(take(layer))
    mesh, values = compute_surface(read.data != 0, read.spacing)
    surface = add_surface(ViewerModel(), mesh, values, "k1", "ball", read, None)
    vertices = np.array([surface.data_to_world(v) for v in surface.data[0]])
    a, b, c = (vertices[surface.data[1][:, k]] for k in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    origin = np.array(layer.data_to_world(np.zeros(3)))
    matrix = np.array([np.array(layer.data_to_world(e)) - origin for e in np.eye(3)])
    true = np.count_nonzero(layer.data) * abs(np.linalg.det(matrix))
    # (z, y, x) is left-handed: outward normals give a negative volume, as of the mesh in its own frame
    own = mesh.vertices
    sign = np.sign(np.einsum("ij,ij->i", own[mesh.faces[:, 0]], np.cross(own[mesh.faces[:, 1]], own[mesh.faces[:, 2]])).sum())
    assert sign * volume == pytest.approx(true, rel=0.08)
    assert np.allclose(vertices.mean(0), layer.data_to_world((11.5, 11.5, 11.5)), atol=0.05 * true ** (1 / 3))
    assert (np.median(values["k1"]) > 0) == (np.median(compute_surface(ball() != 0, (1.0, 1.0, 1.0))[1]["k1"]) > 0)


def test_the_users_features_stay(viewer, qtbot):
    labels = np.zeros((20, 20), np.int64)
    labels[2:8, 2:8], labels[10:18, 10:18] = 7, 2**40
    mine = pd.DataFrame({"index": [2**40, 99], "area": ["big", "gone"], "count": [5, 6]})
    layer = viewer.add_labels(labels, features=mine, name="cells")
    for _ in range(2):  # the second measurement replaces the first
        before = layer.features
        measure_selected(viewer)
        qtbot.waitUntil(lambda before=before: layer.features is not before and "perimeter" in layer.features, timeout=20_000)
    table = layer.features.set_index("index")
    assert table.loc[[2**40, 99], "area"].tolist() == ["big", "gone"]
    assert table["count"].tolist()[:2] == [5, 6]
    assert table.loc[2**40, "area (measured)"] == 64
    assert table.loc[7, "area (measured)"] == 36
    assert [name for name in table.columns if name.startswith("area")] == ["area", "area (measured)"]
    assert layer.properties is not None


@pytest.mark.parametrize("seed", range(20))
def test_joined_features_keep_every_value(seed):
    rng = np.random.default_rng(seed)
    pool = [0, 1, 2, 3, 2**31, 2**40, 2**63 + 5] if seed % 2 else list(range(12))
    old = pd.DataFrame({"index": rng.choice(pool, 4, replace=seed % 3 == 0), "size": rng.integers(0, 99, 4)})
    if seed % 4 == 3:
        old = old.drop(columns="index")
    table = pd.DataFrame({"size": rng.normal(size=5), "touches": rng.random(5) < 0.5}, index=rng.choice(pool, 5, replace=False))
    out, names = joined(old, table)
    assert names == {"size": "size (measured)", "touches": "touches"}
    assert out["size"].iloc[:4].tolist() == old["size"].tolist()
    keys = [int(i) for i in (old["index"] if "index" in old else range(4))]
    assert [int(i) for i in out["index"].iloc[:4]] == keys
    found = {int(i): v for i, v in zip(out["index"], out["size (measured)"], strict=True)}
    for label, value in table["size"].items():
        assert found[int(label)] == value
    Labels(np.zeros((3, 3), int), features=out)


def test_features_without_an_index_are_of_the_labels_in_order():
    layer = Labels(np.array([[0, 1], [2, 2]]), features=pd.DataFrame({"name": ["background", "a", "b"]}))
    assert add_features(layer, pd.DataFrame({"area": [1.0, 2.0]}, index=[1, 2])) == []
    assert layer.features["name"].tolist() == ["background", "a", "b"]
    assert np.isnan(layer.features["area"][0])
    assert layer.features["area"][2] == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.arange(400, dtype=np.uint16).reshape(20, 20), "grey image"),
        (np.arange(400, dtype=np.int32).reshape(20, 20), "grey image"),
        (np.linspace(0, 1, 400).reshape(20, 20), "grey image"),
    ],
)
def test_grey_images_are_refused_with_the_reason(data, words):
    assert words in why_no_shape(Image(data))
    with pytest.raises(InputError, match=words):
        read_shape(take(Image(data)))


@pytest.mark.parametrize("values", [(0, 255), (0.0, 1.0), (False, True), (3, 4)])
def test_two_valued_images_are_masks(values):
    inside = ball() > 0
    image = Image(np.where(inside, values[1], values[0]), scale=(2, 1, 1))
    assert why_no_mask(image) == ""
    read = read_shape(take(image), fields=False)
    assert read.data.dtype == bool
    assert np.array_equal(read.data, inside)
    assert measure_taken(take(image))[0]["volume"] == pytest.approx(2 * inside.sum())


def test_fields_are_shapes_and_no_masks():
    field = Image(np.linspace(-1, 1, 400).reshape(20, 20))
    assert why_no_shape(field) == ""
    assert "field" in why_no_mask(field)
    assert "Labels" in why_no_labels(field)


def test_what_is_not_in_memory_is_judged_when_it_is_read():
    import dask.array as da

    touched = []
    data = da.from_array(np.arange(400).reshape(20, 20), chunks=10).map_blocks(lambda block: touched.append(1) or block, dtype=int)
    assert why_no_shape(Image(data, contrast_limits=(0, 400))) == ""
    with pytest.raises(InputError, match="grey image"):
        read_shape(take(Image(data, contrast_limits=(0, 400))))


def test_the_frame_that_is_shown_is_measured_and_said(viewer, qtbot):
    frames = np.zeros((3, 12, 12), np.uint8)
    frames[1, 2:8, 2:8] = 1
    layer = viewer.add_labels(frames, axis_labels=("t", "y", "x"), name="film")
    viewer.dims.set_point(0, 1)
    measure_selected(viewer)
    from napari_shapelab.widgets.measurement_table import measurements_dock

    table = measurements_dock(viewer)
    qtbot.waitUntil(lambda: len(table.rows()[0]) == 2, timeout=20_000)
    assert ["area", "36"] in [row[:2] for row in table.rows()] or any(row[1] == "36" for row in table.rows())
    assert "frame 2 of 3" in table.note.text()
    assert layer.data is frames


def test_a_flat_layer_has_no_mesh(viewer, monkeypatch):
    said = []
    monkeypatch.setattr("napari_shapelab.actions.show_warning", said.append)
    viewer.add_labels(np.ones((8, 8), int), name="flat")
    mesh_selected(viewer)
    assert "needs a volume" in said[0]


def test_a_mesh_is_added_over_a_turned_mask(viewer, qtbot):
    viewer.add_labels(ball(), rotate=(30, 20, 10), name="ball")
    mesh_selected(viewer)
    qtbot.waitUntil(lambda: any(isinstance(layer, Surface) for layer in viewer.layers), timeout=20_000)
    surface = next(layer for layer in viewer.layers if isinstance(layer, Surface))
    assert not viewer.layers["ball"].visible  # it would shine through its mesh
    centre = np.mean([surface.data_to_world(v) for v in surface.data[0]], axis=0)
    assert np.allclose(centre, viewer.layers["ball"].data_to_world((11.5, 11.5, 11.5)), atol=0.1)


def test_a_transform_that_squeezes_an_image_flat_is_a_reason_and_no_error():
    image = Image(np.eye(4), affine=np.array([[1, 1, 0], [1, 1 + 1e-12, 0], [0, 0, 1]]))
    assert "squeezes" in why_no_shape(image)


@pytest.mark.parametrize("values", [(-1, 0), (-1.0, 0.0), (1, 0), (255, 0), (1.0, -1.0), (7, 3)])
def test_the_shape_of_a_two_valued_image_is_not_its_background(values):
    inside, outside = values
    mask = np.zeros((9, 9), bool)
    mask[2:5, 3:7] = True
    layer = Image(np.where(mask, inside, outside), contrast_limits=(-1, 255))
    assert np.array_equal(read_shape(take(layer)).data, mask)
    assert np.array_equal(take_cells(take(layer), None).given.labels != 0, mask)


def test_rows_with_a_unit_have_the_names_that_readers_know(qtbot):
    table = Measurements()
    qtbot.addWidget(table)
    table.add("ball", {"mean_H": 0.2, "mean_K": 0.01, "k1_mean": 0.1, "euler_characteristic": 2}, "um")
    shown = [table.table.verticalHeaderItem(k).text() for k in range(table.table.rowCount())]
    assert shown == ["mean k1 + k2 (1/µm)", "mean Gaussian curvature K (1/µm²)", "k1 mean (1/µm)", "Euler characteristic"]
    assert table.rows()[1][0] == "mean_H (1/µm)"  # as in the functions, for spreadsheets


def test_an_image_with_an_infinity_is_no_mask_anywhere():
    layer = Image(np.where(ball() > 0, np.inf, 0.0), contrast_limits=(0, 1))
    assert "not finite" in why_no_shape(layer)
    for read in (read_shape, lambda taken: take_cells(taken, None)):
        with pytest.raises(InputError, match="not finite"):
            read(take(layer))


@pytest.mark.parametrize("numbered", [False, True])
def test_types_of_cells_are_read_as_napari_reads_features(numbered):
    """Without a column "index", row i is of label i, the background included."""
    labels = np.zeros((24, 24), int)
    labels[2:10, 2:10], labels[2:10, 12:20], labels[12:20, 2:10] = 1, 2, 3
    features = pd.DataFrame({"index": [3, 1, 2], "type": [0, 0, 1]}) if numbered else pd.DataFrame({"type": [7, 0, 1, 0]})
    assert take_cells(take(Labels(labels, features=features)), None).given.types == {1: 0, 2: 1, 3: 0}


def test_a_texture_needs_a_volume_also_where_the_layer_has_become_flat():
    with pytest.raises(InputError, match="2-D: a texture needs a volume"):
        source_of(take(Labels(np.ones((9, 9), int))), None, True)
