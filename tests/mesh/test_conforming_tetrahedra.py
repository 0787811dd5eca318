"""Tetrahedra that fill cells: nothing gapes, every cell its volume, sides and periodic pairs exact; files as others read them."""

from __future__ import annotations

import re
import threading
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shapelab.crystals.diagram import Diagram
from shapelab.errors import InputError, ParameterError, ShapelabError, Stopped
from shapelab.io.fem import write_tetrahedra
from shapelab.mesh import TetrahedronMesh, conforming_tetrahedra
from shapelab.stopping import stoppable


def aggregate(rng: np.random.Generator, periodic: tuple[bool, ...], *, hole: bool, cells: int = 9, side: int = 16) -> np.ndarray:
    """Cells of a few hundred voxels, with a ball of background or not."""
    shape = np.array([side, side + 2, side + 1])
    seeds = rng.random((cells, 3)) * shape
    step = np.indices(shape).reshape(3, -1).T[:, None] - seeds
    step = np.where(periodic, step - np.round(step / shape) * shape, step)
    labels = (np.argmin((step**2).sum(2), axis=1) + 3).reshape(shape)
    if hole:
        place = np.indices(shape) - shape[:, None, None, None] / 2
        labels[(place**2).sum(0) < (0.3 * side) ** 2] = 0
    return labels


def face_counts(mesh: TetrahedronMesh) -> tuple[np.ndarray, np.ndarray]:
    corners = np.sort(np.concatenate([np.delete(mesh.tetrahedra, k, axis=1) for k in range(4)]), axis=1)
    return np.unique(corners, axis=0, return_counts=True)


@settings(max_examples=6)
@given(seed=st.integers(0, 2**31))
@example(seed=362)
def test_cells_are_filled_without_gaps_and_keep_their_volumes(seed):
    rng = np.random.default_rng(seed)
    periodic = tuple(bool(p) for p in rng.random(3) < 0.5)
    labels = aggregate(rng, periodic, hole=bool(rng.random() < 0.5))
    spacing = (0.5, 0.4, 0.4) if seed % 2 else (1.0, 1.0, 1.0)
    mesh = conforming_tetrahedra(labels, spacing, size=1.6 * max(spacing), periodic=periodic)
    voxel = float(np.prod(spacing))
    x = mesh.nodes[mesh.tetrahedra]
    volumes = np.linalg.det(x[:, 1:] - x[:, :1]) / 6
    assert volumes.min() > 0
    assert mesh.quality.inverted == 0
    assert mesh.quality.tetrahedra == len(volumes)
    found = mesh.volumes()
    assert sum(found.values()) == pytest.approx(labels.size * voxel, rel=1e-12)
    numbers, pixels = np.unique(labels, return_counts=True)
    off = np.array([found.get(int(label), 0.0) for label in numbers]) - pixels * voxel
    lacking = np.abs(off[pixels <= 150]).sum()  # a small cell in a narrow place cannot be blown up; its neighbours have what it lacks
    assert (np.abs(off) <= 2e-3 * pixels * voxel + lacking).all()
    present = [int(label) in found for label in numbers]
    assert mesh.quality.volume_error == pytest.approx(np.abs(off[present] / (pixels * voxel)[present]).max(), abs=1e-9)
    faces, counts = face_counts(mesh)
    assert counts.max() == 2
    once = mesh.nodes[faces[counts == 1]]
    assert ((once == once[:, :1]).all(1) & ((once[:, 0] == mesh.box[0]) | (once[:, 0] == mesh.box[1]))).any(1).all()
    outward = mesh.side_faces()
    assert sum(map(len, outward.values())) == (counts == 1).sum()
    for name, triangles in outward.items():
        corners = mesh.nodes[triangles]
        area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
        axis, size = "zyx".index(name[0]), mesh.box[1] - mesh.box[0]
        assert area[:, axis].sum() == pytest.approx((1 if name[1] == "1" else -1) * np.delete(size, axis).prod(), rel=1e-12)
    assert set(mesh.periodic_pairs()) == {name for name, repeats in zip("zyx", periodic, strict=True) if repeats}
    for axis, pairs in mesh.periodic_pairs().items():
        others = [k for k in range(3) if "zyx"[k] != axis]
        assert mesh.nodes[pairs[:, 0]][:, others].tobytes() == mesh.nodes[pairs[:, 1]][:, others].tobytes()
        assert len(np.unique(pairs)) == pairs.size


