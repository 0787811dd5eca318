"""Run folders, atlases and images that are broken or mean ill: one sentence, little memory, nothing executed."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from numcodecs import Zstd

import shapelab as sl
from shapelab.batch import Atlas
from shapelab.batch.atlas import SHIPPED
from shapelab.convert import mask_to_mixture
from shapelab.errors import InputError, NotFiniteError, ParameterError, ShapelabError
from shapelab.io import RunWriter, load_run, read_image, save_run

CHUNK = "images/field/0/c/1/0/0/0"


@pytest.fixture
def folder(toy, tmp_path):
    """A run of 3 frames (steps 2, 4, 6), each with a checkpoint."""
    simulation = toy(seed=3)
    with RunWriter(tmp_path / "run.zarr", simulation, keep="all") as writer:
        for frame in simulation.run(6, every=2):
            writer.write(frame)
    return tmp_path / "run.zarr"


def read_all(folder):
    run = load_run(folder)
    for index in range(len(run)):
        run.frame(index)
    for layer in run.layers():
        np.asarray(layer.data)
    return run.simulation()


def edit(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def bomb(size):
    """Bytes that claim, as Zstandard does, to unpack to `size` bytes."""
    return b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", size) + b"\x01\x00\x00"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: (p / CHUNK).unlink(), "missing"),
        (lambda p: (p / CHUNK).write_bytes(b"no chunk at all, but long enough"), "frame 1 of field/0 is damaged"),
        (lambda p: (p / CHUNK).write_bytes(bomb(2**40)), "frame 1 of field/0 is damaged"),
        (lambda p: (p / CHUNK).write_bytes(bomb(480)), "damaged"),
        (lambda p: (p / "points" / "strange").symlink_to("/dev/zero"), "a link"),
        (
            lambda p: edit(p / "images/field/0/zarr.json", lambda m: m["chunk_grid"]["configuration"].update(chunk_shape=[10**6] * 4)),
            "chunks",
        ),
        (lambda p: edit(p / "images/field/0/zarr.json", lambda m: m.update(codecs=[{"name": "bytes"}, {"name": "gzip"}])), "field/0"),
        (lambda p: (p / "run.json").write_text('{"steps": ' + "9" * 5000 + "}"), "damaged"),
        (lambda p: (p / "run.json").write_text("[" * 100_000), "damaged"),
        (lambda p: (p / "run.json").write_bytes(b"\xff\xfe{}"), "damaged"),
        (lambda p: edit(p / "run.json", lambda m: m["times"].__setitem__(0, float("nan"))), "damaged"),
        (lambda p: edit(p / "run.json", lambda m: m["tables"].update({"scalars.csv": 10**18})), "it was cut"),
        (lambda p: edit(p / "run.json", lambda m: m["layers"][0]["meta"].update(translate=[1.0])), "translate"),
        (lambda p: edit(p / "run.json", lambda m: m["parameters"].update(family_name="toy")), "parameters"),
        (
            lambda p: (p / "scalars.csv").write_bytes((p / "scalars.csv").read_bytes().replace(b"\n2,0.5,", b"\n2,0.5,abc")),
            "something else than numbers",
        ),
        (lambda p: (p / "points/seeds.csv").write_bytes((p / "points/seeds.csv").read_bytes().replace(b"frame", b"fname")), "seeds.csv"),
    ],
)
def test_run_folders(folder, damage, words):
    damage(folder)
    with pytest.raises((InputError, ParameterError), match=words):
        read_all(folder)


def test_looks_of_the_wrong_kind_are_left_out(folder):
    looks = {"opacity": "very", "rendering": "explode", "contrast_limits": [1, 0], "colormap": "no such", "units": ["elephants"] * 3}
    edit(folder / "run.json", lambda m: m["layers"][0]["meta"].update(looks))
    field = load_run(folder).layers()[0]
    assert not set(looks) & set(field.meta)
    assert field.meta["scale"] == [1.0, 0.5, 0.25, 0.25]


def test_a_checkpoint_with_a_foreign_generator(folder):
    file = folder / "checkpoints" / "00000006.npz"
    with np.load(file) as content:
        arrays = dict(content)
    plain = json.loads(arrays.pop("state.json").tobytes())
    plain["rng"]["generator"]["bit_generator"] = "MT19937"
    np.savez(file, **{"state.json": np.frombuffer(json.dumps(plain).encode(), np.uint8)}, **arrays)
    with pytest.raises(InputError, match="checkpoint of step 6"):
        load_run(folder).simulation()


@pytest.mark.parametrize(
    ("scenario", "field", "value"),
    [
        ("run_and_tumble", "traits.travelled", 1e308),
        ("run_and_tumble", "positions", 3),
        ("run_and_tumble", "fields", []),
        ("run_and_tumble", "next_id", "x"),
        ("elastic_block", "diagram.labels", -1),
    ],
)
def test_a_state_that_is_none_is_refused_on_opening(scenario, field, value, tmp_path):
    def change(arrays):
        plain = json.loads(arrays["state.json"].tobytes())
        name, _, inner = field.partition(".")
        (plain[name]["dict"] if inner else plain)[inner or name] = value
        arrays["state.json"] = np.frombuffer(json.dumps(plain).encode(), np.uint8)

    path = changed_checkpoint(tmp_path, scenario, change)
    with pytest.raises(ShapelabError):
        load_run(path).simulation()


def test_a_state_that_breaks_down_says_so(tmp_path):
    run = load_run(changed_checkpoint(tmp_path, "elastic_block", lambda arrays: arrays["volumes"].fill(np.nan))).simulation()
    run.step()
    assert run.failed
    with pytest.raises(NotFiniteError, match="broke down"):
        run.frame()


def changed_checkpoint(folder, scenario, change):
    """Save the start of a run, and change the arrays of its checkpoint."""
    path = save_run(folder / "run.zarr", sl.Cells(scenario, seed=1))
    [file] = (path / "checkpoints").glob("*.npz")
    with np.load(file) as content:
        arrays = dict(content)
    change(arrays)
    np.savez(file, **arrays)
    return path


def rewritten(target, head=None, **changes):
    """Write a small atlas with another head, or with other arrays."""
    with np.load(SHIPPED) as content:
        entries = json.loads(content["atlas.json"].tobytes())
        arrays = {f"{name}_0": content[f"{name}_0"] for name in ("shape", "diagram")}
    entries["members"] = entries["members"][:1]
    if head is not None:
        head(entries)
    text = json.dumps(entries).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {**arrays, "atlas.json": np.frombuffer(text, np.uint8), **changes}.items():
            with archive.open(name + ".npy", "w") as stream:
                np.save(stream, array, allow_pickle=True)
    return target


def test_a_rewritten_atlas_opens(tmp_path):
    assert len(Atlas.load(rewritten(tmp_path / "a.npz"))) == 1


@pytest.mark.parametrize(
    ("head", "changes", "words"),
    [
        (None, {"shape_0": np.array([{"a": 1}], dtype=object)}, "damaged"),
        (None, {"shape_0": np.zeros((0, 4, 4), np.int8)}, "neither a field nor labels"),
        (None, {"shape_0": np.zeros((4, 4), np.int8)}, "axes"),
        (None, {"diagram_0": np.full((4, 3), np.nan, np.float16)}, "diagram of the atlas is damaged"),
        (lambda h: h["members"][0]["layer"]["meta"].update(scale=[0, 1, 1]), {}, "scale"),
        (lambda h: h["members"][0]["layer"]["meta"].pop("scale"), {}, "no voxel size"),
        (lambda h: h["members"][0]["parameters"].update(mass=float("nan")), {}, "mass"),
        (lambda h: h["members"][0]["observables"].update(area=float("inf")), {}, "not all finite"),
        (lambda h: h.update(family="no such"), {}, "no such"),
        (lambda h: h.update(members=[]), {}, "no members"),
        (lambda h: h.update(version=2), {}, "not an atlas of this version"),
    ],
)
def test_atlases(tmp_path, head, changes, words):
    with pytest.raises((InputError, ParameterError), match=words):
        Atlas.load(rewritten(tmp_path / "a.npz", head, **changes))


def test_an_atlas_that_is_cut_or_flipped_or_no_file(tmp_path):
    good = rewritten(tmp_path / "a.npz").read_bytes()
    for content in (good[: len(good) // 2], good[:200] + bytes(60) + good[260:], b""):
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(InputError, match="missing or damaged"):
            Atlas.load(tmp_path / "b.npz")
    (tmp_path / "c.npz").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="There is no file"):
        Atlas.load(tmp_path / "c.npz")


def test_a_tiff_whose_pages_run_in_a_circle(tmp_path):
    entry = struct.pack("<HHII", 256, 4, 1, 8)
    (tmp_path / "a.tif").write_bytes(b"II\x2a\x00" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 8))
    with pytest.raises(InputError, match="in a circle"):
        read_image(tmp_path / "a.tif")


def test_an_hdf5_file_that_takes_its_numbers_from_another_file(tmp_path):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "secret").write_bytes(bytes(1000))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (10, 10), "u1", external=[(str(tmp_path / "secret"), 0, 100)])
    with pytest.raises(InputError, match="from other files"):
        read_image(tmp_path / "a.h5")


def zipped(file, entries, *, times=1):
    """Write a stored zip whose directory lists each entry `times` times, all of them over the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in entries.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.save(stream, array)
        for info in list(archive.filelist) * (times - 1):
            copy = zipfile.ZipInfo(f"{len(archive.filelist)}{info.filename}")
            for part in ("header_offset", "file_size", "compress_size", "CRC", "compress_type", "create_system", "flag_bits"):
                setattr(copy, part, getattr(info, part))
            archive.filelist.append(copy)
        archive._didModify = True
    return file


