"""The command line: help, lists, runs, resumed runs, measures, interrupts and refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace

import numpy as np
import pytest
import tifffile

from shapelab.cli import main
from shapelab.cli.image_file import frame_of_run
from shapelab.io import load_run, read_mesh

RUN = ["run", "curvatubes", "--preset", "tubes", "--shape", "16", "16", "16", "--seed", "1"]


@pytest.fixture
def ball(tmp_path):
    axis = np.arange(24) - 11.5
    mask = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < 64
    tifffile.imwrite(tmp_path / "ball.tif", mask.astype(np.uint8))
    return tmp_path / "ball.tif"


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("run", "resume", "list", "measure"))


def test_help_of_a_family_shows_its_parameters(capsys):
    assert main(["run", "curvatubes", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--shape", "--interface-width", "--a20", "--mass", "--boundary", "--start-from", "--out"):
        assert option in text


def test_list(capsys):
    assert main(["list", "curvatubes"]) == 0
    text = capsys.readouterr().out
    assert "tubes" in text
    assert "sponge" in text


def test_run_resume_and_mesh(tmp_path, capsys):
    out, mesh = tmp_path / "tubes.zarr", tmp_path / "tubes.ply"
    assert main([*RUN, "--out", str(out), "--steps", "4", "--every", "2"]) == 0
    assert main(["resume", str(out), "--steps", "4", "--every", "2", "--mesh", str(mesh)]) == 0
    assert load_run(out).steps == [2, 4, 6, 8]
    assert set(read_mesh(mesh)[1]) == {"k1", "k2", "H", "K"}
    whole = tmp_path / "whole.zarr"
    assert main([*RUN, "--out", str(whole), "--steps", "8", "--every", "8"]) == 0
    np.testing.assert_array_equal(load_run(out).frame()["field"], load_run(whole).frame()["field"])
    text = capsys.readouterr()
    assert "step 8" in text.err
    assert main(["measure", str(out), "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["volume_fraction"] == pytest.approx(float((load_run(out).frame()["field"] > 0).mean()))
    assert numbers["unit"] == "um"
    assert "4 frames, step 8" in text.out


def test_resume_from_an_earlier_frame_makes_another_run(tmp_path):
    out = tmp_path / "tubes.zarr"
    assert main([*RUN, "--out", str(out), "--steps", "4", "--every", "2", "--keep", "all"]) == 0
    assert main(["resume", str(out), "--from-step", "2", "--steps", "2", "--every", "2"]) == 2
    assert main(["resume", str(out), "--from-step", "2", "--out", str(tmp_path / "b.zarr"), "--steps", "2", "--every", "2"]) == 0
    np.testing.assert_array_equal(load_run(out).frame()["field"], load_run(tmp_path / "b.zarr").frame()["field"])


@pytest.mark.parametrize("first_steps", ["2", "4"])
def test_resume_keeps_the_checkpoints_that_the_run_keeps(tmp_path, first_steps):
    out = tmp_path / "tubes.zarr"
    assert main([*RUN, "--out", str(out), "--steps", first_steps, "--every", "2", "--keep", "all"]) == 0
    assert main(["resume", str(out), "--steps", "4", "--every", "2"]) == 0
    run = load_run(out)
    assert run.record.checkpoints == run.steps
    assert len(list((out / "checkpoints").iterdir())) == len(run.steps)
    assert main(["resume", str(out), "--steps", "2", "--every", "2", "--keep", "last"]) == 0
    assert set(run.steps) < set(load_run(out).record.checkpoints)


def test_every_kind_of_parameter(tmp_path):
    out = tmp_path / "run.zarr"
    options = [
        "--a11",
        "-0.5",
        "--b10",
        "-1e2",
        "--mass",
        "-5e-1",
        "--direction",
        "0",
        "0",
        "1",
        "--boundary",
        "replicate",
        "--reduced-volume",
        "none",
    ]
    assert main([*RUN, *options, "--out", str(out), "--steps", "1"]) == 0
    parameters = load_run(out).record.parameters
    assert [parameters[name] for name in ("a11", "b10", "mass", "boundary")] == [-0.5, -100, -0.5, "replicate"]
    assert (parameters["direction"], parameters["reduced_volume"]) == ([0, 0, 1], None)


def test_start_from_a_mask(tmp_path, ball):
    out = tmp_path / "run.zarr"
    assert main(["run", "curvatubes", "--start-from", str(ball), "--out", str(out), "--steps", "1"]) == 0
    field = load_run(out).frame()["field"]
    assert field.shape == (24, 24, 24)
    assert field[12, 12, 12] > 0 > field[0, 0, 0]


def test_measure_text_and_json(ball, capsys):
    assert main(["measure", str(ball), "--voxel-size", "0.5", "--unit", "um"]) == 0
    text = capsys.readouterr().out
    assert "µm³" in text
    assert main(["measure", str(ball), "--voxel-size", "0.5", "0.5", "0.5", "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["mean_H"] == pytest.approx(0.5, rel=0.05)


def test_measure_says_when_there_is_no_voxel_size(ball, capsys):
    assert main(["measure", str(ball)]) == 0
    assert "no voxel size" in capsys.readouterr().err


def test_options_that_do_not_fit_what_is_named_are_refused(tmp_path, capsys):
    image, folder = tmp_path / "cells.tif", tmp_path / "run.zarr"
    labels = np.zeros((32, 32), np.uint8)
    tifffile.imwrite(tmp_path / "empty.tif", labels)
    labels[4:14, 4:14], labels[4:14, 16:28] = 1, 2
    tifffile.imwrite(image, labels)
    assert main(["run", "cells", "--start-from", str(tmp_path / "empty.tif"), "--steps", "1", "--out", str(folder)]) == 2
    assert "empty.tif is empty" in capsys.readouterr().err
    assert main(["run", "cells", "--start-from", str(image), "--steps", "2", "--every", "1", "--out", str(folder)]) == 0
    run = ["run", "cells", "--start-from", str(image), "--steps", "1", "--mesh", str(tmp_path / "none" / "x.ply")]
    for words, sentence in (
        (["measure", str(folder), "--frame", "7"], "frames 0 to 1"),
        (["measure", str(folder), "--key", "x"], "--key is for image files"),
        (["tensions", str(folder), "--channel", "0"], "--channel is for image files"),
        (["export", str(folder), str(tmp_path / "x.tif"), "--step", "1"], "--step is for surfaces"),
        (["export", str(folder), ""], "already exists"),
        (run, "does not exist"),
    ):
        capsys.readouterr()
        assert main(words) == 2, words
        assert sentence in capsys.readouterr().err
    for frame, step in ((0, 1), (1, 2), (None, 2)):
        assert frame_of_run(load_run(folder), Namespace(key=None, channel=None, labels=False, frame=frame)).step == step


def test_the_unit_of_a_file_is_not_renamed(tmp_path, capsys):
    sizes = {f"PhysicalSize{axis}": 0.5 for axis in "XY"} | {f"PhysicalSize{axis}Unit": "µm" for axis in "XY"}
    image = np.zeros((16, 16), np.uint8)
    image[4:9, 4:9] = 1
    path = tmp_path / "um.ome.tif"
    tifffile.imwrite(path, image, metadata={"axes": "YX", **sizes})
    assert main(["measure", str(path), "--unit", "nm"]) == 2
    assert "µm" in capsys.readouterr().err
    assert main(["measure", str(path), "--unit", "micron"]) == 0
    assert main(["measure", str(path), "--unit", "nm", "--voxel-size", "500"]) == 0


def test_measure_table(tmp_path, capsys):
    labels = np.zeros((20, 20), np.int32)
    labels[2:8, 2:8] = 1
    labels[10:18, 10:18] = 2
    np.save(tmp_path / "labels.npy", labels)
    assert main(["measure", str(tmp_path / "labels.npy"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["area"] for row in rows] == [36, 64]
    assert main(["measure", str(tmp_path / "labels.npy")]) == 0
    assert "circularity" in capsys.readouterr().out
    assert main(["measure", str(tmp_path / "labels.npy"), "--label", "3"]) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "curvatube", "--out", "x.zarr"], "did you mean 'curvatubes'"),
        (["run", "curvatubes", "--preset", "tubs", "--out", "x.zarr"], "did you mean"),
        (["run"], "which family"),
        (RUN, "--out"),
        ([*RUN, "--mass", "3", "--out", "x.zarr"], "mass: 3 is not allowed, choose a number between -0.98 and 0.98"),
        ([*RUN, "--boundary", "open", "--out", "x.zarr"], "boundary: open is not allowed, choose periodic or replicate."),
        ([*RUN, "--max-steps", "1.5", "--out", "x.zarr"], "max steps: 1.5 is not allowed, choose a whole number between 1 and 1,000,000."),
        ([*RUN, "--reduced-volume", "no", "--out", "x.zarr"], "between 0.2 and 1, or none."),
        (["run", "cells", "--shape", "3", "x", "--out", "x.zarr"], "shape: x is not allowed, choose 2 whole numbers."),
        ([*RUN, "--steps", "-1", "--out", "x.zarr"], "--steps: -1 is not allowed"),
        ([*RUN, "--mesh", "x.doc"], "must end in"),
        ([*RUN, "--start-from", "nothing.tif", "--out", "x.zarr"], "no file"),
        ([*RUN, "--every", "0", "--out", "x.zarr"], "every"),
        (["resume", "nothing.zarr"], "no run folder"),
        (["measure", "nothing.tif"], "no file"),
        (["measure", __file__], "cannot be read"),
    ],
)
def test_wrong_requests_end_with_a_sentence_and_code_2(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert sentence in error
    assert error.startswith("shapelab: ")
    assert "\n" not in error
    assert not any(python in error for python in ("None", "Literal", ">=", " = '"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["fly"], [], [*RUN, "--bogus", "1", "--out", "x"], ["run", "curvatubes", "--shape", "4"], ["list", "--x"]]
)
def test_wrong_options_end_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_existing_folder_is_refused_before_the_run(tmp_path, capsys):
    (tmp_path / "x.zarr").mkdir()
    assert main([*RUN, "--out", str(tmp_path / "x.zarr")]) == 2
    assert "already exists" in capsys.readouterr().err
    assert list((tmp_path / "x.zarr").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_interrupt_saves_what_there_is(tmp_path):
    out = tmp_path / "run.zarr"
    command = [sys.executable, "-c", "import sys; from shapelab.cli import main; sys.exit(main())", *RUN, "--settle", "0"]
    process = subprocess.Popen([*command, "--every", "1", "--out", str(out)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "step 1" in process.stderr.readline()
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Stopped." in output
    run = load_run(out)
    assert run.record.reason == "Stopped."
    assert run.simulation().step_number == run.steps[-1]


def test_export_by_suffix(tmp_path, capsys):
    out = tmp_path / "tubes.zarr"
    assert main([*RUN, "--out", str(out), "--steps", "4", "--every", "2"]) == 0
    for name in ("a.ply", "a.tif", "a.csv", "tables"):
        assert main(["export", str(out), str(tmp_path / name)]) == 0
        assert capsys.readouterr().out.strip().splitlines()[-1] == str(tmp_path / name)
    assert main(["export", str(out), str(tmp_path / "all.vtk"), "--all-frames"]) == 0
    assert [file.name for file in sorted((tmp_path / "all").iterdir())] == ["step_00000002.vtk", "step_00000004.vtk"]
    assert main(["export", str(out), str(tmp_path / "first.stl"), "--step", "2"]) == 0
    assert read_mesh(tmp_path / "first.stl")
    assert main(["export", str(out), str(tmp_path / "a.gif"), "--fps", "5"]) == 0
    from PIL import Image

    with Image.open(tmp_path / "a.gif") as movie:
        assert (movie.n_frames, movie.info["duration"]) == (2, 200)
        assert np.asarray(movie.convert("RGB")).max() > 100  # the surface is drawn


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("a.doc", [], "must end in"),
        ("a.ply", ["--step", "3"], "has no frame of step 3; it has 2"),
        ("a.ply", ["--per-cell"], "is not a label image"),
        ("a.gif", ["--fps", "0"], "--fps must be above 0"),
        ("run.zarr", [], "must end in"),
    ],
)
def test_wrong_exports_end_with_a_sentence(tmp_path, capsys, name, options, sentence):
    out = tmp_path / "run.zarr"
    assert main([*RUN, "--out", str(out), "--steps", "2", "--every", "2"]) == 0
    capsys.readouterr()
    assert main(["export", str(out), str(tmp_path / name), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["run.zarr"]


@pytest.mark.parametrize("verb", ["measure", "compare", "tensions", "list"])
def test_ctrl_c_is_one_line(verb, ball, capsys, monkeypatch):
    from shapelab.cli import command

    def pressed(known):
        raise KeyboardInterrupt

    words = {"measure": [str(ball)], "compare": [str(ball), str(ball)], "tensions": [str(ball)], "list": []}[verb]
    parsed = command._command().parse_args([verb, *words])
    parsed.action = pressed
    monkeypatch.setattr(command.Parser, "parse_known_args", lambda *_: (parsed, []))
    assert main([verb, *words]) == 130
    assert capsys.readouterr().err == "shapelab: interrupted.\n"
