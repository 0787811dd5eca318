"""Sweeps on a real local Dask cluster: grids, failures, resuming, and a worker that is killed in the middle."""

from __future__ import annotations

import concurrent.futures
import contextlib
import csv
import importlib
import os
import shutil
import signal
import threading
import warnings
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import dask
import pandas as pd
import pytest

from shapelab.batch import SweepSpec, counts, load_sweep, read_spec, sweep
from shapelab.batch.cluster import Workers, _warn_if_open
from shapelab.batch.member import JOURNAL, MEMBERS, _note, run_member
from shapelab.cli import main
from shapelab.errors import InputError, ParameterError
from shapelab.io import load_run

distributed = pytest.importorskip("distributed")

TINY = {"family": "curvatubes", "preset": "tubes", "steps": 4, "parameters": {"shape": [12, 12, 12]}}


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit="2GB", dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster


def events(folder):
    """How often each member was begun, and how often it ended."""
    with (folder / JOURNAL).open(newline="") as file:
        rows = list(csv.reader(file))
    return Counter(row[3] for row in rows if row[4] == "begun"), Counter(row[3] for row in rows if row[4] != "begun")


def test_a_killed_worker_loses_nothing_and_nothing_is_done_twice(cluster, tmp_path):
    spec = SweepSpec.make(**{**TINY, "steps": 30}, grid={"mass": [-0.6, -0.5, -0.4]}, seeds=[1, 2, 3, 4])
    folder = tmp_path / "sweep"
    killed = []

    def kill_one(outcome, done, total):
        if done == 4:
            victim = next(iter(cluster.workers.values()))
            os.kill(victim.process.pid, signal.SIGKILL)
            killed.append(victim.process.pid)

    table = sweep(spec, folder, scheduler=cluster.scheduler_address, report=kill_one)
    assert killed
    assert list(table["name"]) == [f"m{i:04d}" for i in range(12)]
    assert set(table["status"]) == {"done"}
    begun, ended = events(folder)
    assert ended == Counter(table["name"])
    assert sum(begun.values()) <= 13, "only the member that the killed worker had in hand may begin again"
    assert not list((folder / MEMBERS).glob(".*")), "no part of an interrupted member stays"
    uninterrupted = spec.simulation(spec.all_members()[7])
    *_, last = uninterrupted.run(30, every=30)
    assert (load_run(folder / MEMBERS / "m0007" / "run.zarr").frame()["field"] == last["field"]).all()


