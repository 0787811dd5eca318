"""What image files state of axes, units, places and ids is used, said or refused."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import tifffile

import shapelab as sl
from shapelab.cli import main
from shapelab.convert.place import Place
from shapelab.errors import InputError
from shapelab.io import list_arrays, read_image
from shapelab.io.nifti import write_nifti
from shapelab.io.placed import named_axes, on_axes

L = np.zeros((6, 7, 8), np.uint8)
L[1:3, 2:4, 3:6] = 1


def nifti(path, data=L.T, affine=None, units="mm", **header):
    image = nibabel.Nifti1Image(data, np.eye(4) if affine is None else affine, dtype=data.dtype)
    image.header.set_xyzt_units(units)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path / "a.nii.gz")
    return path / "a.nii.gz"


def world(layer, index):
    """Where indices (n, d) lie, as napari composes it."""
    return Place.from_meta({"translate": np.zeros(np.ndim(layer.data)), **layer.meta}, np.ndim(layer.data)).world(index)


def test_nifti_lies_where_nibabel_says(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(12):
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0] if i % 3 else np.eye(3)[rng.permutation(3)] * rng.choice([-1, 1], 3)[:, None]
        affine = np.eye(4)
        affine[:3, :3] = turn @ np.diag(rng.uniform(0.3, 3, 3))
        affine[:3, 3] = rng.uniform(-50, 50, 3)
        file = nifti(tmp_path, affine=affine)
        layer = read_image(file)
        stated = nibabel.load(file).affine
        expected = (np.argwhere(L.T) @ stated[:3, :3].T + stated[:3, 3])[:, ::-1]
        found = world(layer, np.argwhere(layer.data))
        order = [np.lexsort(np.round(points, 3).T) for points in (expected, found)]
        np.testing.assert_allclose(found[order[1]], expected[order[0]], atol=1e-3)
        assert ("affine" in layer.meta) == bool(i % 3)


def test_moved_and_mirrored_masks_do_not_overlap(tmp_path):
    a = read_image(nifti(tmp_path))
    moved = np.eye(4)
    moved[0, 3] = 30
    b = read_image(nifti(tmp_path, affine=moved))
    assert sl.compare(a, b, transport=False)["dice"] == 0


def test_ids_stay_whole(tmp_path):
    ids = np.zeros((4, 4, 4))
    ids[0], ids[1] = 576073732, 576073699
    assert np.unique(read_image(nifti(tmp_path, ids)).data).tolist() == [0, 576073699, 576073732]
    big = np.zeros((4, 4, 4), np.uint64)
    big[0], big[1] = 2**63 + 1, 2**63 + 2
    assert np.unique(read_image(nifti(tmp_path, big)).data).tolist() == [0, 2**63 + 1, 2**63 + 2]
    scaled = nibabel.Nifti1Image(L.T.astype(np.int16), np.eye(4))
    scaled.header.set_slope_inter(2, -1024)
    nibabel.save(scaled, tmp_path / "b.nii")
    layer = read_image(tmp_path / "b.nii")
    assert layer.data.dtype.kind == "i"
    assert np.unique(layer.data).tolist() == [-1024, -1022]
    assert layer.kind == "image"
    header = nibabel.Nifti1Header(endianness=">")
    nibabel.save(nibabel.Nifti1Image(L.T.astype(">i2"), np.eye(4), header), tmp_path / "c.nii")
    assert read_image(tmp_path / "c.nii").data.dtype.isnative


@pytest.mark.parametrize(("units", "unit"), [("mm", "mm"), ("micron", "um"), ("meter", "m"), ("unknown", "pixel")])
def test_nifti_units(units, unit, tmp_path):
    assert read_image(nifti(tmp_path, units=units)).meta["units"] == (unit,) * 3


@pytest.mark.parametrize("step", [0.0, np.nan, np.inf])
def test_a_voxel_size_of_nothing_is_refused(step, tmp_path):
    file = nifti(tmp_path, qform_code=0, sform_code=0, pixdim=[1, step, 1, 1, 1, 1, 1, 1])
    content = nibabel.load(file)
    content.header["sform_code"] = content.header["qform_code"] = 0
    content.header["pixdim"][1] = step
    (tmp_path / "b.nii").write_bytes(content.header.binaryblock + bytes(4) + L.T.tobytes("F"))
    with pytest.raises(InputError, match="voxel size"):
        read_image(tmp_path / "b.nii")


def test_nifti_round_trips(tmp_path):
    rng = np.random.default_rng(1)
    for i in range(40):
        dtype = rng.choice(["u1", "i2", "i4", "i8", "u8", "f4", "f8", "?", ">i4"])
        data = rng.integers(0, 100, (3, 4, 5)).astype(dtype)
        linear = np.diag(rng.uniform(0.1, 5, 3))
        if i % 2:
            linear = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ linear
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = linear, rng.uniform(-100, 100, 3)
        unit = str(rng.choice(["mm", "um", "m", ""]))
        place = Place(matrix, unit)
        back = read_image(write_nifti(tmp_path / f"{i}.nii.gz", data, place))
        expected = np.c_[place.world(np.argwhere(data >= 0)), data.ravel().astype(float)]
        found = np.c_[world(back, np.argwhere(np.ones(back.data.shape))), back.data.ravel().astype(float)]
        order = [np.lexsort(np.round(rows[:, :3], 2).T) for rows in (expected, found)]
        np.testing.assert_allclose(found[order[1]], expected[order[0]], rtol=1e-5, atol=1e-3)
        assert back.meta["units"] == (unit or "pixel",) * 3
        assert back.data.dtype == (np.uint8 if dtype == "?" else data.dtype.newbyteorder("="))
    with pytest.raises(InputError, match="so far from the origin"):
        write_nifti(tmp_path / "far.nii", L, Place.of((0.1,) * 3, (4e6 + 0.123, 0, 0)))
    with pytest.raises(InputError, match="not complex"):
        write_nifti(tmp_path / "c.nii", L.astype(complex), Place.of((1,) * 3))


def ome(path, data, axes, **meta):
    tifffile.imwrite(path / "a.ome.tif", data, metadata={"axes": axes, **meta})
    return path / "a.ome.tif"


def test_ome_units_per_axis(tmp_path):
    sizes = {"PhysicalSizeX": 200.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 200.0, "PhysicalSizeYUnit": "nm"}
    layer = read_image(ome(tmp_path, L, "ZYX", **sizes, PhysicalSizeZ=1.0, PhysicalSizeZUnit="µm"))
    assert layer.meta["scale"] == (1000, 200, 200)
    assert layer.meta["units"] == ("nm",) * 3
    assert "converted to nm" in layer.meta["metadata"]["notes"][0]
    layer = read_image(ome(tmp_path, L, "ZYX", **sizes))
    assert layer.meta["scale"] == (1, 200, 200)
    assert "no voxel size along z" in layer.meta["metadata"]["notes"][0]


@pytest.mark.parametrize(
    ("unit", "zunit", "steps", "shown"), [("um", "nm", (0.3, 0.2, 0.2), "um"), ("pixel", None, (300, 0.2, 0.2), "pixel")]
)
def test_imagej_units(unit, zunit, steps, shown, tmp_path):
    meta = {"axes": "ZYX", "spacing": 300.0, "unit": unit} | ({"zunit": zunit} if zunit else {})
    tifffile.imwrite(tmp_path / "a.tif", L, imagej=True, resolution=(5, 5), metadata=meta)
    layer = read_image(tmp_path / "a.tif")
    assert layer.meta["scale"] == pytest.approx(steps)
    assert layer.meta["units"] == (shown,) * 3


def test_plain_tiff_resolution(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", L[1], resolution=(10000, 10000), resolutionunit="CENTIMETER")
    assert read_image(tmp_path / "a.tif").meta["units"] == ("um", "um")
    tifffile.imwrite(tmp_path / "a.tif", L[1], resolution=(72, 72), resolutionunit="INCH")
    layer = read_image(tmp_path / "a.tif")
    assert layer.meta["units"] == ("pixel", "pixel")
    assert "72 dots per inch" in layer.meta["metadata"]["notes"][0]


def test_time_and_channels_are_no_volumes(tmp_path, capsys):
    series = np.zeros((3, 20, 20), np.uint8)
    series[:, 5:12, 5:12] = 1
    for axes, option in (("TYX", "frame"), ("CYX", "channel")):
        file = ome(tmp_path, series, axes)
        layer = read_image(file)
        assert layer.meta["axis_labels"] == tuple(axes.lower())
        with pytest.raises(InputError, match=f"choose one {option}, from 0 to 2"):
            sl.compare(layer, layer)
        with pytest.raises(InputError, match=f"choose one {option}"):
            sl.Cells(initial=layer)
        assert main(["measure", str(file)]) == 2
        assert f"--{option} 0" in capsys.readouterr().err
        assert main(["measure", str(file), f"--{option}", "2"]) == 0
        assert f"{option.capitalize()} 2 of 0 to 2" in capsys.readouterr().err
        with pytest.raises(InputError, match=f"no {option} 3"):
            read_image(file, **{option: 3})


@pytest.mark.parametrize("axes", ["ZYX", "XYZ", "TZCYX", "YXT"])
def test_every_order_of_axes(axes):
    sizes = dict(zip("tczyx", (2, 3, 4, 5, 6), strict=True))
    data = np.arange(np.prod([sizes[a.lower()] for a in axes])).reshape([sizes[a.lower()] for a in axes])
    image = on_axes(data, axes.lower(), {"z": 2.0, "y": 0.5, "x": 0.25} if "Z" in axes else {})
    assert image.axes == "".join(a for a in "tczyx" if a.upper() in axes)
    assert image.data.shape == tuple(sizes[a] for a in image.axes)
    index = {a: sizes[a] - 1 for a in image.axes}
    assert image.data[tuple(index[a] for a in image.axes)] == data[tuple(index[a.lower()] for a in axes)]


def test_single_planes_and_unnamed_axes():
    assert named_axes((1, 24, 24, 24, 1)) == "-zyx-"
    assert named_axes((1, 1, 5)) == "-yx"
    assert on_axes(L[:1], "zyx", {}, "", {"z": 3.0}).axes == "yx"


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((40, 50, 3), "yxc"), ((20, 40, 50, 2), "zyxc"), ((5, 20, 40, 50, 4), "tzyxc"), ((1, 40, 50, 3), "-yxc"),
        ((40, 50, 5), "zyx"), ((3, 40, 50), "zyx"), ((8, 8, 3), "zyx"), ((40, 3), "yx"), ((40, 50, 1), "yx-"),
    ],
)  # fmt: skip
def test_a_short_last_axis_is_channels(shape, axes):
    assert named_axes(shape) == axes


def test_channels_behind_the_pixels_are_no_slices(tmp_path, capsys):
    data = np.zeros((24, 30, 2), np.uint8)
    data[4:10, 5:11, 1] = 1
    np.save(tmp_path / "a.npy", data)
    assert main(["measure", str(tmp_path / "a.npy")]) == 2
    assert "one channel, from 0 to 1" in capsys.readouterr().err
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy", channel=1).data, data[..., 1])


def test_planar_colours_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 20, 20), np.uint8), photometric="rgb", planarconfig="separate")
    with pytest.raises(InputError, match="colour"):
        read_image(tmp_path / "a.tif")


def test_arrays_of_a_file_are_listed(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = L.astype(np.float32)
        file["seg/cells"] = L
        file["ignored"] = h5py.ExternalLink("other.h5", "/x")
    assert [tuple(entry) for entry in list_arrays(tmp_path / "a.h5")] == [("raw", L.shape, "float32"), ("seg/cells", L.shape, "uint8")]
    assert read_image(tmp_path / "a.h5", key="/seg/cells").data.sum() == L.sum()
    with pytest.raises(InputError, match="raw, seg/cells"):
        read_image(tmp_path / "a.h5")


def test_ome_zarr_place_and_labels(tmp_path):
    import zarr

    axes = [{"name": "t", "type": "time", "unit": "minute"}] + [{"name": a, "type": "space", "unit": "micrometer"} for a in "zyx"]
    level = {"type": "scale", "scale": [1, 2, 0.5, 0.5]}, {"type": "translation", "translation": [0, 1, 2, 3]}
    whole = [{"type": "scale", "scale": [5, 1, 2, 2]}]
    scales = [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": level}], "coordinateTransformations": whole}]
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", attributes={"ome": {"version": "0.5", "multiscales": scales}})
    group["0"] = np.stack([L] * 2)
    names = group.create_group("labels", attributes={"ome": {"version": "0.5", "labels": ["cells"]}})
    cells = names.create_group("cells", attributes={"ome": {"version": "0.5", "multiscales": scales, "image-label": {}}})
    cells["0"] = np.stack([L.astype(np.uint16)] * 2)
    layer = read_image(tmp_path / "a.zarr")
    assert layer.meta["scale"] == (300, 2, 1, 1)  # 5 minutes
    assert layer.meta["translate"] == (0, 1, 4, 6)
    assert [entry.key for entry in list_arrays(tmp_path / "a.zarr")] == ["", "labels/cells"]
    assert read_image(tmp_path / "a.zarr", key="labels/cells", frame=1).kind == "labels"
    assert read_image(tmp_path / "a.zarr" / "labels" / "cells").kind == "labels"


def test_mrc(tmp_path):
    import mrcfile

    with mrcfile.new(tmp_path / "a.mrc", L.astype(np.float32)) as file:
        file.set_volume()
        file.voxel_size = (1, 2, 3)
        file.header.origin.z = 30
    layer = read_image(tmp_path / "a.mrc")
    assert layer.meta["scale"] == pytest.approx((3, 2, 1))
    assert layer.meta["translate"] == pytest.approx((30, 0, 0))
    assert layer.meta["units"] == ("angstrom",) * 3
    np.testing.assert_array_equal(layer.data, L)


def test_cellpose_says_what_to_do(tmp_path):
    np.save(tmp_path / "a_seg.npy", {"masks": L}, allow_pickle=True)
    with pytest.raises(InputError, match="save the masks there as PNG or TIFF"):
        read_image(tmp_path / "a_seg.npy")


def test_planes_are_no_ten_thousand_times_thicker_than_pixels_because_nobody_said(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", L, imagej=True, resolution=(10_000, 10_000), metadata={"axes": "ZYX", "unit": "cm"})
    layer = read_image(tmp_path / "a.tif")
    assert layer.meta["scale"] == pytest.approx((1e-4,) * 3)
    assert "no voxel size along z: 0.0001 cm was taken" in layer.meta["metadata"]["notes"][0]
