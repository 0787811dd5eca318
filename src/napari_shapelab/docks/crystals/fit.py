"""The work behind the Crystals dock's Fit tab: grains in, a fitted diagram and a table of the grains out."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import shapelab
from napari_shapelab.work.progress import Progress, Report
from shapelab.crystals.moments import Moments
from shapelab.errors import InputError
from shapelab.parameters import Parameters, parameter

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals import DiagramFit, FitProgress, GrainTable

__all__ = ["FitParameters", "FitResult", "GrainImage", "draw_grains", "fit_image", "fit_something_small"]

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
    pixels: int = parameter(512, "Grid for a grain table: pixels along the longer side.", ge=32, le=4096, step=64)

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
    """A label image to fit."""

    name: str
    labels: np.ndarray
    spacing: tuple[float, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()
    """What was done to take it, one sentence each."""


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
    from shapelab.crystals.report import grain_report

    if not kernels_ready(parameters.likelihood):
        report(Progress(-1, "Preparing the kernels: they are compiled once on a machine, in some seconds…"))

    def tell(progress: FitProgress) -> None:
        text = f"{progress.stage} · mismatch {progress.mismatch:.2%}"
        report(Progress(progress.fraction, text[0].upper() + text[1:]))

    labels, ids = _numbered(image.labels)
    fit = fit_diagram(
        labels,
        parameters.order,
        image.spacing,
        method="likelihood" if parameters.likelihood else "moments",
        exact_volumes=parameters.exact,
        tolerance=parameters.tolerance / 100,
        effort=parameters.effort,
        progress=tell,
        abort=abort,
    )
    table = grain_report(labels, fit)
    moments, fitted = fit.moments, fit.labels.astype(image.labels.dtype)
    if ids is not None:
        table["id"], fitted = ids[table["id"]], ids[fit.labels]
        moments = replace(moments, ids=ids[moments.ids])
    return FitResult(
        title=parameters.short_name,
        source=image.name,
        labels=fitted,
        wrong=((labels != fit.labels) & (labels != 0)).astype(np.uint8),
        moments=moments,
        spacing=image.spacing,
        table=table,
        summary=_summary(fit, table, float((labels == 0).mean()), image.notes),
        provenance=_provenance(image.name, parameters, _CITATION, mismatch=fit.mismatch, volume_error=fit.volume_error),
    )


def _numbered(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return labels that fit into int64, and the original id of each where they had to be renumbered."""
    if labels.dtype != np.uint64 or labels.max(initial=0) < 2**63:
        return labels, None
    ids = np.unique(np.append(labels.ravel(), np.uint64(0)))
    return np.searchsorted(ids, labels), ids


def fit_something_small() -> None:
    """Fit a few grains, so that the kernels are compiled before the user's own fit."""
    from shapelab.crystals import fit_diagram

    columns = np.arange(24) // 8
    grains = 1 + columns + 3 * columns[:, None]
    fit_diagram(grains, method="moments")  # first what is asked for first
    fit_diagram(grains, effort=0.05)
    fit_diagram(grains, method="moments", exact_volumes=True)


def _summary(fit: DiagramFit, table: pd.DataFrame, background: float, notes: tuple[str, ...]) -> str:
    share = f"{background:.0%}" if background >= 0.01 else "less than 1%"
    left_out = f" The background, {share} of the image, is left out." if background else ""
    lines = [
        f"<b>{fit.mismatch:.2%}</b> of the grains' pixels belong to another grain.{left_out}",
        f"Volume error: mean {fit.mean_volume_error:.2%}, largest {fit.volume_error:.1%}.",
        f"{len(table)} grains in {_seconds(fit.seconds)}.",
    ]
    if fit.stopped:
        lines.insert(0, "Stopped before the end: this is the best diagram so far.")
    lost = sorted(int(i) for i in table["id"][table["volume_error"] <= -1])
    if lost:
        named = ", ".join(map(str, lost[:_NAMED])) + (", …" if len(lost) > _NAMED else "")
        lines.append(f"<b>{len(lost)} of {len(table)} grains have no cell in the diagram</b>: {named}.")
    kinds = Counter(grain.kind for grain in fit.worst)
    shapes = {kind: n for kind, n in kinds.items() if kind in _UNREPRESENTABLE}
    if shapes:
        said = ", ".join(f"{n} {_UNREPRESENTABLE[kind]}" for kind, n in shapes.items())
        lines.append(f"Cells of a diagram have no holes and are in one piece; of the {len(fit.worst)} worst grains: {said}.")
    return " ".join((*lines, *map(escape, notes)))


_NAMED = 12
"""Grains that are named one by one."""
_UNREPRESENTABLE: dict[str, str] = {
    "hole": "with a hole",
    "pieces": "in several pieces",
    "non-convex": "strongly non-convex",
    "small": "of few pixels",
}


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def draw_grains(name: str, table: GrainTable, parameters: FitParameters, abort: threading.Event) -> FitResult:
    """Draw the diagram of a grain table, with the table's volumes if they are to be exact."""
    from shapelab.crystals.table_drawing import draw_table

    if parameters.likelihood or parameters.order != 2:
        raise InputError("A grain table has ellipses and no pixels: choose order 2, and moments, with or without exact volumes.")
    drawing = draw_table(table, parameters.pixels, exact=parameters.exact, tolerance=parameters.tolerance / 100, abort=abort)
    (height, width), errors = drawing.labels.shape, drawing.grains["volume_error"].abs()
    summary = (
        f"<b>{len(table)} grains</b> on {height} × {width} pixels of {drawing.spacing[0]:.3g}. "
        f"Volume error: mean {errors.mean():.2%}, largest {errors.max():.1%}. {drawing.message}"
    )
    return FitResult(
        title=parameters.short_name,
        source=name,
        labels=drawing.labels,
        wrong=None,
        moments=drawing.moments,
        spacing=drawing.spacing,
        table=drawing.grains,
        summary=summary,
        provenance=_provenance(name, parameters, _TABLE_CITATION),
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