def test_resuming_skips_what_is_done_and_takes_up_the_rest(cluster, tmp_path):
    spec = SweepSpec.make(**TINY, grid={"mass": [-0.6, -0.5]}, seeds=[1, 2])
    folder = tmp_path / "sweep"

    def interrupt(outcome, done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(spec, folder, scheduler=cluster.scheduler_address, report=interrupt)
    finished = events(folder)[1]
    assert len(pd.read_csv(folder / "table.csv")) >= 2
    part = folder / MEMBERS / ".m0000.1234.partial"  # a worker that outlived its sweep still writes there
    part.mkdir()
    kept = []
    table = sweep(spec, folder, scheduler=cluster.scheduler_address, report=lambda *_: kept.append(part.exists()))
    assert kept
    assert all(kept)
    assert not part.exists()
    assert len(table) == 4
    assert events(folder)[1] == Counter(table["name"])
    assert finished <= events(folder)[1]
    assert load_sweep(folder)[0] == spec
    other = SweepSpec.make(**TINY, grid={"mass": [-0.3]})
    with pytest.raises(InputError, match="another sweep"):
        sweep(other, folder, scheduler=cluster.scheduler_address)


def test_members_that_fail_or_are_not_viable_are_recorded_with_their_reason(cluster, tmp_path):
    members = [
        {"mass": -0.5},
        {"mass": 7.0},
        {"mass": -0.5, "seed": 2},
        {"a20": 0.0, "a02": 0.0, "a11": 0.0, "b10": 0.0, "b01": 0.0, "c": 0.0},
    ]
    spec = SweepSpec.make(**TINY, members=members, viable={"volume_fraction": (0.0, 0.9), "k1_spread": (0.0, 1e9)})
    table = sweep(spec, tmp_path / "sweep", scheduler=cluster.scheduler_address).set_index("name")
    assert table.loc["m0001", "status"] == "failed"
    assert "mass = 7.0" in table.loc["m0001", "reason"]
    assert table.loc[["m0000", "m0002"], "status"].tolist() == ["done", "done"]
    assert table.loc["m0000", "volume_fraction"] > 0
    strict = SweepSpec.make(**TINY, viable={"discrepancy": (0.0, 1e-9)}, check_at=[2])
    (row,) = sweep(strict, tmp_path / "strict", scheduler=cluster.scheduler_address).to_dict("records")
    assert (row["status"], row["steps"]) == ("not viable", 2)
    assert "discrepancy" in row["reason"]


def test_a_member_is_never_done_twice_even_if_asked_for_twice(tmp_path):
    spec = SweepSpec.make(**TINY)
    (tmp_path / MEMBERS).mkdir()
    (member,) = spec.all_members()
    first = run_member(str(tmp_path), spec, member)
    assert run_member(str(tmp_path), spec, member) == first
    assert events(tmp_path) == (Counter(m0000=1), Counter(m0000=1))


def test_cells_and_the_command_line(tmp_path, capsys):
    file = tmp_path / "cells.toml"
    file.write_text(
        'family = "cells"\npreset = "relaxation"\nsteps = 2\n'
        "[parameters]\nshape = [48, 48]\nn_cells = 6\n[random]\ncount = 2\nseed = 3\n[random.ranges]\nfilling = [0.4, 0.6]\n"
    )
    assert main(["sweep", str(file), "--workers", "1"]) == 0
    assert "2 done" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "cells" / "table.csv")
    assert table["filling"].between(0.4, 0.6).all()
    assert table["filling"].nunique() == 2
    assert main(["sweep", str(file), "--workers", "0"]) == 2


def test_a_sweep_with_a_failed_member_exits_with_1_unless_that_is_accepted(tmp_path, capsys):
    file = tmp_path / "sweep.toml"
    file.write_text(
        'family = "cells"\npreset = "relaxation"\nsteps = 1\n[parameters]\nshape = [48, 48]\nn_cells = 6\n'
        "[[members]]\nfilling = 0.5\n[[members]]\nfilling = 7.0\n"
    )
    assert main(["sweep", str(file), "--workers", "1"]) == 1
    text = capsys.readouterr()
    assert "1 done, 1 failed" in text.out
    assert "--allow-failed" in text.err
    assert main(["sweep", str(file), "--workers", "1", "--allow-failed"]) == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grid": {"mas": [1]}}, "no parameter 'mas'"),
        ({"grid": {"mass": []}}, "no values for mass"),
        ({"grid": {"mass": [0]}, "members": [{}]}, "one of grid"),
        ({"random": {"count": 2, "ranges": {"mass": [1, 0]}}}, "range of mass"),
        ({"steps": 0}, "steps"),
        ({"step": 5}, "step"),
        ({"grid": {"mass": [0.1] * 400}, "seeds": list(range(400))}, "160000 members"),
    ],
)
def test_wrong_specs_are_refused_in_a_sentence(changes, words):
    with pytest.raises(ParameterError, match=words):
        SweepSpec.make(**{**TINY, **changes})


