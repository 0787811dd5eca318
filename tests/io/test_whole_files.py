"""Files that are made appear whole or not at all: on a full disk, beside another process that takes the name, over a former file."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import napari_shapelab
import shapelab
import shapelab as sl
from shapelab.compare import write_report
from shapelab.convert.mesh import Mesh
from shapelab.convert.place import Place
from shapelab.crystals.saved_table import write_saved_table
from shapelab.errors import InputError
from shapelab.io import load_run, output, save_run, write_mesh
from shapelab.io.damask import material_file, write_damask
from shapelab.io.export import export_meshes, export_tiff
from shapelab.io.fem import write_triangles
from shapelab.io.imagej import write_rois
from shapelab.io.label_image import write_labels
from shapelab.io.movie import write_movie
from shapelab.io.neper import write_tesr
from shapelab.io.nifti import write_nifti
from shapelab.io.piff import write_piff
from shapelab.mesh import conforming_triangles
from shapelab.page import write_page
from shapelab.script import save_array

RNG = np.random.default_rng(0)
LABELS = np.kron(RNG.permutation(np.arange(1, 101)).reshape(10, 10), np.ones((4, 4), int)).astype(np.int32)
NOISE = RNG.integers(1, 400, (64, 64)).astype(np.int32)
PLACE = Place.of((1.0, 1.0), unit="um")
TURNS = RNG.normal(size=(100, 4))
SURFACE = Mesh(RNG.random((200, 3)), RNG.integers(0, 200, (400, 3)))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    simulation = sl.Curvatubes("tubes", shape=(12, 12, 12), seed=1)
    return load_run(save_run(tmp_path_factory.mktemp("runs") / "run.zarr", simulation))


NEW = {
    "a.inp": lambda path, run: write_triangles(path, conforming_triangles(LABELS[:12, :12], size=4.0)),
    "a.vti": lambda path, run: write_damask(path, LABELS, (1.0, 1.0), "um", TURNS),
    "a.tesr": lambda path, run: write_tesr(path, LABELS, PLACE, TURNS),
    "a.piff": lambda path, run: write_piff(path, NOISE),
    "a.zip": lambda path, run: write_rois(path, LABELS),
    "a.tif": lambda path, run: write_labels(path, NOISE, PLACE),
    "a.nii.gz": lambda path, run: write_labels(path, NOISE, PLACE),
    "a.h5": lambda path, run: write_labels(path, NOISE, PLACE, {"x": np.arange(3)}),
    "a.csv": lambda path, run: write_saved_table(path, pd.DataFrame(RNG.random((200, 5)))),
    "a.npy": lambda path, run: save_array(path, NOISE),
    "a.gif": lambda path, run: write_movie(path, RNG.integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)),
    "a.html": lambda path, run: write_page(path, run),
    "run.tif": lambda path, run: export_tiff(run, path),
    "run.ply": lambda path, run: export_meshes(run, path, frames=[0]),
    "movie.tif": lambda path, run: sl.render_microscopy(LABELS[None]).save(path),
}
REPLACED = {
    "a.ply": lambda path: write_mesh(path, SURFACE),
    "b.nii": lambda path: write_nifti(path, NOISE, PLACE, "labels"),
    "comparison.json": lambda path: write_report(sl.compare(LABELS, LABELS, transport=False), path.parent, figure=False),
}


@contextmanager
def full_disk():
    """No file may have more than two hundred bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sets no limit to the size of files")
@pytest.mark.parametrize("name", NEW)
def test_on_a_full_disk_nothing_is_left_and_the_file_is_named(name, tmp_path, run):
    with full_disk(), pytest.raises(InputError) as told:
        NEW[name](tmp_path / name, run)
    assert f"{name}' cannot be written: " in str(told.value)
    assert "partial" not in str(told.value)
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NEW)
def test_another_process_takes_the_name_meanwhile(name, tmp_path, run, monkeypatch):
    """What it has written stays, and nothing of ours does, also where several files belong together."""
    file, naming = tmp_path / name, output._name

    def too_late(partial, path):
        if path == file:
            path.write_bytes(b"other")
        naming(partial, path)

    monkeypatch.setattr(output, "_name", too_late)
    with pytest.raises(InputError, match="made by someone else"):
        NEW[name](file, run)
    assert file.read_bytes() == b"other"
    assert [left.name for left in tmp_path.iterdir()] == [name]


def test_a_disk_without_links_takes_files_too(tmp_path, monkeypatch):
    def no_links(*given):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(output.os, "link", no_links)
    write_damask(tmp_path / "a.vti", LABELS, (1.0, 1.0), "um", TURNS)
    assert {left.name for left in tmp_path.iterdir()} == {"a.vti", material_file("a.vti").name}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sets no limit to the size of files")
@pytest.mark.parametrize("name", REPLACED)
def test_a_former_file_stays_until_the_new_one_is_whole(name, tmp_path):
    file = tmp_path / name
    file.write_bytes(b"former")
    with full_disk(), pytest.raises(InputError, match="cannot be written"):
        REPLACED[name](file)
    assert file.read_bytes() == b"former"
    assert not [left for left in tmp_path.iterdir() if "partial" in left.name]
    REPLACED[name](file)
    assert file.stat().st_size > 200


WRITING = re.compile(r"(?<![\w.])([\w.]+)\.(?:write_text|write_bytes)\(|\.(?:to_csv|savefig)\(\s*([\w./ \"{}]+)|(\w+)\.open\(\"w")
OWN = {"io/growing_csv.py"}
"""Tables of a run folder, whose record says which part of them counts."""


def test_nothing_is_written_under_its_name_before_it_is_whole():
    """Whatever writes does so into a hidden file of `shapelab.io.output`, or is such a place itself."""
    direct = []
    for package in (shapelab, napari_shapelab):
        root = Path(package.__file__).parent
        for source in root.rglob("*.py"):
            for number, line in enumerate(source.read_text().splitlines(), 1):
                for found in WRITING.finditer(line):
                    target = next(one for one in found.groups() if one)
                    if "partial" not in target and target != "temporary" and source.relative_to(root).as_posix() not in OWN:
                        direct.append(f"{source.name}:{number}: {line.strip()}")
    assert direct == []
