"""Whatever takes long ends soon after it is asked to, wherever it is, and what it worked on stays as it was."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import shapelab as sl
from shapelab import stopping
from shapelab.batch import table_of_folder
from shapelab.crystals import EbsdMap, segment_grains
from shapelab.errors import Stopped
from shapelab.foam import settle_exactly
from shapelab.io.fem import write_triangles
from shapelab.labels.planes import as_label_planes
from shapelab.measure import effective_properties
from shapelab.mesh import conforming_triangles, interface_mesh
from shapelab.movies import link_cells, measure_over_time
from shapelab.stopping import apart, check_stop, shielded, stoppable
from shapelab.threads import side_by_side


class Countdown(threading.Event):
    """An event that is set when it is looked at for the n-th time: a stop at any moment, without a clock."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left = looks

    def clear(self) -> None:
        super().clear()
        self.left = 10**9

    def is_set(self) -> bool:
        if not super().is_set():
            self.left -= 1
            if self.left < 0:
                self.set()
        return super().is_set()


def looks_of(work) -> int:
    """How often `work` looks whether it shall stop."""
    event = Countdown(10**9)
    with stoppable(event):
        work()
    return 10**9 - event.left


def test_nothing_is_stopped_outside_of_a_block_and_blocks_nest():
    event, inner = threading.Event(), threading.Event()
    event.set()
    check_stop()
    with stoppable(event):
        with pytest.raises(Stopped):
            check_stop()
        with shielded():
            check_stop()
        with stoppable(inner), pytest.raises(Stopped):
            check_stop()
    check_stop()


def test_calls_that_have_not_begun_are_left_out():
    event, done = Countdown(3), []
    with stoppable(event), pytest.raises(Stopped):
        side_by_side([lambda i=i: done.append(i) for i in range(100)])
    assert len(done) < 50


def test_what_cannot_look_is_left_to_itself():
    event, go, ended = threading.Event(), threading.Event(), threading.Event()

    def blind():
        event.set()
        go.wait()
        ended.set()

    with stoppable(event), pytest.raises(Stopped):
        apart(blind)
    assert not ended.is_set()
    go.set()
    assert ended.wait(10)
    with stoppable(threading.Event()):
        assert apart(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            apart(lambda: 1 / 0)


def test_stop_before_the_first_frame_is_kept():
    run = sl.Curvatubes("tubes", shape=(12, 12, 12))
    frames = run.run(50, every=10)
    run.stop()
    assert [frame.step for frame in frames] == [0]  # the start, and no step
    assert run.reason == "Stopped."
    assert run.step_number == 0
    assert [frame.step for frame in run.run(4, every=2)] == [2, 4]


def test_a_file_of_triangles_is_not_written_when_it_is_stopped(tmp_path):
    mesh, event = conforming_triangles(labels(), size=4.0), Countdown(20)
    with stoppable(event), pytest.raises(Stopped):
        write_triangles(tmp_path / "cells.inp", mesh)
    assert not list(tmp_path.iterdir())


def test_whoever_works_with_a_run_is_stopped_with_it():
    run, event = sl.Curvatubes("tubes", shape=(12, 12, 12), seed=1), threading.Event()
    run.step()
    event.set()
    with stoppable(event), pytest.raises(Stopped):
        run.step()
    assert run.step_number == 1
    run.step()
    assert run.step_number == 2


def test_stop_while_preparing_leaves_no_state():
    run = sl.Cells("run_and_tumble", seed=1)
    run._stop = Countdown(40)
    with pytest.raises(Stopped):
        run.prepare()
    assert run.step_number == 0
    again = sl.Cells("run_and_tumble", seed=1)
    np.testing.assert_array_equal(run.frame()["cells"], again.frame()["cells"])


RUNS = {
    "texture": lambda: sl.Curvatubes("tubes", shape=(16, 16, 16), seed=2),
    "clamped texture": lambda: sl.Curvatubes("tubes", shape=(12, 12, 12), seed=2, dtype="float64"),
    "cells": lambda: sl.Cells("run_and_tumble", seed=1),
    "fluid": lambda: sl.Cells("dam_break", seed=1, shape=(48, 48), n_cells=30),
    "foam": lambda: sl.Foam("foam_sorting", seed=1, shape=(40, 40), n_cells=8),
    "sorting in 3-D": lambda: sl.Cells("separation_3d", seed=1, shape=(24, 24, 24), n_cells=20),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_step_that_is_stopped_anywhere_is_not_taken(name):
    """The state stays that of before, bit for bit: going on gives what an undisturbed run gives."""
    undisturbed, run = RUNS[name](), RUNS[name]()
    for _ in range(3):
        undisturbed.step()
        run.step()
    rng = np.random.default_rng(3)
    stopped = 0
    for after in [0, 1, 2, 3, *rng.integers(4, 60, 8).tolist()]:
        before = run.step_number
        run._stop = Countdown(after)
        run.step()
        run._stop = threading.Event()
        stopped += run.step_number == before
        if run.step_number > before:
            undisturbed.step()
    run.step()
    undisturbed.step()
    assert stopped > 0
    for one, two in zip(run.frame(), undisturbed.frame(), strict=True):
        np.testing.assert_array_equal(np.asarray(one.data), np.asarray(two.data))
    states = [item.checkpoint() for item in (run, undisturbed)]
    assert states[0][0] == states[1][0]
    for key, array in states[0][1].items():
        np.testing.assert_array_equal(array, states[1][1][key])


def labels() -> np.ndarray:
    rng = np.random.default_rng(1)
    seeds = rng.uniform(0, 40, (12, 2))
    y, x = np.indices((40, 40))
    return 1 + np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in seeds], axis=0).astype(np.int32)


