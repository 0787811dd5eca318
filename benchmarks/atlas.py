"""Compute the atlas that the package ships: random curvature textures, kept where viable.

``python benchmarks/atlas.py FOLDER`` runs the sweep (resumable, on two processes) and says how long it took; with ``--write`` it then
replaces the file in the package.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from shapelab.batch import SweepSpec, sweep
from shapelab.batch.atlas import SHIPPED, Atlas

SIDE, STEPS, DRAWS = 48, 500, 160


def spec() -> SweepSpec:
    """Return the sweep: the published ranges, on a smaller box and for fewer steps than the published 100^3 and 8,000."""
    return SweepSpec.make(
        family="curvatubes", steps=STEPS, parameters={"shape": [SIDE] * 3}, random={"count": DRAWS, "seed": 1, "ranges": "atlas"}
    )


def main() -> None:
    """Run the sweep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="sweep folder to make or to go on with")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="replace the atlas in the package")
    values = parser.parse_args()
    folder, processes = values.folder, values.processes
    begin = time.perf_counter()
    table = sweep(
        spec(), folder, processes=processes, report=lambda outcome, done, total: print(f"{done}/{total} {outcome.name}: {outcome.status}")
    )
    print(f"{time.perf_counter() - begin:.0f} s; seconds of computing: {table['seconds'].sum():.0f}")
    print(table["status"].value_counts().to_string())
    if values.write:
        atlas = Atlas.from_sweep(folder)
        about = f"{len(atlas)} viable textures of {DRAWS} random draws: {SIDE}^3 voxels, {STEPS} steps from noise."
        file = replace(atlas, about=about).save(SHIPPED)
        print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
