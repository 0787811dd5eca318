"""A run copied as a script or a command is the same run."""

import subprocess
import sys

import numpy as np
import pytest

import shapelab as sl
from shapelab.errors import InputError
from shapelab.script import as_command, as_script


def advance(simulation, steps):
    for _ in simulation.run(steps=steps, every=steps):
        pass


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
    assert as_command(simulation).endswith("--steps 2")


def test_an_unknown_past_is_refused():
    simulation = sl.Curvatubes(shape=(16, 16, 16))
    simulation.restore(simulation.state())
    with pytest.raises(InputError, match="restored"):
        as_script(simulation)
