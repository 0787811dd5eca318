"""A layer is measured with its own voxel size, unit and place."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.errors import InputError
from shapelab.frame import LayerData


def _box(shape=(9, 10, 12)):
    data = np.zeros(shape, np.uint16)
    data[2:5, 3:7, 4:9] = 7
    data[6:8, 1:3, 1:3] = 3
    return data


def test_scale_unit_and_place_are_the_layers_own():
    layer = LayerData("l", _box(), "labels", {"scale": (2.0, 0.5, 0.5), "units": ("um",) * 3, "translate": (10.0, 20.0, 30.0)})
    table = sl.measure(layer)
    assert table.attrs["unit"] == "um"
    assert table.loc[7, "volume"] == pytest.approx(60 * 0.5)
    assert table.loc[7, ["centroid_z", "centroid_y", "centroid_x"]].tolist() == pytest.approx([10 + 3 * 2, 20 + 4.5 * 0.5, 30 + 6 * 0.5])
    assert sl.measure(layer, 1.0).loc[7, "volume"] == 60


def test_units_of_axes_are_converted_to_that_of_x():
    layer = LayerData("l", _box(), "labels", {"scale": (1.0, 200.0, 200.0), "units": ("um", "nm", "nm")})
    table = sl.measure(layer)
    assert table.attrs["unit"] == "nm"
    assert table.loc[3, "volume"] == pytest.approx(8 * 1000 * 200 * 200)
    assert table.loc[7, "centroid_z"] == pytest.approx(3000)


@pytest.mark.parametrize("seed", range(5))
def test_any_transform_keeps_volumes_and_moves_centroids(seed):
    rng = np.random.default_rng(seed)
    linear = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = linear, rng.normal(size=3) * 50
    scale = rng.uniform(0.3, 3, 3)
    data = _box()
    table = sl.measure(LayerData("l", data, "labels", {"scale": tuple(scale), "affine": affine}))
    plain = sl.measure(data, scale)
    centre = linear @ (np.argwhere(data == 7).mean(0) * scale) + affine[:3, 3]
    assert table.loc[7, ["centroid_z", "centroid_y", "centroid_x"]].to_numpy(float) == pytest.approx(centre)
    assert table[["volume", "area"]].to_numpy() == pytest.approx(plain[["volume", "area"]].to_numpy())


def test_shear_is_resampled_and_said():
    affine = np.eye(3)
    affine[0, 1] = 0.5
    data = np.zeros((60, 60), bool)
    data[15:45, 20:40] = True
    found = sl.measure(LayerData("l", data, "labels", {"scale": (1.0, 1.0), "affine": affine}))
    assert found["area"] == pytest.approx(600, rel=0.04)
    assert "sheared" in found["warnings"][0]


def test_what_is_no_shape_is_refused():
    layer = LayerData("run", np.zeros((3, 4, 5), np.uint8), "labels", {"axis_labels": ("t", "y", "x")})
    with pytest.raises(InputError, match="choose one frame"):
        sl.measure(layer)
    with pytest.raises(InputError, match="points"):
        sl.measure(LayerData("p", np.zeros((3, 3)), "points"))
    with pytest.raises(InputError, match="colour"):
        sl.measure(LayerData("c", np.zeros((5, 5, 3), np.uint8), "image", {"rgb": True}))
    with pytest.raises(InputError, match="does not fit its 3 axes"):
        sl.measure(LayerData("s", _box(), "labels", {"scale": (1.0, 2.0)}))
