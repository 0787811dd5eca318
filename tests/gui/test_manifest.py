"""The manifest that napari reads: valid, complete, and the file at the top is the one in the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManager, PluginManifest

NAME = "napari-shapelab"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_distribution(NAME)


def test_the_link_at_the_top_is_the_packages_file():
    assert (ROOT / "napari.yaml").read_text() == (ROOT / "src/napari_shapelab/napari.yaml").read_text()


def test_every_command_can_be_imported(manifest):
    manifest.validate_imports()
    assert manifest.display_name == "ShapeLab"


def test_menus_are_ones_that_napari_lets_plugins_fill(manifest):
    from napari._app_model.constants import MenuId

    open_menus = {str(menu.value) for menu in MenuId.contributables()}
    assert set(manifest.contributions.menus) <= open_menus


def test_every_command_used_is_declared(manifest):
    declared = {command.id for command in manifest.contributions.commands}
    used = {item.command for group in manifest.contributions.menus.values() for item in group}
    for kind in ("widgets", "readers", "writers", "sample_data"):
        used |= {item.command for item in getattr(manifest.contributions, kind)}
    assert used <= declared
    assert all(command.id.startswith(f"{NAME}.") for command in manifest.contributions.commands)


@pytest.fixture
def plugins(manifest):
    manager = PluginManager()
    manager.register(manifest)
    manager.activate(NAME)
    return manager


def test_every_sample_opens(plugins):
    from napari.layers import Layer

    for sample in plugins.get_manifest(NAME).contributions.sample_data:
        layers = [Layer.create(*triple) for triple in plugins.commands.get(sample.command)()]
        assert layers, sample.key
        assert all(np.size(layer.data[0] if isinstance(layer.data, tuple) else layer.data) for layer in layers)


def read(plugins, command, path):
    reader = plugins.commands.get(f"{NAME}.{command}")(str(path))
    return None if reader is None else reader(str(path))


def test_a_surface_goes_out_and_comes_back(plugins, tmp_path):
    vertices = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]])
    values = np.array([1, 2, 3, 4], np.float32)
    for suffix in (".ply", ".obj", ".stl"):
        path = tmp_path / f"mesh{suffix}"
        meta = {"scale": (1.0, 1.0, 1.0), "translate": (10.0, 0.0, 0.0), "metadata": {}}
        assert plugins.commands.get(f"{NAME}.write_surface")(str(path), (vertices, faces, values), meta) == [str(path)]
        ((data, found, kind),) = read(plugins, "read_mesh", path)
        assert kind == "surface"
        assert found["name"] == "mesh"
        assert sorted(map(tuple, data[0].tolist())) == sorted(map(tuple, (vertices + np.array([10, 0, 0])).tolist()))
    assert len(read(plugins, "read_mesh", tmp_path / "mesh.ply")[0][0]) == 3


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_nifti_keeps_values_voxels_and_unit(plugins, tmp_path, dtype):
    data = np.arange(24).reshape(2, 3, 4).astype(dtype)
    path = tmp_path / "image.nii.gz"
    meta = {"scale": (3.0, 2.0, 1.0), "translate": (0.0, 0.0, 0.0), "units": ("um",) * 3}
    plugins.commands.get(f"{NAME}.write_nifti")(str(path), data, meta)
    ((back, found, _),) = read(plugins, "read_nifti", path)
    assert np.array_equal(back, data)
    assert tuple(found["scale"]) == (3.0, 2.0, 1.0)
    assert str(found["units"][-1]) == "um"


def test_foreign_folders_are_left_to_other_readers(plugins, tmp_path):
    (tmp_path / "other.zarr").mkdir()
    assert read(plugins, "read_run", tmp_path / "other.zarr") is None


def test_a_run_folder_opens(plugins, tmp_path):
    from shapelab.curvature import Curvatubes
    from shapelab.io import save_run

    save_run(tmp_path / "tubes.zarr", Curvatubes("tubes", shape=(16, 16, 16)))
    ((data, meta, kind),) = read(plugins, "read_run", tmp_path / "tubes.zarr")
    assert (kind, meta["name"]) == ("image", "tubes · field")
    assert data.shape == (1, 16, 16, 16)