def test_random_draws_repeat_and_the_atlas_tests_viability(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('family = "curvatubes"\n[random]\ncount = 3\nranges = "atlas"\n')
    spec, again = read_spec(file), read_spec(file)
    assert [m.parameters for m in spec.all_members()] == [m.parameters for m in again.all_members()]
    assert [m.parameters["seed"] for m in spec.all_members()] == [1, 2, 3]
    assert all(-0.75 <= m.parameters["mass"] <= -0.15 for m in spec.all_members())
    assert set(spec.viable) == {"discrepancy", "highest", "lowest"}
    assert spec.simulation(spec.all_members()[0]).parameters.a20 == 1.0


def test_a_scheduler_that_does_not_answer_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("shapelab.batch.cluster._SECONDS", 1)
    with pytest.raises(InputError, match="No Dask scheduler answers"):
        sweep(SweepSpec.make(**TINY), tmp_path / "s", scheduler="tcp://127.0.0.1:9")


def test_a_sweep_whose_workers_are_all_lost_ends_in_a_sentence(tmp_path, monkeypatch):
    module = importlib.import_module("shapelab.batch.sweep")
    monkeypatch.setattr(module, "_PATIENCE", -1.0)
    monkeypatch.setattr("shapelab.batch.cluster.Workers.slots", lambda self: 0)

    @contextlib.contextmanager
    def nobody(*_, **__):
        yield Workers(SimpleNamespace(scheduler_info=lambda **_: {"workers": {}}))

    monkeypatch.setattr(module, "workers", nobody)
    with pytest.raises(InputError, match="All workers have been lost"):
        sweep(SweepSpec.make(**TINY), tmp_path / "s")
    assert len(pd.read_csv(tmp_path / "s" / "table.csv")) == 0


def test_two_sweeps_of_one_name_on_one_scheduler_come_out_whole(cluster, tmp_path):
    """Dask gives equal keys one result: keys must tell sweeps apart by what they are."""
    specs = {which: SweepSpec.make(**TINY, grid={"mass": masses}) for which, masses in (("one", [-0.6, -0.5, -0.4]), ("two", [-0.3, -0.2]))}
    specs["three"] = specs["two"]  # the same plan too, in another folder
    found = {}

    def run(which):
        found[which] = sweep(specs[which], tmp_path / which / "sweep", scheduler=cluster.scheduler_address)

    for which in specs:
        (tmp_path / which).mkdir()
    threads = [threading.Thread(target=run, args=(which,)) for which in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for which, spec in specs.items():
        assert found[which]["mass"].tolist() == [member.parameters["mass"] for member in spec.all_members()]
        assert counts(found[which]) == {"done": len(found[which]), "not viable": 0, "failed": 0}
        _, outcomes = load_sweep(tmp_path / which / "sweep")
        assert len(outcomes) == len(spec.all_members())
    assert dask.config.get("scheduler", None) is None  # arrays that others compute are not the sweeps


def test_a_sweep_that_is_under_way_is_not_begun_again(cluster, tmp_path):
    spec = SweepSpec.make(**TINY, grid={"mass": [-0.6, -0.5]})
    refused = []

    def again(outcome, done, total):
        with pytest.raises(InputError, match=r"The sweep .* is being written by this program") as caught:
            sweep(spec, tmp_path / "sweep", scheduler=cluster.scheduler_address)
        refused.append(caught)

    assert len(sweep(spec, tmp_path / "sweep", scheduler=cluster.scheduler_address, report=again)) == 2
    assert len(refused) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["sweep"]  # no lock is left


def test_a_sweep_folder_that_is_removed_is_said(cluster, tmp_path):
    spec = SweepSpec.make(**TINY, grid={"mass": [-0.6, -0.5, -0.4, -0.3]})

    def remove(outcome, done, total):
        shutil.rmtree(tmp_path / "sweep", ignore_errors=True)

    with pytest.raises(InputError, match=r"removed, moved or unmounted while the sweep was running|cannot be written"):
        sweep(spec, tmp_path / "sweep", scheduler=cluster.scheduler_address, report=remove)


def test_a_local_cluster_listens_on_this_machine_only(tmp_path):
    psutil = pytest.importorskip("psutil")
    heard = set()

    def listening():
        me = psutil.Process()
        return {
            item.laddr
            for process in (me, *me.children(recursive=True))
            for item in process.net_connections()
            if item.status == psutil.CONN_LISTEN
        }

    before = listening()  # the cluster of the other tests
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        spec = SweepSpec.make(**TINY, grid={"mass": [-0.5]})
        sweep(spec, tmp_path / "sweep", processes=1, report=lambda *_: heard.update(listening() - before))
    assert heard
    assert {place.ip for place in heard} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("address", "open_to_others"),
    [
        ("tcp://10.0.0.5:8786", True),
        ("10.0.0.5:8786", True),
        ("tcp://cluster.example:8786", True),
        ("tcp://[2001:db8::1]:8786", True),
        ("tls://10.0.0.5:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
    ],
)
def test_a_scheduler_that_is_open_to_others_is_warned_of(address, open_to_others):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _warn_if_open(address)
    assert [str(item.message).startswith(f"The scheduler {address} is not encrypted") for item in said] == [True] * open_to_others


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * 5000 + "]" * 5000, "not valid"),
        ('family = "curvatubes"\nsteps = ' + "9" * 5000, "not valid"),
        ('family = "curvatubes"\nsteps = ' + "9" * 30, "at steps"),
        ('family = "curvatubes"\ncls = 1', "at cls"),
        ('family = "curvatubes"\nself = 1', "at self"),
        ('family = "no such family"', "no such family"),
        ('family = "curvatubes"\n[random]\ncount = 3\nranges = 7', "at random"),
        ('family = "curvatubes"\n[random]\ncount = 3\nranges = {mass = [inf, nan]}', "the range of mass"),
        ('family = "curvatubes"\n[grid]\nmass = []', "no values for mass"),
        ('family = "curvatubes"\nparameters = 3', "at parameters"),
        ('family = "curvatubes"\nparameters = {family = 3}', "no parameter 'family'"),
        ('family = "curvatubes"\nrandom = {count = 2, ranges = "atlas"}\nparameters = 3', "at parameters"),
    ],
)
def test_strange_spec_files_are_a_sentence(tmp_path, text, words):
    (tmp_path / "spec.toml").write_text(text)
    with pytest.raises((InputError, ParameterError), match=words):
        read_spec(tmp_path / "spec.toml")


