"""The herring-bone pattern of additive manufacturing, coloured by orientation.

python examples/crystals_additive.py [PICTURE.png]
"""

import sys

import numpy as np

from shapelab.crystals import additive_crystal, ipf_colours

crystal = additive_crystal(pixels=300, small_grains=100, lloyd=2, tolerance=0.025)
print(f"{len(crystal.volumes)} grains, volume error mean {crystal.mean_volume_error:.2%}, {crystal.seconds:.1f} s")
print(crystal.message)
if len(sys.argv) > 1:
    from skimage.io import imsave

    colours = ipf_colours(crystal.orientations)[crystal.labels.astype(int) - 1]
    imsave(sys.argv[1], np.uint8(np.round(255 * colours)))
