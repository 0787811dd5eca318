"""Starts that a seed decides: noise, random waves, balls, tubes along Voronoi edges. Lengths are in voxels."""

from __future__ import annotations

import math

import numpy as np

from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.errors import ParameterError

__all__ = ["balls", "noise", "required_mass", "tubes", "waves"]

NOISE_AMPLITUDE = 40.0
"""Range of the random vector field of the published textures, in units of the voxel size."""
BLUR = 2.0
"""Standard deviation of the blur that starts and drives the published textures [voxels]."""


def required_mass(parameters: CurvatubesParameters) -> float:
    """Return the mass, or refuse None for starts that have no volume of their own."""
    if parameters.mass is None:
        raise ParameterError(
            f"mass = None is not allowed with start = {parameters.start!r}, which has no volume of its own; give a number."
        )
    return parameters.mass


def noise(shape: tuple[int, int, int], mass: float | np.ndarray, rng: np.random.Generator, *, periodic: bool = True) -> np.ndarray:
    """Return blurred noise of mean `mass`: u = blur(div A + mass), A uniform in [0, 40 h] (Song 2022).

    Differences are divided by the voxel size h, so that h cancels. A mass that varies in space must broadcast to `shape`.
    """
    from scipy.ndimage import gaussian_filter

    divergence = np.zeros(shape, np.float32)
    for axis in range(3):
        component = rng.random(shape, dtype=np.float32)
        if not periodic:  # no flux through the walls
            component[(slice(None),) * axis + ([0, -1],)] = 0.5
        divergence += np.roll(component, -1, axis) - np.roll(component, 1, axis)
    wanted = np.broadcast_to(np.asarray(mass, float), shape)
    source = divergence * (NOISE_AMPLITUDE / 2) + wanted
    u = gaussian_filter(source.astype(np.float32), BLUR, mode="wrap" if periodic else "nearest")
    return u + np.float32(wanted.mean() - u.mean(dtype=np.float64))


def _target_radius(parameters: CurvatubesParameters) -> float:
    """Return 1/k of the strongest curvature aimed at, between 3 eps and a fourth of the box [voxels]."""
    point = parameters.coefficients.minimiser() or (0.0, 0.0)
    strongest = max(abs(point[0]), abs(point[1]))
    radius = parameters.resolution / strongest if strongest > 0 else math.inf
    return min(max(radius, 3 * parameters.interface_width), min(parameters.shape) / 4)


def waves(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Return the signed distance to Cahn's random waves; size: wavelength.

    Gaussian noise in a band of wave vectors of relative width 1/4, cut at the quantile that gives the volume
    (J. W. Cahn, J. Chem. Phys. 42, 93, 1965).
    """
    shape = parameters.shape
    wavelength = parameters.start_size or 2.8 * _target_radius(parameters)
    frequency = np.sqrt(
        np.add.reduce(np.meshgrid(*(np.fft.fftfreq(n) ** 2 for n in shape[:2]), np.fft.rfftfreq(shape[2]) ** 2, indexing="ij"))
    )
    band = np.exp(-(((frequency * wavelength - 1) / 0.25) ** 2) / 2)
    band[0, 0, 0] = 0.0
    if band.max() < 1e-6:
        raise ParameterError(f"start_size = {wavelength:g} voxels is not a wavelength that fits into {shape} voxels; choose a smaller one.")
    wave = np.fft.irfftn(np.fft.rfftn(rng.standard_normal(shape)) * band, s=shape, axes=(0, 1, 2))
    wave -= np.quantile(wave, (1 - required_mass(parameters)) / 2)
    slopes = [(np.roll(wave, -1, axis) - np.roll(wave, 1, axis)) / 2 for axis in range(3)]
    gradient = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    reach = wavelength / 4  # beyond it the wave over its slope says nothing of the distance
    return np.asarray(np.clip(wave / np.maximum(gradient, 1e-6 * gradient.max()), -reach, reach))


def _nearest_seeds(shape: tuple[int, int, int], count: int, neighbours: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and vectors from every voxel to its nearest random seeds in a periodic box.

    Returns (distances (M, neighbours), vectors (M, neighbours, 3)).
    """
    from scipy.spatial import cKDTree

    box = np.asarray(shape, float)
    seeds = rng.random((count, 3)) * box
    voxels = np.indices(shape).reshape(3, -1).T + 0.5
    distances, indices = cKDTree(seeds, boxsize=box).query(voxels, k=neighbours)
    vectors = seeds[indices] - (voxels[:, None, :] if neighbours > 1 else voxels)
    vectors -= box * np.round(vectors / box)
    return np.asarray(distances), vectors


def balls(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Return the signed distance to balls at random places; size: radius."""
    radius = parameters.start_size or _target_radius(parameters)
    matter = (1 + required_mass(parameters)) / 2 * math.prod(parameters.shape)
    count = max(1, round(matter / (4 / 3 * math.pi * radius**3)))
    distances, _ = _nearest_seeds(parameters.shape, count, 1, rng)
    return (radius - distances).reshape(parameters.shape)


def tubes(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Return the signed distance to tubes along the edges of a Voronoi diagram; size: radius.

    An edge is where the bisectors to the second and the third nearest seed meet.
    """
    radius = parameters.start_size or _target_radius(parameters)
    matter = (1 + required_mass(parameters)) / 2 * math.prod(parameters.shape)
    length = matter / (math.pi * radius**2)  # a Poisson-Voronoi diagram has 5.83 n^(2/3) V^(1/3) of edges
    count = max(4, round((length / (5.83 * math.prod(parameters.shape) ** (1 / 3))) ** 1.5))
    distances, vectors = _nearest_seeds(parameters.shape, count, 3, rng)
    normals = vectors[:, 1:] - vectors[:, :1]  # (M, 2, 3)
    spans = np.maximum(np.linalg.norm(normals, axis=2), 1e-9)
    planes = (distances[:, 1:] ** 2 - distances[:, :1] ** 2) / (2 * spans)  # distance to either bisector
    cosine = np.einsum("mi,mi->m", normals[:, 0], normals[:, 1]) / spans.prod(axis=1)
    squared = (planes[:, 0] ** 2 + planes[:, 1] ** 2 - 2 * cosine * planes.prod(axis=1)) / np.maximum(1 - cosine**2, 1e-6)
    return np.asarray((radius - np.sqrt(squared)).reshape(parameters.shape))
