"""The work behind the Crystals dock's Generate tab: parameters, preview, a new sample with its statistics."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

import shapelab
from napari_shapelab.work.progress import Progress, Report
from shapelab.crystals.generate_parameters import GenerateParameters
from shapelab.crystals.population import Population
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals import Crystal

__all__ = ["GeneratedCrystal", "generate", "preview", "quantities", "sample_features"]

_PREVIEW_SIDE = {2: 128, 3: 40}
_PREVIEW_GRAINS = {2: 150, 3: 120}


@dataclass(frozen=True, eq=False)
class GeneratedCrystal:
    """A new sample, with its reference population."""

    crystal: Crystal
    like: Population | None
    summary: str
    provenance: dict[str, Any]
    unit: str = ""
    """Of the size of a pixel."""


def generate(
    parameters: GenerateParameters, like: Population | None, like_name: str, report: Report, abort: threading.Event
) -> GeneratedCrystal:
    """Make a sample."""

    def tell(fraction: float, labels: np.ndarray) -> None:
        report(Progress(fraction, f"Regularised {percent(fraction)}: volumes become exact at the end.", labels))

    crystal = parameters.generate(like, tell, abort)
    provenance = {
        "model": "crystals",
        "parameters": parameters.to_json(),
        "like": like_name,
        "seed": parameters.seed,
        "version": shapelab.__version__,
        "statistics": dict(crystal.statistics),
    }
    summary = re.sub(r"^(\d+ grains)", r"<b>\1</b>", escape(crystal.summary(like_name)))
    return GeneratedCrystal(crystal, like, summary, provenance, parameters.unit)


def preview(parameters: GenerateParameters, like: Population | None) -> np.ndarray:
    """Return a small sample (2-D labels) with these parameters, in a fraction of a second; of 3-D, the middle section."""
    dim = len(parameters.grid)
    side = _PREVIEW_SIDE[dim]
    grains = min(parameters.n_grains, _PREVIEW_GRAINS[dim])
    longest = max(parameters.grid)
    grid = tuple(max(8, round(side * n / longest)) for n in parameters.grid)
    shape = grid if dim == 3 else (1, *grid)
    small = parameters.replace(n_grains=grains, shape=shape, tolerance=5, lloyd=min(parameters.lloyd, 3), match_boundaries=False)
    labels = small.generate(like).labels
    section: np.ndarray = labels if dim == 2 else labels[len(labels) // 2]
    return section


def quantities(crystal: Crystal, like: Population | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what the plots show: quantity -> values in the reference sample, or asked for (empty if unknown), and in the new one."""
    new, none = crystal.population, np.zeros(0)
    before = (crystal.targets, none, none) if like is None else (like.volumes, like.aspect_ratios, like.angles)
    return {
        "volume / mean volume": (before[0] / before[0].mean(), new.volumes / new.volumes.mean()),
        "aspect ratio": (before[1], new.aspect_ratios),
        "direction of the long axis (°)": (np.rad2deg(before[2]), np.rad2deg(new.angles)),
    }


def sample_features(crystal: Crystal) -> pd.DataFrame:
    """Return the features of a sample's layer: one row per grain."""
    import pandas as pd

    population = crystal.population
    columns = {"volume": crystal.volumes, "volume_asked": crystal.targets, "aspect_ratio": population.aspect_ratios}
    return pd.DataFrame({"index": crystal.diagram.ids, **columns})
