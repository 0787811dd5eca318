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
from shapelab.mesh import interface_mesh

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "memory.py"
PROCESSES = (  # not the published flow: what its temporary arrays take depends on torch's allocator (117 to 238 MB of 194)
    ("tubes", "tubes, start tubes", "tubes, from a mask"),
    ("cells 2-D", "cells 3-D", "mesh, 2-D"),
    ("fit, 2-D, order 2", "fit, 3-D, order 2", "compare masks, 3-D"),
)


def measured(names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return what is estimated for each case and what it takes, measured in one process."""
    command = [sys.executable, str(BENCHMARK), *(word for name in names for word in ("--case", name))]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [(int(estimate), int(peak)) for estimate, peak in json.loads(said.splitlines()[-1])]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks of memory are read as Linux tells them")
@pytest.mark.parametrize("names", PROCESSES)
def test_estimates_are_near_the_peaks(names):
    # Too little would let a run fail; how much of its own freed memory a process uses again depends on the allocator, and lowers peaks.
    for name, (estimate, peak) in zip(names, measured(names), strict=True):
        assert 0.7 < estimate / peak < 2, f"{name}: {estimate / 1e6:.0f} MB estimated, {peak / 1e6:.0f} MB taken"


@pytest.mark.parametrize(
    "work",
    [
        lambda labels: fit_diagram(labels),
        lambda labels: sl.generate_crystal(5, (64, 64)),
        lambda labels: sl.compare(labels, labels),
        lambda labels: sl.compare(labels > 1, labels > 1),
        lambda labels: interface_mesh(labels),
        lambda labels: sl.infer_tensions(labels),
        lambda labels: sl.Cells("run_and_tumble").prepare(),
        lambda labels: sl.Curvatubes("tubes", shape=(16, 16, 16)).prepare(),
    ],
)
def test_what_does_not_fit_is_refused_with_the_number(work, monkeypatch):
    monkeypatch.setattr("shapelab.device.available_memory", lambda device="cpu": 10_000)
    labels = np.kron(np.arange(1, 5).reshape(2, 2), np.ones((12, 12), int))
    with pytest.raises(OutOfMemoryError, match=r"needs about .* GB"):
        work(labels)
