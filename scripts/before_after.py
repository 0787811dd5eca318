"""Lay the gallery of an earlier version beside today's, one sheet for the cells and one for the textures, to be looked at row by row.

    python scripts/before_after.py [FOLDER] [--before COMMIT]

writes cells.png and curvatubes.png into the folder, by default build/before_after. Every row is a scenario or preset at its start, on
the way and at its end: left as the earlier version drew it, right as it is drawn now. The pictures are those of docs/images/gallery in
both versions, which scripts/gallery.py makes; nothing is computed here.
"""

from __future__ import annotations

import argparse
import io
import subprocess
from pathlib import Path

import numpy as np
from gallery import IMAGES, STILL
from PIL import Image, ImageDraw

from shapelab.catalog import Scenario, scenarios

BEFORE = "8786296"
"""The first complete version."""
ROOT = Path(__file__).parents[1]
TEXT, GAP = 16, 12
"""Height of a title, and the gap between before and after [pixels]."""


def main() -> None:
    """Write both sheets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "before_after")
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT", help="the earlier version; by default the first complete one")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for family in ("cells", "curvatubes"):
        rows = [row(item, options.before) for item in scenarios(family).values()]
        width = max(picture.width for picture in rows)
        sheet = Image.new("RGB", (width, sum(picture.height for picture in rows)), "white")
        top = 0
        for picture in rows:
            sheet.paste(picture, (0, top))
            top += picture.height
        path = options.folder / f"{family}.png"
        sheet.save(path)
        print(f"{path}: {len(rows)} rows", flush=True)


def row(item: Scenario, commit: str) -> Image.Image:
    """Return what was drawn of a scenario and what is drawn now, under its name and description."""
    parts = [earlier(item, commit), Image.open(IMAGES / f"{item.name}.png").convert("RGB")]
    whole = Image.new("RGB", (sum(part.width for part in parts) + GAP, TEXT + STILL + 4), "white")
    ImageDraw.Draw(whole).text((2, 2), f"{item.name}: {item.description}", fill="black")
    whole.paste(parts[0], (0, TEXT))
    whole.paste(parts[1], (parts[0].width + GAP, TEXT))
    return whole


def earlier(item: Scenario, commit: str) -> Image.Image:
    """Return the picture of a scenario in the gallery of an earlier version, where it may have had another name."""
    folder = IMAGES.relative_to(ROOT).as_posix()
    for name in (item.name, *item.aliases):
        shown = subprocess.run(["git", "show", f"{commit}:{folder}/{name}.png"], cwd=ROOT, capture_output=True, check=False)
        if shown.returncode == 0:
            picture = Image.open(io.BytesIO(shown.stdout)).convert("RGB")
            return picture.resize((round(picture.width * STILL / picture.height), STILL))
    none = np.full((STILL, 3 * STILL, 3), 230, np.uint8)
    picture = Image.fromarray(none)
    ImageDraw.Draw(picture).text((8, 8), f"not in {commit}", fill="black")
    return picture


if __name__ == "__main__":
    main()
