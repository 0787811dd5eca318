"""Cells for Neper, CompuCell3D and ImageJ: written as the formats are specified, and read back; ROIs by the library for them."""

from __future__ import annotations

import contextlib
import zipfile

import numpy as np
import pytest
import roifile

import shapelab as sl
from shapelab.convert.place import Place
from shapelab.crystals.orientation import from_euler, to_euler
from shapelab.crystals.sample import GrainSample
from shapelab.errors import InputError
from shapelab.io import read_image
from shapelab.io.imagej import is_roi_set, write_rois
from shapelab.io.neper import write_tesr
from shapelab.io.piff import write_piff

PLACE = Place.of((0.5, 0.25), unit="um")


def unit_quaternions(rng, n):
    values = rng.normal(size=(n, 4))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def label_images(count, ndims=(2, 3)):
    """Random images of labels with gaps, background, holes and cells in pieces."""
    rng = np.random.default_rng(1)
    for i in range(count):
        labels = rng.integers(0, 5, rng.integers(2, 9, ndims[i % len(ndims)])) * int(rng.choice([1, 7, 90_000]))
        labels.flat[0] = 3
        yield labels


def same_rotation(a, b):
    """Whether quaternions are those of the same rotations: q and -q are."""
    return np.abs((a * b).sum(-1)) == pytest.approx(1, abs=1e-9)


def test_raster_tessellations_come_back(tmp_path):
    rng = np.random.default_rng(0)
    for i, labels in enumerate(label_images(12)):
        place = Place.of(rng.uniform(0.1, 3, labels.ndim), rng.uniform(-5, 5, labels.ndim), "um")
        orientations = unit_quaternions(rng, int(labels.max()))
        layer = read_image(write_tesr(tmp_path / f"{i}.tesr", labels, place, orientations, ["cubic"] * len(orientations)))
        np.testing.assert_array_equal(layer.data, labels)
        assert layer.kind == "labels"
        np.testing.assert_allclose(layer.meta["scale"], place.spacing)
        np.testing.assert_allclose(layer.meta["translate"], place.origin)
        there = np.unique(labels[labels > 0])
        if int(labels.max()) < 1000:  # orientations by label would be an array of a million rows for five cells
            assert same_rotation(layer.meta["metadata"]["orientations"][there - 1], orientations[there - 1])
            assert set(layer.meta["metadata"]["symmetries"]) == {"cubic"}


def test_a_raster_tessellation_is_as_nepers_manual_says(tmp_path):
    labels = np.array([[0, 7, 7], [2, 2, 7]])
    euler = np.deg2rad([[0, 0, 0], [30, 40, 50], *[[0, 0, 0]] * 4, [200, 100, 10]])
    write_tesr(tmp_path / "a.tesr", labels, Place.of((0.5, 0.25), (1.0, 2.0)), from_euler(euler), ["hexagonal"] * 7)
    head, _, rest = (tmp_path / "a.tesr").read_bytes().partition(b" **data\n")
    kind, numbers = rest.split(b"\n", 1)
    words = head.decode().split()
    assert words[:8] == ["***tesr", "**format", "2.1", "**general", "2", "3", "2", "0.25"]
    assert words[words.index("*origin") + 1 :][:2] == ["1.875", "0.75"]
    assert words[words.index("**cell") + 1 :][:4] == ["2", "*id", "2", "7"]
    assert words[words.index("*crysym") + 1] == "hexagonal"
    assert words[words.index("*ori") + 1] == "quaternion:active"
    rows = np.array(words[words.index("*ori") + 2 :], float).reshape(2, 4)
    for (w, x, y, z), (phi1, tilt, phi2) in zip(rows, euler[[1, 6]], strict=True):  # ol_e_q of Neper's library for orientations
        c, s, total, apart = np.cos(tilt / 2), np.sin(tilt / 2), (phi1 + phi2) / 2, (phi1 - phi2) / 2
        wanted = np.array([c * np.cos(total), s * np.cos(apart), s * np.sin(apart), c * np.sin(total)])
        assert abs(wanted @ (w, x, y, z)) == pytest.approx(1)
    assert kind.strip() == b"binary16"
    assert numbers[12:] == b"\n***end\n"
    np.testing.assert_array_equal(np.frombuffer(numbers[:12], "<u2"), [0, 2, 2, 1, 1, 2])  # x fastest, numbered from 1 in the order of *id


