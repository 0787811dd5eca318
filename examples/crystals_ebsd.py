"""Grains of an EBSD map, their orientations, and a diagram fitted to them.

python examples/crystals_ebsd.py [MAP.ang | MAP.ctf | MAP.h5oina | MAP.npz]
"""

import sys

import numpy as np

import shapelab as sl
from shapelab.crystals import EbsdMap, grain_orientations, ipf_colours, read_ebsd, segment_grains

if len(sys.argv) > 1:
    scan = read_ebsd(sys.argv[1])
else:
    crystal = sl.generate_crystal(40, (120, 120), 0.5, seed=3)
    pixels = crystal.orientations[crystal.labels.astype(int) - 1]
    scan = EbsdMap(pixels, np.ones(crystal.labels.shape, int), (0.5, 0.5))

labels = segment_grains(scan, threshold=5.0)
colours = ipf_colours(grain_orientations(scan, labels), symmetry=scan.symmetry)
fit = sl.fit_diagram(labels, spacing=scan.spacing)
print(f"{labels.max()} grains; the fitted diagram puts {fit.mismatch:.2%} of the pixels into another cell")
for grain in fit.worst[:5]:
    red, green, blue = colours[grain.id - 1]
    print(f"grain {grain.id} (RGB {red:.2f} {green:.2f} {blue:.2f}): {grain.mismatch:.0%} missed, {grain.reason}")
