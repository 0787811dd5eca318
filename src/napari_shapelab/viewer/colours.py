"""Colours that tell neighbouring cells apart."""

from __future__ import annotations

from functools import cache

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap, label_colormap

__all__ = ["distinct_colours"]


@cache
def distinct_colours() -> CyclicLabelColormap:
    """Return label colours so many that neighbours hardly ever share one, none too dark to be seen on black."""
    colours = label_colormap(1499).colors
    bright = colours[1:] @ np.array([0.3, 0.59, 0.11, 0.0]) > 0.25
    return CyclicLabelColormap(colors=np.concatenate([colours[:1], colours[1:][bright]]), name="cells", display_name="cells")
