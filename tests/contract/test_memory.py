"""What is estimated before a run, a fit, a comparison or a mesh is what it takes, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shapelab as sl
from shapelab.crystals import fit_diagram
from shapelab.errors import OutOfMemoryError
from shapelab.estimate.runners import here
from shapelab.estimate.target import Target
from shapelab.io import load_run, save_run
from shapelab.measure import effective_properties
from shapelab.mesh import interface_mesh
from shapelab.movies import as_movie
from shapelab.page import make_page

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "memory.py"
CASES = (  # one of each kind
    "tubes",
    "tubes, published flow",
    "tubes, start tubes",
    "cells 2-D",
    "cells 3-D",
    "fit, 3-D, order 2",
    "generate, 2-D",
    "compare labels, 3-D",
    "mesh, 2-D",
    "tensions, 3-D",
    "foam preset, 2-D",
    "foam from labels, 3-D",
    "triangles, 2-D",
    "tetrahedra, few",
    "correlation of a pattern, 3-D",
    "page of a texture",
    "fit of cells",
)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks of memory are read as Linux tells them")
@pytest.mark.parametrize("name", CASES)
def test_estimates_are_within_a_quarter_of_the_peaks(name):
    """Each in a fresh process: one that has done something else uses again what it has freed, and its peak is lower."""
    done = subprocess.run([sys.executable, str(BENCHMARK), "--case", name], stdout=subprocess.PIPE, text=True, check=True)
    estimate, peak = json.loads(done.stdout.splitlines()[-1])
    assert 0.75 < estimate / peak < 1.25, f"{estimate / 1e6:.0f} MB estimated, {peak / 1e6:.0f} MB taken"


@pytest.mark.parametrize(
    "work",
    [
        lambda labels: fit_diagram(labels),
        lambda labels: sl.generate_crystal(5, (64, 64)),
        lambda labels: sl.compare(labels, labels),
        lambda labels: sl.compare(labels > 1, labels > 1),
        lambda labels: interface_mesh(labels),
        lambda labels: sl.infer_tensions(labels),
        lambda labels: effective_properties(labels > 1),
        lambda labels: sl.Cells("run_and_tumble").prepare(),
        lambda labels: sl.Curvatubes("tubes", shape=(16, 16, 16)).prepare(),
    ],
)
def test_what_does_not_fit_is_refused_with_the_number(work, monkeypatch):
    monkeypatch.setattr("shapelab.device.available_memory", lambda device="cpu": 10_000)
    labels = np.kron(np.arange(1, 5).reshape(2, 2), np.ones((12, 12), int))
    with pytest.raises(OutOfMemoryError, match=r"needs about .* GB"):
        work(labels)


def test_pages_and_fits_that_do_not_fit_are_refused_with_the_number(tmp_path, monkeypatch):
    run = load_run(save_run(tmp_path / "run.zarr", sl.Curvatubes("tubes", shape=(16, 16, 16))))
    labels = sl.Cells("active_liquid", shape=(32, 32), n_cells=8, seed=1).frame()["cells"]
    target = Target.of(as_movie(np.stack([labels, labels])), "active_liquid", {}, None, None)
    monkeypatch.setattr("shapelab.device.available_memory", lambda device="cpu": 100_000)
    with pytest.raises(OutOfMemoryError, match=r"needs about .* GB"):
        make_page(run)
    with pytest.raises(OutOfMemoryError, match=r"needs about .* GB"), here(target):
        pass
