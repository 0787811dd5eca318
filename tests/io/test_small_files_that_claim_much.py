"""Small files from elsewhere that unpack to much, or fill an image again and again: refused before any of it is done."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tracemalloc
import zipfile
import zlib

import h5py
import nibabel
import numcodecs
import numpy as np
import pytest
import roifile
import tifffile

from shapelab.errors import InputError
from shapelab.io import read_image
from shapelab.io.unpacking import UNPACK


def outline(side: int, first: int = 0) -> bytes:
    """A square."""
    corners = np.array([[0, 0], [0, side], [side, side], [side, 0]]) + first
    return roifile.ImagejRoi.frompoints(corners.tolist()).tobytes()


def packed(entries: dict[str, bytes]) -> bytearray:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return bytearray(content.getvalue())


def test_an_outline_that_unpacks_to_far_more_than_one(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed({"1.roi": outline(5) + bytes(60_000_000)}))
    with pytest.raises(InputError, match="unpacks to 60 MB"):
        read_image(tmp_path / "a.zip")


def test_an_entry_that_unpacks_to_more_than_it_states(tmp_path):
    content = packed({"1.roi": outline(5) + bytes(60_000_000)})
    entry = content.find(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = content[22:26] = struct.pack("<L", 100)
    (tmp_path / "a.zip").write_bytes(content)
    tracemalloc.start()
    try:
        read_image(tmp_path / "a.zip")
    except InputError as error:
        assert "damaged" in str(error)  # noqa: PT017
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20_000_000


def test_outlines_that_lie_over_one_another_in_their_archive(tmp_path):
    content = packed({"1.roi": outline(5) + bytes(1_000_000)})
    first, last = content.find(b"PK\x01\x02"), content.find(b"PK\x05\x06")
    entry, times = bytes(content[first:last]), 500
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, times, times, len(entry) * times, first, 0)
    (tmp_path / "a.zip").write_bytes(bytes(content[:first]) + entry * times + end)
    with pytest.raises(InputError, match="unpacks to 500 MB"):
        read_image(tmp_path / "a.zip")


def test_areas_that_fill_an_image_again_and_again(tmp_path):
    (tmp_path / "a.piff").write_text("".join(f"{i} A 0 2000 0 2000 0 0\n" for i in range(300)))
    (tmp_path / "a.zip").write_bytes(packed({f"{i}.roi": outline(2000) for i in range(300)}))
    for name in ("a.piff", "a.zip"):
        with pytest.raises(InputError, match="fill the image 300 times"):
            read_image(tmp_path / name)


def test_each_outline_is_filled_where_it_lies(tmp_path):
    """An image of thousands of pixels with many small outlines takes no time per outline that grows with the image."""
    (tmp_path / "a.zip").write_bytes(packed({f"{i + 1}.roi": outline(3, 40 * i) for i in range(100)}))
    labels = read_image(tmp_path / "a.zip").data
    assert labels.shape == (3963, 3963)
    assert np.bincount(labels.ravel())[1:].tolist() == [9] * 100
    assert (labels[41, 42], labels[39, 42], labels[3962, 3962]) == (2, 0, 100)


def stored(folder, codec, chunk):
    """An OME-Zarr image of 64 x 64 bytes with one chunk that is written as it is given."""
    (folder / "0").mkdir(parents=True)
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    axes = [{"name": axis, "type": "space"} for axis in "yx"]
    scaled = [{"type": "scale", "scale": [1, 1]}]
    image = {"version": "0.4", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scaled}]}
    (folder / ".zattrs").write_text(json.dumps({"multiscales": [image]}))
    plain = {"zarr_format": 2, "shape": [64, 64], "chunks": [64, 64], "dtype": "|u1", "fill_value": 0, "order": "C", "filters": None}
    (folder / "0" / ".zarray").write_text(json.dumps({**plain, "compressor": codec}))
    (folder / "0" / "0.0").write_bytes(chunk)
    return read_image(folder)


CODECS = {name: numcodecs.get_codec({"id": name}) for name in ("zlib", "gzip", "bz2", "lzma", "blosc", "lz4", "zstd")}


@pytest.mark.parametrize("name", CODECS)
def test_a_chunk_that_unpacks_to_far_more_than_one(name, tmp_path):
    codec, right = CODECS[name], np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    assert np.array_equal(stored(tmp_path / "right.zarr", codec.get_config(), codec.encode(right)).data, right)
    with pytest.raises(InputError, match="unpacks to far more than a chunk"):
        stored(tmp_path / "wrong.zarr", codec.get_config(), codec.encode(bytes(5_000_000)))


def test_a_second_archive_in_a_chunk_counts_too(tmp_path):
    chunk = gzip.compress(bytes(64 * 64)) + gzip.compress(bytes(5_000_000))
    with pytest.raises(InputError, match="unpacks to far more than a chunk"):
        stored(tmp_path / "a.zarr", {"id": "gzip", "level": 1}, chunk)


@pytest.mark.parametrize(
    ("name", "pack"), [("zlib", zlib.compress), ("gzip", gzip.compress), ("bz2", bz2.compress), ("lzma", lzma.compress)]
)
def test_bytes_are_unpacked_up_to_what_is_allowed_and_no_further(name, pack):
    rng = np.random.default_rng(3)
    for size in (0, 1, 4096, 70_000):
        raw = [rng.integers(0, 4, size, np.uint8).tobytes() for _ in range(2)]
        packed, both = b"".join(map(pack, raw)), b"".join(raw)
        assert UNPACK[name](packed, 2 * size) == both
        assert UNPACK[name](packed, 2 * size + 9) == both
        if size:
            assert UNPACK[name](packed, 2 * size - 1) is None
            assert both.startswith(UNPACK[name](packed[:-20], 2 * size) or b"")


@pytest.mark.parametrize("version", [2, 3])
def test_chunks_that_do_not_state_their_size_are_unpacked_once(version, tmp_path, monkeypatch):
    """Not counted first, and unpacked by the codec then."""
    zarr = pytest.importorskip("zarr")
    codec = numcodecs.GZip(level=1) if version == 2 else zarr.codecs.GzipCodec(level=1)
    data = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24)
    array = zarr.create_array(
        str(tmp_path / "a.zarr"), shape=data.shape, chunks=(8, 24), dtype=data.dtype, compressors=codec, zarr_format=version
    )
    array[...] = data
    calls = []
    monkeypatch.setitem(UNPACK, "gzip", lambda packed, most, unpack=UNPACK["gzip"]: calls.append(most) or unpack(packed, most))
    monkeypatch.setattr(numcodecs.GZip, "decode", lambda *_: pytest.fail("unpacked a second time"))
    assert np.array_equal(read_image(tmp_path / "a.zarr").data, data)
    assert len(calls) == 3


def test_a_chunk_of_hdf5_and_a_strip_of_tiff_that_unpack_to_far_more(tmp_path):
    right, zeros = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64), zlib.compress(bytes(100_000_000))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=right, chunks=(64, 64), compression="gzip")
    tifffile.imwrite(tmp_path / "a.tif", right, compression="zlib", rowsperstrip=64)
    for name in ("a.h5", "a.tif"):
        assert np.array_equal(read_image(tmp_path / name).data, right)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["a"].id.write_direct_chunk((0, 0), zeros)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        places = [file.pages[0].tags[name].valueoffset for name in ("StripOffsets", "StripByteCounts")]
    content = bytearray((tmp_path / "a.tif").read_bytes())
    for place, number in zip(places, (len(content), len(zeros)), strict=True):
        content[place : place + 4] = struct.pack("<I", number)
    (tmp_path / "a.tif").write_bytes(content + zeros)
    for name in ("a.h5", "a.tif"):
        with pytest.raises(InputError, match="unpacks to far more than"):
            read_image(tmp_path / name)


def sharded(folder, chunk, place=(0, None), chunks=(64, 64), shards=(64, 64)):
    """A Zarr array of 64 x 64 bytes whose one shard holds this chunk, packed by gzip, where its index says."""
    begin, length = place
    index = struct.pack("<QQ", begin, len(chunk) if length is None else length)
    folder.mkdir()
    (folder / "c" / "0").mkdir(parents=True)
    checked = bytes(numcodecs.get_codec({"id": "crc32c", "location": "end"}).encode(np.frombuffer(index, np.uint8)))
    (folder / "c" / "0" / "0").write_bytes(chunk + checked)
    inner = [{"name": "bytes"}, {"name": "gzip", "configuration": {"level": 1}}]
    codecs = {
        "chunk_shape": list(chunks),
        "codecs": inner,
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
    }
    return plain(folder, [{"name": "sharding_indexed", "configuration": codecs}], shards)


def plain(folder, codecs, chunks=(64, 64)):
    """A Zarr array of 64 x 64 bytes, version 3, in a folder that may hold its chunk."""
    folder.mkdir(exist_ok=True)
    array = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [64, 64],
        "data_type": "uint8",
        "fill_value": 0,
        "attributes": {},
        "codecs": codecs,
    }
    array["chunk_grid"] = {"name": "regular", "configuration": {"chunk_shape": list(chunks)}}
    array["chunk_key_encoding"] = {"name": "default", "configuration": {"separator": "/"}}
    (folder / "zarr.json").write_text(json.dumps(array))
    return read_image(folder)


def test_a_chunk_within_a_shard_that_unpacks_to_far_more_than_one(tmp_path):
    right = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    assert np.array_equal(sharded(tmp_path / "right.zarr", gzip.compress(right.tobytes())).data, right)
    with pytest.raises(InputError, match="unpacks to far more than a chunk"):
        sharded(tmp_path / "wrong.zarr", gzip.compress(bytes(5_000_000)))
    with pytest.raises(InputError, match="a chunk beyond its end"):
        sharded(tmp_path / "beyond.zarr", gzip.compress(right.tobytes()), (0, 10**15))
    with pytest.raises(InputError, match="its index is cut off"):
        sharded(tmp_path / "cut.zarr", b"", shards=(64 * 64, 64))


def test_shards_of_all_shapes_are_read_as_they_are(tmp_path):
    zarr, rng = pytest.importorskip("zarr"), np.random.default_rng(0)
    for name, chunks, shards in (("a", (16, 8), (32, 24)), ("b", (7, 9), (7, 9))):
        data = rng.integers(1, 9, (70, 50)).astype(np.uint8)
        array = zarr.create_array(store=str(tmp_path / name), shape=data.shape, chunks=chunks, shards=shards, dtype="uint8", zarr_format=3)
        array[...] = data
        assert np.array_equal(read_image(tmp_path / name).data, data)


def test_chunks_that_are_packed_twice_or_larger_than_their_image(tmp_path):
    gzipped = {"name": "gzip", "configuration": {"level": 1}}
    with pytest.raises(InputError, match="more than once"):
        plain(tmp_path / "twice.zarr", [{"name": "bytes"}, gzipped, gzipped])
    with pytest.raises(InputError, match=r"chunks of 800 MB for an image of 0\.0041 MB"):
        plain(tmp_path / "large.zarr", [{"name": "bytes"}, gzipped], (40_000, 20_000))


def frame_of_zeros(count):
    """A Zstandard frame that states no size, of blocks of 128 KiB of zeros."""
    blocks = [struct.pack("<I", (1 << 20) | 2 | (i == count - 1))[:3] + b"\0" for i in range(count)]
    return b"\x28\xb5\x2f\xfd\x00\x38" + b"".join(blocks)


def test_zstandard_that_states_no_size_or_has_further_frames(tmp_path):
    codec, right = CODECS["zstd"], np.arange(64 * 64, dtype=np.uint8)
    skipped = struct.pack("<II", 0x184D2A50, 4) + b"abcd"
    first = codec.encode(right)
    for name, chunk in {
        "unstated": frame_of_zeros(100),
        "second": first + codec.encode(bytes(5_000_000)),
        "skipped": skipped + frame_of_zeros(9),
    }.items():
        with pytest.raises(InputError, match="unpacks to far more than a chunk"):
            stored(tmp_path / name, codec.get_config(), chunk)
    whole = b"\x28\xb5\x2f\xfd\x00\x38" + struct.pack("<I", (4096 << 3) | 1)[:3] + right.tobytes()
    assert np.array_equal(stored(tmp_path / "whole", codec.get_config(), whole).data.ravel(), right)


def test_a_packed_nifti_image_that_its_file_cannot_hold(tmp_path):
    content = bytearray(nibabel.Nifti1Image(np.ones((8, 8, 8), np.uint8), np.eye(4)).to_bytes())
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(content)))
    assert read_image(tmp_path / "a.nii.gz").data.all()
    remarks = content[:348] + bytes([1, 0, 0, 0]) + struct.pack("<ii", 10**9, 6) + bytes(100)
    content[40:56] = struct.pack("<8h", 3, 2000, 2000, 2000, 1, 1, 1, 1)
    for changed, words in ((content, "8 GB, which a file of its size cannot hold"), (remarks, "extensions of more than 20 MB")):
        (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(changed)))
        with pytest.raises(InputError, match=words):
            read_image(tmp_path / "a.nii.gz")
