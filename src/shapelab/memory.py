"""How much memory runs, fits, comparisons and meshes take at their highest, asked before they begin.

One model for all: so many bytes of each voxel (or cell, or face), and a fixed part. `benchmarks/memory.py` measures the numbers:
the peak of the resident memory with the start, the solver and two frames, where freed arrays are returned at once. Memory of libraries and
compiled kernels is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

__all__ = [
    "of_cells",
    "of_comparison",
    "of_convolution",
    "of_crystal_fit",
    "of_effective_properties",
    "of_film",
    "of_foam",
    "of_mesh",
    "of_microscope_image",
    "of_new_crystal",
    "of_page",
    "of_tensions",
    "of_tetrahedra",
    "of_texture",
    "of_triangles",
]

_FIXED = 17_000_000
"""Stacks and heaps of threads, work rows, point clouds of a comparison."""
_TEXTURE, _PUBLISHED = 36, 64
"""Bytes per voxel of a run in the fused kernels, by our flows and by the published one (which keeps three vector fields). An allocator
that keeps freed arrays can hold a third more in ours; the published one keeps its work arrays."""
_STARTS = {"balls": 100, "tubes": 275, "waves": 56, "rings": 63, "given": 80}
"""Bytes per voxel of starts that need more than a run: they look up the nearest seeds of every voxel, go through Fourier space, or measure
the distance to a given shape."""
_NOISE = 28
"""Bytes per voxel of noise and of what else is made in place, which every start takes."""
_CARD_ARRAYS, _PUBLISHED_CARD_ARRAYS, _CARD_FIXED = 17, 22, 2_000_000
"""Arrays of the grid's size on a card, with the masks of clamped voxels and a target, by our flows and by the published one; sums."""
_ON_CARD, _DRAWN_ON_CARD, _PER_CELL_ON_CARD = 40, 12, 3600
"""Of cells on a card: labels, values and lists of every pixel, labels and lists of those only drawn, and pairs in hash tables."""
_PER_PIXEL, _PER_PIXEL_SOFT, _PER_CELL_SOFT, _PER_FINE_PIXEL = 66, 20, 24_000, 18
"""Of cells: solved and shown; shared softly among cells at the start, and of each cell then; drawn finer than solved."""


_FIXED_FOAM, _PER_FOAM_PIXEL, _PER_COMPETITOR = 6_000_000, 20, 58
"""Of foams: boxes of single cells, what every pixel has, and of each cell that competes for a pixel."""
_FIXED_FILM = 1_500_000
"""Of a film of labels: its tables."""
_PER_PACKED_VOXEL, _PER_PACKED_LABEL = 118, 12
"""Of a page: curvatures of a field, and the ways of packing it that are tried; labels have no curvature."""
_PER_CUBE = 6400
"""Of a lattice that is cut into tetrahedra: twelve of each cube, and more while they are moved."""
_PER_SQUARE = 1750
"""Of a lattice that is cut into triangles: four of each square, and more while they are moved."""
_PER_PROPERTY = {"sizes": {2: 52, 3: 68}, "chords": {2: 6, 3: 8}, "tortuosity": {2: 80, 3: 108}, "pattern": {2: 29, 3: 29}}
"""Of effective properties: per voxel, of the pattern per voxel of the larger grid."""
_PER_MEMBRANE_VOXEL, _PER_NUCLEAR_VOXEL = {2: 38, 3: 54}, {2: 97, 3: 152}
"""Of a microscope image."""


