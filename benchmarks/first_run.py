"""Compare the very first run on a machine, which compiles its kernels, with the next ones, which load them: the same bytes.

    python benchmarks/first_run.py

Three processes run and fit the same small things, one after the other; the first finds an empty cache of compiled kernels.
Prints what each took and a digest of every result; ends with status 1 if they differ. Takes some minutes.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import shapelab as sl


def digests() -> dict[str, str]:
    """Return a digest of the last state and scalars of runs of all kinds, and of a fit."""
    labels = sl.generate_crystal(n_grains=12, shape=(48, 48), seed=1).labels
    made = {
        "texture": sl.Curvatubes("tubes", shape=(16, 16, 16), seed=3, max_steps=100),
        "texture, replicate": sl.Curvatubes("tubes", shape=(16, 16, 16), seed=3, boundary="replicate", max_steps=100),
        "cells 2-D": sl.Cells("run_and_tumble", shape=(40, 40), n_cells=12, seed=3),
        "cells 3-D": sl.Cells("separation_3d", shape=(16, 16, 16), n_cells=8, seed=3),
    }
    found = {}
    for name, simulation in made.items():
        *_, frame = simulation.run(4, every=1)
        state = [array for _, array in sorted(simulation.checkpoint()[1].items())]
        found[name] = digest(*state, np.array(list(frame.scalars.values())))
    for method in ("moments", "likelihood"):
        found[f"fit by {method}"] = digest(sl.fit_diagram(labels, order=2, method=method, effort=0.1).diagram.coefficients)
    return found


def digest(*arrays: np.ndarray) -> str:
    """Return what tells the bytes of arrays."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:12]


def main() -> int:
    """Compare three processes."""
    if "--digests" in sys.argv:
        for name, value in digests().items():
            print(f"{name:24}{value}")
        return 0
    with tempfile.TemporaryDirectory(prefix="kernels-") as cache:
        answers = []
        for what in ("compiled here", "loaded", "loaded"):
            begin = time.perf_counter()
            command = [sys.executable, __file__, "--digests"]
            done = subprocess.run(command, env={**os.environ, "NUMBA_CACHE_DIR": cache}, stdout=subprocess.PIPE, text=True, check=True)
            answers.append(done.stdout)
            print(f"kernels {what}: {time.perf_counter() - begin:.0f} s\n{done.stdout}", flush=True)
    same = len(set(answers)) == 1
    print("The same bytes." if same else "They differ.")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
