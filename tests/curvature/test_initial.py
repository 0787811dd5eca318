import math

import numpy as np
import pytest

from shapelab.curvature import Curvatubes, CurvatubesParameters
from shapelab.curvature.ellipsoid import aspect_ratio, reduced_volume
from shapelab.curvature.initial import starting_field
from shapelab.curvature.profile import imposed, profile
from shapelab.curvature.starting_shape import given
from shapelab.curvature.surface_kernel import surface_sums
from shapelab.errors import InputError, ParameterError
from shapelab.frame import LayerData
from shapelab.measure.curvature import shape_operator

STARTS = CurvatubesParameters.infos()["start"].choices


def field(**parameters):
    checked = CurvatubesParameters(**{"shape": (32, 32, 32), **parameters})
    return starting_field(checked, np.random.default_rng(checked.seed))


@pytest.mark.parametrize("start", STARTS)
def test_every_start_has_a_surface_and_the_mass_asked_for(start):
    u = field(start=start, mass=-0.3)
    assert u.dtype == np.float32
    assert u.mean(dtype=np.float64) == pytest.approx(-0.3, abs=1e-6)
    assert u.min() < -0.1
    assert u.max() > 0.1


@pytest.mark.parametrize("start", ["noise", "waves", "balls", "tubes"])
def test_random_starts_depend_on_the_seed_alone(start):
    assert np.array_equal(field(start=start, seed=3), field(start=start, seed=3))
    assert not np.array_equal(field(start=start, seed=3), field(start=start, seed=4))
    with pytest.raises(ParameterError, match="no volume of its own"):
        field(start=start, mass=None)


@pytest.mark.parametrize("boundary", ["periodic", "replicate"])
def test_noise_is_blurred_and_takes_a_mass_that_varies(boundary):
    checked = CurvatubesParameters(shape=(24, 24, 48), boundary=boundary)
    ramp = np.linspace(-0.9, 0.3, 48)[None, None, :]
    u = starting_field(checked, np.random.default_rng(0), ramp)
    assert u.mean(dtype=np.float64) == pytest.approx(-0.3, abs=1e-6)
    assert u[..., -12:].mean() - u[..., :12].mean() > 0.5
    fluctuation = u - u.mean(axis=(0, 1))
    assert np.diff(fluctuation, axis=0).std() < 0.6 * fluctuation.std()  # white noise: 1.41


@pytest.mark.parametrize(("start", "area", "chi"), [("schwarz_p", 2.3451, -4), ("gyroid", 3.0915, -8), ("diamond", 3.8378, -16)])
def test_nodal_surfaces_have_the_area_and_topology_of_their_minimal_surfaces(start, area, chi):
    u = field(start=start, mass=0.0, shape=(48, 48, 48))
    found, _, _, gaussian = surface_sums(u, periodic=True)
    assert found / 48**2 == pytest.approx(area, rel=0.03)
    assert gaussian / (2 * math.pi) == pytest.approx(chi, rel=0.12)


def test_nodal_surfaces_repeat_a_whole_number_of_times():
    u = field(start="gyroid", mass=0.0, shape=(32, 32, 64), start_size=30)
    assert np.allclose(u[:, :, :32], u[:, :, 32:], atol=1e-4)


@pytest.mark.parametrize("prolate", [True, False])
@pytest.mark.parametrize("reduced", [0.4, 0.65, 0.95])
def test_aspect_ratio_gives_the_reduced_volume(prolate, reduced):
    ratio = aspect_ratio(reduced, prolate=prolate)
    assert reduced_volume(ratio) == pytest.approx(reduced)
    assert (ratio > 1) == prolate


@pytest.mark.parametrize(("start", "reduced"), [("oblate", 0.7), ("prolate", 0.8)])
def test_ellipsoids_have_their_reduced_volume(start, reduced):
    u = field(start=start, mass=None, reduced_volume=reduced, shape=(48, 48, 48))
    volume, area = np.count_nonzero(u > 0), surface_sums(u, periodic=True)[0]
    assert volume / (4 / 3 * math.pi * (area / (4 * math.pi)) ** 1.5) == pytest.approx(reduced, rel=0.03)


@pytest.mark.parametrize(("start", "chi"), [("ball", 2), ("oblate", 2), ("prolate", 2), ("bowl", 2), ("torus", 0)])
def test_topology_of_solids(start, chi):
    u = field(start=start, mass=None, shape=(48, 48, 48))
    assert surface_sums(u, periodic=True)[3] / (2 * math.pi) == pytest.approx(chi, abs=0.8)  # the next topologies are 2 away


