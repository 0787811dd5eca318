"""Two programs that write one folder: one of them does, the other is told who holds it, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from filelock import Timeout

from shapelab.errors import InputError
from shapelab.io import RunWriter, load_run
from shapelab.io.lock import FolderLock


def record(path, simulation, steps, **options):
    with RunWriter(path, simulation, **options) as writer:
        for frame in simulation.run(steps, every=1):
            writer.write(frame)


HOLD = """
import sys
from shapelab.io.lock import FolderLock
lock = FolderLock(__import__("pathlib").Path(sys.argv[1]), "run")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that writes ``run.zarr``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run.zarr")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_that_writes_is_named_and_a_kill_leaves_no_dead_lock(toy, tmp_path, holder):
    with pytest.raises(InputError, match=rf"is being written by process {holder.pid} on .* \(since 20"):
        RunWriter(tmp_path / "run.zarr", toy())
    assert not (tmp_path / "run.zarr").exists()
    holder.kill()
    holder.wait()
    assert (tmp_path / ".run.zarr.lock").exists()  # the file is left, the lock is not
    record(tmp_path / "run.zarr", toy(), 2)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]


def test_the_second_resume_is_refused_and_the_first_loses_nothing(toy, tmp_path):
    path = tmp_path / "run.zarr"
    record(path, toy(seed=1), 3)
    one, two = load_run(path).simulation(), load_run(path).simulation()
    with RunWriter(path, one, append=True) as writer:
        for frame in one.run(2, every=1):
            writer.write(frame)
            with pytest.raises(InputError, match="is being written by this program"):
                RunWriter(path, two, append=True)
    with pytest.raises(InputError, match="ends at step 5 and the simulation is at step 3"):
        RunWriter(path, two, append=True)
    record(tmp_path / "whole.zarr", toy(seed=1), 5)
    run, whole = load_run(path), load_run(tmp_path / "whole.zarr")
    assert run.steps == whole.steps
    for index in range(5):
        np.testing.assert_array_equal(run.frame(index)["field"], whole.frame(index)["field"])


def test_the_second_new_run_is_refused_before_it_computes(toy, tmp_path):
    with RunWriter(tmp_path / "run.zarr", toy()), pytest.raises(InputError, match="written by this program"):
        RunWriter(tmp_path / "run.zarr", toy())
    record(tmp_path / "run.zarr", toy(), 1)


def test_where_nothing_can_be_locked_the_loser_of_a_race_keeps_its_run(toy, tmp_path, monkeypatch):
    def unable(*_, **__):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("filelock.FileLock.acquire", unable)
    simulation = toy(seed=4)
    simulation.step()
    loser = RunWriter(tmp_path / "run.zarr", simulation)
    record(tmp_path / "run.zarr", toy(seed=5), 2)
    with loser, pytest.raises(InputError, match=r"made by someone else meanwhile: this run is saved as 'run-2\.zarr'"):
        loser.write(simulation.frame())
    np.testing.assert_array_equal(load_run(tmp_path / "run-2.zarr").frame()["field"], simulation.frame()["field"])
    assert load_run(tmp_path / "run.zarr").steps == [1, 2]


def test_where_nothing_can_be_locked_a_second_writer_is_noticed(toy, tmp_path, monkeypatch):
    def unable(*_, **__):
        raise OSError(38, "Function not implemented")

    path = tmp_path / "run.zarr"
    record(path, toy(seed=1), 3)
    monkeypatch.setattr("filelock.FileLock.acquire", unable)
    one, two = load_run(path).simulation(), load_run(path).simulation()
    late = RunWriter(path, one, append=True)
    record(path, two, 2, append=True)
    one.step()
    with pytest.raises(InputError, match="changed by another program"):
        late.write(one.frame())
    late.close()
    assert load_run(path).steps == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("how", ["removed", "moved", "emptied", "record"])
