"""One pool of threads for all families: the same bytes on any number of threads, errors that arrive, and life after a fork."""

from __future__ import annotations

import importlib
import os
import pickle
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import shapelab
from shapelab.device import thread_count, use_one_thread, use_threads
from shapelab.errors import ParameterError
from shapelab.threads import dot, ranges, side_by_side

FAMILIES = {
    "textures": """
sim = sl.Curvatubes(preset="tubes", shape=(24, 20, 28), seed=1)
for frame in sim.run(steps=12, every=12):
    pass
add(frame["field"], *frame.scalars.values())
""",
    "clamped textures": """
clamped = np.zeros((24, 20, 28), bool)
clamped[:4] = True
sim = sl.Curvatubes(preset="tubes", shape=clamped.shape, seed=1, flow="averaged", clamped=clamped)
for frame in sim.run(steps=6, every=6):
    pass
add(frame["field"], *frame.scalars.values())
""",
    "cells": """
for scenario in ("blind_swimmers", "engulfment"):
    sim = sl.Cells(scenario=scenario, seed=1)
    for frame in sim.run(steps=2, every=2):
        pass
    add(frame["cells"], frame["seeds"], *frame.scalars.values())
""",
    "foam": """
for shape, periodic in (((64, 60), True), ((24, 26, 28), False)):
    sim = sl.Foam("foam_sorting", n_cells=6, shape=shape, periodic=periodic, seed=1)
    for frame in sim.run(steps=6, every=6):
        pass
    add(frame["cells"], frame["seeds"], *frame.scalars.values())
""",
    "solve_cells": """
rng = np.random.default_rng(0)
for shape, share in (((160, 160), 1.0), ((32, 36, 40), 0.6)):
    volumes = rng.uniform(0.5, 1.5, 90)
    volumes *= share * np.prod(shape) / volumes.sum()
    solution = sl.solve_cells(rng.random((90, len(shape))) * shape, volumes, shape=shape)
    add(solution.labels, solution.potentials, solution.centroids)
""",
    "crystals": """
new = sl.generate_crystal(n_grains=40, shape=(96, 96), seed=1)
fit = sl.fit_diagram(new.labels, order=2)
add(new.labels, fit.labels, fit.diagram.coefficients, fit.mismatch)
""",
}

FAMILIES["tensions and movies"] = """
from shapelab.mesh import conforming_triangles
from shapelab.movies import link_cells
rng = np.random.default_rng(0)
seeds = rng.uniform(0, 150, (60, 2))
y, x = np.indices((150, 150))
wide = 1 + np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in seeds], axis=0)
found = sl.infer_tensions(wide).table()
add(*(found[name] for name in found if found[name].dtype.kind == "f"))
film = np.stack([wide[2 * t : 2 * t + 130] for t in range(6)])
add(link_cells(np.stack([np.r_[0, 1 + rng.permutation(60)][frame] for frame in film])))
add(*(value for one in sl.estimate_motion(film, 1.0).found for value in (one.low, one.value, one.high)))
add(sl.render_microscopy(film).image(1), conforming_triangles(wide[:60, :60], size=4.0).nodes)
"""

PROGRAM = """
import hashlib, multiprocessing, os
import numpy as np
import shapelab as sl
from shapelab.device import use_threads

def compute():
    digest = hashlib.sha256()
    def add(*arrays):
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
    exec(compile({code!r}, "work", "exec"), dict(sl=sl, np=np, add=add))
    return digest.hexdigest()
"""

THREADS = """
from threadpoolctl import threadpool_limits
answers = []
for count in (1, 2, 4, 8):
    use_threads(count)
    threadpool_limits(count)
    answers.append(compute())
print(len(set(answers)), *answers)
"""

FORK = """
use_threads(2)
before = compute()
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.write(writing, compute().encode())
    os._exit(0)
os.close(writing)
answer = os.read(reading, 100).decode()
assert os.waitpid(child, 0)[1] == 0
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(before == answer == pool.apply_async(compute).get(120) == compute())
"""


