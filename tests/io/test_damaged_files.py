"""Files with flipped, missing and repeated bytes: read, or refused in one sentence."""

from __future__ import annotations

import h5py
import mrcfile
import nibabel
import numpy as np
import pytest
import tifffile
import trimesh

from shapelab.errors import ShapelabError
from shapelab.io import read_image
from shapelab.io.mesh import read_mesh_file

L = np.zeros((4, 5, 6), np.int16)
L[1:3, 2:4, 3:5] = 1


def _whole(file):
    if file.suffix == ".nii":
        nibabel.save(nibabel.Nifti1Image(L.T, np.diag([1, 2, 3, 1.0])), file)
    elif file.suffix == ".tif":
        tifffile.imwrite(file, L, imagej=True, resolution=(5, 5), metadata={"axes": "ZYX", "spacing": 3.0, "unit": "um"})
    elif file.suffix == ".mrc":
        with mrcfile.new(file, L) as stream:
            stream.voxel_size = 2
    elif file.suffix == ".npy":
        np.save(file, L)
    elif file.suffix == ".h5":
        with h5py.File(file, "w") as stream:
            stream.create_dataset("a", data=L).attrs["element_size_um"] = [1, 2, 3]
    else:
        trimesh.creation.icosphere(1).export(file)
    return file.read_bytes()


@pytest.mark.parametrize("suffix", ["nii", "tif", "mrc", "npy", "h5", "ply", "obj", "stl"])
def test_damage_ends_in_a_sentence(suffix, tmp_path):
    rng = np.random.default_rng(0)
    file = tmp_path / f"a.{suffix}"
    whole = _whole(file)
    read = read_mesh_file if suffix in ("ply", "obj", "stl") else read_image
    for i in range(40):
        content = bytearray(whole)
        head = min(len(whole), 400)
        if i % 4 == 0:
            content = content[: rng.integers(0, len(content))]
        elif i % 4 == 1:
            at = int(rng.integers(0, head))
            content[at : at + 4] = bytes(rng.integers(0, 256, 4).astype(np.uint8))
        else:
            for at in rng.integers(0, head if i % 4 == 2 else len(content), 3):
                content[at] = int(rng.integers(0, 256))
        file.write_bytes(bytes(content))
        try:
            read(file)
        except ShapelabError as error:
            assert "\n" not in str(error)  # noqa: PT017
            assert str(error).endswith((".", ")"))  # noqa: PT017


def test_a_heap_of_texts_that_would_hang_the_hdf5_library_is_refused(tmp_path):
    file = tmp_path / "a.h5"
    with h5py.File(file, "w") as stream:
        stream.create_dataset("a", data=L)
        for i in range(50):
            stream.attrs[f"text {i}"] = "x" * (7 * i)
    whole = file.read_bytes()
    heap = whole.find(b"GCOL")
    assert read_image(file).data.shape == L.shape
    for at in range(heap + 16, heap + 120, 8):
        file.write_bytes(whole[:at] + bytes(8) + whole[at + 8 :])
        try:
            read_image(file)
        except ShapelabError as error:
            assert "damaged" in str(error)  # noqa: PT017
    file.write_bytes(whole[: heap + 16] + bytes(16) + whole[heap + 32 :])  # free space of no size: the library never ends
    with pytest.raises(ShapelabError, match="its strings cannot be read"):
        read_image(file)
