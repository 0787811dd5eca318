"""Grids for DAMASK: read as the formats are specified, and by DAMASK itself where it is installed (pip install damask)."""

from __future__ import annotations

import base64
import re
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

import shapelab as sl
from shapelab.crystals.orientation import from_euler, to_euler
from shapelab.errors import InputError
from shapelab.io.damask import material_file, write_damask

yaml = pytest.importorskip("yaml")


def read_grid(path):
    """Return the materials (x, y, z) and the size of a cell, as the VTK file format says."""
    root = ElementTree.parse(path).getroot()
    assert (root.get("type"), root.get("byte_order"), root.get("header_type")) == ("ImageData", "LittleEndian", "UInt64")
    image = root.find("ImageData")
    cells = np.array(image.get("WholeExtent").split(), int)[1::2]
    array = image.find("Piece/CellData/DataArray")
    assert (array.get("type"), array.get("Name"), array.get("format")) == ("Int32", "material", "binary")
    text = array.text.strip()
    blocks, size, last, packed = np.frombuffer(base64.b64decode(text[:44]), "<u8")
    raw = zlib.decompress(base64.b64decode(text[44:]))
    assert (blocks, size, last) == (1, len(raw), len(raw))
    assert packed == len(base64.b64decode(text[44:]))
    return np.frombuffer(raw, "<i4").reshape(cells, order="F"), np.array(image.get("Spacing").split(), float)


def materials(path):
    configuration = yaml.safe_load(material_file(path).read_text())
    assert configuration["homogenization"] == {"SX": {"N_constituents": 1, "mechanical": {"type": "pass"}}}
    for material in configuration["material"]:
        assert material["homogenization"] in configuration["homogenization"]
        assert all(part["phase"] in configuration["phase"] and part["v"] == 1 for part in material["constituents"])
    parts = [material["constituents"][0] for material in configuration["material"]]
    return np.array([part["O"] for part in parts]), [part["phase"] for part in parts]


def bunge(quaternion):
    """Return the quaternion (w, x, y, z) of D.J. Rowenhorst et al., Modelling Simul. Mater. Sci. Eng. 23 (2015) 083501, with P = -1."""
    phi1, middle, phi2 = quaternion
    c, s = np.cos(middle / 2), np.sin(middle / 2)
    total, apart = (phi1 + phi2) / 2, (phi1 - phi2) / 2
    q = np.array([c * np.cos(total), s * np.cos(apart), s * np.sin(apart), c * np.sin(total)])
    return q if q[0] >= 0 else -q


def test_a_generated_sample(tmp_path):
    crystal = sl.generate_crystal(9, (10, 12, 14), (0.5, 0.5, 0.25), lloyd=1)
    write_damask(tmp_path / "a.vti", crystal.labels, crystal.spacing, "um", crystal.orientations)
    grid, step = read_grid(tmp_path / "a.vti")
    np.testing.assert_array_equal(grid, crystal.labels.T - 1)
    assert step == pytest.approx([0.25e-6, 0.5e-6, 0.5e-6], rel=1e-12)
    found, phases = materials(tmp_path / "a.vti")
    np.testing.assert_allclose(found, [bunge(angles) for angles in to_euler(crystal.orientations)], atol=1e-12)
    assert set(phases) == {"grains"}


def test_gaps_background_phases_and_a_plane(tmp_path):
    labels = np.array([[0, 2, 2], [5, 5, 0]])
    orientations = from_euler(np.random.default_rng(0).uniform(0, 3, (5, 3)))
    write_damask(tmp_path / "a.vti", labels, (2.0, 3.0), "nm", orientations, ["a", "α-Fe: 5 %", "c", "d", "e"])
    grid, step = read_grid(tmp_path / "a.vti")
    np.testing.assert_array_equal(grid[:, :, 0].T, [[2, 0, 0], [1, 1, 2]])
    assert step == pytest.approx([3e-9, 2e-9, 2e-9])
    found, phases = materials(tmp_path / "a.vti")
    np.testing.assert_allclose(found[:2], [bunge(to_euler(orientations[i])) for i in (1, 4)], atol=1e-12)
    assert phases[1:] == ["e", "background"]
    assert re.fullmatch(r"\w+", phases[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": ""}, "metres"),
        ({"unit": "pixel"}, "metres"),
        ({"path": "a.vtk"}, r"\.vti"),
        ({"orientations": np.eye(4)[:1]}, "no orientation"),
        ({"labels": np.zeros((3, 3), int)}, "no orientation"),
    ],
)
def test_refusals_leave_nothing(tmp_path, change, said):
    given = {"path": "a.vti", "labels": np.array([[1, 2]]), "spacing": (1.0, 1.0), "unit": "um", "orientations": np.eye(4)[:2]} | change
    with pytest.raises(InputError, match=said):
        write_damask(tmp_path / given.pop("path"), **given)
    assert not list(tmp_path.iterdir())


def test_damask_reads_what_was_written(tmp_path):
    damask = pytest.importorskip("damask", reason="pip install damask")
    crystal = sl.generate_crystal(9, (10, 12, 14), (0.5, 0.5, 0.25), lloyd=1)
    fit = sl.fit_diagram(crystal.labels, 2, crystal.spacing, method="moments")
    for name, labels in (("generated", crystal.labels), ("fitted", fit.labels)):
        write_damask(tmp_path / f"{name}.vti", labels, crystal.spacing, "um", crystal.orientations)
        grid = damask.GeomGrid.load(tmp_path / f"{name}.vti")
        ids, index = np.unique(labels, return_inverse=True)
        np.testing.assert_array_equal(grid.material, index.reshape(labels.shape).T)
        np.testing.assert_allclose(grid.size, [14 * 0.25e-6, 12 * 0.5e-6, 10 * 0.5e-6])
        configuration = damask.ConfigMaterial.load(material_file(tmp_path / f"{name}.vti"))
        quaternions = np.array([material["constituents"][0]["O"] for material in configuration["material"]])
        angles = damask.Rotation.from_quaternion(quaternions).as_Euler_angles()
        turns = np.exp(1j * angles) - np.exp(1j * to_euler(crystal.orientations[ids - 1]))
        assert np.abs(turns).max() < 1e-9
