"""Grain tables and EBSD maps: read, checked, and what was assumed is said."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shapelab.crystals import (
    EbsdMap,
    grain_orientations,
    ipf_colours,
    misorientation,
    read_ebsd,
    read_grain_table,
    segment_grains,
)
from shapelab.crystals.laue import SYMMETRIES
from shapelab.crystals.orientation import from_euler, symmetry_operations
from shapelab.crystals.sampling import random_orientations
from shapelab.errors import InputError, ParameterError

ROWS = np.array([[10.0, 5.0, 6.0, 2.0, 0.3, np.pi * 12], [20.0, 6.0, 4.0, 3.0, 3.0, np.pi * 12], [5.0, 15.0, 5.0, 5.0, 1.0, np.pi * 25]])


def write_table(path: Path, rows: np.ndarray, header: str = "# X_1 X_2 a b theta areas") -> Path:
    path.write_text(header + "\n" + "\n".join(" ".join(f"{v:.12g}" for v in row) for row in rows) + "\n")
    return path


def test_a_table_is_read_in_image_order(tmp_path: Path) -> None:
    table = read_grain_table(write_table(tmp_path / "grains.txt", ROWS))
    np.testing.assert_allclose(table.centroids, ROWS[:, 1::-1])
    np.testing.assert_allclose(table.semi_axes, ROWS[:, 2:4])
    assert table.notes == ()
    population = table.population()
    np.testing.assert_allclose(population.aspect_ratios, [3, 4 / 3, 1])
    np.testing.assert_allclose(population.angles[:2], [0.3, 3.0], atol=1e-9)


def test_a_table_with_commas_and_colours(tmp_path: Path) -> None:
    path = tmp_path / "grains.csv"
    path.write_text("x,y,a,b,theta,r,g,blue\n1,2,3,2,0.1,0.2,0.3,0.4\n4,5,3,2,0.1,1,0,0\n")
    table = read_grain_table(path)
    np.testing.assert_allclose(table.colours, [[0.2, 0.3, 0.4], [1, 0, 0]])
    np.testing.assert_allclose(table.areas, 6 * np.pi)
    assert any("no column of areas" in note for note in table.notes)


def test_a_compressed_table_is_the_same(tmp_path: Path) -> None:
    plain = write_table(tmp_path / "grains.txt", ROWS)
    (tmp_path / "grains.txt.gz").write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(read_grain_table(tmp_path / "grains.txt.gz").areas, read_grain_table(plain).areas)


def test_degrees_full_axes_and_exchanged_axes_are_detected_and_said(tmp_path: Path) -> None:
    rows = ROWS.copy()
    rows[:, 4] = np.rad2deg(rows[:, 4])
    rows[:, 2:4] *= 2
    rows[0, 2:4] = rows[0, 3:1:-1]
    table = read_grain_table(write_table(tmp_path / "grains.txt", rows))
    assert any("degrees" in note for note in table.notes)
    assert any("full axes" in note for note in table.notes)
    assert any("exchanged" in note for note in table.notes)
    np.testing.assert_allclose(table.semi_axes, ROWS[:, 2:4])
    np.testing.assert_allclose(table.angles, ROWS[:, 4] + [np.pi / 2, 0, 0])


@pytest.mark.parametrize("normalised", [False, True])
def test_an_isolated_ellipse_of_a_table_is_its_cell(tmp_path: Path, normalised: bool) -> None:
    table = read_grain_table(write_table(tmp_path / "grains.txt", ROWS))
    diagram = table.diagram(normalised=normalised)
    moments = table.moments()
    for i, (centre, matrix) in enumerate(zip(moments.centroids, moments.anisotropies, strict=True)):
        border = centre + np.linalg.inv(np.linalg.cholesky(matrix)).T @ np.array([0.6, 0.8])
        local = (border - diagram.centres[i]) / diagram.radii[i]
        powers = np.array([[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]])
        assert (np.prod(local**powers, 1) * diagram.coefficients[i]).sum() == pytest.approx(0, abs=1e-9)


def test_areas_that_do_not_fill_the_domain_are_said(tmp_path: Path) -> None:
    table = read_grain_table(write_table(tmp_path / "grains.txt", ROWS))
    total = table.areas.sum()
    assert table.coverage(total) == (1.0, "The areas fill the domain.")
    ratio, sentence = table.coverage(2 * total)
    assert ratio == pytest.approx(0.5)
    assert "50.0 %" in sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x y a theta\n1 2 3 4\n", "lacks the columns b"),
        ("x y a b theta\n1 2 3 x 0\n", "not a number in row 1"),
        ("x y a b theta\n1 2 3 -1 0\n", "must be positive"),
        ("x y a b theta\n1 2 3\n", "row 1 has 3 values"),
        ("x y a b theta\n", "one row per grain"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "grains.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_grain_table(path)


@pytest.mark.parametrize(("symmetry", "order"), [("cubic", 24), ("hexagonal", 12), ("orthorhombic", 4), ("triclinic", 1), ("trigonal", 6)])
def test_symmetries(symmetry: str, order: int) -> None:
    operations = symmetry_operations(symmetry)
    assert len(operations) == order
    rng = np.random.default_rng(0)
    a = random_orientations(rng, 30)
    for operation in operations:
        b = (Rotation.from_quat(a) * Rotation.from_quat(operation)).as_quat()
        np.testing.assert_allclose(misorientation(a, b, symmetry), 0, atol=1e-6)
        np.testing.assert_allclose(ipf_colours(a, symmetry=symmetry), ipf_colours(b, symmetry=symmetry), atol=1e-6)


def test_misorientation_of_known_rotations() -> None:
    identity = np.array([[0.0, 0, 0, 1]])
    for degrees, expected in ((10, 10), (80, 10), (90, 0), (45, 45)):
        turned = from_euler(np.array([[degrees, 0.0, 0.0]]), degrees=True)
        assert np.rad2deg(misorientation(identity, turned))[0] == pytest.approx(expected, abs=1e-5)
    twin = Rotation.from_rotvec(np.deg2rad(60) * np.ones(3) / np.sqrt(3)).as_quat()[None]
    assert np.rad2deg(misorientation(identity, twin))[0] == pytest.approx(60, abs=1e-6)
    largest = misorientation(random_orientations(np.random.default_rng(0), 3000), identity)
    assert np.rad2deg(largest.max()) < 62.8


def test_colours_of_the_corners_of_the_cubic_triangle() -> None:
    corners = np.array([[0.0, 0, 1], [1, 0, 1], [1, 1, 1]])
    rotations = [Rotation.align_vectors([[0, 0, 1]], [corner])[0].as_quat() for corner in corners]
    np.testing.assert_allclose(ipf_colours(np.array(rotations)), np.eye(3), atol=1e-6)


def scan(threshold_twist: float = 20.0) -> EbsdMap:
    """Return a map of two grains of 12 x 10 pixels with noise below a degree, and one unindexed pixel."""
    rng = np.random.default_rng(0)
    euler = np.zeros((12, 20, 3)) + np.array([10.0, 20.0, 30.0])
    euler[:, 10:, 0] += threshold_twist
    euler += rng.uniform(-0.3, 0.3, euler.shape)
    phase = np.ones((12, 20), int)
    phase[3, 4] = 0
    return EbsdMap(from_euler(euler, degrees=True), phase, (0.5, 0.5))


def test_grains_are_separated_by_misorientation_and_symmetry() -> None:
    labels = segment_grains(scan(), 5.0)
    np.testing.assert_array_equal(labels, np.where(np.arange(20) < 10, 1, 2) * np.ones((12, 1), int))
    assert segment_grains(scan(), 5.0, fill=False)[3, 4] == 0
    assert segment_grains(scan(), 30.0).max() == 1
    variant = scan(20.0)
    turned = Rotation.from_quat(variant.orientations[:, 10:].reshape(-1, 4)) * Rotation.from_euler("z", 90, degrees=True)
    variant.orientations[:, 10:] = turned.as_quat().reshape(12, 10, 4)
    np.testing.assert_array_equal(segment_grains(variant, 5.0), labels)
    mean = grain_orientations(variant, labels)
    assert np.rad2deg(misorientation(mean[0], from_euler(np.array([10.0, 20, 30]), degrees=True))) < 0.5
    assert np.rad2deg(misorientation(mean[1], from_euler(np.array([30.0, 20, 30]), degrees=True))) < 0.5


def test_segmentation_refuses_with_a_sentence() -> None:
    with pytest.raises(ParameterError, match="threshold"):
        segment_grains(scan(), 0.0)
    with pytest.raises(InputError, match="No grain"):
        segment_grains(scan(), 5.0, min_pixels=10**6)
    with pytest.raises(InputError, match="must be equal"):
        grain_orientations(scan(), np.ones((3, 3), int))
    with pytest.raises(InputError, match="not known"):
        symmetry_operations("quasi")
    assert "cubic" in SYMMETRIES


EULER = np.random.default_rng(1).uniform(0, 1.5, (6, 3))


def test_npz_and_ctf_and_ang_and_hdf5_hold_the_same_map(tmp_path: Path) -> None:
    phase = np.array([1, 1, 0, 1, 2, 1])
    np.savez(tmp_path / "a.npz", euler=EULER.reshape(2, 3, 3), phase=phase.reshape(2, 3), step_um=np.array([0.2, 0.1]))
    header = "Channel Text File\nXCells\t3\nYCells\t2\nXStep\t0.1\nYStep\t0.2\nPhases\t1\n3;3;3\t90;90;90\tNickel\t11\t225\n"
    names = "Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS\n"
    lines = [
        f"{p}\t{i % 3}\t{i // 3}\t8\t0\t" + "\t".join(f"{v:.10g}" for v in np.rad2deg(e)) + "\t1\t90\t80"
        for i, (p, e) in enumerate(zip(phase, EULER, strict=True))
    ]
    (tmp_path / "a.ctf").write_text(header + names + "\n".join(lines) + "\n")
    ang = "# Symmetry              43\n# GRID: SqrGrid\n# XSTEP: 0.1\n# YSTEP: 0.2\n# NCOLS_ODD: 3\n# NCOLS_EVEN: 3\n# NROWS: 2\n"
    rows = [
        " ".join(f"{v:.10g}" for v in e) + f" {i % 3 * 0.1} {i // 3 * 0.2} 50 {-1 if p == 0 else 0.9} {p}"
        for i, (p, e) in enumerate(zip(phase, EULER, strict=True))
    ]
    (tmp_path / "a.ang").write_text(ang + "\n".join(rows) + "\n")
    with h5py.File(tmp_path / "a.h5oina", "w") as file:
        file["1/EBSD/Data/Euler"], file["1/EBSD/Data/Phase"] = EULER, phase
        for name, value in (("X Cells", 3), ("Y Cells", 2), ("X Step", 0.1), ("Y Step", 0.2), ("Phases/1/Laue Group", 11)):
            file[f"1/EBSD/Header/{name}"] = np.array([value])
    maps = [read_ebsd(tmp_path / f"a.{kind}") for kind in ("npz", "ctf", "ang", "h5oina")]
    for found in maps:
        assert found.spacing == pytest.approx((0.2, 0.1))
        assert found.symmetry == "cubic"
        np.testing.assert_array_equal(found.phase, phase.reshape(2, 3))
        np.testing.assert_allclose(found.orientations, from_euler(EULER).reshape(2, 3, 4), atol=1e-7)


VENDORS = {
    "edax": (
        "scan/EBSD/Data",
        ("Phi1", "Phi", "Phi2"),
        "Phase",
        {"nRows": 2, "nColumns": 3, "Step Y": 0.2, "Step X": 0.1, "Phase/1/Symmetry": 62},
    ),
    "bruker": ("scan/EBSD/Data", ("phi1", "PHI", "phi2"), "Phase", {"NROWS": 2, "NCOLS": 3, "YSTEP": 0.2, "XSTEP": 0.1}),
    "orix": ("crystal_map/data", ("phi1", "Phi", "phi2"), "phase_id", {"ny": 2, "nx": 3, "y_step": 0.2, "x_step": 0.1}),
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_hdf5_maps_of_other_programs(tmp_path: Path, vendor: str) -> None:
    place, names, phase_name, header = VENDORS[vendor]
    phase = np.array([1, 1, 0, 1, 2, 1])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in zip(names, EULER.T, strict=True):
            file[f"{place}/{name}"] = np.rad2deg(values) if vendor == "bruker" else values
        file[f"{place}/{phase_name}"] = phase - 1 if vendor == "orix" else phase
        for name, value in header.items():
            file[f"{place.rpartition('/')[0]}/header/{name}"] = value
    found = read_ebsd(tmp_path / "a.h5")
    assert found.spacing == pytest.approx((0.2, 0.1))
    np.testing.assert_array_equal(found.phase, phase.reshape(2, 3))
    np.testing.assert_allclose(found.orientations, from_euler(EULER).reshape(2, 3, 4), atol=1e-7)
    assert found.symmetry == ("hexagonal" if vendor == "edax" else "cubic")
    assert any("degrees" in note for note in found.notes) == (vendor == "bruker")
    assert any("cubic was assumed" in note for note in found.notes) == (vendor != "edax")


def test_hdf5_files_without_a_map_say_so(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "labels.h5", "w") as file:
        file["label"] = np.ones((4, 4), int)
    with pytest.raises(InputError, match="holds no EBSD map"):
        read_ebsd(tmp_path / "labels.h5")
    with h5py.File(tmp_path / "half.h5", "w") as file:
        for name in ("phi1", "Phi", "phi2"):
            file[f"scan/EBSD/Data/{name}"] = np.zeros(4)
    with pytest.raises(InputError, match="does not state rows, columns"):
        read_ebsd(tmp_path / "half.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(InputError, match="not an HDF5 file"):
        read_ebsd(tmp_path / "text.h5")


def test_a_hexagonal_grid_is_resampled_and_said(tmp_path: Path) -> None:
    lines = ["# GRID: HexGrid", "# XSTEP: 1.0", "# YSTEP: 0.866", "# NCOLS_ODD: 4", "# NCOLS_EVEN: 3", "# NROWS: 3"]
    for row in range(3):
        lines += [f"{0.1 * row} 0.2 0.3 {x + 0.5 * (row % 2)} {0.866 * row:.4f} 9 0.9 1" for x in range(4 - row % 2)]
    (tmp_path / "hex.ang").write_text("\n".join(lines) + "\n")
    found = read_ebsd(tmp_path / "hex.ang")
    assert found.phase.shape == (2, 4)
    assert "hexagonal" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.xyz", "", "not a supported EBSD map"),
        ("a.ctf", "hello\n", "not a .ctf map"),
        ("a.ang", "# nothing\n", "not an .ang map"),
        ("b.ctf", "XCells\t3\nYCells\t2\nXStep\t1\nYStep\t1\nPhase\tX\tY\tEuler1\tEuler2\tEuler3\n1\t0\t0\t1\t2\t3\n", "incomplete"),
    ],
)
def test_maps_that_cannot_be_read_are_refused_with_a_sentence(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_ebsd(tmp_path / name)
    with pytest.raises(InputError, match="There is no file"):
        read_ebsd(tmp_path / "missing.ang")
