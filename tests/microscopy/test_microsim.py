"""Images by microsim: over their labels to the voxel, with its widths, photons and noise; what is missing or impossible is a sentence.

Where it is not installed, a stand-in with its interface shows that it is given what it should be.
"""

from __future__ import annotations

import logging
import sys
import types

import numpy as np
import pytest
import tifffile

import shapelab as sl
from shapelab.cli import main
from shapelab.errors import InputError, ParameterError
from shapelab.frame import LayerData
from shapelab.io import list_arrays
from shapelab.microscopy import microsim_optics
from shapelab.microscopy.microsim_optics import MicrosimOptics, padded, why_no_microsim
from shapelab.microscopy.parameters import MicroscopeParameters

real = pytest.mark.skipif(bool(why_no_microsim()), reason="microsim is not installed")
STRIPES = np.repeat(np.arange(1, 5), 12)[None].repeat(40, 0)


def ball(planes, size=30, spacing=(0.3, 0.1, 0.1)):
    """One cell in the middle of a box that is its own mirror image."""
    z, y, x = np.indices((planes, size, size)) - (np.array([planes, size, size])[:, None, None, None] - 1) / 2
    inside = (z * 0.3) ** 2 + (y * 0.1) ** 2 + (x * 0.1) ** 2 < 0.8**2
    return LayerData("ball", inside.astype(np.int32), "labels", {"scale": spacing, "units": ("um",) * 3, "axis_labels": ("z", "y", "x")})


def rendered(labels, **given):
    return sl.render_microscopy(labels, engine="microsim", **{"variation": 0.0, **given})


@pytest.fixture(autouse=True)
def no_files(monkeypatch):
    monkeypatch.setenv("MICROSIM_CACHE", "0")


@real
@pytest.mark.parametrize("stain", ["membrane", "nucleus"])
@pytest.mark.parametrize("planes", [8, 9])
@pytest.mark.parametrize("microscope", ["confocal", "widefield"])
def test_the_image_lies_over_its_labels_to_the_voxel(microscope, planes, stain):
    image = rendered(ball(planes), microscope=microscope, stain=stain).clean(0)
    assert image.shape == (planes, 30, 30)
    for axis in range(3):
        assert image == pytest.approx(np.flip(image, axis), abs=1e-3 * float(image.max()))