@pytest.fixture(scope="module")
def periodic_mesh():
    return conforming_tetrahedra(aggregate(np.random.default_rng(3), (True,) * 3, hole=True), 0.5, size=0.9, periodic=True)


def test_angles_are_as_reported_and_no_element_is_thin(periodic_mesh):
    quality = periodic_mesh.quality
    x = periodic_mesh.nodes[periodic_mesh.tetrahedra]
    angles = []
    for i, j in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        k, m = (one for one in range(4) if one not in (i, j))
        along = x[:, j] - x[:, i]
        along /= np.linalg.norm(along, axis=1)[:, None]
        a, b = (x[:, one] - x[:, i] - ((x[:, one] - x[:, i]) * along).sum(1)[:, None] * along for one in (k, m))
        angles.append(np.degrees(np.arccos((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))))
    assert quality.smallest_angle == pytest.approx(np.min(angles), abs=1e-6)
    assert quality.largest_angle == pytest.approx(np.max(angles), abs=1e-6)
    assert quality.smallest_angle > 10
    assert quality.largest_angle < 168
    assert 0.01 < quality.scaled_jacobian <= 1


def test_interfaces_lines_and_junctions_are_between_their_cells(periodic_mesh):
    mesh = periodic_mesh
    owners: dict[tuple[int, ...], list[int]] = {}
    along: dict[tuple[int, ...], set[int]] = {}
    touching: dict[int, set[int]] = {}
    for corners, cell in zip(np.sort(mesh.tetrahedra, axis=1).tolist(), mesh.cells.tolist(), strict=True):
        for k in range(4):
            owners.setdefault(tuple(corners[:k] + corners[k + 1 :]), []).append(cell)
            touching.setdefault(corners[k], set()).add(cell)
            for i in range(k):
                along.setdefault((corners[i], corners[k]), set()).add(cell)
    listed = {tuple(sorted(face)): pair for pair, faces in mesh.interfaces().items() for face in faces.tolist()}
    assert listed == {face: tuple(sorted(cells)) for face, cells in owners.items() if len(set(cells)) == 2}
    lines = {tuple(edge): cells for cells, edges in mesh.triple_lines().items() for edge in edges.tolist()}
    assert lines == {edge: tuple(sorted(cells)) for edge, cells in along.items() if len(cells) >= 3}
    assert set(mesh.junctions().tolist()) == {node for node, cells in touching.items() if len(cells) >= 4}


def test_interfaces_point_to_the_higher_label(periodic_mesh):
    mesh = periodic_mesh
    closed = {label: np.zeros(3) for label in np.unique(mesh.cells).tolist()}
    for (a, b), faces in mesh.interfaces().items():
        x = mesh.nodes[faces]
        vector = (np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]) / 2).sum(0)
        closed[a] += vector
        closed[b] -= vector
    tetrahedra = {label: mesh.tetrahedra[mesh.cells == label] for label in closed}
    for faces in mesh.side_faces().values():
        for label, corners in tetrahedra.items():
            inside = np.isin(
                np.sort(faces, axis=1) @ [1, 10**5, 10**10],
                np.concatenate([np.sort(np.delete(corners, k, axis=1), axis=1) @ [1, 10**5, 10**10] for k in range(4)]),
            )
            x = mesh.nodes[faces[inside]]
            closed[label] += (np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]) / 2).sum(0)
    for vector in closed.values():
        np.testing.assert_allclose(vector, 0, atol=1e-9)  # the surface of each cell is closed