def compiled_kernels() -> Iterator[Dispatcher]:
    """Every function of shapelab that numba compiles."""
    for module in pkgutil.walk_packages(shapelab.__path__, "shapelab."):
        if not module.name.endswith("__main__"):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Dispatcher):
                    yield value


def run(code: str, program: str) -> list[str]:
    work = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM.format(code=code) + program]
    result = subprocess.run(work, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_bytes_on_any_number_of_threads(family):
    answer = run(FAMILIES[family], THREADS)
    assert answer[0] == "1", answer


def test_kernels_that_may_add_up_in_any_order_are_compiled_into_their_callers():
    """Else a process that has compiled them calls another copy than one that has loaded them, and their last digits differ."""
    kernels = list(compiled_kernels())
    assert len(kernels) > 50
    assert not {kernel.py_func.__qualname__ for kernel in kernels if kernel.targetoptions.get("fastmath")} - {
        kernel.py_func.__qualname__ for kernel in kernels if kernel.targetoptions.get("forceinline")
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("family", ["textures", "cells", "foam", "solve_cells", "crystals", "tensions and movies"])
def test_a_forked_child_computes(family):
    """Its parent has threads that the child lacks: waiting for them would take for ever."""
    assert run(FAMILIES[family], FORK) == ["True"]


def test_functions_of_a_script_go_to_processes_of_dask():
    """They are sent with what they refer to: `sl.compare`, `sl.measure` and `sl.catalog` are modules that can be called."""
    cloudpickle = pytest.importorskip("cloudpickle")
    names = {"sl": shapelab}
    exec("def work(x):\n    return sl.measure, sl.compare, sl.catalog, x", names)
    found = pickle.loads(cloudpickle.dumps(names["work"]))(1)
    assert found == (shapelab.measure, shapelab.compare, shapelab.catalog, 1)


def test_use_one_thread_holds_for_the_thread_that_says_it():
    seen = []

    def work() -> None:
        use_one_thread()
        seen.append(thread_count())
        caller = threading.get_ident()
        seen.extend(side_by_side([lambda: threading.get_ident() == caller] * 20))

    before = thread_count()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [1] + [True] * 20
    assert thread_count() == before


def test_results_come_in_order_and_errors_arrive():
    assert side_by_side([lambda k=k: k for k in range(50)]) == list(range(50))
    assert side_by_side([]) == []
    with pytest.raises(ZeroDivisionError):
        side_by_side([lambda: 1 / 0] * 5)
    assert side_by_side([lambda: 1] * 5) == [1] * 5


@pytest.mark.parametrize("count", [0, -1])
def test_no_thread_is_refused(count):
    with pytest.raises(ParameterError, match="1 thread or more"):
        use_threads(count)


def test_ranges_cover_everything_once():
    rng = np.random.default_rng(0)
    for n, least, most in rng.integers(1, 500, (50, 3)):
        bounds = ranges(int(n), int(least), int(most))
        assert [first for first, _ in bounds] == [0, *(last for _, last in bounds[:-1])]
        assert bounds[-1][1] == n
        assert len(bounds) <= most
        assert min(last - first for first, last in bounds) >= min(least, n)


def test_dot_is_the_sum_of_products():
    a, b = np.random.default_rng(0).normal(size=(2, 40_000)).astype(np.float32)
    assert dot(a, b) == pytest.approx(float(a.astype(float) @ b.astype(float)), abs=1e-2)


def test_a_program_that_is_ending_computes_in_one_thread(monkeypatch):
    over = ThreadPoolExecutor(2)
    over.shutdown()
    monkeypatch.setattr("shapelab.threads._threads", lambda: over)
    monkeypatch.setattr("shapelab.threads.thread_count", lambda: 4)
    assert side_by_side([lambda i=i: i * i for i in range(6)]) == [0, 1, 4, 9, 16, 25]