@real
def test_widths_are_those_of_the_objective():
    """In the focal plane 0.51 wavelengths over the aperture; a pinhole of a small part of the Airy disc makes it 1/1.4 of that."""
    for microscope, narrower in (("widefield", 1.0), ("confocal", 1.4)):
        given = {"microscope": microscope, "numerical_aperture": 0.5, "immersion": "air", "pinhole": 0.1}
        optics = MicrosimOptics(MicroscopeParameters(**given), (0.4, 0.02, 0.02), 9)
        assert optics.psf.sum() == pytest.approx(1)
        assert all(n % 2 for n in optics.psf.shape)
        line = optics.psf[len(optics.psf) // 2, optics.psf.shape[1] // 2]
        above = np.flatnonzero(line > line.max() / 2)
        width = 0.02 * (above[-1] - above[0] + 1)
        assert width == pytest.approx(0.51 * 0.525 / 0.5 / narrower, rel=0.07)
        assert optics.peak_of_sheet(100.0) == pytest.approx(1)
        assert optics.peak_of_sheet(0.1) < optics.peak_of_sheet(0.3) < 0.9
    red = MicrosimOptics(MicroscopeParameters(filters="CY5", numerical_aperture=0.5, immersion="air"), (0.02, 0.02), 1)
    green = MicrosimOptics(MicroscopeParameters(numerical_aperture=0.5, immersion="air"), (0.02, 0.02), 1)
    assert red.psf.shape[0] == 1
    assert red.psf.shape[1] / green.psf.shape[1] == pytest.approx(700 / 525, rel=0.03)


@real
def test_photons_are_those_that_are_asked_for_and_none_is_lost():
    around = rendered(np.stack([STRIPES] * 2), spacing=0.1, unit="um", periodic=True, stain="nucleus", photons=200)
    stain = around.optics.simulation(np.ones((4, 8, 8)))
    assert float(stain.emission_flux().isel(c=0, f=0).mean()) == pytest.approx(200, rel=1e-3)
    assert around.clean(0).sum() == pytest.approx(200 * (around.nuclei(0) > 0).sum(), rel=1e-4)
    assert around.optics.blurred(np.ones((40, 48), np.float32), (False, True)) == pytest.approx(1, rel=1e-4)
    wall = np.repeat([1, 2], 40)[None].repeat(20, 0)
    walls = rendered([wall], spacing=0.05, unit="um", photons=100, thickness=0.1)
    assert 60 < walls.clean(0)[:, 20:60].max() < 105


@real
def test_it_is_microsims_own_image_where_that_lies_over_the_labels():
    """A confocal one with an odd number of planes; in its middle, as it takes what lies beyond the sides for dark."""
    found = rendered(ball(9), microscope="confocal", photons=50)
    simulation = found.simulation(0)
    own = simulation.optical_image().isel(c=0).to_numpy()
    assert found.clean(0)[:, 10:20, 10:20] == pytest.approx(own[:, 10:20, 10:20], abs=0.01 * float(own.max()))
    assert simulation.run().shape == (1, 9, 30, 30)
    with pytest.raises(InputError, match="engine microsim only"):
        sl.render_microscopy(ball(9)).simulation(0)


@real
def test_noise_is_that_of_the_camera_and_the_same_again():
    before, level = np.random.get_state()[1].copy(), logging.getLogger().level  # noqa: NPY002
    found = rendered([np.ones((80, 80), int)], spacing=0.1, unit="um", background=50, read_noise=3, offset=200)
    image = found.image(0).astype(float)
    assert found.clean(0).max() < 1e-3  # one cell has no membrane
    assert image.mean() == pytest.approx(250, abs=0.6)
    assert image.var() == pytest.approx(50 + 9, rel=0.08)
    assert np.array_equal(
        found.image(0), rendered([np.ones((80, 80), int)], spacing=0.1, unit="um", background=50, read_noise=3, offset=200).image(0)
    )
    other = rendered([np.ones((80, 80), int)], spacing=0.1, unit="um", background=50, read_noise=3, offset=200, seed=2)
    assert not np.array_equal(found.image(0), other.image(0))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert logging.getLogger().level == level


@real
def test_a_movie_is_saved_with_exact_labels(tmp_path, capsys):
    frames = np.stack([STRIPES] * 3)
    tifffile.imwrite(tmp_path / "cells.tif", frames.astype(np.uint8), photometric="minisblack")
    command = [
        "render",
        str(tmp_path / "cells.tif"),
        str(tmp_path / "out.zarr"),
        "--over-time",
        "--voxel-size",
        "0.1",
        "--engine",
        "microsim",
    ]
    assert main(command) == 2
    assert "--unit um" in capsys.readouterr().err
    assert main([*command, "--unit", "um", "--microscope", "widefield", "--bleaching", "0.5"]) == 0
    assert [entry.key for entry in list_arrays(tmp_path / "out.zarr")] == ["", "labels/cells"]
    found = rendered(frames, spacing=0.1, unit="um", bleaching=0.5, background=0, offset=0, read_noise=0, photons=1000)
    assert np.array_equal(found.labels(2), frames[2])
    assert found.image(1).sum() / found.image(0).sum() == pytest.approx(0.5, rel=0.02)


@real
def test_what_a_microscope_cannot_be_is_a_sentence():
    with pytest.raises(InputError, match="size is a length"):
        rendered([STRIPES])
    with pytest.raises(InputError, match=r"square pixels: these are 0.2 µm along y and 0.1 µm along x"):
        rendered([STRIPES], spacing=(200, 100), unit="nm")
    with pytest.raises(ParameterError, match=r"1.4 is not allowed with immersion in water, give less than 1.333"):
        rendered([STRIPES], spacing=0.1, unit="um", immersion="water")
    assert "has no use for psf: left out" in str(rendered([STRIPES], spacing=0.1, unit="um", psf=0.3))


def test_what_the_other_engine_needs_is_left_out_and_said():
    said = str(sl.render_microscopy([STRIPES], numerical_aperture=1.0, pinhole=2.0))
    assert "The engine gaussian has no use for numerical aperture, pinhole: left out." in said


def test_without_microsim_one_is_told_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(microsim_optics, "find_spec", lambda name: None if name in ("microsim", "xarray") else name)
    with pytest.raises(
        InputError, match=r"microsim, xarray are not installed here: `pip install .* xarray`, then `pip install --no-deps microsim`"
    ):
        rendered([STRIPES], spacing=0.1, unit="um")
    tifffile.imwrite(tmp_path / "cells.tif", STRIPES.astype(np.uint8))
    assert main(["render", str(tmp_path / "cells.tif"), str(tmp_path / "a.tif"), "--labels", "--engine", "microsim", "--unit", "um"]) == 2
    assert "not installed here" in capsys.readouterr().err
    assert not (tmp_path / "a.tif").exists()
    assert sl.render_microscopy([STRIPES]).image(0).shape == (40, 48)


def test_pixels_beyond_the_sides():
    grid = np.arange(6).reshape(2, 3)
    assert padded(grid, (1, 2), (False, True))[0].tolist() == [1, 2, 0, 1, 2, 0, 1]
    assert padded(grid, (1, 2), (True, False))[0].tolist() == [3, 3, 3, 4, 5, 5, 5]
    assert padded(grid, (0, 7), (True, True)).shape == (2, 17)


class Grid:
    """What of an xarray is used."""

    def __init__(self, values, coords=None):
        self.values = self.data = np.asarray(values)
        self.coords = {"w": types.SimpleNamespace(values=coords)}

    def isel(self, **places):
        return Grid(self.values[(0,) * len(places)], self.coords["w"].values)

    def expand_dims(self, name):
        return Grid(self.values[None])

    def copy(self, data):
        return Grid(data)


class Settings:
    def __init__(self, **given):
        self.given = given

    def model_copy(self, update):
        return Settings(**self.given, **update)


class Simulation:
    """Keeps what it is given; its camera adds the offset to what is expected."""

    made: list = []  # noqa: RUF012

    @classmethod
    def from_ground_truth(cls, truth, scale, **given):
        one = cls()
        one.truth, one.scale, one.given = truth, scale, given
        cls.made.append(one)
        return one

    def filtered_emission_rates(self):
        return Grid([[[0.0, 20.0, 20.0, 0.1]]], np.array([400.0, 500.0, 600.0, 700.0]))

    def ground_truth(self):
        return Grid(self.truth[None])

    def digital_image(self, expected, exposure_ms):
        assert exposure_ms == 1000
        return Grid(np.rint(expected.data) + self.given["detector"]["offset"])


class Modality:
    def __init__(self, **given):
        self.given = given

    def psf(self, *, nz, nx, dx, dz, objective_lens, xp, em_wvl_nm):
        """Return a point, of one more voxel along each axis for a widefield microscope."""
        more = not self.given
        self.asked = (nz, nx, dx, dz, em_wvl_nm)
        psf = np.zeros((nz + more, nx + more, nx + more))
        psf[tuple(n // 2 for n in psf.shape)] = 1
        return psf


@pytest.fixture
def stand_in(monkeypatch):
    schema = types.ModuleType("microsim.schema")
    schema.Simulation, schema.Settings, schema.Widefield, schema.Confocal = Simulation, Settings, Modality, Modality
    schema.ObjectiveLens = schema.CameraCMOS = dict
    schema.NumpyAPI = types.SimpleNamespace(create=str)
    filters = types.ModuleType("microsim.schema.optical_config.lib")
    filters.FITC = "green"
    packages = {name: types.ModuleType(name) for name in ("microsim", "microsim.schema.optical_config")}
    for name, module in {**packages, "microsim.schema": schema, "microsim.schema.optical_config.lib": filters}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(microsim_optics, "find_spec", lambda name: name)
    monkeypatch.setattr(Simulation, "made", [])
    return Simulation.made


@pytest.mark.parametrize(
    ("microscope", "planes", "asked"), [("confocal", 4, 5), ("confocal", 5, 5), ("widefield", 4, 4), ("widefield", 5, 4)]
)
def test_microsim_is_given_micrometres_fluorophores_and_seeds(stand_in, microscope, planes, asked):
    labels = np.stack([STRIPES] * planes)
    layer = LayerData("a", labels, "labels", {"scale": (500, 100, 100), "units": ("nm",) * 3, "axis_labels": ("z", "y", "x")})
    found = rendered(layer, microscope=microscope, stain="nucleus", photons=200, background=7, offset=90, read_noise=0)
    nuclei = found.nuclei(0) > 0
    assert np.array_equal(found.image(0), np.where(nuclei, 297, 97))
    simulation = found.simulation(0)
    assert simulation.scale == pytest.approx((0.5, 0.1, 0.1))
    assert simulation.truth == pytest.approx(np.where(nuclei, 200 / 40, 0))  # 40 photons a second each
    assert simulation.given["channels"] == ["green"]
    lens = simulation.given["objective_lens"]
    assert (lens["na"], lens["numerical_aperture"], lens["immersion_medium_ri"]) == (1.4, 1.4, 1.515)
    nz, nx, dx, dz, wave = simulation.given["modality"].asked
    assert (nz, dx, dz, wave) == pytest.approx((asked, 0.1, 0.5, 550))
    assert nx % 2 == (microscope == "confocal")
    settings = simulation.given["settings"].given
    assert settings["np_backend"] == "numpy"
    assert settings["spectral_bins_per_emission_channel"].tolist() == [499, 601]
    assert settings["random_seed"] == found.simulation(0).given["settings"].given["random_seed"]


def test_a_damaged_cache_of_microsim_is_a_sentence(stand_in, monkeypatch):
    def damaged(self, **given):
        raise EOFError("No data left in file")

    monkeypatch.setattr(Modality, "psf", damaged)
    with pytest.raises(InputError, match=r"No data left in file. Empty its cache"):
        rendered([STRIPES], spacing=0.1, unit="um")
