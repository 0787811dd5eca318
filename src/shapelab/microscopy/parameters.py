"""What a rendered microscope image depends on."""

from __future__ import annotations

from typing import Literal

from shapelab.parameters import Parameters, parameter

__all__ = ["GAUSSIAN_ONLY", "MICROSIM_ONLY", "MicroscopeParameters"]


class MicroscopeParameters(Parameters):
    """The stain, the optics and the camera."""

    stain: Literal["membrane", "nucleus"] = parameter(
        "membrane", "What is stained: the membranes of the cells, or their nuclei.", main=True
    )
    engine: Literal["gaussian", "microsim"] = parameter(
        "gaussian",
        "What makes the image: a Gaussian blur of the width below, or the optics and the camera of the package microsim.",
        main=True,
    )
    microscope: Literal["confocal", "widefield"] = parameter("confocal", "Kind of microscope (engine microsim).", main=True)
    numerical_aperture: float = parameter(
        1.4, "Numerical aperture of the objective (engine microsim).", main=True, ge=0.05, lt=1.47, step=0.05
    )
    psf: float | None = parameter(
        None,
        "Width of the point spread function in the plane (full width at half maximum), in the unit of the image; 2.5 pixels if left empty.",
        label="PSF width",
        main=True,
        ge=0,
        le=1e6,
        step=0.1,
    )
    psf_axial: float | None = parameter(
        None,
        "Width of the point spread function along z, in the unit of the image; 3 times that in the plane if left empty.",
        label="PSF width along z",
        ge=0,
        le=1e6,
        step=0.1,
    )
    z_step: int = parameter(
        1, "One plane of the image for this many planes of the labels.", label="Planes per z step", main=True, ge=1, le=100
    )
    photons: float = parameter(
        100.0,
        "Photons per pixel where the stain is brightest: fewer photons, more noise.",
        unit="photons",
        main=True,
        gt=0,
        le=30_000,
        step=10,
    )
    background: float = parameter(10.0, "Photons per pixel everywhere.", unit="photons", main=True, ge=0, le=30_000, step=1)
    read_noise: float = parameter(2.0, "Noise of the camera (standard deviation).", unit="electrons", main=True, ge=0, le=1000, step=0.5)
    bleaching: float = parameter(
        0.0,
        "Fraction of the fluorescence lost from each frame to the next.",
        label="Bleaching per frame",
        main=True,
        ge=0,
        lt=1,
        step=0.01,
    )
    thickness: float | None = parameter(
        None,
        "Thickness of the membranes, in the unit of the image; 1 pixel if left empty.",
        label="Membrane thickness",
        gt=0,
        le=1e6,
        step=0.1,
    )
    nucleus: float = parameter(
        0.5, "Size of a nucleus as a fraction of its cell's, along each axis.", label="Nucleus size", gt=0, le=0.95, step=0.05
    )
    variation: float = parameter(
        0.2,
        "How much cells differ in brightness (standard deviation of its logarithm).",
        label="Variation between cells",
        ge=0,
        le=2,
        step=0.05,
    )
    offset: int = parameter(100, "Grey value of the camera in the dark.", label="Dark value", ge=0, le=10_000)
    immersion: Literal["oil", "water", "air"] = parameter("oil", "What is between the objective and the coverslip (engine microsim).")
    pinhole: float = parameter(
        1.0, "Radius of the pinhole of a confocal microscope, in radii of the Airy disc (engine microsim).", ge=0.1, le=20, step=0.1
    )
    filters: Literal["DAPI", "ECFP", "FITC", "EYFP", "TRITC", "DSRED", "CY5"] = parameter(
        "FITC", "Set of filters, which decides the wavelength, from 460 nm (DAPI) over 525 nm (FITC) to 700 nm (CY5) (engine microsim)."
    )
    seed: int = parameter(1, "Random seed: the same seed gives the same image.", label="Random seed", ge=0, le=2**31 - 1)


MICROSIM_ONLY = ("microscope", "numerical_aperture", "immersion", "pinhole", "filters")
"""Parameters of the engine microsim."""
GAUSSIAN_ONLY = ("psf", "psf_axial")
"""Parameters of the other."""
