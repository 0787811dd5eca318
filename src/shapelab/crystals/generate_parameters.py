"""What can be chosen of a new sample: the fields of the Crystals dock and the options of ``shapelab generate``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

from shapelab.errors import InputError
from shapelab.parameters import Parameters, parameter

if TYPE_CHECKING:
    from shapelab.crystals.crystal import Crystal
    from shapelab.crystals.generation import Step
    from shapelab.crystals.phases import GrainPhase
    from shapelab.crystals.population import Population
    from shapelab.crystals.sampling import VolumeLaw

__all__ = ["UNUSED_WITH_LIKE", "GenerateParameters", "parameters_like"]

UNUSED_WITH_LIKE = ("volumes", "sigma", "anisotropy", "phase_ratio", "phase_share", "phase_anisotropy")
"""Fields that are not used with a sample to be like."""


class GenerateParameters(Parameters):
    """What to generate."""

    n_grains: int = parameter(300, "Number of grains.", label="Grains", main=True, ge=2, le=200_000, step=50)
    shape: tuple[int, int, int] = parameter(
        (1, 300, 300), "Pixels along z, y and x; z = 1 makes a 2-D sample.", label="Shape (z, y, x)", main=True, step=10
    )
    volumes: Literal["lognormal", "equal", "two phases"] = parameter(
        "lognormal",
        "Distribution of the volumes; two phases: small and large grains. Not used with a reference sample.",
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
    phase_anisotropy: float = parameter(
        0.25, "Of two phases: anisotropy of the large grains.", label="Anisotropy of large grains", ge=0, le=0.95, step=0.05
    )
    exact: bool = parameter(False, "Volumes are exact to the pixel: single pixels at boundaries go to a neighbour.", label="Exact volumes")
    match_boundaries: bool = parameter(
        False,
        "Grains exchange orientations until misorientations at boundaries are distributed as in the reference sample, an EBSD map.",
        label="Boundaries as in reference",
    )
    exclusion: float = parameter(
        0.3, "Smallest distance between two seeds, in units of the mean grain size.", label="Seed distance", ge=0, le=0.75, step=0.05
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
    def law(self) -> VolumeLaw:
        """Distribution of the volumes where there is one phase, as `shapelab.generate_crystal` takes it."""
        return "equal" if self.volumes == "two phases" else self.volumes

    @property
    def phases(self) -> list[GrainPhase] | None:
        """The two phases, None where there is but one."""
        from shapelab.crystals.phases import GrainPhase

        if self.volumes != "two phases":
            return None
        small = GrainPhase("small", 1.0 - self.phase_share, anisotropy=self.anisotropy)
        return [small, GrainPhase("large", self.phase_share, self.phase_ratio, anisotropy=self.phase_anisotropy)]

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape without the z axis of a 2-D sample."""
        return self.shape[1:] if self.shape[0] == 1 else self.shape

    def generate(self, like: Population | None = None, progress: Step | None = None, abort: threading.Event | None = None) -> Crystal:
        """Make a sample with these choices; see `shapelab.generate_crystal` for the arguments."""
        from shapelab.crystals.generation import generate_crystal

        boundaries = like.boundaries if like is not None and self.match_boundaries else None
        if self.match_boundaries and (boundaries is None or not len(boundaries)):
            raise InputError(
                "No misorientations are known to match: choose a reference sample with crystal orientations, such as an EBSD map, "
                "or leave out match_boundaries (Boundaries as in reference)."
            )
        return generate_crystal(
            self.n_grains,
            self.grid,
            self.pixel_size,
            like=like,
            volumes=self.law,
            sigma=self.sigma,
            anisotropy=self.anisotropy,
            phases=self.phases if like is None else None,
            misorientations=boundaries,
            exact_volumes=self.exact,
            exclusion=self.exclusion,
            lloyd=self.lloyd,
            periodic=self.boundary == "periodic",
            tolerance=self.tolerance / 100,
            seed=self.seed,
            progress=progress,
            abort=abort,
        )


def parameters_like(n_grains: int, shape: tuple[int, ...], spacing: tuple[float, ...], unit: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the fields that let a new sample have the number of grains, box, pixels and unit of a measured one, and remarks.

    Pixels of a new sample are square: of an image whose pixels are not, they have the smallest of its sizes along every axis.
    """
    size = float(min(spacing))
    grid = tuple(max(1, round(n * step / size)) for n, step in zip(shape, spacing, strict=True))
    taken: dict[str, Any] = {"shape": grid if len(grid) == 3 else (1, *grid), "pixel_size": size, "n_grains": max(2, n_grains)}
    taken |= {"unit": unit or "pixel"} if unit in ("um", "nm", "mm", "") else {}
    if max(spacing) < 1.001 * size:
        return taken, ()
    sizes, pixels = (" × ".join(f"{value:.4g}" for value in values) for values in (spacing, grid))
    return taken, (f"The image's pixels are {sizes}; the new sample has {size:.4g} along all axes, {pixels} pixels for the same box.",)
