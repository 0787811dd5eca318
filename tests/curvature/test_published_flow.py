"""The published flow: Adam on the vector potential, as the reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapelab.curvature import Curvatubes
from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.published_flow import PublishedFlow
from shapelab.curvature.terms import EnergyTerms
from shapelab.errors import ParameterError

SHAPE = (16, 16, 16)


def energy(dtype: str = "float64", device: str = "cpu") -> CurvatureEnergy:
    terms = EnergyTerms(Coefficients(1, 2, 6, -40, -40, 400), voxel_size=0.01, interface_width=0.02)
    return CurvatureEnergy(SHAPE, terms, dtype=dtype, device=device)


@pytest.mark.parametrize("device", ["cpu", "warp:cpu"])
def test_first_step_is_adams_step_on_the_potential(device):
    """Against autograd through u = B (div A + m), with torch's own Adam."""
    e = energy()
    oracle = PublishedFlow(e)
    flow = PublishedFlow(energy(device=device))
    u0 = np.random.default_rng(0).normal(size=SHAPE)
    state = flow.start(u0)
    potential = torch.zeros((3, *SHAPE), dtype=torch.float64, requires_grad=True)
    divergence = sum((torch.roll(potential[i], -1, i) - torch.roll(potential[i], 1, i)) / 0.02 for i in range(3))
    u = torch.from_numpy(u0)
    for axis, blur in enumerate(oracle._blurs):
        divergence = torch.movedim(torch.tensordot(blur, divergence, dims=([1], [axis])), 0, axis)
    u = u + divergence
    density = torch.tensor(e.value_and_gradient(u0)[1])
    (u * density * 0.01**3).sum().backward()
    adam = torch.optim.Adam([potential], lr=1e-3, betas=(0.9, 0.999), eps=1e-2)
    adam.step()
    flow.step(state)
    assert torch.allclose(torch.tensor(np.asarray(state["moved"])), potential.detach(), rtol=1e-9, atol=1e-15)


def test_energy_falls_and_the_mean_stays():
    simulation = Curvatubes("tubes", shape=(24, 24, 24), flow="published", seed=1)
    energies = []
    for _ in range(200):
        simulation.step()
        energies.append(simulation.state().energy)
    assert energies[-1] < 0.1 * energies[0]
    assert float(simulation.state().flow["u"].mean(dtype=np.float64)) == pytest.approx(-0.6, abs=1e-5)


def test_a_checkpoint_goes_on_bit_for_bit():
    def made():
        return Curvatubes("tubes", shape=SHAPE, flow="published", seed=2)

    whole, first, second = made(), made(), made()
    for _ in range(12):
        whole.step()
    for _ in range(5):
        first.step()
    second.restore_checkpoint(*first.checkpoint())
    for _ in range(7):
        second.step()
    assert np.array_equal(whole.state().flow["u"], second.state().flow["u"])


def test_a_prepared_flow_hands_over_and_resumes_on_either_side(monkeypatch):
    monkeypatch.setattr("shapelab.curvature.published_flow._PREPARATION", 6)

    def made():
        return Curvatubes("tubes", shape=SHAPE, flow="prepared", seed=2)

    whole, alone = made(), Curvatubes("tubes", shape=SHAPE, flow="published", seed=2)
    for _ in range(12):
        whole.step()
    for _ in range(6):
        alone.step()
    for steps in (3, 6, 9):
        first, second = made(), made()
        for _ in range(steps):
            first.step()
        if steps == 6:
            assert np.array_equal(first.state().flow["u"], alone.state().flow["u"])
        second.restore_checkpoint(*first.checkpoint())
        for _ in range(12 - steps):
            second.step()
        assert np.array_equal(whole.state().flow["u"], second.state().flow["u"])
    assert whole.state().flow["evaluations"] == 12


def test_walls_and_clamped_voxels_are_refused():
    with pytest.raises(ParameterError, match="periodic"):
        Curvatubes("tubes", shape=SHAPE, flow="published", boundary="replicate").step()
    with pytest.raises(ParameterError, match="in place"):
        PublishedFlow(energy("float32"), clamped=np.ones(SHAPE, bool))
