"""Grains in a file of any kind: a grain table, an orientation map, or a label image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shapelab.crystals.ebsd import is_ebsd, read_ebsd
from shapelab.crystals.table import read_grain_table
from shapelab.io.image import read_image

if TYPE_CHECKING:
    from shapelab.crystals.ebsd import EbsdMap
    from shapelab.crystals.table import GrainTable
    from shapelab.frame import LayerData, LayerKind

__all__ = ["GrainFile", "is_grain_table", "read_grain_file"]


@dataclass(frozen=True, eq=False)
class GrainFile:
    """What was read: one of the three."""

    name: str
    """Of the file, without its suffix."""
    table: GrainTable | None = None
    scan: EbsdMap | None = None
    image: LayerData | None = None


def is_grain_table(path: str | Path) -> bool:
    """Return whether a file's name is that of a grain table."""
    return Path(path).name.lower().endswith((".txt", ".csv", ".txt.gz", ".csv.gz"))


def read_grain_file(
    path: str | Path, *, key: str | None = None, kind: LayerKind | None = None, frame: int | None = None, channel: int | None = None
) -> GrainFile:
    """Read grains by the suffix of their file; of HDF5 and npz files the contents decide.

    Parameters
    ----------
    path
        What `read_grain_table`, `read_ebsd` or `shapelab.io.read_image` reads.
    key, kind, frame, channel
        For images; see `shapelab.io.read_image`. `key` also for files of several orientation maps.

    Raises
    ------
    InputError
        If the file is missing, damaged or none of these.
    """
    file = Path(path)
    if is_grain_table(file):
        return GrainFile(file.name.split(".")[0], table=read_grain_table(file))
    if is_ebsd(file):
        return GrainFile(file.stem, scan=read_ebsd(file, key=key))
    image = read_image(file, key=key, kind=kind, frame=frame, channel=channel)
    return GrainFile(image.name, image=image)
