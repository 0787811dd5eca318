"""Orientation maps from electron backscatter diffraction (EBSD): read from the files of EDAX, Oxford, Bruker and orix.

A file states points with Euler angles, a phase and a place; a map is what becomes of them on a grid of square pixels.
"""

from shapelab.crystals.ebsd.reading import EBSD_SUFFIXES, is_ebsd, list_ebsd, read_ebsd
from shapelab.crystals.ebsd.scan import CrystalPhase, EbsdMap
from shapelab.crystals.ebsd.stack import stack_ebsd

__all__ = ["EBSD_SUFFIXES", "CrystalPhase", "EbsdMap", "is_ebsd", "list_ebsd", "read_ebsd", "stack_ebsd"]
