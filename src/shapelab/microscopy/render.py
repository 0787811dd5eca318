"""Render cells as a microscope would show them, frame by frame, with the exact labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.convert.given_layer import as_layer
from shapelab.convert.spacing import Spacing
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.memory import of_convolution, of_microscope_image
from shapelab.microscopy.fluorescence import brightness, membranes, nuclei, peak_of_sheet, stained
from shapelab.microscopy.microsim_optics import MicrosimOptics
from shapelab.microscopy.parameters import GAUSSIAN_ONLY, MICROSIM_ONLY, MicroscopeParameters
from shapelab.microscopy.save import Series, save_series
from shapelab.movies import Movie, as_movie
from shapelab.movies.intervals import mean_interval
from shapelab.movies.movie import MovieSource
from shapelab.movies.single import as_film
from shapelab.stopping import apart, check_stop
from shapelab.units import conversion

__all__ = ["RenderedMovie", "render_microscopy"]


@dataclass(frozen=True, eq=False)
class RenderedMovie:
    """An image of cells and their exact labels over time; each frame is rendered when it is asked for, always the same."""

    movie: Movie = field(repr=False)
    parameters: MicroscopeParameters

    def __len__(self) -> int:
        return len(self.movie)

    def __str__(self) -> str:
        what = f"{len(self)} frame{'s' if len(self) != 1 else ''} of {' × '.join(map(str, self.shape))} pixels"
        p, by = self.parameters, ", by microsim" if self.optics else ""
        return " ".join([f"{what}, {p.stain} stain, up to {p.photons:g} photons over a background of {p.background:g}{by}.", *self.notes])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one frame."""
        if self.movie.ndim == 2:
            return self.movie.shape
        return (-(-self.movie.shape[0] // self.parameters.z_step), *self.movie.shape[1:])

    @property
    def spacing(self) -> tuple[float, ...]:
        """Size of a voxel of the image [unit]."""
        first, *rest = self.movie.spacing
        return (first * (self.parameters.z_step if self.movie.ndim == 3 else 1), *rest)

    @property
    def interval(self) -> float:
        """Time between two frames [time unit of the movie]."""
        return mean_interval(self.movie.times)

    @property
    def notes(self) -> tuple[str, ...]:
        """What limits the image, in sentences."""
        found = list(self.movie.notes)
        if idle := sorted({*(GAUSSIAN_ONLY if self.optics else MICROSIM_ONLY)} & self.parameters.changed().keys()):
            words = ", ".join(name.replace("_", " ") for name in idle)
            found.append(f"The engine {self.parameters.engine} has no use for {words}: left out.")
        if self.movie.ndim == 2 and (self.parameters.z_step > 1 or self.parameters.psf_axial is not None):
            found.append("The cells are 2-D: settings for z were ignored.")
        if not self.movie.place.is_straight:
            found.append("The axes of the labels are not perpendicular: blur was applied along them.")
        return tuple(found)

    @cached_property
    def optics(self) -> MicrosimOptics | None:
        """Those of microsim; None for the Gaussian ones.

        Raises
        ------
        ParameterError, InputError
            If microsim is not installed, the voxels have no length, or the microscope is not possible.
        """
        if self.parameters.engine == "gaussian":
            return None
        return MicrosimOptics.of(self.parameters, self.movie.spacing, self.movie.unit, self.movie.shape)

    def simulation(self, index: int) -> Any:
        """Return the `microsim.Simulation` of a frame: its stain as ground truth, with the voxel size, the microscope and the camera.

        For other fluorophores, channels and detectors. Its image has all planes, no background, and lies half a voxel beside the labels.

        Raises
        ------
        InputError
            If the engine is not microsim.
        """
        if self.optics is None:
            raise InputError("There is a microsim simulation with the engine microsim only: render_microscopy(…, engine='microsim').")
        return self.optics.simulation(apart(partial(self._stain, self.movie[index])), self._seed(index))

    def labels(self, index: int) -> np.ndarray:
        """Return the exact labels of the cells in a frame, on the pixels of the image."""
        return self._planes(self.movie[index])

    def nuclei(self, index: int) -> np.ndarray:
        """Return the exact labels of the nuclei in a frame, on the pixels of the image."""
        return self._planes(apart(partial(self._nuclei, self.movie[index])))

    def image(self, index: int) -> np.ndarray:
        """Return a frame as the camera gives it, uint16."""
        return apart(partial(self._image, index))

    def _image(self, index: int) -> np.ndarray:
        p = self.parameters
        clean = self._planes(self._signal(self.movie[index])) * (p.photons * (1 - p.bleaching) ** index) + p.background
        if self.optics is not None:
            return self.optics.camera(clean, self._seed(index))
        rng = np.random.default_rng([p.seed, 0, index])
        counted = rng.poisson(np.maximum(clean, 0)) + rng.normal(0, p.read_noise, clean.shape) + p.offset
        return np.clip(np.rint(counted), 0, 65535).astype(np.uint16)

    def clean(self, index: int) -> np.ndarray:
        """Return the photons that are expected in a frame, without noise, bleaching and background."""
        signal = apart(partial(self._signal, self.movie[index]))
        return np.asarray(self._planes(signal) * self.parameters.photons)

    def layers(self) -> tuple[LayerData, ...]:
        """Return the image, the labels of the cells and, with stained nuclei, those of the nuclei, all frames at once.

        Raises
        ------
        OutOfMemoryError
            If they do not fit into memory; `save` writes them frame by frame.
        """
        require_memory(len(self) * int(np.prod(self.shape)) * (2 + 2 * self.movie[0].itemsize))
        kinds: list[tuple[str, Callable[[int], np.ndarray]]] = [(self.parameters.stain, self.image), ("cells", self.labels)]
        if self.parameters.stain == "nucleus":
            kinds.append(("nuclei", self.nuclei))
        found = []
        for name, of in kinds:
            frames = []
            for index in range(len(self)):
                check_stop()
                frames.append(of(index))
            data = frames[0] if len(self) == 1 else np.stack(frames)
            found.append(LayerData(name, data, "image" if of == self.image else "labels", self._meta(data.ndim)))
        return tuple(found)

    def save(self, path: str | Path, progress: Callable[[int, int], None] | None = None) -> list[Path]:
        """Write the image and the labels as new files, frame by frame; return their paths.

        Parameters
        ----------
        path
            ``.zarr``: one OME-Zarr folder, with the labels inside it; ``.tif``: an OME-TIFF, and others for the labels
            that end in ``_cells.tif`` and ``_nuclei.tif``.
        progress
            Called with the number of frames done and the total.

        Raises
        ------
        InputError
            If the suffix is another, or a file exists or cannot be written; nothing is overwritten.
        """
        images = {"": self.image, "cells": self.labels}
        if self.parameters.stain == "nucleus":
            images["nuclei"] = self.nuclei
        series = Series(self.movie, self.shape, self.spacing, self.interval, self.parameters.stain, images)
        return save_series(series, Path(path), progress)

    def _signal(self, labels: np.ndarray) -> np.ndarray:
        """Return the fluorescence of every pixel of the labels, about 1 where it is brightest."""
        stain = self._stain(labels)
        check_stop()
        if self.optics is not None:
            return self.optics.blurred(stain, self.movie.periodic)
        p, width = self.parameters, self._width
        axial = 3 * width if p.psf_axial is None else p.psf_axial
        widths = np.array([axial, width, width][-self.movie.ndim :]) / self.movie.spacing
        return stained(stain, widths.tolist(), self.movie.periodic)

    def _stain(self, labels: np.ndarray) -> np.ndarray:
        """Return where the dye is, and how much of it; 1 where it looks brightest."""
        p = self.parameters
        if p.stain == "nucleus":
            return np.asarray((self._nuclei(labels) > 0) * brightness(labels, p.variation, p.seed))
        thickness = min(self.movie.spacing) if p.thickness is None else p.thickness
        if self.optics is None:
            peak = peak_of_sheet(thickness, self._width)
        else:
            peak = self.optics.peak_of_sheet(thickness * conversion(self.movie.unit, "um"))
        dye = membranes(labels, self.movie.spacing, self.movie.periodic, thickness) / peak
        return np.asarray(dye * brightness(labels, p.variation, p.seed))

    @property
    def _width(self) -> float:
        """Of the Gaussian point spread function in the plane [unit]."""
        return 2.5 * self.movie.spacing[-1] if self.parameters.psf is None else self.parameters.psf

    def _seed(self, index: int) -> int:
        """Return the random seed of a frame for what takes one number."""
        return int(np.random.SeedSequence([self.parameters.seed, 0, index]).generate_state(1)[0])

    def _nuclei(self, labels: np.ndarray) -> np.ndarray:
        return nuclei(labels, self.movie.spacing, self.movie.periodic, self.parameters.nucleus)

    def _planes(self, array: np.ndarray) -> np.ndarray:
        return array[:: self.parameters.z_step] if array.ndim == 3 else array

    def _meta(self, ndim: int) -> dict[str, Any]:
        """Return where the layers lie, with time first where there are several frames."""
        place = self.movie.place.of_part((0.0,) * self.movie.ndim, (np.array(self.spacing) / self.movie.spacing).tolist())
        meta: dict[str, Any] = {**place.meta(), "units": (self.movie.unit or "pixel",) * self.movie.ndim}
        names = tuple("zyx"[-self.movie.ndim :])
        if ndim == self.movie.ndim:
            return {**meta, "axis_labels": names}
        meta["scale"] = (self.interval, *meta["scale"])
        if "translate" in meta:
            meta["translate"] = (float(self.movie.times[0]), *meta["translate"])
        if "affine" in meta:
            affine = np.eye(ndim + 1)
            affine[1:, 1:] = meta["affine"]
            meta["affine"] = affine
        timed = self.movie.time_unit if self.movie.time_unit in _TIMES else "pixel"
        return {**meta, "units": (timed, *meta["units"]), "axis_labels": ("t", *names)}


_TIMES = ("s", "ms", "min", "h", "second", "minute", "hour", "millisecond")
"""Units of time that viewers know."""


@checked()
def render_microscopy(
    source: MovieSource,
    spacing: Spacing | None = None,
    *,
    interval: float | None = None,
    unit: str = "",
    time_unit: str = "",
    periodic: bool | Sequence[bool] | None = None,
    parameters: MicroscopeParameters | None = None,
    **changes: Any,
) -> RenderedMovie:
    """Render cells as a microscope would show them: dye, point spread function, planes along z, noise, bleaching.

    The expected number of photons of a pixel is ``photons (1 - bleaching)^frame dye * PSF + background``; the camera adds
    Poisson noise, Gaussian read noise and its dark value, and rounds to whole numbers.

    With ``engine="microsim"``, where that package is installed, the point spread function is that of its confocal or widefield
    microscope, and the camera its own; voxels need a size in a unit of length then.

    Parameters
    ----------
    source, spacing, interval, unit, time_unit, periodic
        As in `shapelab.movies.as_movie`: a movie, an array (t, y, x) or (t, z, y, x) of labels, a list of label images, a layer
        or a saved run. A single image: a 2-D array, a layer or frame without time, or a list of one 3-D array.
    parameters
        Stain, optics and camera.
    **changes
        Single fields of `MicroscopeParameters`.

    Returns
    -------
    RenderedMovie
        Its frames are rendered when they are asked for; `layers` gives them all, `save` writes them as OME-Zarr or TIFF.

    Raises
    ------
    ParameterError, InputError
        In one sentence.
    OutOfMemoryError
        If a frame does not fit into memory.

    Examples
    --------
    >>> import numpy as np
    >>> import shapelab as sl
    >>> labels = np.repeat(np.arange(1, 5), 16)[None].repeat(64, 0)
    >>> rendered = sl.render_microscopy(labels, stain="membrane", photons=200)
    >>> rendered.image(0).shape, int(rendered.labels(0).max())
    ((64, 64), 4)
    """
    layer = as_layer(source)
    if isinstance(layer, LayerData) and layer.kind == "image":
        raise InputError(f"{layer.name!r} is an image: render a label image instead, in which each cell has its own number.")
    movie = as_movie(as_film(layer), spacing, interval=interval, unit=unit, time_unit=time_unit, periodic=periodic)
    chosen = (parameters or MicroscopeParameters()).replace(**changes)
    require_memory(of_microscope_image(movie.shape, nuclei=chosen.stain == "nucleus"))
    movie[0]  # refuses what are no labels, now
    rendered = RenderedMovie(movie, chosen)
    if (optics := rendered.optics) is not None:
        reach = apart(lambda: optics.psf.shape)[-movie.ndim :]
        require_memory(of_convolution([n + beyond for n, beyond in zip(movie.shape, reach, strict=True)]))
    return rendered
