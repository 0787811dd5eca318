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
