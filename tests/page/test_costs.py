"""Every cost with a closed form, in a browser: the same potentials on the same pixels give the same labels as the engine's."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.page.cells import FlatCells, cost_columns
from shapelab.page.template import fill
from shapelab.transport import costs, solve_cells

SHOW = "window.shapelab.show"
N = 48
ANGLES = np.linspace(0, 3, 9)
AXES = np.stack([np.sin(ANGLES), np.cos(ANGLES)], axis=1)
COSTS = {
    "soft": costs.Power(0.5),
    "quadratic": costs.L2(np.linspace(0.5, 2, 9), "volume"),
    "hard": costs.Power(8.0, scaling="level_set"),
    "ellipses": costs.Ellipsoidal.from_axes(AXES, 2.5, scaling="volume"),
    "capsules": costs.Spherocylinder(AXES, 2.5, 1.5, scaling="volume"),
    "rods": costs.CoreSegment(AXES, 3.0, 3.0, scaling="volume"),
    "capped": costs.Capped(costs.Power(2.0), 0.02),
    "many": costs.L2(np.linspace(0.5, 2, 150), "volume"),
    "mixed": costs.Mixed([costs.Power(4.0, scaling="volume"), costs.L2(scaling="volume")], np.arange(9) % 2),
}
CASES = [(name, periodic) for name in COSTS for periodic in (False, True)]


def solved(name, periodic):
    rng, n = np.random.default_rng(5), 150 if name == "many" else 9
    seeds, volumes = rng.uniform(0.05, 0.95, (n, 2)), rng.uniform(0.27, 0.72, n) / n
    return seeds, volumes, solve_cells(seeds, volumes, (N, N), 1 / N, COSTS[name], 0.05, periodic=periodic)


@pytest.fixture(scope="module")
def shown(browser, tmp_path_factory):
    """One page with a layer for every case."""
    blobs, layers = [], []
    for name, periodic in CASES:
        seeds, volumes, solution = solved(name, periodic)
        n = len(seeds)
        frame = {
            "seeds": seeds, "potentials": solution.potentials, "volumes": volumes, "types": np.zeros(n), "ids": np.arange(1.0, n + 1),
            "colours": np.zeros(n), "cost": cost_columns(COSTS[name].table(volumes, 2)), "open": np.ones((N, N), bool),
        }  # fmt: skip
        (chunks, walls), described = FlatCells([frame], (N, N), (1 / N, 1 / N), periodic, 1.0, "µm").pack(24)
        places = {"blob": len(blobs), "places": chunks.places, "walls": {"blob": len(blobs) + 1, "places": walls.places}}
        layers.append({"name": f"{name} {periodic}", **described, **places})
        blobs += [chunks.text(), walls.text()]
    page = dict.fromkeys(("title", "about", "folder", "family", "licence", "command"), "x")
    page |= {key: [] for key in ("names", "parameters", "changes", "provenance", "citation")}
    path = tmp_path_factory.mktemp("pages") / "costs.html"
    path.write_text(fill(page | {"frames": [{"step": 0, "time": 0.0}], "layers": layers, "live": None}, blobs), encoding="utf-8")
    browser.open(path)
    assert browser.run("window.shapelab.error") is None
    return browser


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda k: f"{CASES[k][0]}-{'periodic' if CASES[k][1] else 'closed'}")
def test_the_labels_of_a_cost(shown, case):
    engine = solved(*CASES[case])[2].labels
    by_shader = shown.run(
        f"(async () => {{ {SHOW}.choose({case}); await {SHOW}.renderer.show(0);"
        f" return Array.from({SHOW}.renderer.labels({SHOW}.colours)); }})()"
    )
    labels = np.reshape(by_shader, (N, N))
    differ = labels != engine
    assert differ.mean() < 0.002  # pixels whose centre two cells share to single precision
    for row, column in np.argwhere(differ):
        assert labels[row, column] in engine[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
