"""The diagram of a grain table, drawn: ellipses in, a label image and the errors of the grains out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shapelab.arguments import checked
from shapelab.box import to_layer
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.moments import Moments
from shapelab.crystals.report import worst_first
from shapelab.crystals.table import GrainTable
from shapelab.crystals.weights import exact_volumes
from shapelab.errors import InputError
from shapelab.limits import above, between
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableDrawing", "draw_table", "table_box", "table_grid"]


@dataclass(frozen=True, eq=False)
class TableDrawing:
    """A grain table as a label image."""

    labels: np.ndarray
    """(y, x): the grains' numbers, from 1."""
    diagram: Diagram
    moments: Moments
    """Of the table's ellipses, in the layer of `labels` (`shapelab.box`)."""
    spacing: tuple[float, float]
    """Size of a pixel (y, x), in the unit of the table."""
    grains: pd.DataFrame
    """One row per grain, worst first; see `shapelab.crystals.report.worst_first`."""
    message: str
    """What happened, in sentences."""

    def errors(self) -> dict[str, float]:
        """Return the largest and the mean relative error of the areas."""
        errors = self.grains["volume_error"].abs()
        return {"volume_error": float(errors.max()), "mean_volume_error": float(errors.mean())}

    def summary(self) -> str:
        """Return what was drawn and how far areas are off."""
        (height, width), errors = self.labels.shape, self.errors()
        return (
            f"{len(self.grains)} grains on {height} × {width} pixels of {self.spacing[0]:.3g}. "
            f"Volume error: mean {percent(errors['mean_volume_error'])}, largest {percent(errors['volume_error'])}. {self.message}"
        )


def table_box(table: GrainTable) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return corner and size (y, x) of the box that the grains of a table fill.

    The box around the ellipses, shrunk about its middle to the sum of the areas: ellipses at the border reach over it.
    """
    moments = table.moments()
    reach = 2 * np.sqrt(np.diagonal(moments.covariances, axis1=1, axis2=2))
    low, high = (moments.centroids - reach).min(0), (moments.centroids + reach).max(0)
    size = (high - low) * min(1.0, float(np.sqrt(table.areas.sum() / np.prod(high - low))))
    corner = (low + high - size) / 2
    return (float(corner[0]), float(corner[1])), (float(size[0]), float(size[1]))


def table_grid(table: GrainTable, pixels: int = 512) -> tuple[tuple[int, int], tuple[float, float], tuple[float, float]]:
    """Return shape, size of a pixel and corner (y, x) of the grid of a table's box, with so many pixels along its longer side."""
    corner, size = table_box(table)
    step = max(size) / pixels
    shape = (max(1, round(size[0] / step)), max(1, round(size[1] / step)))
    return shape, (size[0] / shape[0], size[1] / shape[1]), corner


@checked(pixels=between(1, 1_000_000), tolerance=above(0))
def draw_table(
    table: GrainTable, pixels: int = 512, *, exact: bool = False, tolerance: float = 0.005, abort: threading.Event | None = None
) -> TableDrawing:
    """Draw the diagram of a grain table's ellipses.

    Parameters
    ----------
    table
        Ellipses and areas of the grains.
    pixels
        Pixels along the longer side of the image.
    exact
        Whether each grain has its area of the table, to the pixel.
    tolerance
        Largest mean relative error of the areas asked of the diagram, if they are exact.
    abort
        When set, the work ends early with what there is.

    Raises
    ------
    InputError
        If there are fewer than eight pixels for a grain.

    References
    ----------
    M. Buze, J. Feydy, S.M. Roper, K. Sedighiani, D.P. Bourne, Comput. Mater. Sci. 245 (2024) 113317.
    """
    from shapelab.transport import Domain

    shape, spacing, corner = table_grid(table, pixels)
    if np.prod(shape) < 8 * len(table):
        raise InputError(f"{len(table)} grains need more than {shape[0]} × {shape[1]} pixels: ask for more along the longer side.")
    diagram, message = table.diagram(corner, normalised=True), "Ellipses of the table."
    if exact:
        diagram, solution, _ = exact_volumes(diagram, table.areas, Domain(shape, spacing), tolerance, abort)
        message, labels = solution.message, solution.labels.astype(np.int64)
    else:
        labels = diagram.labels(shape, spacing)
    moments = table.moments(corner)
    moments = replace(moments, centroids=to_layer(moments.centroids, spacing))
    drawn = np.bincount(labels.ravel(), minlength=len(table) + 1)[1:]
    asked = table.areas * (float(np.prod(shape)) / table.areas.sum())
    errors = drawn / asked - 1
    remarks = ["" if n else "smaller than a pixel here" for n in drawn]
    return TableDrawing(labels, diagram, moments, spacing, worst_first(moments, np.zeros(len(table), int), errors, drawn, remarks), message)
