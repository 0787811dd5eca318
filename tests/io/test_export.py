"""Run folders as files for other programs: what is written can be read there, and is what the run held."""

from __future__ import annotations

import os
import stat
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from shapelab.errors import InputError, Stopped
from shapelab.frame import Frame, LayerData
from shapelab.io import RunWriter, load_run, read_image, read_mesh, save_run
from shapelab.io.cell_meshes import cell_meshes, write_interfaces
from shapelab.io.export import export_meshes, export_tables, export_tiff
from shapelab.io.mesh import write_mesh
from shapelab.io.movie import write_movie
from shapelab.mesh import interface_mesh, interface_table


@pytest.fixture
def run(toy, tmp_path):
    """A run of 3 frames (steps 4, 8, 10) with a field, cells and seeds; voxels of 0.5 x 0.25 x 0.25 um."""
    simulation = toy(seed=3, shape=(8, 9, 10))
    with RunWriter(tmp_path / "run.zarr", simulation) as writer:
        for frame in simulation.run(10, every=4):
            writer.write(frame)
    return load_run(tmp_path / "run.zarr")


def balls() -> LayerData:
    """Two balls of radius 6, labels 2 and 5, in voxels of 0.5 (z), 0.25, 0.25; the second one is cut by the box."""
    z, y, x = np.indices((20, 40, 60)) * np.array([0.5, 0.25, 0.25])[:, None, None, None]
    labels = np.zeros(z.shape, np.uint16)
    labels[(z - 4.5) ** 2 + (y - 5) ** 2 + (x - 4) ** 2 < 9] = 2
    labels[(z - 4.5) ** 2 + (y - 5) ** 2 + (x - 14.75) ** 2 < 9] = 5
    return LayerData("cells", labels, "labels", {"scale": (0.5, 0.25, 0.25)})


def volume(mesh) -> float:
    a, b, c = (np.asarray(mesh.vertices, float)[mesh.faces[:, i], ::-1] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_each_cell_is_a_closed_mesh_at_its_place():
    meshes = dict(cell_meshes(balls()))
    assert list(meshes) == [2, 5]
    labels = np.asarray(balls().data)
    for label, mesh in meshes.items():
        edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        assert set(np.unique(edges, axis=0, return_counts=True)[1]) == {2}  # closed, also where the box cuts the ball
        assert volume(mesh) == pytest.approx((labels == label).sum() * 0.5 * 0.25**2, rel=0.05)
    np.testing.assert_allclose(np.mean(meshes[2].vertices, axis=0), (4.5, 5, 4), atol=0.05)


def test_a_cell_of_one_voxel_has_a_mesh_too():
    labels = np.zeros((5, 5, 5), np.uint8)
    labels[2, 2, 3] = 1
    ((label, mesh),) = cell_meshes(LayerData("cells", labels, "labels", {}))
    assert label == 1
    np.testing.assert_allclose(np.mean(mesh.vertices, axis=0), (2, 2, 3), atol=0.05)


def test_interfaces_of_cells_are_written_with_their_cells_and_areas(tmp_path):
    labels = np.zeros((12, 12, 20), np.uint16)
    labels[2:10, 2:10, 2:10], labels[2:10, 2:10, 10:18] = 4, 9
    path = write_interfaces(tmp_path / "cells.ply", LayerData("cells", labels, "labels", {"scale": (0.5, 0.25, 0.25)}))
    mesh, values = read_mesh(path)
    assert set(values) == {"cell_a", "cell_b", "pair", "area", "curvature"}
    pairs = np.stack([values["cell_a"], values["cell_b"]], axis=1)
    assert {tuple(pair) for pair in np.unique(pairs, axis=0).tolist()} == {(0, 4), (0, 9), (4, 9)}
    wall = (pairs == (4, 9)).all(1)
    np.testing.assert_allclose(np.asarray(mesh.vertices)[wall, 2], 9.5 * 0.25, atol=0.02)
    table = interface_table(interface_mesh(labels, (0.5, 0.25, 0.25))).set_index(["cell_a", "cell_b"])
    assert np.unique(values["area"][wall]).tolist() == [pytest.approx(table.loc[(4, 9), "area"], rel=0.02)]


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".stl"])
def test_the_surface_of_a_frame(run, tmp_path, suffix):
    path = export_meshes(run, tmp_path / f"surface{suffix}", [0])
    mesh, values = read_mesh(path)
    assert len(mesh.faces) > 10
    assert set(values) == ({"k1", "k2", "H", "K"} if suffix == ".ply" else set())
    assert mesh.vertices.max() <= 9 * 0.5


