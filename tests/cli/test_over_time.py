"""`shapelab measure --over-time`, and one command on a folder: interrupted, damaged, side by side."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile

from shapelab.batch import folder_work
from shapelab.cli import folder, main
from shapelab.io.lock import FolderLock
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
    assert "4 frames, 4 cells in each; no events." in printed.err
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
    assert "already exists" in capsys.readouterr().err
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
    assert "3 of 5 files had been done before" in capsys.readouterr().err


def measured(images, out):
    return main(["measure", str(images), "--labels", "--jobs", "1", "--out", str(out)])


def begun(images, tmp_path):
    """Return the result and the folder of a command of whose files one has failed."""
    (images / "bad.tif").write_bytes(b"II*\0 no image")
    assert measured(images, tmp_path / "all.csv") == 1
    (images / "bad.tif").unlink()
    return tmp_path / "all.csv", tmp_path / "all.csv.parts"


def test_two_commands_do_not_share_a_result(images, tmp_path, capsys):
    out, _ = begun(images, tmp_path)
    before = out.read_bytes()
    lock = FolderLock(out, "table")
    assert measured(images, out) == 2
    assert "is being written by this program" in capsys.readouterr().err
    assert out.read_bytes() == before
    lock.release()
    assert measured(images, out) == 0
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith((".lock", ".parts"))]


def test_a_folder_of_somebody_else_is_left_alone(images, tmp_path, capsys):
    mine = tmp_path / "all.csv.parts"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    assert measured(images, tmp_path / "all.csv") == 2
    assert "something else" in capsys.readouterr().err
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    (mine / "notes.txt").unlink()
    assert measured(images, tmp_path / "all.csv") == 0  # empty, as one that was killed at once leaves it


@pytest.mark.parametrize(("name", "content"), [("options.json", "{"), ("options.json", "[" * 100_000), ("*.csv", 'a,b\n"1,2')])
def test_what_is_damaged_among_the_tables_that_are_done_is_a_sentence(images, tmp_path, capsys, name, content):
    out, parts = begun(images, tmp_path)
    sorted(parts.glob(name))[0].write_text(content)
    assert measured(images, out) == 2
    assert "is damaged" in capsys.readouterr().err
    if name == "*.csv":
        assert measured(images, out) == 0
        assert len(pd.read_csv(out)) == 2 + 3 + 4 + 5


def test_a_result_whose_folder_is_removed_meanwhile_is_one_sentence(images, tmp_path, capsys, monkeypatch):
    one, out = folder_work._one, tmp_path / "results" / "all.csv"
    out.parent.mkdir()

    def remove(call):
        shutil.rmtree(out.parent, ignore_errors=True)
        return one(call)

    monkeypatch.setattr(folder_work, "_one", remove)
    assert measured(images, out) == 2
    assert "cannot be written" in capsys.readouterr().err.splitlines()[-1]


def test_an_empty_table_as_a_power_cut_leaves_it_is_made_anew(images, tmp_path):
    out, parts = begun(images, tmp_path)
    sorted(parts.glob("*.csv"))[0].write_text("")
    assert measured(images, out) == 0
    assert len(pd.read_csv(out)) == 2 + 3 + 4 + 5


@pytest.mark.parametrize("gone", ["image", "tables", "image that was done"])
def test_what_is_removed_meanwhile_is_said_and_nothing_is_claimed_of_it(images, tmp_path, capsys, monkeypatch, gone):
    one, out = folder_work._one, tmp_path / "all.csv"

    def remove(call):
        outcome = one(call)
        if call.name == "cells 1.tif":
            if gone == "image":
                (images / "cells 2.tif").unlink()
            elif gone == "tables":
                shutil.rmtree(tmp_path / "all.csv.parts")
            else:
                (images / call.name).unlink()
        return outcome

    monkeypatch.setattr(folder_work, "_one", remove)
    code, files, rows = {"image": (1, 3, 2 + 3 + 5), "tables": (1, 0, 0), "image that was done": (0, 4, 2 + 3 + 4 + 5)}[gone]
    assert measured(images, out) == code
    printed = capsys.readouterr()
    assert len(pd.read_csv(out)) == rows
    assert f"{rows} rows of {files} files" in printed.out
    assert code == 0 or f"{4 - files} of 4 files failed" in printed.err


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
