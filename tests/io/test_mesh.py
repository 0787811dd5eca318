"""Meshes on disk: places, orientation and values come back."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from shapelab import convert
from shapelab.errors import InputError
from shapelab.io import read_mesh, write_mesh
from shapelab.io.mesh import read_mesh_file
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


CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], float)
QUADS = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [1, 3, 7, 5], [3, 2, 6, 7], [2, 0, 4, 6]]


def test_seams_of_a_texture_are_merged(tmp_path):
    lines = [f"v {x} {y} {z}" for x, y, z in CORNERS] + [f"vt {i / 24} 0" for i in range(24)]
    lines += ["f " + " ".join(f"{v + 1}/{4 * k + j + 1}" for j, v in enumerate(quad)) for k, quad in enumerate(QUADS)]
    (tmp_path / "a.obj").write_text("\n".join(lines) + "\n")
    mesh, _ = read_mesh(tmp_path / "a.obj")
    assert len(mesh.vertices) == 8
    assert euler_characteristic(mesh) == 2
    assert mesh_area(mesh) == pytest.approx(6)


def test_far_coordinates_colours_and_values_come_back(mesh, tmp_path):
    far = convert.Mesh(np.asarray(mesh.vertices, float) + np.array([100, 4_000_000, 500_000]), mesh.faces)
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (len(far.vertices), 4)).astype(np.uint8)
    found = read_mesh_file(write_mesh(tmp_path / "a.ply", far, {"H": np.arange(len(colours))}, colours))
    np.testing.assert_array_equal(found.mesh.vertices, far.vertices)
    np.testing.assert_array_equal(found.colours, colours)
    np.testing.assert_array_equal(found.values["H"], np.arange(len(colours)))
    assert found.notes == ()
    back = read_mesh_file(write_mesh(tmp_path / "a.obj", far, None, colours[:, :3]))
    assert mesh_area(back.mesh) == pytest.approx(mesh_area(mesh), rel=1e-5)
    assert np.abs(back.colours[:, :3].astype(int) - colours[:, :3]).max() <= 1
    with pytest.raises(InputError, match="holds no colours"):
        write_mesh(tmp_path / "a.stl", far, None, colours)


def test_collapsed_and_doubled_triangles_and_unused_vertices(mesh, tmp_path):
    n = len(mesh.vertices)
    vertices = np.vstack([mesh.vertices, [[500, 500, 500]]])
    faces = np.vstack([mesh.faces, mesh.faces[:3, [1, 2, 0]], [[0, 0, 1], [5, 5, 5]]])
    found = read_mesh_file(write_mesh(tmp_path / "a.ply", convert.Mesh(vertices, faces)))
    assert (len(found.mesh.vertices), len(found.mesh.faces)) == (n, len(mesh.faces))
    assert [note.split()[0] for note in found.notes] == ["1", "2", "3"]
    assert euler_characteristic(found.mesh) == 2


def test_overlapping_bodies_are_joined_and_cavities_stay(mesh):
    second = np.asarray(mesh.vertices) + np.array([0, 0, 1.5])
    both = convert.Mesh(np.vstack([mesh.vertices, second]), np.vstack([mesh.faces, mesh.faces + len(second)]))
    one, two = (convert.mesh_to_mask(convert.Mesh(v, mesh.faces), 0.5, shape=(20, 20, 24))[0] for v in (mesh.vertices, second))
    np.testing.assert_array_equal(convert.mesh_to_mask(both, 0.5, shape=(20, 20, 24))[0], one | two)
    middle = np.mean(mesh.vertices, axis=0)
    small = (np.asarray(mesh.vertices) - middle) / 2 + middle
    hollow = convert.Mesh(np.vstack([mesh.vertices, small]), np.vstack([mesh.faces, mesh.faces[:, ::-1] + len(small)]))
    inner = convert.mesh_to_mask(convert.Mesh(small, mesh.faces), 0.5, shape=(20, 20, 24))[0]
    np.testing.assert_array_equal(convert.mesh_to_mask(hollow, 0.5, shape=(20, 20, 24))[0], one & ~inner)
    flipped = convert.Mesh(mesh.vertices, np.vstack([mesh.faces[:5, ::-1], mesh.faces[5:]]))
    np.testing.assert_array_equal(convert.mesh_to_mask(flipped, 0.5, shape=(20, 20, 24))[0], one)


def test_merging_in_a_box_of_more_than_2_to_the_27_voxels():
    from shapelab.convert.mesh import _merged

    vertices = np.array([[0, 0, 0], [3000, 0, 0], [0, 3000, 0], [0, 0, 3000], [3000, 0, 0]], np.float32)
    merged, faces = _merged(vertices, np.array([[0, 1, 2], [0, 4, 3]]))
    assert len(merged) == 4
    assert len(faces) == 2


def test_ids_at_vertices_stay_whole(mesh, tmp_path):
    ids = np.arange(len(mesh.vertices)) + 2**24
    for values in (ids.astype(np.int32), ids.astype(np.uint32) + 2**31, ids + 2**40):
        _, found = read_mesh(write_mesh(tmp_path / "a.ply", mesh, {"cell": values}))
        assert found["cell"].astype(np.int64).tolist() == values.astype(np.int64).tolist()


def test_far_meshes_are_exact_or_refused(mesh, tmp_path):
    far = mesh._replace(vertices=mesh.vertices.astype(float) + 1e6 + 1e-3)
    file = write_mesh(tmp_path / "a.vtk", far)
    assert b" double\n" in file.read_bytes()[:200]
    content = file.read_bytes()
    points = np.frombuffer(content, ">f8", far.vertices.size, content.index(b" double\n") + 8)
    np.testing.assert_array_equal(points.reshape(-1, 3)[:, ::-1], far.vertices)
    with pytest.raises(InputError, match="32-bit numbers"):
        write_mesh(tmp_path / "a.stl", far)
    assert b" float\n" in write_mesh(tmp_path / "b.vtk", mesh).read_bytes()[:200]
