"""Laue groups: their names in files, their rotations, what follows from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shapelab.crystals import CrystalPhase, EbsdMap, find_grains, grain_orientations, ipf_colours, misorientation
from shapelab.crystals.ebsd.scan import to_standard_frame
from shapelab.crystals.laue import SYMMETRIES, laue_symmetry, of_space_group
from shapelab.crystals.orientation import colours_by_symmetry, from_euler, symmetry_operations, to_euler
from shapelab.crystals.sampling import random_orientations

ORDERS = {
    "cubic": 24,
    "cubic low": 12,
    "hexagonal": 12,
    "hexagonal low": 6,
    "tetragonal": 8,
    "tetragonal low": 4,
    "trigonal": 6,
    "trigonal low": 3,
    "orthorhombic": 4,
    "monoclinic": 2,
    "monoclinic c": 2,
    "monoclinic a": 2,
    "triclinic": 1,
}

LARGEST = {
    "cubic": 62.7994,
    "cubic low": 90.0,
    "hexagonal": 93.8411,
    "tetragonal": 98.4211,
    "trigonal": 104.4775,
    "orthorhombic": 120.0,
    "hexagonal low": 180.0,
    "monoclinic": 180.0,
    "triclinic": 180.0,
}
"""Largest disorientation of each group [degrees]: Grimmer, Acta Cryst. A36 (1980) 382."""


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_the_rotations_are_a_group_and_change_nothing(symmetry: str) -> None:
    operations = Rotation.from_quat(symmetry_operations(symmetry))
    assert len(operations) == ORDERS[symmetry]
    quaternions = operations.as_quat()
    for product in (operations * one for one in operations):
        overlap = np.abs(product.as_quat() @ quaternions.T)
        np.testing.assert_array_equal(np.sort(overlap.argmax(1)), np.arange(len(operations)))
        np.testing.assert_allclose(overlap.max(1), 1, atol=1e-12)
    rng = np.random.default_rng(0)
    a, b = random_orientations(rng, 40), random_orientations(rng, 40)
    expected = misorientation(a, b, symmetry)
    np.testing.assert_allclose(misorientation(b, a, symmetry), expected, atol=1e-7)
    for one in operations:
        turned = (Rotation.from_quat(b) * one).as_quat()
        np.testing.assert_allclose(misorientation(a, turned, symmetry), expected, atol=1e-7)
        np.testing.assert_allclose(ipf_colours(turned, symmetry=symmetry), ipf_colours(b, symmetry=symmetry), atol=1e-6)


@pytest.mark.parametrize(("symmetry", "largest"), LARGEST.items())
def test_the_largest_disorientation_of_each_group(symmetry: str, largest: float) -> None:
    """The largest angle is reached on the way from the farthest of many random rotations, uphill."""
    rng = np.random.default_rng(0)
    identity = np.array([[0.0, 0, 0, 1]])
    tried = random_orientations(rng, 4000)
    for width in (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003):
        best = tried[np.argsort(misorientation(tried, identity, symmetry))[-20:]]
        near = Rotation.from_rotvec(rng.normal(0, width, (200, 3))).as_quat()
        tried = np.concatenate([best, *((Rotation.from_quat(near) * Rotation.from_quat(one)).as_quat() for one in best)])
    found = np.rad2deg(misorientation(tried, identity, symmetry).max())
    assert largest - 0.1 < found <= largest + 1e-4


def test_names_in_files() -> None:
    said = {
        "cubic": ["Cubic m-3m", "m-3m", 43, 11, "m3m", "Oh", "Cubic (Oh) m3m", "Cubic", "432", "F m#ovl3m", "Fm-3m", "m3\u0305m", "-43m"],
        "cubic low": ["m-3", 23, 10, "Th", "Cubic (Th) m3", "Ia-3", "Cubic low"],
        "hexagonal": ["6/mmm", "Hexagonal (D6h)", 62, 9, "Hexagonal 6/mmm", "D6h", "P63/mmc", "P 6_3/m m c", "6/m m m", "622"],
        "hexagonal low": ["6/m", 8, "C6h", "-6", "Hexagonal (C6h) 6/m"],
        "trigonal": ["-3m", 32, 7, "Trigonal (D3d) -3m", "R-3c", "P3121", "-3m1", "Rhombohedral"],
        "trigonal low": ["-3", "R-3", "Trigonal (C3i)"],
        "tetragonal": ["4/mmm", 42, 5, "I4/mmm", "I41/amd", "P42/mnm", "Tetragonal (D4h) 4/mmm"],
        "tetragonal low": ["4/m", "I41/a", "C4h"],
        "orthorhombic": ["mmm", 22, "Pnma", "Orthorhombic (D2h) mmm", "222"],
        "monoclinic": ["2/m", 20, "C2/c", "P21/c", "Monoclinic (C2h) 2/m"],
        "triclinic": ["-1", 1, "P-1", "Triclinic (Ci) -1"],
    }
    for symmetry, names in said.items():
        for name in names:
            assert laue_symmetry(name) == symmetry, name
    for nonsense in ("quasi", "", "0", 99, "Cubic 6/mmm", "-7", "7/m", "None", "Hexagonal (Oh)"):
        assert laue_symmetry(nonsense) is None, nonsense
    numbers = [laue_symmetry(i, oxford=True) for i in range(1, 12)]
    assert [ORDERS[str(symmetry)] for symmetry in numbers] == [1, 2, 4, 4, 8, 3, 6, 6, 12, 12, 24]
    for number, symmetry in ((1, "triclinic"), (14, "monoclinic"), (62, "orthorhombic"), (88, "tetragonal low"), (139, "tetragonal")):
        assert of_space_group(number) == symmetry
    for number, symmetry in ((148, "trigonal low"), (167, "trigonal"), (176, "hexagonal low"), (194, "hexagonal"), (225, "cubic")):
        assert of_space_group(number) == symmetry
    assert of_space_group(0) is None
    assert of_space_group(231) is None


def test_euler_angles_there_and_back() -> None:
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, [2 * np.pi, np.pi, 2 * np.pi], (200, 3))
    np.testing.assert_allclose(to_euler(from_euler(angles)), angles, atol=1e-7)
    poles = np.array([[0.5, 0.0, 0.25], [0.5, np.pi, 0.25]])
    back = from_euler(to_euler(from_euler(poles)))
    np.testing.assert_allclose(np.abs((back * from_euler(poles)).sum(1)), 1, atol=1e-12)


def test_a_trigonal_crystal_of_oxford_has_its_two_fold_axes_along_y() -> None:
    """Oxford's x axis is a*: the two-fold axes (a) lie along y, and 60 degrees about z is another crystal."""
    oxford = CrystalPhase("Quartz", "trigonal", "a*")
    a = random_orientations(np.random.default_rng(1), 50)
    standard = to_standard_frame(a, oxford)
    np.testing.assert_allclose(np.abs((to_standard_frame(standard, oxford, back=True) * a).sum(1)), 1, atol=1e-12)
    for axis, equal in (("y", True), ("x", False)):
        turned = (Rotation.from_quat(a) * Rotation.from_euler(axis, 180, degrees=True)).as_quat()
        angle = np.rad2deg(misorientation(to_standard_frame(turned, oxford), standard, "trigonal"))
        np.testing.assert_allclose(angle, 0 if equal else 60, atol=1e-4)


