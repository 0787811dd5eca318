"""Strips of pictures of docs/foam.md: neighbours that change, a cell that vanishes, division, contact, wetting, sorting.

python scripts/foam_pictures.py [NAME …]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pictures import save_strip
from PIL import Image

import shapelab as sl

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SIDE = 180
"""Height of a picture [pixels]."""
_HUES = np.array([[64, 140, 242], [255, 153, 38]], float)
_MEDIUM = np.array([24, 24, 28], float)


def drawn(simulation: sl.Foam) -> np.ndarray:
    """Return a picture of a foam: every pixel mixes the colours of its cells, so that interfaces are smooth."""
    state = simulation.state()
    pixels = state.pixels
    shades = 0.55 + 0.45 * (0.618 * state.ids % 1.0)
    colours = _HUES[np.minimum(state.types, 1)] * shades[:, None]
    colours[0] = _MEDIUM
    codes = pixels.codes
    image = colours[np.maximum(codes, 0)]
    mixed = codes < 0
    rows = -1 - codes[mixed]
    image[mixed] = (colours[np.maximum(pixels.cells[rows], 0)] * pixels.fractions[rows][:, :, None]).sum(axis=1)
    picture = Image.fromarray(image.reshape(*pixels.grid, 3).astype(np.uint8))
    return np.asarray(picture.resize((round(SIDE * pixels.grid[1] / pixels.grid[0]), SIDE), Image.Resampling.BICUBIC))


def strip(name: str, pictures: list[np.ndarray]) -> None:
    """Save pictures side by side."""
    save_strip(FOLDER / f"foam_{name}.png", pictures)


def at_steps(simulation: sl.Foam, steps: tuple[int, ...]) -> list[np.ndarray]:
    """Return pictures after so many steps in all."""
    pictures = []
    for step in steps:
        for _ in range(step - simulation.step_number):
            simulation.step()
        pictures.append(drawn(simulation))
    return pictures


def t1() -> None:
    """Four cells at a cross exchange neighbours."""
    strip("t1", at_steps(sl.Foam("four_cells", seed=1), (0, 2, 12, 40, 120)))


def t2() -> None:
    """A cell in a flower of six shrinks away."""
    n, radius = 88, 12
    y, x = np.mgrid[:n, :n] - n / 2
    labels = np.zeros((n, n), np.uint8)
    for k in range(7):
        cy, cx = (0, 0) if k == 6 else 1.75 * radius * np.array([np.sin(k * np.pi / 3), np.cos(k * np.pi / 3)])
        labels[(np.hypot(y - cy, x - cx) < radius) & (labels == 0)] = k + 1
    simulation = sl.Foam(labels=labels, first=0.8, first_medium=1.0)
    pictures = at_steps(simulation, (40,))
    simulation.edit("remove_cell", cell=7)
    strip("t2", pictures + at_steps(simulation, (60, 80, 90, 150)))


def division() -> None:
    """A tissue that grows from one cell."""
    strip("division", at_steps(sl.Foam("growing_tissue", n_cells=1, shape=(96, 96), filling=0.05, seed=2), (10, 110, 230, 340, 450)))


def contact() -> None:
    """Two cells that are near enough meet and stay together."""
    y, x = np.mgrid[:60, :76]
    labels = (np.hypot(y - 29.6, x - 24.4) < 13).astype(np.uint8)
    labels[np.hypot(y - 29.6, x - 52.4) < 11] = 2
    simulation = sl.Foam(labels=labels, types={1: 0, 2: 1}, between=0.8, first_medium=1.0, second_medium=1.0)
    strip("contact", at_steps(simulation, (0, 10, 25, 60, 250)))


def wetting() -> None:
    """One cell spreads over another, the more the cheaper it is on the outside."""
    pictures = []
    y, x = np.mgrid[:76, :90]
    labels = (np.hypot(y - 37.6, x - 34.4) < 15).astype(np.uint8)
    labels[(np.hypot(y - 37.6, x - 58.4) < 14) & (labels == 0)] = 2
    for outside in (1.0, 1.3, 1.6, 1.8, 2.0):
        simulation = sl.Foam(labels=labels, types={1: 0, 2: 1}, between=1.0, first_medium=outside, second_medium=1.0)
        pictures += at_steps(simulation, (400,))
    strip("wetting", pictures)


def sorting() -> None:
    """The four presets of sorting, late."""
    names = ("foam_sorting", "foam_engulfment", "foam_checkerboard", "foam_separation")
    strip("sorting", [at_steps(sl.Foam(name, seed=1), (400,))[0] for name in names])


STRIPS: dict[str, Callable[[], None]] = {f.__name__: f for f in (t1, t2, division, contact, wetting, sorting)}

if __name__ == "__main__":
    for name in sys.argv[1:] or list(STRIPS):
        STRIPS[name]()
