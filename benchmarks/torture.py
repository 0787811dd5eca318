"""Several processes run, resume, export, read and delete the same folder at random: every announced frame must be there.

    python benchmarks/torture.py [--minutes 5] [--processes 2] [--seed 1]

A frame is announced when `RunWriter.write` has returned. Whoever writes notes it beside the folder, under the number of that
run; whoever deletes the folder (in one rename, or file by file) notes that too. A reader then compares what it finds with what
was announced for that run before it looked. Refusals in a sentence are counted; anything else is wrong. POSIX only.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from pathlib import Path

import numpy as np

import shapelab as sl
from shapelab.errors import InputError, ShapelabError
from shapelab.io import RunWriter, load_run
from shapelab.io.export import export_tables, export_tiff

ACTIONS = ("run", "resume", "read", "export", "delete")
SHARES = (0.2, 0.35, 0.3, 0.13, 0.02)


class Player:
    """One process that does something with the folder again and again."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.path, self.rng = root, root / "run.zarr", np.random.default_rng(seed)
        self.counts: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []

    def play(self, until: float) -> None:
        """Act until the time is over."""
        while time.time() < until:
            time.sleep(float(self.rng.uniform(0, 0.05)))
            action = str(self.rng.choice(ACTIONS, p=SHARES))
            try:
                getattr(self, action)()
                self.counts[action] += 1
            except ShapelabError:
                self.counts[f"{action} refused"] += 1
            except Exception as error:
                self.wrong.append(f"{action}: {type(error).__name__}: {error} {traceback.format_exc(limit=-3)}")

    def run(self) -> None:
        """Record a new run."""
        seed = int(self.rng.integers(10**6))
        if self.rng.random() < 0.5:
            simulation: sl.Simulation = sl.Curvatubes("tubes", shape=(12, 12, 12), seed=seed, max_steps=1000)
        else:
            simulation = sl.Foam("foam_sorting", shape=(32, 32), n_cells=6, motility=0.2, seed=seed, max_steps=1000)
        self._record(simulation, append=False)

    def resume(self) -> None:
        """Go on with the run that is there."""
        self._record(load_run(self.path).simulation(), append=True)

    def _record(self, simulation: sl.Simulation, *, append: bool) -> None:
        with RunWriter(self.path, simulation, append=append) as writer:
            for frame in simulation.run(int(self.rng.integers(2, 10)), every=1):
                writer.write(frame)
                announced = {"run": writer.record.created + str(writer.record.parameters["seed"]), "step": frame.step}
                self._note("announced", json.dumps(announced))

    def read(self) -> None:
        """Compare what is there with what was announced before."""
        announced = self._announced()
        before = self._deletions()
        run = load_run(self.path)
        missing = announced.get(run.record.created + str(run.record.parameters["seed"]), set()) - set(run.steps)
        if missing and self._undisturbed(before):
            self.wrong.append(f"announced frames are missing: {sorted(missing)}")
        try:
            for index in range(len(run)):
                run.frame(index)
        except InputError as error:
            if self._undisturbed(before):
                self.wrong.append(f"a frame cannot be read: {error}")
            raise

    def export(self) -> None:
        """Export what is there; it holds every frame."""
        before, name = self._deletions(), uuid.uuid4().hex
        run = load_run(self.path)
        try:
            export_tiff(run, self.root / f"{name}.tif")
            export_tables(run, self.root / f"{name}.csv")
        except InputError as error:
            if self._undisturbed(before):
                self.wrong.append(f"no export: {error}")
            raise
        finally:
            for suffix in (".tif", ".csv"):
                (self.root / f"{name}{suffix}").unlink(missing_ok=True)

    def delete(self) -> None:
        """Remove the folder, whoever works on it: in one go, or file by file."""
        self._note("deletions", "begun")
        try:
            if self.rng.random() < 0.5:
                shutil.rmtree(self.path, ignore_errors=True)
            else:
                away = self.root / uuid.uuid4().hex
                with contextlib.suppress(FileNotFoundError):
                    self.path.rename(away)
                shutil.rmtree(away, ignore_errors=True)
        except FileNotFoundError:  # shutil's own, where another one removes the same folder
            pass
        finally:
            self._note("deletions", "ended")

    def _note(self, name: str, line: str) -> None:
        with (self.root / name).open("a") as notes:
            notes.write(line + "\n")

    def _deletions(self) -> list[str]:
        notes = self.root / "deletions"
        return notes.read_text().splitlines() if notes.exists() else []

    def _undisturbed(self, before: list[str]) -> bool:
        """Tell whether nobody was deleting the folder, then and since."""
        return before.count("begun") == before.count("ended") and self._deletions() == before

    def _announced(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = collections.defaultdict(set)
        notes = self.root / "announced"
        for line in notes.read_text().splitlines() if notes.exists() else ():
            entry = json.loads(line)
            found[entry["run"]].add(entry["step"])
        return found


def main() -> int:
    """Let the processes play, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--player", nargs=2, metavar=("FOLDER", "UNTIL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.player:
        player = Player(Path(options.player[0]), options.seed)
        player.play(float(options.player[1]))
        print(json.dumps({"counts": player.counts, "wrong": player.wrong}))
        return 0
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        until = str(time.time() + 60 * options.minutes)
        command = [sys.executable, __file__, "--player", folder, until, "--seed"]
        players = [
            subprocess.Popen([*command, str(1000 * options.seed + number)], stdout=subprocess.PIPE, text=True)
            for number in range(options.processes)
        ]
        found = [json.loads(player.communicate()[0].splitlines()[-1]) for player in players]
        announced = len((Path(folder) / "announced").read_text().splitlines())
    counts = sum((collections.Counter(player["counts"]) for player in found), collections.Counter())
    wrong = [problem for player in found for problem in player["wrong"]]
    print(f"{announced} frames announced; " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    print(f"wrong: {len(wrong)}")
    for problem in wrong[:20]:
        print(" ", problem)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