def two_phases() -> tuple[EbsdMap, np.ndarray]:
    """Return a hexagonal and a cubic grain of one orientation, each with pixels in equivalent variants."""
    rng = np.random.default_rng(2)
    number = np.where(np.arange(12) < 6, 1, 2) * np.ones((8, 1), int)
    turned = np.zeros((8, 12, 4))
    for k, symmetry in ((1, "hexagonal"), (2, "cubic")):
        operations = symmetry_operations(symmetry)
        here = number == k
        some = Rotation.from_quat(operations[rng.integers(len(operations), size=here.sum())])
        turned[here] = (Rotation.from_euler("ZXZ", [0.3, 0.5, 0.7]) * some).as_quat()
    phases = {1: CrystalPhase("Mg", "hexagonal"), 2: CrystalPhase("Fe", "cubic")}
    return EbsdMap(turned, number, (0.5, 0.5), "hexagonal", (), phases), number


def test_each_phase_is_segmented_and_coloured_by_its_own_symmetry() -> None:
    scan, number = two_phases()
    grains = find_grains(scan, 5)
    np.testing.assert_array_equal(grains.labels, number)
    np.testing.assert_array_equal(grains.phase, [1, 2])
    assert grains.symmetries() == ["hexagonal", "cubic"]
    truth = np.tile(Rotation.from_euler("ZXZ", [0.3, 0.5, 0.7]).as_quat(), (2, 1))
    for mean, symmetry in zip(grain_orientations(scan, grains.labels), grains.symmetries(), strict=True):
        assert misorientation(mean, truth[0], symmetry) < 1e-6
    np.testing.assert_allclose(grains.colours(), colours_by_symmetry(truth, ["hexagonal", "cubic"]), atol=1e-6)
    np.testing.assert_allclose(scan.colours()[2, 3], grains.colours()[0], atol=1e-6)
    np.testing.assert_allclose(scan.colours()[2, 9], grains.colours()[1], atol=1e-6)
    table = grains.table()
    assert table["phase_name"].tolist() == ["Mg", "Fe"]
    assert table["area (µm²)"].tolist() == [12.0, 12.0]


def test_grains_never_join_across_phases() -> None:
    scan, number = two_phases()
    number[:] = 1
    number[3:5, 3:5] = 2  # an inclusion that is smaller than the limit
    number[0, 0] = 0
    scan.orientations[:] = (0.0, 0, 0, 1)
    grains = find_grains(scan, 5)
    assert (grains.labels[3:5, 3:5] == 0).all()
    assert grains.labels[0, 0] == 1
    assert any("beside another phase" in note for note in grains.notes)
    assert any("1 pixels that were not indexed went to their nearest grain" in note for note in grains.notes)
    empty = find_grains(scan, 5, fill=False)
    assert empty.labels[0, 0] == 0
    assert any("are background" in note for note in empty.notes)
    small = find_grains(scan, 5, min_pixels=1)
    assert len(np.unique(small.labels[3:5, 3:5])) == 1
    assert small.labels[3, 3] != small.labels[0, 1]


def test_what_was_not_measured_stays_background() -> None:
    scan, _ = two_phases()
    measured = np.ones(scan.phase.shape, bool)
    measured[:, :2] = False
    scan.phase[:, :2] = 0
    grains = find_grains(EbsdMap(scan.orientations, scan.phase, scan.spacing, "hexagonal", (), scan.phases, measured))
    assert (grains.labels[:, :2] == 0).all()
    assert (grains.labels[:, 2:] > 0).all()
