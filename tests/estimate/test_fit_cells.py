"""Models fitted to movies of their own: parameters come back, fits resume, and what is wrong is told."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

import shapelab as sl
from shapelab.errors import InputError, ParameterError, Stopped
from shapelab.estimate import Estimate, FitOptions, fit_cells
from shapelab.estimate.posterior_plot import Posterior
from shapelab.estimate.statistics import summary_statistics
from shapelab.movies import as_movie
from shapelab.stopping import stoppable

RANGES = {"speed": (0.05, 1.0)}
QUICK = {"simulations": 24, "rounds": 2}


@pytest.fixture(scope="module")
def movie():
    """Six cells with a speed of 0.3."""
    sim = sl.Cells("active_liquid", shape=(32, 32), n_cells=6, filling=0.8, p=2.0, speed=0.3, seed=5)
    sim.prepare()
    frames = [sim.frame(), *sim.run(steps=24, every=3)]
    return as_movie(frames, periodic=True)


@pytest.fixture(scope="module")
def fit(movie):
    return fit_cells(movie, "active_liquid", RANGES, fixed={"p": 2.0}, **QUICK)


def test_the_speed_of_a_movie_comes_back(fit):
    one = fit.estimates["speed"]
    assert 0.05 < one.low < one.value < one.high < 1.0
    assert one.value == pytest.approx(0.3, rel=0.5)  # of six cells, by few runs
    assert one.high - one.low < 0.6
    assert fit.best == {"speed": one.value}
    assert "90 % intervals" in str(fit)


def test_samples_and_the_picture(fit, tmp_path):
    samples = fit.samples()
    assert samples["weight"].sum() == pytest.approx(1)
    assert samples["speed"].between(0.05, 1.0).all()
    files = [path.name for path in fit.save(tmp_path)]
    assert files[:2] == ["posterior.csv", "estimates.csv"]
    assert len(pd.read_csv(tmp_path / "posterior.csv")) == len(samples)
    pytest.importorskip("matplotlib")
    assert fit.plot(tmp_path / "a.png").stat().st_size > 5000
    where, heights = fit.posterior().density(0)
    assert np.trapezoid(heights, where) == pytest.approx(1, abs=0.2)


def test_pictures_show_a_narrow_posterior_and_say_the_range():
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(1.0, 0.01, 200), rng.uniform(0, 10, 200)])
    found = (Estimate("speed", 1.0, 0.98, 1.02), Estimate("p", 5.0, 0.5, 9.5))
    one = Posterior(("speed", "p"), np.zeros(2), np.full(2, 10.0), values, values, np.full(200, 1 / 200), found)
    assert one.window(0) == pytest.approx((0.88, 1.12))
    assert one.window(1) == (0, 10)
    assert one.looked_in(0) == "range 0 to 10"
    where, heights = one.density(0)
    assert np.sum(heights > 0.5 * heights.max()) > 10  # no spike
    assert np.trapezoid(heights, where) == pytest.approx(1, abs=0.02)


def test_a_run_begins_where_the_target_does(fit, movie):
    sim = fit.start()
    assert sim.parameters.speed == pytest.approx(fit.best["speed"])
    sim.prepare()
    assert np.mean(np.asarray(sim.frame()["cells"]) != movie[0]) < 0.15


def test_the_same_seed_gives_the_same_fit_and_a_stopped_one_resumes(movie, fit, tmp_path):
    stop = threading.Event()

    def soon(done: int, count: int) -> None:
        assert count == 24
        if done == 18:
            stop.set()

    with pytest.raises(Stopped), stoppable(stop):
        fit_cells(movie, "active_liquid", RANGES, fixed={"p": 2.0}, folder=tmp_path / "fit", progress=soon, **QUICK)
    lines = (tmp_path / "fit" / "runs.jsonl").read_text().splitlines()
    assert len(lines) == 18
    (tmp_path / "fit" / "runs.jsonl").write_text("\n".join([*lines, '{"run": 19, "rou']))  # as a kill would leave it
    told = []
    resumed = fit_cells(
        movie, "active_liquid", RANGES, fixed={"p": 2.0}, folder=tmp_path / "fit", progress=lambda done, n: told.append(done), **QUICK
    )
    assert told[0] == 19
    assert resumed.best == pytest.approx(fit.best)
    with pytest.raises(InputError, match="another fit"):
        fit_cells(movie, "active_liquid", {"speed": (0.1, 1)}, folder=tmp_path / "fit", **QUICK)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds no fit"):
        fit_cells(movie, "active_liquid", RANGES, folder=tmp_path / "mine", **QUICK)


@pytest.fixture
def scheduler(monkeypatch):
    """Two workers of Dask in this process."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("shapelab.estimate.runners.use_one_thread", lambda: None)  # this process keeps its threads
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, worker_dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def test_a_scheduler_gives_the_same_fit_to_the_last_bit(movie, fit, scheduler, tmp_path):
    """Runs come back in any order, and in two rounds."""
    apart = fit_cells(movie, "active_liquid", RANGES, fixed={"p": 2.0}, scheduler=scheduler, folder=tmp_path / "fit", **QUICK)
    np.testing.assert_array_equal(apart.draws.statistics, fit.draws.statistics)
    np.testing.assert_array_equal(apart.samples().to_numpy(), fit.samples().to_numpy())


