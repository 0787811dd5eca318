"""Grain tables as programs write them, the table that is saved, and damaged files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from damaged_ebsd import try_damaged

from shapelab.crystals import fit_diagram, misorientation, read_grain_table
from shapelab.crystals.report import grain_report
from shapelab.crystals.sampling import random_orientations
from shapelab.crystals.saved_table import saved_table, write_saved_table
from shapelab.errors import InputError

ROWS = [(1.5, 2.25, 6.0, 2.0, 0.3, 37.7), (20.0, 6.5, 4.0, 3.0, 2.9, 37.7), (5.0, 15.0, 5.0, 5.0, 1.0, 78.5)]
NAMES = ("x", "y", "a", "b", "theta", "area")


def table(separator: str, comma: bool = False, names: tuple[str, ...] = NAMES) -> str:
    rows = [separator.join(f"{value:g}" for value in row) for row in ROWS]
    return "\n".join([separator.join(names), *(row.replace(".", ",") if comma else row for row in rows)]) + "\n"


WITH_UNITS = ("x (µm)", "y (µm)", "a [µm]", "b [µm]", "theta (rad)", "area (µm²)")
VARIANTS = {
    "semicolons, decimal commas": table(";", comma=True).encode(),
    "tabs, decimal commas": table("\t", comma=True).encode(),
    "blanks, decimal commas": table("   ", comma=True).encode(),
    "commas": table(",").encode(),
    "quoted names": table(";", names=tuple(f'"{name}"' for name in NAMES)).encode(),
    "quoted values": ("x,y,a,b,theta,area\n" + "\n".join(",".join(f'"{v:g}"'.replace(".", ",") for v in row) for row in ROWS)).encode(),
    "units in the names": table(";", names=WITH_UNITS).encode(),
    "units in the names, tabs": table("\t", names=WITH_UNITS).encode("latin-1"),
    "UTF-16": table(";", comma=True, names=WITH_UNITS).encode("utf-16"),
    "UTF-8 with its mark": table(",").encode("utf-8-sig"),
    "Windows line ends": table("\t").replace("\n", "\r\n").encode(),
    "comments before and between": b"# made by hand\n# 2026, Z\xc3\xbcrich; x y\n\n" + table(" ").replace("\n5 ", "\n# next\n5 ").encode(),
    "names behind a hash": b"# " + table(" ").encode(),
    "a separator at the end": table(";").replace("\n", ";\n").replace("area;", "area").encode(),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("packed", [False, True])
def test_tables_in_every_dress_are_the_same(tmp_path: Path, variant: str, packed: bool) -> None:
    file = tmp_path / ("grains.txt.gz" if packed else "grains.txt")
    file.write_bytes(gzip.compress(VARIANTS[variant]) if packed else VARIANTS[variant])
    found, right = read_grain_table(file), np.array(ROWS)
    np.testing.assert_allclose(found.centroids, right[:, 1::-1])
    np.testing.assert_allclose(found.semi_axes, right[:, 2:4])
    np.testing.assert_allclose(found.angles, right[:, 4])
    np.testing.assert_allclose(found.areas, right[:, 5])
    assert found.notes == ()


def test_the_unit_of_the_angle_is_believed(tmp_path: Path) -> None:
    file = tmp_path / "grains.csv"
    file.write_text("x,y,a,b,theta (deg)\n1,2,3,2,3\n5,6,3,2,5\n", encoding="utf-8")
    np.testing.assert_allclose(read_grain_table(file).angles, np.deg2rad([3, 5]))


def test_columns_in_different_units_are_converted_and_said(tmp_path: Path) -> None:
    file = tmp_path / "grains.csv"
    right = np.array(ROWS)

    def read(*names: str, factors: tuple[float, ...] = (1,) * 6):
        rows = [",".join(f"{v:.9g}" for v in row) for row in right * factors]
        file.write_text("\n".join([",".join(names), *rows]), encoding="utf-8")
        return read_grain_table(file)

    found = read("x (µm)", "y (mm)", "a (nm)", "b [µm]", "theta (deg)", "area (mm^2)", factors=(1, 1e-3, 1e3, 1, 180 / np.pi, 1e-6))
    np.testing.assert_allclose(found.centroids, right[:, 1::-1])
    np.testing.assert_allclose(found.semi_axes, right[:, 2:4])
    np.testing.assert_allclose(found.angles, right[:, 4])
    np.testing.assert_allclose(found.areas, right[:, 5], rtol=1e-6)
    assert [note.split(":")[0] for note in found.notes] == [
        f"The column {key} was converted from {unit}, the unit of x."
        for key, unit in (("y", "mm to µm"), ("a", "nm to µm"), ("area", "mm² to µm²"))
    ]
    for names in (("x", "y", "a", "b", "theta", "area"), ("x (col)", "y (row)", "a (µm)", "b", "theta (rad)", "area (sq. um)")):
        assert read(*names).notes == ()
    with pytest.raises(InputError, match="x in pixels and a in µm, which cannot be converted"):
        read("x (px)", "y (px)", "a (µm)", "b (µm)", "theta", "area (µm²)")


def test_euler_angles_in_different_units(tmp_path: Path) -> None:
    file = tmp_path / "grains.csv"

    def read(names: str, row: str):
        file.write_text(f"x,y,a,b,theta,{names}\n1,2,3,2,0,{row}\n", encoding="utf-8")
        return read_grain_table(file).orientations

    right = read("phi1 (deg),Phi (deg),phi2 (deg)", "90,45,30")
    for names, row in (
        ("phi1 (deg),Phi (rad),phi2", f"90,{np.pi / 4},30"),
        ("phi1,Phi (rad),phi2 (deg)", f"90,{np.pi / 4},30"),
        ("phi1,Phi,phi2 (rad)", f"{np.pi / 2},{np.pi / 4},{np.pi / 6}"),
        ("phi1,Phi,phi2", "90,45,30"),
    ):
        assert misorientation(read(names, row), right) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "one row per grain"),
        (b"x;y;a;b;theta\n", "one row per grain"),
        (b"x;y;a;b;theta\n1;2;3;1e300;0\n", "which is not of a grain"),
        (b"x;y;z;a;b;c\n1;2;3;4;5;6\n", "3-D"),
        (b"x,y,a,b,theta\n1,5,2,3,2,0\n", "row 1 has 6 values"),
        (b"\x00\x01\x02\n\x03\n", "lacks the columns"),
    ],
)
def test_what_is_no_table_of_grains_is_refused(tmp_path: Path, raw: bytes, sentence: str) -> None:
    (tmp_path / "grains.csv").write_bytes(raw)
    with pytest.raises(InputError, match=sentence):
        read_grain_table(tmp_path / "grains.csv")
    (tmp_path / "grains.csv.gz").write_bytes(gzip.compress(raw)[:-5])
    with pytest.raises(InputError, match=r"cannot be unpacked"):
        read_grain_table(tmp_path / "grains.csv.gz")


def test_the_saved_table_reads_back(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:40, :60]
    labels = 1 + (columns // 15) + 4 * (rows // 20)
    fit = fit_diagram(labels, method="moments", spacing=(0.5, 0.25))
    orientations = random_orientations(np.random.default_rng(0), 8)
    phases = [1, 1, 2, 2, 1, 1, 2, 2]
    saved = saved_table(grain_report(labels, fit), fit.moments, "um", orientations, phases)
    assert {"x (µm)", "y (µm)", "a (µm)", "b (µm)", "theta (rad)", "area (µm²)", "phase", "phi1 (deg)", "volume_error"} <= set(saved)
    write_saved_table(tmp_path / "grains.csv", saved)
    found = read_grain_table(tmp_path / "grains.csv")
    assert found.ids is not None
    assert found.phases is not None
    assert found.orientations is not None
    order = np.argsort(found.ids)
    np.testing.assert_array_equal(found.ids[order], np.arange(1, 9))
    np.testing.assert_array_equal(found.phases[order], phases)
    np.testing.assert_allclose(misorientation(found.orientations[order], orientations, "triclinic"), 0, atol=1e-6)
    np.testing.assert_allclose(found.centroids[order], fit.moments.centroids, atol=1e-9)
    np.testing.assert_allclose(found.areas[order], fit.moments.volumes, rtol=1e-9)
    covariances = found.moments().covariances[order]
    np.testing.assert_allclose(covariances, fit.moments.covariances, rtol=1e-6, atol=1e-9)
    assert found.notes == ()


def test_the_saved_table_of_a_solid(tmp_path: Path) -> None:
    labels = np.ones((6, 8, 10), int)
    labels[:, :, 5:] = 2
    fit = fit_diagram(labels, method="moments")
    saved = saved_table(grain_report(labels, fit), fit.moments)
    assert {"z (pixel)", "c (pixel)", "axis_z", "volume (pixel³)"} <= set(saved)
    np.testing.assert_allclose(saved["volume (pixel³)"], 240)
    write_saved_table(tmp_path / "grains.csv", saved)
    with pytest.raises(InputError, match="3-D"):
        read_grain_table(tmp_path / "grains.csv")
    with pytest.raises(InputError, match="does not exist: make it first"):
        write_saved_table(tmp_path / "no" / "grains.csv", saved)


def test_damaged_files_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    found = try_damaged(tmp_path, 304, seed=1, text_only=True)
    assert sum(found.values()) == 304
    assert sum(count for kind, count in found.items() if kind.endswith("refused")) > 80
