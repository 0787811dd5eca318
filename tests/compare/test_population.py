"""Cells and populations on closed forms."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from shapelab.compare import cell_statistics, compare_populations, contact_areas, orientation_order, population
from shapelab.errors import InputError
from shapelab.measure import local_thickness


def ellipses() -> np.ndarray:
    """Two ellipses, semi-axes 12 and 6, one along x and one along y, and a disk of radius 8 cut by the border."""
    y, x = np.meshgrid(np.arange(60), np.arange(90), indexing="ij")
    labels = np.zeros((60, 90), int)
    labels[((x - 20) / 12) ** 2 + ((y - 20) / 6) ** 2 < 1] = 3
    labels[((x - 60) / 6) ** 2 + ((y - 30) / 12) ** 2 < 1] = 7
    labels[(x - 30) ** 2 + (y - 58) ** 2 < 64] = 9
    return labels


def test_ellipses_by_their_axes():
    table = cell_statistics(ellipses(), spacing=0.5, unit="um")
    assert table.index.tolist() == [3, 7, 9]
    assert table.attrs["unit"] == "um"
    assert table.loc[3, "aspect_ratio"] == pytest.approx(2, rel=0.04)
    assert table.loc[3, "elongation"] == pytest.approx(0.5, abs=0.02)
    assert abs(table.loc[3, "axis_x"]) == pytest.approx(1, abs=1e-3)
    assert abs(table.loc[7, "axis_y"]) == pytest.approx(1, abs=1e-3)
    assert table.loc[3, "orientation"] == pytest.approx(0, abs=0.02)
    assert abs(table.loc[7, "orientation"]) == pytest.approx(math.pi / 2, abs=0.02)
    assert table.loc[3, "shape_index"] == pytest.approx(29.065 / math.sqrt(18 * math.pi), rel=0.03)  # perimeter 29.065 um
    assert table["euler_characteristic"].tolist() == [1, 1, 1]
    assert table["touches_border"].tolist() == [False, False, True]


def test_ball_and_torus_by_curvature_topology_and_thickness(ball):
    z, y, x = np.meshgrid(np.arange(16) - 7.5, np.arange(44) - 21.5, np.arange(44) - 21.5, indexing="ij")
    labels = np.zeros((48, 44, 44), int)
    labels[:16][(np.hypot(y, x) - 14) ** 2 + z**2 < 36] = 1
    labels[16:] = 2 * ball(12, (32, 44, 44))
    table = cell_statistics(labels)
    assert table["euler_characteristic"].tolist() == [0, 1]
    assert table.loc[2, "mean_curvature"] == pytest.approx(2 / 12, rel=0.05)
    assert table.loc[1, "mean_curvature"] == pytest.approx(1 / 6, rel=0.08)  # of a torus, whatever its larger radius
    assert table.loc[2, "thickness"] == pytest.approx(24, abs=3)  # no ball is centred between voxels, nor reaches all of the rim
    assert table.loc[1, "thickness"] == pytest.approx(12, abs=2)
    assert table.loc[2, "surface_to_volume"] == pytest.approx(3 / 12, rel=0.05)


def test_small_cells_have_no_curvature():
    labels = np.zeros((20, 20), int)
    labels[5:9, 5:9] = 1
    assert math.isnan(cell_statistics(labels).loc[1, "mean_curvature"])


def test_thickness_of_a_plate_and_of_long_voxels():
    plate = np.zeros((24, 40), bool)
    plate[8:15, 4:36] = True
    assert local_thickness(plate)[11, 15:25] == pytest.approx(7)
    assert local_thickness(plate, spacing=(0.5, 1.0))[11, 15:25] == pytest.approx(3.5, rel=0.15)


def test_contact_of_two_halves():
    labels = np.ones((30, 30, 30), int)
    labels[:, :, 15:] = 5
    table = contact_areas(labels, spacing=2.0)
    assert table[["label_a", "label_b"]].to_numpy().tolist() == [[1, 5]]
    assert table.loc[0, "area"] == pytest.approx(4 * 900, rel=0.15)
    labels[:, :, 14:16] = 0
    assert len(contact_areas(labels)) == 0


def test_contacts_fill_the_surface_of_an_inner_cell(voronoi):
    table = cell_statistics(voronoi(30, (60, 60)), details=False)
    inner = table[~table["touches_border"]]
    assert len(inner) > 3
    assert inner["contact_share"].to_numpy() == pytest.approx(1, abs=0.05)


def test_orientation_order_of_parallel_and_of_random_axes():
    rng = np.random.default_rng(0)
    random = rng.normal(size=(4000, 3))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    assert orientation_order(random) < 0.05
    assert orientation_order(np.tile([0.6, 0.8], (5, 1))) == pytest.approx(1)
    assert orientation_order(np.array([[1.0, 0], [0, 1.0]])) == pytest.approx(0)


def test_border_cells_are_left_out_and_counted():
    table = cell_statistics(ellipses(), details=False)
    inner, every = population(table), population(table, exclude_border=False)
    assert (inner.attrs["cells"], inner.attrs["left_out"]) == (2, 1)
    assert inner.loc["area", "n"] == 2
    assert every.loc["area", "n"] == 3
    assert inner.loc["orientation_order", "mean"] == pytest.approx(0, abs=0.01)


def test_bootstrap_interval_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(10, 2, 400)
    row = population(pd.DataFrame({"volume": values}), bootstrap=1000).loc["volume"]
    half = 1.96 * values.std() / 20
    assert row["low"] == pytest.approx(values.mean() - half, abs=0.05)
    assert row["high"] == pytest.approx(values.mean() + half, abs=0.05)
    assert row["cv"] == pytest.approx(values.std(ddof=1) / values.mean())


def test_populations_that_differ_in_one_statistic():
    rng = np.random.default_rng(1)
    a = pd.DataFrame({"volume": rng.normal(10, 1, 200), "sphericity": rng.normal(0.8, 0.05, 200)})
    b = pd.DataFrame({"volume": rng.normal(12, 1, 200), "sphericity": rng.normal(0.8, 0.05, 200)})
    table = compare_populations(a, b)
    assert table.loc["volume", "ks"] == pytest.approx(math.erf(1 / math.sqrt(2)), abs=0.08)  # two normals, 2 sd apart
    assert table.loc["volume", "p_value"] < 1e-6
    assert table.loc["volume", "low"] < 2 < table.loc["volume", "high"] + 0.2
    assert table.loc["sphericity", "low"] < 0 < table.loc["sphericity", "high"]
    assert compare_populations(a, a).loc["volume", "ks"] == 0


def test_bad_tables_are_said():
    table = pd.DataFrame({"volume": [1.0, 2.0], "touches_border": [True, True]})
    with pytest.raises(InputError, match="All 2 cells touch the border"):
        population(table)
    with pytest.raises(InputError, match="no statistic in common"):
        compare_populations(pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]}))
    with pytest.raises(InputError, match="confidence"):
        population(table, exclude_border=False, confidence=95)
