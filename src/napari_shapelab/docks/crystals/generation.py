"""The work behind the Crystals dock's Generate tab: parameters, preview, a new sample with its statistics."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import shapelab
from napari_shapelab.work.progress import Progress, Report
from shapelab.crystals.population import Population
from shapelab.errors import InputError
from shapelab.parameters import Parameters, parameter

if TYPE_CHECKING:
    from shapelab.crystals import Crystal

__all__ = ["GenerateParameters", "GeneratedCrystal", "generate", "preview", "quantities"]

_PREVIEW_SIDE = {2: 128, 3: 40}
_PREVIEW_GRAINS = {2: 150, 3: 120}


class GenerateParameters(Parameters):
    """What to generate."""

    n_grains: int = parameter(300, "Number of grains.", label="Grains", main=True, ge=2, le=200_000, step=50)
    shape: tuple[int, int, int] = parameter(
        (1, 300, 300), "Pixels along z, y and x; z = 1 makes a 2-D sample.", label="Shape (z, y, x)", main=True, step=10
    )
    volumes: Literal["lognormal", "equal", "two phases"] = parameter(
        "lognormal",
        "Distribution of the volumes; two phases: small grains and large ones, see Advanced. Not used with a reference sample.",
        main=True,
    )
    sigma: float = parameter(
        0.5, "Spread of lognormal volumes: standard deviation of their logarithm.", label="Volume spread", main=True, ge=0, le=2, step=0.05
    )
    anisotropy: float = parameter(0.25, "0 for round grains, towards 1 for very elongated ones.", main=True, ge=0, le=0.95, step=0.05)
    lloyd: int = parameter(
        5, "Regularisation steps: each moves every seed to its grain's centroid.", label="Lloyd steps", main=True, ge=0, le=200, step=1
    )
    boundary: Literal["box", "periodic"] = parameter("box", "Periodic: opposite faces fit together.", main=True)
    phase_ratio: float = parameter(
        5.0, "Of two phases: volume of a large grain over that of a small one.", label="Large / small volume", ge=1, le=1000, step=1
    )
    phase_share: float = parameter(
        0.3, "Of two phases: share of large grains among all.", label="Share of large grains", gt=0, lt=1, step=0.05
    )
    exclusion: float = parameter(
        0.3, "Smallest distance of two seeds, in units of the mean size of a grain.", label="Seed distance", ge=0, le=0.75, step=0.05
    )
    tolerance: float = parameter(
        0.5,
        "Largest mean error of the grains' volumes; a single grain may be off by twice that, or by two pixels.",
        unit="%",
        label="Volume tolerance",
        gt=0,
        le=25,
        step=0.25,
    )
    pixel_size: float = parameter(1.0, "Size of a pixel, in the unit below.", gt=0, step=0.1)
    unit: Literal["um", "nm", "mm", "pixel"] = parameter("um", "Unit of the pixel size.")
    seed: int = parameter(0, "Random seed: the same number gives the same sample.", ge=0, label="Random seed", main=True, step=1)

    @property
    def law(self) -> str | dict[float, float]:
        """Distribution of the volumes, as `shapelab.generate_crystal` takes it."""
        if self.volumes != "two phases":
            return self.volumes
        return {1.0: 1.0 - self.phase_share, self.phase_ratio: self.phase_share} if self.phase_ratio > 1 else "equal"

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape without the z axis of a 2-D sample."""
        return self.shape[1:] if self.shape[0] == 1 else self.shape


@dataclass(frozen=True, eq=False)
class GeneratedCrystal:
    """A new sample, with its reference population."""

    crystal: Crystal
    like: Population | None
    summary: str
    provenance: dict[str, Any]


def generate(
    parameters: GenerateParameters, like: Population | None, like_name: str, report: Report, abort: threading.Event
) -> GeneratedCrystal:
    """Make a sample."""

    def tell(fraction: float, labels: np.ndarray) -> None:
        report(Progress(fraction, f"Regularised {fraction:.0%}: volumes become exact at the end.", labels))

    crystal = _generate(parameters, parameters.n_grains, parameters.grid, parameters.tolerance / 100, parameters.lloyd, like, tell, abort)
    provenance = {
        "model": "crystals",
        "parameters": parameters.to_json(),
        "like": like_name,
        "seed": parameters.seed,
        "version": shapelab.__version__,
        "statistics": dict(crystal.statistics),
    }
    return GeneratedCrystal(crystal, like, _summary(crystal, like_name), provenance)


