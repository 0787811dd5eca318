"""Image files of users: data, voxel size and unit come through; damaged files end in a sentence."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
import tifffile

from shapelab.errors import InputError, OutOfMemoryError
from shapelab.io import read_image, samples

DATA = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)
STEPS = (2.0, 0.5, 0.25)


def _ome_tiff(path):
    meta = {"axes": "ZYX"}
    for axis, step in zip("ZYX", STEPS, strict=True):
        meta |= {f"PhysicalSize{axis}": step, f"PhysicalSize{axis}Unit": "µm"}
    tifffile.imwrite(path / "a.ome.tif", DATA, ome=True, metadata=meta)
    return path / "a.ome.tif"


def _imagej_tiff(path):
    tifffile.imwrite(path / "a.tif", DATA, imagej=True, resolution=(4, 2), metadata={"spacing": 2.0, "unit": "um", "axes": "ZYX"})
    return path / "a.tif"


def _nifti(path):
    import nibabel

    image = nibabel.Nifti1Image(DATA.T, np.diag([*STEPS[::-1], 1.0]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, path / "a.nii.gz")
    return path / "a.nii.gz"


def _hdf5(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path / "a.h5", "w") as file:
        file["raw"] = DATA
        file["raw"].attrs["element_size_um"] = STEPS
    return path / "a.h5"


def _ome_zarr(path, version=3):
    import zarr
    from ome_zarr.format import FormatV04, FormatV05
    from ome_zarr.writer import write_image

    group = zarr.open_group(str(path / "a.zarr"), mode="w", zarr_format=version)
    write_image(
        DATA,
        group,
        axes="zyx",
        scale=dict(zip("zyx", STEPS, strict=True)),
        axes_units=dict.fromkeys("zyx", "micrometer"),
        scale_factors=[],
        fmt=FormatV05() if version == 3 else FormatV04(),
    )
    return path / "a.zarr"


def _ome_zarr_2(path):
    return _ome_zarr(path, 2)


@pytest.mark.parametrize("write", [_ome_tiff, _imagej_tiff, _nifti, _hdf5, _ome_zarr, _ome_zarr_2])
def test_voxel_size_and_unit_come_through(write, tmp_path):
    layer = read_image(write(tmp_path))
    np.testing.assert_array_equal(layer.data, DATA)
    assert layer.meta["scale"] == pytest.approx(STEPS)
    assert layer.meta["units"] == ("um",) * 3
    assert layer.meta["axis_labels"] == ("z", "y", "x")
    assert layer.kind == "image"
    assert layer.name == "a"


@pytest.mark.parametrize("suffix", ["npy", "npz", "tif", "png"])
def test_files_without_a_voxel_size_are_in_pixels(suffix, tmp_path):
    image = DATA[0].astype(np.uint8)
    file = tmp_path / f"a.{suffix}"
    if suffix == "npy":
        np.save(file, image)
    elif suffix == "npz":
        np.savez_compressed(file, image)
    elif suffix == "tif":
        tifffile.imwrite(file, image)
    else:
        from skimage.io import imsave

        imsave(file, image, check_contrast=False)
    layer = read_image(file)
    np.testing.assert_array_equal(layer.data, image)
    assert layer.meta["scale"] == (1.0, 1.0)
    assert layer.meta["units"] == ("pixel", "pixel")


def test_kind_is_what_the_array_looks_like(tmp_path):
    for array, kind in (
        (DATA > 50, "labels"),
        ((DATA > 50).astype(np.uint8) * 255, "labels"),
        (DATA.astype(np.int32), "labels"),
        (DATA, "image"),
        (DATA.astype(np.float32), "image"),
    ):
        np.save(tmp_path / "a.npy", array)
        assert read_image(tmp_path / "a.npy").kind == kind
    assert read_image(tmp_path / "a.npy", kind="labels").kind == "labels"


def test_one_of_several_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", first=DATA, second=DATA + 1)
    with pytest.raises(InputError, match="first, second"):
        read_image(tmp_path / "a.npz")
    assert read_image(tmp_path / "a.npz", key="second").data[0, 0, 0] == 1
    with pytest.raises(InputError, match="no array 'third'"):
        read_image(tmp_path / "a.npz", key="third")


def test_single_planes_lose_their_axis(tmp_path):
    np.save(tmp_path / "a.npy", DATA[:1])
    assert read_image(tmp_path / "a.npy").data.shape == (5, 6)


@pytest.mark.parametrize("suffix", ["tif", "nii", "nii.gz", "npy", "npz", "h5", "png"])
@pytest.mark.parametrize("content", [b"", b"not an image at all", bytes(range(256)) * 20])
def test_damaged_files_end_in_a_sentence(suffix, content, tmp_path):
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(gzip.compress(content) if suffix == "nii.gz" else content)
    with pytest.raises(InputError, match=r"cannot be read|holds") as error:
        read_image(file)
    assert "\n" not in str(error.value)


def test_cut_file_ends_in_a_sentence(tmp_path):
    file = _ome_tiff(tmp_path)
    file.write_bytes(file.read_bytes()[:150])
    with pytest.raises(InputError, match="cannot be read"):
        read_image(file)


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read"):
        read_image(tmp_path / "a.npy")


def test_huge_shapes_are_refused_before_reading(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    content = (tmp_path / "a.npy").read_bytes().replace(b"(2, 2), }" + b" " * 8, b"(2000000, 2000000)")[:200]
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises((OutOfMemoryError, InputError)):
        read_image(tmp_path / "a.npy")
    import nibabel

    image = nibabel.Nifti1Image(DATA.T, np.eye(4))
    nibabel.save(image, tmp_path / "a.nii")
    header = bytearray((tmp_path / "a.nii").read_bytes())
    header[42:48] = np.array([32000, 32000, 32000], "<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(bytes(header))
    with pytest.raises(InputError, match="65,500 GB, which a file of its size cannot hold"):
        read_image(tmp_path / "a.nii")


def test_a_picture_is_only_taken_for_what_its_name_may_mean(tmp_path):
    from PIL import Image

    grey = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    for suffix, kind in (("png", "PNG"), ("bmp", "BMP")):
        grey.save(tmp_path / f"right.{suffix}", format=kind)
        assert np.array_equal(read_image(tmp_path / f"right.{suffix}").data, np.asarray(grey))
    grey.save(tmp_path / "wrong.png", format="GIF")
    with pytest.raises(InputError, match="cannot be read"):
        read_image(tmp_path / "wrong.png")


def test_a_zarr_path_that_leads_out_is_refused(tmp_path):
    import json

    folder = _ome_zarr(tmp_path)
    meta = json.loads((folder / "zarr.json").read_text())
    meta["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = "../other"
    (folder / "zarr.json").write_text(json.dumps(meta))
    with pytest.raises(InputError, match="outside of the folder"):
        read_image(folder)


@pytest.mark.parametrize(("name", "sentence"), [("no.tif", "no file"), ("a.doc", "files of this kind")])
def test_missing_and_unknown_files(name, sentence, tmp_path):
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(InputError, match=sentence):
        read_image(tmp_path / name)


def test_a_folder_is_no_image(tmp_path):
    for name in ("a.tif", "a.npy", "a.h5", "plain"):
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match="is a folder, not an image"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("shape", [(0, 5, 5), (5, 0), (0,)])
def test_an_image_without_pixels_is_refused_with_its_shape(shape, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(shape, np.float32))
    with pytest.raises(InputError, match=re.escape(f"no pixels: its shape is {shape}")):
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize("tags", ["[" * 3000, "{}", '{"axes": [{"key": 1}, {"nokey": 2}]}', '{"axes": 7}'])
def test_damaged_names_of_axes_are_left_out(tags, tmp_path):
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = np.ones((4, 5), np.float32)
        file["d"].attrs["axistags"] = tags
    assert read_image(tmp_path / "a.h5").meta["axis_labels"] == ("y", "x")


def test_colour_images_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(InputError, match="colour"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_samples_load(name):
    layers = samples.load(name)
    assert samples.path(name).is_dir()
    assert "licen" in " ".join(p.name.lower() for p in samples.path(name).iterdir())
    for layer in layers:
        data, meta, _ = layer.as_tuple()
        assert meta["metadata"]["sample"]["credit"]
        if layer.kind != "surface":
            assert len(meta["scale"]) == len(meta["units"]) == len(meta["axis_labels"]) == data.ndim
            assert data.shape == layers[0].data.shape


def test_unknown_sample_suggests():
    with pytest.raises(InputError, match="yeast_mitochondria"):
        samples.load("yeast_mitochondrion")
    with pytest.raises(InputError, match="no sample"):
        samples.path("../errors.py")
    assert samples.path("low_carbon_steel/grains.txt.gz").is_file()