def of_texture(shape: Sequence[int], *, flow: str, dtype: str, start: str, device: str = "cpu") -> int:
    """Return what a run of a texture takes [bytes]; on a graphics card, what it takes there."""
    voxels, number = math.prod(shape), 8 if dtype == "float64" else 4
    published = flow in ("published", "prepared")
    if device != "cpu":
        return _CARD_FIXED + number * (_PUBLISHED_CARD_ARRAYS if published else _CARD_ARRAYS) * voxels
    return max(_FIXED + number * (_PUBLISHED if published else _TEXTURE) // 4 * voxels, of_start(shape, start=start))


def of_factors(shape: Sequence[int], *, dtype: str) -> int:
    """Return what coefficients that vary over `shape` take on a graphics card [bytes]."""
    return 10 * (8 if dtype == "float64" else 4) * math.prod(shape)


def of_start(shape: Sequence[int], *, start: str) -> int:
    """Return what making the start of a texture takes [bytes]."""
    return _FIXED + _STARTS.get(start, _NOISE) * math.prod(shape)


def of_cells(shape: Sequence[int], n_cells: int, *, fineness: int = 1, device: str = "cpu") -> int:
    """Return what a run of cells takes [bytes]; on a graphics card, what it takes there.

    Many cells on few pixels are first shared softly; the tables of the pairs that then compete grow in powers of two, so
    that the estimate can be a fourth too high or too low there.
    """
    pixels, ndim = math.prod(shape), len(shape)
    if device != "cpu":
        finer = pixels * fineness**ndim if fineness > 1 else 0
        top = math.prod(-(-n // (256 if ndim == 2 else 64)) for n in shape)
        return _ON_CARD * pixels + _DRAWN_ON_CARD * finer + (_PER_CELL_ON_CARD + 4 * top) * (n_cells + 64)
    drawn = _PER_FINE_PIXEL * pixels * fineness**ndim if fineness > 1 else 0
    return int(max(_PER_PIXEL * pixels, _PER_PIXEL_SOFT * pixels + _PER_CELL_SOFT * n_cells) + drawn)


def of_foam(shape: Sequence[int], n_cells: int, width: float, *, filled: float = 1.0) -> int:
    """Return what a run of a foam takes whose interfaces are smoothed over `width` pixels, and whose cells fill a part of the grid [bytes].

    Most of it are the lists of the cells that compete for a pixel: near the border of each cell, on both sides.
    """
    pixels, ndim = math.prod(shape), len(shape)
    side = (filled * pixels / max(1, n_cells)) ** (1 / ndim)
    competing = n_cells * min((side + 4 * width) ** ndim - max(0.0, side - 4 * width) ** ndim, float(pixels))
    return int(_FIXED_FOAM + _PER_FOAM_PIXEL * pixels + _PER_COMPETITOR * competing)


def of_crystal_fit(shape: Sequence[int], *, exact_volumes: bool = False, cells: int = 0, order: int = 2) -> int:
    """Return what fitting a diagram of so many cells to labels takes [bytes]; each cell has a matrix of its curvature."""
    terms = math.comb(order + len(shape), len(shape))
    double = math.comb(2 * order + len(shape), len(shape))
    return (105 if exact_volumes else {2: 78, 3: 100}[len(shape)]) * math.prod(shape) + 8 * cells * (4 * terms**2 + 9 * double)


def of_new_crystal(shape: Sequence[int], n_grains: int) -> int:
    """Return what making a polycrystal takes [bytes]."""
    return max({2: 113, 3: 150}[len(shape)] * math.prod(shape), of_cells(shape, n_grains))


def of_comparison(shape: Sequence[int], *, labels: bool) -> int:
    """Return what comparing two masks or label images on a common grid takes [bytes]."""
    return _FIXED + {2: 76 if labels else 51, 3: 92}[len(shape)] * math.prod(shape)


def of_mesh(shape: Sequence[int], faces: int) -> int:
    """Return what the mesh of a label image takes, in which so many neighbours differ [bytes]."""
    return {2: 26, 3: 11}[len(shape)] * math.prod(shape) + 115 * faces


def of_convolution(shape: Sequence[int]) -> int:
    """Return what a convolution in single precision takes whose result has this shape before it is cut [bytes]."""
    return 44 * math.prod(shape)


def of_microscope_image(shape: Sequence[int], *, nuclei: bool) -> int:
    """Return what rendering a frame as a microscope would show it takes [bytes]."""
    return (_PER_NUCLEAR_VOXEL if nuclei else _PER_MEMBRANE_VOXEL)[len(shape)] * math.prod(shape)


def of_tetrahedra(shape: Sequence[int], cubes: Sequence[int]) -> int:
    """Return what conforming tetrahedra take that start from a lattice of so many cubes [bytes]."""
    return 20 * math.prod(shape) + _PER_CUBE * math.prod(cubes)


def of_triangles(shape: Sequence[int], squares: int) -> int:
    """Return what triangles of a label image take that are cut from a lattice of so many squares [bytes]."""
    return 16 * math.prod(shape) + _PER_SQUARE * squares


def of_tensions(shape: Sequence[int], faces: int) -> int:
    """Return what inferring the tensions of a label image takes, in which so many neighbours differ [bytes]."""
    return {2: 27_000_000, 3: 80_000_000}[len(shape)] + {2: 30, 3: 40}[len(shape)] * math.prod(shape) + 170 * faces


def of_effective_properties(shape: Sequence[int], groups: Collection[str]) -> int:
    """Return what the effective properties of a mask take [bytes].

    The correlation of the pattern is computed on a grid with twice as many voxels along each axis.
    """
    voxels, ndim = math.prod(shape), len(shape)
    return max((_PER_PROPERTY[name][ndim] * voxels * (2**ndim if name == "pattern" else 1) for name in groups), default=0)


def of_film(shape: Sequence[int], frames: int) -> int:
    """Return what the labels of a run take that are held until they are compared with those of another film [bytes]."""
    return _FIXED_FILM + 4 * frames * math.prod(shape)


def of_page(shape: Sequence[int], *, labels: bool) -> int:
    """Return what packing an image, or labels, for a page takes, however many frames there are [bytes]."""
    return (_PER_PACKED_LABEL if labels else _PER_PACKED_VOXEL) * math.prod(shape)
