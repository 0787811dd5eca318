"""Draw every preset and scenario of the catalogue at three times, and write docs/gallery.md.

python scripts/gallery.py [NAME ...] [--seconds 20]
"""

from __future__ import annotations

import argparse
import colorsys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from shapelab.catalog import Scenario, create, families, scenarios
from shapelab.simulation import Frame, Simulation

DOCS = Path(__file__).parent.parent / "docs"
IMAGES = DOCS / "images" / "gallery"
SIDE = 240
"""Height of a picture [pixels]."""


def main() -> None:
    """Draw what is asked for, then write the page of all that is drawn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="presets and scenarios; by default all")
    parser.add_argument("--seconds", type=float, default=20.0, help="processor time to let each one run")
    options = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    for family in families():
        for name in scenarios(family):
            if not options.names or name in options.names:
                draw(family, name, options.seconds)
    write_page()


def draw(family: str, name: str, seconds: float) -> None:
    """Save the strip of one scenario."""
    simulation = create(family, name)
    frames = three_frames(simulation, seconds)
    gap = np.full((SIDE, 6, 3), 255, np.uint8)
    pictures = [scaled(picture(frame)) for frame in frames]
    strip = np.concatenate([pictures[0], gap, pictures[1], gap, pictures[2]], axis=1)
    Image.fromarray(strip).quantize(128).save(IMAGES / f"{name}.png", optimize=True)
    print(f"{name}: steps {[frame.step for frame in frames]}", flush=True)


def three_frames(simulation: Simulation, seconds: float) -> list[Frame]:
    """Return the first frame, the last one, and one from a fifth of the way."""
    frames = [simulation.frame()]
    end = time.process_time() + seconds
    while not simulation.done and time.process_time() < end:
        for _ in range(5):
            simulation.step()
        frames.append(simulation.frame())
        if len(frames) > 200:
            frames = frames[::2]
    return [frames[0], frames[len(frames) // 5], frames[-1]]


def picture(frame: Frame) -> np.ndarray:
    """Return an RGB picture of the field or the cells of a frame."""
    if "field" in frame:
        return surface(np.asarray(frame["field"]) > 0, np.asarray(frame["field"]))
    cells = np.asarray(frame["cells"])
    types = dict(zip(frame.layer("seeds").meta["features"]["id"], frame.layer("seeds").meta["features"]["type"], strict=True))
    table = palette(cells.max() + 1, types)
    if "walls" in frame:
        table = np.concatenate([table, [[90, 60, 45]]])
        cells = np.where(np.asarray(frame["walls"]) > 0, len(table) - 1, cells)
    if cells.ndim == 2:
        rgb = table[cells]
        edge = np.zeros(cells.shape, bool)
        edge[1:] |= cells[1:] != cells[:-1]
        edge[:, 1:] |= cells[:, 1:] != cells[:, :-1]
        return np.where(edge[..., None], rgb // 2, rgb).astype(np.uint8)
    solid = np.where(cells == len(table) - 1, 0, cells) if "walls" in frame else cells
    first, depth = nearest(solid > 0)
    shade = shading(depth)
    colours = table[np.take_along_axis(solid, first[None], axis=0)[0]]
    return np.where(np.isfinite(depth)[..., None], colours * shade[..., None], 20).astype(np.uint8)


def palette(n: int, types: dict[int, int]) -> np.ndarray:
    """Return a colour per id: neighbours differ in shade, types in hue if there are several."""
    several = len(set(types.values())) > 1
    table = np.full((n, 3), 18)
    for cell, kind in types.items():
        hue = (0.58 + 0.5 * kind) % 1.0 if several else (0.618 * cell) % 1.0
        light = 0.62 + 0.3 * ((0.754 * cell) % 1.0)
        table[cell] = 255 * np.array(colorsys.hsv_to_rgb(hue, 0.55, light))
    return table


def nearest(solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return index and depth of the first voxel of `solid` along z; infinite where there is none."""
    first = solid.argmax(axis=0)
    return first, np.where(solid.any(axis=0), first.astype(float), np.inf)


def surface(solid: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Return a shaded view along z of the surface field = 0."""
    first, depth = nearest(solid)
    before = np.maximum(first - 1, 0)
    inside, outside = (np.take_along_axis(field, index[None], axis=0)[0] for index in (first, before))
    step = np.where(first > 0, inside / np.where(inside != outside, inside - outside, 1), 0)
    shade = shading(depth - np.clip(step, 0, 1))
    colour = np.array([240, 150, 40])
    return np.where(np.isfinite(depth)[..., None], colour * shade[..., None], 20).astype(np.uint8)


def shading(depth: np.ndarray) -> np.ndarray:
    """Return brightness from the slope and the distance of a depth map."""
    filled = np.where(np.isfinite(depth), depth, depth.shape[0])
    dy, dx = np.gradient(filled)
    lit = (1 - 0.5 * dx - 0.5 * dy) / np.sqrt(1 + dx**2 + dy**2) / 1.3
    return np.clip(lit, 0.15, 1) * (1 - 0.6 * filled / max(filled.max(), 1))


def scaled(image: np.ndarray) -> np.ndarray:
    """Return `image` at the common height."""
    width = max(1, round(image.shape[1] * SIDE / image.shape[0]))
    return np.asarray(Image.fromarray(image).resize((width, SIDE), Image.Resampling.LANCZOS))


def write_page() -> None:
    """Write docs/gallery.md of the strips that there are."""
    lines = ["# Gallery", "", "Made by `python scripts/gallery.py`: each strip shows the start, an early and a late time of one run.", ""]
    for family, entry in families().items():
        lines += [f"## {entry.title}", ""]
        for name, item in scenarios(family).items():
            if (IMAGES / f"{name}.png").exists():
                lines += [*card(name, item), ""]
    (DOCS / "gallery.md").write_text("\n".join(lines))


def card(name: str, item: Scenario) -> list[str]:
    """Return the lines of one scenario."""
    return [f"**{item.title}** (`{name}`): {item.description}", "", f"![{item.title}](images/gallery/{name}.png)"]


if __name__ == "__main__":
    main()
