"""Serial sections become one volume: grains continue from section to section, where the positions say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shapelab.cli import main
from shapelab.crystals import CrystalPhase, EbsdMap, find_grains, misorientation, stack_ebsd
from shapelab.crystals.orientation import from_euler
from shapelab.errors import InputError
from shapelab.io import read_image

ANGLES = np.deg2rad([[0, 0, 0], [20, 0, 0], [40, 0, 0], [60, 10, 0]])


def section(grains: np.ndarray, origin: tuple[float, float] = (0.0, 0.0), phases: dict[int, CrystalPhase] | None = None) -> EbsdMap:
    known = phases or {1: CrystalPhase("Ni", "cubic")}
    number = np.full(grains.shape, min(known))
    return EbsdMap(from_euler(ANGLES)[grains], number, (0.5, 0.5), "cubic", (), known, None, origin)


@pytest.fixture
def blocks() -> np.ndarray:
    """A volume of four grains, (z, y, x)."""
    z, y, x = np.mgrid[:6, :20, :24]
    return (x + z > 14) + 2 * (y > 10 + 0 * z)


def test_grains_of_a_stack_are_those_of_the_volume(blocks):
    scan = stack_ebsd([section(plane) for plane in blocks], 0.8)
    assert scan.spacing == (0.8, 0.5, 0.5)
    grains = find_grains(scan)
    assert len(grains.phase) == 4
    for grain in range(4):
        assert len(np.unique(grains.labels[blocks == grain])) == 1
    first = [grains.labels[blocks == grain][0] - 1 for grain in range(4)]
    np.testing.assert_allclose(misorientation(grains.orientations[first], from_euler(ANGLES)), 0, atol=1e-6)
    assert grains.table()["volume (µm³)"].sum() == pytest.approx(blocks.size * 0.2)
    table = grains.boundaries()
    assert table["misorientation (deg)"].min() == pytest.approx(20, abs=0.01)
    assert set(table.columns) >= {"grain_a", "grain_b", "area (µm²)", "phase_a"}
    assert grains.sample().place.spacing == (0.8, 0.5, 0.5)


def test_sections_lie_where_they_were_measured(blocks):
    moved = [section(plane[k : k + 15, 2 : 20 - k], (0.5 * k + 3, 1.0)) for k, plane in enumerate(blocks)]
    scan = stack_ebsd(moved, [1.0 + 0.4 * k for k in range(6)])
    assert scan.origin == (1.0, 3.0, 1.0)
    assert scan.measured is not None
    labels = find_grains(scan).labels
    assert (labels[~scan.measured] == 0).all()
    np.testing.assert_array_equal(labels > 0, scan.measured)
    for k in range(6):
        inside = scan.measured[k]
        ids = blocks[k][: inside.shape[0], 2 : 2 + inside.shape[1]][inside]
        assert all(len(np.unique(labels[k][inside][ids == grain])) == 1 for grain in np.unique(ids))


def test_phases_are_told_by_name_and_half_pixels_are_said(blocks):
    nickel, alumina = CrystalPhase("Ni", "cubic"), CrystalPhase("Al2O3", "trigonal")
    scans = [section(blocks[0], phases={1: nickel}), section(blocks[1], (0.1, 0.0), {1: alumina}), section(blocks[2], phases={7: nickel})]
    scan = stack_ebsd(scans, 1.0)
    assert [int(plane[0, 0]) for plane in scan.phase] == [1, 2, 1]
    assert [scan.phase_of(number).name for number in scan.numbers] == ["Ni", "Al2O3"]
    assert "0.2 of a pixel" in scan.notes[-1]


def test_refusals(blocks):
    one = section(blocks[0])
    for scans, positions, said in (
        ([one], 1.0, "at least two"),
        ([one, replace(one, spacing=(0.5, 0.6))], 1.0, "Section 1 has steps"),
        ([one, one, one], [0.0, 1.0, 3.0], "evenly"),
        ([one, one], [0.0], "2 sections and 1 positions"),
        ([one, one], -1.0, "evenly"),
    ):
        with pytest.raises(InputError, match=said):
            stack_ebsd(scans, positions)


def test_on_the_command_line(blocks, tmp_path, capsys):
    for k, plane in enumerate(blocks):
        euler = ANGLES[plane]
        np.savez(tmp_path / f"s{k}.npz", euler=euler, phase=np.ones(plane.shape, int), step_um=0.5)
    files = [str(tmp_path / f"s{k}.npz") for k in range(6)]
    outs = ["--out", str(tmp_path / "v.nii"), "--boundaries", str(tmp_path / "b.csv")]
    assert main(["segment", *files, "--section-distance", "0.8", *outs]) == 0
    assert "4 grains" in capsys.readouterr().out
    layer = read_image(tmp_path / "v.nii")
    assert layer.data.shape == blocks.shape
    assert layer.meta["scale"] == pytest.approx((0.8, 0.5, 0.5))
    assert (tmp_path / "b.csv").read_text().startswith("grain_a,grain_b,phase_a")
    assert main(["segment", *files[:1], "--section-distance", "0.8"]) == 2
