"""How long it takes on a machine that has never compiled anything until something moves: ``python benchmarks/first_run.py``.

Each case runs in a process of its own with an empty cache of numba, up to the frame after its first step. Two times tell how much other
programs add: by the clock, and of the processor in the process that waits (a second one compiles half of the kernels of cells meanwhile).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

CASES = {
    "cells in 2-D (run_and_tumble)": 'sl.Cells("run_and_tumble", seed=1)',
    "cells in 3-D (separation_3d)": 'sl.Cells("separation_3d", seed=1)',
    "texture (tubes, 64^3)": 'sl.Curvatubes("tubes", shape=(64, 64, 64), seed=1)',
}
PROGRAM = """
import resource, time
clock, worked = time.perf_counter(), time.process_time()
import shapelab as sl
simulation = {make}
simulation.step()
simulation.frame()
clock, worked = time.perf_counter() - clock, time.process_time() - worked
helper = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{{clock:.1f}} s by the clock, {{worked:.1f}} s of the processor here, {{helper.ru_utime + helper.ru_stime:.1f}} s in a helper")
"""


def main() -> None:
    """Print a line for each case."""
    for name, make in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", PROGRAM.format(make=make)]
            done = subprocess.run(command, env=os.environ | {"NUMBA_CACHE_DIR": folder}, stdout=subprocess.PIPE, text=True, check=True)
        print(f"{name:32s} {done.stdout.strip()}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
