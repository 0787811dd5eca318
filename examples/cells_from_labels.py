"""A segmented tissue becomes a simulation: the cells of a fly wing disc relax in 2-D, those of a plant ovule in 3-D.

Run it with ``python examples/cells_from_labels.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import shapelab as sl
from shapelab.io.image import read_image

DATA = Path(__file__).parents[1] / "sample_data"
SAMPLES = ("drosophila_epithelium/cell_labels.ome.tif", "plant_ovule/cell_labels.ome.tif")

if __name__ == "__main__":
    for sample in SAMPLES:
        layer = read_image(DATA / sample, kind="labels")
        sim = sl.Cells(initial=layer, walls="background")
        first = sim.frame()
        labels = np.squeeze(layer.data)
        inside = labels > 0
        same = np.mean(first["cells"][inside] == labels[inside])
        print(f"{sample}: {len(first['seeds'])} cells, {sim.preset}; the first frame agrees with the labels on {same:.1%} of the pixels")
        sim.update(memory=0.0)  # let the cells round up
        for frame in sim.run(steps=40, every=10):
            shown = {name: round(frame.scalars[name], 3) for name in ("off_centre", "elongation", "neighbours", "volume_error")}
            print(f"  step {frame.step}: {shown}")
        print(f"  {sim.reason}")
