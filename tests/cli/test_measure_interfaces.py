"""`shapelab measure --interfaces` and `--angles`: tables of what lies between labels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from shapelab.cli import main
from shapelab.infer import double_bubble
from shapelab.mesh import interface_mesh, interface_table


@pytest.fixture
def bubbles(tmp_path):
    labels = double_bubble((160, 160), (1.0, 1.0, 1.0), 36).labels
    np.save(tmp_path / "cells.npy", labels)
    return labels, tmp_path / "cells.npy"


def test_interfaces_have_a_row_each(bubbles, capsys):
    labels, file = bubbles
    assert main(["measure", str(file), "--interfaces", "--json", "--voxel-size", "0.5"]) == 0
    rows = json.loads(capsys.readouterr().out)
    wanted = interface_table(interface_mesh(labels, 0.5))
    assert [(row["cell_a"], row["cell_b"]) for row in rows] == [(0, 1), (0, 2), (1, 2)]
    assert [row["length"] for row in rows] == pytest.approx(wanted["length"].tolist())
    assert main(["measure", str(file), "--interfaces"]) == 0
    assert "curvature" in capsys.readouterr().out


def test_angles_of_equal_bubbles_are_thirds_of_a_turn(bubbles, capsys):
    assert main(["measure", str(bubbles[1]), "--angles", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["cells"], row["cell"], row["count"]) for row in rows] == [("0 1 2", cell, 2) for cell in (0, 1, 2)]
    assert [row["mean"] for row in rows] == pytest.approx([120] * 3, abs=5)


def test_what_does_not_go_together_is_said(bubbles, capsys):
    assert main(["measure", str(bubbles[1]), "--angles", "--label", "1"]) == 2
    assert "--label measures one label alone and --angles those between labels" in capsys.readouterr().err


def test_no_option_is_ignored_and_units_are_told(bubbles, capsys):
    file = str(bubbles[1])
    assert main(["measure", file, "--interfaces", "--smoothing", "4"]) == 2
    assert "--smoothing is for a mask" in capsys.readouterr().err
    assert main(["measure", file, "--smoothing", "4"]) == 0
    assert "nothing in this table depends on it" in capsys.readouterr().err
    assert main(["measure", file, "--interfaces", "--voxel-size", "0.5", "--unit", "micron"]) == 0
    assert "length (µm)" in capsys.readouterr().out
    assert main(["measure", file, "--unit", "kg"]) == 2
    assert "not a known unit of length" in capsys.readouterr().err
    assert main(["measure", file, "--unit", "um"]) == 0
    assert "1 µm was assumed" in capsys.readouterr().err
    assert main(["measure", file, "--label", "0"]) == 2
    assert "background" in capsys.readouterr().err


def test_an_image_without_lines_has_no_angles(tmp_path, capsys):
    np.save(tmp_path / "one.npy", np.pad(np.ones((8, 8), np.uint8), 4))
    assert main(["measure", str(tmp_path / "one.npy"), "--angles"]) == 0
    out = capsys.readouterr()
    assert not out.out
    assert "there is nothing to list" in out.err
