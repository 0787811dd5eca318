"""``shapelab render``: files in, image and labels out; one sentence otherwise."""

from __future__ import annotations

import numpy as np
import tifffile

import shapelab as sl
from shapelab.cli import main
from shapelab.io import RunWriter, list_arrays, read_image

STRIPES = np.repeat(np.arange(1, 5, dtype=np.uint16), 10)[None].repeat(30, 0)


def test_a_still_and_a_movie(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "one.tif", STRIPES)
    assert main(["render", str(tmp_path / "one.tif"), str(tmp_path / "a.tif"), "--photons", "50", "--seed", "3"]) == 0
    assert "up to 50 photons" in capsys.readouterr().out
    assert read_image(tmp_path / "a_cells.tif").data.shape[-2:] == (30, 40)
    tifffile.imwrite(tmp_path / "many.tif", np.stack([STRIPES] * 4), metadata={"axes": "TYX"}, ome=True)
    command = ["render", str(tmp_path / "many.tif"), str(tmp_path / "b.zarr"), "--over-time", "--stain", "nucleus"]
    assert main(command) == 0
    assert [entry.shape for entry in list_arrays(tmp_path / "b.zarr")] == [(4, 30, 40)] * 3
    assert main(command) == 2
    assert "already exists" in capsys.readouterr().err


def test_a_run(tmp_path, capsys):
    sim = sl.Cells("run_and_tumble", shape=(48, 48), n_cells=6, seed=1)
    with RunWriter(tmp_path / "run.zarr", sim) as writer:
        for frame in sim.run(steps=3, every=1):
            writer.write(frame)
    assert main(["render", str(tmp_path / "run.zarr"), str(tmp_path / "a.zarr"), "--bleaching", "0.1"]) == 0
    assert list_arrays(tmp_path / "a.zarr")[0].shape == (3, 48, 48)
    assert main(["render", str(tmp_path / "run.zarr"), str(tmp_path / "b.zarr"), "--frame", "1"]) == 0
    assert list_arrays(tmp_path / "b.zarr")[0].shape == (1, 48, 48)
    assert main(["render", str(tmp_path / "run.zarr"), str(tmp_path / "c.zarr"), "--photons", "-3"]) == 2
    assert "photons" in capsys.readouterr().err