def film() -> np.ndarray:
    return np.stack([np.roll(labels(), frame, axis=1) for frame in range(5)])


LONG = {
    "solve_cells": lambda: sl.solve_cells(np.random.default_rng(0).uniform(0, 1, (30, 2)), np.full(30, 0.02), (64, 64), (1 / 64,) * 2),
    "fit_diagram": lambda: sl.fit_diagram(labels(), order=2),
    "generate_crystal": lambda: sl.generate_crystal(n_grains=12, shape=(32, 32)),
    "infer_tensions": lambda: sl.infer_tensions(labels()),
    "interface_mesh": lambda: interface_mesh(labels()),
    "conforming_triangles": lambda: conforming_triangles(labels(), size=4.0),
    "segment_grains": lambda: segment_grains(EbsdMap(np.tile([0.0, 0, 0, 1], (8, 8, 1)), np.ones((8, 8), int), (1.0, 1.0))),
    "start of a foam": lambda: sl.Foam("foam_sorting", seed=1, shape=(40, 40), n_cells=8).prepare(),
    "settle_exactly": lambda: settle_exactly(sl.Foam("foam_sorting", seed=1, shape=(40, 40), n_cells=8), max_steps=3),
    "measure": lambda: sl.measure(labels()),
    "compare": lambda: sl.compare(labels(), np.roll(labels(), 2, axis=0)),
    "link_cells": lambda: link_cells(film()),
    "measure_over_time": lambda: measure_over_time(film()),
    "compare_movies": lambda: sl.compare_movies(film(), film(), bootstrap=2),
    "estimate_motion": lambda: sl.estimate_motion(film(), 1.0),
    "estimate_shape": lambda: sl.estimate_shape(labels(), border_cells=True),
    "estimate_tensions": lambda: sl.estimate_tensions(labels(), {int(label): int(label) % 2 for label in np.unique(labels())}),
    "effective_properties": lambda: effective_properties(labels() % 2 > 0),
    "render_microscopy": lambda: sl.render_microscopy(film()[:1]).image(0),
}
BY_THE_CLOCK = ("measure", "compare", "segment_grains", "link_cells", "estimate_shape", "render_microscopy")
"""What is left to itself where it is stopped."""


