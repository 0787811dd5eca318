"""Fit diagrams of order 1, 2 and 4 to a label image, and list the grains that they miss.

python examples/crystals_fit.py [LABELS.tif]
"""

import sys

import shapelab as sl

if len(sys.argv) > 1:
    import tifffile

    labels = tifffile.imread(sys.argv[1])
else:
    labels = sl.generate_crystal(60, (160, 160), anisotropy=0.5, seed=1).labels

for order in (1, 2, 4):
    fit = sl.fit_diagram(labels, order=order)
    print(f"order {order}: {fit.mismatch:.2%} of the pixels lie in another cell, {fit.seconds:.1f} s, {fit.evaluations} evaluations")
for grain in fit.worst[:5]:
    print(f"grain {grain.id}: {grain.mismatch:.0%} of its {grain.pixels} pixels are wrong: {grain.reason}")
