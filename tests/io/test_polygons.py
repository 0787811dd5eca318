"""Faces with many corners, in each format that has them: areas and volumes are right whether or not they are convex."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shapelab.convert.mesh import mesh_edges
from shapelab.errors import InputError
from shapelab.io.mesh import read_mesh_file
from shapelab.io.polygons import cut_polygons
from shapelab.measure import mesh_area

ANGLES = np.arange(10) * np.pi / 5
OUTLINES = {  # counter-clockwise
    "an L": [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)],
    "an L with corners on its sides": [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2), (0, 1)],
    "an arrowhead": [(0, 0), (2, -1), (0.5, 0), (2, 1)],
    "a star": [((2, 0.6)[i % 2] * np.cos(a), (2, 0.6)[i % 2] * np.sin(a)) for i, a in enumerate(ANGLES)],
    "a U": [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)],
    "a square": [(0, 0), (2, 0), (2, 2), (0, 2)],
}
HEIGHT = 1.5


def prism(outline, first):
    """Corners (x, y, z) and faces of a prism, turned in space; its caps begin at the corner `first`."""
    flat = np.array(outline, float)
    n = len(flat)
    cap = np.roll(np.arange(n), -first)
    points = np.vstack([np.column_stack([flat, np.full(n, z)]) for z in (0, HEIGHT)])
    sides = [[i, (i + 1) % n, n + (i + 1) % n, n + i] for i in range(n)]
    turned = Rotation.from_euler("xyz", [0.3, 0.7, 1.1]).apply(points) + np.array([5, -3, 2])
    return turned, [cap[::-1].tolist(), (cap + n).tolist(), *sides]


def area_and_volume(outline):
    x, y = np.array(outline, float).T
    base = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
    return 2 * base + HEIGHT * np.hypot(np.roll(x, -1) - x, np.roll(y, -1) - y).sum(), HEIGHT * base


def header(kind, points, faces):
    lines = ["ply", f"format {kind} 1.0", "comment made here", f"element vertex {len(points)}"]
    lines += [f"property double {name}" for name in "xyzH"]
    return "\n".join([*lines, f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header\n"])


def as_ply(points, faces):
    rows = [" ".join(map(repr, [*p, float(i)])) for i, p in enumerate(points.tolist())]
    rows += [" ".join(map(str, [len(f), *f])) for f in faces]
    return (header("ascii", points, faces) + "\n".join(rows) + "\n").encode()


def as_binary_ply(points, faces, order="<", kind="binary_little_endian"):
    rows = np.column_stack([points, np.arange(len(points))]).astype(f"{order}f8").tobytes()
    lists = b"".join(struct.pack(f"{order}B{len(face)}i", len(face), *face) for face in faces)
    return header(kind, points, faces).encode() + rows + lists


def as_ply_with_texture(points, faces, kind="ascii"):
    """Faces with a flag before their corners and a list of places in a texture behind them; edges at the end."""
    lists = (
        "property uchar flag\nproperty list uchar int vertex_indices\nproperty list uchar float texcoord\nelement edge 1\nproperty int a"
    )
    head = header(kind, points, faces).replace("property list uchar int vertex_indices", lists)
    if kind != "ascii":
        rows = np.column_stack([points, np.arange(len(points))]).astype("<f8").tobytes()
        packed = (struct.pack(f"<BB{len(f)}iB{2 * len(f)}f", 1, len(f), *f, 2 * len(f), *[0.5] * 2 * len(f)) for f in faces)
        return head.encode() + rows + b"".join(packed) + struct.pack("<i", 0)
    rows = [" ".join(map(repr, [*p, float(i)])) for i, p in enumerate(points.tolist())]
    rows += [" ".join(map(str, [1, len(f), *f, 2 * len(f), *[0.5] * 2 * len(f)])) for f in faces]
    return (head + "\n".join(rows) + "\n0\n").encode()


def as_binary_ply_with_texture(points, faces):
    return as_ply_with_texture(points, faces, "binary_little_endian")


def as_big_ply(points, faces):
    return as_binary_ply(points, faces, ">", "binary_big_endian")


def obj_vertices(points):
    return [f"v {x!r} {y!r} {z!r}" for x, y, z in points.tolist()]


def as_obj(points, faces):
    return "\n".join(obj_vertices(points) + ["f " + " ".join(str(v + 1) for v in face) for face in faces]).encode()


def as_obj_with_texture(points, faces):
    lines = [*obj_vertices(points), "vt 0 0", "vt 1 1", "vn 0 0 1"]
    return "\r\n".join(lines + ["f " + " ".join(f"{v + 1}/{1 + v % 2}/1" for v in face) + " # a face" for face in faces]).encode()


def as_obj_counting_backwards(points, faces):
    """Every face is written directly after copies of its own corners."""
    lines = []
    for face in faces:
        lines += [*obj_vertices(points[face]), "f " + " ".join(str(k - len(face)) for k in range(len(face)))]
    return "\n".join(lines).encode()


WRITERS = {
    "ply": [as_ply, as_binary_ply, as_big_ply, as_ply_with_texture, as_binary_ply_with_texture],
    "obj": [as_obj, as_obj_with_texture, as_obj_counting_backwards],
}
FORMATS = [pytest.param(suffix, write, id=write.__name__) for suffix, writers in WRITERS.items() for write in writers]


def volume(mesh):
    a, b, c = np.asarray(mesh.vertices, float)[np.asarray(mesh.faces)][..., ::-1].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize("name", OUTLINES)
@pytest.mark.parametrize(("suffix", "write"), FORMATS)
def test_prisms_have_their_area_and_volume(name, suffix, write, tmp_path):
    outline = OUTLINES[name]
    area, inside = area_and_volume(outline)
    for first in range(len(outline)):
        points, faces = prism(outline, first)
        (tmp_path / f"a.{suffix}").write_bytes(write(points, faces))
        found = read_mesh_file(tmp_path / f"a.{suffix}")
        assert found.notes == ()
        assert mesh_area(found.mesh) == pytest.approx(area, rel=1e-6)
        assert volume(found.mesh) == pytest.approx(inside, rel=1e-6)  # turns outwards, too
        assert (mesh_edges(found.mesh.faces)[1] == 2).all()  # closed
        assert len(found.mesh.vertices) == len(points)
        if suffix == "ply":
            np.testing.assert_array_equal(found.values["H"], np.arange(len(points)))


@pytest.mark.parametrize(("suffix", "write"), FORMATS)
def test_a_single_face_and_many_alike(suffix, write, tmp_path):
    """Binary files whose faces have equally many corners are read another way."""
    for name, outline in OUTLINES.items():
        points, faces = prism(outline, 2)
        (tmp_path / f"a.{suffix}").write_bytes(write(points, faces[:2]))
        _, volume_of_prism = area_and_volume(outline)
        assert mesh_area(read_mesh_file(tmp_path / f"a.{suffix}").mesh) == pytest.approx(2 * volume_of_prism / HEIGHT, rel=1e-6), name


@pytest.mark.parametrize(("suffix", "write"), FORMATS)
def test_faces_that_cross_themselves_are_refused(suffix, write, tmp_path):
    pentagram = [(np.cos(a), np.sin(a)) for a in 4 * np.pi / 5 * np.arange(5)]
    for outline in (pentagram, [(0, 0), (2, 2), (2, 0), (0, 1)]):
        points, faces = prism(outline, 0)
        (tmp_path / f"a.{suffix}").write_bytes(write(points, faces))
        with pytest.raises(InputError, match=rf"a\.{suffix}: 2 of {len(faces)} faces cross themselves"):
            read_mesh_file(tmp_path / f"a.{suffix}")


def test_faces_that_are_not_flat_and_degenerate_ones():
    rng = np.random.default_rng(0)
    star = np.array(OUTLINES["a star"])
    bent = np.column_stack([star, 0.1 * rng.normal(size=len(star))])
    (cut,) = cut_polygons(bent, [np.arange(len(star))])
    a, b, c = bent[cut].transpose(1, 0, 2)
    signed = np.cross(b - a, c - a)[:, 2] / 2  # as seen from above
    assert (signed > 0).all()
    assert signed.sum() == pytest.approx(area_and_volume(star)[1] / HEIGHT)
    line = np.column_stack([np.arange(5.0), np.zeros((5, 2))])
    twice = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0.0]])
    assert [len(cut) for cut in cut_polygons(line, [[0, 1, 2, 3, 4], [0, 1], [2]])] == [3, 0, 0]
    (cut,) = cut_polygons(twice, [[0, 1, 2, 3]])
    corners = twice[cut]
    assert np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2 == pytest.approx(0.5)


def test_random_outlines():
    """Star-shaped polygons with any number of corners, in any plane."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        n = int(rng.integers(4, 15))
        angles = (np.arange(n) + rng.uniform(0.1, 0.9, n)) * 2 * np.pi / n
        radii = rng.uniform(0.2, 2, n)
        outline = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
        points = Rotation.random(random_state=rng).apply(np.column_stack([outline, np.zeros(n)])) * 10.0 ** rng.integers(-6, 6)
        (cut,) = cut_polygons(points, [np.arange(n)])
        corners = points[cut]
        areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
        newell = np.linalg.norm(np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)) / 2
        assert areas.sum() == pytest.approx(newell, rel=1e-9)
        assert len(cut) == n - 2


