"""napari readers: meshes, run folders, NIfTI images and EBSD maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_info

from napari_shapelab.run.folder_layers import run_triples
from napari_shapelab.viewer.notice import say_in_status
from shapelab.io import load_run, read_image
from shapelab.io.mesh import read_mesh_file

__all__ = ["ebsd_reader", "mesh_reader", "nifti_reader", "run_reader"]

_Triples = list[tuple[Any, dict[str, Any], str]]
_Read = Callable[[str | Sequence[str]], _Triples]


def mesh_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of PLY, OBJ and STL files."""
    return _each(_mesh) if _all(path, (".ply", ".obj", ".stl")) else None


def nifti_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of NIfTI and MRC files."""
    return _each(_image) if _all(path, (".nii", ".nii.gz", ".mrc", ".mrcs", ".rec", ".map")) else None


def run_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of run folders, None for any other folder."""
    folders = [path] if isinstance(path, str) else list(path)
    return _each(_run) if all((Path(folder) / "run.json").is_file() for folder in folders) else None


def ebsd_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of EBSD maps, None for an HDF5 file that holds something else."""
    from shapelab.crystals import is_ebsd

    paths = [path] if isinstance(path, str) else list(path)
    return _each(_ebsd) if all(is_ebsd(item) for item in paths) else None


def _all(path: str | Sequence[str], suffixes: tuple[str, ...]) -> bool:
    paths = [path] if isinstance(path, str) else list(path)
    return all(str(item).lower().endswith(suffixes) for item in paths)


def _each(read: Callable[[str], _Triples]) -> _Read:
    def read_all(path: str | Sequence[str]) -> _Triples:
        paths = [path] if isinstance(path, str) else path
        return [layer for item in paths for layer in read(str(item))]

    return read_all


def _mesh(path: str) -> _Triples:
    found = read_mesh_file(path)
    if found.notes:
        say_in_status(f"{Path(path).name}: {' '.join(found.notes)}")
    meta: dict[str, Any] = {"name": Path(path).stem, "metadata": {"vertex_values": found.values, "notes": list(found.notes)}}
    if found.colours is not None:
        meta["vertex_colors"] = found.colours / 255
    data = (found.mesh.vertices, found.mesh.faces)
    if not found.values:
        return [(data, meta, "surface")]
    return [((*data, next(iter(found.values.values()))), {**meta, "colormap": "turbo"}, "surface")]


def _image(path: str) -> _Triples:
    layer = read_image(path)
    _say(path, layer.meta.get("metadata", {}).get("notes", ()))
    return [layer.as_tuple()]


def _say(path: str, notes: Sequence[str]) -> None:
    if notes:
        show_info(f"{Path(path).name}: {' '.join(notes)}")


def _run(path: str) -> _Triples:
    return run_triples(load_run(path))


def _ebsd(path: str) -> _Triples:
    from shapelab.crystals import read_ebsd
    from shapelab.crystals.ebsd.layers import scan_layers

    layers = scan_layers(Path(path).stem, read_ebsd(path))
    notes = layers[0].meta["metadata"]["notes"]
    if notes:
        show_info(" ".join(notes))
    return [layer.as_tuple() for layer in layers]
