"""``shapelab estimate`` and ``fit-cells`` on files."""

from __future__ import annotations

import json
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest
import tifffile

import shapelab as sl
from shapelab.cli import main
from shapelab.cli.types_file import types_of
from shapelab.errors import InputError
from shapelab.io import RunWriter


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimate") / "run.zarr"
    sim = sl.Cells("active_liquid", shape=(32, 32), n_cells=6, filling=0.8, p=2.0, speed=0.3, seed=5)
    with RunWriter(folder, sim) as writer:
        for frame in sim.run(steps=24, every=3):
            writer.write(frame)
    return folder


def test_motion_of_a_run_and_shapes_of_an_image(run, tmp_path, capsys):
    assert main(["estimate", "motion", str(run), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert 0 < rows["speed"]["low"] < rows["speed"]["value"] < rows["speed"]["high"]
    assert main(["estimate", "shape", str(run), "--frame", "3", "--border-cells", "--out", str(tmp_path / "a.csv")]) == 0
    assert "neighbours" in pd.read_csv(tmp_path / "a.csv")["name"].tolist()
    tifffile.imwrite(tmp_path / "one.tif", np.repeat(np.arange(1, 26, dtype=np.uint8).reshape(5, 5), 8, 0).repeat(8, 1))
    assert main(["estimate", "shape", str(tmp_path / "one.tif")]) == 0
    assert main(["estimate", "motion", str(tmp_path / "one.tif")]) == 2
    assert "at least 5 frames" in capsys.readouterr().err
    assert main(["estimate", "shape", str(run), "--remove-drift"]) == 2


def test_a_fit_is_saved_and_told(run, tmp_path, capsys):
    command = ["fit-cells", str(run), "--scenario", "active_liquid", "--parameter", "speed", "0.05", "1", "--fixed", "p", "2"]
    command += ["--simulations", "20", "--rounds", "1", "--out", str(tmp_path / "fit")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "speed" in out
    assert f"shapelab run cells --scenario active_liquid --start-from {run} --frame 0 --p 2 --speed" in out
    assert {"fit.json", "runs.jsonl", "posterior.csv", "estimates.csv"} <= {path.name for path in (tmp_path / "fit").iterdir()}
    assert main(command) == 0  # all is there: nothing is run again
    assert main([*command[:-1], str(tmp_path / "other"), "--parameter", "speed", "x", "1"]) == 2
    assert main(["fit-cells", str(run), "--scenario", "active_liquid", "--out", str(tmp_path / "none")]) == 2
    assert "name at least one" in capsys.readouterr().err


def test_types_come_from_a_table_or_are_painted(run, tmp_path):
    first = np.repeat(np.arange(1, 5), 4).reshape(4, 4)
    (tmp_path / "kinds.csv").write_text("label,type,kind\n1,0,soft\n2,1,hard\n3,1,hard\n4,0,soft\n")
    painted = np.where(first > 2, 7, 0).astype(np.uint8)
    painted[0, 0] = 7
    tifffile.imwrite(tmp_path / "painted.tif", painted)
    tifffile.imwrite(tmp_path / "small.tif", painted[:3])

    def asked(path, column=None, link=False):
        return types_of(Namespace(types=path and tmp_path / path, types_column=column, link=link), first)

    assert asked(None) is None
    assert asked("kinds.csv") == {1: 0, 2: 1, 3: 1, 4: 0}
    assert asked("kinds.csv", "kind") == {1: 1, 2: 0, 3: 0, 4: 1}  # hard before soft
    assert asked("painted.tif") == {1: 0, 2: 0, 3: 7, 4: 7}
    for wrong, words in (
        ((None, "kind"), "give the table"),
        (("kinds.csv", "size"), "no column 'size'"),
        (("kinds.csv", None, True), "paint the types"),
        (("painted.tif", "kind"), "is an image"),
        (("small.tif",), "3 × 4 pixels and the cells 4 × 4"),
        (("none.csv",), "There is no file"),
    ):
        with pytest.raises(InputError, match=words):
            asked(*wrong)
    command = ["fit-cells", str(run), "--scenario", "active_liquid", "--parameter", "speed", "0.05", "1", "--out", str(tmp_path / "fit")]
    assert main([*command, "--types", str(tmp_path / "kinds.csv"), "--types-column", "size"]) == 2
