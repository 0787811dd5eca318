"""Compute the atlas that the package ships: random curvature textures, kept where viable.

``python benchmarks/atlas.py FOLDER`` runs the sweep (resumable, on two processes) and says how long it took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from shapelab.batch import SweepSpec, sweep

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
    folder, processes = (values := parser.parse_args()).folder, values.processes
    begin = time.perf_counter()
    table = sweep(
        spec(), folder, processes=processes, report=lambda outcome, done, total: print(f"{done}/{total} {outcome.name}: {outcome.status}")
    )
    print(f"{time.perf_counter() - begin:.0f} s; seconds of computing: {table['seconds'].sum():.0f}")
    print(table["status"].value_counts().to_string())


if __name__ == "__main__":
    main()
