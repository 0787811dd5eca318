"""`shapelab compare`: the numbers of `sl.compare`, for what files hold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import tifffile

import shapelab as sl
from shapelab.cli import main


@pytest.fixture
def files(tmp_path):
    cells = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((10, 10), np.uint16)).astype(np.uint16)
    other = np.roll(cells, 2, axis=1)
    for name, image in (("a", cells), ("b", other), ("film", np.stack([cells, other] * 2))):
        np.save(tmp_path / f"{name}.npy", image)
    return tmp_path, cells, other


def test_the_numbers_are_those_of_the_library(files, capsys):
    folder, cells, other = files
    options = ["--voxel-size", "0.5", "--unit", "um", "--no-transport", "--labels"]
    assert main(["compare", str(folder / "a.npy"), str(folder / "b.npy"), *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    wanted = sl.compare(cells, other, 0.5, unit="um", transport=False, labels=True)
    assert found["unit"] == "um"
    for name in ("mismatch", "adjusted_rand", "boundary_f1", "variation_of_information"):
        assert found[name] == pytest.approx(wanted[name])
    assert main(["compare", str(folder / "a.npy"), str(folder / "b.npy"), *options]) == 0
    text = capsys.readouterr().out
    assert "lengths in µm" in text
    assert "mean area (µm²)" in text


def test_a_report_is_written_once(files, capsys):
    folder, *_ = files
    words = ["compare", str(folder / "a.npy"), str(folder / "b.npy"), "--no-transport", "--labels", "--out", str(folder / "report")]
    assert main(words) == 0
    assert json.loads((folder / "report/comparison.json").read_text())["a"] == "a"
    assert main(words) == 2
    assert "already exists" in capsys.readouterr().err


def test_each_side_has_its_frame(files, capsys):
    folder, cells, other = files
    film = folder / "film.tif"
    tifffile.imwrite(film, np.stack([cells, other]), imagej=True, metadata={"axes": "TYX"})
    words = ["compare", str(film), str(film), "--frame", "0", "--no-transport", "--no-statistics", "--labels", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["mismatch"] == 0
    assert main([*words, "--frame-b", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["mismatch"] > 0.1


def test_what_cannot_be_meant_is_said(files, capsys):
    folder, *_ = files
    a = str(folder / "a.npy")
    for words, said in (
        ([a, str(folder / "no.npy")], "no file"),
        ([a, a, "--unit", "um"], "--unit is that of --voxel-size"),
        ([a, str(folder / "film.npy")], "compare images of the same number of axes"),
        ([a, a, "--frame-b", "3"], "no frame 3"),
        ([a, a, "--voxel-size", "1", "--unit", "kg"], "not a known unit of length"),
    ):
        assert main(["compare", *words, "--labels"]) == 2
        assert said in capsys.readouterr().err


def test_one_side_is_told_its_voxel_size(files, capsys):
    folder, cells, _ = files
    tifffile.imwrite(folder / "placed.tif", cells, imagej=True, resolution=(2, 2), metadata={"unit": "um"})
    words = ["compare", str(folder / "placed.tif"), str(folder / "a.npy"), "--labels", "--no-transport", "--no-statistics", "--json"]
    assert main(words) == 2
    assert "same unit" in capsys.readouterr().err
    assert main([*words, "--voxel-size-b", "500", "--unit", "nm"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mismatch"] == 0
    assert found["spacing"] == [0.5, 0.5]


def film(step):
    movie = np.zeros((4, 32, 48), np.uint8)
    for t in range(4):
        movie[t, 4:12, 4 + step * t : 12 + step * t] = 1
        movie[t, 20:28, 10:18] = 2
    return movie


def test_movies(tmp_path, capsys):
    a, b, report = tmp_path / "a.npy", tmp_path / "b.npy", tmp_path / "report"
    np.save(a, film(1))
    np.save(b, film(2)[:3])
    words = ["compare", str(a), str(b), "--over-time", "--labels"]
    assert main([*words, "--interval", "5", "--out", str(report)]) == 0
    said = capsys.readouterr().out
    assert "mean speed" in said
    assert "Frames are paired by time: 3 pairs of A's 4 and B's 3, at the same times." in said
    assert {"frames.csv", "summary.csv"} <= {file.name for file in report.iterdir()}
    assert main([*words, "--json", "--interval", "2", "--align", "frame"]) == 0
    found = json.loads(capsys.readouterr().out)
    speeds = next(row for row in found["summary"] if row["number"] == "mean speed")
    assert (speeds["a"], speeds["b"]) == (pytest.approx(0.25), pytest.approx(0.5))
    assert main([*words, "--per-frame", "--json", "--no-overlaps"]) == 0
    assert [row["frame_b"] for row in json.loads(capsys.readouterr().out)["frames"]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--link"], "--over-time"),
        (["--over-time", "--frame", "1"], "choose one"),
        (["--over-time", "--no-curvature"], "--no-curvature"),
        (["--over-time", "--align", "space"], "--align"),
        (["--over-time", "--interval", "0"], "interval"),
        (["--jobs", "2"], "--jobs is for folders"),
    ],
)
def test_options_of_movies(tmp_path, words, said, capsys):
    np.save(tmp_path / "a.npy", film(1))
    try:
        code = main(["compare", str(tmp_path / "a.npy"), str(tmp_path / "a.npy"), "--labels", *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_folder_of_movies(tmp_path):
    (tmp_path / "in").mkdir()
    for step in range(2):
        np.save(tmp_path / "in" / f"{step}.npy", film(step))
    out = tmp_path / "t.csv"
    words = ["compare", str(tmp_path / "in"), str(tmp_path / "in" / "1.npy"), "--over-time", "--labels", "--out", str(out), "--jobs", "1"]
    assert main(words) == 0
    table = pd.read_csv(out).set_index(["file", "number"])["difference"]
    assert table.loc[("1.npy", "mean speed")] == 0 < table.loc[("0.npy", "mean speed")]


def test_effective_properties_of_both_sides(tmp_path, capsys):
    for name, period in (("a", 10), ("b", 8)):
        np.save(tmp_path / f"{name}.npy", np.tile(np.arange(40) % period < 4, (12, 1)))
    words = ["compare", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "--no-transport", "--voxel-size", "1", "0.5", "--unit", "um"]
    assert main([*words, "--properties", "chords", "tortuosity_y"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["pore", "chord", "x", "(µm)", "-1", "3", "2"] in rows
    assert ["tortuosity", "y", "+0", "1", "1"] in rows
    assert not any("strut" in row for row in rows)
    assert main([*words, "--effective", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["chord_y_a"] is None  # no chord ends in the image
    assert found["euler_per_area_a"] == pytest.approx(4 / (12 * 20))
    assert main([*words, "--properties", "colour"]) == 2
    assert "no effective property 'colour'" in capsys.readouterr().err
    assert main([*words[:3], "--over-time", "--effective"]) == 2
    assert "--effective is for single images" in capsys.readouterr().err
