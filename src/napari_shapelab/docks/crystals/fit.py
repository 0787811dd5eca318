"""The work behind the Crystals dock's Fit tab: grains in, a fitted diagram and a table of the grains out."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

import shapelab
from napari_shapelab.work.progress import Progress, Report
from shapelab.crystals.fit_parameters import FitParameters
from shapelab.crystals.moments import Moments
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.convert.place import Place
    from shapelab.crystals import Diagram, FitProgress, GrainSample, GrainTable

__all__ = ["FitResult", "GrainImage", "draw_grains", "fit_image", "fit_something_small"]

_CITATION = "D.P. Bourne, M. Buze, T. Gallouet, Q. Merigot, arXiv:2605.20816 (2026)"
_TABLE_CITATION = "M. Buze, J. Feydy, S.M. Roper, K. Sedighiani, D.P. Bourne, Comput. Mater. Sci. 245 (2024) 113317"


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
    diagram: Diagram | None = None
    periodic: bool = False
    provenance: dict[str, Any] = field(default_factory=dict)

    def sample(self, place: Place, known: Mapping[str, Any]) -> GrainSample:
        """Return what can be saved of it, with what the layer's metadata know of its labels."""
        from shapelab.crystals.sample import KNOWN, GrainSample

        parts = {key: known[key] for key in KNOWN if key in known}
        return GrainSample(self.labels, place, None, self.diagram, **parts, periodic=self.periodic)


def fit_image(image: GrainImage, parameters: FitParameters, report: Report, abort: threading.Event) -> FitResult:
    """Fit a label image."""
    from shapelab.crystals.fit_summary import fit_sentences
    from shapelab.crystals.fitting import kernels_ready
    from shapelab.crystals.report import grain_report

    if not kernels_ready(parameters.likelihood):
        report(Progress(-1, "Compiling the kernels, the first time only…"))

    def tell(progress: FitProgress) -> None:
        text = f"{progress.stage} · mismatch {percent(progress.mismatch)}"
        report(Progress(progress.fraction, text[0].upper() + text[1:]))

    labels, ids = _numbered(image.labels)
    fit = parameters.fit(labels, image.spacing, tell, abort)
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
        diagram=fit.diagram if ids is None else None,
        periodic=parameters.boundary == "periodic",
        summary=_summary(fit_sentences(fit, table, labels), image.notes),
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


def _summary(sentences: Sequence[str], notes: tuple[str, ...]) -> str:
    """Return sentences as rich text, the mismatch in bold."""
    return re.sub(r"(\d[\d.]* %)", r"<b>\1</b>", escape(" ".join((*sentences, *notes))), count=1)


def draw_grains(name: str, table: GrainTable, parameters: FitParameters, abort: threading.Event) -> FitResult:
    """Draw the diagram of a grain table, with the table's volumes if they are to be exact."""
    drawing = parameters.draw(table, abort)
    summary = re.sub(r"^(\d+ grains)", r"<b>\1</b>", escape(drawing.summary()))
    return FitResult(
        title=parameters.short_name,
        source=name,
        labels=drawing.labels,
        wrong=None,
        moments=drawing.moments,
        spacing=drawing.spacing,
        table=drawing.grains,
        diagram=drawing.diagram,
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