def test_vtk_holds_points_triangles_and_values(tmp_path):
    from shapelab.convert import Mesh

    mesh = Mesh(np.array([[0, 0, 0], [0, 0, 1], [0, 2, 0], [3, 0, 0]], np.float32), np.array([[0, 1, 2], [0, 1, 3]], np.int32))
    raw = write_mesh(tmp_path / "mesh.vtk", mesh, {"mean curvature H": np.arange(4.0)}).read_bytes()
    head, rest = raw.split(b"POINTS 4 float\n")
    assert head.decode().splitlines() == ["# vtk DataFile Version 3.0", "shapelab", "BINARY", "DATASET POLYDATA"]
    np.testing.assert_array_equal(np.frombuffer(rest[:48], ">f4").reshape(4, 3), mesh.vertices[:, ::-1])
    faces = rest[48:].removeprefix(b"\nPOLYGONS 2 8\n")
    np.testing.assert_array_equal(np.frombuffer(faces[:32], ">i4").reshape(2, 4), [[3, 0, 1, 2], [3, 0, 1, 3]])
    values = faces[32:].removeprefix(b"\nPOINT_DATA 4\nSCALARS mean_curvature_H float 1\nLOOKUP_TABLE default\n")
    np.testing.assert_array_equal(np.frombuffer(values[:16], ">f4"), np.arange(4))


def test_meshes_of_all_frames_and_of_each_cell(run, tmp_path):
    folder = export_meshes(run, tmp_path / "surface.stl", range(3))
    assert sorted(file.name for file in folder.iterdir()) == [f"step_{step:08d}.stl" for step in (4, 8, 10)]
    folder = export_meshes(run, tmp_path / "cells.ply", [0, 2], layer="cells", per_cell=True)
    assert sorted(file.name for file in folder.iterdir()) == ["step_00000004_cell_0001.ply", "step_00000010_cell_0001.ply"]


def test_a_stack_keeps_values_voxels_and_unit(run, tmp_path):
    import tifffile

    field = read_image(export_tiff(run, tmp_path / "field.ome.tif"))
    series, cells = run.layers()[:2]
    np.testing.assert_array_equal(field.data, np.asarray(series.data))
    assert tuple(field.meta["scale"])[1:] == (0.5, 0.25, 0.25)
    assert field.meta["units"][1:] == ("um",) * 3
    assert field.meta["axis_labels"] == ("t", "z", "y", "x")
    export_tiff(run, tmp_path / "cells.tif", layer="cells")
    stack = tifffile.imread(tmp_path / "cells.tif")
    assert stack.dtype == np.uint16
    np.testing.assert_array_equal(stack, np.asarray(cells.data))


def test_tables_say_step_and_time(run, tmp_path):
    scalars = pd.read_csv(export_tables(run, tmp_path / "scalars.csv"))
    assert scalars["step"].tolist() == [4, 8, 10]
    assert scalars["energy"].tolist() == run.scalars["energy"].tolist()
    folder = export_tables(run, tmp_path / "tables")
    assert sorted(file.name for file in folder.iterdir()) == ["labels_cells.csv", "points_seeds.csv", "scalars.csv"]
    cells = pd.read_csv(folder / "labels_cells.csv")
    assert cells.columns.tolist() == ["step", "time", "index", "volume"]
    assert cells["step"].tolist() == [4, 4, 8, 8, 10, 10]
    assert cells["time"].tolist() == [1.0, 1.0, 2.0, 2.0, 2.5, 2.5]


def pictures(n=4, height=21, width=31):
    return [np.full((height, width, 4), 40 * i, np.uint8) for i in range(n)]


def test_a_gif_shows_every_picture(tmp_path):
    shots = pictures()
    shots[2] = np.full((50, 60, 4), 80, np.uint8)  # the window was resized meanwhile
    with Image.open(write_movie(tmp_path / "movie.gif", iter(shots), rate=20)) as movie:
        assert (movie.n_frames, movie.size, movie.info["duration"], movie.info["loop"]) == (4, (30, 20), 50, 0)
        for i in range(4):
            movie.seek(i)
            assert np.asarray(movie.convert("RGB"))[5, 5].tolist() == [40 * i] * 3


