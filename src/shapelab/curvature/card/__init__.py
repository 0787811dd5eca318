"""Curvature on a graphics card: the kernels of `shapelab.curvature` again, in NVIDIA Warp. Imported only for a card."""
