"""Grains as a page, drawn from their diagram as finely as a page holds."""

from __future__ import annotations

import numpy as np

from shapelab.crystals.diagram_file import SavedDiagram
from shapelab.crystals.sample import GrainSample
from shapelab.frame import LayerData
from shapelab.page.still import still_page
from shapelab.page.writing import LARGEST, Page
from shapelab.stopping import check_stop

__all__ = ["crystal_page"]

_FINEST = {2: 1024, 3: 128}
"""Pixels along the longest side up to which a diagram is drawn more finely, by number of axes."""
_MOST_FINE = 8


def crystal_page(sample: GrainSample, name: str, *, source: str = "", max_size: float = LARGEST) -> Page:
    """Return a page of grains.

    Parameters
    ----------
    sample
        The grains; where they have a diagram and fill their box, it is drawn.
    name
        What they are called.
    source
        Where they come from, "" if that is the name.
    max_size
        Largest size of the file [MB].

    Raises
    ------
    InputError
        If the page would be too large.
    """
    labels, spacing, diagram, unit = sample.labels, tuple(sample.place.spacing), sample.diagram, sample.place.unit
    drawn = diagram is not None and bool((labels != 0).all())
    rows = {"Grains": str(len(np.setdiff1d(np.unique(labels), [0]))), "Grid": " × ".join(map(str, labels.shape))}
    if diagram is not None:
        rows |= {"Order": str(diagram.order), "Repeats": "yes" if any(diagram.period) else "no"}
    if diagram is not None and drawn:
        saved = SavedDiagram(diagram, labels.shape, spacing, unit)
        fineness = max(1, min(_MOST_FINE, _FINEST[labels.ndim] // max(labels.shape)))
        labels, spacing = saved.labels(fineness), saved.finer(fineness)
        check_stop()
    layer = LayerData("grains", labels, "labels", {"scale": spacing, "units": (unit,) * labels.ndim})
    return still_page(
        [layer],
        title=f"{name} · Crystal",
        about="Grains of a diagram, drawn from its polynomials." if drawn else "Grains, as in their label image.",
        table_title="Crystal",
        rows=rows,
        sources={"From": source or name},
        max_size=max_size,
    )
