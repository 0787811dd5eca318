"""Kill runs and sweeps at random moments: what is on the disk must open, go on, and end as if nothing had happened.

Kills (SIGKILL, nothing can be tidied up) at moments that a seed decides:

- a run that is being recorded, between two calls of the operating system or in the middle of a step;
- a run that is being resumed, four times in turn;
- an export, which must be there whole or not at all;
- elements, grids for DAMASK, pages and rendered images that are written; fits of cells and tables of folders, resumed by the same command;
- a worker of a sweep, by its scheduler's eyes a lost machine;
- the process that leads a sweep, while its workers, of another cluster, live on;
- a whole sweep, leader and workers.

A killed run must open, resume from its last frame and end bit for bit as an uninterrupted one. A killed sweep must go on
by the same command until every member is done, none lost and none done twice, with the results of uninterrupted runs.
Processes are forked from this one, which has imported everything and started no thread. POSIX only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from kill_export import exports, makers
from kill_process import Tally
from kill_run import FAMILY, resumes, runs
from kill_sweep import Cluster, lost_workers, sweeps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60, help="kills of a run")
    parser.add_argument("--resumes", type=int, default=20, help="kills of processes that resume a run")
    parser.add_argument("--exports", type=int, default=20, help="kills of exports")
    parser.add_argument("--makers", type=int, default=0, help="kills of each of the other ways of making files, of fits and of tables")
    parser.add_argument("--workers", type=int, default=25, help="kills of workers of a sweep")
    parser.add_argument("--leaders", type=int, default=20, help="kills of the leader of a sweep on another cluster")
    parser.add_argument("--sweeps", type=int, default=10, help="kills of whole sweeps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", choices=("curvatubes", "foam"), default="curvatubes", help="whose runs, exports and sweeps are killed")
    options = parser.parse_args()
    os.environ[FAMILY] = options.family
    rng = np.random.default_rng(options.seed)
    kinds = ("a run", "a resumed run", "an export", "a worker of a sweep", "the leader of a sweep, its workers live on", "a whole sweep")
    tallies = [Tally(kind) for kind in kinds]
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        root = Path(name)
        print(f"{'killed':44}{'kills':>7}{'nothing to keep':>18}{'went on':>10}{'wrong':>8}")
        runs(tallies[0], options.runs, rng, root)
        print(tallies[0].row(), flush=True)
        resumes(tallies[1], options.resumes, rng, root)
        print(tallies[1].row(), flush=True)
        exports(tallies[2], options.exports, rng, root)
        print(tallies[2].row(), flush=True)
        if options.makers:
            for tally in makers(options.makers, rng, root):
                tallies.append(tally)
                print(tally.row(), flush=True)
        if options.workers:
            lost_workers(tallies[3], options.workers, rng, root)
            print(tallies[3].row(), flush=True)
        if options.leaders:
            with contextlib.closing(Cluster()) as cluster:
                sweeps(tallies[4], options.leaders, rng, root, cluster=cluster)
            print(tallies[4].row(), flush=True)
        sweeps(tallies[5], options.sweeps, rng, root, cluster=None)
        print(tallies[5].row(), flush=True)
    print(f"seed {options.seed}, {(time.perf_counter() - begin) / 60:.1f} min")
    for problem in (problem for tally in tallies for problem in tally.wrong):
        print(problem)
    return 1 if any(tally.wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