def preview(parameters: GenerateParameters, like: Population | None) -> np.ndarray:
    """Return a small sample (2-D labels) with these parameters, in a fraction of a second; of 3-D, the middle section."""
    dim = len(parameters.grid)
    side = _PREVIEW_SIDE[dim]
    grains = min(parameters.n_grains, _PREVIEW_GRAINS[dim])
    longest = max(parameters.grid)
    grid = tuple(max(8, round(side * n / longest)) for n in parameters.grid)
    labels = _generate(parameters, grains, grid, 0.05, min(parameters.lloyd, 3), like).labels
    section: np.ndarray = labels if dim == 2 else labels[len(labels) // 2]
    return section


def _generate(
    parameters: GenerateParameters,
    grains: int,
    grid: tuple[int, ...],
    tolerance: float,
    lloyd: int,
    like: Population | None,
    progress: Any = None,
    abort: threading.Event | None = None,
) -> Crystal:
    from shapelab.crystals import generate_crystal

    return generate_crystal(
        grains,
        grid,
        parameters.pixel_size,
        like=like,
        volumes=parameters.law,  # type: ignore[arg-type]
        sigma=parameters.sigma,
        anisotropy=parameters.anisotropy,
        exclusion=parameters.exclusion,
        lloyd=lloyd,
        periodic=parameters.boundary == "periodic",
        tolerance=tolerance,
        seed=parameters.seed,
        progress=progress,
        abort=abort,
    )


def population_of(
    labels: np.ndarray, spacing: tuple[float, ...], orientations: np.ndarray | None = None, symmetries: Sequence[str] | None = None
) -> Population:
    """Return sizes, shapes and, if given for labels 1, 2, 3…, crystal orientations and symmetries of a label image's grains."""
    from shapelab.crystals.fitting import index_labels
    from shapelab.crystals.moments import label_moments
    from shapelab.labels.check import as_labels

    index, ids = index_labels(as_labels(labels))
    moments = label_moments(index, ids, spacing)
    if len(moments.ids) < 2:
        raise InputError("A reference sample needs at least two grains.")
    known = orientations is not None and ids.max() <= len(orientations)
    if not known or orientations is None:
        return Population.of(moments)
    kinds = [symmetries[int(i) - 1] for i in ids] if symmetries is not None and len(symmetries) == len(orientations) else None
    return Population.of(moments, orientations[ids - 1], kinds)


def quantities(crystal: Crystal, like: Population | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what the plots show: quantity -> values in the reference sample, or asked for (empty if unknown), and in the new one."""
    new, none = crystal.population, np.zeros(0)
    before = (crystal.targets, none, none) if like is None else (like.volumes, like.aspect_ratios, like.angles)
    return {
        "volume / mean volume": (before[0] / before[0].mean(), new.volumes / new.volumes.mean()),
        "aspect ratio": (before[1], new.aspect_ratios),
        "direction of the long axis [°]": (np.rad2deg(before[2]), np.rad2deg(new.angles)),
    }


def _summary(crystal: Crystal, like_name: str) -> str:
    statistics = crystal.statistics
    parts = [
        f"<b>{len(crystal.volumes)} grains</b>, volume error: mean {crystal.mean_volume_error:.2%}, largest {crystal.volume_error:.1%}.",
        f"Mean aspect ratio {statistics['aspect_ratio']:.2f}, variation of the volumes {statistics['volume_variation']:.2f}.",
        f"{crystal.seconds:.1f} s.",
    ]
    distances = {name.removeprefix("ks_").replace("_", " "): value for name, value in statistics.items() if name.startswith("ks_")}
    if distances:
        said = ", ".join(f"{name} {value:.2f}" for name, value in distances.items())
        parts.insert(1, f"Kolmogorov-Smirnov distances to {like_name}: {said} (0: identical, 1: disjoint).")
    return " ".join(parts)
