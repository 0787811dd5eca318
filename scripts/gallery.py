"""Draw every preset and scenario of the catalogue, as three pictures and as a short film, and write docs/gallery.md.

python scripts/gallery.py [NAME ...] [--only-page]

Every run has the same seed and number of steps each time, so that the gallery is the same each time on one machine.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pictures import limits, picture
from PIL import Image

from shapelab.catalog import Scenario, create, families, scenarios
from shapelab.simulation import Frame, Simulation

DOCS = Path(__file__).parent.parent / "docs"
IMAGES = DOCS / "images" / "gallery"
STILL, FILM = 160, 128
"""Heights of the pictures and of the films [pixels]."""
FRAMES, MILLISECONDS = 16, 120
"""Of a film."""
COLOURS = 48
SEED = 1
SIDE = 72
"""Of the box of a texture [voxels]: it shows several tubes or layers side by side."""
STEPS = {"curvatubes": 1200, 2: 1200, 3: 400}
"""Usual length of a film: of textures, and of cells in the plane and in space; a scenario may name its own."""


def main() -> None:
    """Draw what is asked for, then write the page of all that is drawn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="presets and scenarios; by default all")
    parser.add_argument("--only-page", action="store_true", help="write the page of the pictures that there are")
    options = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    for family in families():
        for name in scenarios(family):
            if not options.only_page and (not options.names or name in options.names):
                draw(family, name)
    write_page()
    size = sum(path.stat().st_size for path in IMAGES.iterdir()) / 1e6
    print(f"docs/gallery.md: {size:.1f} MB of pictures, {time.perf_counter() - start:.0f} s")


def draw(family: str, name: str) -> None:
    """Save the strip and the film of one scenario."""
    start = time.perf_counter()
    item = scenarios(family)[name]
    frames = run(simulation_of(family, item), item.steps or STEPS[family if family == "curvatubes" else item.ndim])
    power = 2.0 if family == "curvatubes" else 1.0  # textures form at once and then change slowly
    chosen = [frames[round((len(frames) - 1) * (k / (FRAMES - 1)) ** power)] for k in range(FRAMES)]
    seen = {"cut": item.cut, "limits": limits(chosen)}
    strip = [picture(frame, STILL, **seen) for frame in (chosen[0], chosen[FRAMES // 3], chosen[-1])]
    side_by_side(strip).save(IMAGES / f"{name}.png", optimize=True)
    film(IMAGES / f"{name}.gif", [picture(frame, FILM, **seen) for frame in chosen])
    sizes = [(IMAGES / f"{name}{end}").stat().st_size // 1000 for end in (".png", ".gif")]
    print(f"{name}: {frames[-1].step} steps, {time.perf_counter() - start:.1f} s, {sizes[0]} + {sizes[1]} kB", flush=True)


def simulation_of(family: str, item: Scenario) -> Simulation:
    """Return a scenario at its own size, drawn as finely as its pictures; a texture that names none, at a size that shows it."""
    if family == "curvatubes":
        return create(family, item.name, seed=SEED, **({} if "shape" in item.parameters else {"shape": (SIDE,) * 3}))
    return create(family, item.name, seed=SEED, fineness=2)


def run(simulation: Simulation, steps: int) -> list[Frame]:
    """Return the frames of a run, the first included, at most 97 and evenly apart."""
    simulation.prepare()
    frames, every = [simulation.frame()], max(1, steps // 96)
    for step in itertools.count(1):
        if simulation.done or step > steps:
            break
        simulation.step()
        if step % every == 0:
            frames.append(simulation.frame())
    return frames


def side_by_side(pictures: list[np.ndarray]) -> Image.Image:
    """Return pictures of one size beside each other, in one small palette, with white between them."""
    flat = Image.fromarray(np.concatenate(pictures, axis=1)).quantize(COLOURS, dither=Image.Dither.NONE)
    colours = (flat.getpalette() or [])[: 3 * COLOURS]
    white = np.full((pictures[0].shape[0], 4), len(colours) // 3, np.uint8)
    parts = [part for picture in np.split(np.asarray(flat), len(pictures), axis=1) for part in (picture, white)][:-1]
    result = Image.fromarray(np.concatenate(parts, axis=1))
    result.putpalette([*colours, 255, 255, 255])
    return result


def film(path: Path, pictures: Iterable[np.ndarray]) -> None:
    """Save an endless film in one small palette; it rests at the end."""
    images = [Image.fromarray(image) for image in pictures]
    sheet = Image.fromarray(np.concatenate([np.asarray(image) for image in images[:: max(1, len(images) // 5)]], axis=1))
    colours = sheet.quantize(COLOURS, dither=Image.Dither.NONE)
    flat = [image.quantize(palette=colours, dither=Image.Dither.NONE) for image in images]
    times = [MILLISECONDS] * (len(flat) - 1) + [1500]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=True)


def write_page() -> None:
    """Write docs/gallery.md of what there is."""
    lines = ["# Gallery", "", "Made by `make gallery`: a movie of each run, then its start, a time on the way, and its end.", ""]
    for family, entry in families().items():
        lines += [f"## {entry.title}", ""]
        group = None
        for name, item in scenarios(family).items():
            if not (IMAGES / f"{name}.gif").exists():
                continue
            if item.group != group:
                group = item.group
                lines += [f"### {group}", ""]
            lines += [*card(name, item), ""]
    (DOCS / "gallery.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def card(name: str, item: Scenario) -> list[str]:
    """Return the lines of one scenario."""
    pictures = " ".join(f"![{item.title}, {what}](images/gallery/{name}.{end})" for what, end in (("movie", "gif"), ("three times", "png")))
    return [f"**{item.title}** (`{name}`): {item.description}", "", pictures]


if __name__ == "__main__":
    main()
