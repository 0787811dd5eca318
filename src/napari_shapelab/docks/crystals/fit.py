"""The work behind the Crystals dock's Fit tab: grains in, a fitted diagram and a table of the grains out."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import shapelab
from napari_shapelab.work.row import Progress, Report
from shapelab.box import to_layer
from shapelab.crystals.moments import Moments
from shapelab.errors import InputError
from shapelab.parameters import Parameters, parameter

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals import DiagramFit, FitProgress, GrainTable

__all__ = ["FitParameters", "FitResult", "GrainImage", "draw_table", "fit_image", "fit_something_small", "table_box"]

Method = Literal["moments", "moments, then exact volumes", "likelihood", "likelihood, then exact volumes"]

_CITATION = "D.P. Bourne, M. Buze, T. Gallouet, Q. Merigot, arXiv:2605.20816 (2026)"
_TABLE_CITATION = "M. Buze, J. Feydy, S.M. Roper, K. Sedighiani, D.P. Bourne, Comput. Mater. Sci. 245 (2024) 113317"


class FitParameters(Parameters):
    """How to fit."""

    method: Method = parameter(
        "moments",
        "Moments: an ellipse per grain, at once. Likelihood: boundaries follow those of the image, in up to some minutes. "
        "Exact volumes: each grain keeps its volume; boundaries move a little.",
        main=True,
    )
    order: Literal[1, 2, 3, 4] = parameter(
        2,
        "Degree of the polynomials: 1 straight boundaries (power diagram), 2 curved ones (anisotropic), 3 and 4 more freely curved "
        "(by likelihood only, without exact volumes).",
        main=True,
    )
    tolerance: float = parameter(
        0.5,
        "Largest mean error of the grains' volumes with exact volumes; a single grain may be off by twice that, or by two pixels.",
        unit="%",
        gt=0,
        le=25,
        step=0.25,
    )
    effort: float = parameter(1.0, "Factor on the number of iterations of the likelihood fit.", ge=0.1, le=10, step=0.1)
    pixels: int = parameter(512, "Of a grain table, which has no pixels of its own: pixels along the longer side.", ge=32, le=4096, step=64)

    @property
    def short_name(self) -> str:
        """What the layers of the fit are called."""
        return f"{self.method.replace(', then exact volumes', ' + volumes')} q{self.order}"

    @property
    def likelihood(self) -> bool:
        """Whether the boundaries are fitted."""
        return self.method.startswith("likelihood")

    @property
    def exact(self) -> bool:
        """Whether volumes are made exact."""
        return self.method.endswith("exact volumes")


@dataclass(frozen=True, eq=False)
class GrainImage:
    """A label image to fit, with where it lies."""

    name: str
    labels: np.ndarray
    spacing: tuple[float, ...]
    unit: str = ""


@dataclass(frozen=True, eq=False)
class FitResult:
    """What the window shows of a fit."""

    title: str
    source: str
    labels: np.ndarray
    wrong: np.ndarray | None
    """uint8, 1 where the diagram gives a pixel to another grain; None where there is no image to compare with."""
    moments: Moments
    spacing: tuple[float, ...]
    table: pd.DataFrame
    """One row per grain, worst first: id, wrong_pixels, mismatch, volume_error, pixels, volume, aspect_ratio, reason."""
    summary: str
    provenance: dict[str, Any] = field(default_factory=dict)


def fit_image(image: GrainImage, parameters: FitParameters, report: Report, abort: threading.Event) -> FitResult:
    """Fit a label image."""
    from shapelab.crystals.fitting import fit_diagram, kernels_ready

    if not kernels_ready(parameters.likelihood):
        report(Progress(-1, "Preparing the kernels: they are compiled once on a machine, in some seconds…"))

    def tell(progress: FitProgress) -> None:
        text = f"{progress.stage} · mismatch {progress.mismatch:.2%}"
        report(Progress(progress.fraction, text[0].upper() + text[1:]))

    fit = fit_diagram(
        image.labels,
        parameters.order,
        image.spacing,
        method="likelihood" if parameters.likelihood else "moments",
        exact_volumes=parameters.exact,
        tolerance=parameters.tolerance / 100,
        effort=parameters.effort,
        progress=tell,
        abort=abort,
    )
    table = _table(image.labels, fit)
    return FitResult(
        title=parameters.short_name,
        source=image.name,
        labels=fit.labels.astype(image.labels.dtype),
        wrong=((image.labels != fit.labels) & (image.labels != 0)).astype(np.uint8),
        moments=fit.moments,
        spacing=image.spacing,
        table=table,
        summary=_summary(fit, table),
        provenance=_provenance(image.name, parameters, _CITATION, mismatch=fit.mismatch, volume_error=fit.volume_error),
    )


def fit_something_small() -> None:
    """Fit a few grains, so that the kernels are compiled before the user's own fit."""
    from shapelab.crystals import fit_diagram

    columns = np.arange(24) // 8
    grains = 1 + columns + 3 * columns[:, None]
    fit_diagram(grains, method="moments")  # first what is asked for first
    fit_diagram(grains, effort=0.05)
    fit_diagram(grains, method="moments", exact_volumes=True)


