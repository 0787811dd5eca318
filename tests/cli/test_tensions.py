"""`shapelab tensions`: tables of interfaces and cells, and sentences for what cannot be done."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from shapelab.cli import main
from shapelab.infer import double_bubble, infer_tensions, infer_tensions_over_time
from shapelab.io import load_run


@pytest.fixture
def bubbles(tmp_path):
    labels = double_bubble((80, 80), (1.0, 0.8, 0.7), 16).labels
    np.save(tmp_path / "cells.npy", labels)
    return labels, tmp_path / "cells.npy"


def test_table_of_interfaces_and_of_cells(bubbles, capsys, tmp_path):
    labels, file = bubbles
    assert main(["tensions", str(file), "--json", "--voxel-size", "0.5", "--bump", "0.9"]) == 0
    printed = capsys.readouterr()
    wanted = infer_tensions(labels, 0.5, bump=0.9)
    assert [row["tension"] for row in json.loads(printed.out)] == pytest.approx(wanted.tensions.tolist(), rel=1e-9)
    assert "2 cells (0 cut by the border)" in printed.err
    assert "3 of 3 tensions" in printed.err
    assert main(["tensions", str(file), "--cells", "--out", str(tmp_path / "cells.csv"), "--voxel-size", "0.5", "--bump", "0.9"]) == 0
    assert pd.read_csv(tmp_path / "cells.csv")["pressure"].tolist() == pytest.approx(wanted.pressures[1:].tolist())


def test_plan_infers_nothing(bubbles, capsys):
    assert main(["tensions", str(bubbles[1]), "--plan"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "median radius" in printed.err


def test_a_film_has_a_row_for_each_frame(bubbles, capsys, tmp_path):
    labels = bubbles[0]
    np.save(tmp_path / "film.npy", np.stack([labels, np.roll(labels, 1, 0), labels]))
    out = tmp_path / "film.csv"
    assert main(["tensions", str(tmp_path / "film.npy"), "--over-time", "--labels", "--width", "0", "--out", str(out)]) == 0
    assert "first axis, of 3 entries, was taken as time" in capsys.readouterr().err
    table = pd.read_csv(out)
    assert table["frame"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert table["tension"][:3].tolist() == pytest.approx(infer_tensions(labels).tensions.tolist())
    assert table["smoothed"].tolist() == table["tension"].tolist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bump", "7"], "bump"),
        (["--out", "table.xlsx"], ".csv"),
        (["--voxel-size", "0"], "positive"),
        (["--width", "2"], "--over-time"),
        (["--over-time", "--frame", "0"], "choose one"),
        (["--over-time"], "A movie has the axes"),
    ],
)
def test_what_cannot_be_done_is_said(bubbles, words, said, capsys):
    assert main(["tensions", str(bubbles[1]), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_run_says_itself_that_its_box_repeats(tmp_path, capsys):
    run = tmp_path / "run.zarr"
    words = ["run", "cells", "--scenario", "active_crystal", "--n-cells", "12", "--shape", "64", "64", "--steps", "2", "--every", "1"]
    assert main([*words, "--out", str(run)]) == 0
    wanted = infer_tensions(load_run(run).frame(1).layer("cells"), periodic=True)
    capsys.readouterr()
    assert main(["tensions", str(run), "--json"]) == 0
    assert [row["tension"] for row in json.loads(capsys.readouterr().out)] == pytest.approx(wanted.tensions.tolist(), nan_ok=True)
    over_time = infer_tensions_over_time(load_run(run), width=0)
    np.testing.assert_array_equal(over_time.frames[1].tensions, wanted.tensions)
    assert len(over_time) == 2


def test_the_box_of_a_run_whose_scenario_is_gone_is_taken_as_closed_and_that_is_said(tmp_path, capsys):
    run = tmp_path / "run.zarr"
    words = ["run", "cells", "--scenario", "active_crystal", "--n-cells", "12", "--shape", "64", "64", "--steps", "1"]
    assert main([*words, "--out", str(run)]) == 0
    record = run / "run.json"
    record.write_text(record.read_text().replace('"active_crystal"', '"my_own"'))
    capsys.readouterr()
    for words in (["measure", str(run)], ["measure", str(run), "--over-time"], ["tensions", str(run), "--plan"]):
        assert main(words) == 0
        assert "scenario is not installed here" in capsys.readouterr().err
