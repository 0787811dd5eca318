"""`shapelab measure --over-time`, and one command on a folder: interrupted, damaged, side by side."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import tifffile

from shapelab.batch import folder_work
from shapelab.cli import folder, main
from shapelab.movies import measure_over_time


def disks(n=4, shape=(72, 48), shift=0):
    image = np.zeros(shape, np.uint16)
    y, x = np.indices(shape)
    for label in range(1, n + 1):
        at = (12 + 24 * ((label - 1) // 2), 12 + 24 * ((label - 1) % 2) + shift)
        image[(y - at[0]) ** 2 + (x - at[1]) ** 2 < 36 + label] = label
    return image


@pytest.fixture
def movie(tmp_path):
    frames = np.stack([disks(shift=t) for t in range(4)])
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, frames, imagej=True, metadata={"axes": "TYX", "unit": "um", "finterval": 5.0}, resolution=(2, 2))
    return frames, path


def test_a_movie_is_one_table(movie, tmp_path, capsys):
    frames, path = movie
    assert main(["measure", str(path), "--over-time", "--labels", "--interval", "5", "--json"]) == 0
    printed = capsys.readouterr()
    rows = pd.DataFrame(json.loads(printed.out))
    assert "4 frames, 4 to 4 cells in each; no events." in printed.err
    assert rows["velocity_x"].dropna().to_numpy() == pytest.approx(0.5 / 5)
    assert rows["time"].tolist() == [5.0 * t for t in range(4) for _ in range(4)]
    mixed = np.stack([np.r_[0, np.random.default_rng(t).permutation(4) + 1][frame] for t, frame in enumerate(frames)])
    np.save(tmp_path / "mixed.npy", mixed)
    assert (
        main(["measure", str(tmp_path / "mixed.npy"), "--over-time", "--labels", "--link", "--per-frame", "--out", str(tmp_path / "m.csv")])
        == 0
    )
    table = pd.read_csv(tmp_path / "m.csv")
    assert table["mean_speed"].dropna().to_numpy() == pytest.approx(1)
    assert table["cells"].tolist() == [4, 4, 4, 4]
    capsys.readouterr()
    np.save(tmp_path / "less.npy", np.stack([frames[0], np.where(frames[0] == 3, 0, frames[0])]))
    assert main(["measure", str(tmp_path / "less.npy"), "--over-time", "--labels", "--events", "--json"]) == 0
    assert [(row["kind"], row["label"]) for row in json.loads(capsys.readouterr().out)] == [("loss", 3)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--events"], "--over-time"),
        (["--link"], "--over-time"),
        (["--interval", "3"], "--over-time"),
        (["--over-time", "--frame", "1"], "choose one"),
        (["--over-time", "--label", "1"], "choose one"),
        (["--over-time", "--interval", "0"], "interval"),
        (["--out", "table.xlsx"], ".csv"),
    ],
)
def test_options_that_make_no_sense(movie, words, said, capsys):
    assert main(["measure", str(movie[1]), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def images(tmp_path):
    place = tmp_path / "images"
    (place / "more").mkdir(parents=True)
    for number in range(4):
        tifffile.imwrite(place / f"cells {number}.tif", disks(n=number + 2))
    tifffile.imwrite(place / "more" / "deep.tif", disks())
    (place / "notes.txt").write_text("mine")
    return place


def test_a_folder_is_the_tables_of_its_files(images, tmp_path, capsys):
    out = tmp_path / "all.csv"
    assert main(["measure", str(images), "--out", str(out), "--labels", "--jobs", "2"]) == 0
    whole = pd.read_csv(out)
    assert whole.groupby("file").size().to_dict() == {f"cells {number}.tif": number + 2 for number in range(4)}
    assert main(["measure", str(images / "cells 3.tif"), "--out", str(tmp_path / "one.csv"), "--labels"]) == 0
    alone = pd.read_csv(tmp_path / "one.csv")
    part = whole[whole["file"] == "cells 3.tif"].drop(columns="file").reset_index(drop=True)
    pd.testing.assert_frame_equal(part[alone.columns], alone)
    assert main(["measure", str(images), "--out", str(out), "--labels"]) == 2
    assert "exists already" in capsys.readouterr().err
    out = tmp_path / "deep.csv"
    assert main(["measure", str(images), "--pattern", "**/*.tif", "--out", str(out), "--labels", "--jobs", "1"]) == 0
    assert "more/deep.tif" in set(pd.read_csv(out)["file"])
    assert not out.with_name("deep.csv.parts").exists()
    capsys.readouterr()


def test_a_damaged_file_is_named_and_skipped_and_only_it_is_done_again(images, tmp_path, capsys, monkeypatch):
    (images / "bad.tif").write_bytes(b"II*\0 no image")
    out, words = tmp_path / "all.csv", ["measure", str(images), "--out", str(tmp_path / "all.csv"), "--labels", "--jobs", "1"]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert "bad.tif: failed: bad.tif cannot be read" in printed.err
    assert "4 files" in printed.out
    assert len(pd.read_csv(out)) == 2 + 3 + 4 + 5
    assert main([*words, "--smoothing", "3"]) == 2
    assert "other options" in capsys.readouterr().err
    tifffile.imwrite(images / "bad.tif", disks())
    tifffile.imwrite(images / "cells 0.tif", disks(n=4))  # has changed meanwhile
    done = []
    one = folder_work._one
    monkeypatch.setattr(folder_work, "_one", lambda call: (done.append(call.name), one(call))[1])
    assert main(words) == 0
    assert done == ["bad.tif", "cells 0.tif"]
    assert len(pd.read_csv(out)) == 4 + 4 + 3 + 4 + 5
    assert "3 of 5 files were done before" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--out"),
        (["--out", "{}/t.csv", "--pattern", "*.png"], "no files like"),
        (["--out", "{}/t.csv", "--pattern", "/abs/*"], "--pattern"),
        (["--out", "{}/t.csv", "--jobs", "0"], "--jobs"),
        (["--out", "{}/none/t.csv"], "does not exist"),
    ],
)
def test_what_a_folder_needs(images, tmp_path, words, said, capsys):
    assert main(["measure", str(images), *(word.format(tmp_path) for word in words)]) == 2
    assert said in capsys.readouterr().err


def killer(known):
    import os

    if known.path.name == "cells 1.tif":
        os._exit(9)
    return pd.DataFrame({"a": [1]})


def test_a_process_that_is_killed_costs_its_file_only(images, tmp_path, capsys):
    import argparse

    known = argparse.Namespace(path=images, out=tmp_path / "t.csv", pattern=None, jobs=2, scheduler=None)
    assert folder.over_files(known, killer) == 1
    assert "cells 1.tif: failed: the process that worked on it was ended" in capsys.readouterr().err
    assert pd.read_csv(known.out)["file"].tolist() == ["cells 0.tif", "cells 2.tif", "cells 3.tif"]


def test_tensions_of_a_folder(tmp_path):
    from shapelab.infer import double_bubble

    (tmp_path / "in").mkdir()
    for number, radius in enumerate((12, 14)):
        np.save(tmp_path / "in" / f"{number}.npy", double_bubble((64, 64), (1.0, 0.8, 0.7), radius).labels)
    assert main(["tensions", str(tmp_path / "in"), "--out", str(tmp_path / "t.csv"), "--jobs", "1"]) == 0
    assert pd.read_csv(tmp_path / "t.csv")["file"].value_counts().to_dict() == {"0.npy": 3, "1.npy": 3}


def test_the_file_and_the_array_give_the_same_movie(movie, capsys):
    frames, path = movie
    assert main(["measure", str(path), "--over-time", "--labels", "--voxel-size", "1", "--unit", "um", "--json"]) == 0
    rows = pd.DataFrame(json.loads(capsys.readouterr().out))
    assert rows["area"].to_numpy() == pytest.approx(measure_over_time(frames).table["area"].to_numpy())
