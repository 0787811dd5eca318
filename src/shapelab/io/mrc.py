"""MRC and CCP4 volumes of electron microscopy, with their voxel size and origin."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.io.placed import PlacedImage, on_axes

__all__ = ["read_mrc"]

_IMOD, _IMOD_STAMP = 1146047817, 152
"""IMOD's stamp, and the byte of the header where it stands."""


def read_mrc(file: Path, key: str | None) -> PlacedImage:
    """Return a volume, or a stack of images over time (a movie, a tilt series), as the header says.

    https://www.ccpem.ac.uk/mrc-format/mrc2014/
    """
    import mrcfile

    with mrcfile.open(file, header_only=True) as opened:
        header: Any = opened.header
        counts = [int(header[name]) for name in ("nz", "ny", "nx")]
        require_memory(4 * math.prod(max(n, 0) for n in counts))
        order = [int(header[name]) for name in ("maps", "mapr", "mapc")]
        angles = [float(header.cellb[name]) for name in ("alpha", "beta", "gamma")]
        sampling = [int(header[name]) for name in ("mz", "my", "mx")]
        cell = [float(header.cella[name]) for name in "zyx"]
        start = dict(zip((order[0], order[1], order[2]), (int(header[n]) for n in ("nzstart", "nystart", "nxstart")), strict=True))
        origin = [float(header.origin[name]) for name in "zyx"]
        is_volume = int(header.ispg) > 0 or (counts[0] == sampling[0] and counts[0] > 1)
        unsigned = int(header.mode) == 0 and _stated_unsigned(header)
    if sorted(order) not in ([1, 2, 3], [0, 0, 0]):
        raise InputError(f"{file.name} states the axes {order}, which must be 1, 2 and 3.")
    if any(angle not in (0.0, 90.0) for angle in angles):
        raise InputError(f"{file.name} has a cell with angles of {angles}, not of 90°: resample it to a rectangular one first.")
    with mrcfile.open(file) as opened:
        data = np.array(opened.data)
    data = data.astype(data.dtype.newbyteorder("="), copy=False)
    letters = "".join("?xyz"[n] for n in order) if order != [0, 0, 0] else "zyx"
    data = data.view(np.uint8) if unsigned and data.dtype == np.int8 else data
    axes = "t" + letters if data.ndim == 4 else letters[-data.ndim :] if is_volume or data.ndim == 2 else "t" + letters[1:]
    named = dict(zip("zyx", zip(cell, sampling, origin, strict=True), strict=True))
    steps = {a: named[a][0] / named[a][1] for a in axes if a in named and named[a][1] > 0 and named[a][0] != 0}
    starts = {a: named[a][2] or start.get(" xyz".index(a), 0) * steps[a] for a in steps}
    notes = [] if is_volume or data.ndim in (2, 4) else ["Its header says that it is a stack of images and not a volume."]
    return on_axes(data, axes, steps, "angstrom" if steps else "", starts, notes)


def _stated_unsigned(header: Any) -> bool:
    """Return whether IMOD says that bytes are unsigned, which the format itself has as signed (its stamp, then its flags; bit 1: signed).

    https://bio3d.colorado.edu/imod/doc/mrc_format.txt
    """
    order = ">" if header["nx"].dtype.byteorder == ">" else "<"
    stamp, flags = np.frombuffer(header.tobytes(), f"{order}i4", 2, _IMOD_STAMP).tolist()
    return stamp == _IMOD and not flags & 1
