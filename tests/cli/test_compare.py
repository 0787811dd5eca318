"""`shapelab compare`: the numbers of `sl.compare`, for what files hold."""

from __future__ import annotations

import json

import numpy as np
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
    assert "mean area [µm²]" in text


def test_a_report_is_written_once(files, capsys):
    folder, *_ = files
    words = ["compare", str(folder / "a.npy"), str(folder / "b.npy"), "--no-transport", "--labels", "--out", str(folder / "report")]
    assert main(words) == 0
    assert json.loads((folder / "report/comparison.json").read_text())["a"] == "a"
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err


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
        ([a, a, "--voxel-size", "1", "--unit", "kg"], "no unit of length"),
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