def taken(read):
    """Most memory that `read` holds at once beyond what was held before [MB]; what it raises is dropped."""
    tracemalloc.start()
    try:
        with contextlib.suppress(InputError):
            read()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_a_checkpoint_whose_entries_lie_over_one_another(folder):
    file = folder / "checkpoints" / "00000006.npz"
    zipped(file, {"u": np.zeros(1_000_000 // 8)}, times=300)
    assert file.stat().st_size < 1.2e6
    with pytest.raises(InputError, match="claims to hold more than its"):
        load_run(folder).simulation()
    assert taken(lambda: load_run(folder).simulation()) < 100


def test_a_checkpoint_that_names_one_array_many_times(folder):
    file = folder / "checkpoints" / "00000006.npz"
    with np.load(file) as content:
        arrays = dict(content)
    plain = json.loads(arrays.pop("state.json").tobytes())
    plain["u"] = [{"array": "u"}] * 5000
    arrays["u"] = np.zeros((4, 5, 1000), np.float32)
    np.savez(file, **{"state.json": np.frombuffer(json.dumps(plain).encode(), np.uint8)}, **arrays)
    with pytest.raises(InputError, match="damaged"):
        load_run(folder).simulation()
    assert taken(lambda: load_run(folder).simulation()) < 100


def test_checkpoints_that_no_step_can_be_taken_from_are_refused_on_opening(folder):
    file = folder / "checkpoints" / "00000006.npz"
    whole = file.read_bytes()
    with np.load(file) as content:
        arrays = dict(content)
    text = arrays.pop("state.json").tobytes()
    for name, value in {"time": "soon", "step": None, "rng": 7, "u": 3.0}.items():
        plain = {**json.loads(text), name: value}
        np.savez(file, **{"state.json": np.frombuffer(json.dumps(plain).encode(), np.uint8)}, **arrays)
        with pytest.raises(InputError, match="damaged"):
            load_run(folder).simulation()
    file.write_bytes(whole)
    assert load_run(folder).simulation().step_number == 6


def test_an_atlas_that_unpacks_to_far_more_than_its_size(tmp_path):
    file = rewritten(tmp_path / "a.npz", shape_0=np.zeros((300, 1000, 1000), np.int8))
    assert file.stat().st_size < 1e6
    with pytest.raises(InputError, match="more than an atlas of its size holds"):
        Atlas.load(file)
    assert taken(lambda: Atlas.load(file)) < 100


def test_a_small_run_that_states_a_large_frame_is_held_once(folder):
    """Chunks are unpacked one after the other: what is held beyond the frame that the record states is one of them."""
    codecs = [{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 0, "checksum": False}}]
    for name in ("images/field", "labels/cells"):
        edit(folder / name / "0" / "zarr.json", lambda m: m.update(shape=[3, 400, 400, 400], codecs=codecs))
        edit(folder / name / "0" / "zarr.json", lambda m: m["chunk_grid"]["configuration"].update(chunk_shape=[1, 100, 400, 400]))
        edit(folder / name / "0" / "zarr.json", lambda m: m.update(data_type="uint8", fill_value=0))
        shutil.rmtree(folder / name / "0" / "c")
        packed = Zstd().encode(bytes(100 * 400 * 400))
        for part in range(4):
            (folder / name / "0" / "c" / "2" / str(part) / "0").mkdir(parents=True)
            (folder / name / "0" / "c" / "2" / str(part) / "0" / "0").write_bytes(packed)
    assert load_run(folder).frame()["field"].shape == (400, 400, 400)
    assert taken(lambda: load_run(folder).frame()) < 2 * 64 + 100


def test_chunks_larger_than_any_that_is_written_are_refused(folder):
    file = folder / "images/field/0/zarr.json"
    edit(file, lambda m: m.update(shape=[3, 1000, 1000, 1000]))
    edit(file, lambda m: m["chunk_grid"]["configuration"].update(chunk_shape=[1, 1000, 1000, 1000]))
    with pytest.raises(InputError, match=r"chunks of 4 GB, more than shapelab writes"):
        load_run(folder)


@pytest.mark.parametrize("spacing", [1e154, 1e-200, (1.0, 1e300, 1.0)])
def test_lengths_beyond_what_can_be_multiplied(spacing):
    """SciPy's k-means ended the process with a segmentation fault."""
    mask = np.zeros((6, 6, 6), bool)
    mask[2:4, 2:5, 2:4] = True
    with pytest.raises(InputError, match="between 1e-30 and 1e"):
        mask_to_mixture(mask, 2, spacing)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["chunk_grid"]["configuration"].update(chunk_shape=[1, 0, 5, 6]),
        lambda m: m["chunk_grid"]["configuration"].update(chunk_shape=[]),
        lambda m: m.update(shape=[]),
        lambda m: m.update(shape=[3, -4, 5, 6]),
        lambda m: m.update(shape=[3, 10**30, 5, 6]),
        lambda m: m.update(codecs=[]),
    ],
)
def test_arrays_of_no_shape(folder, change):
    edit(folder / "images/field/0/zarr.json", change)
    with pytest.raises(InputError):
        read_all(folder)


def test_looks_within_looks_within_looks(folder):
    deep = json.loads("[" * 900 + "]" * 900)
    edit(folder / "run.json", lambda m: m["layers"][0]["meta"].update(scale=deep, contrast_limits=[[1] * 10**5, 2]))
    assert not {"scale", "contrast_limits"} & set(load_run(folder).record.layers[0].meta)