@pytest.mark.parametrize("write", [as_ply, as_binary_ply])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])
def test_comments_of_a_ply_file_have_any_encoding(write, encoding, tmp_path):
    points, faces = prism(OUTLINES["an L"], 0)
    words = {"latin-1": "Gewebe von Zoë, Größe in µm", "cp1252": "1 … 2 µm", "utf-8": "Größe in µm, end_header"}[encoding]
    content = write(points, faces).replace(b"comment made here", f"comment {words}".encode(encoding) + b"\ncomment\n\nobj_info x")
    (tmp_path / "a.ply").write_bytes(content)
    assert mesh_area(read_mesh_file(tmp_path / "a.ply").mesh) == pytest.approx(area_and_volume(OUTLINES["an L"])[0], rel=1e-6)


def test_objs_dressed_otherwise_and_counting_from_zero(tmp_path):
    points, faces = prism(OUTLINES["an L"], 0)
    plain = as_obj(points, faces)
    for content in (plain.replace(b"\n", b"\r"), b"  " + plain.replace(b"\n", b"\n\t"), plain.replace(b" 3 ", b" 3 \\\n")):
        (tmp_path / "a.obj").write_bytes(content)
        assert mesh_area(read_mesh_file(tmp_path / "a.obj").mesh) == pytest.approx(area_and_volume(OUTLINES["an L"])[0], rel=1e-6)
    for face in (b"f 0 1 2", b"f 1 2 0", b"f 1/1 0/1 2/1", b"f 0 1 2 3 4"):
        (tmp_path / "a.obj").write_bytes(plain + b"\n" + face)
        with pytest.raises(InputError, match=r"a\.obj: A face has the vertex 0; OBJ files count vertices from 1"):
            read_mesh_file(tmp_path / "a.obj")


@pytest.mark.parametrize("write", [as_ply_with_texture, as_binary_ply_with_texture])
def test_a_file_cut_off_in_its_last_face_is_refused(write, tmp_path):
    points, faces = prism(OUTLINES["an L"], 0)
    content = write(points, faces)
    (tmp_path / "a.ply").write_bytes(content[:-20])
    with pytest.raises(InputError, match="incomplete"):
        read_mesh_file(tmp_path / "a.ply")
