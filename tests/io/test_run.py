"""Run folders: round trip, resume, other readers, cuts, refusals."""

from __future__ import annotations

import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from shapelab.errors import InputError
from shapelab.io import RunWriter, load_run, read_image, save_run


@pytest.fixture
def saved(toy, tmp_path):
    """A run of 3 frames (steps 4, 8, 10)."""
    simulation = toy(seed=3)
    with RunWriter(tmp_path / "run.zarr", simulation) as writer:
        for frame in simulation.run(10, every=4):
            writer.write(frame)
    return tmp_path / "run.zarr", simulation


def test_frames_come_back_as_they_were(saved):
    path, simulation = saved
    run = load_run(path)
    assert run.steps == [4, 8, 10]
    assert run.record.parameters["seed"] == 3
    frame, original = run.frame(-1), simulation.frame()
    assert (frame.step, frame.time) == (original.step, original.time)
    assert frame.scalars == pytest.approx(original.scalars)
    for name in ("field", "cells", "seeds"):
        np.testing.assert_array_equal(frame[name], original[name])
        assert frame.layer(name).kind == original.layer(name).kind
        assert list(frame.layer(name).meta["scale"]) == [0.5, 0.25, 0.25]
    assert frame.layer("cells").meta["features"]["volume"].tolist() == [1.5, original.time]
    assert frame.layer("seeds").meta["features"]["weight"].tolist() == original.layer("seeds").meta["features"]["weight"].tolist()
    assert frame.layer("field").meta["iso_threshold"] == 0.0
    assert run.record.reason == "Step limit of 10 reached."


def test_layers_are_lazy_with_a_time_axis(saved):
    field, cells, seeds = load_run(saved[0]).layers()
    assert field.data.shape == cells.data.shape == (3, 4, 5, 6)
    assert field.meta["scale"] == [1.0, 0.5, 0.25, 0.25]
    assert field.meta["axis_labels"] == ["t", "z", "y", "x"]
    assert not isinstance(field.data, np.ndarray)
    assert seeds.data.shape[1] == 4
    assert set(seeds.data[:, 0]) == {0, 1, 2}


def test_resumed_run_equals_an_uninterrupted_one(toy, tmp_path):
    whole = toy(seed=5)
    *_, expected = whole.run(20, every=5)
    part = toy(seed=5)
    with RunWriter(tmp_path / "run.zarr", part) as writer:
        for frame in part.run(10, every=5):
            writer.write(frame)
    resumed = load_run(tmp_path / "run.zarr").simulation()
    with RunWriter(tmp_path / "run.zarr", resumed, append=True) as writer:
        for frame in resumed.run(10, every=5):
            writer.write(frame)
    run = load_run(tmp_path / "run.zarr")
    assert run.steps == [5, 10, 15, 20]
    np.testing.assert_array_equal(run.frame(-1)["field"], expected["field"])
    assert run.scalars["energy"].iloc[-1] == pytest.approx(expected.scalars["energy"], rel=1e-12)


def test_live_changes_are_recorded_and_restored(toy, tmp_path):
    simulation = toy()
    with RunWriter(tmp_path / "run.zarr", simulation, keep="all") as writer:
        for frame in simulation.run(4, every=2):
            writer.write(frame)
            simulation.update(drift=-0.5)
    run = load_run(tmp_path / "run.zarr")
    assert [change.parameters for change in run.record.changes] == [{"drift": -0.5}]
    assert run.simulation().parameters.drift == -0.5
    early = run.simulation(step=2)
    assert early.parameters.drift == 0.5
    np.testing.assert_array_equal(early.frame()["field"], run.frame(0)["field"])


def test_other_ome_zarr_readers_open_it(saved):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader
    from ome_zarr_models.v05 import Image

    nodes = list(Reader(parse_url(str(saved[0])))())
    assert nodes[0].data[0].shape == (3, 4, 5, 6)
    assert any(node.data and node.data[0].dtype == np.int32 for node in nodes[1:])
    scale = nodes[0].metadata["coordinateTransformations"][0][0]["scale"]
    assert scale == [1.0, 0.5, 0.25, 0.25]
    assert {axis.get("unit") for axis in nodes[0].metadata["axes"]} == {None, "micrometer"}
    import zarr

    Image.from_zarr(zarr.open_group(str(saved[0] / "images" / "field"), mode="r"))
    image = read_image(saved[0])
    assert image.meta["units"][1:] == ("um",) * 3


def test_save_run_keeps_one_frame(toy, tmp_path):
    simulation = toy()
    simulation.step()
    save_run(tmp_path / "one.zarr", simulation)
    run = load_run(tmp_path / "one.zarr")
    assert run.steps == [1]
    assert run.record.reason == "A single frame was saved."  # it was not interrupted
    np.testing.assert_array_equal(run.simulation().frame()["field"], simulation.frame()["field"])


