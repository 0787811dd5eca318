"""Pictures of frames without a screen: cells from above or in space, surfaces of fields, all in flat, small palettes."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from shapelab.simulation import Frame

__all__ = ["limits", "picture", "save_strip"]

SHARP = 2
"""Points drawn for every pixel along each axis, which are averaged: outlines are even."""
Limits = tuple[float, float]

BACKGROUND, WALL, MATTER = (18, 18, 22), (92, 94, 112), (240, 160, 60)
HUES = np.array([[0.25, 0.55, 0.95], [1.0, 0.6, 0.15], [0.3, 0.8, 0.4], [0.9, 0.35, 0.6]])
"""Of the types of cells: blue and orange, which nobody takes for one another."""
AZIMUTH, ELEVATION = np.deg2rad(32), np.deg2rad(24)
LIGHT = np.array([-0.72, -0.55, -0.42])
"""From where the light comes, in the axes of the view (ahead, down, right); of length 1."""
STRIDE = 0.7
"""Of a ray [voxels]."""


def picture(frame: Frame, height: int, *, cut: bool = False, limits: Limits | None = None) -> np.ndarray:
    """Return an RGB picture, `height` pixels high, of the cells or of the field of a frame.

    `cut` opens a field in its middle; `limits` are the values that the colours of cells range between, by default those of this frame.
    """
    return averaged(points(frame, SHARP * height, cut, limits))


def save_strip(path: Path, pictures: Sequence[np.ndarray]) -> None:
    """Save RGB pictures of one height side by side, in a small palette."""
    gap = np.full((len(pictures[0]), 5, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, gap)][:-1]
    Image.fromarray(np.concatenate(parts, axis=1)).quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB", flush=True)


def limits(frames: Iterable[Frame]) -> Limits | None:
    """Return the lowest and the highest value, in all these frames, of what their cells are coloured by; None if that is no number."""
    values = [np.asarray(features[about], float) for features, about in map(coloured_by, frames) if about]
    ends = [end for part in values if len(part) for end in (part.min(), part.max())]
    return (min(ends), max(ends)) if ends else None


def averaged(rgb: np.ndarray) -> np.ndarray:
    """Return a picture with the mean colour of every `SHARP` x `SHARP` points."""
    rows, columns = (n // SHARP for n in rgb.shape[:2])
    parts = rgb[: rows * SHARP, : columns * SHARP].reshape(rows, SHARP, columns, SHARP, 3)
    return np.rint(parts.mean(axis=(1, 3))).astype(np.uint8)


def points(frame: Frame, height: int, cut: bool, limits: Limits | None) -> np.ndarray:
    """Return what `picture` averages."""
    if "field" in frame:
        field = np.array(frame["field"], np.float32)
        if cut:
            field[..., : field.shape[2] // 2] = -1
        return surface(field, height)
    cells, walls = np.asarray(frame["cells"]), np.asarray(frame["walls"]) > 0 if "walls" in frame else None
    table = palette(frame, int(cells.max()) + 1, limits)
    if cells.ndim == 3:
        return space(cells, walls, table, height)
    rgb = plane(cells, walls, table, height)
    if "attractant" in frame:
        glow = np.asarray(frame["attractant"], float)
        rows, columns = np.arange(height) * glow.shape[0] // height, np.arange(rgb.shape[1]) * glow.shape[1] // rgb.shape[1]
        light = (glow / glow.max())[np.ix_(rows, columns)][..., None] * np.array([70, 28, 45])
        rgb = np.clip(rgb + light, 0, 255).astype(np.uint8)
    if "scene" in frame:
        draw_lines(rgb, frame)
    return rgb


def coloured_by(frame: Frame) -> tuple[Any, str | None]:
    """Return the features of the cells, and the one whose values colour them: none where there are types, or no cells."""
    if "seeds" not in frame:
        return {}, None
    features = frame.layer("seeds").meta["features"]
    about = frame.layer("cells").meta.get("metadata", {}).get("colour_by")
    return features, about if len(np.unique(features["type"])) < 2 else None


def palette(frame: Frame, n: int, limits: Limits | None) -> np.ndarray:
    """Return a colour per id, (n, 3): by type if there are several, by what the scenario is about, or one for each cell."""
    from napari.utils.colormaps import ensure_colormap

    features, about = coloured_by(frame)
    ids, types = np.asarray(features["id"]), np.asarray(features["type"])
    table = np.tile(np.array(BACKGROUND), (n, 1))
    shade = (0.72 + 0.28 * (0.618 * ids % 1.0))[:, None]
    if len(set(types.tolist())) > 1:
        table[ids] = shade * 255 * HUES[types % len(HUES)]
    elif about:
        values = np.asarray(features[about], float)
        low, high = limits or (values.min(initial=0), values.max(initial=0))
        if about == "heading":
            low, high = -180.0, 180.0
        scaled = (values - low) / max(high - low, 1e-12)
        if about == "heading":
            table[ids] = 255 * np.array([colorsys.hsv_to_rgb(value % 1.0, 0.55, 0.95) for value in scaled]).reshape(-1, 3)
        else:
            table[ids] = 255 * (0.15 + 0.85 * ensure_colormap("viridis").map(scaled)[:, :3])
    else:
        light = 0.68 + 0.08 * (ids * 7 % 5)
        hues = np.round(24 * (0.618 * ids % 1.0)) / 24
        table[ids] = 255 * np.array([colorsys.hsv_to_rgb(hue, 0.55, value) for hue, value in zip(hues, light, strict=True)]).reshape(-1, 3)
    return table


def draw_lines(rgb: np.ndarray, frame: Frame) -> None:
    """Draw the lines of the scene into a picture of the plane."""
    scene, shape = frame.layer("scene"), frame.layer("seeds").meta["scale"]
    drawn = np.array(frame.layer("cells").meta["scale"]) * frame["cells"].shape / np.array(shape)
    scale = np.array(rgb.shape[:2]) / drawn
    for (start, step), colour in zip(np.asarray(scene.data), np.asarray(scene.meta["edge_color"]), strict=True):
        for part in np.linspace(0, 1, int(np.abs(step * scale).max()) + 2):
            y, x = np.rint((start + part * step + 0.5) * scale - 0.5).astype(int)
            if 0 <= y < rgb.shape[0] and 0 <= x < rgb.shape[1]:
                rgb[max(0, y - SHARP) : y + SHARP, max(0, x - SHARP) : x + SHARP] = 255 * np.array(colour[:3])


def plane(cells: np.ndarray, walls: np.ndarray | None, table: np.ndarray, height: int) -> np.ndarray:
    """Return cells in the plane with dark outlines."""
    width = round(height * cells.shape[1] / cells.shape[0])

    def seen(image: np.ndarray) -> np.ndarray:
        return image[np.ix_(np.arange(height) * image.shape[0] // height, np.arange(width) * image.shape[1] // width)]

    rgb = table[seen(cells)]
    if walls is not None:
        rgb[seen(walls)] = WALL
    rgb[outlines(seen(cells))] = (40, 40, 46)
    result: np.ndarray = rgb.astype(np.uint8)
    return result


def space(cells: np.ndarray, walls: np.ndarray | None, table: np.ndarray, height: int) -> np.ndarray:
    """Return cells in space seen from a corner, before the rear half of the walls."""
    seen = View(cells.shape, height)
    soft = gaussian_filter((cells > 0).astype(np.float32), 0.8) - 0.5
    depth = seen.depth(soft)
    hit = depth >= 0
    ids = np.zeros(depth.shape, cells.dtype)
    for deeper in (0.5, 0.0, 1.0, 2.0):  # the surface is smooth, the voxels are not
        places = np.rint(seen.places(depth + deeper)).astype(int)
        index = np.clip(places, 0, np.array(cells.shape)[:, None, None] - 1)
        ids = np.where(hit & (ids == 0), cells[tuple(index)], ids)
    rgb = np.where(hit[..., None], table[ids] * seen.shading(soft, depth)[..., None], BACKGROUND)
    rgb[outlines(ids) & hit] *= 0.55
    if walls is not None:
        behind = walls.copy()
        behind[: cells.shape[0] // 2] = False
        solid = gaussian_filter(behind.astype(np.float32), 0.8) - 0.5
        depth = seen.depth(solid)
        back = ~hit & (depth >= 0)
        rgb[back] = (np.array(WALL) * seen.shading(solid, depth)[..., None])[back]
    return np.clip(rgb, 0, 255).astype(np.uint8)


def surface(field: np.ndarray, height: int) -> np.ndarray:
    """Return the surface field = 0 seen from a corner, with the cuts at the sides of the box."""
    seen = View(field.shape, height)
    depth = seen.depth(field)
    shade = seen.shading(gaussian_filter(np.pad(field, 2, constant_values=-1.0), 0.7)[2:-2, 2:-2, 2:-2], depth)
    return np.where((depth >= 0)[..., None], np.array(MATTER) * shade[..., None], BACKGROUND).clip(0, 255).astype(np.uint8)


class View:
    """An orthographic view of a box from a corner, `height` pixels high; y points down. Depths are in voxels along the view."""

    def __init__(self, shape: tuple[int, ...], height: int) -> None:
        c, s = np.cos(AZIMUTH), np.sin(AZIMUTH)
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])  # about the vertical axis, in (z, y, x)
        c, s = np.cos(ELEVATION), np.sin(ELEVATION)
        self.axes = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ turn  # rows: ahead, down, right
        half = np.abs(self.axes) @ (np.array(shape) / 2)
        step = 2 * half[1] / height
        self.down, self.right = np.meshgrid(
            *(np.arange(n) * step - h for n, h in zip((height, int(2 * half[2] / step)), half[1:], strict=True)), indexing="ij"
        )
        self.centre, self.half, self.longest = (np.array(shape) - 1) / 2, half[0], 2 * half[0]

    def places(self, depth: np.ndarray) -> np.ndarray:
        """Return where the rays are at these depths, in voxels: (3, rows, columns)."""
        return self.centre[:, None, None] + np.tensordot(self.axes.T, np.stack([depth - self.half, self.down, self.right]), axes=1)

    def depth(self, solid: np.ndarray) -> np.ndarray:
        """Return how deep the rays first meet values above 0; -1 where they never do. Outside of the box there is nothing."""
        padded = np.pad(solid, 2, constant_values=-1.0).astype(np.float32)
        start = self.places(np.zeros_like(self.down)) + 2
        return march(padded, start, self.axes[0], self.longest)

    def shading(self, solid: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Return the brightness of what the rays meet at a depth: lit from the upper left, paler far away."""
        padded, place = np.pad(solid, 2, constant_values=solid.min()), self.places(depth) + 2
        slopes = []
        for axis in range(3):
            shift = np.zeros((3, 1, 1))
            shift[axis] = 1.0
            slopes.append(map_coordinates(padded, place + shift, order=1) - map_coordinates(padded, place - shift, order=1))
        normal = -np.stack(slopes)
        normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-6)
        lit = np.clip(np.tensordot(LIGHT @ self.axes, normal, axes=1), 0, 1)
        brightness: np.ndarray = (0.45 + 0.8 * lit) * (1 - 0.35 * depth / self.longest)
        return brightness


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def march(solid: np.ndarray, start: np.ndarray, ahead: np.ndarray, longest: float) -> np.ndarray:
    """Return the depth at which each ray first meets a value above 0 of a volume, interpolated linearly; -1 where it never does."""
    rows, columns = start.shape[1:]
    found = np.full((rows, columns), -1.0)
    for r in range(rows):
        for c in range(columns):
            before = -1.0
            depth = 0.0
            while depth < longest:
                z, y, x = start[0, r, c] + depth * ahead[0], start[1, r, c] + depth * ahead[1], start[2, r, c] + depth * ahead[2]
                value = -1.0
                if 0 <= z < solid.shape[0] - 1 and 0 <= y < solid.shape[1] - 1 and 0 <= x < solid.shape[2] - 1:
                    i, j, k = int(z), int(y), int(x)
                    a, b, d = z - i, y - j, x - k
                    value = 0.0
                    for p in range(2):
                        for q in range(2):
                            weight = (a if p else 1 - a) * (b if q else 1 - b)
                            value += weight * ((1 - d) * solid[i + p, j + q, k] + d * solid[i + p, j + q, k + 1])
                if value > 0:
                    found[r, c] = max(0.0, depth - STRIDE * value / (value - before))
                    break
                before = value
                depth += STRIDE
    return found


def outlines(labels: np.ndarray) -> np.ndarray:
    """Return the lines between labels, a pixel of the picture wide."""
    edge = np.zeros(labels.shape, bool)
    for shift in range(1, SHARP + 1):
        edge[shift:] |= labels[shift:] != labels[:-shift]
        edge[:, shift:] |= labels[:, shift:] != labels[:, :-shift]
    return edge
