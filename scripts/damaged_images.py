"""Damaged image and mesh files: each is read, or refused in one sentence of ours, in bounded time and memory.

Run: python scripts/damaged_images.py 5000 [seed]. Damages are those of `damaged_ebsd.py`; every file has 20 s.
"""

from __future__ import annotations

import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import mrcfile
import nibabel
import numpy as np
import tifffile
import trimesh
import zarr
from damaged_ebsd import damaged

from shapelab.errors import ShapelabError
from shapelab.io import list_arrays, read_image
from shapelab.io.mesh import read_mesh_file

__all__ = ["originals", "try_damaged"]

_MESHES = (".ply", ".obj", ".stl")
_SECONDS = 20
_BYTES = 6 << 30
"""Address space that the whole trial may take."""


def originals(folder: Path) -> list[Path]:
    """Write one whole file of each format."""
    labels = np.zeros((6, 7, 8), np.int16)
    labels[1:4, 2:5, 3:7] = 1
    labels[4:, 5:, 1:3] = 2
    nibabel.save(nibabel.Nifti1Image(labels.T, np.diag([1, 2, 3, 1.0])), folder / "a.nii")
    nibabel.save(nibabel.Nifti1Image(labels.T, np.diag([1, 2, 3, 1.0])), folder / "b.nii.gz")
    space = {"axes": "ZYX", "spacing": 3.0, "unit": "um"}
    tifffile.imwrite(folder / "imagej.tif", labels, imagej=True, resolution=(5, 5), metadata=space)
    tifffile.imwrite(folder / "ome.ome.tif", labels, metadata={"axes": "ZYX", "PhysicalSizeX": 0.2}, compression="zlib")
    with mrcfile.new(folder / "a.mrc", labels) as stream:
        stream.voxel_size = 2
    np.save(folder / "a.npy", labels)
    np.savez_compressed(folder / "a.npz", labels=labels)
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("raw/a", data=labels, chunks=(3, 7, 8), compression="gzip").attrs["element_size_um"] = [1, 2, 3]
        file["raw/a"].attrs["axistags"] = '{"axes": [{"key": "z"}, {"key": "y"}, {"key": "x"}]}'
        file.attrs["about"] = "text of any length " * 9
    store = zarr.create_group(folder / "a.zarr")
    store.create_array("0", data=labels, chunks=(3, 7, 8))
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    scale = {"type": "scale", "scale": [3.0, 2.0, 1.0]}
    store.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [scale]}]}],
    }
    ball = trimesh.creation.icosphere(1)
    for suffix in _MESHES:
        ball.export(folder / f"a{suffix}")
    return sorted(path for path in folder.iterdir())


def try_damaged(folder: Path, n: int, seed: int = 0) -> Counter[str]:
    """Try n damaged files; return how many of each kind were read and refused. Anything but a sentence is raised."""
    rng, found = np.random.default_rng(seed), Counter[str]()
    whole = folder / "whole"
    whole.mkdir()
    files = originals(whole)
    signal.signal(signal.SIGALRM, _too_long)
    for i in range(n):
        original = files[i % len(files)]
        file = folder / f"damaged{''.join(original.suffixes)}"
        _hurt(original, file, rng)
        signal.alarm(_SECONDS)
        try:
            _read(file)
            found[f"{''.join(original.suffixes)} read"] += 1
        except ShapelabError as error:
            if "\n" in str(error) or not str(error).endswith((".", ")")):
                raise AssertionError(f"no sentence: {error!r}") from error
            found[f"{''.join(original.suffixes)} refused"] += 1
        except BaseException:
            print(f"file {i} of {original.name}, seed {seed}")
            raise
        finally:
            signal.alarm(0)
    return found


def _hurt(original: Path, file: Path, rng: np.random.Generator) -> None:
    if original.is_file():
        file.write_bytes(damaged(original.read_bytes(), original.suffix == ".obj", rng))
        return
    shutil.rmtree(file, ignore_errors=True)
    shutil.copytree(original, file)
    parts = sorted(path for path in file.rglob("*") if path.is_file())
    part = parts[int(rng.integers(len(parts)))]
    part.write_bytes(damaged(part.read_bytes(), part.suffix == ".json", rng))


def _read(file: Path) -> None:
    if file.suffix in _MESHES:
        read_mesh_file(file)
        return
    read_image(file)
    list_arrays(file)


def _too_long(*_: Any) -> None:
    raise AssertionError(f"it took more than {_SECONDS} s")


def main() -> None:
    """Try as many as the command line says."""
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    begin, seed = time.perf_counter(), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as folder:
        found = try_damaged(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 5000, seed)
    for kind, count in sorted(found.items()):
        print(f"{kind}: {count}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{sum(found.values())} files in {time.perf_counter() - begin:.0f} s; most memory {most:.0f} MB")


if __name__ == "__main__":
    main()
