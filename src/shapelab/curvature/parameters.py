"""Parameters of a curvature texture: every field with its unit, bounds and one sentence."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from shapelab.curvature.polynomial import Coefficients
from shapelab.simulation import Parameters, parameter

__all__ = ["CurvatubesParameters", "Start", "indefinite_warning"]

Start = Literal[
    "noise",
    "waves",
    "balls",
    "tubes",
    "gyroid",
    "schwarz_p",
    "diamond",
    "oblate",
    "prolate",
    "bowl",
    "ball",
    "torus",
    "cylinder",
    "slab",
    "rings",
]


class CurvatubesParameters(Parameters):
    """Parameters of `CurvatubesModel`.

    The coefficients are written in texture lengths: `resolution` voxels make one. `voxel_size` only says how large
    that is in the world, so that changing it, or the grid, keeps the meaning of a preset.
    """

    shape: tuple[int, int, int] = parameter((64, 64, 64), "Size of the grid along z, y and x.", unit="voxels", main=True)
    voxel_size: float = parameter(0.01, "Edge length of a voxel; results are in this unit.", gt=0, le=1e6, step=0.01)
    unit: str = parameter("um", "Unit of the voxel size, such as µm, nm or mm.", min_length=1, max_length=32)
    resolution: float = parameter(
        100.0, "Voxels per texture length; more voxels resolve the same texture more finely.", unit="voxels", ge=10, le=1000, step=1.0
    )
    interface_width: float = parameter(
        2.0,
        "Half the thickness of the diffuse interface between matter and void (eps in the equation).",
        unit="voxels",
        ge=1,
        le=6,
        step=0.1,
    )
    a20: float = parameter(1.0, "Weight of the square of the larger principal curvature k1.", live=True, ge=0, le=1000, step=0.001)
    a11: float = parameter(
        2.0, "Weight of the product k1 k2; negative values favour balls, positive ones saddles.", live=True, ge=-1000, le=1000, step=0.001
    )
    a02: float = parameter(6.0, "Weight of the square of the smaller principal curvature k2.", live=True, ge=0, le=1000, step=0.001)
    b10: float = parameter(
        -40.0, "Linear weight of k1; the more negative, the more strongly the surface bends.", live=True, ge=-1e5, le=1e5, step=0.001
    )
    b01: float = parameter(
        -40.0, "Linear weight of k2; negative values make balls, positive ones saddles.", live=True, ge=-1e5, le=1e5, step=0.001
    )
    c: float = parameter(400.0, "Energy per unit area, in addition to the bending energy.", live=True, ge=-1e7, le=1e7, step=0.001)
    mass: float | None = parameter(
        -0.6,
        "Mean of the field: -1 is all void, +1 all matter, (1+mass)/2 the volume fraction; "
        "leave it empty to keep the volume of the starting shape.",
        main=True,
        live=True,
        ge=-0.98,
        le=0.98,
        step=0.01,
    )
    boundary: Literal["periodic", "replicate"] = parameter(
        "periodic", "What lies beyond the box: the same texture again (periodic), or a wall that surfaces meet at right angles (replicate)."
    )
    flow: Literal["conserved", "averaged", "free", "published", "prepared"] = parameter(
        "conserved",
        "How matter moves: conserved locally, conserved only in total (averaged), or free to grow and vanish; published is the slow "
        "reference (Adam on a vector potential, some 8000 steps); prepared starts with 1000 of its steps.",
    )
    inertia: Literal["faithful", "deep", "annealed"] = parameter(
        "faithful",
        "Faithful gives the published tubes; annealed coasts further after 300 steps and frees sponges, pearls and membranes from their "
        "defects; deep does so from the start and reaches lower energies, at times in another texture.",
    )
    start: Start = parameter("noise", "What the texture grows from, unless you give a shape.", main=True)
    start_size: float | None = parameter(
        None,
        "Size of the starting pattern (wavelength, period or radius); leave it empty for one that suits the box and the texture.",
        unit="voxels",
        gt=0,
        le=10000,
        step=0.5,
    )
    seed: int = parameter(1, "Random seed: the same seed gives the same texture.", label="Random seed", main=True, ge=0, le=2**31 - 1)
    orientation: float = parameter(
        0.0, "How strongly structures align with the direction; negative values align them across it.", live=True, ge=-1e5, le=1e5, step=1.0
    )
    direction: tuple[float, float, float] = parameter((1.0, 0.0, 0.0), "Direction (z, y, x) that tubes or sheets align with.", live=True)
    tension: float = parameter(
        0.0, "Surface tension: energy per unit area of the interface, as in a soap film.", live=True, ge=0, le=1e6, step=0.1
    )
    reduced_volume: float | None = parameter(
        None,
        "Volume of a vesicle relative to a ball of the same area; it fixes the area. Leave it empty to leave the area free.",
        live=True,
        ge=0.2,
        le=1,
        step=0.01,
    )
    area_stiffness: float = parameter(
        25000.0, "How strongly the area of a vesicle is held constant, relative to its bending energy.", live=True, ge=0, le=1e8, step=1.0
    )
    fidelity: float = parameter(0.0, "How strongly the texture is held close to the target image.", live=True, ge=0, le=1e9, step=1.0)
    sequence: str = parameter(
        "", "Presets, separated by commas, that follow one another along x and blend into each other; empty for a single texture."
    )
    device: str = parameter(
        "auto", "Device to compute on: auto (a graphics card if there is one and the box is large enough), cpu, cuda or cuda:1."
    )
    dtype: Literal["float32", "float64"] = parameter("float32", "Numerical precision; float64 is slower.")
    max_steps: int = parameter(
        5000,
        "Number of steps, since the start or the last manual change, after which the run ends even if it is still changing.",
        main=True,
        live=True,
        ge=1,
        le=1_000_000,
    )
    settle: float = parameter(
        0.01,
        "The run ends when less than this fraction of the smaller phase changes side in 50 steps and the energy falls by less than "
        "this fraction in 250; 0 turns this off.",
        live=True,
        ge=0,
        le=1,
        step=0.001,
    )

    @field_validator("shape")
    @classmethod
    def _volume(cls, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        if min(shape) < 8:
            raise ValueError("each side of the grid needs at least 8 voxels, because the diffuse interface alone is about 6 voxels thick")
        if max(shape) > 4096:
            raise ValueError("each side of the grid can have at most 4096 voxels")
        return shape

    @field_validator("direction")
    @classmethod
    def _not_zero(cls, direction: tuple[float, float, float]) -> tuple[float, float, float]:
        if not any(direction):
            raise ValueError("a direction cannot be the zero vector")
        return direction

    @property
    def coefficients(self) -> Coefficients:
        """The polynomial p(k1, k2), in texture units."""
        return Coefficients(self.a20, self.a11, self.a02, self.b10, self.b01, self.c)

    @property
    def length(self) -> float:
        """One texture length in the world [unit]."""
        return self.voxel_size * self.resolution

    @property
    def minimiser(self) -> tuple[float, float] | None:
        """Curvatures (k1, k2) that the polynomial prefers [1/unit], None if it has no lowest value."""
        point = self.coefficients.minimiser()
        return None if point is None else (point[0] / self.length, point[1] / self.length)

    @property
    def warning(self) -> str:
        """One sentence if the polynomial has no lowest value, else ""."""
        return indefinite_warning(self.coefficients)


def indefinite_warning(coefficients: Coefficients) -> str:
    """Return the sentence to show beside an indefinite polynomial, "" for a bounded one."""
    if coefficients.is_bounded():
        return ""
    return (
        "This curvature polynomial has no lowest value: the pattern takes its size from the interface width, "
        "changes with the grid, and may never settle."
    )
