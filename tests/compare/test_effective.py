"""Effective properties of two masks: closed forms on voxels that are no cubes, units, what is left out and said."""

from __future__ import annotations

import math

import numpy as np
import pytest

import shapelab as sl
from shapelab.compare.rows import comparison_rows
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.measure import effective_properties

QUICK = {"transport": False, "curvature": False}


def plates(period, thickness, shape=(6, 10, 40)):
    mask = np.zeros(shape, bool)
    mask[..., np.arange(shape[-1]) % period < thickness] = True
    return mask


def test_each_side_has_its_closed_form_in_its_own_voxels():
    a, b = plates(10, 4), plates(8, 2)
    told = []
    result = sl.compare(
        a,
        b,
        (1.0, 1.0, 0.5),
        spacing_b=(2.0, 1.0, 0.25),
        unit="um",
        effective=["chords", "tortuosity_y", "euler_per_volume"],
        progress=lambda done, total: told.append((done, total)),
        **QUICK,
    )
    assert told == [(n, 18) for n in range(1, 19)]
    assert (result["chord_x_a"], result["chord_x_b"], result["chord_x_difference"]) == (2.0, 0.5, -1.5)
    assert (result["pore_chord_x_a"], result["pore_chord_x_b"]) == (3.0, 1.5)
    assert result["tortuosity_y_a"] == result["tortuosity_y_b"] == 1.0
    assert result["euler_per_volume_a"] == pytest.approx(4 / (6 * 10 * 20))
    assert "strut_size_a" not in result
    between, first, second = comparison_rows(result)
    assert (between["chord x (µm)"], first["chord x (µm)"], second["chord x (µm)"]) == ("-1.5", 2.0, 0.5)
    assert "Euler number per volume (1/µm³)" in first
    assert math.isnan(result["chord_z_a"])  # all of them leave the image
    assert (first["chord z (µm)"], between["chord z (µm)"]) == (None, None)
    assert any(note.startswith("A has no chord z, ") for note in result["notes"])


def test_units_are_those_of_the_first_and_a_smaller_box_adds_no_pores():
    a = LayerData("a", plates(10, 4), "labels", {"scale": (1.0,) * 3, "units": ("um",) * 3})
    b = LayerData("b", plates(10, 4, (6, 10, 20)), "labels", {"scale": (1000.0,) * 3, "units": ("nm",) * 3})
    result = sl.compare(a, b, effective=["pattern", "sizes"], **QUICK)
    alone = effective_properties(b.data, names=["pattern", "sizes"])
    for name, value in alone.items():
        assert result[f"{name}_b"] == pytest.approx(value, nan_ok=True), name


def test_what_is_no_mask_is_told_to_be_left_out_and_unknown_names_are_refused():
    cells = np.kron(np.arange(1, 5).reshape(2, 2), np.ones((6, 6), int))
    result = sl.compare(cells, cells.T, labels=True, effective=True, statistics=False, transport=False)
    assert result["compared"] == "labels"
    assert "Effective properties are left out: they need two masks or two fields." in result["notes"]
    full = sl.compare(plates(10, 4), np.ones((6, 10, 40), bool), effective=True, **QUICK)
    assert "Effective properties are left out: B is full and has none." in full["notes"]
    with pytest.raises(InputError, match="or the groups sizes"):
        sl.compare(plates(10, 4), plates(8, 2), effective=["colour"], **QUICK)
