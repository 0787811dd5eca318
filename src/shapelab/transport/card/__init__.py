"""Passes over the pixels in kernels for graphics cards (NVIDIA Warp): the same diagram, sums and forces as the compiled kernels'.

All that belongs to pixels stays on the device; what belongs to cells and pairs comes back. Import it only for devices other than "cpu".
"""