@pytest.mark.parametrize(
    ("descriptor", "row"),
    [
        ("euler-bunge", "30 40 50"),
        ("euler-bunge:active", "30 40 50"),
        ("euler-bunge:passive", "130 40 150"),  # the inverse: (180 - phi2, Phi, 180 - phi1)
        ("rodrigues", None),
        ("axis-angle:active", None),
        ("quaternion:passive", None),
        ("rotmat", None),
    ],
)
def test_tesr_of_others(tmp_path, descriptor, row):
    from scipy.spatial.transform import Rotation

    turned = Rotation.from_euler("ZXZ", [30, 40, 50], degrees=True)
    x, y, z, w = turned.as_quat()
    vector = turned.as_rotvec(degrees=True)
    rows = {
        "rodrigues": np.array([x, y, z]) / w,
        "axis-angle:active": [*(vector / np.linalg.norm(vector)), np.linalg.norm(vector)],
        "quaternion:passive": [w, -x, -y, -z],
        "rotmat": turned.as_matrix().T.ravel(),  # g: its rows are the axes of the crystal
    }
    numbers = row or " ".join(map(str, rows[descriptor]))
    text = (
        f"***tesr\n **format\n 2.0 ascii\n **general\n 2\n 2 1\n 1 1\n **cell\n 1\n *ori\n {descriptor}\n {numbers}\n **data\n1 0\n***end\n"
    )
    (tmp_path / "a.tesr").write_text(text)
    layer = read_image(tmp_path / "a.tesr")
    np.testing.assert_array_equal(layer.data, [[1, 0]])
    assert np.rad2deg(to_euler(layer.meta["metadata"]["orientations"][0])) == pytest.approx([30, 40, 50])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("***tess\n", "no raster tessellation"),
        ("***tesr\n **format\n 2.1\n **general\n 2\n 2 1\n 1 1\n", r"no \*\*data"),
        ("***tesr\n **format\n 2.1\n **general\n 2\n 2 2\n 1 1\n **data\n ascii\n 1 0 1\n***end", "incomplete"),
        ("***tesr\n **format\n 2.1\n **general\n 2\n 2 2\n 1 1\n **data\n binary16\n*file a.raw\n***end", "another file"),
        ("***tesr\n **format\n 2.1\n **general\n 2\n 2 2\n 1 1\n **data\n octal\n 1\n***end", "octal"),
        ("***tesr\n **format\n 2.1\n **general\n 2\n 99999999 99999999\n 1 1\n **data\n ascii\n 1\n***end", "memory|GB"),
        ("***tesr\n **format\n 2.1\n **general\n 2\n 0 2\n 1 1\n **data\n ascii\n \n***end", "grid"),
    ],
)
def test_damaged_tessellations_are_refused(tmp_path, text, said):
    (tmp_path / "a.tesr").write_text(text)
    with pytest.raises(sl.errors.ShapelabError, match=said):
        read_image(tmp_path / "a.tesr")


def test_orientations_that_cannot_be_by_label_are_left_out(tmp_path):
    head = "***tesr\n **format\n 2.1\n **general\n 2\n 2 1\n 1 1\n **cell\n {}\n *ori\n quaternion\n 1 0 0 0\n **data\n ascii\n{}\n***end\n"
    for cells, data in (("1", "1 4000000000"), ("900000000000", "1 2"), ("1\n *id\n 900000000000", "1 0")):
        (tmp_path / "a.tesr").write_text(head.format(cells, data))
        layer = read_image(tmp_path / "a.tesr")
        assert "orientations" not in layer.meta["metadata"]
        assert "left out" in " ".join(layer.meta["metadata"]["notes"])


def test_damaged_files_are_refused_in_a_sentence(tmp_path):
    """Bytes changed and ends cut off: a file is read or refused, and never ends in an error of Python."""
    rng = np.random.default_rng(8)
    labels = np.kron(np.arange(6).reshape(2, 3), np.ones((4, 4), int))
    write_tesr(tmp_path / "a.tesr", labels, PLACE, unit_quaternions(rng, 5))
    write_piff(tmp_path / "a.piff", labels)
    write_rois(tmp_path / "a.zip", labels)
    for suffix in ("tesr", "piff", "zip"):
        whole = (tmp_path / f"a.{suffix}").read_bytes()
        for trial in range(40):
            damaged = bytearray(whole[: rng.integers(1, len(whole))] if trial % 2 else whole)
            for at in rng.integers(0, len(damaged), 3):
                damaged[at] = rng.integers(256)
            (tmp_path / f"b.{suffix}").write_bytes(bytes(damaged))
            with contextlib.suppress(sl.errors.ShapelabError):
                read_image(tmp_path / f"b.{suffix}")


def test_lattices_come_back(tmp_path):
    for i, labels in enumerate(label_images(12)):
        types = [f"type {n % 3}" for n in range(int(labels.max()))]
        layer = read_image(write_piff(tmp_path / f"{i}.piff", labels, types))
        np.testing.assert_array_equal(layer.data, labels)
        features = layer.meta["features"]
        names = dict(zip(features["index"], features["name"], strict=True))
        assert all(names[n] == f"type_{(n - 1) % 3}" for n in np.unique(labels[labels > 0]).tolist())


