"""EBSD files in the variants of the vendors: read as what they say, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from ebsd_files import WRITERS, hexagons, points_right, square, write_ang, write_bruker, write_ctf, write_edax, write_oxford
from reader_rows_ebsd import rows

from shapelab.cli import main
from shapelab.crystals import find_grains, is_ebsd, list_ebsd, read_ebsd
from shapelab.crystals.ebsd.layers import scan_layers
from shapelab.errors import InputError, ShapelabError


def test_every_variant_of_every_format_is_read_right(tmp_path: Path) -> None:
    found = list(rows(tmp_path))
    assert len(found) > 100
    assert [row for row in found if row.read != row.right] == []


@pytest.mark.parametrize("name", WRITERS)
def test_any_order_of_rows_gives_the_same_map(tmp_path: Path, name: str) -> None:
    suffix, write, _ = WRITERS[name]
    for truth in (square().not_indexed(), hexagons()):
        first = read_ebsd(write(tmp_path / f"a.{suffix}", truth))
        for seed in range(3):
            again = read_ebsd(write(tmp_path / f"b.{suffix}", truth.shuffled(seed)))
            np.testing.assert_array_equal(again.phase, first.phase)
            np.testing.assert_allclose(again.orientations[first.phase > 0], first.orientations[first.phase > 0], atol=1e-12)
            assert again.spacing == pytest.approx(first.spacing)


def test_rounded_coordinates_do_not_drift(tmp_path: Path) -> None:
    truth = square(4, 400)
    third = type(truth)(
        np.round(truth.x / 0.5 / 3, 2), np.round(truth.y / 0.25 / 3, 2), truth.euler, truth.phase, truth.phases, 4, 400, (0.33, 0.33)
    )
    scan = read_ebsd(write_ctf(tmp_path / "a.ctf", third.shuffled()))
    np.testing.assert_array_equal(scan.phase, truth.phase.reshape(4, 400))
    assert scan.spacing[1] == pytest.approx(1 / 3, rel=1e-3)


def test_one_unindexed_pixel_does_not_make_degrees(tmp_path: Path) -> None:
    truth = square(two_phases=False).not_indexed([7])
    for maker in (b"EDAX", b"Somebody"):
        file = write_edax(tmp_path / "a.h5", truth)
        with h5py.File(file, "r+") as store:
            store["Manufacturer"][0] = maker
        scan = read_ebsd(file)
        assert points_right(scan, truth) == 96
        assert not any("degrees" in note for note in scan.notes)
        assert len(find_grains(scan).phase) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.take(np.r_[0:96, 5]), "points 6 and 97 lie at the same place"),
        (lambda t: t.take(np.arange(60)), "incomplete"),
        (lambda t: replace_at(t, "x", 20, 1e9), "not on the grid|spread over|damaged"),
        (lambda t: replace_at(t, "x", 20, 30.0), "reach over"),
        (lambda t: replace_at(t, "y", 20, 0.36), "not on the grid"),
        (lambda t: replace_at(t, "euler", 20, 77.0), "more than a full turn"),
        (lambda t: replace_at(t, "phase", slice(None), 0), "none of the 96 points was indexed"),
    ],
)
def test_maps_that_contradict_themselves_are_refused(tmp_path: Path, change, sentence: str) -> None:
    for write, name in ((write_ang, "a.ang"), (write_ctf, "a.ctf"), (write_oxford, "a.h5oina")):
        with pytest.raises(InputError, match=sentence):
            read_ebsd(write(tmp_path / name, change(square())))


def replace_at(truth, name: str, at, value: float):
    getattr(truth, name)[at] = value
    return truth


def test_a_header_that_claims_a_billion_pixels_allocates_nothing(tmp_path: Path) -> None:
    truth = square()
    for write, name, rows_key, columns_key in (
        (write_ang, "a.ang", "NROWS", "NCOLS_ODD"),
        (write_ctf, "a.ctf", "YCells", "XCells"),
        (write_oxford, "a.h5oina", "Y Cells", "X Cells"),
        (write_bruker, "a.h5", "NROWS", "NCOLS"),
    ):
        with pytest.raises(InputError, match="and holds 96: the file is incomplete"):
            read_ebsd(write(tmp_path / name, truth, header={rows_key: 10**9}))
        wide = read_ebsd(write(tmp_path / name, truth, header={columns_key: 10**9}))
        assert points_right(wide, truth) == 96
        assert any("A part of 8 x 12 pixels" in note for note in wide.notes)


def test_a_step_that_cannot_be_one_is_recovered_and_said(tmp_path: Path) -> None:
    scan = read_ebsd(write_ctf(tmp_path / "a.ctf", square(), header={"XStep": 0}))
    assert scan.spacing == (0.25, 0.5)
    assert any("step in x is 0, the points are 0.5 apart" in note for note in scan.notes)
    with pytest.raises(InputError, match="must be more than 0"):
        read_ebsd(write_edax(tmp_path / "a.h5", square(), places=False, header={"Step X": -1.0}))
    np.savez(tmp_path / "a.npz", euler=np.zeros((4, 4, 3)), phase=np.ones((4, 4), int), step_um=np.array([np.nan]))
    with pytest.raises(InputError, match="must be more than 0"):
        read_ebsd(tmp_path / "a.npz")


def test_symmetry_can_be_said_where_the_file_is_silent(tmp_path: Path) -> None:
    file = write_ctf(tmp_path / "a.ctf", square(), symmetries=("quasi", "also"))
    assert [phase.symmetry for phase in read_ebsd(file).phases.values()] == ["triclinic", "triclinic"]
    said = read_ebsd(file, symmetry="hexagonal")
    assert [phase.symmetry for phase in said.phases.values()] == ["hexagonal", "hexagonal"]
    assert not any("assumed" in note for note in said.notes)
    with pytest.raises(ShapelabError, match="symmetry = 'quasi' is not allowed"):
        read_ebsd(file, symmetry="quasi")


def test_nothing_outside_of_the_file_is_read(tmp_path: Path) -> None:
    whole = write_oxford(tmp_path / "whole.h5oina", square())
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["1"] = h5py.ExternalLink(whole.name, "/1")
    assert not is_ebsd(tmp_path / "links.h5")
    with pytest.raises(InputError, match="links to other files, which are not followed"):
        read_ebsd(tmp_path / "links.h5")
    (tmp_path / "secret.bin").write_bytes(np.zeros((96, 3)).tobytes())
    outside = write_oxford(tmp_path / "outside.h5oina", square())
    with h5py.File(outside, "r+") as file:
        del file["1/EBSD/Data/Euler"]
        file["1/EBSD/Data"].create_dataset("Euler", (96, 3), "f8", external=[(str(tmp_path / "secret.bin"), 0, 96 * 24)])
    with pytest.raises(InputError, match="takes its numbers from other files"):
        read_ebsd(outside)
    virtual = write_oxford(tmp_path / "virtual.h5oina", square())
    with h5py.File(virtual, "r+") as file:
        del file["1/EBSD/Data/Euler"]
        layout = h5py.VirtualLayout((96, 3), "f8")
        layout[:] = h5py.VirtualSource(str(whole), "1/EBSD/Data/Euler", (96, 3))
        file["1/EBSD/Data"].create_virtual_dataset("Euler", layout)
    with pytest.raises(InputError, match="takes its numbers from other files"):
        read_ebsd(virtual)
    with h5py.File(tmp_path / "circle.h5", "w") as file:
        file["a/b"] = h5py.SoftLink("/a")
        file["a/c"] = file["a"]
    assert not is_ebsd(tmp_path / "circle.h5")


def test_one_table_for_all_columns(tmp_path: Path) -> None:
    truth = square(two_phases=False).shuffled()
    names = ("Phi1", "Phi", "Phi2", "X Position", "Y Position", "CI", "Phase")
    table = np.zeros(96, [(name, "f8") for name in names])
    for name, values in zip(names, [*truth.euler.T, truth.x, truth.y, np.full(96, 0.4), np.zeros(96)], strict=True):
        table[name] = values
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Scan 1/EBSD/ANG/DATA/DATA"] = table
    assert points_right(read_ebsd(tmp_path / "a.h5"), truth) == 96


def test_layers_lie_where_the_file_says_and_name_the_direction(tmp_path: Path) -> None:
    truth = square().moved(5.0, 10.0).not_indexed()
    layers = scan_layers("map", read_ebsd(write_ctf(tmp_path / "a.ctf", truth)))
    assert [layer.name for layer in layers] == ["map · IPF Z", "map · phases", "map · grains"]
    for layer in layers:
        assert layer.meta["scale"] == (0.25, 0.5)
        assert layer.meta["translate"] == (5.0, 10.0)
        assert layer.meta["units"] == ("um", "um")
    image, phases, grains = (layer.data for layer in layers)
    assert image.shape == (8, 12, 3)
    assert (image[phases == 0] == 0).all()
    assert layers[0].meta["rgb"]
    assert layers[2].meta["features"]["phase_name"].tolist() == ["Magnesium", "Iron"]
    assert layers[2].meta["metadata"]["symmetries"] == ["hexagonal", "cubic"]
    assert grains.max() == 2
    none = scan_layers("map", read_ebsd(write_ctf(tmp_path / "b.ctf", square(2, 4))))
    assert len(none) == 2
    assert any("No grain has 10 pixels" in note for note in none[0].meta["metadata"]["notes"])


def test_several_maps_of_one_file_are_named_and_chosen(tmp_path: Path) -> None:
    truths = [square(), square().moved(5.0, 10.0), square(two_phases=False)]
    with h5py.File(tmp_path / "all.h5", "w") as together:
        for number, truth in enumerate(truths, 1):
            with h5py.File(write_edax(tmp_path / f"{number}.h5", truth)) as one:
                scan = next(name for name in one if hasattr(one[name], "items"))
                one.copy(scan, together, name=f"Scan {number}")
                for name in one:
                    if hasattr(one[name], "shape") and name not in together:
                        one.copy(name, together)
    file = tmp_path / "all.h5"
    assert list_ebsd(file) == ["Scan 1", "Scan 2", "Scan 3"]
    assert any("first of 3 maps" in note and "Scan 2" in note for note in read_ebsd(file).notes)
    second = read_ebsd(file, key="Scan 2")
    assert second.origin == (5.0, 10.0)
    assert not any("maps" in note for note in second.notes)
    assert len(read_ebsd(file, key="Scan 3").phases) == 1
    with pytest.raises(InputError, match=r"no map 'x'; it has Scan 1, Scan 2, Scan 3"):
        read_ebsd(file, key="x")
    with pytest.raises(InputError, match="holds one map"):
        read_ebsd(write_ang(tmp_path / "a.ang", square()), key="x")
    assert list_ebsd(tmp_path / "a.ang") == []
    assert main(["segment", str(file), "--key", "Scan 3", "--min-pixels", "1", "--out", str(tmp_path / "s.tif")]) == 0
    assert main(["fit", str(file), "--key", "Scan 3", "--out", str(tmp_path / "f.json")]) == 0


def test_points_that_orix_leaves_out_were_not_measured(tmp_path: Path) -> None:
    suffix, write, _ = WRITERS["orix HDF5"]
    file = write(tmp_path / f"a.{suffix}", square())
    inside = np.arange(96) % 12 < 7
    with h5py.File(file, "r+") as store:
        data = next(store[name]["data"] for name in store if hasattr(store[name], "items"))
        data["is_in_data"] = inside
    scan = read_ebsd(file)
    assert scan.phase.shape == (8, 7)
    assert scan.notes == ()


def test_a_turned_specimen_is_said(tmp_path: Path) -> None:
    file = write_ctf(tmp_path / "a.ctf", square())
    text = file.read_text().replace("Channel Text File", "Channel Text File\nAcqE1\t0.0\nAcqE2\t90.0\nAcqE3\t0", 1)
    file.write_text(text)
    assert any("AcqE1" in note for note in read_ebsd(file).notes)
    file.write_text(text.replace("90.0", "0"))
    assert not any("AcqE1" in note for note in read_ebsd(file).notes)
