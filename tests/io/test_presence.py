"""Names that no system takes are refused as a missing file is, wherever a path is given."""

from __future__ import annotations

import pytest

from shapelab.batch import load_sweep
from shapelab.batch.atlas import open_atlas
from shapelab.crystals.ebsd import read_ebsd
from shapelab.crystals.table import read_grain_table
from shapelab.errors import InputError
from shapelab.io import load_run, read_image, save_run
from shapelab.io.mesh import read_mesh


@pytest.mark.parametrize(
    ("read", "suffix"),
    [
        *((read_image, suffix) for suffix in (".tif", ".zarr", ".h5")),
        *((read_mesh, suffix) for suffix in (".ply", ".stl")),
        *((read_ebsd, suffix) for suffix in (".ang", ".h5")),
        *((read, "") for read in (load_run, load_sweep, read_grain_table, open_atlas)),
    ],
)
@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "a\0b"])
def test_a_name_that_no_system_takes_is_a_missing_file(read, suffix, name, tmp_path):
    with pytest.raises(InputError):
        read(tmp_path / f"{name}{suffix}")


@pytest.mark.parametrize("name", ["x" * 300, f"{'x' * 300}/run.zarr"])
def test_nothing_is_saved_under_a_name_that_no_system_takes(name, toy, tmp_path):
    with pytest.raises(InputError):
        save_run(tmp_path / name, toy())
    assert not list(tmp_path.iterdir())
