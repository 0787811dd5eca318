"""Make ten pages that play and compute in any browser, and a page of links to them: build/gallery/index.html.

python scripts/web_gallery.py [NAME ...] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import base64
import html
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from shapelab.batch.thumbnails import thumbnail
from shapelab.catalog import create, scenarios
from shapelab.io import Run, RunWriter, load_run
from shapelab.page import make_page, save_page

SEED = 1
PICTURE = 220
"""Side of a picture in the list [pixels]."""
STYLE = """
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 16px; font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 8px 0; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(200px, 44%), 1fr)); gap: 14px; padding: 0; list-style: none; }
a { display: block; color: inherit; text-decoration: none; border: 1px solid #8886; border-radius: 8px; padding: 10px; height: 100%; }
a:hover, a:focus-visible { border-color: #2f6fb5; }
img { width: 100%; aspect-ratio: 1; object-fit: contain; }
small { opacity: 0.7; }
"""


@dataclass(frozen=True)
class Item:
    """One page of the gallery."""

    family: str
    name: str
    steps: int
    every: int
    parameters: dict[str, Any] = field(default_factory=dict)


BOX = {"shape": (48, 48, 48)}
ITEMS = (
    Item("curvatubes", "tubes", 360, 12, BOX),
    Item("curvatubes", "pearls", 360, 12, BOX),
    Item("curvatubes", "sponge", 360, 12, BOX),
    Item("curvatubes", "bilayers", 360, 12, BOX),
    Item("curvatubes", "trabec-1", 360, 12, BOX),
    Item("cells", "run_and_tumble", 200, 2),
    Item("cells", "relaxation", 60, 1, {"n_cells": 250}),
    Item("cells", "engulfment", 400, 5),
    Item("cells", "hourglass_2d", 300, 3),
    Item("cells", "checkerboard", 400, 5),
)


def main() -> None:
    """Make the pages that are asked for, and the list of all that there are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="presets and scenarios; by default all ten")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "build" / "gallery", help="folder of the pages")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for item in ITEMS:
        if not options.names or item.name in options.names:
            make(item, options.out)
    (options.out / "index.html").write_text(index(options.out), encoding="utf-8")
    print(options.out / "index.html")


def make(item: Item, out: Path) -> None:
    """Run one scenario and write its page and its picture."""
    start, page = time.perf_counter(), out / f"{item.name}.html"
    with tempfile.TemporaryDirectory() as folder:
        run = kept(item, Path(folder) / f"{item.name}.zarr")
        page.unlink(missing_ok=True)
        made = make_page(run)
        save_page(page, made)
        layer = next(layer for layer in run.frame(-1) if layer.kind in ("image", "labels"))
        Image.fromarray(thumbnail(layer, PICTURE, (230, 160, 90))).save(out / f"{item.name}.png", optimize=True)
    print(f"{page.name}: {made.sentence()}, {time.perf_counter() - start:.0f} s", flush=True)


def kept(item: Item, path: Path) -> Run:
    """Save the run of a page."""
    simulation = create(item.family, item.name, seed=SEED, **item.parameters)
    with RunWriter(path, simulation, keep="none") as writer:
        simulation.prepare()
        writer.write(simulation.frame())
        for frame in simulation.run(steps=item.steps, every=item.every):
            writer.write(frame)
    return load_run(path)


def index(out: Path) -> str:
    """Return the list of the pages that there are, as HTML."""
    entries = []
    for item in ITEMS:
        page, picture = out / f"{item.name}.html", out / f"{item.name}.png"
        if not page.is_file():
            continue
        known = scenarios(item.family)[item.name]
        size = f"{page.stat().st_size / 1e6:.1f} MB"
        data = base64.b64encode(picture.read_bytes()).decode() if picture.is_file() else ""
        entries.append(
            f'<li><a href="{page.name}"><img alt="" src="data:image/png;base64,{data}"><b>{html.escape(known.title)}</b> '
            f"<small>{size}</small><br>{html.escape(known.description)}</a></li>"
        )
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    words = "<h1>Live pages</h1><p>Each is one file that plays, turns and continues to compute in your browser, without a network.</p>"
    return f"{head}<title>shapelab: pages</title><style>{STYLE}</style></head><body>{words}<ul>{''.join(entries)}</ul></body></html>\n"


if __name__ == "__main__":
    main()
