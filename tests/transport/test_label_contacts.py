"""Contacts and junctions of label images, against closed forms and the solver's own contacts."""

import numpy as np
import pytest

from shapelab.measure.cells import label_contacts, label_junctions
from shapelab.transport import solve_cells


def test_contact_of_a_disk_with_the_background_is_its_perimeter():
    y, x = np.mgrid[:120, :120]
    disk = ((y - 60.2) ** 2 + (x - 59.7) ** 2 < 40**2).astype(int)
    pairs, areas = label_contacts(disk, 0.5)
    np.testing.assert_array_equal(pairs, [[0, 1]])
    assert areas[0] == pytest.approx(2 * np.pi * 20, rel=0.02)


def test_periodic_contacts_close_up():
    stripes = np.repeat([[1, 2]], 20, axis=0).repeat(10, axis=1)
    open_areas = label_contacts(stripes)[1]
    closed_areas = label_contacts(stripes, periodic=True)[1]
    assert closed_areas[0] == pytest.approx(2 * open_areas[0], rel=0.1)


def test_labels_and_solver_agree_on_contacts():
    rng = np.random.default_rng(0)
    solution = solve_cells(rng.random((12, 3)), np.full(12, 0.8 / 12), (48, 48, 48), 1 / 48)
    pairs, areas = label_contacts(solution.labels, 1 / 48)
    counted = dict(zip(map(tuple, pairs.tolist()), areas, strict=True))
    m = solution.moments
    keys = [(0, int(i) + 1) if j == 12 else (int(i) + 1, int(j) + 1) for i, j in m.pairs]
    theirs = np.array([counted.get(key, 0.0) for key in keys])
    assert theirs.sum() == pytest.approx(m.areas.sum(), rel=0.1)
    assert np.corrcoef(theirs, m.areas)[0, 1] > 0.99


def test_junctions_of_three_stripes():
    image = np.ones((20, 20), int)
    image[:, 10:] = 2
    image[10:, :] = 3
    points, counts = label_junctions(image, 0.5)
    np.testing.assert_allclose(points, [[5.0, 5.0]])
    np.testing.assert_array_equal(counts, [3])
