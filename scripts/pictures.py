"""Pictures of frames without a screen: cells from above or in space, surfaces of fields, all in flat, small palettes."""

from __future__ import annotations

import colorsys

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from shapelab.simulation import Frame

__all__ = ["picture"]

BACKGROUND, WALL, MATTER = (18, 18, 22), (92, 94, 112), (240, 160, 60)
HUES = np.array([[0.25, 0.55, 0.95], [1.0, 0.6, 0.15], [0.3, 0.8, 0.4], [0.9, 0.35, 0.6]])
"""Of the types of cells: blue and orange, which nobody takes for one another."""
AZIMUTH, ELEVATION = np.deg2rad(32), np.deg2rad(24)
LIGHT = np.array([-0.72, -0.55, -0.42])
"""From where the light comes, in the axes of the view (depth, down, right); of length 1."""


def picture(frame: Frame, height: int, *, cut: bool = False) -> np.ndarray:
    """Return an RGB picture, `height` pixels high, of the cells or of the field of a frame; `cut` opens a field in its middle."""
    if "field" in frame:
        field = np.array(frame["field"], np.float32)
        if cut:
            field[..., : field.shape[2] // 2] = -1
        return surface(field, height)
    cells, walls = np.asarray(frame["cells"]), np.asarray(frame["walls"]) > 0 if "walls" in frame else None
    table = palette(frame, int(cells.max()) + 1)
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


def palette(frame: Frame, n: int) -> np.ndarray:
    """Return a colour per id, (n, 3): by type if there are several, by what the scenario is about, or one for each cell."""
    from napari.utils.colormaps import ensure_colormap

    features = frame.layer("seeds").meta["features"]
    ids, types = np.asarray(features["id"]), np.asarray(features["type"])
    about = frame.layer("cells").meta.get("metadata", {}).get("colour_by")
    table = np.tile(np.array(BACKGROUND), (n, 1))
    shade = (0.72 + 0.28 * (0.618 * ids % 1.0))[:, None]
    if len(set(types.tolist())) > 1:
        table[ids] = shade * 255 * HUES[types % len(HUES)]
    elif about:
        values = np.asarray(features[about], float)
        low, high = (-180.0, 180.0) if about == "heading" else (values.min(initial=0), values.max(initial=0))
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
                rgb[max(0, y - 1) : y + 1, max(0, x - 1) : x + 1] = 255 * np.array(colour[:3])


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
    rays = view(cells.shape, height)
    index = tuple(np.clip(np.rint(rays), 0, np.array(cells.shape)[:, None, None, None] - 1).astype(int))
    inside = np.ones(rays.shape[1:], bool)
    for ray, n in zip(rays, cells.shape, strict=True):
        inside &= (ray > -0.5) & (ray < n - 0.5)
    ids = np.where(inside, cells[index], 0)
    first = (ids > 0).argmax(axis=0)
    hit: np.ndarray = np.any(ids > 0, axis=0)
    seen = np.take_along_axis(ids, first[None], axis=0)[0]
    soft = gaussian_filter(np.pad((cells > 0).astype(np.float32), 2), 1.0)
    shade = shading(soft, rays + 2, first)
    rgb = np.where(hit[..., None], table[seen] * shade[..., None], BACKGROUND)
    rgb[outlines(seen) & hit] *= 0.55
    if walls is not None:
        behind = walls.copy()
        behind[: cells.shape[0] // 2] = False
        solid = inside & behind[index]
        back = ~hit & np.any(solid, axis=0)
        depth = shading(gaussian_filter(np.pad(behind.astype(np.float32), 2), 1.0), rays + 2, solid.argmax(axis=0))
        rgb[back] = (np.array(WALL) * depth[..., None])[back]
    return np.clip(rgb, 0, 255).astype(np.uint8)


def surface(field: np.ndarray, height: int) -> np.ndarray:
    """Return the surface field = 0 seen from a corner, with the cuts at the sides of the box."""
    rays = view(field.shape, height)
    padded = np.pad(field, 2, constant_values=-1.0)
    values = map_coordinates(padded, rays + 2, order=1, cval=-1.0)
    first = (values > 0).argmax(axis=0)
    hit: np.ndarray = np.any(values > 0, axis=0)
    shade = shading(gaussian_filter(padded, 0.7), rays + 2, first)
    return np.where(hit[..., None], np.array(MATTER) * shade[..., None], BACKGROUND).clip(0, 255).astype(np.uint8)


def view(shape: tuple[int, ...], height: int) -> np.ndarray:
    """Return where the rays of an orthographic view pass, in voxels: (3, depth, rows, columns); y points down."""
    c, s = np.cos(AZIMUTH), np.sin(AZIMUTH)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])  # about the vertical axis, in (z, y, x)
    c, s = np.cos(ELEVATION), np.sin(ELEVATION)
    axes = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ turn  # rows: depth, down, right
    half = np.abs(axes) @ (np.array(shape) / 2)
    step = 2 * half[1] / height
    steps = [np.arange(-h, h, step, dtype=np.float32) for h in half]
    steps[1] = steps[1][:height]
    depth, down, right = np.meshgrid(*steps, indexing="ij")
    centre = (np.array(shape) - 1) / 2
    return np.stack([centre[k] + axes[0, k] * depth + axes[1, k] * down + axes[2, k] * right for k in range(3)])


def shading(solid: np.ndarray, rays: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the brightness of what the rays meet first: lit from the upper left, paler far away."""
    place = np.stack([np.take_along_axis(ray, first[None], axis=0)[0] for ray in rays])
    slopes = []
    for axis in range(3):
        shift = np.zeros((3, 1, 1))
        shift[axis] = 1.0
        slopes.append(map_coordinates(solid, place + shift, order=1) - map_coordinates(solid, place - shift, order=1))
    normal = -np.stack(slopes)
    normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-6)
    towards = [rays[:, *k] - rays[:, 0, 0, 0] for k in ((-1, 0, 0), (0, -1, 0), (0, 0, -1))]
    light = sum(amount * v / np.linalg.norm(v) for amount, v in zip(LIGHT, towards, strict=True))
    lit = np.clip(np.tensordot(light, normal, axes=1), 0, 1)
    brightness: np.ndarray = (0.45 + 0.8 * lit) * (1 - 0.35 * first / rays.shape[1])
    return brightness


def outlines(labels: np.ndarray) -> np.ndarray:
    """Return where a label differs from the one above it or left of it."""
    edge = np.zeros(labels.shape, bool)
    edge[1:] |= labels[1:] != labels[:-1]
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return edge
