"""With --json, stdout is one JSON document, whatever else is written or said: another program can read it."""

from __future__ import annotations

import argparse
import json
import shutil

import numpy as np
import pytest
import tifffile

import shapelab as sl
from shapelab.cli import main
from shapelab.cli.command import _command
from shapelab.infer import double_bubble
from shapelab.io import RunWriter

GENERATE = ["generate", "--n-grains", "8", "--shape", "1", "24", "24", "--lloyd", "1"]
FIT = ["fit", "a.tif", "--effort", "0.1", "--order", "1"]
PAIR = ["compare", "a.tif", "b.tif", "--no-transport", "--no-statistics", "--no-curvature"]
POSTERIOR = ["fit-cells", "run.zarr", "--scenario", "active_liquid", "--parameter", "speed", "0.05", "1", "--fixed", "p", "2"]
GOOD = [
    ["measure", "a.tif"],
    ["measure", "a.tif", "--label", "1"],
    ["measure", "a.tif", "--effective", "--label", "1"],
    ["measure", "a.tif", "--interfaces"],
    ["measure", "empty.tif", "--interfaces"],
    ["measure", "film.ome.tif", "--over-time"],
    ["measure", "film.ome.tif", "--over-time", "--events"],
    ["tensions", "a.tif"],
    ["tensions", "film.ome.tif", "--over-time", "--cells"],
    [*PAIR],
    [*PAIR, "--out", "report"],
    [*PAIR, "--out", "page.html"],
    ["compare", "film.ome.tif", "film.ome.tif", "--over-time"],
    ["compare", "film.ome.tif", "film.ome.tif", "--over-time", "--out", "report"],
    ["estimate", "motion", "run.zarr"],
    ["estimate", "shape", "run.zarr", "--frame", "3", "--border-cells"],
    [*POSTERIOR, "--simulations", "20", "--rounds", "1", "--out", "posterior"],
    [*FIT],
    [*FIT, "--out", "f.csv", "--out", "f.tif", "--out", "f.json"],
    [*FIT[:1], "a.tif", "b.tif", *FIT[2:], "--out", "{name}_f.csv"],
    [*FIT[:1], "table.csv", "--out", "drawn.tif"],
    [*GENERATE],
    [*GENERATE, "--out", "g.tif", "--out", "g.json"],
    ["generate", "--like", "a.tif", "b.tif", "--lloyd", "1", "--out", "{name}_g.tif"],
]
REFUSED = [
    ["measure", "a.tif", "--out", "o.csv"],
    ["measure", "all", "--out", "o.csv"],
    ["tensions", "a.tif", "--out", "o.csv"],
    ["tensions", "a.tif", "--plan"],
    ["tensions", "all", "--out", "o.csv"],
    ["estimate", "motion", "run.zarr", "--out", "o.csv"],
    ["compare", "all", "a.tif", "--out", "o.csv"],
    ["fit", "all", "--out", "o.csv"],
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    labels = double_bubble((40, 40), (1.0, 0.8, 0.7), 9).labels.astype(np.uint8)
    tifffile.imwrite(folder / "a.tif", labels)
    tifffile.imwrite(folder / "b.tif", np.roll(labels, 1, 0))
    tifffile.imwrite(folder / "empty.tif", labels * (labels == 1))
    tifffile.imwrite(folder / "film.ome.tif", np.stack([np.roll(labels, i, 1) for i in range(3)]), metadata={"axes": "TYX"})
    (folder / "table.csv").write_text("x,y,a,b,theta,area\n0,0,2,1,0,6.3\n4,0,2,1,0.5,6.3\n0,4,2,1,1,6.3\n4,4,2,2,0,12.6\n")
    (folder / "all").mkdir()
    shutil.copy(folder / "a.tif", folder / "all")
    sim = sl.Cells("active_liquid", shape=(32, 32), n_cells=6, filling=0.8, p=2.0, speed=0.3, seed=5)
    with RunWriter(folder / "run.zarr", sim) as writer:
        for frame in sim.run(steps=24, every=3):
            writer.write(frame)
    return folder


@pytest.mark.parametrize("words", GOOD, ids=" ".join)
def test_stdout_is_one_document(words, made, tmp_path, monkeypatch, capsys):
    for path in made.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    if words[0] in ("fit", "generate"):
        files = words.count("b.tif") + 1
        assert isinstance(found, list) == (files > 1)
        written = [path for one in (found if files > 1 else [found]) for path in one["written"]]
        assert len(written) == files * words.count("--out")
        assert all((tmp_path / path).exists() for path in written)


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_json_beside_a_table_is_refused(words, made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    assert main([*words, "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--json" in printed.err
    assert not (made / "o.csv").exists()


def test_a_file_that_fails_leaves_a_document_of_the_others(made, tmp_path, monkeypatch, capsys):
    (tmp_path / "bad.tif").write_bytes(b"bad")
    monkeypatch.chdir(made)
    assert main([FIT[0], "a.tif", str(tmp_path / "bad.tif"), *FIT[2:], "--json"]) == 1
    assert [one["file"] for one in json.loads(capsys.readouterr().out)] == ["a.tif"]
    assert main([FIT[0], str(tmp_path / "bad.tif"), *FIT[2:], "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_every_verb_with_the_option_is_tried():
    verbs = next(action for action in _command()._actions if isinstance(action, argparse._SubParsersAction)).choices
    offering = {name for name, parser in verbs.items() if "--json" in parser._option_string_actions}
    assert offering == {words[0] for words in GOOD}