def grid_diagram(seed: int, *, order: int = 2) -> Diagram:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), -1).reshape(-1, 3)
    seeds = (grid + 0.5 + rng.uniform(-0.2, 0.2, grid.shape)) / 3
    matrices = np.stack([np.diag(rng.uniform(0.7, 1.4, 3)) for _ in seeds])
    diagram = Diagram.from_ellipsoids(seeds, matrices, np.zeros(len(seeds)), ids=np.arange(len(seeds)) * 2 + 10, period=(1.0,) * 3)
    return diagram.raised(order) if order > 2 else diagram


@pytest.mark.parametrize("order", [2, 3])
def test_nodes_lie_on_the_boundaries_of_a_diagram(order):
    diagram = grid_diagram(5, order=order)
    mesh = diagram.tetrahedra((24,) * 3, 1 / 24, size=1 / 14)
    assert mesh.quality.volume_error < 1e-3
    assert set(mesh.cells.tolist()) == set(diagram.ids.tolist())
    seeds, matrices, _ = grid_diagram(5).ellipsoids()
    step = mesh.nodes[:, None] + 0.5 / 24 - seeds
    step -= np.round(step)
    values = -np.einsum("nci,cij,ncj->nc", step, matrices, step)
    gaps = []
    for (a, b), faces in mesh.interfaces().items():
        i, j = (a - 10) // 2, (b - 10) // 2
        nodes = np.unique(faces)
        slope = 2 * np.linalg.norm(step[nodes, i] @ matrices[i] - step[nodes, j] @ matrices[j], axis=1)
        gaps.append(np.abs(values[nodes, i] - values[nodes, j]) / slope * 24)
    assert np.median(np.concatenate(gaps)) < 0.03  # voxels; the last push gives every cell its volume
    assert np.mean(np.concatenate(gaps)) < 0.1


def test_cells_in_slabs_meet_in_planes():
    labels = np.repeat([4, 9, 2], 8)[:, None, None] * np.ones((1, 10, 12), int)
    mesh = conforming_tetrahedra(labels, 1.0, size=2.0)
    for pair, height in (((4, 9), 7.5), ((2, 9), 15.5)):
        np.testing.assert_allclose(mesh.nodes[np.unique(mesh.interfaces()[pair]), 0], height, atol=1e-6)
    assert not mesh.triple_lines()
    assert mesh.quality.smallest_angle > 20


def test_abaqus_gmsh_and_vtk_are_read_back_to_the_last_bit(periodic_mesh, tmp_path):
    import meshio

    mesh = periodic_mesh
    n, corners = len(mesh.nodes), mesh.tetrahedra[:, [0, 1, 3, 2]]
    for suffix in (".inp", ".msh", ".vtu"):
        path = write_tetrahedra(tmp_path / f"cells{suffix}", mesh)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = meshio.read(path)
        np.testing.assert_array_equal(read.points[:n], mesh.nodes[:, ::-1])
        found = next(block.data for block in read.cells if block.type == "tetra")
        np.testing.assert_array_equal(found, corners)
        x = read.points[found]
        assert np.linalg.det(x[:, 1:] - x[:, :1]).min() > 0
        if suffix == ".vtu":
            np.testing.assert_array_equal(read.cell_data["label"][0], mesh.cells)
        if suffix == ".msh":
            groups = {int(number): name for name, (number, kind) in read.field_data.items()}
            named = [int(groups[int(tag)].split()[1]) for tag in read.cell_data["gmsh:physical"][0]]
            assert named == mesh.cells.tolist()
            faces = {name for name in groups.values() if name.startswith("interface")}
            assert faces == {f"interface {a} {b}" for a, b in mesh.interfaces()}
        if suffix == ".inp":
            assert {name for name in read.point_sets if name.startswith("LINE")} == {
                "LINE_" + "_".join(map(str, cells)) for cells in mesh.triple_lines()
            }
            assert {name: len(np.unique(read.point_sets[name.upper()])) for name in mesh.sides()} == {
                name: len(nodes) for name, nodes in mesh.sides().items()
            }