def test_existing_folder_is_left_alone(saved, toy):
    before = (saved[0] / "run.json").read_bytes()
    with pytest.raises(InputError, match="already exists"):
        RunWriter(saved[0], toy())
    assert (saved[0] / "run.json").read_bytes() == before


def test_missing_parent_and_read_only_parent(toy, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="does not exist"):
        RunWriter(tmp_path / "no" / "run.zarr", toy())
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="read-only"):
        RunWriter(tmp_path / "run.zarr", toy())


def test_nothing_is_left_without_a_frame(toy, tmp_path):
    RunWriter(tmp_path / "run.zarr", toy()).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writes_before", [0, 5])
def test_full_disk_is_one_sentence_and_keeps_complete_frames(toy, tmp_path, monkeypatch, writes_before):
    simulation = toy()
    writer = RunWriter(tmp_path / "run.zarr", simulation)
    frames = simulation.run(writes_before + 1, every=1)
    for _ in range(writes_before):
        writer.write(next(frames))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shapelab.io.writer.write_checkpoint", full)
        with pytest.raises(InputError, match="No space left on device"):
            writer.write(next(frames))
    if writes_before:
        assert load_run(tmp_path / "run.zarr").steps == [1, 2, 3, 4, 5]
        assert load_run(tmp_path / "run.zarr").simulation().step_number == 5
    else:
        assert list(tmp_path.iterdir()) == []


def _edit_record(path, **changes):
    record = json.loads((path / "run.json").read_text())
    record.update(changes)
    (path / "run.json").write_text(json.dumps(record))


def _layers(folder, **changes):
    record = json.loads((folder / "run.json").read_text())
    record["layers"][0].update(changes)
    return record["layers"]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda p: (p / "run.json").unlink(), "not a run folder"),
        (lambda p: (p / "run.json").write_text("{"), "damaged"),
        (lambda p: (p / "run.json").write_text("[]"), "damaged"),
        (lambda p: _edit_record(p, steps="many"), "damaged"),
        (lambda p: _edit_record(p, steps=[], times=[]), "no complete frame"),
        (lambda p: _edit_record(p, steps=[1, 2, 3, 4], times=[0, 0, 0, 0]), "the record lists 4 frames"),
        (lambda p: _edit_record(p, surprise=1), "damaged"),
        (lambda p: _edit_record(p, layers=_layers(p, path="../../etc")), "damaged"),
        (lambda p: _edit_record(p, layers=_layers(p, kind="surface")), "damaged"),
        (lambda p: _edit_record(p, layers=_layers(p, meta={"scale": [1, 0, 1]})), "has the scale"),
        (lambda p: _edit_record(p, layers=_layers(p, kind="labels")), "not whole numbers"),
        (lambda p: shutil.rmtree(p / "images"), "missing or damaged"),
        (lambda p: (p / "images/field/0/zarr.json").write_text("{}"), "missing or damaged"),
    ],
)
def test_damaged_record_is_refused(saved, damage, sentence):
    damage(saved[0])
    with pytest.raises(InputError, match=sentence):
        load_run(saved[0])


def test_huge_shape_is_refused(saved):
    file = saved[0] / "images" / "field" / "0" / "zarr.json"
    meta = json.loads(file.read_text())
    meta["shape"] = [3, 2**20, 2**20, 2**20]
    file.write_text(json.dumps(meta))
    with pytest.raises(InputError, match="claims the shape"):
        load_run(saved[0])


def test_link_out_of_the_folder_is_refused(saved, tmp_path):
    target = tmp_path / "elsewhere"
    (saved[0] / "images" / "field").rename(target)
    (saved[0] / "images" / "field").symlink_to(target)
    with pytest.raises(InputError, match="outside of the folder"):
        load_run(saved[0])


def test_cut_table_is_refused(saved):
    file = saved[0] / "scalars.csv"
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(InputError, match="it was cut"):
        _ = load_run(saved[0]).scalars


def _rewrite(file, compression=zipfile.ZIP_STORED, **changes):
    with np.load(file) as content:
        arrays = dict(content) | changes
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w") as stream:
                np.save(stream, array, allow_pickle=True)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda f: f.write_bytes(f.read_bytes()[:-100]), "missing or damaged"),
        (lambda f: f.unlink(), "missing or damaged"),
        (lambda f: _rewrite(f, u=np.array([{"a": 1}], dtype=object)), "damaged"),
        (lambda f: _rewrite(f, u=np.zeros((40, 5, 6), np.float32)), "has shape"),
        (lambda f: _rewrite(f, u=np.zeros((4, 5, 6))), "dtype float64"),
        (lambda f: _rewrite(f, **{"state.json": np.frombuffer(b"{}", np.uint8)}), "damaged"),
        (lambda f: _rewrite(f, compression=zipfile.ZIP_DEFLATED), "compressed"),
    ],
)
def test_damaged_checkpoint_is_refused(saved, damage, sentence):
    damage(saved[0] / "checkpoints" / "00000010.npz")
    run = load_run(saved[0])
    with pytest.raises(InputError, match=sentence):
        run.simulation()


