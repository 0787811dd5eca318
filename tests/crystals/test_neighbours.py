"""Neighbours, interfaces and misorientations of grains, on images whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.crystals import boundary_misorientations, compare_neighbours
from shapelab.crystals.neighbours import grain_contacts
from shapelab.crystals.orientation import from_euler
from shapelab.errors import InputError

QUARTERS = np.kron(np.array([[1, 2], [3, 4]]), np.ones((40, 40), int))


def test_contacts_of_quarters():
    pairs, lengths = grain_contacts(QUARTERS, 0.5)
    assert pairs.tolist() == [[1, 2], [1, 3], [2, 4], [3, 4]]  # those across meet in a point
    assert lengths == pytest.approx([20.0] * 4, rel=0.08)
    whole = grain_contacts(QUARTERS, 0.5, periodic=True)[1]
    assert whole == pytest.approx(2 * lengths, rel=0.05)


def test_an_image_is_like_itself():
    match = compare_neighbours(QUARTERS, QUARTERS)
    assert (match.pairs, len(match.lost), len(match.gained), match.area_error, match.agreement) == (4, 0, 0, 0, 1)


def test_lost_and_gained_neighbours():
    other = QUARTERS.copy()
    other[30:50, 30:40], other[30:50, 40:50] = 1, 4  # 1 and 4 touch in the middle, so that 2 and 3 still do not
    other[40:, 40:44] = 2
    match = compare_neighbours(QUARTERS, other)
    assert [1, 4] in match.gained.tolist() or [2, 3] in match.gained.tolist()
    assert match.agreement < 1
    assert match.area_error > 0.1
    assert compare_neighbours(np.ones((9, 9), int), np.ones((9, 9), int)).area_error == 0
    with pytest.raises(InputError, match="shapes"):
        compare_neighbours(QUARTERS, QUARTERS[:-1])


def test_a_fit_tells_of_its_neighbours():
    from shapelab.crystals import grain_report
    from shapelab.crystals.fit_summary import fit_sentences

    labels = sl.generate_crystal(30, (64, 64), seed=1).labels
    fit = sl.fit_diagram(labels, method="moments")
    said = " ".join(fit_sentences(fit, grain_report(labels, fit), labels))
    match = compare_neighbours(labels, fit.labels)
    assert f"Of {match.pairs} pairs of neighbours {len(match.lost)} are lost" in said


def test_misorientations_of_boundaries():
    orientations = from_euler(np.deg2rad([[0, 0, 0], [30, 0, 0], [90, 0, 0], [50, 0, 0]]))
    pairs, angles, _ = boundary_misorientations(QUARTERS, orientations)
    assert np.rad2deg(angles) == pytest.approx([30, 0, 20, 40], abs=1e-6)
    assert pairs.tolist() == [[1, 2], [1, 3], [2, 4], [3, 4]]
    _, angles, _ = boundary_misorientations(QUARTERS, orientations, ["cubic", "hexagonal", "cubic", "hexagonal"])
    assert np.rad2deg(angles) == pytest.approx([np.nan, 0, 20, np.nan], abs=1e-6, nan_ok=True)
    with pytest.raises(InputError, match="no orientation"):
        boundary_misorientations(QUARTERS, orientations[:3])
    with pytest.raises(InputError, match="symmetries"):
        boundary_misorientations(QUARTERS, orientations, ["cubic"])