def _table(image: np.ndarray, fit: DiagramFit) -> pd.DataFrame:
    ids = fit.moments.ids
    inside = image != 0
    rows = np.searchsorted(ids, image[inside])
    pixels = np.bincount(rows, minlength=len(ids))
    wrong = np.bincount(rows[image[inside] != fit.labels[inside]], minlength=len(ids))
    fitted = np.bincount(np.searchsorted(ids, fit.labels[inside]), minlength=len(ids))
    reasons = {grain.id: grain.reason for grain in fit.worst}
    return _sorted(fit.moments, wrong, fitted / pixels - 1, pixels, [reasons.get(int(i), "") for i in ids])


def _sorted(moments: Moments, wrong: np.ndarray, errors: np.ndarray, pixels: np.ndarray, reasons: list[str]) -> pd.DataFrame:
    import pandas as pd

    axes = np.linalg.eigvalsh(moments.covariances)
    table = pd.DataFrame(
        {
            "id": moments.ids,
            "wrong_pixels": wrong,
            "mismatch": wrong / np.maximum(pixels, 1),
            "volume_error": errors,
            "pixels": pixels,
            "volume": moments.volumes,
            "aspect_ratio": np.sqrt(axes[:, -1] / axes[:, 0]),
            "reason": reasons,
        }
    )
    worst = np.lexsort((-np.abs(errors), -wrong))
    return table.iloc[worst].reset_index(drop=True)


def _summary(fit: DiagramFit, table: pd.DataFrame) -> str:
    lines = [
        f"<b>{fit.mismatch:.2%}</b> of the pixels belong to another grain.",
        f"Volume error: mean {fit.mean_volume_error:.2%}, largest {fit.volume_error:.1%}.",
        f"{len(table)} grains in {_seconds(fit.seconds)}.",
    ]
    if "Stopped" in fit.message:
        lines.insert(0, "Stopped before the end: this is the best diagram so far.")
    kinds = Counter(_kind(grain.reason) for grain in fit.worst)
    shapes = {kind: n for kind, n in kinds.items() if kind in _UNREPRESENTABLE}
    if shapes:
        said = ", ".join(f"{n} {_UNREPRESENTABLE[kind]}" for kind, n in shapes.items())
        lines.append(f"Cells of a diagram have no holes and are in one piece; of the {len(fit.worst)} worst grains: {said}.")
    return " ".join(lines)


_UNREPRESENTABLE = {
    "hole": "with a hole",
    "pieces": "in several pieces",
    "convex": "strongly non-convex",
    "few": "of few pixels",
    "lost": "lost their cell",
}


def _kind(reason: str) -> str:
    return next((kind for kind in _UNREPRESENTABLE if kind in reason), "")


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


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


def draw_table(name: str, table: GrainTable, parameters: FitParameters, abort: threading.Event) -> FitResult:
    """Draw the diagram of a grain table, with the table's volumes if they shall be exact."""
    from shapelab.crystals.weights import exact_volumes
    from shapelab.transport import Domain

    if parameters.likelihood or parameters.order != 2:
        raise InputError("A grain table has ellipses and no pixels: choose order 2, and moments, with or without exact volumes.")
    corner, size = table_box(table)
    step = max(size) / parameters.pixels
    shape = (max(1, round(size[0] / step)), max(1, round(size[1] / step)))
    spacing = (size[0] / shape[0], size[1] / shape[1])
    if np.prod(shape) < 8 * len(table):
        raise InputError(f"{len(table)} grains need more than {shape[0]} × {shape[1]} pixels: raise Pixels under Advanced.")
    diagram = table.diagram(corner, normalised=True)
    message = "Ellipses of the table."
    if parameters.exact:
        diagram, solution = exact_volumes(diagram, table.areas, Domain(shape, spacing), parameters.tolerance / 100, abort)
        message, labels = solution.message, solution.labels.astype(np.int64)
    else:
        labels = diagram.labels(shape, spacing)
    moments = table.moments(corner)
    moments = replace(moments, centroids=to_layer(moments.centroids, spacing))
    drawn = np.bincount(labels.ravel(), minlength=len(table) + 1)[1:] * float(np.prod(spacing))
    errors = drawn / (table.areas * (np.prod(size) / table.areas.sum())) - 1
    pixels = np.bincount(labels.ravel(), minlength=len(table) + 1)[1:]
    rows = _sorted(moments, np.zeros(len(table), int), errors, pixels, ["" if n else "smaller than a pixel here" for n in pixels])
    summary = (
        f"<b>{len(table)} grains</b> on {shape[0]} × {shape[1]} pixels of {spacing[0]:.3g}. "
        f"Volume error: mean {np.abs(errors).mean():.2%}, largest {np.abs(errors).max():.1%}. {message}"
    )
    return FitResult(
        parameters.short_name, name, labels, None, moments, spacing, rows, summary, _provenance(name, parameters, _TABLE_CITATION)
    )


def _provenance(name: str, parameters: FitParameters, citation: str, **numbers: float) -> dict[str, Any]:
    return {
        "model": "crystals",
        "source": name,
        "parameters": parameters.to_json(),
        "version": shapelab.__version__,
        "citation": citation,
        **numbers,
    }
