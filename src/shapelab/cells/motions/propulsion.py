"""Cells that move by themselves: headings, their noise, and how they turn."""

from __future__ import annotations

import numpy as np

__all__ = ["align", "diffuse_axes", "random_axes", "steer", "tumble", "unit"]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors ``(..., d)``; zero vectors stay zero."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norm > 0, norm, 1)


def random_axes(rng: np.random.Generator, n: int, ndim: int) -> np.ndarray:
    """Return `n` directions, uniform on the circle or sphere, ``(n, ndim)``."""
    return unit(rng.standard_normal((n, ndim)))


def diffuse_axes(axes: np.ndarray, diffusion: float, dt: float, rng: np.random.Generator) -> np.ndarray:
    """Rotational diffusion: ``dn = sqrt(2 D) P dW`` with P the projection across n."""
    noise = rng.standard_normal(axes.shape) * np.sqrt(2 * diffusion * dt)
    return unit(axes + _across(axes, noise))


def tumble(axes: np.ndarray, rate: float, dt: float, rng: np.random.Generator) -> np.ndarray:
    """Run and tumble: with the given rate, a cell takes a fresh random heading; the autocorrelation of n is exp(-rate t)."""
    turns = rng.random(len(axes)) < -np.expm1(-rate * dt)
    fresh = random_axes(rng, len(axes), axes.shape[1])
    return np.where(turns[:, None], fresh, axes)


def steer(axes: np.ndarray, towards: np.ndarray, diffusion: float, dt: float, rng: np.random.Generator) -> np.ndarray:
    """Headings relax to the unit vectors `towards`: ``dn = P (e dt + sqrt(2 D) dW)``."""
    noise = rng.standard_normal(axes.shape) * np.sqrt(2 * diffusion * dt)
    return unit(axes + _across(axes, towards * dt + noise))


def _across(axes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return vectors - axes * np.sum(axes * vectors, axis=1, keepdims=True)


def align(axes: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return undirected `directions` with the sign closest to `axes`."""
    sign = np.where(np.sum(axes * directions, axis=1, keepdims=True) < 0, -1.0, 1.0)
    return sign * directions
