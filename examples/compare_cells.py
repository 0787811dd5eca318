"""Compare a real epithelium with its simplest model, one Gaussian per cell: where do they agree, and which statistics survive?

Run it with ``python examples/compare_cells.py [folder]``; a folder receives the report (CSV, JSON, figure).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import shapelab as sl
from shapelab import convert
from shapelab.io.image import read_image

SEGMENTATION = Path(__file__).parents[1] / "sample_data" / "drosophila_epithelium" / "cell_labels.ome.tif"

if __name__ == "__main__":
    layer = read_image(SEGMENTATION, kind="labels")
    cells = np.squeeze(layer.data)
    mixture = convert.labels_to_mixture(cells)
    model = convert.mixture_to_labels(mixture, cells.shape, inside=cells > 0)

    result = sl.compare(cells, model, unit="pixel", max_points=500)
    print(f"mismatch {100 * result['mismatch']:.1f} %, adjusted Rand {result['adjusted_rand']:.3f}, ", end="")
    print(f"boundary F1 {result['boundary_f1']:.3f}, transport of the boundaries {result['transport_distance']:.2f} pixels")
    print(result["populations"].round(3).to_string())
    print(*result["notes"], sep="\n")
    where = sl.compare.difference(cells, model).meta["features"]
    print(where.to_string(index=False))
    if len(sys.argv) > 1:
        print(*sl.compare.write_report(result, sys.argv[1]), sep="\n")
