"""What was saved is what is read, or a sentence: checksums of chunks and tables, and what a power cut spares."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import zarr

from shapelab.errors import InputError
from shapelab.io import RunWriter, load_run


def record(path, simulation, steps, **options):
    with RunWriter(path, simulation, **options) as writer:
        for frame in simulation.run(steps, every=1):
            writer.write(frame)
    return path


def flip(file, place, bit=4):
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << bit
    file.write_bytes(content)


@pytest.mark.parametrize("layer", ["images/field", "labels/cells"])
def test_a_flipped_bit_of_a_chunk_names_its_frame_and_the_others_open(toy, tmp_path, layer):
    path = record(tmp_path / "run.zarr", toy(seed=1), 4)
    file = path / layer / "0" / "c" / "2" / "0" / "0" / "0"
    whole = file.read_bytes()
    rng = np.random.default_rng(5)
    for place in [*rng.integers(20, len(whole), 25).tolist(), len(whole) - 1]:
        file.write_bytes(whole)
        flip(file, place, int(rng.integers(8)))
        run = load_run(path)
        with pytest.raises(InputError, match=f"frame 2 of {layer.split('/')[1]}/0 is damaged"):
            run.frame(2)
        with pytest.raises(InputError, match="frame 2"):
            np.asarray(run.array(run.record.layers[0 if "field" in layer else 1])[2, 0])
        assert [run.frame(index).step for index in (0, 1, 3)] == [1, 2, 4]
    file.write_bytes(whole)
    assert load_run(path).frame(2).step == 3


@pytest.mark.parametrize("table", ["scalars.csv", "points/seeds.csv", "labels/cells.csv"])
def test_a_digit_of_a_table_that_has_changed_is_said(toy, tmp_path, table):
    path = record(tmp_path / "run.zarr", toy(seed=1), 3)
    content = (path / table).read_bytes()
    digits = [place for place, byte in enumerate(content[:-1]) if chr(byte) in "12345678" and content[place - 1 : place] == b"."]
    (path / table).write_bytes(content[: digits[-1]] + b"9" + content[digits[-1] + 1 :])
    with pytest.raises(InputError, match=f"{table} of run.zarr is damaged: its checksum"):
        load_run(path).frame()
    (path / table).write_bytes(content + b"begun, not complete")
    assert load_run(path).frame().step == 3


def test_runs_without_checksums_open_and_go_on(toy, tmp_path, monkeypatch):
    """Folders that earlier versions kept."""

    def plain(folder, shape, dtype):
        return zarr.create_array(
            store=str(folder),
            shape=(0, *shape),
            chunks=(1, *shape),
            dtype=dtype,
            zarr_format=3,
            compressors=None if np.dtype(dtype).kind == "f" else "auto",
            config={"write_empty_chunks": True},
        )

    with monkeypatch.context() as patch:
        patch.setattr("shapelab.io.run_arrays.create_series", plain)
        patch.setattr("shapelab.io.run_tables._note", lambda record, name, extent: record.tables.update({name: extent.size}))
        path = record(tmp_path / "run.zarr", toy(seed=1), 3)
    text = (path / "run.json").read_text().replace(' "checksums": {},\n', "").replace(' "keep": "last",\n', "")
    (path / "run.json").write_text(text)
    assert "checksums" not in text
    assert "keep" not in text
    record(path, load_run(path).simulation(), 2, append=True)
    whole = load_run(record(tmp_path / "whole.zarr", toy(seed=1), 5))
    run = load_run(path)
    assert run.steps == whole.steps
    assert run.scalars.equals(whole.scalars)
    for index in range(5):
        for name in ("field", "cells", "seeds"):
            np.testing.assert_array_equal(run.frame(index)[name], whole.frame(index)[name])


def test_a_flipped_bit_of_a_checkpoint_is_refused_on_opening(toy, tmp_path):
    path = record(tmp_path / "run.zarr", toy(seed=1), 2)
    file = path / "checkpoints" / "00000002.npz"
    with zipfile.ZipFile(file) as archive:
        begin = next(entry.header_offset for entry in archive.infolist() if entry.filename == "u.npy")
    flip(file, begin + 400)
    with pytest.raises(InputError, match="missing or damaged"):
        load_run(path).simulation()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="sees what is settled through /proc")
def test_all_of_a_frame_is_settled_on_the_disk_before_the_record_names_it(toy, tmp_path, monkeypatch):
    path, settled, done, missing = tmp_path / "run.zarr", {}, set(), []
    fsync, replace = os.fsync, Path.replace

    def named(file):  # the folder gets its name after the first frame
        return re.sub(r"/\.run\.zarr\.\w+\.partial", "/run.zarr", str(file))

    def settling(number):
        fsync(number)
        file = Path(f"/proc/self/fd/{number}").readlink()
        settled[named(file)] = file.stat().st_size

    def replacing(self, target):
        folder = Path(target).parent
        if Path(target).name == "run.json":
            assert named(self) in settled
            files = [file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(("run.json", ".partial"))]
            new = [file for file in files if named(file) not in done or file.suffix == ".csv"]
            missing.extend(file for file in new if settled.get(named(file)) != file.stat().st_size or named(file.parent) not in settled)
            done.update(map(named, new))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", settling)
    monkeypatch.setattr(Path, "replace", replacing)
    record(path, toy(seed=1), 4, keep="all")
    assert len(done) > 20
    assert missing == []
    assert str(path.parent) in settled  # the name of the folder itself