def test_a_lattice_is_as_the_manual_says(tmp_path):
    write_piff(tmp_path / "a.piff", np.array([[0, 5, 5], [5, 5, 2]]))
    assert (tmp_path / "a.piff").read_text() == "0 Medium 0 2 0 1 0 0\n5 Cell 1 2 0 0 0 0\n5 Cell 0 1 1 1 0 0\n2 Cell 2 2 1 1 0 0\n"
    (tmp_path / "b.piff").write_text(
        "Include Clusters\n1 0 Epithel 0 1 0 1 0 0\n1 4 Gland 1 2 1 1 0 0\n# a remark\n2 9 Medium 0 0 0 0 0 0\n"
    )
    layer = read_image(tmp_path / "b.piff")
    np.testing.assert_array_equal(layer.data, [[0, 1, 0], [1, 5, 5]])
    assert "one more" in " ".join(layer.meta["metadata"]["notes"])
    for text, said in (
        ("1 A 0 1\n", "line 1"),
        ("1 A 0 1 3 2 0 0\n", "x1 <= x2"),
        ("1 A 0 1 0 1\n1 B 0 1 0 1\n", "line 2"),
        ("", "no cell"),
    ):
        (tmp_path / "c.piff").write_text(text)
        with pytest.raises(InputError, match=said):
            read_image(tmp_path / "c.piff")


def roi_pixels(roi, shape):
    """Return the pixels in a ROI: an edge that runs along y flips what lies right of it, as an even-odd fill does."""
    inside = np.zeros(shape, bool)
    for points in roi.coordinates(multi=True):
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
            assert x0 == x1 or y0 == y1
            inside[int(min(y0, y1)) : int(max(y0, y1)), int(x0) :] ^= True
    return inside


def test_outlines_hold_just_the_pixels_of_their_cells(tmp_path):
    for i, labels in enumerate(label_images(12, (2,))):
        write_rois(tmp_path / f"{i}.zip", labels)
        rois = {int(roi.name): roi for roi in roifile.roiread(tmp_path / f"{i}.zip")}
        assert sorted(rois) == np.unique(labels[labels > 0]).tolist()
        for number, roi in rois.items():
            np.testing.assert_array_equal(roi_pixels(roi, labels.shape), labels == number)
        back = read_image(tmp_path / f"{i}.zip").data
        padded = np.zeros_like(labels)
        padded[: back.shape[0], : back.shape[1]] = back
        np.testing.assert_array_equal(padded, labels)


def test_roi_sets_of_others(tmp_path):
    polygon = roifile.ImagejRoi.frompoints(np.array([[1.4, 1], [5.4, 1], [5.4, 4], [1.4, 4]]), name="left cell")
    line = roifile.ImagejRoi.frompoints(np.array([[1, 1], [5, 1]]), name="a line")
    line.roitype = roifile.ROI_TYPE.POLYLINE
    roifile.roiwrite(tmp_path / "a.zip", [polygon])
    layer = read_image(tmp_path / "a.zip")
    assert layer.meta["features"]["name"] == ["", "left cell"]
    assert (layer.data == 1).sum() == 12
    roifile.roiwrite(tmp_path / "b.zip", [polygon, line])
    with pytest.raises(InputError, match="'a line' is no area but of the kind polyline"):
        read_image(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("a.txt", "no ROI")
    assert is_roi_set(tmp_path / "a.zip")
    assert not is_roi_set(tmp_path / "c.zip")
    with pytest.raises(InputError):
        read_image(tmp_path / "c.zip")


@pytest.mark.parametrize("suffix", ["tesr", "piff", "zip", "h5"])
def test_a_sample_in_every_format_keeps_what_the_format_holds(tmp_path, suffix):
    crystal = sl.generate_crystal(6, (20, 24), 0.5, lloyd=1, seed=2)
    phases = ["a", "b"] * 3
    known = {"orientations": crystal.orientations, "phases": [1, 2] * 3, "phase_names": phases, "symmetries": ["hexagonal"] * 6}
    said = GrainSample(crystal.labels, PLACE, **known).save(tmp_path / f"g.{suffix}")
    layer = read_image(tmp_path / f"g.{suffix}")
    np.testing.assert_array_equal(layer.data, crystal.labels)
    stated = layer.meta.get("metadata", {})
    if suffix in ("tesr", "h5"):
        assert same_rotation(stated["orientations"], crystal.orientations)
        assert stated["symmetries"] == known["symmetries"]
    if suffix == "h5":
        assert stated["phase_names"] == phases
        assert stated["phases"] == known["phases"]
    if suffix == "tesr":
        assert "cannot hold phases" in " ".join(said)


@pytest.mark.parametrize(
    "write", [lambda p, x: write_tesr(p.with_suffix(".tesr"), x, PLACE), lambda p, x: write_piff(p.with_suffix(".piff"), x)]
)
def test_nothing_is_written_of_nothing_or_over_something(tmp_path, write):
    with pytest.raises(InputError, match="only background"):
        write(tmp_path / "a", np.zeros((3, 3), int))
    assert not list(tmp_path.iterdir())
    write(tmp_path / "a", np.ones((3, 3), int))
    with pytest.raises(InputError, match="already exists"):
        write(tmp_path / "a", np.ones((3, 3), int))


def test_rois_are_flat(tmp_path):
    with pytest.raises(InputError, match="choose one slice"):
        write_rois(tmp_path / "a.zip", np.ones((3, 3, 3), int))
    with pytest.raises(InputError, match="only background"):
        write_rois(tmp_path / "a.zip", np.zeros((3, 3), int))
    assert not list(tmp_path.iterdir())
