"""Optics and camera of the package microsim, on the stain of our cells: its filters, its point spread functions, its noise.

T. Lambert, https://github.com/tlambert03/microsim (BSD-3-Clause). Its release 0.0.12 asks for NumPy below 2 and Zarr below 3; what is used
here gives the same numbers with NumPy 2, but one step, which is avoided (`_BINS`).
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from shapelab.errors import InputError, ParameterError
from shapelab.microscopy.parameters import MicroscopeParameters
from shapelab.units import conversion, is_length

__all__ = ["MicrosimOptics", "padded", "why_no_microsim"]

_NEEDED = ("microsim", "fpbase", "pint", "platformdirs", "pydantic_settings", "tqdm", "xarray")
"""What it imports, of which it is installed without its own bounds."""
_IMMERSION = {"oil": 1.515, "water": 1.333, "air": 1.0}
"""Refractive indices."""
_SPECIMEN = 1.47
"""Refractive index; the one that microsim takes."""
_AIRY_RADII = 6
"""Radius of the point spread function in the plane, in those of the Airy disc: as in microsim."""
_SQUARE = 0.01
_BINS = "spectral_bins_per_emission_channel"
"""How microsim divides a spectrum. From a number of bins it makes edges in a way that NumPy 2 refuses; edges are taken as they are."""
_FULL_WELL = 2**16 - 1
"""One grey value per electron."""
_random = threading.Lock()
"""microsim draws from NumPy's one global generator."""


