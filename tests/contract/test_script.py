"""A run copied as a script or a command is the same run."""

import shlex
import subprocess
import sys

import numpy as np
import pytest

import shapelab as sl
from shapelab.cli import main
from shapelab.errors import InputError
from shapelab.io import RunWriter, load_run
from shapelab.script import as_command, as_script


def advance(simulation, steps):
    for _ in simulation.run(steps=steps, every=steps):
        pass


def same(kept, expected):
    """Compare what a run folder holds of a frame, bit for bit."""
    assert kept.step == expected.step
    for name in ("field", "cells", "seeds"):
        assert (name in kept) == (name in expected)
        if name in kept:
            np.testing.assert_array_equal(kept[name], expected[name])


def field_from(script, folder):
    path = folder / "copied.py"
    path.write_text(script + f"np_path = {str(folder / 'result.npy')!r}\nimport numpy\nnumpy.save(np_path, frame['field'])\n")
    subprocess.run([sys.executable, path], check=True, capture_output=True, cwd=folder)
    return np.load(folder / "result.npy")


def test_a_script_repeats_parameters_and_live_changes(tmp_path):
    simulation = sl.Curvatubes("sponge", shape=(20, 20, 24), seed=7, voxel_size=0.3)
    advance(simulation, 15)
    simulation.update(a20=1.5, mass=-0.3)
    advance(simulation, 15)
    simulation.update(orientation=500.0)
    advance(simulation, 10)
    assert np.array_equal(field_from(as_script(simulation), tmp_path), simulation.frame()["field"])


def test_a_script_repeats_a_run_from_arrays(tmp_path):
    mask = np.zeros((16, 20, 20), bool)
    mask[4:12, 5:15, 5:15] = True
    layer = (mask, {"scale": (2.0, 1.0, 1.0), "units": ("um",) * 3}, "labels")
    simulation = sl.Curvatubes(initial=layer, target=layer, fidelity=1e4, fields={"a02": np.linspace(2, 8, 20)}, voxel_size=0.7)
    advance(simulation, 8)
    with pytest.raises(InputError, match="script"):
        as_command(simulation)
    assert np.array_equal(field_from(as_script(simulation, tmp_path), tmp_path), simulation.frame()["field"])


def test_a_script_without_preset_gives_the_coefficients():
    simulation = sl.Curvatubes(coefficients=(1, 2, 6, -30, -30, 225), shape=(20, 20, 20))
    script = as_script(simulation)
    assert "b10=-30.0" in script
    namespace = {}
    exec(script, namespace)
    assert namespace["simulation"].parameters == simulation.parameters


def test_a_command_names_what_differs():
    simulation = sl.Curvatubes("tubes", shape=(24, 24, 24), mass=-0.5, direction=(0, 1, 0))
    assert as_command(simulation).split()[:5] == ["shapelab", "run", "curvatubes", "--preset", "tubes"]
    assert "--shape 24 24 24" in as_command(simulation)
    assert "--mass=-0.5" in as_command(simulation)
    advance(simulation, 2)
    assert as_command(simulation).endswith("--out tubes.zarr --steps 2")


RUNS = {
    "curvatubes": lambda: sl.Curvatubes("sponge", shape=(16, 20, 16), seed=7, mass=-0.31, direction=(0, -1e-5, 1), voxel_size=1 / 3),
    "coefficients": lambda: sl.Curvatubes(coefficients=(1, 2, 6, -30, -30, 225), shape=(16, 16, 16), unit="nm"),
    "cells": lambda: sl.Cells("run_and_tumble", n_cells=12, shape=(40, 40), seed=5, speed=0.37),
    "cells in 3-D": lambda: sl.Cells("separation_3d", n_cells=10, shape=(20, 20, 20), seed=2),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_command_repeats_the_run_bit_for_bit(name, tmp_path, monkeypatch):
    simulation = RUNS[name]()
    advance(simulation, 7)
    monkeypatch.chdir(tmp_path)
    command = as_command(simulation)
    assert main(shlex.split(command)[1:]) == 0
    (folder,) = tmp_path.iterdir()
    same(load_run(folder).frame(), simulation.frame())


@pytest.mark.parametrize("name", ["curvatubes", "cells"])
def test_a_resumed_run_is_repeated_from_its_folder(name, tmp_path, monkeypatch):
    first = RUNS[name]()
    with RunWriter(tmp_path / "first.zarr", first, keep="all") as writer:
        for frame in first.run(6, every=2):
            writer.write(frame)
    simulation = load_run(tmp_path / "first.zarr").simulation(4)
    advance(simulation, 3)
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(as_command(simulation))[1:]) == 0
    same(load_run(tmp_path / "first-4.zarr").frame(), simulation.frame())
    live = {"curvatubes": {"mass": -0.2}, "cells": {"speed": 0.5}}[name]
    simulation.update(**live)
    advance(simulation, 2)
    with pytest.raises(InputError, match="script"):
        as_command(simulation)
    namespace = {}
    exec(as_script(simulation), namespace)
    same(namespace["frame"], simulation.frame())


def test_an_unknown_past_is_refused():
    simulation = sl.Curvatubes(shape=(16, 16, 16))
    simulation.restore(simulation.state())
    with pytest.raises(InputError, match="restored"):
        as_script(simulation)
