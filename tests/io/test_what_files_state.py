"""Origins, calibrations, times and coordinates that files state in their own ways are used, or said not to be."""

import json
import struct

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
import zarr

from shapelab.errors import InputError
from shapelab.io import list_arrays, read_image
from shapelab.movies import as_movie
from shapelab.units import short_unit

L = np.zeros((4, 8, 10), np.uint16)
L[1:3, 2:5, 3:7] = 7


def notes(layer):
    return layer.meta.get("metadata", {}).get("notes", ())


def imagej(path, data, **meta):
    tifffile.imwrite(path / "a.tif", data, imagej=True, resolution=(5, 5), metadata={"axes": "ZYX", "unit": "um", "spacing": 0.5, **meta})
    return read_image(path / "a.tif")


def test_the_origin_of_imagej_is_a_pixel(tmp_path):
    layer = imagej(tmp_path, L, xorigin=3.0, zorigin=1.0)
    assert layer.meta["translate"] == pytest.approx((-0.5, 0, -0.6))


def test_the_line_of_values_of_imagej_is_applied(tmp_path):
    layer = imagej(tmp_path, L + 32768, cf=0, c0=-32768.0, c1=1.0)  # what it calls a signed image
    assert layer.data.dtype == np.int32
    assert layer.data.tolist() == L.tolist()
    np.testing.assert_allclose(imagej(tmp_path, L, cf=0, c0=0.5, c1=2.0).data, L * 2.0 + 0.5)
    layer = imagej(tmp_path, L, cf=8, c0=1.0, c1=2.0)
    assert layer.data.tolist() == L.tolist()
    assert "not applied" in notes(layer)[0]


@pytest.mark.parametrize(("unit", "short"), [("\\u00B5m", "um"), ("\\u03bcm", "um"), ("\\u00C5", "angstrom"), ("\\u00b5m/", "µm/")])
def test_escaped_units(unit, short):
    assert short_unit(unit) == short


def ome(path, **meta):
    sizes = {"PhysicalSizeX": 0.2, "PhysicalSizeY": 0.2}
    tifffile.imwrite(path / "a.ome.tif", L, metadata={"axes": "TYX", **sizes, **meta})
    return read_image(path / "a.ome.tif")


def test_a_movie_whose_interval_nobody_stated_counts_frames(tmp_path):
    layer = ome(tmp_path)
    assert layer.meta["units"] == ("pixel", "um", "um")
    assert as_movie(layer).time_unit == "frame"
    assert as_movie(ome(tmp_path, TimeIncrement=2.0, TimeIncrementUnit="min")).times.tolist() == [0, 120, 240, 360]
    assert as_movie(ome(tmp_path, TimeIncrement=0.0)).time_unit == "frame"


def test_times_of_planes_are_times_of_frames(tmp_path):
    layer = ome(tmp_path, Plane={"DeltaT": [1.0, 3.0, 5.0, 7.0], "DeltaTUnit": ["min"] * 4})
    assert layer.meta["scale"][0] == 120
    assert layer.meta["units"][0] == "second"
    assert not notes(layer)
    layer = ome(tmp_path, Plane={"DeltaT": [1.0, 3.0, 5.0, 10.0]})
    assert layer.meta["scale"][0] == 3
    assert "2 to 5 s apart" in notes(layer)[0]


def test_mrc_stacks_of_volumes_and_unsigned_bytes(tmp_path):
    file = tmp_path / "a.mrc"
    with mrcfile.new(file) as opened:
        opened.set_data(np.stack([L.astype(np.int16)] * 2))
        opened.voxel_size = (1, 2, 3)
    layer = read_image(file)
    assert layer.data.shape == (2, *L.shape)
    assert layer.meta["scale"] == (1, 3, 2, 1)
    for flags, values in ((0, {0, 200}), (1, {0, -56})):
        with mrcfile.new(file, overwrite=True) as opened:
            opened.set_data(np.where(L, 200, 0).astype(np.uint8).view(np.int8))
        content = bytearray(file.read_bytes())
        content[152:160] = struct.pack("<ii", 1146047817, flags)
        file.write_bytes(content)
        assert set(np.unique(read_image(file).data).tolist()) == values


