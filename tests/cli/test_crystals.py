"""`shapelab fit`, `generate`, `segment` and `draw`: the same as the library, results by suffix, failures reported and passed over."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import shapelab as sl
from shapelab.cli import main
from shapelab.crystals import read_ebsd, read_grain_table, segment_grains
from shapelab.crystals.fit_parameters import FitParameters
from shapelab.crystals.generate_parameters import GenerateParameters
from shapelab.io import read_image, samples

SMALL = ["generate", "--n-grains", "12", "--shape", "1", "40", "44", "--lloyd", "1", "--pixel-size", "0.5", "--seed", "3"]


@pytest.fixture
def made(tmp_path, capsys):
    """A sample of twelve grains in files, and what was said."""
    outs = [word for suffix in ("tif", "nii.gz", "h5", "csv", "json", "vti") for word in ("--out", str(tmp_path / f"g.{suffix}"))]
    assert main([*SMALL, *outs]) == 0
    return tmp_path, capsys.readouterr()


@pytest.fixture
def scan_file(tmp_path):
    """A map of four grains as .npz."""
    euler = np.zeros((20, 24, 3))
    euler[:10, :12, 0], euler[10:, :12, 1], euler[:10, 12:, 2] = 0.5, 0.6, 0.4
    np.savez(tmp_path / "map.npz", euler=euler, phase=np.ones((20, 24), int), step_um=0.25)
    return tmp_path / "map.npz"


def test_generate_makes_what_the_library_makes_in_every_format(made):
    folder, printed = made
    wanted = sl.generate_crystal(12, (40, 44), 0.5, lloyd=1, seed=3)
    for name in ("g.tif", "g.nii.gz", "g.h5"):
        layer = read_image(folder / name)
        assert layer.kind == "labels"
        np.testing.assert_array_equal(np.squeeze(layer.data), wanted.labels)
        assert layer.meta["scale"][-2:] == pytest.approx((0.5, 0.5))
        assert layer.meta["units"][-1] == "um"
    np.testing.assert_array_equal(sl.load_diagram(folder / "g.json").labels(), wanted.diagram.labels((40, 44), 0.5))
    table = read_grain_table(folder / "g.csv")
    assert table.areas == pytest.approx(wanted.volumes)
    assert "12 grains" in printed.out
    assert "Not periodic" in printed.out
    assert "DAMASK repeats the box" in printed.err


def test_fit_says_and_saves_what_the_library_finds(made, capsys):
    folder, _ = made
    words = ["--method", "likelihood", "--order", "2", "--effort", "0.5"]
    assert main(["fit", str(folder / "g.tif"), *words, "--out", str(folder / "f.csv"), "--out", str(folder / "f.json"), "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    labels = read_image(folder / "g.tif").data
    wanted = sl.fit_diagram(labels, 2, 0.5, effort=0.5)
    assert numbers["written"] == [str(folder / "f.csv"), str(folder / "f.json")]
    assert numbers["mismatch"] == wanted.mismatch
    assert numbers["neighbours"]["pairs"] >= 12
    assert numbers["neighbours"]["area_error"] < 0.1
    np.testing.assert_array_equal(sl.load_diagram(folder / "f.json").labels(), wanted.labels)
    assert sorted(pd.read_csv(folder / "f.csv")["id"]) == list(range(1, 13))


def test_draw_at_any_resolution(made):
    folder, _ = made
    assert main(["draw", str(folder / "g.json"), str(folder / "fine.tif"), "--resolution", "3"]) == 0
    fine, coarse = read_image(folder / "fine.tif"), sl.load_diagram(folder / "g.json").labels()
    assert fine.meta["scale"] == pytest.approx((0.5 / 3, 0.5 / 3))
    np.testing.assert_array_equal(fine.data[1::3, 1::3], coarse)


def test_export_for_damask(made, scan_file, capsys):
    folder, _ = made
    assert main(["export", str(folder / "g.tif"), str(folder / "e.vti"), "--periodic"]) == 0
    assert "at random" in capsys.readouterr().err
    assert main(["export", str(scan_file), str(folder / "m.vti")]) == 0
    assert "at random" not in capsys.readouterr().err
    assert (folder / "m.material.yaml").exists()
    for words in (["g.csv", "x.vti"], ["g.tif", "x.vti", "--size", "2"], ["g.tif", "e.vti"]):
        assert main(["export", str(folder / words[0]), str(folder / words[1]), *words[2:]]) == 2
    assert not (folder / "x.vti").exists()


def test_export_for_other_programs(made, scan_file, capsys):
    folder, _ = made
    labels = read_image(folder / "g.tif").data
    for suffix in ("tesr", "piff", "zip"):
        assert main(["export", str(folder / "g.tif"), str(folder / f"e.{suffix}")]) == 0
        np.testing.assert_array_equal(read_image(folder / f"e.{suffix}").data, labels)
        assert main(["draw", str(folder / "g.json"), str(folder / f"d.{suffix}"), "--resolution", "2"]) == 0
        assert read_image(folder / f"d.{suffix}").data.shape == (80, 88)
        assert main(["export", str(folder / "g.tif"), str(folder / f"p.{suffix}"), "--periodic"]) == 2
        assert not (folder / f"p.{suffix}").exists()
    capsys.readouterr()
    assert main(["export", str(scan_file), str(folder / "m.tesr")]) == 0
    assert main(["export", str(folder / "m.tesr"), str(folder / "m.vti"), "--voxel-size", "0.25", "--unit", "um"]) == 0
    assert main(["export", str(scan_file), str(folder / "n.vti")]) == 0
    assert "at random" not in capsys.readouterr().err
    assert (folder / "m.vti").read_bytes() == (folder / "n.vti").read_bytes()
    angles = [read_material(folder / f"{name}.material.yaml") for name in "mn"]
    np.testing.assert_allclose(*angles, atol=1e-12)


def read_material(path):
    """Return the quaternions of a configuration for DAMASK."""
    lines = [line for line in path.read_text().splitlines() if "O: [" in line]
    return np.array([json.loads(line[line.index("O: ") + 3 :].rstrip("}")) for line in lines])


def test_grains_from_hdf5_keep_their_crystals(made, scan_file, capsys):
    folder, _ = made
    assert main(["segment", str(scan_file), "--out", str(folder / "s.h5"), "--out", str(folder / "s.vti")]) == 0
    assert main(["export", str(folder / "s.h5"), str(folder / "t.vti")]) == 0
    assert "at random" not in capsys.readouterr().err
    np.testing.assert_allclose(read_material(folder / "s.material.yaml"), read_material(folder / "t.material.yaml"), atol=1e-12)


def test_grains_are_filled_with_elements_in_one_go(made, scan_file, tmp_path, capsys):
    folder, _ = made
    options = ["--n-grains", "6", "--shape", "8", "8", "8", "--boundary", "periodic", "--lloyd", "0"]
    assert main(["generate", *options, "--out", str(tmp_path / "new.inp"), "--out", str(tmp_path / "new.json")]) == 0
    assert "tetrahedra, angles" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "new.json"), str(tmp_path / "again.inp")]) == 0
    assert (tmp_path / "new.inp").read_bytes() == (tmp_path / "again.inp").read_bytes()
    assert main(["draw", str(folder / "g.json"), str(tmp_path / "drawn.vtu")]) == 0
    assert main(["segment", str(scan_file), "--out", str(tmp_path / "of_map.msh")]) == 0
    assert (tmp_path / "of_map.msh").read_text().count('"cell ') == 4


def test_many_files_one_of_them_broken(made, capsys):
    folder, _ = made
    shutil.copy(folder / "g.tif", folder / "h.tif")
    (folder / "bad.tif").write_bytes(b"no image")
    files = [str(folder / f"{name}.tif") for name in ("g", "bad", "h")]
    assert main(["fit", *files, "--out", str(folder / "of_{name}.csv")]) == 1
    printed = capsys.readouterr()
    assert "1 of 3 files failed: bad.tif" in printed.err
    assert [(folder / f"of_{name}.csv").exists() for name in ("g", "bad", "h")] == [True, False, True]
    shutil.copy(folder / "h.tif", folder / "good.tif")
    (folder / "of_h.csv").unlink()
    before = (folder / "of_g.csv").stat().st_mtime_ns
    assert main(["fit", files[0], files[2], str(folder / "good.tif"), "--out", str(folder / "of_{name}.csv")]) == 0
    assert "g.tif: its results are there: it was done before." in capsys.readouterr().err
    assert (folder / "of_g.csv").stat().st_mtime_ns == before
    assert (folder / "of_h.csv").exists()
    assert (folder / "of_good.csv").exists()
    assert main(["fit", *files, "--out", str(folder / "one.csv")]) == 2
    assert "{name}" in capsys.readouterr().err
    assert not (folder / "one.csv").exists()


def test_whatever_ends_one_of_many_files_the_others_go_on(made, capsys, monkeypatch):
    folder, _ = made
    shutil.copy(folder / "g.tif", folder / "h.tif")
    fit, fitted = FitParameters.fit, []

    def fails_once(self, labels, *rest):
        fitted.append(labels)
        return fit(self, labels, *rest) if len(fitted) > 1 else 1 // 0

    monkeypatch.setattr(FitParameters, "fit", fails_once)
    assert main(["fit", str(folder / "g.tif"), str(folder / "h.tif"), "--out", str(folder / "of_{name}.csv")]) == 1
    said = capsys.readouterr().err
    assert "g.tif: failed: ZeroDivisionError" in said
    assert "1 of 2 files failed: g.tif." in said
    assert not (folder / "of_g.csv").exists()
    assert (folder / "of_h.csv").exists()


def test_maps_and_diagrams_are_exported_like_images(made, scan_file, capsys):
    folder, _ = made
    assert main(["export", str(scan_file), str(folder / "m.msh")]) == 0
    assert (folder / "m.msh").read_text().count('"cell ') == 4
    assert main(["export", str(folder / "g.json"), str(folder / "d.vti")]) == 0
    assert main(["draw", str(folder / "g.json"), str(folder / "drawn.vti")]) == 0
    assert (folder / "d.vti").read_bytes() == (folder / "drawn.vti").read_bytes()
    capsys.readouterr()


def test_a_sample_like_an_image_with_oblong_pixels_has_its_box(tmp_path, capsys):
    labels = sl.generate_crystal(20, (40, 80), seed=1).labels[::2]
    np.save(tmp_path / "flat.npy", labels)
    assert main(["fit", str(tmp_path / "flat.npy"), "--voxel-size", "1", "0.5", "--unit", "um", "--out", str(tmp_path / "flat.tif")]) == 0
    capsys.readouterr()
    assert main(["generate", "--like", str(tmp_path / "flat.tif"), "--out", str(tmp_path / "new.tif")]) == 0
    new = read_image(tmp_path / "new.tif")
    assert new.data.shape == (40, 80)
    assert new.meta["scale"] == pytest.approx((0.5, 0.5))
    assert "pixels are 1 × 0.5; the new sample has 0.5 along all axes" in capsys.readouterr().err


def test_segment_and_what_is_made_from_maps(scan_file, capsys):
    folder = scan_file.parent
    scan = read_ebsd(scan_file)
    assert (
        main(["segment", str(scan_file), "--out", str(folder / "s.tif"), "--out", str(folder / "s.csv"), "--out", str(folder / "s.vti")])
        == 0
    )
    np.testing.assert_array_equal(read_image(folder / "s.tif").data, segment_grains(scan))
    assert read_grain_table(folder / "s.csv").orientations is not None
    assert "4 grains" in capsys.readouterr().out
    assert main(["segment", str(scan_file), "--min-pixels", "1000"]) == 2
    assert main(["fit", str(scan_file), "--out", str(folder / "f.vti"), "--grain-boundary", "4"]) == 0
    assert "at random" not in capsys.readouterr().err
    assert main(["generate", "--like", str(scan_file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["grains"] == 4


def test_options_are_the_fields_of_the_dock(capsys):
    for verb, kind in (("fit", FitParameters), ("generate", GenerateParameters)):
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        shown = " ".join(capsys.readouterr().out.split())
        for name, info in kind.infos().items():
            assert f"--{name.replace('_', '-')}" in shown
            default = info.default if isinstance(info.default, tuple) else (info.default,)
            assert f"default {' '.join(f'{one:g}' if isinstance(one, float) else str(one) for one in default)})" in shown


def test_a_grain_table_is_drawn(tmp_path, capsys):
    table = tmp_path / "table.csv"
    table.write_text("x,y,a,b,theta,area\n0,0,2,1,0,6.3\n4,0,2,1,0.5,6.3\n0,4,2,1,1,6.3\n4,4,2,2,0,12.6\n")
    assert main(["fit", str(table), "--pixels", "64", "--out", str(tmp_path / "t.tif")]) == 0
    assert set(np.unique(read_image(tmp_path / "t.tif").data)) == {1, 2, 3, 4}
    assert "4 grains" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "G", "--order", "9"], "order"),
        (["fit", "G", "--method", "guess"], "method"),
        (["fit", "G", "--out", "x.doc"], "must end in"),
        (["fit", "G", "--order", "3"], "orders 1 and 2"),
        (["fit", "G", "--unit", "nm"], "--unit"),
        (["fit", "T", "--voxel-size", "1"], "--voxel-size"),
        (["fit", "T", "--order", "1"], "no pixels"),
        (["fit", "G", "--out", "none/x.tif"], "does not exist"),
        (["generate", "--n-grains", "1"], "grains"),
        (["generate", "--out", "x.vti", "--unit", "pixel", "--shape", "1", "30", "30", "--n-grains", "5"], "metres"),
        (["draw", "G", "x.tif"], "missing or damaged"),
        (["fit", "M", "--labels"], "--labels is for images: map.npz is an orientation map"),
        (["fit", "M", "--unit", "nm"], "--unit is for images"),
        (["fit", "G", "--grain-boundary", "4"], "--grain-boundary is for orientation maps: g.tif is an image"),
        (["generate", "--key", "a"], "give --like"),
        (["generate", "--grain-boundary", "4"], "give --like"),
        (["generate", "--like", "M", "--sigma", "0.4"], "--sigma is not used with --like"),
        (["generate", "--like", "M", "--phase-share", "0.4"], "--phase-share is not used with --like"),
        (["export", "J", "x.inp", "--resolution", "2"], "--resolution is not for diagrams"),
        (["export", "J", "x.vti", "--voxel-size", "2"], "--voxel-size is not for diagrams"),
        (["export", "G", "x.inp", "--resolution", "2"], "--resolution is for run folders"),
        (["export", "G", "x.inp", "--fps", "2"], "--fps is for movies"),
        (["export", "T", "x.inp"], "grain table: draw it first"),
        (["measure", "G", "--jobs", "2"], "--jobs is for folders"),
        (["measure", "G", "--json", "--out", "x.csv"], "--json prints"),
        (["tensions", "G", "--pattern", "*"], "--pattern is for folders"),
        (["draw", "J", "x.tif", "--resolution", "0"], "resolution"),
        (["segment", "G"], "not a supported EBSD map"),
        (["segment", "M", "--out", "x.json"], "must end in"),
    ],
)
def test_wrong_requests_end_in_a_sentence(made, scan_file, words, said, capsys, monkeypatch):
    folder, _ = made
    monkeypatch.chdir(folder)
    files = {"G": "g.tif", "J": "g.json", "T": "g.csv", "M": "map.npz"}
    before = sorted(folder.iterdir())
    assert main([files.get(word, word) for word in words]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("shapelab: ")
    assert said in error
    assert sorted(folder.iterdir()) == before


def test_a_sample_of_the_package_with_its_twins(tmp_path, capsys):
    (grains,) = samples.load("nickel_superalloy")
    np.save(tmp_path / "ni.npy", grains.data)
    assert main(["fit", str(tmp_path / "ni.npy"), "--voxel-size", "0.12", "--unit", "um"]) == 0
    assert "with a hole" in capsys.readouterr().out
