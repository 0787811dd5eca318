"""The ``shapelab sweep`` command."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from shapelab.cli.parser import INTERRUPTED, at_least, whole_number
from shapelab.cli.scenario_folder import add_scenario_option, take_scenarios

if TYPE_CHECKING:
    from shapelab.batch.member import Outcome

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("spec", type=Path, metavar="SPEC.toml", help="what to compute (see Atlas and sweeps in the guide)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder of the sweep; by default the spec's name without .toml")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler to use, such as tcp://host:8786 (default: this machine)")
    parser.add_argument("--workers", type=whole_number, metavar="N", help="processes on this machine (default: one per core)")
    parser.add_argument("--retry-failed", action="store_true", help="run the failed members again")
    parser.add_argument("--allow-failed", action="store_true", help="exit with 0 even if some members failed (not if all did)")
    add_scenario_option(parser)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Run a sweep, or resume it: a second call skips what is done."""
    from shapelab.batch import read_spec, sweep

    at_least(1, workers=known.workers)
    take_scenarios(known)
    folder = known.out if known.out is not None else known.spec.with_suffix("")
    spec = read_spec(known.spec)
    try:
        with _terminable():
            table = sweep(
                spec,
                folder,
                scheduler=known.scheduler,
                processes=known.workers,
                retry_failed=known.retry_failed,
                report=_Progress(),
            )
    except KeyboardInterrupt:
        print(f"\nInterrupted: what is done is saved; the same command resumes {folder}.", file=sys.stderr)
        return INTERRUPTED
    counts = table["status"].value_counts()
    print(f"{folder}: " + ", ".join(f"{counts[name]} {name}" for name in ("done", "not viable", "failed") if name in counts) + ".")
    for _, row in table[table["status"] == "failed"].head(5).iterrows():
        print(f"  {row['name']}: {row['reason']}")
    failed = counts.get("failed", 0)
    if failed and "done" in counts and not known.allow_failed:
        print("Run them again with --retry-failed, or accept them with --allow-failed.", file=sys.stderr)
    return 1 if "done" not in counts or (failed and not known.allow_failed) else 0


class _Progress:
    """One line per member: rewritten in a terminal."""

    def __init__(self) -> None:
        self._start, self._first = time.perf_counter(), 0
        self._terminal = sys.stderr.isatty()

    def __call__(self, outcome: Outcome, done: int, total: int) -> None:
        """Show that a member is over, and the time that the rest will take."""
        self._first = self._first or done
        elapsed = time.perf_counter() - self._start
        left = elapsed / (done - self._first + 1) * (total - done)
        line = f"{done}/{total}  {outcome.name} {outcome.status}  {elapsed:.0f} s, about {left:.0f} s left"
        print(
            f"\r{line:<78}" if self._terminal else line,
            end="\n" if done == total or not self._terminal else "",
            file=sys.stderr,
            flush=True,
        )


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a termination end the sweep as Ctrl-C does, so that its processes end too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