def test_abaqus_surfaces_are_the_faces_they_are_named_after(periodic_mesh, tmp_path):
    mesh = periodic_mesh
    words = write_tetrahedra(tmp_path / "cells.inp", mesh).read_text()
    corners_of = {1: (0, 1, 2), 2: (0, 3, 1), 3: (1, 3, 2), 4: (2, 3, 0)}  # Abaqus manual: faces of C3D4
    written = mesh.tetrahedra[:, [0, 1, 3, 2]]
    surfaces = {
        name: [(int(e) - 1, int(face)) for e, face in re.findall(r"(\d+), S(\d)", members)]
        for name, members in re.findall(r"\*SURFACE, TYPE=ELEMENT, NAME=(\w+)\n((?:\d+, S\d\n)+)", words)
    }
    for (a, b), faces in mesh.interfaces().items():
        found = {tuple(sorted(written[e, list(corners_of[face])].tolist())) for e, face in surfaces[f"FACE_{a}_{b}"]}
        assert found == {tuple(sorted(face)) for face in faces.tolist()}
        assert {int(mesh.cells[e]) for e, _ in surfaces[f"FACE_{a}_{b}"]} == {a}
    for name, faces in mesh.side_faces().items():
        found = {tuple(sorted(written[e, list(corners_of[face])].tolist())) for e, face in surfaces[f"SIDE_{name.upper()}"]}
        assert found == {tuple(sorted(face)) for face in faces.tolist()}


def test_equations_hold_for_every_affine_strain(periodic_mesh, tmp_path):
    mesh = periodic_mesh
    words = write_tetrahedra(tmp_path / "cells.inp", mesh).read_text()
    n = len(mesh.nodes)
    strain = np.random.default_rng(0).normal(size=(3, 3))
    lengths = (mesh.box[1] - mesh.box[0])[::-1]
    ends = np.diag(lengths)[::-1]  # of STRAIN_Z, STRAIN_Y, STRAIN_X in (x, y, z)
    moved = np.concatenate([mesh.nodes[:, ::-1], ends]) @ strain.T
    first, later = [], set()
    for count, equation in re.findall(r"\*EQUATION\n(\d+)\n((?:[\d., -]+\n)+)", words):
        terms = np.array([float(word) for word in re.split(r"[,\n]", equation) if word.strip()]).reshape(-1, 3)
        assert len(terms) == int(count)
        nodes, directions = terms[:, 0].astype(int), terms[:, 1].astype(int)
        assert terms[:, 2] @ moved[nodes - 1, directions - 1] == pytest.approx(0, abs=1e-9)
        first.append((nodes[0], directions[0]))
        later |= set(zip(nodes[1:].tolist(), directions[1:].tolist(), strict=True))
    assert len(set(first)) == len(first)  # nothing is eliminated twice
    assert not later & set(first)
    sides = mesh.sides()
    far = set(np.concatenate([sides["z1"], sides["y1"], sides["x1"]]).tolist())
    assert {node - 1 for node, _ in first} == far
    assert max(far) < n


def test_background_can_be_left_out():
    labels = aggregate(np.random.default_rng(1), (False,) * 3, hole=True)
    mesh = conforming_tetrahedra(labels, size=2.0, background=False)
    assert 0 not in mesh.cells
    assert set(np.unique(mesh.tetrahedra)) == set(range(len(mesh.nodes)))
    assert sum(mesh.volumes().values()) == pytest.approx((labels > 0).sum(), rel=2e-3)


def test_cells_can_be_coarser_inside():
    labels = np.zeros((20, 20, 20), int)
    labels[6:14, 6:14, 6:14] = 5
    fine, coarse = (conforming_tetrahedra(labels, size=2.0, inner_size=inner) for inner in (None, 7.0))
    assert len(coarse.tetrahedra) < 0.9 * len(fine.tetrahedra)
    assert len(coarse.interfaces()[0, 5]) == len(fine.interfaces()[0, 5])
    for mesh in (fine, coarse):
        assert mesh.quality.smallest_angle > 12
        assert mesh.volumes() == pytest.approx({0: 8000 - 512, 5: 512}, rel=1e-3)
        assert face_counts(mesh)[1].max() == 2
    x = coarse.nodes[coarse.tetrahedra]
    assert max(np.linalg.norm(x[:, i] - x[:, j], axis=1).max() for i in range(4) for j in range(i)) < 9


