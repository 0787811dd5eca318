"""Colours that tell neighbouring cells apart, and colours of directions."""

from __future__ import annotations

from functools import cache

import numpy as np
from napari.utils.colormaps import Colormap, CyclicLabelColormap

__all__ = ["direction_colours", "distinct_colours"]

_COUNT = 1200
_LIGHT, _CHROMA = (0.58, 0.93), 0.15
"""Range of the lightness, none too dark to be seen on black, and of the distance from grey."""


@cache
def distinct_colours() -> CyclicLabelColormap:
    """Return label colours so many that neighbours hardly ever share one.

    They are spread evenly over lightness, yellow-blue and red-green (OKLab, B. Ottosson 2020), in an order in which those that follow
    one another are far apart in each of the three: whoever does not see one of them still has the others.
    """
    ratio = 1.2207440846  # of the low-discrepancy sequence in three dimensions (M. Roberts 2018)
    places = (0.5 + np.arange(1, 4 * _COUNT)[:, None] / ratio ** np.arange(1, 4)) % 1.0
    low, high = _LIGHT
    lab = np.column_stack([low + (high - low) * places[:, 0], _CHROMA * (2 * places[:, 1:] - 1)])
    rgb = _rgb(lab)
    shown = rgb[((rgb >= 0) & (rgb <= 1)).all(axis=1)][:_COUNT]
    colours = np.column_stack([np.concatenate([np.zeros((1, 3)), shown]), np.r_[0.0, np.ones(len(shown))]])
    return CyclicLabelColormap(colors=colours, name="cells", display_name="cells")


@cache
def direction_colours() -> Colormap:
    """Return colours of equal lightness that go round: the first is the last."""
    angles = np.linspace(0, 2 * np.pi, 73)
    lab = np.column_stack([np.full(73, 0.76), 0.12 * np.cos(angles), 0.12 * np.sin(angles)])
    return Colormap(np.clip(_rgb(lab), 0, 1), name="directions")


def _rgb(lab: np.ndarray) -> np.ndarray:
    """Return sRGB colours of OKLab ones, (n, 3); what cannot be shown lies outside 0 to 1."""
    mixed = lab @ np.array([[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.2914855480]])
    matrix = [
        [4.0767416621, -1.2684380046, -0.0041960863],
        [-3.3077115913, 2.6097574011, -0.7034186147],
        [0.2309699292, -0.3413193965, 1.7076147010],
    ]
    linear = mixed**3 @ np.array(matrix)
    return np.asarray(np.where(linear > 0.0031308, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055, 12.92 * linear))
