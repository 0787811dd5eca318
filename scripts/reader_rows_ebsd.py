"""Rows of the table of readers: EBSD maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from ebsd_files import WRITERS, Truth, hexagons, points_right, square
from reader_table import Row

from shapelab.crystals import EbsdMap, find_grains, read_ebsd
from shapelab.errors import ShapelabError

__all__ = ["rows"]

Told = Callable[[EbsdMap], str]


def rows(folder: Path) -> Iterator[Row]:
    """Yield one row for each variant of each format."""
    for reader, (suffix, write, names) in WRITERS.items():
        for aspect, case, truth, options, right, tell in [*_cases(names), *_of_format(reader)]:
            file = write(folder / f"map.{suffix}", truth, **options)
            yield Row(f"EBSD: {reader}", aspect, case, right, _told(file, tell or _places(truth)))
            file.unlink()
    yield from _several_maps(folder)


def _several_maps(folder: Path) -> Iterator[Row]:
    """Yield the rows of a file with three maps, of which `key` chooses one."""
    suffix, write, _ = WRITERS["EDAX HDF5"]
    truths = [square(), square().moved(5.0, 10.0), square(two_phases=False)]
    with h5py.File(folder / "all.h5", "w") as together:
        for number, truth in enumerate(truths, 1):
            with h5py.File(write(folder / f"{number}.{suffix}", truth)) as one:
                for name in one:
                    scan = hasattr(one[name], "items")
                    if scan or name not in together:
                        one.copy(name, together, name=f"Scan {number}" if scan else name)
    said = "96 points, step 0.25 × 0.5 µm, at "
    for key, where, truth in ((None, "0, 0", truths[0]), ("Scan 2", "5, 10", truths[1])):
        case = "three maps, the first is taken" if key is None else f"three maps, key={key!r}"
        yield Row("EBSD: EDAX HDF5", "several maps", case, said + where, _places(truth)(read_ebsd(folder / "all.h5", key=key)))
    wrong = _told(folder / "all.h5", lambda _: _places(truths[0])(read_ebsd(folder / "all.h5", key="Scan 9")))
    right = "refused: has no map 'Scan 9'; it has Scan 1, Scan 2, Scan 3."
    yield Row("EBSD: EDAX HDF5", "several maps", "three maps, key='Scan 9'", right, wrong)


def _told(file: Path, tell: Told) -> str:
    try:
        return tell(read_ebsd(file))
    except ShapelabError as error:
        return f"refused: {str(error).removeprefix(file.name).lstrip(': ')}"


def _places(truth: Truth) -> Told:
    def tell(scan: EbsdMap) -> str:
        (dy, dx), (y, x) = scan.spacing, scan.origin
        return f"{points_right(scan, truth)} points, step {dy:g} × {dx:g} µm, at {y:g}, {x:g}"

    return tell


def _symmetries(scan: EbsdMap) -> str:
    return ", ".join(f"{phase.name} {phase.symmetry}" for phase in scan.phases.values())


def _lost(scan: EbsdMap) -> str:
    return f"{int((scan.phase == 0).sum())} not indexed, {len(find_grains(scan).phase)} grains"


def _cases(names: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str, Truth, dict[str, Any], str, Told | None]]:
    """Yield what is tried in every format: aspect, case, map, options of the writer, right value, how to tell it."""
    whole = square()
    said = "96 points, step 0.25 × 0.5 µm, at 0, 0"
    yield "placement", "row by row", whole, {}, said, None
    yield "placement", "column by column", whole.column_first(), {}, said, None
    yield "placement", "points in random order", whole.shuffled(), {}, said, None
    disc = whole.disc()
    yield (
        "placement",
        "region of interest, a disc",
        disc,
        {},
        f"{len(disc.x)} points in 0.25 × 0.5 µm, the others background",
        _region(disc),
    )
    no_header = dict.fromkeys(names["shape"] + names["step"])
    if "NCOLS" not in names["shape"]:
        cut = whole.moved(5.0, 10.0)
        larger = {"header": {names["shape"][0]: 100, names["shape"][-1]: 90}}
        there = said.replace("at 0, 0", "at 5, 10")
        yield "placement", "cut from a larger map, header of the larger one", cut, larger, there, None
        yield "units, step", "header without size and step", whole.shuffled(1), {"header": no_header}, said, None
        for step in (0.0, -1.0, float("nan")):
            yield "units, step", f"step {step:g} in the header", whole, {"header": dict.fromkeys(names["step"], step)}, said, None
    refused = "refused: announces 8 x 12 pixels and holds 89: the file is incomplete."
    yield "placement", "the last 7 points are missing", whole.take(np.arange(89)), {}, refused, None
    comb = hexagons()
    yield "placement", "hexagonal grid", comb, {}, "two grains, boundary and area within a pixel", _comb
    yield "placement", "hexagonal grid, random order", comb.shuffled(2), {}, "two grains, boundary and area within a pixel", _comb
    yield "symmetry", "a hexagonal and a cubic phase", whole, {}, "Magnesium hexagonal, Iron cubic; 2 grains", _per_phase
    yield "not indexed", "3 points without solution", whole.not_indexed(), {}, "3 not indexed, 2 grains", _lost


def _of_format(reader: str) -> Iterator[tuple[str, str, Truth, dict[str, Any], str, Told | None]]:
    whole, said = square(), "96 points, step 0.25 × 0.5 µm, at 0, 0"
    words = ("6/mmm", "m-3m")
    right = "Magnesium hexagonal, Iron cubic; 2 grains"
    for symmetries in (words, ("Hexagonal (D6h)", "Cubic m-3m")):
        options: dict[str, Any] = {"symmetries": symmetries}
        if reader == "EDAX HDF5":
            options["key"] = "Laue Group"
        yield "symmetry", f"in words: {', '.join(symmetries)}", whole, options, right, _per_phase
    yield "symmetry", "not understood: quasi", whole, {"symmetries": ("quasi", "m-3m")}, "said, none assumed", _unknown
    if reader in (".ang", ".ctf"):
        for case, options in (
            ("decimal commas", {"comma": True}),
            ("tabs between values", {"separator": "\t"}),
            ("several blanks between values", {"separator": "    "}),
            ("UTF-8 with Å", {"words": "Åsa, 3 Å"}),
            ("Latin-1 with Å", {"words": "Åsa, 3 Å", "encoding": "latin-1"}),
            ("UTF-8 with its mark", {"encoding": "utf-8-sig"}),
            ("UTF-16", {"encoding": "utf-16"}),
            ("Windows line ends", {"newline": "\r\n"}),
        ):
            yield "encoding", case, whole, options, said, None
    if reader == ".ctf":
        yield "encoding", "a tab at every line's end", whole, {"trailing": "\t"}, said, None
    if reader in (".ctf", "Oxford HDF5"):
        lost = square(two_phases=False).not_indexed()
        yield "not indexed", "no bands and no deviation, phase 1", lost, {"sign": "mad"}, "3 not indexed, 2 grains", _lost
    if reader not in (".ang", ".ctf"):
        yield "placement", "no coordinates, size in the header", whole, {"places": False}, said, None
    if reader in (".ang", "EDAX HDF5"):
        one = square(two_phases=False)
        yield "phases", "a single phase, called 0", one, {}, said, _places(one)


def _region(truth: Truth) -> Told:
    def tell(scan: EbsdMap) -> str:
        empty = np.zeros(scan.phase.shape, bool) if scan.measured is None else ~scan.measured
        background = empty.sum() == scan.phase.size - len(truth.x) and not scan.phase[empty].any()
        where = f"{scan.spacing[0]:g} × {scan.spacing[1]:g} µm"
        return f"{points_right(scan, truth)} points in {where}, the others {'background' if background else 'filled'}"

    return tell


def _comb(scan: EbsdMap) -> str:
    border = np.argmax(np.diff(scan.phase, axis=1) != 0, axis=1) + 1
    height = 8 * 0.5 * np.sqrt(3) / 2
    good = np.abs(border - 5 * 0.5 / scan.spacing[1]).max() <= 1
    good &= abs((scan.phase.shape[0] - 1) * scan.spacing[0] - height) <= scan.spacing[0]
    count = "two" if len(find_grains(scan).phase) == 2 else "other"
    return f"{count} grains, boundary and area {'within' if good else 'off by more than'} a pixel"


def _per_phase(scan: EbsdMap) -> str:
    return f"{_symmetries(scan)}; {len(find_grains(scan).phase)} grains"


def _unknown(scan: EbsdMap) -> str:
    said = any("'quasi' of phase 1 is not known" in note for note in scan.notes)
    return f"{'said' if said else 'silent'}, {'none' if scan.phases[1].symmetry == 'triclinic' else scan.phases[1].symmetry} assumed"
