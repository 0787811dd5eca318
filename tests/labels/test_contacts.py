"""Contacts of label images, against closed forms and the solver's own contacts."""

import numpy as np
import pytest

from shapelab.labels.contacts import contact_pairs, face_pairs
from shapelab.transport import solve_cells


def test_contact_of_a_disk_with_the_background_is_its_perimeter():
    y, x = np.mgrid[:120, :120]
    disk = ((y - 60.2) ** 2 + (x - 59.7) ** 2 < 40**2).astype(int)
    pairs, areas = contact_pairs(disk, (0.5, 0.5))
    np.testing.assert_array_equal(pairs, [[0, 1]])
    assert areas[0] == pytest.approx(2 * np.pi * 20, rel=0.02)


def test_periodic_contacts_close_up():
    stripes = np.repeat([[1, 2]], 20, axis=0).repeat(10, axis=1)
    open_areas = contact_pairs(stripes, (1.0, 1.0))[1]
    closed_areas = contact_pairs(stripes, (1.0, 1.0), periodic=True)[1]
    assert closed_areas[0] == pytest.approx(2 * open_areas[0], rel=0.1)


def test_labels_and_solver_agree_on_contacts():
    rng = np.random.default_rng(0)
    solution = solve_cells(rng.random((12, 3)), np.full(12, 0.8 / 12), (48, 48, 48), 1 / 48)
    pairs, areas = contact_pairs(solution.labels, (1 / 48,) * 3)
    counted = dict(zip(map(tuple, pairs.tolist()), areas, strict=True))
    m = solution.moments
    keys = [(0, int(i) + 1) if j == 12 else (int(i) + 1, int(j) + 1) for i, j in m.pairs]
    theirs = np.array([counted.get(key, 0.0) for key in keys])
    assert theirs.sum() == pytest.approx(m.areas.sum(), rel=0.1)
    assert np.corrcoef(theirs, m.areas)[0, 1] > 0.99


def test_voxels_that_are_not_cubes_and_labels_without_gaps_or_with_many():
    """A flat wall across the image, in boxes that are stretched; and so many labels that pairs are found by sorting."""
    wall = np.repeat([[0, 1]], 30, axis=0).repeat(10, axis=1)
    for spacing in ((1.0, 1.0), (1.0, 2.0), (0.5, 1.5)):
        pairs, areas = contact_pairs(wall, spacing, periodic=True)
        np.testing.assert_array_equal(pairs, [[0, 1]])
        assert areas[0] == pytest.approx(2 * 30 * spacing[0], rel=0.2)
    many = np.arange(50 * 50).reshape(50, 50)
    pairs, areas = contact_pairs(many, (1.0, 1.0))
    faces = face_pairs(many)
    assert len(faces) == 2 * 50 * 49
    assert len(pairs) == len(faces) + 2 * 49 * 49
    np.testing.assert_allclose(areas[np.isin(pairs @ [2500, 1], faces @ [2500, 1])], areas.max())