@pytest.mark.parametrize("name", LONG)
def test_long_work_ends_wherever_it_is(name, monkeypatch):
    LONG[name]()  # what is compiled is looked at by the clock
    monkeypatch.setattr(stopping, "_LOOK", 600.0)  # only looks from within count
    looks = looks_of(LONG[name])
    assert looks > 0
    for after in {0} if name in BY_THE_CLOCK else {0, looks // 3, 2 * looks // 3}:
        with stoppable(Countdown(after)), pytest.raises(Stopped):
            LONG[name]()


class Stopping:
    """An array in chunks that is stopped while it is read."""

    shape, dtype, chunks, ndim = (4, 5, 6), np.dtype(np.uint8), (1, 5, 6), 3

    def __getitem__(self, index):
        raise Stopped


def test_a_stop_is_not_taken_for_damage_or_for_a_file_that_failed(tmp_path):
    with pytest.raises(Stopped):
        as_label_planes(Stopping()).read(0, 2)

    def table_of(file):
        raise Stopped

    (tmp_path / "a.tif").touch()
    with pytest.raises(Stopped):
        table_of_folder(tmp_path, tmp_path / "out.csv", table_of, jobs=1)
    assert "a.tif" not in (tmp_path / "out.log.csv").read_text()


def test_a_restored_run_can_be_stopped_while_its_kernels_are_compiled(monkeypatch):
    run = sl.Curvatubes("tubes", shape=(12, 12, 12), seed=1)
    run.step()
    again = sl.Curvatubes("tubes", shape=(12, 12, 12), seed=1)
    again.restore_checkpoint(*run.checkpoint())
    compiling, go = threading.Event(), threading.Event()

    def compile_for_long(parameters):
        compiling.set()
        go.wait(60)

    monkeypatch.setattr(again.model, "warm_up", compile_for_long)
    thread = threading.Thread(target=again.step)
    thread.start()
    assert compiling.wait(60)
    again.stop()
    thread.join(60)
    assert not go.is_set()
    assert (again.step_number, again.reason) == (1, "Stopped.")
    go.set()
    again.step()
    assert again.step_number == 2


KERNELS = """
import importlib, pkgutil, sys
from numba.core.dispatcher import Dispatcher
import shapelab
import shapelab as sl

modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(shapelab.__path__, "shapelab.") if "__main__" not in m.name]
kernels = {value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)}

def compiled():
    return {(kernel.py_func.__qualname__, str(signature)) for kernel in kernels for signature in kernel.signatures}

for name in sys.argv[1:]:
    run = sl.Cells(name, seed=1, n_cells=8)
    run.model.warm_up(run.parameters)
    before = compiled()
    for frame in run.run(2, every=1):
        pass
    for kernel, _ in compiled() - before:
        print(name, kernel)
"""


def test_no_kernel_of_a_scenario_is_compiled_after_it_was_warmed_up():
    """Compiling takes seconds the first time on a machine, and only what is done while a run is prepared can be stopped."""
    names = ("active_crystal", "bubbles", "dam_break", "tissue_growth_3d")
    done = subprocess.run([sys.executable, "-c", KERNELS, *names], capture_output=True, text=True, check=True)
    assert done.stdout == ""


LEFT = """
import threading
import numpy as np, scipy.fft
from shapelab.stopping import Stopped, apart, stoppable

event, begun, array = threading.Event(), threading.Event(), np.zeros((64, 64, 64))

def for_ever():
    begun.set()
    while True:
        scipy.fft.fftn(array)  # of C++, which cannot be taken down within

threading.Thread(target=lambda: begun.wait() and event.set()).start()
try:
    with stoppable(event):
        apart(for_ever)
except Stopped:
    print("stopped")
"""


def test_a_program_ends_well_though_work_that_was_stopped_goes_on():
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")
