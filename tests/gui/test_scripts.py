"""What the docks copy as a script or a command computes the same again."""

from __future__ import annotations

import shlex
import subprocess
import sys

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication
from test_layer_data import ball, random_transform

from napari_shapelab.actions import _measure_script, measure_taken
from napari_shapelab.docks.atlas.fit_tab import AtlasFit
from napari_shapelab.docks.compare import CompareDock
from napari_shapelab.docks.compare.comparison import compare_layers
from napari_shapelab.docks.crystals import CrystalsDock
from napari_shapelab.docks.crystals.fit import GrainImage, fit_image
from napari_shapelab.docks.crystals.generation import generate
from napari_shapelab.viewer.layer_data import take
from napari_shapelab.work.script_button import measure_command, written
from shapelab.crystals import generate_crystal
from shapelab.crystals.fit_parameters import FitParameters
from shapelab.crystals.population import population_of
from shapelab.errors import InputError


def run(text: str) -> dict:
    """Run a script; return its variables."""
    variables: dict = {}
    exec(compile(text, "script.py", "exec"), variables)
    return variables


def quiet(progress) -> None:
    del progress


@pytest.fixture(scope="module")
def grains():
    return 3 * generate_crystal(15, (40, 44), lloyd=0, tolerance=0.2, seed=3).labels


def copied(qtbot, button, folder) -> str:
    QApplication.clipboard().setText("")
    button.copy(folder)
    qtbot.waitUntil(lambda: bool(QApplication.clipboard().text()), timeout=20_000)
    return QApplication.clipboard().text()


def test_compare(viewer, qtbot, tmp_path):
    rng = np.random.default_rng(1)
    dock = CompareDock(viewer)
    viewer.window.add_dock_widget(dock, name="Compare")
    with pytest.raises(InputError, match="Choose two layers"):
        dock.script()
    dock.a.choose(viewer.add_labels(ball(), name="a b", **random_transform(rng, 3, shear=False)))
    dock.b.choose(viewer.add_image((ball() > 0).astype(float), name="it's", translate=(1, 0, 0)))
    for box in dock.options.values():
        box.setChecked(False)
    text = copied(qtbot, dock.script_button, tmp_path)
    found = run(text)["result"]
    expected = compare_layers(take(dock.a.layer), take(dock.b.layer), dock.parameters, quiet).result
    for name in ("dice", "volume_a", "volume_b", "mean_surface_distance"):
        assert found[name] == pytest.approx(expected[name])
    assert "clipboard" in dock.work.message.text()


def test_a_copied_script_runs_by_itself(viewer, qtbot, tmp_path, grains):
    dock = CrystalsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystals")
    viewer.add_labels(grains, name="steel", scale=(0.5, 0.5), units=("um", "um"))
    text = copied(qtbot, dock.fit.script_button, tmp_path)
    (tmp_path / "script.py").write_text(text)
    out = subprocess.run([sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    result = fit_image(GrainImage("steel", grains, (0.5, 0.5)), FitParameters(), quiet, None)
    assert float(out.stdout.split()[0]) == pytest.approx(result.provenance["mismatch"])


@pytest.mark.parametrize("known", [False, True])
def test_generate(viewer, qtbot, tmp_path, grains, known):
    dock = CrystalsDock(viewer)
    tab = dock.generate
    tab.form.set_values({"n_grains": 20, "shape": (1, 40, 40), "lloyd": 1, "tolerance": 5.0})
    population = None
    if known:
        like = (grains + 2) // 3
        orientations = np.random.default_rng(0).normal(size=(15, 4))
        orientations /= np.linalg.norm(orientations, axis=1, keepdims=True)
        layer = viewer.add_labels(like, metadata={"orientations": orientations})
        tab.like.choose(layer)
        qtbot.waitUntil(lambda: tab._like is not None, timeout=20_000)
        tab.form.set_values({"n_grains": 20, "shape": (1, 40, 40)})
        population = population_of(like, (1.0, 1.0), orientations)
    text = copied(qtbot, tab.script_button, tmp_path)
    expected = generate(tab.parameters, population, "", quiet, None).crystal
    found = run(text)["crystal"]
    assert np.array_equal(found.labels, expected.labels)
    assert np.allclose(found.orientations, expected.orientations)


def test_measure(tmp_path, capsys, viewer):
    layer = viewer.add_labels(ball(), name="a/b", scale=(2, 1, 1), units=("um",) * 3)
    run(_measure_script(take(layer), tmp_path))
    volume = 2 * float(ball().sum())
    assert f"'volume': {volume}" in capsys.readouterr().out
    from shapelab.cli import main

    words = shlex.split(measure_command(take(layer), tmp_path))
    assert words[:2] == ["shapelab", "measure"]
    assert main(words[1:]) == 0
    assert str(int(volume)) in capsys.readouterr().out


def test_a_script_measures_where_the_layer_lies(tmp_path, viewer):
    two = np.zeros((12, 14), int)
    two[2:6, 2:6], two[7:11, 8:12] = 1, 2
    layer = viewer.add_labels(two, scale=(2, 1), translate=(30, 40), rotate=90, units=("um",) * 2, axis_labels=("x", "y"))
    table, _ = measure_taken(take(layer))
    text = _measure_script(take(layer), tmp_path).replace("print(", "found = (")
    found = run(text)["found"]
    assert found.columns.tolist() == table.columns.tolist()
    assert "centroid_x" in found
    assert np.allclose(found.to_numpy(float), table.to_numpy(float))


def test_atlas(viewer, tmp_path):
    tab = AtlasFit(viewer, lambda: None, lambda: "shipped_atlas()")
    tab.combo.choose(viewer.add_labels(ball(32, 10), scale=(0.2,) * 3, units=("um",) * 3))
    tab.trials.setValue(0)
    found = run(written(tab.script(), tmp_path))["fit"]
    assert found.trials == 0
    assert found.volume_fraction == pytest.approx(np.pi / 6 / 2**3, abs=0.03)  # of its box with about half its width of room on each side


def test_nothing_is_overwritten(viewer, tmp_path):
    layer = viewer.add_labels(ball())
    (tmp_path / "shape.npy").write_bytes(b"mine")
    with pytest.raises((InputError, ValueError)):
        _measure_script(take(layer), tmp_path)
    assert (tmp_path / "shape.npy").read_bytes() == b"mine"


def test_two_phases_are_generated_by_the_script(viewer, qtbot, tmp_path):
    dock = CrystalsDock(viewer)
    qtbot.addWidget(dock)
    tab = dock.generate
    values = {"n_grains": 12, "shape": (1, 32, 32), "lloyd": 0, "tolerance": 10.0, "volumes": "two phases", "phase_anisotropy": 0.5}
    tab.form.set_values(values)
    names = run(written(tab.script(), tmp_path))
    crystal = tab.parameters.generate()
    np.testing.assert_array_equal(names["crystal"].labels, crystal.labels)
    assert set(crystal.phase_names) == {"small", "large"}
