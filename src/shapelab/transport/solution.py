"""What a solve returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from shapelab.box import to_layer
from shapelab.short_repr import short_repr
from shapelab.transport.moments import CellMoments

__all__ = ["Counting", "Solution"]

Counting = Literal["labels", "subpixel"]


@short_repr
@dataclass(frozen=True, eq=False)
class Solution:
    """Cells of prescribed volumes: what `solve_cells` and `Solver.solve` return.

    Attributes
    ----------
    labels
        Image of the domain's shape: 0 is the medium (and walls), i + 1 is cell i; the smallest unsigned type that fits.
    potentials
        ``(N,)``: f_i, in the unit of the cost; cell i is where ``c_i - f_i`` is smallest (and below 0, if there is medium).
    targets, volumes
        ``(N,)``: asked for and reached, in physical units; counted as `counting` says.
    converged
        Whether the tolerance was met.
    message
        One sentence: converged, or by how much the tolerance was missed and why.
    passes
        Number of passes over the pixels of the domain's grid.
    moments
        Shapes, forces and contacts of the cells, positions counted from the corner of the box.
    spacing
        Pixel size.
    device
        Where the passes over the pixels were made.
    on_processor
        What ran on the processor although a card was chosen: "cold start", "steps of single cells", "exact volumes", and for
        formulas and functions of Warp "sums over cells".
    """

    labels: np.ndarray
    potentials: np.ndarray
    targets: np.ndarray
    volumes: np.ndarray
    converged: bool
    message: str
    counting: Counting
    passes: int
    moments: CellMoments
    spacing: tuple[float, ...] = (1.0,)
    device: str = "cpu"
    on_processor: tuple[str, ...] = ()

    @property
    def errors(self) -> np.ndarray:
        """Relative volume error of every cell."""
        errors: np.ndarray = np.abs(self.volumes - self.targets) / self.targets
        return errors

    @property
    def mean_error(self) -> float:
        """Mean relative volume error."""
        return float(self.errors.mean()) if len(self.targets) else 0.0

    @property
    def max_error(self) -> float:
        """Largest relative volume error."""
        return float(self.errors.max(initial=0))

    @property
    def centroids(self) -> np.ndarray:
        """``(N, d)`` centres of gravity in the layer of the labels: the centre of pixel 0 is at 0, as in every table (`shapelab.box`).

        `moments.centroids` count from the corner of the box, as seeds do: put seeds there to continue. Along periodic axes centroids
        may lie outside the box, near their seeds.
        """
        return to_layer(self.moments.centroids, self.spacing)
