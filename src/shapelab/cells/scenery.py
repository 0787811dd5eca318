"""What stands around the cells, as coloured lines: the box, a floor, a door, the surface of water, an attractant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from shapelab.cells.frames import place, to_pixels
from shapelab.cells.parameters import CellParameters
from shapelab.frame import LayerData, frozen

__all__ = ["SOURCE", "Lines", "box_lines", "circle_lines", "door_lines", "floor_lines", "scene_layer", "water_lines"]

Lines = tuple[np.ndarray, tuple[float, float, float, float]]
"""Segments (n, 2, d) in box lengths, from and to, and their colour (RGBA)."""

BOX = (0.55, 0.55, 0.6, 0.7)
DOOR = (0.25, 0.85, 0.45, 1.0)
FLOOR = (0.75, 0.6, 0.4, 1.0)
SOURCE = (1.0, 0.85, 0.35, 0.8)
WATER = (0.35, 0.65, 1.0, 0.9)


def box_lines(size: np.ndarray) -> Lines:
    """Return the edges of a box (d sides) from the origin."""
    corners = np.array(list(itertools.product((0, 1), repeat=len(size))))
    pairs = [(a, b) for a, b in itertools.combinations(corners, 2) if np.abs(a - b).sum() == 1]
    return np.array(pairs) * size, BOX


def floor_lines(size: np.ndarray) -> Lines:
    """Return the lower edges of a box; y, the last axis but one, points down."""
    edges, _ = box_lines(size)
    return edges[(edges[:, :, -2] == size[-2]).all(axis=1)], FLOOR


def water_lines(size: np.ndarray, ruled: int = 9) -> Lines:
    """Return a level half-way up a box: a line in the plane, a grid in space."""
    if len(size) == 2:
        return np.array([[(size[0] / 2, 0.0), (size[0] / 2, size[1])]]), WATER
    ends = np.array([[(z, size[1] / 2, 0.0), (z, size[1] / 2, size[2])] for z in np.linspace(0, size[0], ruled)])
    others = np.array([[(0.0, size[1] / 2, x), (size[0], size[1] / 2, x)] for x in np.linspace(0, size[2], ruled)])
    return np.concatenate([ends, others]), WATER


def door_lines(size: np.ndarray, x: float, half_width: float) -> Lines:
    """Return a door at x in a wall across the plane, in the middle of the box."""
    return np.array([[(size[0] / 2 - half_width, x), (size[0] / 2 + half_width, x)]]), DOOR


def circle_lines(middle: np.ndarray, radius: float, colour: tuple[float, float, float, float], pieces: int = 48) -> Lines:
    """Return a circle in the plane."""
    angles = np.linspace(0, 2 * np.pi, pieces + 1)
    points = middle + radius * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    return np.stack([points[:-1], points[1:]], axis=1), colour


def scene_layer(lines: Sequence[Lines], p: CellParameters) -> LayerData:
    """Return the vectors "scene" of all lines."""
    segments = np.concatenate([segment for segment, _ in lines])
    colours = np.repeat([colour for _, colour in lines], [len(segment) for segment, _ in lines], axis=0)
    begin, end = to_pixels(segments[:, 0], p), to_pixels(segments[:, 1], p)
    look = {"edge_width": max(p.shape) / 150, "edge_color": colours, "vector_style": "line", "length": 1.0}
    return LayerData("scene", frozen(np.stack([begin, end - begin], axis=1)), "vectors", {**place(p), **look})
