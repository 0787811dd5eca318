"""One command on a folder: compared with references, damaged files, killed and resumed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from shapelab.batch import table_of_folder
from shapelab.batch.folder_parts import log_of, parts_of, read_log
from shapelab.cli import main
from shapelab.errors import InputError, Stopped
from shapelab.stopping import stoppable


def cells(seed, shape=(28, 28)):
    """A few Voronoi cells."""
    rng = np.random.default_rng(seed)
    places = rng.random((4, 2)) * shape
    y, x = np.indices(shape)
    return 1 + np.argmin((y - places[:, 0, None, None]) ** 2 + (x - places[:, 1, None, None]) ** 2, axis=0).astype(np.uint16)


@pytest.fixture
def folders(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for number in range(3):
        image = cells(number)
        tifffile.imwrite(tmp_path / "a" / f"{number}.tif", image)
        np.save(tmp_path / "b" / f"{number}.npy", np.roll(image, number, axis=1))
    return tmp_path


WORDS = ["--labels", "--no-transport", "--jobs", "1"]


def test_a_folder_is_compared_with_files_of_the_same_names(folders, capsys):
    out = folders / "t.csv"
    tifffile.imwrite(folders / "a" / "alone.tif", cells(9))
    assert main(["compare", str(folders / "a"), str(folders / "b"), "--out", str(out), *WORDS]) == 1
    assert "alone.tif: failed: it has no partner in b" in capsys.readouterr().err
    table = pd.read_csv(out, dtype=str, keep_default_na=False).set_index("file")
    assert table.index.tolist() == ["0.tif", "1.tif", "2.tif"]
    assert table["mismatch"].astype(float)["0.tif"] == 0 < table["mismatch"].astype(float)["1.tif"]
    report = folders / "report"
    assert main(["compare", str(folders / "a" / "1.tif"), str(folders / "b" / "1.npy"), "--out", str(report), *WORDS[:2]]) == 0
    alone = pd.read_csv(report / "comparison.csv", dtype=str, keep_default_na=False).set_index("name")["value"]
    assert table.loc["1.tif"].drop("notes").to_dict() == alone.to_dict()
    log = pd.read_csv(log_of(out), keep_default_na=False)
    assert log["status"].tolist() == ["done", "done", "done", "failed"]
    np.save(folders / "b" / "alone.npy", cells(9))
    np.save(folders / "b" / "0.npy", cells(5))  # a reference that has changed counts
    capsys.readouterr()
    assert main(["compare", str(folders / "a"), str(folders / "b"), "--out", str(out), *WORDS]) == 0
    assert "2 of 4 files had been done before" in capsys.readouterr().err
    assert (pd.read_csv(out).set_index("file")["mismatch"] == 0).to_dict() == {
        "0.tif": False,
        "1.tif": False,
        "2.tif": False,
        "alone.tif": True,
    }


def test_a_folder_is_compared_with_one_file(folders, capsys):
    out = folders / "t.csv"
    assert main(["compare", str(folders / "a"), str(folders / "b" / "0.npy"), "--out", str(out), *WORDS]) == 0
    assert (pd.read_csv(out)["mismatch"] == 0).tolist() == [True, False, False]
    assert main(["compare", str(folders / "b" / "0.npy"), str(folders / "a"), *WORDS]) == 2
    assert "give the folder first" in capsys.readouterr().err
    np.save(folders / "b" / "0.npz.npy", cells(0))
    tifffile.imwrite(folders / "b" / "0.tiff", cells(0))
    assert main(["compare", str(folders / "a"), str(folders / "b"), "--out", str(folders / "u.csv"), *WORDS]) == 1
    assert "0.tif: failed: it has 2 partners in b: 0.npy, 0.tiff" in capsys.readouterr().err


def test_two_hundred_files_one_damaged_killed_and_resumed(tmp_path, capsys):
    place = tmp_path / "images"
    place.mkdir()
    for number in range(199):
        np.save(place / f"{number:03}.npy", cells(number))
    (place / "bad.tif").write_bytes(b"II*\0 no image")
    whole, broken = tmp_path / "whole.csv", tmp_path / "broken.csv"
    words = ["measure", str(place), "--labels", "--out"]
    assert main([*words, str(whole), "--jobs", "1"]) == 1
    assert "bad.tif" in capsys.readouterr().err

    command = [sys.executable, "-m", "shapelab", *words, str(broken), "--jobs", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert next((line for line in process.stderr if line.startswith("15/200")), "")
        process.kill()
        process.stderr.read()  # ends when the last of its processes has: none outlives it
    begun = len(read_log(broken))
    assert 15 <= begun < 200
    assert not broken.exists()
    capsys.readouterr()
    assert main([*words, str(broken), "--jobs", "1"]) == 1
    said = capsys.readouterr().err
    again = sum("/200  " in line for line in said.splitlines())
    assert f"{200 - again} of 200 files had been done before" in said
    assert 0 < again <= 200 - begun + 1  # the damaged one is tried again
    assert broken.read_bytes() == whole.read_bytes()
    assert log_of(broken).read_bytes() == log_of(whole).read_bytes()
    log = pd.read_csv(log_of(broken), keep_default_na=False)
    assert log["status"].value_counts().to_dict() == {"done": 199, "failed": 1}
    assert log.set_index("file").loc["bad.tif", "reason"].startswith("bad.tif cannot be read")


def test_an_interrupted_folder_says_how_to_go_on(folders, capsys, monkeypatch):
    from shapelab.batch import folder_work

    def interrupted(call):
        raise KeyboardInterrupt

    words = ["measure", str(folders / "a"), "--labels", "--out", str(folders / "t.csv"), "--jobs", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(folder_work, "_one", interrupted)
        assert main(words) == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert main(words) == 0


def test_a_dask_cluster_gives_the_same_table(folders, capsys):
    import distributed

    (folders / "a" / "bad.tif").write_bytes(b"II*\0 no image")
    here, there = folders / "here.csv", folders / "there.csv"
    words = ["measure", str(folders / "a"), "--labels", "--out"]
    assert main([*words, str(here), "--jobs", "1"]) == 1
    place = {"protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **place) as cluster:
        assert main([*words, str(there), "--scheduler", cluster.scheduler_address]) == 1
    assert there.read_bytes() == here.read_bytes()
    assert log_of(there).read_bytes() == log_of(here).read_bytes()
    assert "bad.tif" in capsys.readouterr().err


def rows(file: Path) -> pd.DataFrame:
    return pd.DataFrame({"n": [len(file.name)], file.stem: [0.1]})


def test_tables_with_other_columns_are_joined_as_they_are(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.txt").write_text("")
    found = table_of_folder(tmp_path / "in", tmp_path / "t.csv", rows, pattern="*.txt", jobs=1)
    assert (tmp_path / "t.csv").read_text().split() == ["file,n,a,b", "a.txt,5,0.1,", "b.txt,5,,0.1"]
    assert str(found).endswith("2 rows of 2 files.")
    with pytest.raises(InputError, match="already exists"):
        table_of_folder(tmp_path / "in", tmp_path / "t.csv", rows, pattern="*.txt")
    with pytest.raises(InputError, match="no folder of files"):
        table_of_folder(tmp_path / "none", tmp_path / "u.csv", rows)
    assert not parts_of(tmp_path / "u.csv").exists()


def test_the_table_its_log_and_its_parts_are_no_files_of_the_folder(tmp_path):
    import threading

    place = tmp_path / "in"
    place.mkdir()
    for name in ("a.csv", "b.csv", ".hidden.csv"):
        (place / name).write_text("x")
    stop = threading.Event()
    with stoppable(stop), pytest.raises(Stopped):
        table_of_folder(place, place / "t.csv", rows, pattern="**/*", jobs=1, report=lambda *_: stop.set())
    assert parts_of(place / "t.csv").is_dir()
    found = table_of_folder(place, place / "t.csv", rows, pattern="**/*", jobs=1)
    assert [outcome.name for outcome in found.outcomes] == ["a.csv", "b.csv"]


def test_a_folder_is_stopped(tmp_path):
    import threading

    (tmp_path / "in").mkdir()
    for name in range(3):
        (tmp_path / "in" / f"{name}.txt").write_text("")
    stop = threading.Event()
    with stoppable(stop), pytest.raises(Stopped):
        table_of_folder(tmp_path / "in", tmp_path / "t.csv", rows, pattern="*.txt", jobs=1, report=lambda *_: stop.set())
    assert len(read_log(tmp_path / "t.csv")) == 1
    again = table_of_folder(tmp_path / "in", tmp_path / "t.csv", rows, pattern="*.txt", jobs=1)
    assert (again.before, again.rows) == (1, 3)


def test_a_folder_is_fitted(folders, capsys):
    out, alone = folders / "t.csv", folders / "alone.csv"
    words = ["--labels", "--order", "1"]
    assert main(["fit", str(folders / "a"), "--out", str(out), "--jobs", "1", *words]) == 0
    assert main(["fit", str(folders / "a" / "1.tif"), "--out", str(alone), *words]) == 0
    table, single = (pd.read_csv(file, dtype=str, keep_default_na=False) for file in (out, alone))
    part = table[table["file"] == "1.tif"].drop(columns="file").reset_index(drop=True)
    pd.testing.assert_frame_equal(part[single.columns.tolist()], single)
    assert "belong to another grain" in pd.read_csv(log_of(out))["notes"].iloc[0]
    for wrong, said in ((["--out", "a.csv", "--out", "b.csv"], "one --out"), (["--out", "a.tif"], ".csv")):
        assert main(["fit", str(folders / "a"), *words, *wrong]) == 2
        assert said in capsys.readouterr().err
    assert main(["fit", str(folders / "a" / "1.tif"), "--jobs", "2", *words]) == 2


@pytest.mark.parametrize(
    ("verb", "words"),
    [("measure", []), ("compare", ["--no-transport"]), ("tensions", []), ("fit", ["--order", "1"])],
)
def test_every_verb_gives_the_same_table_and_log_again_and_after_an_interruption(folders, verb, words, monkeypatch):
    from shapelab.batch import folder_work

    one, done = folder_work._one, []

    def interrupted(call):
        if done:
            raise KeyboardInterrupt
        done.append(call.name)
        return one(call)

    inputs = [str(folders / name) for name in ("ab" if verb == "compare" else "a")]
    command = [verb, *inputs, "--labels", "--jobs", "1", *words, "--out"]
    tables = [folders / f"{name}.csv" for name in ("once", "again", "resumed")]
    for table in tables[:2]:
        assert main([*command, str(table)]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(folder_work, "_one", interrupted)
        assert main([*command, str(tables[2])]) == 130
    assert list(read_log(tables[2])) == done
    assert main([*command, str(tables[2])]) == 0
    assert len({table.read_bytes() for table in tables}) == 1
    logs = [log_of(table).read_bytes() for table in tables]
    assert len(set(logs)) == 1
    assert logs[0].decode().splitlines()[0] == "file,status,rows,reason,notes"
