"""Real families: a saved run goes on bit for bit, also one that started from the user's own shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapelab import catalog
from shapelab.io import RunWriter, load_run

AXIS = np.arange(20) - 9.5
BALL = AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2 < 49
RING = np.zeros((20, 20, 20), bool)
RING[:3] = True
SQUARES = np.pad(np.repeat(np.repeat(np.arange(1, 5).reshape(2, 2), 14, 0), 14, 1), 10)

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "preset": ("curvatubes", {"preset": "tubes", "shape": (16, 16, 16)}),
    "mask": ("curvatubes", {"initial": BALL}),
    "clamped": ("curvatubes", {"initial": BALL, "clamped": RING}),
    "target": ("curvatubes", {"target": BALL, "fidelity": 10.0}),
    "fields": ("curvatubes", {"shape": (16, 16, 16), "fields": {"a20": np.linspace(1, 2, 16)[:, None, None]}}),
    "cells": ("cells", {"scenario": "engulfment"}),
    "foam": ("foam", {"preset": "growing_tissue", "shape": (64, 64), "growth": 0.05, "n_cells": 4}),
    "foam in space": ("foam", {"preset": "foam_sorting_3d", "shape": (28, 28, 28), "n_cells": 4}),
    "labels as a foam": ("foam", {"labels": SQUARES, "tensions": {(0, 1): 1.0, (1, 2): 0.8, (2, 3): 0.9}, "motility": 0.2}),
}


@pytest.mark.parametrize("case", CASES)
def test_saved_run_goes_on_bit_for_bit(case, tmp_path):
    family, given = CASES[case]
    make = catalog.load(catalog.family(family).simulation)
    *_, expected = make(seed=1, **given).run(4, every=4)
    part = make(seed=1, **given)
    with RunWriter(tmp_path / "run.zarr", part) as writer:
        for frame in part.run(2, every=2):
            writer.write(frame)
    *_, frame = load_run(tmp_path / "run.zarr").simulation().run(2, every=2)
    assert frame.step == expected.step
    for layer in expected:
        np.testing.assert_array_equal(frame[layer.name], layer.data)
