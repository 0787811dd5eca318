"""How well parameters of cells come back: movies of the package's own models with known parameters, 20 random seeds.

Usage: python benchmarks/fit_cells.py [--paths N] [--walks] [--motion] [--growth] [--tensions] [--fit FILE] [--seeds N]

--paths N   speed, persistence and diffusion of N times some walks without pixels: of few and more cells, cells that tumble, cells that move
            in groups, and with errors of positions of two thirds of a step
--walks     speed, persistence and rotational diffusion of discs that walk as the model of the estimate says: small and larger, with clean
            boundaries and with a quarter of their pixels given to what is beside them
--motion    the same of few cells that swim in a wide box (active_liquid); they push each other when they meet, so that their speed is
            compared with that of the run's own paths, step by step
--growth    the gain of cells that grow and divide (growing_tissue, a foam), directly
--tensions  the tensions of tissues at rest (as in benchmarks/tensions.py), directly
--fit FILE  exponent p, speed and turning of a crowded tissue (active_liquid): runs with parameters at random are saved in FILE (.npz, made
            or added to), and each of N of them is fitted by all the others, as a fit of one round would

For every parameter: the truth (or its range), mean and spread of the estimates, and how many of the 90 % intervals hold it. An honest
interval holds it in 18 of 20, give or take 2.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tension_truths import aggregate
from tensions import jittered

import shapelab as sl
from shapelab.estimate import Estimate, estimate_growth, estimate_motion
from shapelab.estimate.estimates import interval as interval_of
from shapelab.estimate.motion import walks_of
from shapelab.estimate.posterior import Draws, Prior, weighted_quantile
from shapelab.estimate.target import Target
from shapelab.infer import infer_tensions
from shapelab.movies import Movie, as_movie

ROW = "{:<34} {:>12} {:>10} {:>10} {:>10} {:>10}"
RANGES = [("p", 0.4, 8.0), ("speed", 0.05, 1.0), ("turning", 0.1, 3.0)]
Z = 1.645


def filmed(sim: sl.Simulation, first: float, interval: float, frames: int, periodic: bool, paths: list[np.ndarray] | None = None) -> Movie:
    """Run a simulation and return it at equal times from `first` on; `paths` gets the centres of its cells after each step."""
    sim.prepare()
    step = float(sim.look(sim.model.time_step))
    sim.update(dt=interval / int(np.ceil(interval / step)))  # a whole number of steps from frame to frame
    kept = []
    for number in range(frames):
        while sim.look(lambda state: state.time) < first + number * interval - 1e-9:
            sim.step()
            if paths is not None:
                paths.append(sim.look(lambda state: state.positions.copy()))
        kept.append(sim.frame())
    return as_movie([np.asarray(frame["cells"]) for frame in kept], interval=interval, time_unit="s", periodic=periodic)


def tell(name: str, truth: np.ndarray, found: list[Estimate]) -> None:
    """Print a row."""
    values, hits = np.array([one.value for one in found]), sum(one.low <= t <= one.high for one, t in zip(found, truth, strict=True))
    width = np.mean([one.high - one.low for one in found])
    shown = f"{truth[0]:.4g}" if np.ptp(truth) == 0 else f"{truth.min():.3g} to {truth.max():.3g}"
    print(ROW.format(name, shown, f"{values.mean():.4g}", f"{values.std():.2g}", f"{width:.2g}", f"{hits} of {len(found)}"), flush=True)


MOTION = ("speed", "persistence", "rotational_diffusion", "diffusion")


def paths(trials: int) -> None:
    """Walks with a speed of 0.3 and a persistence of 0.51, every 0.1, 40 frames."""
    kinds = ((12, 1, False, 0.0), (12, 1, True, 0.0), (6, 1, False, 0.0), (24, 1, False, 0.0), (48, 4, False, 0.0), (12, 1, False, 0.02))
    for cells, alike, tumble, error in kinds:
        found: dict[str, list[Estimate]] = {name: [] for name in ("speed", "persistence", "diffusion")}
        for seed in range(trials):
            rng = np.random.default_rng([7, seed])
            places = _paths(rng, cells // alike, tumble).repeat(alike, axis=0)
            steps = np.diff(places + error * rng.standard_normal(places.shape), axis=1)
            walk, effective, _ = walks_of(steps, 0.1 * np.arange(40), 400, 1)
            values = {"speed": walk.speed, "persistence": walk.persistence, "diffusion": walk.speed**2 * walk.persistence / 2}
            for name, samples in values.items():
                found[name].append(interval_of(name, samples, effective, 0.9, positive=True))
        what = f"{cells} paths{' in fours' if alike > 1 else ''}{' tumble' if tumble else ''}{f' error {error:g}' if error else ''}"
        for name, truth in zip(found, (0.3, 0.51, 0.3**2 * 0.51 / 2), strict=True):
            tell(f"{what}: {name}", np.full(trials, truth), found[name])


def _paths(rng: np.random.Generator, cells: int, tumble: bool) -> np.ndarray:
    """Return places (cells, 40, 2) of walks in an open plane."""
    fresh = rng.uniform(0, 2 * np.pi, (cells, 400))
    if tumble:
        turns = rng.random(fresh.shape) < 0.01 / 0.51
        turns[:, 0] = True
        heading = np.take_along_axis(fresh, np.maximum.accumulate(np.where(turns, np.arange(400), 0), axis=1), axis=1)
    else:
        heading = fresh[:, :1] + np.cumsum(np.sqrt(2 * 0.01 / 0.51) * rng.standard_normal(fresh.shape), axis=1)
    return np.cumsum(0.003 * np.stack([np.sin(heading), np.cos(heading)], -1), axis=1)[:, ::10]


def walks(seeds: int) -> None:
    """12 discs with a speed of 0.3 boxes and a persistence of 0.51, every 0.1, in a box that repeats."""
    for radius, noise in ((2.5, 0.0), (5.0, 0.0), (5.0, 0.25)):
        found: dict[str, list[Estimate]] = {name: [] for name in MOTION}
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            frames = _discs(_apart(rng, 2 * radius / 256 + 0.01), radius)
            if noise:
                frames = [jittered(frame, rng, noise) for frame in frames]
            estimates = estimate_motion(as_movie(frames, 1 / 256, interval=0.1, periodic=True))
            for name in found:
                found[name].append(estimates[name])
        for name, truth in zip(MOTION, (0.3, 0.51, 1 / 0.51, 0.3**2 * 0.51 / 2), strict=True):
            tell(f"walks, {radius:g} px, {noise:.0%}: {name.replace('_', ' ')}", np.full(seeds, truth), found[name])


def _apart(rng: np.random.Generator, distance: float) -> np.ndarray:
    """Return the centres (12, 40, 2) of walks of which no two ever come closer than `distance` [box]."""
    paths: list[np.ndarray] = []
    while len(paths) < 12:
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(np.sqrt(2 * 0.01 / 0.51) * rng.standard_normal(400))
        path = (rng.random(2) + np.cumsum(0.003 * np.stack([np.sin(heading), np.cos(heading)], 1), axis=0))[::10]
        if all(np.linalg.norm((path - other + 0.5) % 1 - 0.5, axis=1).min() > distance for other in paths):
            paths.append(path)
    return np.array(paths)


def _discs(paths: np.ndarray, radius: float, side: int = 256) -> list[np.ndarray]:
    pixels = np.stack(np.indices((side, side)), axis=-1) + 0.5
    frames = []
    for places in np.moveaxis(paths, 1, 0):
        frame = np.zeros((side, side), np.int32)
        for label, place in enumerate(places * side, 1):
            away = (pixels - place + side / 2) % side - side / 2
            frame[(away**2).sum(-1) < radius**2] = label
        frames.append(frame)
    return frames


def motion(seeds: int) -> None:
    """12 cells in 1 % of the box: they meet rarely, and have radii of 4.6 pixels (at half of that the grid holds them back by 1 to 2 %)."""
    found: dict[str, list[Estimate]] = {name: [] for name in MOTION}
    speeds = []
    for seed in range(seeds):
        sim = sl.Cells("active_liquid", shape=(256, 256), n_cells=12, filling=0.012, p=2.0, speed=0.3, turning=0.035, seed=seed)
        paths: list[np.ndarray] = []
        estimates = estimate_motion(filmed(sim, 0.2, 0.1, 40, True, paths), 1 / 256)
        ways = (np.diff(paths, axis=0) + 0.5) % 1 - 0.5
        speeds.append(np.sqrt((ways**2).sum(2).mean()) / sim.parameters.dt)  # type: ignore[attr-defined]
        for name in found:
            found[name].append(estimates[name])
    radius = np.sqrt(0.012 / 12 / np.pi)
    tell("motion: speed, as set", np.full(seeds, 0.3), found["speed"])
    tell("motion: speed of the paths", np.array(speeds), found["speed"])
    lasts = radius / 0.035
    for name, truth in zip(MOTION[1:], (lasts, 1 / lasts, 0.3**2 * lasts / 2), strict=True):
        tell(f"motion: {name.replace('_', ' ')}", np.full(seeds, truth), found[name])


def growth(seeds: int) -> None:
    """Eight cells that grow and divide, until there are some twenty."""
    found, truths = [], []
    for seed in range(seeds):
        sim = sl.Foam("growing_tissue", shape=(128, 128), n_cells=8, filling=0.12, seed=seed)
        frames = [sim.frame(), *sim.run(steps=120, every=5)]
        found.append(estimate_growth(frames, interval=5.0)["gain"])
        truths.append(0.01 * 0.12 * 128**2 / 8)
    tell("growth: gain [pixels/step]", np.array(truths), found)


def tensions(seeds: int) -> None:
    """Each interface of 12 cells is one estimate."""
    hits = count = 0
    misses = []
    for seed in range(seeds):
        truth = aggregate(2, 12, seed)
        inferred = infer_tensions(truth.labels(1.0, np.random.default_rng(seed)))
        known = inferred.determined
        a, b = inferred.pairs[known].astype(int).T
        true = truth.tensions[a, b] / truth.tensions[a, b].mean()
        away = (inferred.tensions[known] - true) / inferred.errors[known]
        hits, count = hits + int((np.abs(away) < Z).sum()), count + len(away)
        misses.append(np.abs(inferred.tensions[known] / true - 1).mean())
    text = f"{hits} of {count} ({100 * hits / count:.0f} %)"
    print(f"tensions: {seeds} tissues, mean error {100 * np.mean(misses):.1f} %, 90 % intervals that hold the truth: {text}", flush=True)


def fit(file: Path, seeds: int, runs: int) -> None:
    """Fit runs by runs."""
    sim = sl.Cells("active_liquid", shape=(64, 64), n_cells=16, filling=0.9, p=2.0, seed=3)
    target = Target.of(filmed(sim, 0.6, 0.1, 21, True), "active_liquid", {}, None, None)
    prior, names = Prior.of(RANGES), sorted(target.observed)
    z, statistics = np.zeros((0, 3)), np.zeros((0, len(names)))
    if file.exists():
        saved = np.load(file)
        z, statistics = saved["z"], saved["statistics"]
    while len(z) < runs:
        fresh = prior.draw(1, np.random.default_rng([9, len(z)]))
        values = dict(zip(prior.names, prior.values(fresh)[0].tolist(), strict=True))
        numbers, _ = target.statistics(values, 1000 + len(z))
        z, statistics = np.vstack([z, fresh]), np.vstack([statistics, [[numbers.get(name, np.nan) for name in names]]])
        np.savez(file, z=z, statistics=statistics)
    found: dict[str, list[Estimate]] = {name: [] for name in prior.names}
    for i in range(seeds):
        others = np.arange(len(z)) != i
        close = Draws(prior, z[others], statistics[others], statistics[i], prior.log_density(z[others])).closest(
            max(20, round(0.5 * len(z)))
        )
        values = prior.values(close.corrected)
        for k, name in enumerate(prior.names):
            middle, low, high = weighted_quantile(values[:, k], close.weights, [0.5, 0.05, 0.95]).tolist()
            found[name].append(Estimate(name, middle, low, high))
    truth = prior.values(z[:seeds])
    for k, name in enumerate(prior.names):
        tell(f"fit, {len(z) - 1} runs: {name}", truth[:, k], found[name])
        relation = np.corrcoef(np.log(truth[:, k]), np.log([one.value for one in found[name]]))[0, 1]
        print(f"    correlation of truth and estimate (logarithms): {relation:.2f}", flush=True)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("walks", "motion", "growth", "tensions"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--paths", type=int, default=0, metavar="N")
    parser.add_argument("--fit", type=Path, metavar="FILE")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=200, help="of --fit")
    known = parser.parse_args()
    print(ROW.format("", "truth", "mean", "spread", "width", "intervals"))
    if known.paths:
        paths(known.paths)
    if known.walks:
        walks(known.seeds)
    if known.motion:
        motion(known.seeds)
    if known.growth:
        growth(known.seeds)
    if known.tensions:
        tensions(known.seeds)
    if known.fit is not None:
        fit(known.fit, known.seeds, known.runs)


if __name__ == "__main__":
    main()
