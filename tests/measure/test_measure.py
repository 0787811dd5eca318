"""`measure` on masks, fields and labels in 2-D and 3-D, on real data, and on what cannot be measured."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import shapelab as sl
from shapelab.errors import InputError
from shapelab.io import samples
from shapelab.measure import measure_labels


def disk(radius: float = 20, n: int = 60) -> np.ndarray:
    axis = np.arange(n) - (n - 1) / 2
    return axis[:, None] ** 2 + axis[None, :] ** 2 < radius * radius


def test_disk():
    numbers = sl.measure(disk(), spacing=0.5, unit="um")
    assert numbers["area"] == pytest.approx(math.pi * 100, rel=0.01)
    assert numbers["perimeter"] == pytest.approx(20 * math.pi, rel=0.01)
    assert numbers["circularity"] == pytest.approx(1, abs=0.02)
    assert numbers["mean_curvature"] == pytest.approx(0.1, rel=0.02)
    assert numbers["turning_number"] == pytest.approx(1, abs=0.03)
    assert numbers["euler_characteristic"] == 1
    assert numbers["unit"] == "um"


def test_ring_has_a_hole():
    ring = disk(24) & ~disk(12)
    numbers = sl.measure(ring)
    assert numbers["euler_characteristic"] == 0
    assert numbers["turning_number"] == pytest.approx(0, abs=0.03)
    assert numbers["perimeter"] == pytest.approx(2 * math.pi * 36, rel=0.015)


def test_planar_field_and_voxels_that_are_not_square():
    y, x = np.mgrid[:80, :40] + 0.5
    distance = 12 - np.hypot((y - 40) * 0.5, x - 20)
    numbers = sl.measure(np.tanh(distance / 3), spacing=(0.5, 1.0))
    assert numbers["perimeter"] == pytest.approx(24 * math.pi, rel=0.01)
    assert numbers["mean_curvature"] == pytest.approx(1 / 12, rel=0.03)


def test_table_of_boxes():
    labels = np.zeros((20, 20, 30), np.int32)
    labels[4:12, 4:14, 3:9] = 1
    labels[4:12, 4:14, 9:19] = 5
    labels[15:18, 15:18, 24:30] = 9
    table = sl.measure(labels, spacing=(0.5, 1, 1), unit="um")
    assert isinstance(table, pd.DataFrame)
    assert table.index.tolist() == [1, 5, 9]
    assert table["volume"].tolist() == [240, 400, 27]
    assert table.loc[1, ["centroid_z", "centroid_y", "centroid_x"]].tolist() == [3.75, 8.5, 5.5]
    assert table["neighbours"].tolist() == [1, 1, 0]
    assert table["touches_border"].tolist() == [False, False, True]
    # a box of edges a: variance a^2/12, so the semi-axis of the ellipsoid is a sqrt(5/12)
    assert table.loc[1, ["semi_axis_1", "semi_axis_2", "semi_axis_3"]].tolist() == pytest.approx(
        [a * math.sqrt(5 / 12) for a in (10, 6, 4)]
    )


@pytest.mark.parametrize("steps", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (0.3, 0.1, 0.1)])
def test_area_of_a_ball(steps):
    radius = 18 * min(steps)
    counts = [math.ceil(2.4 * radius / step) for step in steps]
    grids = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * s for n, s in zip(counts, steps, strict=True)), indexing="ij")
    labels = (sum(g * g for g in grids) < radius**2).astype(np.uint16)
    table = measure_labels(labels * 7, steps)
    assert table.loc[7, "area"] == pytest.approx(4 * math.pi * radius**2, rel=0.03)
    assert table.loc[7, "sphericity"] == pytest.approx(1, abs=0.04)


def test_perimeter_of_disks():
    labels = np.zeros((60, 130), int)
    labels[:, :60][disk()] = 1
    labels[:, 65:125][disk(28)] = 2
    table = sl.measure(labels)
    assert table["perimeter"].to_numpy() == pytest.approx(np.array([40, 56]) * math.pi, rel=0.03)
    assert table["circularity"].to_numpy() == pytest.approx(1, abs=0.05)
    assert list(table.columns[:3]) == ["area", "centroid_y", "centroid_x"]


def test_one_label_of_several():
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[5:25, 5:25, 5:15] = 3
    labels[5:25, 5:25, 15:25] = 4
    assert sl.measure(labels, label=4)["volume"] == 20 * 20 * 10
    assert sl.measure((labels == 4).astype(np.uint8) * 255)["volume"] == 20 * 20 * 10
    with pytest.raises(InputError, match="no label 9; it has 3, 4"):
        sl.measure(labels, label=9)


def test_thin_and_cut_shapes_are_flagged():
    z, y, x = np.mgrid[:40, :40, :40] - 19.5
    tube = np.hypot(y, x) < 3
    warnings = " ".join(sl.measure(tube, spacing=(3, 1, 1), unit="um")["warnings"])
    assert "thinner than 4 voxels" in warnings
    assert "3 times longer" in warnings
    assert "touches the border" in warnings
    assert sl.measure(z * z + y * y + x * x < 225)["warnings"] == []


@pytest.mark.parametrize(
    ("shape", "options", "sentence"),
    [
        (np.zeros((8, 8, 8), bool), {}, "empty"),
        (np.zeros((8, 8, 8), int), {}, "empty"),
        (np.ones((8, 8, 8), bool), {}, "full"),
        (np.full((8, 8, 8), np.nan), {}, "not finite"),
        (np.arange(512.0).reshape(8, 8, 8), {}, "grey image"),
        (np.linspace(0.1, 0.9, 512).reshape(8, 8, 8), {}, "grey image"),
        (np.full((8, 8, 8), -1), {}, "negative"),
        (np.zeros(8, bool), {}, "2-D and 3-D"),
        (np.zeros((2, 2, 2, 2), bool), {}, "2-D and 3-D"),
        (np.zeros((0, 3)), {}, "empty"),
        (disk(), {"spacing": 0}, "voxel size"),
        (disk(), {"spacing": (1, -1)}, "voxel size"),
        (disk(), {"spacing": (1, 1, 1)}, "2 axes"),
        (disk(), {"smoothing": -1}, "smoothing"),
        (np.where(np.arange(81).reshape(9, 9) > 40, 1.0, [-1.0, *[-2.0] * 8]), {}, "jumps"),
        (np.where(np.arange(729).reshape(9, 9, 9) > 364, 1.0, [-1.0, *[-2.0] * 8]), {}, "jumps"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(shape, options, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        sl.measure(shape, **options)
    assert "\n" not in str(error.value)


def test_a_field_of_two_values_is_measured_as_the_mask_it_is():
    mask = disk()
    assert sl.measure(np.where(mask, 1.0, -1.0)) == sl.measure(mask)
    solid = np.pad(np.ones((5, 6, 7), bool), 4)
    assert sl.measure(np.where(solid, 0.5, -2.0).astype(np.float32)) == sl.measure(solid)


def test_a_shape_of_one_voxel():
    mask = np.zeros((9, 9, 9), bool)
    mask[4, 4, 4] = True
    numbers = sl.measure(mask)
    assert numbers["volume"] == 1
    assert numbers["warnings"]


def test_real_mitochondria():
    layer = samples.load("yeast_mitochondria")[1]
    numbers = sl.measure(layer.data, spacing=layer.meta["scale"], unit="um")
    assert numbers["volume"] == pytest.approx(np.count_nonzero(layer.data) * 0.25 * 0.0655**2)
    assert numbers["euler_characteristic"] == 0
    assert numbers["mean_H"] == pytest.approx(2.1, rel=0.1)
    assert len(numbers["warnings"]) == 3


def test_real_organ():
    organs = samples.load("ct_abdomen")[0]
    table = sl.measure(organs.data, spacing=organs.meta["scale"])
    assert len(table) == np.unique(organs.data).size - 1
    assert table["volume"].sum() == pytest.approx(np.count_nonzero(organs.data) * 27)
    kidney = sl.measure(organs.data, spacing=3.0, label=2, unit="mm")
    assert kidney["euler_characteristic"] == 2
    assert kidney["total_K_over_2pi"] == pytest.approx(2, rel=0.1)
    # the table counts the steps of the mask, the single measurement smooths them
    assert 0.85 < kidney["area"] / table.loc[2, "area"] < 1
