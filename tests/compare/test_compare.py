"""`compare`, `difference` and reports from end to end."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import shapelab as sl
from shapelab.compare import as_shape, cell_statistics, difference, write_report
from shapelab.convert import field_to_mesh, labels_to_mixture, mesh_to_points
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.measure import curvature_diagram

QUICK = {"transport": False, "curvature": False, "statistics": False}


def sphere_field(radius: float, n: int = 32) -> np.ndarray:
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2,) * 3, indexing="ij")
    return np.tanh((radius - np.sqrt(z**2 + y**2 + x**2)) / 3)


def test_shifted_balls_by_every_number(ball):
    result = sl.compare(ball(5, spacing=0.5), ball(5, spacing=0.5, shift=1.5), spacing=0.5, unit="um", max_points=120)
    assert result["transport_distance"] == pytest.approx(1.5, rel=0.02)
    assert result["hausdorff"] == pytest.approx(1.5, abs=0.3)
    assert result["volume_a"] == pytest.approx(4 / 3 * math.pi * 125, rel=0.02)
    assert result["volume_difference"] == 0
    assert result["curvature_distance"] < 0.05  # of curvatures of 0.2
    assert result["dice"] == pytest.approx(2 * result["iou"] / (1 + result["iou"]))
    assert result["unit"] == "um"
    assert any("merged within cubes" in note and note.endswith(" µm.") for note in result["notes"])
    assert any("between curvatures" in note and note.endswith(" 1/µm.") for note in result["notes"])


def test_coarse_and_fine_voxels_of_one_ball_agree_and_it_is_said(ball):
    coarse, fine = ball(10, (16, 16, 16), spacing=2.0), ball(10, (32, 32, 32), spacing=1.0)
    result = sl.compare(coarse, fine, spacing=2.0, spacing_b=1.0, **QUICK)
    assert result["spacing"] == (1.0, 1.0, 1.0)
    nearest = coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert result["dice"] > max(0.94, sl.compare(nearest, fine, **QUICK)["dice"])
    assert result["notes"][0].startswith("Both images were brought to voxels of 1 x 1 x 1")
    same = sl.compare(fine, fine, **QUICK)
    assert same["dice"] == 1
    assert same["notes"] == []


def test_layers_are_placed_by_their_translation(ball):
    a = sl.LayerData("a", ball(6), "labels", {"scale": (1.0, 1.0, 1.0), "translate": (0, 0, 0), "units": ("um",) * 3})
    cropped = sl.LayerData("b", ball(6)[:, :, 4:], "labels", {"scale": (1.0, 1.0, 1.0), "translate": (0, 0, 4)})
    result = sl.compare(a, cropped, **QUICK)
    assert result["dice"] == 1
    assert result["unit"] == "um"
    assert "boxes of the two images differ" in result["notes"][1]


def test_labels_cell_by_cell(voronoi):
    a, b = voronoi(16, (48, 60)), voronoi(16, (48, 60), shift=1.0)
    result = sl.compare(a, b, spacing=0.2, max_points=120)
    assert result["compared"] == "labels"
    assert 0.02 < result["mismatch"] < 0.4
    assert result["matches"].tolist() == [[i, i] for i in range(1, 17)]
    assert result["populations"].loc["area", "mean_a"] == pytest.approx(result["population_a"].loc["area", "mean"])
    assert result["transport_distance"] < 1
    assert "Cells at the border of the image are left out" in result["notes"][-1]


def test_labels_with_coarser_voxels(voronoi):
    a = voronoi(8, (40, 60))
    result = sl.compare(a, a[::2, ::2], spacing=1, spacing_b=2, **QUICK)
    assert result["mismatch"] < 0.1


def test_every_representation_of_one_sphere_agrees():
    u = sphere_field(10)
    mesh = field_to_mesh(u)
    points = mesh_to_points(mesh)
    assert sl.compare(u, u > 0, **QUICK)["dice"] == 1
    voxels_and_mesh = sl.compare(u > 0, mesh, **QUICK)
    assert voxels_and_mesh["compared"] == "masks"
    assert voxels_and_mesh["dice"] > 0.98
    surfaces = sl.compare(mesh, mesh, **QUICK)
    assert surfaces["hausdorff"] < 1e-4
    assert surfaces["volume_a"] == pytest.approx(4 / 3 * math.pi * 1000, rel=0.01)
    cloud = sl.compare(points, mesh, max_points=120)
    assert cloud["compared"] == "points"
    assert cloud["transport_distance"] < 0.05
    assert sl.compare(points.points, u > 0, **QUICK)["hausdorff"] < 1.5


def test_mixtures_diagrams_and_tables(voronoi):
    a = voronoi(6)
    moved = labels_to_mixture(a)._replace(means=labels_to_mixture(a).means + np.array([0, 2]))
    assert sl.compare(labels_to_mixture(a), moved)["mixture_distance"] == pytest.approx(2)
    diagram = curvature_diagram(sphere_field(10))
    assert sl.compare(diagram, diagram, max_points=100)["curvature_distance"] == pytest.approx(0, abs=1e-3)
    table = cell_statistics(a, details=False)
    assert sl.compare(table, table)["populations"]["ks"].max() == 0


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((4, 4), bool), np.eye(4, dtype=bool), "The image is empty"),
        (np.eye(4, dtype=bool), np.ones((4, 4, 4), bool), "2-D and the other 3-D"),
        (np.random.default_rng(0).random((9, 9)), np.eye(9, dtype=bool), "looks like a grey image"),
        (np.full((9, 9), np.nan), np.eye(9, dtype=bool), "not finite"),
        (-np.eye(9, dtype=int), np.eye(9, dtype=int), "must not be negative"),
        (np.ones(5, bool), np.eye(9, dtype=bool), "Only 2-D and 3-D"),
        ((np.zeros((3, 3)), np.array([[0, 1, 5]])), np.eye(9, dtype=bool), "triangles with vertices 0 … 5; there are 3"),
        (
            np.random.default_rng(0).random((9, 3)),
            pd.DataFrame({"a": [1.0]}),
            "no way to compare points with table",
        ),
        (np.random.default_rng(0).random((9, 3)), np.random.default_rng(0).random((9, 2)), "3 coordinates and the other 2"),
    ],
)
def test_bad_input_is_said_in_a_sentence(a, b, message):
    with pytest.raises(InputError, match=message):
        sl.compare(a, b, **QUICK)


def test_a_layer_is_named_in_its_error():
    with pytest.raises(InputError, match="Layer 'mask of cells': The image is empty"):
        as_shape(sl.LayerData("mask of cells", np.zeros((4, 4), bool), "labels"))


def test_difference_of_masks_and_of_labels():
    a, b = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
    a[2:4, 1:5] = b[2:4, 3:7] = True
    layer = difference(a, b, spacing=0.5)
    assert layer.data[2].tolist() == [0, 2, 2, 1, 1, 3, 3, 0]
    assert layer.meta["scale"] == (0.5, 0.5)
    assert layer.meta["features"]["volume"].tolist()[1:4] == [1.0, 1.0, 1.0]
    one = np.repeat([1, 2], [4, 4])[None].repeat(2, 0)
    two = np.repeat([20, 10], [3, 5])[None].repeat(2, 0)
    assert difference(one, two).data[0].tolist() == [1, 1, 1, 4, 1, 1, 1, 1]


def test_report_holds_numbers_tables_versions_and_a_figure(tmp_path, voronoi):
    pytest.importorskip("matplotlib")
    result = sl.compare(voronoi(20), voronoi(20, seed=1), transport=False)
    files = {path.name: path for path in write_report(result, tmp_path / "report")}
    assert {"comparison.csv", "comparison.json", "comparison.png", "cells_a.csv", "populations.csv"} <= set(files)
    saved = json.loads(files["comparison.json"].read_text(encoding="utf-8"))
    assert saved["mismatch"] == pytest.approx(result["mismatch"])
    assert saved["parameters"]["exclude_border"] is True
    assert saved["versions"]["numpy"] == np.__version__
    assert float(pd.read_csv(files["comparison.csv"], index_col="name").loc["adjusted_rand", "value"]) == pytest.approx(
        result["adjusted_rand"]
    )
    assert len(pd.read_csv(files["cells_a.csv"])) == 20
    assert files["comparison.png"].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="no comparison to write"):
        write_report({}, tmp_path)


def test_importing_compare_stays_light():
    code = "import sys, shapelab.compare; print([m for m in ('torch', 'geomloss', 'matplotlib', 'pykeops', 'skimage') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_field_without_a_resolved_interface_loses_only_its_curvatures(ball):
    step = np.where(ball(8), 1.0, -1.0)
    result = sl.compare(step, ball(8), transport=False)
    assert result["dice"] == 1
    assert "curvature_distance" not in result
    assert result["notes"][0].startswith("Curvatures are left out. The field has no interface")


def test_another_unit_of_length_is_converted_and_said():
    mask = np.zeros((12, 12, 12), bool)
    mask[3:9, 3:9, 3:9] = True
    a = LayerData("a", mask, "labels", {"scale": (0.5,) * 3, "units": ("um",) * 3, "translate": (0.25,) * 3})
    b = LayerData("b", mask, "labels", {"scale": (500.0,) * 3, "units": ("nm",) * 3, "translate": (250.0,) * 3})
    result = sl.compare(a, b, transport=False, curvature=False)
    assert result["dice"] == 1.0
    assert result["unit"] == "um"
    assert result["volume_b"] == pytest.approx(27.0)
    assert "converted to um" in result["notes"][0]
    layer = sl.compare.difference(a, b)
    assert layer.meta["units"] == ("um",) * 3
    assert set(np.unique(layer.data)) == {0, 1}
    points = LayerData("p", np.random.default_rng(0).random((30, 3)) * 3000, "points", {"units": ("nm",) * 3})
    assert sl.compare(a, points, transport=False)["hausdorff"] < 5
    other = LayerData("c", mask, "labels", {"units": ("pixel",) * 3})
    with pytest.raises(InputError, match="same unit"):
        sl.compare(a, other)


@pytest.mark.parametrize("turned", [False, True])
def test_a_plane_and_a_volume_are_refused_in_words_also_when_one_is_turned(turned):
    plane = LayerData("plane", np.eye(12, dtype=bool), "image", {"scale": (1, 1)})
    affine = np.eye(4)
    if turned:
        affine[1:3, 1:3] = [[0.8, -0.6], [0.6, 0.8]]
    volume = LayerData("volume", np.eye(12, dtype=bool)[None].repeat(12, 0), "image", {"scale": (1, 1, 1), "affine": affine})
    for pair in ((plane, volume), (volume, plane)):
        with pytest.raises(InputError, match="same number of axes"):
            sl.compare(*pair)