def test_lost_processes_are_told(movie, scheduler, monkeypatch):
    from distributed import Future

    monkeypatch.setattr(Future, "cancelled", lambda self: True)
    with pytest.raises(InputError, match="processes that made the runs were lost"):
        fit_cells(movie, "active_liquid", RANGES, fixed={"p": 2.0}, scheduler=scheduler, simulations=20, rounds=1)


def test_what_the_model_cannot_do_is_said(movie):
    """Hard balls do not look like these cells, whatever their speed."""
    flat = np.zeros((4, 40, 40), int)
    for i in range(4):
        flat[:, 4 + 9 * i : 7 + 9 * i, 2:38] = i + 1
    found = fit_cells(flat, "active_liquid", RANGES, interval=0.05, fixed={"p": 8.0}, simulations=20, rounds=1)
    assert "does not reproduce" in str(found)
    far = [name for name, away in found.misfits() if abs(away) > 4]
    assert any(name.startswith(("elongation", "circularity", "neighbours")) for name in far)


def test_a_single_image_is_compared_after_a_while():
    sim = sl.Cells("run_and_tumble", shape=(40, 40), n_cells=8, seed=2)
    for _ in range(5):
        sim.step()
    image = np.asarray(sim.frame()["cells"])
    found = fit_cells(image, "run_and_tumble", {"p": (0.5, 8)}, duration=0.2, simulations=20, rounds=1)
    assert 0.5 < found.best["p"] < 8
    with pytest.raises(InputError, match="duration is for a single image"):
        fit_cells([image, image], "run_and_tumble", {"p": (0.5, 8)}, duration=1.0)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({}, "name at least one"),
        ({"velocity": (0, 1)}, "no parameter 'velocity'"),
        ({"speed": (1, 0.5)}, "empty"),
        ({"speed": 0.5}, "lowest and its highest"),
        ({"speed": (-1, 1)}, "speed"),
        ({"n_cells": (1, 5)}, "cannot be fitted"),
    ],
)
def test_bad_ranges_are_refused(movie, ranges, words):
    with pytest.raises(ParameterError, match=words):
        fit_cells(movie, "active_liquid", ranges)


def test_unknown_scenarios_and_empty_targets_are_refused(movie):
    with pytest.raises(ParameterError, match="did you mean"):
        fit_cells(movie, "active_liquidd", RANGES)
    with pytest.raises(InputError, match="no cells"):
        fit_cells(np.zeros((4, 20, 20), int), "active_liquid", RANGES)


def test_statistics_know_motion_growth_and_mixing(movie):
    found = summary_statistics(movie)
    assert found["number"] == 0
    assert found["way_1"] < found["way_2"]
    slow = summary_statistics(as_movie([movie[0]] * 6))
    assert slow["way_1"] < -10
    halves = np.repeat(np.arange(1, 9).reshape(2, 4), 10, 0).repeat(10, 1)
    types = {label: int(label > 4) for label in range(1, 9)}
    assert summary_statistics(as_movie([halves]), types)["mixed_contacts"] == pytest.approx(4 / 10)


def test_options_share_all_runs_among_the_rounds():
    for runs, rounds in ((20, 1), (40, 2), (300, 4), (25, 50)):
        sizes = FitOptions(simulations=runs, rounds=rounds).sizes()
        assert sum(sizes) == runs
        assert min(sizes) > 0


def test_damaged_numbers_of_runs_are_made_again_and_no_kill_loses_the_others(tmp_path, monkeypatch):
    """The file is tidied when a fit is resumed: that is a new version of it, and not the file itself cut and written again."""
    from shapelab.estimate.draws_file import DRAWS, DrawsFile

    folder, plan = tmp_path / "fit", {"scenario": "x"}
    with DrawsFile(folder, plan) as file:
        for index in range(3):
            file.add(index, 0, {"speed": 1.0}, {"distance": float(index)}, "")
    whole = (folder / DRAWS).read_bytes().splitlines(keepends=True)
    deep = b'{"run": ' + b"[" * 100_000 + b"\n"
    (folder / DRAWS).write_bytes(whole[0] + b"\xff\xfe\n" + deep + b'{"run": 1e999, "statistics": {}}\n' + whole[2] + whole[1][:20])
    before = (folder / DRAWS).read_bytes()

    class Killed(BaseException):
        pass

    def killed(self, target):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(Killed), DrawsFile(folder, plan):
            pass
    assert (folder / DRAWS).read_bytes() == before
    with DrawsFile(folder, plan) as file:
        assert [index in file for index in range(3)] == [True, False, True]
    assert (folder / DRAWS).read_bytes() == whole[0] + whole[2]
