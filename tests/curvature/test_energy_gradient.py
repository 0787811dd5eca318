"""The gradient is exact: the kernels of processor and card, automatic differentiation and finite differences agree."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.terms import EnergyTerms
from shapelab.errors import InputError

torch.set_num_threads(1)  # small grids: more threads only wait for each other

SHAPE = (10, 9, 13)
TUBES = Coefficients(1, 2, 6, -40, -40, 400)


def _plain_energy():
    path = Path(__file__).parents[2] / "benchmarks" / "curvature.py"
    spec = importlib.util.spec_from_file_location("benchmark_curvature", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.plain_energy


plain_energy = _plain_energy()


def field(shape=SHAPE, seed=0):
    noise = np.random.default_rng(seed).standard_normal(shape)
    smooth = gaussian_filter(noise, 1.5, mode="wrap")
    return smooth / smooth.std() * 0.6 - 0.2


def _varying(scale, seed):
    return scale * (1 + 0.5 * np.random.default_rng(seed).random(SHAPE))


TERMS = {
    "tubes": {},
    "saddle": {"coefficients": Coefficients(1, 2.8, 2, -10, -10, 25)},
    "indefinite": {"coefficients": Coefficients(1, 3.959, 1.942, 18.3, 28.0, 113.8)},
    "orientation": {"orientation": 1000.0, "direction": (1.0, 2.0, -1.0)},
    "tension": {"coefficients": Coefficients(), "tension": 3.0},
    "area": {"area": 0.02, "area_stiffness": 2e4},
    "fidelity": {"fidelity": 1e4, "target": np.sign(field(seed=5))},
    "fields": {
        "coefficients": Coefficients(_varying(1, 1), np.linspace(1, 2, 9)[:, None], 6, np.linspace(-50, -40, 13), _varying(-40, 2), 400),
        "orientation": np.linspace(0, 900, 10)[:, None, None],
        "direction": np.random.default_rng(3).standard_normal((3, *SHAPE)),
    },
}


def assert_close_in_single_precision(gradient, expected):
    """The positive part in S has a kink, where single precision may fall on the other side: leave 2 % of the voxels out."""
    error = np.abs(gradient - expected)
    assert np.quantile(error, 0.98) < 1e-3 * np.sqrt(np.mean(expected**2))


def make_terms(name, boundary):
    return EnergyTerms(**{"coefficients": TUBES, "boundary": boundary, **TERMS[name]})


@pytest.fixture(params=["periodic", "replicate"])
def boundary(request):
    return request.param


@pytest.fixture(params=["cpu", "warp:cpu"])
def device(request):
    return request.param


@pytest.mark.parametrize("name", TERMS)
def test_all_formulations_agree(name, boundary, device):
    terms = make_terms(name, boundary)
    u = field()
    tensor = torch.tensor(u, requires_grad=True)  # the oracle
    value = plain_energy(tensor, terms)
    value.backward()
    expected = tensor.grad.numpy() / terms.voxel_size**3

    twin_value, twin = CurvatureEnergy(SHAPE, terms, dtype="float64", device=device).value_and_gradient(u)
    assert twin_value == pytest.approx(value.item(), rel=1e-8)  # its constants have the digits of single precision
    assert np.abs(np.asarray(twin) - expected).max() < 1e-7 * np.abs(expected).max()

    fused_value, fused = CurvatureEnergy(SHAPE, terms, device=device).value_and_gradient(u.astype(np.float32))
    assert fused_value == pytest.approx(value.item(), rel=2e-5)
    assert_close_in_single_precision(np.asarray(fused), expected)


@pytest.mark.parametrize("name", TERMS)
def test_finite_differences(name, boundary):
    terms = make_terms(name, boundary)
    energy = CurvatureEnergy(SHAPE, terms, dtype="float64")
    u = field()
    gradient = energy.value_and_gradient(u)[1] * terms.voxel_size**3
    rng = np.random.default_rng(1)
    border = np.zeros(SHAPE)
    border[0] = border[:, -1] = border[..., 0] = 1
    for weight in (1.0, border):
        direction = rng.standard_normal(SHAPE) * weight
        small = 1e-6
        high = energy.value_and_gradient(u + small * direction)[0]
        low = energy.value_and_gradient(u - small * direction)[0]
        assert (high - low) / (2 * small) == pytest.approx((gradient * direction).sum(), rel=1e-4)


@pytest.mark.parametrize("shape", [(4, 5, 6), (8, 9, 10), (5, 6, 131), (6, 4, 250)])
def test_rows_longer_than_a_block_and_small_grids(shape, boundary, device):
    terms = EnergyTerms(TUBES, boundary=boundary)
    u = field(shape)
    tensor = torch.tensor(u, requires_grad=True)
    expected = plain_energy(tensor, terms)
    expected.backward()
    value, gradient = CurvatureEnergy(shape, terms, device=device).value_and_gradient(u.astype(np.float32))
    assert value == pytest.approx(expected.item(), rel=2e-5)
    assert_close_in_single_precision(np.asarray(gradient), tensor.grad.numpy() / terms.voxel_size**3)


def test_slabs_do_not_change_a_bit(monkeypatch, boundary):
    u = field((20, 9, 13)).astype(np.float32)
    results = []
    for bounds in ([(0, 20)], [(0, 7), (7, 11), (11, 20)]):
        monkeypatch.setattr("shapelab.curvature.energy.slab_bounds", lambda _planes, b=bounds: b)
        value, gradient = CurvatureEnergy(u.shape, EnergyTerms(TUBES, boundary=boundary)).value_and_gradient(u)
        results.append((value, gradient.copy()))
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_update_replaces_the_terms(boundary, device):
    u = field().astype(np.float32)
    energy = CurvatureEnergy(SHAPE, EnergyTerms(TUBES, boundary=boundary), device=device)
    energy.value_and_gradient(u)
    energy.update(make_terms("fields", boundary))
    fresh = CurvatureEnergy(SHAPE, make_terms("fields", boundary), device=device)
    assert energy.value_and_gradient(u)[0] == fresh.value_and_gradient(u)[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fidelity": 1.0}, "needs a target"),
        ({"target": np.zeros((3, 3, 3))}, "resample the target"),
        ({"coefficients": TUBES._replace(c=np.zeros((7, 9, 13)))}, "does not fit a grid"),
        ({"coefficients": TUBES._replace(c=np.nan)}, "not finite"),
        ({"direction": (0.0, 0.0, 0.0)}, "zero vector"),
        ({"direction": (1.0, 0.0)}, "three components"),
        ({"interface_width": 0.0}, "more than 0"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(changes, words):
    with pytest.raises(InputError, match=words):
        CurvatureEnergy(SHAPE, EnergyTerms(**{"coefficients": TUBES, **changes}))


def test_a_flat_grid_is_refused():
    with pytest.raises(InputError, match="at least 4 voxels"):
        CurvatureEnergy((1, 64, 64), EnergyTerms(TUBES))