def ome_zarr(path, entry, **more):
    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    group.create_array("0", data=L)
    datasets = [{"path": "0", "coordinateTransformations": entry.pop("transforms")}]
    group.attrs["ome"] = {"version": "0.6", "multiscales": [{"datasets": datasets, **entry}, *more.get("others", ())]}
    return path


def test_ome_zarr_of_coming_versions(tmp_path):
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    parts = [{"type": "scale", "scale": [0.5, 0.3, 0.2]}, {"type": "translation", "translation": [1, 2, 3]}]
    transforms = [{"type": "sequence", "transformations": parts, "input": "0", "output": "physical"}]
    system = {"name": "physical", "axes": axes}
    layer = read_image(ome_zarr(tmp_path / "a.zarr", {"coordinateSystems": [system], "transforms": transforms}))
    assert layer.meta["scale"] == (0.5, 0.3, 0.2)
    assert layer.meta["translate"] == (1, 2, 3)
    assert layer.meta["units"] == ("um",) * 3
    with pytest.raises(InputError, match="2 coordinate systems"):
        read_image(ome_zarr(tmp_path / "b.zarr", {"coordinateSystems": [system] * 2, "transforms": transforms}))
    with pytest.raises(InputError, match="a scale of 2 numbers"):
        read_image(ome_zarr(tmp_path / "c.zarr", {"axes": axes, "transforms": [{"type": "scale", "scale": [1, 1]}]}))
    entry = {"axes": axes, "transforms": parts}
    two = read_image(ome_zarr(tmp_path / "d.zarr", entry, others=[{"axes": axes, "datasets": [{"path": "0"}]}]))
    assert "first of 2 images" in notes(two)[0]


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_of_xarray(version, tmp_path):
    """A group that repeats the metadata of its arrays, each axis with its coordinates beside the image."""
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=version)
    places = {"time": np.arange(4) * 30.0, "y": 1 + np.arange(8) * 0.3, "x": np.arange(10) * 0.2}
    units = {"time": "min", "y": "um", "x": "um"}

    def add(name, data, names):
        array = group.create_array(name, data=data, **({"dimension_names": names} if version == 3 else {}))
        array.attrs.update(({"_ARRAY_DIMENSIONS": list(names)} if version == 2 else {}) | ({"units": units[name]} if name in units else {}))

    add("cells", L, tuple(places))
    for name, values in places.items():
        add(name, values, (name,))
    zarr.consolidate_metadata(str(tmp_path / "a.zarr"))
    assert [entry.key for entry in list_arrays(tmp_path / "a.zarr")] == ["cells"]
    layer = read_image(tmp_path / "a.zarr")
    assert layer.meta["axis_labels"] == ("t", "y", "x")
    assert layer.meta["scale"] == pytest.approx((1800, 0.3, 0.2))
    assert layer.meta["translate"] == (0, 1, 0)
    assert layer.meta["units"] == ("second", "um", "um")
    group["x"][3] = 5.0
    with pytest.raises(InputError, match="not evenly spaced"):
        read_image(tmp_path / "a.zarr")


def test_hdf5_with_coordinates(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as store:
        store["cells"] = L
        for i, (name, step) in enumerate({"z": 0.5, "y": 0.3, "x": 0.2}.items()):
            store[name] = 1 + np.arange(L.shape[i]) * step
            store[name].attrs["units"] = "nm"
            store[name].make_scale(name)
            store["cells"].dims[i].attach_scale(store[name])
    layer = read_image(tmp_path / "a.h5")
    assert layer.meta["scale"] == pytest.approx((0.5, 0.3, 0.2))
    assert layer.meta["translate"] == (1, 1, 1)
    assert layer.meta["units"] == ("nm",) * 3


def test_hdf5_with_the_resolution_of_vigra(tmp_path):
    tags = {"axes": [{"key": key, "typeFlags": 2, "resolution": step} for key, step in (("z", 0.5), ("y", 0), ("x", 0.2))]}
    with h5py.File(tmp_path / "a.h5", "w") as store:
        store["cells"] = L
        store["cells"].attrs["axistags"] = json.dumps(tags)
    assert read_image(tmp_path / "a.h5").meta["scale"] == (0.5, 1, 0.2)
