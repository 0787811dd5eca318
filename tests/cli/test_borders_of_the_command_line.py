"""What a user types at the borders of the command line: nothing, too little, and what is to be read by another program."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from shapelab.cli import main

LABELS = np.zeros((40, 50), np.uint16)
LABELS[5:20, 5:20], LABELS[5:20, 20:40], LABELS[20:35, 5:40] = 1, 2, 3


@pytest.fixture
def image(tmp_path):
    tifffile.imwrite(tmp_path / "cells.tif", LABELS)
    return str(tmp_path / "cells.tif")


def strict(text):
    def refuse(name):
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


def test_json_has_every_digit_and_no_nan(image, tmp_path, capsys):
    assert main(["measure", image, "--json", "--voxel-size", "1e-6", "--unit", "m"]) == 0
    rows = strict(capsys.readouterr().out)
    assert [row["area"] for row in rows] == pytest.approx([225e-12, 300e-12, 525e-12], rel=1e-12)
    assert all(isinstance(row["label"], int) for row in rows)
    tifffile.imwrite(tmp_path / "mask.tif", (LABELS == 1).astype(np.uint8) * 255)
    assert main(["compare", image, str(tmp_path / "mask.tif"), "--no-transport", "--json"]) == 0
    assert not any(isinstance(value, float) and math.isnan(value) for value in strict(capsys.readouterr().out).values())


@pytest.mark.parametrize("words", [["measure", ""], ["compare", "", "b.tif"], ["export", "", "a.tif"]])
def test_an_empty_name_is_not_the_current_folder(words, capsys):
    assert main(words) == 2
    assert "An empty name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["measure", "{image}", "--label", "99999999999999999999"], "must be a whole number."),
        (["compare", "{image}", "{image}", "--voxel-size", "0"], "must be positive along every axis"),
        (["compare", "{image}", "{image}", "--out", "{image}.csv"], "a report is a folder, or a web page"),
        (["estimate", "motion", "{image}"], "at least 5 frames"),
        (["run", "cells", "--out", "{image}.zarr", "--mesh", "{image}.ply"], "--mesh is for curvatubes"),
        (["run", "cells", "--start-from", "{image}", "--types", "{image}.csv"], "There is no file"),
    ],
)
def test_refusals_are_of_what_was_typed(words, sentence, image, capsys):
    assert main([word.format(image=image) for word in words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "None" not in said


def command(*words, **options):
    return subprocess.run([sys.executable, "-m", "shapelab", *words], stderr=subprocess.PIPE, timeout=100, check=False, **options)


def test_a_terminal_without_micrometres_ends_no_command(image):
    where = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = command("measure", image, "--voxel-size", "1", "--unit", "um", stdout=subprocess.PIPE, env=where)
    assert done.returncode == 0
    assert b"area (?m?)" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is had on Linux only")
@pytest.mark.parametrize("words", [["list"], ["list", "foam"]])
def test_a_full_disk_is_one_line(words):
    with Path("/dev/full").open("wb") as full:
        done = command(*words, stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == ["shapelab: the output cannot be written: No space left on device."]


def test_movies_take_the_unit_of_their_interval_in_every_verb(tmp_path, capsys):
    film = str(tmp_path / "film.ome.tif")
    tifffile.imwrite(film, np.stack([np.roll(LABELS, i, 1) for i in range(3)]), metadata={"axes": "TYX"})
    assert main(["measure", film, "--over-time", "--interval", "2", "--time-unit", "min", "--json"]) == 0
    assert {row["time"] for row in strict(capsys.readouterr().out)} == {0, 2, 4}
    assert main(["compare", film, film, "--over-time", "--interval", "2", "--time-unit", "min", "--json"]) == 0
    assert strict(capsys.readouterr().out)["time_unit"] == "min"
    assert main(["measure", film, "--frame", "0", "--time-unit", "min"]) == 2
    assert "--over-time" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names of files that are no text")
def test_names_of_files_that_are_no_text(tmp_path):
    name = os.fsdecode(b"na\xefve.tif")
    (tmp_path / "all").mkdir()
    tifffile.imwrite(tmp_path / "all" / name, LABELS)
    tifffile.imwrite(tmp_path / "all" / "two\nlines.tif", LABELS)
    image = str(tmp_path / "all" / name)
    assert main(["measure", str(tmp_path / "all"), "--jobs", "1", "--out", str(tmp_path / "a.csv")]) == 0
    assert set(pd.read_csv(tmp_path / "a.csv")["file"]) == {r"na\udcefve.tif", "two\nlines.tif"}
    assert main(["compare", image, image, "--no-transport", "--no-statistics", "--out", str(tmp_path / "report")]) == 0
    assert json.loads((tmp_path / "report" / "comparison.json").read_text())["a"] == r"na\udcefve"
    assert main(["export", image, str(tmp_path / "a.html")]) == 0
