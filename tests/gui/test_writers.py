"""Layers saved through napari and opened again: what is seen comes back, or a sentence says why not."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer, Surface

from napari_shapelab.readers import cell_reader, nifti_reader
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.writers import LayerNotWrittenError
from shapelab.io.mesh import read_mesh_file

PLUGIN = "napari-shapelab"


def save(viewer, layer, path):
    viewer.add_layer(layer)
    viewer.layers.selection = {layer}
    return viewer.layers.save(str(path), selected=True, plugin=PLUGIN)


def points(layer):
    """Places and values of all voxels, sorted by place, in one unit."""
    taken = take(layer)
    data = np.asarray(taken.data)
    factor = {"nm": 1e-6, "um": 1e-3, "mm": 1, "": 1}[taken.unit]
    places = taken.place.world(np.argwhere(np.ones(data.shape))) * factor
    order = np.lexsort(np.round(places / np.abs(places).max(), 4).T)
    return places[order], data.ravel()[order]


def test_images_and_labels_come_back_where_they_were(viewer, tmp_path):
    rng = np.random.default_rng(5)
    for i in range(16):
        ndim, kind = (2, 3)[i % 4 > 0], (Image, Labels)[i % 2]
        data = rng.integers(0, 2**62, (3, 4, 5)[-ndim:]).astype(
            rng.choice(["i8", "u8", "i4", "u1"]) if kind is Labels else rng.choice(["f4", "u2", "f8"])
        )
        place = {"scale": rng.uniform(0.2, 4, ndim) * rng.choice([-1, 1], ndim), "translate": rng.uniform(-50, 50, ndim)}
        if i % 3 == 1:
            place["rotate"] = float(rng.uniform(0, 360)) if ndim == 2 else tuple(rng.uniform(0, 360, 3))
        if i % 3 == 2:
            place["affine"] = np.vstack([np.c_[rng.normal(size=(ndim, ndim)) + 3 * np.eye(ndim), rng.normal(size=ndim)], [0] * ndim + [1]])
        layer = kind(data, units=(str(rng.choice(["um", "nm", "mm", "pixel"])),) * ndim, name=f"{i}", **place)
        path = tmp_path / f"{i}.nii.gz"
        assert save(viewer, layer, path) == [str(path)]
        if i < 4:  # as a user opens it; then by the reader alone, which takes a tenth of the time
            (back,) = viewer.open(str(path), plugin=PLUGIN)
        else:
            ((found, meta, kind_read),) = nifti_reader(str(path))(str(path))
            back = Layer.create(found, meta, kind_read)
        assert type(back) is kind
        for found, expected in zip(points(back), points(layer), strict=True):
            if found.ndim == 2:
                np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
            else:
                np.testing.assert_array_equal(found, expected)
        viewer.layers.clear()


@pytest.mark.parametrize(
    ("layer", "suffix", "words"),
    [
        (lambda: Image(np.zeros((8, 9, 3), np.uint8), rgb=True), ".nii.gz", "colour image"),
        (lambda: Labels(np.ones((4, 8, 9), int), axis_labels=("t", "y", "x")), ".nii.gz", "Only frame 1 of 4"),
        (lambda: Surface((np.eye(3), np.array([[0, 1, 2]])), vertex_colors=np.eye(3)), ".stl", "holds no colours"),
    ],
)
def test_what_cannot_be_written_is_said(viewer, layer, suffix, words, tmp_path):
    with pytest.raises(LayerNotWrittenError, match=words):
        save(viewer, layer(), tmp_path / f"a{suffix}")


def test_a_pyramid_is_written_in_full(viewer, tmp_path):
    full = np.arange(32 * 32 * 32).reshape(32, 32, 32).astype(np.int32)
    save(viewer, Labels([full, full[::2, ::2, ::2]], multiscale=True, scale=(2, 1, 1)), tmp_path / "a.nii.gz")
    (back,) = viewer.open(str(tmp_path / "a.nii.gz"), plugin=PLUGIN)
    np.testing.assert_array_equal(back.data, full)
    np.testing.assert_allclose(back.scale, (2, 1, 1))


def test_a_coloured_turned_surface(viewer, tmp_path):
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (4, 4)) / 255
    vertices = rng.normal(size=(4, 3))
    layer = Surface(
        (vertices, np.array([[0, 1, 2], [0, 3, 1]])), vertex_colors=colours, rotate=(10, 20, 30), scale=(3, 2, 1), translate=(5, 6, 7)
    )
    save(viewer, layer, tmp_path / "a.ply")
    found = read_mesh_file(tmp_path / "a.ply")
    expected = np.array([layer.data_to_world(vertex) for vertex in vertices])
    np.testing.assert_allclose(found.mesh.vertices, expected, rtol=1e-12)
    (back,) = viewer.open(str(tmp_path / "a.ply"), plugin=PLUGIN)
    np.testing.assert_allclose(back.vertex_colors, colours, atol=1e-6)


def test_cells_are_saved_as_finite_elements(viewer, tmp_path):
    import meshio

    labels = np.zeros((24, 30), np.int64)
    labels[4:20, 4:14], labels[4:20, 14:26] = 3, 2**33
    (path,) = save(viewer, Labels(labels, scale=(0.5, 0.25), units=("um", "um")), tmp_path / "cells.vtu")
    read = meshio.read(path)
    assert np.ptp(read.points, axis=0)[:2] == pytest.approx((30 * 0.25, 24 * 0.5))
    assert set(read.cell_data["label"][0].tolist()) == {0, 3, 2**33}
    cube = np.zeros((8, 8, 8), np.int64)
    cube[2:6, 2:6, 2:6] = 5
    (path,) = save(viewer, Labels(cube, scale=(0.5, 0.25, 1.0), units=("um",) * 3), tmp_path / "solid.vtu")
    solid = meshio.read(path)
    corners = solid.points[solid.cells_dict["tetra"]]
    volumes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6
    assert volumes[solid.cell_data["label"][0] == 5].sum() == pytest.approx(64 * 0.125, rel=1e-3)
    with pytest.raises(LayerNotWrittenError, match="does not fit into one such file"):
        save(viewer, Labels(np.ones((2, 4, 4, 4), int)), tmp_path / "over_time.inp")


def test_grains_for_damask(viewer, tmp_path):
    labels = np.kron(np.array([[1, 2], [3, 0]]), np.ones((4, 4), int))
    orientations = np.eye(4)[:3]
    layer = Labels(labels, scale=(0.5, 0.5), units=("um", "um"), metadata={"orientations": orientations, "phase_names": ["a", "a", "b"]})
    assert save(viewer, layer, tmp_path / "g.vti") == [str(tmp_path / "g.vti"), str(tmp_path / "g.material.yaml")]
    written = (tmp_path / "g.material.yaml").read_text()
    assert written.count("homogenization: SX") == 4
    assert "phase: b, v: 1.0" in written
    assert "at random" not in viewer.status
    with pytest.raises(LayerNotWrittenError, match="metres"):
        save(viewer, Labels(labels), tmp_path / "p.vti")
    assert not (tmp_path / "p.vti").exists()


def test_cells_for_other_programs_are_saved_and_opened(viewer, tmp_path):
    labels = np.kron(np.array([[1, 2], [3, 0], [7, 7]]), np.ones((4, 4), int))
    orientations = np.tile([0.0, 0.6, 0.0, 0.8], (7, 1))
    known = {"orientations": orientations, "symmetries": ["cubic"] * 7, "phase_names": list("aabbccc")}
    for suffix in ("tesr", "piff", "zip"):
        layer = Labels(labels, scale=(0.5, 0.25), units=("um", "um"), metadata=known)
        assert save(viewer, layer, tmp_path / f"g.{suffix}") == [str(tmp_path / f"g.{suffix}")]
        assert f"g.{suffix} states no" in viewer.status
        ((found, meta, kind),) = cell_reader(str(tmp_path / f"g.{suffix}"))(str(tmp_path / f"g.{suffix}"))
        assert f"g.{suffix}: " in viewer.status
        back = Layer.create(found, meta, kind)
        assert type(back) is Labels
        np.testing.assert_array_equal(back.data, labels)
        if suffix == "tesr":
            of_neper = back
        viewer.layers.clear()
    np.testing.assert_allclose(of_neper.scale, (0.5, 0.25))
    np.testing.assert_allclose(of_neper.metadata["orientations"][[0, 1, 2, 6]], orientations[[0, 1, 2, 6]])
    with pytest.raises(LayerNotWrittenError, match="choose one slice"):
        save(viewer, Labels(np.ones((3, 4, 5), int)), tmp_path / "p.zip")
    assert not (tmp_path / "p.zip").exists()