def test_waves_have_the_wavelength_asked_for():
    checked = CurvatubesParameters(shape=(48, 48, 48), start="waves", start_size=16, mass=0.0)
    power = np.abs(np.fft.rfftn(starting_field(checked, np.random.default_rng(1)))) ** 2
    frequency = np.sqrt(sum(np.meshgrid(*(np.fft.fftfreq(48) ** 2 for _ in range(2)), np.fft.rfftfreq(48) ** 2, indexing="ij")))
    assert 1 / np.average(frequency, weights=power) == pytest.approx(16, rel=0.2)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ParameterError, match="no surface"):
        field(start="ball", start_size=100, mass=None)
    with pytest.raises(ParameterError, match="too large"):
        field(start="oblate", start_size=30, mass=None)
    with pytest.raises(ParameterError, match="wavelength"):
        field(start="waves", start_size=300, mass=0.0)


def test_surface_sums_agree_with_the_shape_operator():
    u = field(start="torus", mass=None)
    k = shape_operator(u, 1.0, boundary="periodic")
    area, counted, mean, gaussian = surface_sums(u, periodic=True)
    assert area == counted == pytest.approx(k.weights.sum(), rel=1e-3)
    assert mean == pytest.approx((k.weights * (k.k1 + k.k2)).sum(), rel=5e-3)
    assert gaussian == pytest.approx((k.weights * k.k1 * k.k2).sum(), abs=0.05)


def test_an_imposed_mass_moves_the_interface():
    ball = field(start="ball", start_size=8, mass=None)
    larger = imposed(ball, 2.0, float(ball.mean()) + 0.05)
    assert np.count_nonzero(larger > 0) > np.count_nonzero(ball > 0)
    assert larger.min() == pytest.approx(-1, abs=1e-3)
    assert imposed(ball, 2.0, None) is ball


def test_profile_is_the_tanh_of_the_distance():
    distance = np.linspace(-20, 20, 41).reshape(41, 1, 1)
    assert profile(distance, 2.0) == pytest.approx(np.tanh(distance / (math.sqrt(2) * 2)), abs=1e-6)


def box(shape=(16, 20, 20)):
    mask = np.zeros(shape, bool)
    mask[4:12, 5:15, 5:15] = True
    return mask


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (np.zeros((16, 16, 16), bool), "empty"),
        (np.ones((16, 16, 16), bool), "full"),
        (np.ones((16, 16)), "volume"),
        (np.full((16, 16, 16), np.nan), "not finite"),
        (np.ones((1, 16, 16)), "one voxel along an axis"),
        (np.full((16, 16, 16), 0.5), "same value"),
        (np.zeros((16, 16, 3), np.uint8), "RGB"),
        (np.zeros((16, 16, 16, 3), np.uint8), "RGB"),
        (np.array([["a"]]), "numbers"),
        (box((6, 20, 20)), "at least 8 voxels"),
    ],
)
def test_bad_input_gets_one_sentence(bad, sentence):
    with pytest.raises((InputError, ParameterError), match=sentence):
        Curvatubes(initial=bad)


def test_another_grid_than_the_mask_is_refused():
    with pytest.raises(InputError, match="make them agree"):
        Curvatubes(initial=box(), shape=(32, 32, 32))
    with pytest.raises(InputError, match="clamped"):
        Curvatubes(initial=box(), clamped=box((20, 20, 20)))


def test_a_layer_brings_voxel_size_unit_and_volume():
    layer = LayerData("organ", box().astype(np.int32) * 7, "labels", {"scale": (3.0, 1.5, 1.5), "units": ("mm",) * 3})
    simulation = Curvatubes("sponge", initial=layer)
    p = simulation.parameters
    assert (p.shape, p.voxel_size, p.unit, p.mass, p.boundary) == ((32, 20, 20), 1.5, "mm", None, "replicate")
    frame = simulation.frame()
    assert frame.layer("field").meta["scale"] == (1.5,) * 3
    assert frame.scalars["volume_fraction"] == pytest.approx(box().mean(), rel=0.02)
    simulation.step()
    assert simulation.frame().scalars["mass_error"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", ["mask", "grey", "field"])
def test_masks_grey_images_and_fields_start_alike(kind):
    mask = box()
    source = {"mask": mask, "grey": mask * 100.0 + np.random.default_rng(0).normal(20, 1, mask.shape), "field": mask * 1.8 - 0.9}[kind]
    start = given(source)
    assert start.kind == {"mask": "mask", "grey": "image", "field": "field"}[kind]
    u = start.as_field(2.0)
    assert np.mean((u > 0) == mask) > 0.97


def test_a_mass_given_with_a_mask_is_imposed():
    simulation = Curvatubes("sponge", initial=box(), mass=-0.5)
    assert simulation.frame()["field"].mean(dtype=np.float64) == pytest.approx(-0.5, abs=1e-6)
