"""The worked example of the page on finite elements runs to its end, by command and by script, and both make the same."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import shapelab as sl
from shapelab.cli import main
from shapelab.crystals.orientation import to_euler

PAGE = Path(__file__).parents[2] / "docs" / "fem.md"


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Run the example in a folder with a map of 25 grains."""
    monkeypatch.chdir(tmp_path)
    sample = sl.generate_crystal(25, (48, 60), 0.5, seed=4)
    euler = to_euler(sample.orientations)[sample.labels.astype(int) - 1]
    np.savez("map.npz", euler=euler, phase=np.ones(sample.labels.shape, int), step_um=0.5)
    text = PAGE.read_text().split("## Worked example", 1)[1].split("\n## ", 1)[0]
    names: dict[str, object] = {}
    for kind, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL):
        if kind == "python":
            exec(compile(block, str(PAGE), "exec"), names)
        else:
            for line in block.strip().splitlines():
                assert main(shlex.split(line)[1:]) == 0
    return names


def test_the_worked_example_makes_an_abaqus_deck_and_the_inputs_of_damask(example):
    yaml = pytest.importorskip("yaml")
    grains = Path("grains.inp").read_text()
    assert Path("from_python.inp").read_text() == grains
    assert Path("from_python.vti").read_bytes() == Path("grains.vti").read_bytes()
    job = Path("job.inp").read_text()
    sets = set(re.findall(r"ELSET=(CELL_\d+)", grains))
    assert len(sets) == 25
    assert set(re.findall(r"SOLID SECTION, ELSET=(CELL_\d+)", job)) == sets
    moduli = [float(line.split(",")[0]) for line in re.findall(r"\*ELASTIC\n(.*)", job)]
    soft, stiff = example["modulus"](0, 0, 0), example["modulus"](45, np.degrees(np.arccos(1 / np.sqrt(3))), 45)
    assert soft == pytest.approx(136.3e3, rel=2e-3)  # along <100>
    assert all(soft - 1 <= one <= 303e3 for one in moduli)
    assert stiff > soft
    assert {f"NSET={name}" for name in re.findall(r"^([XY][01]),", job, re.MULTILINE)} <= set(re.findall(r"NSET=[XY][01]", grains))
    assert "X1, 1, 1, 0.03\n" in job
    material, load = (yaml.safe_load(Path(name).read_text()) for name in ("material.yaml", "load.yaml"))
    assert material["phase"]["phase_1"]["lattice"] == "cF"
    assert len(material["material"]) == 25
    (step,) = load["loadstep"]
    stretch, stress = (np.array(step["boundary_conditions"]["mechanical"][name]) for name in ("dot_F", "P"))
    np.testing.assert_array_equal(stretch == "x", stress != "x")  # each component is known once
