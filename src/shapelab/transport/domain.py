"""Where cells live: a box of pixels, periodic or bounded per axis, with walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from shapelab.arguments import as_array, shown
from shapelab.errors import InputError
from shapelab.short_repr import short_repr

__all__ = ["LARGE", "Domain", "checked_cells"]

LARGE = 200_000
"""Pixels from which a graphics card gains: below, its launches take as long as the processor's whole pass."""


@short_repr
@dataclass(frozen=True, eq=False)
class Domain:
    """A grid of pixels (2-D, ``(y, x)``) or voxels (3-D, ``(z, y, x)``) that cells fill.

    Parameters
    ----------
    shape
        Number of pixels along each axis; 2 or 3 axes.
    spacing
        Size of a pixel along each axis, in physical units; one number for all axes, or one each.
        Pixel (0, 0) has its centre at half a spacing from the corner of the box.
    periodic
        Whether opposite faces of the box are glued; one answer for all axes, or one each.
    mask
        Boolean image: cells and medium fill the True pixels only; the others are walls and obstacles.

    Raises
    ------
    InputError
        If the shape, spacing or mask cannot be used.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...] = (1.0,)
    periodic: tuple[bool, ...] = (False,)
    mask: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        shape = _per_axis(self.shape, 0, "shape", int)
        if len(shape) not in (2, 3) or min(shape) < 1:
            raise InputError(f"shape = {shown(shape)} is not a 2-D or 3-D grid: give two or three positive numbers of pixels.")
        spacing = _per_axis(self.spacing, len(shape), "spacing", float)
        if not all(np.isfinite(h) and h > 0 for h in spacing):
            raise InputError(f"spacing = {shown(spacing)} must be positive along every axis.")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "spacing", spacing)
        object.__setattr__(self, "periodic", _per_axis(self.periodic, len(shape), "periodic", bool))
        if self.mask is not None:
            object.__setattr__(self, "mask", _checked_mask(self.mask, shape))

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.shape)

    @property
    def size(self) -> np.ndarray:
        """Side lengths of the box, ``(d,)``, in physical units."""
        return np.array([n * h for n, h in zip(self.shape, self.spacing, strict=True)])

    @property
    def pixel_volume(self) -> float:
        """Area or volume of one pixel."""
        return float(np.prod(self.spacing))

    @property
    def n_pixels(self) -> int:
        """Number of pixels that are not wall."""
        return int(np.prod(self.shape)) if self.mask is None else int(np.count_nonzero(self.mask))

    @property
    def volume(self) -> float:
        """Area or volume that is not wall."""
        return self.n_pixels * self.pixel_volume

    def displacement(self, points: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Return ``points - origin``, as the nearest image along periodic axes."""
        z: np.ndarray = np.asarray(points, float) - np.asarray(origin, float)
        period = self.size
        for axis, wraps in enumerate(self.periodic):
            if wraps:
                z[..., axis] -= period[axis] * np.floor(z[..., axis] / period[axis] + 0.5)
        return z

    def wrap(self, points: np.ndarray) -> np.ndarray:
        """Return `points` moved into the box along the periodic axes."""
        points = np.array(points, float)
        for axis, wraps in enumerate(self.periodic):
            if wraps:
                points[..., axis] %= self.size[axis]
        return points

    def pixel_centres(self) -> np.ndarray:
        """Return the positions of all pixel centres, ``(*shape, d)``."""
        axes = [(np.arange(n) + 0.5) * h for n, h in zip(self.shape, self.spacing, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def _per_axis(value: float | Sequence, ndim: int, name: str, kind: type) -> tuple:
    try:
        values = tuple(kind(v) for v in np.atleast_1d(np.asarray(value)))
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} = {shown(value)} is not allowed; give one number for all axes, or one per axis.") from None
    if not ndim:
        return values
    if len(values) == 1:
        return values * ndim
    if len(values) != ndim:
        raise InputError(f"{name} = {shown(values)} has {len(values)} entries for a grid of {ndim} axes: give one, or one per axis.")
    return values


def _checked_mask(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.ascontiguousarray(np.asarray(as_array("mask", mask)) != 0)
    if mask.shape != shape:
        raise InputError(f"The mask has shape {mask.shape} but the domain {shape}: they must be equal.")
    if not mask.any():
        raise InputError("The mask is empty: it leaves no pixel for cells.")
    return mask


def checked_cells(domain: Domain, seeds: np.ndarray, volumes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return seeds (wrapped into the box) and volumes as float arrays, or refuse them with the numbers."""
    seeds, volumes = np.asarray(seeds, float), np.asarray(volumes, float)
    if seeds.size == 0:
        seeds = seeds.reshape(0, domain.ndim)
    if seeds.ndim != 2 or seeds.shape[1] != domain.ndim:
        raise InputError(f"The seeds have shape {seeds.shape}; a {domain.ndim}-D domain needs (N, {domain.ndim}).")
    if volumes.ndim == 0:
        volumes = np.full(len(seeds), float(volumes))
    if volumes.shape != (len(seeds),):
        raise InputError(f"There are {len(seeds)} seeds but volumes of shape {volumes.shape}: one volume per seed is needed.")
    if not np.isfinite(seeds).all():
        raise InputError(f"Seed {int(np.argmax(~np.isfinite(seeds).all(axis=1)))} is not finite.")
    if not (np.isfinite(volumes) & (volumes > 0)).all():
        worst = int(np.argmax(~(np.isfinite(volumes) & (volumes > 0))))
        raise InputError(f"Volumes must be positive; cell {worst} asks for {volumes[worst]:.4g}.")
    if volumes.sum() > domain.volume * (1 + 1e-9):
        raise InputError(
            f"The {len(seeds)} cells ask for a total volume of {volumes.sum():.6g} but the domain holds {domain.volume:.6g}: "
            "make the volumes smaller or the domain larger."
        )
    if len(volumes) and volumes.min() < 0.5 * domain.pixel_volume:
        raise InputError(
            f"Cell {int(np.argmin(volumes))} asks for {volumes.min():.4g}, less than half a pixel ({domain.pixel_volume:.4g}): "
            "use finer pixels."
        )
    return domain.wrap(seeds), volumes.copy()
