"""A run as a page: what goes into it, in how many bits, and how many frames are skipped to keep it small."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from shapelab.arguments import checked
from shapelab.device import require_memory
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.io import Run
from shapelab.io.export import Tick, no_tick
from shapelab.io.output import new_file
from shapelab.limits import above
from shapelab.page.cells import FlatCells, read_cells
from shapelab.page.description import describe, scalar_table
from shapelab.page.marks import Marks
from shapelab.page.packing import Blobs
from shapelab.page.template import fill
from shapelab.page.volumes import Volume
from shapelab.stopping import check_stop, done_apart

__all__ = ["LARGEST", "PAGE_SUFFIXES", "Page", "make_page", "save_page", "write_page"]

PAGE_SUFFIXES = (".html", ".htm")

LARGEST = 10.0
"""Largest size of a page, unless another one is asked for [MB]."""
_COMFORTABLE = 0.2
"""Part of the largest size from which on fewer bits are taken."""
_BITS = (8, 6, 5, 4)
"""Bits per voxel that are tried, one after another."""
_SPOTS, _IN_A_ROW = 4, 4
"""Frames that tell the size of a page before it is made: so many in a row, at so many places."""
_Part: TypeAlias = Volume | Marks
_CELL_BITS = (24, 20, 16)
"""Bits per number of flat cells."""


@dataclass(frozen=True)
class Page:
    """A page that is ready to be written."""

    text: str
    frames: int
    """Frames that it holds…"""
    of: int
    """… of so many that the run has."""
    bits: int | None
    """Bits per voxel of its fields, None if it holds none."""
    note: str = ""
    """Why cells are shown with their pixels, where they could have been sharp."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.text.encode())

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame that reaches nothing around it."""
        frame = 'width="1000" height="860" style="border: 0" sandbox="allow-scripts allow-downloads"'
        return f'<iframe {frame} srcdoc="{html.escape(self.text)}"></iframe>'

    def sentence(self) -> str:
        """Say how large it is, and what was left out to keep it so."""
        size = f"{self.size / 1e6:.1f} MB" if self.size >= 1e6 else f"{self.size / 1e3:.0f} kB"
        frames = f"all {self.of} frames" if self.frames == self.of else f"{self.frames} of {self.of} frames"
        if self.of == 1:
            frames = "one frame"
        bits = f", {self.bits} bits per voxel" if self.bits is not None else ""
        return f"{size}, {frames}{bits}" + (f", cells with the pixels that were saved: {self.note}" if self.note else "")


@checked(max_size=above(0))
@done_apart
def make_page(run: Run, *, max_size: float = LARGEST, progress: Tick = no_tick) -> Page:
    """Return a run as one web page, ready to be written.

    Parameters
    ----------
    run
        Any run.
    max_size
        Largest size of the file [MB]. Fewer bits per voxel are taken first, then every second frame, every third…
    progress
        Called with the parts done and the number of all.

    Raises
    ------
    InputError
        If not even one frame fits.
    OutOfMemoryError
        If its frames are too large to be packed.
    """
    everything = list(range(len(run)))
    try:
        cells, note = read_cells(run, everything), ""
    except Stopped:
        raise
    except ShapelabError as error:  # what cannot be recomputed is shown as it was saved
        cells, note = None, str(error).rstrip(".")
    parts = _parts(run, cells)
    require_memory(max((part.memory() for part in parts if isinstance(part, Volume)), default=0))
    stride, limit = 1, max_size * 1e6
    rung = _rung(run, cells, parts, limit * _COMFORTABLE)
    best = _try(run, cells, parts, everything, rung, progress)
    while best.size > limit and rung < len(_BITS) - 1:
        rung += 1
        best = _try(run, cells, parts, everything, rung, progress)
    while best.size > limit:
        if best.frames == 1:
            raise InputError(f"A page of one frame of {run.path.name} is {best.size / 1e6:.1f} MB: allow more than {max_size:g} MB.")
        stride = max(stride + 1, int(stride * best.size / limit))
        kept = [index for index in everything if (len(run) - 1 - index) % stride == 0]
        best = _try(run, cells, parts, kept, len(_BITS) - 1, progress)
    return replace(best, note=note)


@checked(max_size=above(0))
def write_page(path: str | Path, run: Run, *, max_size: float = LARGEST, progress: Tick = no_tick) -> Path:
    """Write a run as one web page that any browser opens, without a server or a network; return its path.

    Parameters
    ----------
    path
        File that ends in ``.html``.
    run
        Any run.
    max_size, progress
        As for `make_page`.

    Raises
    ------
    InputError
        If the file exists or cannot be written, or not even one frame fits.
    """
    require_page(path)
    return save_page(path, make_page(run, max_size=max_size, progress=progress))


@checked()
def save_page(path: str | Path, page: Page) -> Path:
    """Write a page that has been made; InputError if the file exists or cannot be written."""
    with new_file(require_page(path)) as partial:
        partial.write_text(page.text, encoding="utf-8", newline="\n")
    return Path(path)


def require_page(path: str | Path) -> Path:
    """Return the path of a page, which must end in ``.html``."""
    if Path(path).suffix.lower() not in PAGE_SUFFIXES:
        raise InputError(f"{Path(path).name}: a web page must end in .html.")
    return Path(path)


def _rung(run: Run, cells: FlatCells | None, parts: Sequence[_Part], wanted: float) -> int:
    """Return the first number of bits with which a page has about the size that is wanted, judged by some of the frames."""
    starts = {round(k * max(0, len(run) - _IN_A_ROW) / (_SPOTS - 1)) for k in range(_SPOTS)}
    some = sorted({index for start in starts for index in range(start, min(start + _IN_A_ROW, len(run)))})
    sample = some if parts else list(range(len(run)))  # cells alone are packed at once
    for rung in range(len(_BITS) - 1):
        if _try(run, cells, parts, sample, rung, no_tick).size * len(run) / len(sample) <= wanted:
            return rung
    return len(_BITS) - 1


def _try(run: Run, cells: FlatCells | None, parts: Sequence[_Part], indices: Sequence[int], rung: int, progress: Tick) -> Page:
    bits, blobs, layers = _BITS[rung], Blobs(), list[dict[str, Any]]()
    if cells is not None:
        layers.append(blobs.take_cells(*cells.at(indices).pack(_CELL_BITS[min(rung, len(_CELL_BITS) - 1)])))
    for number, part in enumerate(parts):
        check_stop()
        chunks, described = part.pack(indices, bits)
        layers.append({**described, **blobs.take(chunks)})
        progress(number + 1, len(parts))
    page = describe(run, indices) | {"layers": layers, "scalars": blobs.take(scalar_table(run, indices))}
    images = any(layer["kind"].startswith("image") for layer in layers)
    return Page(fill(page, blobs), len(indices), len(run), bits if images else None)


def _parts(run: Run, cells: FlatCells | None) -> list[_Part]:
    """Return what is shown beside flat `cells`, the points last."""
    ordered = sorted(run.record.layers, key=lambda item: (item.kind == "points", item.name != "field", item.kind != "labels"))
    drawn = () if cells is None else ("cells", "walls", "seeds")
    kept = [item for item in ordered if item.name not in drawn]
    return [Marks.of_run(run, item) if item.kind == "points" else Volume.of_run(run, item) for item in kept]