def test_a_folder_that_is_taken_away_is_said_once_and_nothing_is_claimed(toy, tmp_path, how):
    path, simulation = tmp_path / "run.zarr", toy()
    writer = RunWriter(path, simulation)
    frames = simulation.run(5, every=1)
    writer.write(next(frames))
    if how == "moved":
        path.rename(tmp_path / "elsewhere.zarr")
    elif how == "record":
        (path / "run.json").unlink()
    else:
        shutil.rmtree(path)
    if how == "emptied":
        path.mkdir()
    with pytest.raises(InputError, match="removed, moved or unmounted while the run was being saved: nothing more is saved") as caught:
        writer.write(next(frames))
    assert "complete" not in str(caught.value)
    writer.close()  # said already
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == ({"elsewhere.zarr"} if how == "moved" else set())  # no stub, no lock
    if how == "moved":
        assert load_run(tmp_path / "elsewhere.zarr").steps == [1]


def test_a_folder_that_is_taken_away_within_a_frame(toy, tmp_path, monkeypatch):
    """Also between the arrays and the record, where Zarr makes folders anew."""
    path, simulation = tmp_path / "run.zarr", toy()
    writer = RunWriter(path, simulation)
    frames = simulation.run(5, every=1)
    writer.write(next(frames))
    (tmp_path / "mine").mkdir()

    def removing(*arguments):
        shutil.rmtree(path)
        (path / "images").mkdir(parents=True)
        return original(*arguments)

    import shapelab.io.writer as module

    original = module.append_scalars
    monkeypatch.setattr(module, "append_scalars", removing)
    with pytest.raises(InputError, match="removed, moved or unmounted"):
        writer.write(next(frames))
    writer.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


def test_where_no_file_can_be_made_there_is_no_lock_and_no_word_of_another_program(tmp_path, monkeypatch):
    for folder in (tmp_path / "missing" / "run.zarr", tmp_path / "file" / "run.zarr"):
        (tmp_path / "file").touch()
        FolderLock(folder, "run").release()
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]

    def waiting(self, **_):  # as on Windows, where the folder takes no new file
        raise Timeout("no such file")

    monkeypatch.setattr("shapelab.io.lock.FileLock.acquire", waiting)
    FolderLock(tmp_path / "run.zarr", "run").release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_hold_the_lock_of_its_parent(tmp_path):
    """A data loader that outlives a killed parent must not keep the folder; nor may its end let go for the parent."""
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        lock = FolderLock(tmp_path / "run.zarr", "run")
        child = os.fork()
        if child == 0:
            signal.pause()
        done = os.fork()
        if done == 0:
            lock.release()
            os._exit(0)
        os.waitpid(done, 0)
        os.write(writer, str(child).encode())
        signal.pause()
    child = int(os.read(reader, 20))
    with pytest.raises(InputError, match=f"process {parent}"):
        FolderLock(tmp_path / "run.zarr", "run")
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    FolderLock(tmp_path / "run.zarr", "run").release()
    os.kill(child, signal.SIGKILL)


def test_resume_keeps_the_checkpoints_of_a_run_that_kept_all(toy, tmp_path):
    path = tmp_path / "run.zarr"
    record(path, toy(), 3, keep="all")
    for _ in range(2):
        record(path, load_run(path).simulation(), 2, keep="last", append=True)
    run = load_run(path)
    assert run.record.checkpoints == [1, 2, 3, 5, 7]
    assert run.record.keep == "all"
    for step in run.record.checkpoints:
        assert run.simulation(step).step_number == step


def test_resume_keeps_on_as_before(toy, tmp_path):
    record(tmp_path / "last.zarr", toy(), 3)
    record(tmp_path / "last.zarr", load_run(tmp_path / "last.zarr").simulation(), 2, append=True)
    assert load_run(tmp_path / "last.zarr").record.checkpoints == [5]
    assert [file.name for file in (tmp_path / "last.zarr" / "checkpoints").iterdir()] == ["00000005.npz"]
    record(tmp_path / "all.zarr", toy(), 2, keep="all")
    record(tmp_path / "all.zarr", load_run(tmp_path / "all.zarr").simulation(), 2, append=True)
    assert load_run(tmp_path / "all.zarr").record.checkpoints == [1, 2, 3, 4]