def test_append_refuses_what_does_not_continue(saved, toy):
    with pytest.raises(InputError, match="ends at step 10"):
        RunWriter(saved[0], toy(), append=True)
    with pytest.raises(InputError, match="no checkpoint of step 4"):
        load_run(saved[0]).simulation(step=4)


def test_scalars_that_come_later_are_kept_and_survive_a_kill_at_any_time(toy, tmp_path, monkeypatch):
    """A scalar that the first frame lacks gets a column; a copy of the folder at any moment opens and goes on."""
    from dataclasses import replace

    import shapelab.io.run_tables as tables
    import shapelab.io.writer as writing

    copies = []

    def copying(patch, module, name):
        original = getattr(module, name)

        def call(*arguments):
            result = original(*arguments)
            if (tmp_path / "run.zarr").exists():
                copies.append(tmp_path / f"copy-{len(copies)}.zarr")
                shutil.copytree(tmp_path / "run.zarr", copies[-1])
            return result

        patch.setattr(module, name, call)

    simulation = toy(seed=2)
    with monkeypatch.context() as patch, RunWriter(tmp_path / "run.zarr", simulation) as writer:
        for module, name in (
            (tables, "widened_copy"),
            (tables, "append_rows"),
            (writing, "write_checkpoint"),
            (writing, "write_record"),
        ):
            copying(patch, module, name)
        for frame in simulation.run(4, every=1):
            late = {"late": 0.1 + frame.step} if frame.step > 2 else {}
            writer.write(replace(frame, scalars={**frame.scalars, **late}))
    table = load_run(tmp_path / "run.zarr").scalars
    assert table["step"].tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(table["late"], [np.nan, np.nan, 3.1, 4.1])
    assert not (tmp_path / "run.zarr" / "scalars-wider.csv").exists()
    assert len(copies) > 10
    for copy in copies:
        found = load_run(copy).scalars
        assert found["step"].tolist() == load_run(copy).steps
        np.testing.assert_array_equal(found["energy"], table["energy"][: len(found)])
        np.testing.assert_array_equal(found.get("late", [np.nan] * len(found)), table["late"][: len(found)])


def test_a_run_that_was_opened_while_it_was_written_stays_readable(toy, tmp_path, monkeypatch):
    from dataclasses import replace

    from shapelab.io import run_tables
    from shapelab.io import writer as writing

    path, opened = tmp_path / "run.zarr", []

    def read_all():
        if path.exists():
            opened.append(load_run(path))
        for run in opened:
            table = run.scalars
            assert table["step"].tolist() == run.steps
            assert run.frame(0).scalars["energy"] == table["energy"][0]

    def reading(patch, module, name):
        original = getattr(module, name)

        def call(*arguments):
            result = original(*arguments)
            read_all()
            return result

        patch.setattr(module, name, call)

    simulation = toy(seed=2)
    with monkeypatch.context() as patch, RunWriter(path, simulation) as writer:
        for module, name in ((run_tables, "append_rows"), (writing, "settle"), (writing, "write_record"), (writing, "settle_scalars")):
            reading(patch, module, name)
        for frame in simulation.run(4, every=1):
            late = {f"late {frame.step}": 0.1} if frame.step % 2 == 0 else {}  # further scalars: the table is replaced
            writer.write(replace(frame, scalars={**frame.scalars, **late}))
    read_all()
    assert {len(run) for run in opened} == {1, 2, 3, 4}


def test_a_kill_between_record_and_rename_is_no_harm(toy, tmp_path, monkeypatch):
    from dataclasses import replace

    simulation = toy(seed=2)
    path = tmp_path / "run.zarr"
    with monkeypatch.context() as patch:
        patch.setattr("shapelab.io.writer.settle_scalars", lambda *_: None)
        writer = RunWriter(path, simulation)
        for frame in simulation.run(2, every=1):
            writer.write(replace(frame, scalars={**frame.scalars, **({"late": 7.0} if frame.step == 2 else {})}))
    del writer  # as its process ends, so does its lock
    assert load_run(path).scalars["late"].iloc[-1] == 7.0
    (path / "scalars-wider.csv").replace(path / "scalars.csv")
    assert load_run(path).scalars["late"].iloc[-1] == 7.0
    resumed = load_run(path).simulation()
    with RunWriter(path, resumed, append=True) as writer:
        for frame in resumed.run(1, every=1):
            writer.write(frame)
    table = load_run(path).scalars
    np.testing.assert_array_equal(table["late"], [np.nan, 7.0, np.nan])
