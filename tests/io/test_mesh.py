"""Meshes on disk: places, orientation and values come back."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from shapelab import convert
from shapelab.errors import InputError
from shapelab.io import read_mesh, write_mesh
from shapelab.measure import euler_characteristic, mesh_area


@pytest.fixture
def mesh() -> convert.Mesh:
    axis = np.arange(20.0) - 9.5
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return convert.field_to_mesh(6 - np.sqrt((z / 1.3) ** 2 + y * y + x * x), 0.5)


@pytest.mark.parametrize("suffix", ["ply", "obj", "stl"])
def test_round_trip(mesh, suffix, tmp_path):
    file = write_mesh(tmp_path / f"a.{suffix}", mesh)
    back, _ = read_mesh(file)
    assert mesh_area(back) == pytest.approx(mesh_area(mesh), rel=1e-4)
    assert euler_characteristic(back) == 2
    np.testing.assert_allclose(back.vertices.max(axis=0), mesh.vertices.max(axis=0), rtol=1e-5)
    again, _ = convert.mesh_to_mask(back, 0.5, shape=(20, 20, 20))
    expected, _ = convert.mesh_to_mask(mesh, 0.5, shape=(20, 20, 20))
    np.testing.assert_array_equal(again, expected)


def test_files_are_xyz_and_turn_outwards(mesh, tmp_path):
    outside = trimesh.load(write_mesh(tmp_path / "a.ply", mesh), process=False)
    assert outside.volume > 0
    extent = outside.vertices.max(axis=0) - outside.vertices.min(axis=0)
    assert extent[2] == pytest.approx(1.3 * extent[0], rel=0.05)  # z is the long axis


def test_ply_keeps_values(mesh, tmp_path):
    values = {"H": np.linspace(0, 1, len(mesh.vertices)), "k1": np.ones(len(mesh.vertices))}
    back, found = read_mesh(write_mesh(tmp_path / "a.ply", mesh, values))
    assert set(found) == {"H", "k1"}
    np.testing.assert_allclose(found["H"], values["H"], rtol=1e-6)
    np.testing.assert_allclose(back.vertices, mesh.vertices, rtol=1e-6)


def test_values_must_fit(mesh, tmp_path):
    with pytest.raises(InputError, match="3 numbers"):
        write_mesh(tmp_path / "a.ply", mesh, {"H": np.ones(3)})


@pytest.mark.parametrize("suffix", ["ply", "obj", "stl"])
@pytest.mark.parametrize("content", [b"", b"rubbish", b"ply\nformat ascii 1.0\nelement vertex 3\nend_header\n"])
def test_damaged_meshes_end_in_a_sentence(suffix, content, tmp_path):
    (tmp_path / f"a.{suffix}").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read|no usable"):
        read_mesh(tmp_path / f"a.{suffix}")


def test_refusals(mesh, tmp_path):
    with pytest.raises(InputError, match="must end in"):
        write_mesh(tmp_path / "a.doc", mesh)
    with pytest.raises(InputError, match="cannot be written"):
        write_mesh(tmp_path / "no" / "a.ply", mesh)
    with pytest.raises(InputError, match="no file"):
        read_mesh(tmp_path / "a.ply")
