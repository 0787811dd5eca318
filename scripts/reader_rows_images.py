"""Rows of the table of readers: images and meshes."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import mrcfile
import nibabel
import numpy as np
import tifffile
import zarr
from reader_table import Row

from shapelab.frame import LayerData
from shapelab.io import read_image, read_mesh

__all__ = ["rows"]

L = np.zeros((4, 5, 6), np.uint8)
L[1:3, 2:4, 3:5] = 1


class Case(NamedTuple):
    """A file and what reading it must give."""

    reader: str
    write: Callable[[Path], Path]
    right: dict[str, Any]


def told(layer: LayerData, what: str) -> Any:
    """Return one property of a layer as the table shows it."""
    if what == "axes":
        return ", ".join(layer.meta["axis_labels"])
    if what == "voxel size":
        return " × ".join(f"{step:.4g}" for step in layer.meta["scale"])
    if what == "units":
        return ", ".join(layer.meta["units"])
    if what == "place":
        return ", ".join(f"{x:.4g}" for x in layer.meta.get("translate", ())) or ("affine" if "affine" in layer.meta else "origin")
    if what == "ids":
        return ", ".join(str(i) for i in np.unique(layer.data) if i)
    return str(layer.data.dtype)


def ome(path: Path) -> Path:
    """OME-TIFF, units that differ by axis."""
    units = {"PhysicalSizeX": 200.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 200.0, "PhysicalSizeYUnit": "nm"}
    tifffile.imwrite(path / "a.ome.tif", L, metadata={"axes": "ZYX", "PhysicalSizeZ": 1.0, "PhysicalSizeZUnit": "µm", **units})
    return path / "a.ome.tif"


def imagej(path: Path) -> Path:
    """ImageJ hyperstack, z in another unit."""
    meta = {"axes": "ZYX", "spacing": 300.0, "unit": "um", "zunit": "nm"}
    tifffile.imwrite(path / "a.tif", L, imagej=True, resolution=(5, 5), metadata=meta)
    return path / "a.tif"


def series(path: Path) -> Path:
    """OME-TIFF over time."""
    tifffile.imwrite(path / "t.ome.tif", L, metadata={"axes": "TYX", "TimeIncrement": 2.0, "TimeIncrementUnit": "min"})
    return path / "t.ome.tif"


def nifti(path: Path) -> Path:
    """NIfTI, mirrored and moved, ids in float64."""
    image = nibabel.Nifti1Image(L.T * 576073732.0, np.array([[-0.5, 0, 0, 30], [0, 0.5, 0, -20], [0, 0, 2, 5], [0, 0, 0, 1.0]]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path / "a.nii.gz")
    return path / "a.nii.gz"


def mrc(path: Path) -> Path:
    """MRC volume with an origin."""
    with mrcfile.new(path / "a.mrc", L.astype(np.int16)) as file:
        file.set_volume()
        file.voxel_size = (1, 2, 3)
        file.header.origin.z = 30
    return path / "a.mrc"


def hdf5(path: Path) -> Path:
    """HDF5 of PlantSeg."""
    with h5py.File(path / "a.h5", "w") as file:
        file.create_dataset("segmentation", data=L.astype(np.uint64) * (2**63 + 1)).attrs["element_size_um"] = [0.25, 0.15, 0.15]
    return path / "a.h5"


def ome_zarr(path: Path) -> Path:
    """OME-Zarr with scale and translation."""
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    moves = [{"type": "scale", "scale": [2, 0.5, 0.5]}, {"type": "translation", "translation": [1, 2, 3]}]
    scales = [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": moves}]}]
    zarr.open_group(str(path / "a.zarr"), mode="w", attributes={"ome": {"version": "0.5", "multiscales": scales}})["0"] = L.astype(
        np.uint32
    )
    return path / "a.zarr"


def npy(path: Path) -> Path:
    """Npy, big-endian."""
    np.save(path / "a.npy", L.astype(">i4"))
    return path / "a.npy"


CASES = [
    Case(
        "OME-TIFF",
        ome,
        {"axes": "z, y, x", "voxel size": "1000 × 200 × 200", "units": "nm, nm, nm", "place": "origin", "ids": "1", "dtype": "uint8"},
    ),
    Case("OME-TIFF over time", series, {"axes": "t, y, x", "voxel size": "120 × 1 × 1", "units": "second, pixel, pixel"}),
    Case("ImageJ TIFF", imagej, {"axes": "z, y, x", "voxel size": "0.3 × 0.2 × 0.2", "units": "um, um, um"}),
    Case(
        "NIfTI",
        nifti,
        {
            **{"axes": "z, y, x", "voxel size": "2 × 0.5 × 0.5", "units": "mm, mm, mm"},
            **{"place": "5, -20, 27.5", "ids": "576073732", "dtype": "int32"},
        },
    ),
    Case(
        "MRC",
        mrc,
        {"axes": "z, y, x", "voxel size": "3 × 2 × 1", "units": "angstrom, angstrom, angstrom", "place": "30, 0, 0", "dtype": "int16"},
    ),
    Case(
        "HDF5",
        hdf5,
        {"axes": "z, y, x", "voxel size": "0.25 × 0.15 × 0.15", "units": "um, um, um", "ids": str(2**63 + 1)},
    ),
    Case(
        "OME-Zarr",
        ome_zarr,
        {"axes": "z, y, x", "voxel size": "2 × 0.5 × 0.5", "units": "um, um, um", "place": "1, 2, 3", "ids": "1", "dtype": "uint32"},
    ),
    Case("npy", npy, {"axes": "z, y, x", "voxel size": "1 × 1 × 1", "units": "pixel, pixel, pixel", "ids": "1", "dtype": "int32"}),
]


def mesh_rows(folder: Path) -> list[tuple[str, str, str, str]]:
    """Return the rows of the mesh reader: a cube far from the origin, each corner written once per triangle."""
    import trimesh

    cube = trimesh.creation.box()
    rows = []
    for suffix, offset in ((".ply", 4_000_000), (".obj", 4_000_000), (".stl", 1000)):
        soup = trimesh.Trimesh(cube.triangles.reshape(-1, 3) + offset, np.arange(36).reshape(-1, 3), process=False)
        text = "\n".join(
            ["ply", "format ascii 1.0", "element vertex 36", *(f"property double {a}" for a in "xyz")]
            + ["element face 12", "property list uchar int vertex_indices", "end_header"]
            + [" ".join(map(repr, map(float, v))) for v in soup.vertices]
            + [f"3 {3 * i} {3 * i + 1} {3 * i + 2}" for i in range(12)]
        )
        file = folder / f"a{suffix}"
        if suffix == ".ply":
            file.write_text(text + "\n")
        else:
            soup.export(file)
        mesh, _ = read_mesh(file)
        rows.append((suffix[1:].upper(), "corners, extent", f"{len(mesh.vertices)}, {np.ptp(mesh.vertices, axis=0).max():g}", "8, 1"))
    return rows


def concave_rows(folder: Path) -> Iterator[Row]:
    """Yield the rows of a prism over an L, whose caps are one face of six corners each."""
    from shapelab.measure import mesh_area

    flat = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
    points = [(x, y, z) for z in (0, 3) for x, y in flat]
    faces = [[5, 4, 3, 2, 1, 0], [6, 7, 8, 9, 10, 11], *([i, (i + 1) % 6, 6 + (i + 1) % 6, 6 + i] for i in range(6))]
    head = ["ply", "format {} 1.0", "comment {}", "element vertex 12", *(f"property float {axis}" for axis in "xyz"), "element face 8"]
    header = "\n".join([*head, "property list uchar int vertex_indices", "end_header\n"])
    lists = b"".join(struct.pack(f"<B{len(face)}i", len(face), *face) for face in faces)
    lines = [" ".join(map(str, row)) for row in [*points, *([len(face), *face] for face in faces)]]
    text = ["f " + " ".join(str(v + 1) for v in face) for face in faces]
    backwards = ["f " + " ".join(str(v - 12) for v in face) for face in faces]
    vertices = [f"v {x} {y} {z}" for x, y, z in points]
    files = {
        ("PLY", "text"): (header.format("ascii", "L") + "\n".join(lines) + "\n").encode(),
        ("PLY", "binary, a comment in Latin-1"): header.format("binary_little_endian", "Größe").encode("latin-1")
        + np.array(points, "<f4").tobytes()
        + lists,
        ("OBJ", "text"): "\n".join([*vertices, *text]).encode(),
        ("OBJ", "vertices counted backwards"): "\n".join([*vertices, *backwards]).encode(),
    }
    for (reader, case), content in files.items():
        file = folder / f"l.{reader.lower()}"
        file.write_bytes(content)
        yield Row(f"Mesh: {reader}", "area", f"faces that are not convex, {case}", "30", f"{mesh_area(read_mesh(file)[0]):.6g}")


def image_rows(cases: Iterable[Case], folder: Path) -> Iterator[Row]:
    """Yield one row for each statement of each image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases:
            layer = read_image(case.write(folder))
            for what, right in case.right.items():
                yield Row(f"Image: {case.reader}", what, str(case.write.__doc__).rstrip("."), right, str(told(layer, what)))


def rows(folder: Path) -> Iterator[Row]:
    """Yield one row for each statement of each file."""
    yield from image_rows(CASES, folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for reader, what, read, right in mesh_rows(folder):
            yield Row(f"Mesh: {reader}", what, "each corner once per triangle, far from the origin", right, read)
        yield from concave_rows(folder)