def why_no_microsim() -> str:
    """Return what to install for ``engine="microsim"``, "" if nothing is missing; imports nothing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if not missing:
        return ""
    which = "is" if len(missing) == 1 else "are"
    rest = " ".join(name.replace("_", "-") for name in _NEEDED[1:])
    return (
        f"engine 'microsim': {', '.join(missing)} {which} not installed here: `pip install {rest}`, then `pip install --no-deps microsim` "
        "(it asks for an older NumPy than it needs)."
    )


@dataclass(frozen=True, eq=False)
class MicrosimOptics:
    """A microscope of microsim for frames of one shape.

    Raises
    ------
    InputError
        If pixels are not square.
    ParameterError
        If the numerical aperture is beyond what the immersion allows.
    """

    parameters: MicroscopeParameters
    spacing: tuple[float, ...]
    """Size of a voxel of the labels [µm]."""
    planes: int
    """Of the labels; 1 in the plane."""

    def __post_init__(self) -> None:
        """Refuse what microsim does not model."""
        y, x = self.spacing[-2:]
        if abs(y / x - 1) > _SQUARE:
            raise InputError(f"microsim needs square pixels: these are {y:g} µm along y and {x:g} µm along x.")
        p = self.parameters
        most = min(_IMMERSION[p.immersion], _SPECIMEN)
        if p.numerical_aperture >= most:
            raise ParameterError(
                f"Numerical aperture: {p.numerical_aperture:g} is not allowed with immersion in {p.immersion}, give less than {most:g}."
            )

    @classmethod
    def of(cls, parameters: MicroscopeParameters, spacing: Sequence[float], unit: str, shape: Sequence[int]) -> MicrosimOptics:
        """Return the microscope for labels with voxels of this size [unit].

        Raises
        ------
        InputError
            If microsim is not installed, or the unit is no length; what the class refuses.
        """
        if reason := why_no_microsim():
            raise InputError(reason)
        if not is_length(unit):
            raise InputError(
                "microsim needs voxels whose size is a length, as light has one: give unit='um' with the voxel size (--unit um), "
                "or the layer its units."
            )
        size = conversion(unit, "um")
        return cls(parameters, tuple(size * step for step in spacing), shape[0] if len(shape) == 3 else 1)

    def simulation(self, stain: np.ndarray, seed: int = 1) -> Any:
        """Return a `microsim.Simulation` of a stain, 1 where it is thick and bright: there, a second gives the photons that are asked for.

        Parameters
        ----------
        stain
            (z, y, x) or (y, x).
        seed
            Of its noise.
        """
        p, schema = self.parameters, _schema()
        truth = self._in_space(stain.astype(np.float32) * (p.photons / self._rate))
        return schema.Simulation.from_ground_truth(truth, self._scale, **self._microscope, settings=self._settings(seed))

    def blurred(self, stain: np.ndarray, periodic: Sequence[bool]) -> np.ndarray:
        """Return a stain as seen through the point spread function; beyond its sides that are not joined it goes on as it ends there.

        microsim's own `optical_image` would lie half a voxel beside the labels, and be dark along the sides.
        """
        from scipy.signal import fftconvolve

        wide = padded(stain, [n // 2 for n in self.psf.shape[-stain.ndim :]], periodic)
        psf = self.psf if stain.ndim == 3 else self.psf[0]
        return np.maximum(fftconvolve(wide, psf.astype(np.float32), mode="valid"), 0.0)

    def camera(self, photons: np.ndarray, seed: int) -> np.ndarray:
        """Return what microsim's camera makes of expected photons, uint16."""
        with _global_random():
            simulation = self.simulation(np.zeros(photons.shape, np.float32), seed)
            truth = simulation.ground_truth().isel(f=0).expand_dims("c")
            expected = truth.copy(data=self._in_space(photons)[None].astype(np.float64))
            grey = simulation.digital_image(expected, exposure_ms=1000)
        return np.asarray(grey.data, np.uint16).reshape(photons.shape)

    @cached_property
    def psf(self) -> np.ndarray:
        """Point spread function (z, y, x), which sums to 1; its middle is that of a voxel.

        microsim gives one of odd length where a confocal microscope is asked for an odd number, or a widefield one for an even one.
        """
        schema, step = _schema(), self.spacing[-1]
        radius = math.ceil(_AIRY_RADII * 0.61e-3 * self._wavelength / self.parameters.numerical_aperture / step)
        one_more = self.parameters.microscope == "widefield"
        nz, nx = (2 * (n // 2) + (0 if one_more else 1) for n in (self.planes, 2 * max(radius, 1)))
        lens, xp, wave = self._microscope["objective_lens"], schema.NumpyAPI.create("numpy"), self._wavelength
        make = self._microscope["modality"].psf
        try:
            return np.asarray(make(nz=nz, nx=nx, dx=step, dz=self._scale[0], objective_lens=lens, xp=xp, em_wvl_nm=wave), float)
        except (ValueError, EOFError, OSError) as error:  # it keeps them in files, which may be damaged
            raise InputError(
                f"microsim could not make its point spread function: {error}. Empty its cache (microsim.util.clear_cache()), or set "
                "MICROSIM_CACHE=0 to do without."
            ) from error

    def peak_of_sheet(self, thickness: float) -> float:
        """Return how bright the middle of a sheet of stain along the optical axis looks [1 for a thick one]; thickness [µm]."""
        across = self.psf.sum((0, 1))
        edges = (np.arange(len(across) + 1) - 0.5 * len(across)) * self.spacing[-1]
        low, high = np.interp([-0.5 * thickness, 0.5 * thickness], edges, np.append(0.0, np.cumsum(across)))
        return float(high - low)

    @property
    def _scale(self) -> tuple[float, ...]:
        return self.spacing if len(self.spacing) == 3 else (self.spacing[-1], *self.spacing)

    def _in_space(self, array: np.ndarray) -> np.ndarray:
        return array if array.ndim == 3 else array[None]

    @cached_property
    def _microscope(self) -> dict[str, Any]:
        p, schema = self.parameters, _schema()
        lens = dict.fromkeys(("na", "numerical_aperture"), p.numerical_aperture)  # it reads the one and checks the other
        index = dict.fromkeys(("immersion_medium_ri", "immersion_medium_ri_spec"), _IMMERSION[p.immersion])
        return {
            "modality": schema.Widefield() if p.microscope == "widefield" else schema.Confocal(pinhole_au=p.pinhole),
            "objective_lens": schema.ObjectiveLens(**lens, **index, specimen_ri=_SPECIMEN),
            "channels": [getattr(import_module("microsim.schema.optical_config.lib"), p.filters)],
            "detector": schema.CameraCMOS(
                read_noise=p.read_noise, offset=p.offset, qe=1, full_well=_FULL_WELL, bit_depth=16, gain=1, dark_current=0
            ),
        }

    @cached_property
    def _emission(self) -> tuple[np.ndarray, np.ndarray]:
        """Wavelengths [nm] and photons per second of a fluorophore that pass the filters, where there are any."""
        schema = _schema()
        blank = schema.Simulation.from_ground_truth(np.zeros((1, 1, 1), np.float32), (1.0, 1.0, 1.0), **self._microscope)
        rates = blank.filtered_emission_rates().isel(c=0, f=0)
        waves, values = np.asarray(rates.coords["w"].values, float), np.nan_to_num(np.asarray(rates.values, float))
        bright = values > 0.01 * values.max()
        return waves[bright], values[bright]

    @property
    def _rate(self) -> float:
        return float(self._emission[1].sum())

    @property
    def _wavelength(self) -> float:
        waves, rates = self._emission
        return float(waves @ rates / rates.sum())

    def _settings(self, seed: int) -> Any:
        waves = self._emission[0]
        settings = _schema().Settings(np_backend="numpy", device="cpu", random_seed=seed)
        return settings.model_copy(update={_BINS: np.array([waves.min() - 1, waves.max() + 1])})


def padded(array: np.ndarray, margin: Sequence[int], periodic: Sequence[bool]) -> np.ndarray:
    """Return an array with so many more pixels on both sides: from the other side where they are joined, else those at the end."""
    around = [(n, n) if joined else (0, 0) for n, joined in zip(margin, periodic, strict=True)]
    beyond = [(0, 0) if joined else (n, n) for n, joined in zip(margin, periodic, strict=True)]
    return np.pad(np.pad(array, around, mode="wrap"), beyond, mode="edge")


def _schema() -> Any:
    """Return `microsim.schema`; how the program logs stays as it was, and microsim's own progress is not told."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        schema = import_module("microsim.schema")
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
    logging.getLogger("microsim").setLevel(logging.WARNING)
    return schema


@contextmanager
def _global_random() -> Iterator[None]:
    """Let NumPy's global generator be seeded and used within, by one thread at a time, and be as it was afterwards."""
    with _random:
        before = np.random.get_state()  # noqa: NPY002  # microsim's
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002