def test_the_same_mesh_on_any_number_of_threads(monkeypatch):
    labels = aggregate(np.random.default_rng(7), (True, False, True), hole=False, side=20)
    meshes = []
    for threads in (1, 2):
        monkeypatch.setattr("shapelab.threads.thread_count", lambda threads=threads: threads)
        meshes.append(conforming_tetrahedra(labels, size=1.8, periodic=(True, False, True)))
    assert meshes[0].nodes.tobytes() == meshes[1].nodes.tobytes()
    assert meshes[0].tetrahedra.tobytes() == meshes[1].tetrahedra.tobytes()


@pytest.mark.parametrize(
    ("labels", "options", "error", "words"),
    [
        (np.ones((4, 4), int), {}, InputError, "have 2 axes"),
        (np.ones((8, 8, 8), int), {"size": -1.0}, ParameterError, "size = -1"),
        (np.ones((8, 8, 8), int), {"size": 4.0, "periodic": True}, ParameterError, "4 cubes or more, and this gives 2"),
        (np.ones((8, 8, 8), int), {"size": 1e-3}, ShapelabError, "GB"),
        (np.ones((8, 8, 8), int), {"size": 2.0, "inner_size": 1.0}, ParameterError, "inner_size = 1 is not possible: .* at least size, 2"),
        (np.ones((8, 8, 8)), {}, InputError, "floats"),
    ],
)
def test_what_cannot_be_filled_is_said(labels, options, error, words):
    with pytest.raises(error, match=words):
        conforming_tetrahedra(labels, **options)


def test_it_tells_where_it_is_and_can_be_stopped():
    labels = aggregate(np.random.default_rng(1), (False,) * 3, hole=False)
    parts: list[float] = []
    conforming_tetrahedra(labels, size=2.0, progress=lambda part, stage: parts.append(part))
    assert parts[0] == 0
    assert parts[-1] == 1
    assert parts == sorted(parts)
    stop = threading.Event()

    def end(part: float, stage: str) -> None:
        if part > 0.3:
            stop.set()

    with stoppable(stop), pytest.raises(Stopped):
        conforming_tetrahedra(labels, size=2.0, progress=end)


def test_command_line_fills_an_image(tmp_path, capsys):
    from shapelab.cli import main

    np.save(tmp_path / "cells.npy", aggregate(np.random.default_rng(2), (True,) * 3, hole=False))
    options = ["--periodic", "--voxel-size", "0.5", "--size", "1"]
    assert main(["export", str(tmp_path / "cells.npy"), str(tmp_path / "cells.inp"), *options]) == 0
    assert "tetrahedra, angles" in capsys.readouterr().err
    assert "*EQUATION" in (tmp_path / "cells.inp").read_text()
    assert main(["export", str(tmp_path / "cells.npy"), str(tmp_path / "cells.ply"), "--inner-size", "3"]) == 2
    assert "--inner-size is for" in capsys.readouterr().err


def test_command_line_fills_a_saved_diagram(tmp_path, capsys):
    import meshio

    from shapelab.cli import main

    grid_diagram(2).save(tmp_path / "grains.json", (16,) * 3, 1 / 16)
    assert main(["export", str(tmp_path / "grains.json"), str(tmp_path / "grains.vtu"), "--size", "0.1"]) == 0
    assert "tetrahedra, angles" in capsys.readouterr().err
    assert set(meshio.read(tmp_path / "grains.vtu").cell_data["label"][0].tolist()) == set(range(10, 64, 2))
    assert main(["export", str(tmp_path / "grains.json"), str(tmp_path / "other.vtu"), "--periodic"]) == 2
    assert "--periodic is not for diagrams" in capsys.readouterr().err