def test_mp4_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="pip install imageio-ffmpeg"):
        write_movie(tmp_path / "movie.mp4", pictures())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_mp4_gives_all_pictures_to_ffmpeg_and_tells_its_complaint(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport sys\ndata = sys.stdin.buffer.read()\nopen(sys.argv[-1], 'wb').write(data)\n"
        "if len(data) < 3000: sys.exit('Unknown encoder libx264')\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    raw = write_movie(tmp_path / "movie.mp4", pictures()).read_bytes()
    np.testing.assert_array_equal(np.frombuffer(raw, np.uint8).reshape(4, 20, 30, 3)[:, 0, 0, 0], [0, 40, 80, 120])
    with pytest.raises(InputError, match=r"could not write short.mp4 \(Unknown encoder libx264\)"):
        write_movie(tmp_path / "short.mp4", pictures(1))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ffmpeg", "movie.mp4"]


def nothing_left(run, before):
    return sorted(file.name for file in run.path.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("export", "sentence"),
    [
        (lambda run, to: export_meshes(run, to / "mesh.doc"), "must end in .ply, .obj, .stl, .vtk"),
        (lambda run, to: export_meshes(run, to / "mesh.ply", layer="walls"), "no image or labels 'walls'; it has field, cells"),
        (lambda run, to: export_meshes(run, to / "mesh.ply", per_cell=True), "is not a label image"),
        (lambda run, to: export_tiff(run, to / "stack.png"), "must end in .tif"),
        (lambda run, to: export_tiff(run, to / "none" / "stack.tif"), "does not exist"),
        (lambda run, to: export_tables(run, run.path), "already exists"),
        (lambda run, to: write_movie(to / "movie.avi", pictures()), "must end in .mp4 or .gif"),
        (lambda run, to: write_movie(to / "movie.gif", []), "no pictures"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(run, export, sentence):
    before = sorted(file.name for file in run.path.parent.iterdir())
    with pytest.raises(InputError, match=sentence):
        export(run, run.path.parent)
    assert nothing_left(run, before)


def test_nothing_is_overwritten(run, tmp_path):
    for name in ("a.ply", "a.tif", "a.csv", "a.gif"):
        (tmp_path / name).write_text("mine")
    for export in (export_meshes, export_tiff, export_tables):
        name = {export_meshes: "a.ply", export_tiff: "a.tif", export_tables: "a.csv"}[export]
        with pytest.raises(InputError, match="already exists"):
            export(run, tmp_path / name)
    with pytest.raises(InputError, match="already exists"):
        write_movie(tmp_path / "a.gif", pictures())
    assert all((tmp_path / name).read_text() == "mine" for name in ("a.ply", "a.tif", "a.csv", "a.gif"))


def test_cancelling_leaves_nothing(run):
    def cancel(done, total):
        raise Stopped

    before = sorted(file.name for file in run.path.parent.iterdir())
    for export in (
        lambda: export_meshes(run, run.path.parent / "m.ply", range(3), progress=cancel),
        lambda: export_tiff(run, run.path.parent / "m.tif", progress=cancel),
        lambda: export_tables(run, run.path.parent / "tables", progress=cancel),
    ):
        with pytest.raises(Stopped):
            export()
        assert nothing_left(run, before)


def test_a_full_disk_is_one_sentence(run, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    before = sorted(file.name for file in run.path.parent.iterdir())
    monkeypatch.setattr("tifffile.imwrite", full)
    with pytest.raises(InputError, match="No space left on device"):
        export_tiff(run, run.path.parent / "stack.tif")
    assert nothing_left(run, before)


def test_a_flat_run_has_no_mesh(tmp_path):
    from shapelab.cells import Cells

    save_run(tmp_path / "flat.zarr", Cells("run_and_tumble", shape=(32, 32), n_cells=5))
    run = load_run(tmp_path / "flat.zarr")
    with pytest.raises(InputError, match="2-D: a mesh needs a volume"):
        export_meshes(run, tmp_path / "mesh.ply")
    assert read_image(export_tiff(run, tmp_path / "cells.tif")).data.shape == (32, 32)


def test_a_frame_without_cells_has_no_mesh(tmp_path):
    from shapelab.io.export import _write_whole
    from shapelab.io.record import LayerRecord

    empty = Frame(0, 0.0, (LayerData("cells", np.zeros((4, 4, 4), np.uint8), "labels", {}),), {})
    with pytest.raises(InputError, match="no cell in this frame"):
        _write_whole(tmp_path / "a.ply", empty, LayerRecord(name="cells", kind="labels", path="labels/cells", meta={}))
