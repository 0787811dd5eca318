"""napari readers: meshes, run folders, NIfTI images, cells of other programs, files of several arrays and EBSD maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_shapelab.viewer.folder_layers import run_triples
from napari_shapelab.viewer.notice import say_in_status, say_when_drawn
from shapelab.errors import InputError
from shapelab.io import list_arrays, load_run, read_image
from shapelab.io.mesh import read_mesh_file

__all__ = ["array_reader", "cell_reader", "ebsd_reader", "mesh_reader", "nifti_reader", "run_reader"]

_MOST_ARRAYS = 6
"""Arrays of one file that are opened together."""
_Triples = list[tuple[Any, dict[str, Any], str]]
_Read = Callable[[str | Sequence[str]], _Triples]


def mesh_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of PLY, OBJ and STL files."""
    return _each(_mesh) if _all(path, (".ply", ".obj", ".stl")) else None


def nifti_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of NIfTI and MRC files."""
    return _each(_image) if _all(path, (".nii", ".nii.gz", ".mrc", ".mrcs", ".rec", ".map")) else None


def cell_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of cells of Neper, CompuCell3D and ImageJ, None for an archive that holds something else than ROIs."""
    from shapelab.io.imagej import is_roi_set

    paths = [path] if isinstance(path, str) else list(path)
    known = (".tesr", ".piff", ".pif", ".roi")
    return _each(_cells) if all(str(item).lower().endswith(known) or is_roi_set(Path(item)) for item in paths) else None


def run_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of run folders, None for any other folder."""
    folders = [path] if isinstance(path, str) else list(path)
    return _each(_run) if all((Path(folder) / "run.json").is_file() for folder in folders) else None


def ebsd_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of EBSD maps, None for an HDF5 file that holds something else."""
    from shapelab.crystals import is_ebsd

    paths = [path] if isinstance(path, str) else list(path)
    return _each(_ebsd) if all(is_ebsd(item) for item in paths) else None


def array_reader(path: str | Sequence[str]) -> _Read | None:
    """Return a reader of HDF5 and npz files of images, None for EBSD maps and files without images."""
    from shapelab.crystals import is_ebsd

    paths = [path] if isinstance(path, str) else list(path)
    if not _all(path, (".h5", ".hdf5", ".npz")) or any(is_ebsd(item) for item in paths):
        return None
    return _each(_arrays)


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


def _cells(path: str) -> _Triples:
    """Read cells; what their format cannot state is said in the status bar, since it is so of every such file."""
    layer = read_image(path)
    say_in_status(f"{Path(path).name}: {' '.join(layer.meta.get('metadata', {}).get('notes', ()))}")
    return [layer.as_tuple()]


def _arrays(path: str) -> _Triples:
    """Read every image of a file, each as a layer under its own name, unless they are many."""
    name = Path(path).name
    keys = [entry.key for entry in list_arrays(path) if len(entry.shape) > 1]
    if not keys:
        raise InputError(f"{name} holds no images: no array in it has two axes or more.")
    if len(keys) > _MOST_ARRAYS:
        raise InputError(
            f"{name} holds {len(keys)} arrays ({', '.join(keys[:12])}…): up to {_MOST_ARRAYS} are opened at once. Read the one "
            f"that is wanted by its name, such as shapelab.io.read_image(path, key={keys[0]!r}) in Python."
        )
    layers = [read_image(path, key=key) for key in keys]
    _say(path, [note for layer in layers for note in layer.meta.get("metadata", {}).get("notes", ())])
    triples = zip(keys, (layer.as_tuple() for layer in layers), strict=True)
    return [(data, {**meta, "name": f"{Path(path).stem} · {key}"}, kind) for key, (data, meta, kind) in triples]


def _say(path: str, notes: Sequence[str]) -> None:
    if notes:
        say_when_drawn(f"{Path(path).name}: {' '.join(notes)}")


def _run(path: str) -> _Triples:
    return run_triples(load_run(path))


def _ebsd(path: str) -> _Triples:
    from shapelab.crystals import read_ebsd
    from shapelab.crystals.ebsd.layers import scan_layers

    layers = scan_layers(Path(path).stem, read_ebsd(path))
    notes = layers[0].meta["metadata"]["notes"]
    if notes:
        say_when_drawn(" ".join(notes))
    return [layer.as_tuple() for layer in layers]
