"""The fused loss equals its definition, and its gradient and curvature its derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapelab.crystals.likelihood import Likelihood
from shapelab.crystals.likelihood_kernels import PULL
from shapelab.crystals.polynomials import exponents
from shapelab.crystals.tiles import Grid


def problem(shape: tuple[int, ...], order: int, tempered: float) -> tuple[Likelihood, np.ndarray]:
    rng = np.random.default_rng(1)
    dim, n = len(shape), 6
    grid = Grid.of(shape, (0.5,) * dim)
    centres = np.zeros((n, 3))
    centres[:, 3 - dim :] = rng.uniform(0, 0.5, (n, dim)) * shape
    coefficients = rng.normal(scale=0.3, size=(n, len(exponents(order, dim))))
    coefficients[:, exponents(order, dim).max(1) == 2] -= 2
    labels = rng.integers(-1, n, grid.shape).astype(np.int32)
    likelihood = Likelihood(labels, grid, centres, np.full(n, 4.0), order, dim, tempered)
    likelihood.refresh(coefficients)
    return likelihood, coefficients


def reference(likelihood: Likelihood, coefficients: torch.Tensor) -> torch.Tensor:
    """Return the loss by its definition, over all cells."""
    grid = likelihood.grid
    axes = [(np.arange(n) + 0.5) * h for n, h in zip(grid.shape, grid.spacing, strict=True)]
    position = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 1, 3)
    local = (position - likelihood.centres) * likelihood.inverse[:, None]
    monomials = torch.as_tensor(np.prod(local[..., None, :] ** likelihood.terms.exponents, -1))
    labels = torch.as_tensor(likelihood.labels.ravel().astype(np.int64))
    inside = labels >= 0
    surprise = -torch.log_softmax((monomials * coefficients).sum(-1), 1)[inside, labels[inside]]
    if likelihood.tempered:
        surprise = (1 - torch.exp(-likelihood.tempered * surprise)) / likelihood.tempered + float(PULL) * surprise
    return surprise.mean()


@pytest.mark.parametrize(("shape", "order"), [((20, 35), 1), ((20, 35), 2), ((17, 20), 4), ((6, 9, 18), 2), ((5, 8, 17), 3)])
@pytest.mark.parametrize("tempered", [0.0, 0.7])
def test_loss_and_gradient_equal_autograd_over_all_cells(shape: tuple[int, ...], order: int, tempered: float) -> None:
    likelihood, coefficients = problem(shape, order, tempered)
    variable = torch.tensor(coefficients, requires_grad=True)
    expected = reference(likelihood, variable)
    expected.backward()
    loss, gradient = likelihood(coefficients)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert variable.grad is not None
    np.testing.assert_allclose(gradient, variable.grad.numpy(), atol=2e-5 * np.abs(gradient).max())


def test_curvature_is_the_derivative_of_the_gradient() -> None:
    likelihood, coefficients = problem((20, 35), 2, 0.0)
    blocks = likelihood.curvature(coefficients)
    variable = torch.tensor(coefficients)
    hessian = torch.autograd.functional.hessian(lambda c: reference(likelihood, c), variable).numpy()
    for i in range(len(coefficients)):
        np.testing.assert_allclose(blocks[i], hessian[i, :, i], atol=1e-4 * np.abs(blocks).max())


def test_wrong_pixels_are_counted() -> None:
    likelihood, coefficients = problem((20, 35), 2, 0.0)
    likelihood(coefficients)
    grid = likelihood.grid
    axes = [(np.arange(n) + 0.5) * h for n, h in zip(grid.shape, grid.spacing, strict=True)]
    position = np.stack(np.meshgrid(*axes, indexing="ij"), -1)[..., None, :]
    local = (position - likelihood.centres) * likelihood.inverse[:, None]
    values = (np.prod(local[..., None, :] ** likelihood.terms.exponents, -1) * coefficients).sum(-1)
    assert likelihood.mismatched == ((values.argmax(-1) != likelihood.labels) & (likelihood.labels >= 0)).sum()
    assert likelihood.masses.sum() == pytest.approx(likelihood.pixels, rel=1e-5)


def test_a_cell_that_has_lost_its_pixels_is_still_drawn_to_them() -> None:
    labels = np.zeros((1, 8, 32), np.int32)
    labels[..., 16:] = 1
    grid = Grid.of((8, 32), (1.0, 1.0))
    coefficients = np.zeros((2, 3))
    coefficients[1, 0] = -60.0  # cell 1 has nothing left anywhere
    likelihood = Likelihood(labels, grid, np.zeros((2, 3)), np.full(2, 8.0), 1, 2, tempered=0.8)
    likelihood.refresh(coefficients)
    _, gradient = likelihood(coefficients)
    assert gradient[1, 0] == pytest.approx(-float(PULL) / 2, rel=1e-3)
