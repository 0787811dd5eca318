"""Surfaces written and read back lie where they lay, whatever their transform; slices keep their place."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from napari.layers import Labels, Surface

from napari_shapelab.readers import mesh_reader, nifti_reader
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.writers import LayerNotWrittenError, write_labels_nifti, write_surface

BALL = trimesh.creation.icosphere(1)


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl"])
def test_any_transform_comes_back_as_places(suffix, tmp_path):
    rng = np.random.default_rng(0)
    for i in range(12):
        dtype, far = (np.float32, np.float64)[i % 2], (0.0, 1e3)[i % 3 > 1]
        vertices = (BALL.vertices * rng.uniform(0.5, 20) + far).astype(dtype)
        values = rng.random(len(vertices)).astype(np.float32)
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = np.linalg.qr(rng.normal(size=(3, 3)))[0], rng.normal(size=3) * 50
        moved = {"scale": rng.uniform(0.3, 3, 3), "translate": rng.normal(size=3) * 9}
        transform = (moved, {"affine": affine}, {"shear": [0.2, 0.1, 0.3]})[i % 3]
        layer = Surface((vertices, BALL.faces, values), name="s", units=("um",) * 3, **transform)
        data, meta, _ = layer.as_layer_data_tuple()
        file = str(tmp_path / f"a{suffix}")
        write_surface(file, data, meta)
        ((back, _, _),) = mesh_reader(file)(file)
        world = take(layer).place.world(vertices)
        middles = (world[BALL.faces].mean(1), np.asarray(back[0], float)[np.asarray(back[1])].mean(1))
        assert np.abs(np.sort(middles[0], 0) - np.sort(middles[1], 0)).max() < 1e-5 * np.ptp(world) + 1e-6 * np.abs(world).max()
        if suffix == ".ply":
            np.testing.assert_allclose(back[2], values)


def test_a_slice_says_where_it_is_and_four_axes_are_refused(tmp_path):
    file = str(tmp_path / "a.nii.gz")
    data, meta, _ = Labels(np.ones((1, 5, 6), np.uint8), name="l", scale=(2, 1, 1), translate=(7, 1, 2)).as_layer_data_tuple()
    write_labels_nifti(file, data, meta)
    ((back, found, _),) = nifti_reader(file)(file)
    assert back.shape == (5, 6)
    assert found["translate"] == pytest.approx((1, 2))
    assert any("one slice at z = 7" in note for note in found["metadata"]["notes"])
    data, meta, _ = Labels(np.ones((3, 4, 5, 6), np.uint8), name="l").as_layer_data_tuple()
    with pytest.raises(LayerNotWrittenError, match="does not fit into one such file"):
        write_labels_nifti(file, data, meta)