def test_a_long_run_makes_no_list_of_its_steps():
    from itertools import islice

    from shapelab.batch.member import _frames

    spec = SweepSpec.make(**{**TINY, "steps": 10**9, "every": 2, "parameters": {"shape": [8, 8, 8], "max_steps": 10**6}}, check_at=[3])
    frames = islice(_frames(spec.simulation(spec.all_members()[0]), spec), 3)
    assert [frame.step for frame in frames] == [2, 3, 4]


def test_a_sweep_that_a_windows_editor_saved_is_read(tmp_path):
    (tmp_path / "spec.toml").write_text('family = "curvatubes"\npreset = "tubes"\nsteps = 3\n[grid]\nmass = [-0.4]\n', encoding="utf-8-sig")
    assert read_spec(tmp_path / "spec.toml").steps == 3


@pytest.mark.parametrize(("begun", "status"), [(2, "done"), (4, "failed")])
def test_a_member_is_to_blame_for_workers_that_were_lost_while_they_ran_it_only(begun, status, tmp_path, monkeypatch):
    """Dask gives work up after four losses, also of workers that had it in their queue or were still starting."""
    from distributed.scheduler import KilledWorker

    submitted = []

    class Client:
        def submit(self, function, folder, spec, member, *, pure, key):
            future = concurrent.futures.Future()
            submitted.append(key)
            if len(submitted) == 1:
                for _ in range(begun):
                    _note(Path(folder), member.name, "begun")
                future.set_exception(KilledWorker(key, None, 3))
            else:
                future.set_result(function(folder, spec, member))
            return future

        def scheduler_info(self, n_workers):
            return {"workers": {"one": {"nthreads": 1, "memory_limit": 0}}}

    monkeypatch.setattr(
        importlib.import_module("shapelab.batch.sweep"), "workers", lambda *_, **__: contextlib.nullcontext(Workers(Client()))
    )
    table = sweep(SweepSpec.make(**TINY, grid={"mass": [-0.4]}), tmp_path / "sweep")
    assert list(table["status"]) == [status]
    assert len(set(submitted)) == len(submitted) == (2 if status == "done" else 1)
