"""The ``shapelab compare`` command."""

from __future__ import annotations

import argparse
import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.compare_movies import add_movie_options, compared_movies, movie_table, print_movies, refuse_still_options
from shapelab.cli.effective import add_effective_options
from shapelab.cli.folder import add_folder_options, over_files, refuse_folder_options
from shapelab.cli.image_file import add_image_options, read_shape
from shapelab.cli.page import write_comparison
from shapelab.cli.parser import JSON_OR_TABLE, number, refuse, whole_number
from shapelab.cli.progress import work_line
from shapelab.errors import InputError
from shapelab.io.folder_files import is_folder_of_files, partner
from shapelab.units import is_length, short_unit, shown_unit

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.frame import LayerData

__all__ = ["add_options", "run"]

_NO_REPORTS = (".csv", ".tsv", ".txt", ".json", ".png", ".svg", ".pdf", ".xlsx", ".zip")
"""Endings of files that a report is not: a folder of such a name would not be what was meant."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("a", type=Path, metavar="A", help="image, mesh or run folder (its last frame); or a folder of images")
    of_folder = "if A is a folder: one file, or a folder with files of the same names"
    parser.add_argument("b", type=Path, metavar="B", help=f"what A is compared with, at the finer of the two voxel sizes; {of_folder}")
    parser.add_argument(
        "--voxel-size", type=number, nargs="+", metavar="SIZE", help="voxel size of both: one number, or one per axis (z y x)"
    )
    parser.add_argument("--voxel-size-b", type=number, nargs="+", metavar="SIZE", help="voxel size of B, if different")
    parser.add_argument("--unit", help="unit of the voxel sizes")
    add_image_options(parser)
    for name, type_, shown in (("key", str, "KEY"), ("frame", whole_number, "N"), ("channel", whole_number, "N")):
        parser.add_argument(f"--{name}-b", type=type_, metavar=shown, help=f"--{name} for B, if different")
    parser.add_argument("--no-transport", action="store_true", help="leave out the distance by optimal transport")
    parser.add_argument("--no-curvature", action="store_true", help="leave out curvature diagrams (3-D)")
    parser.add_argument("--no-statistics", action="store_true", help="leave out the statistics of cells")
    add_effective_options(
        parser,
        "also compare effective properties of two masks: sizes of struts and pores, chords, tortuosity…, each in its own voxels and box",
    )
    parser.add_argument("--border-cells", action="store_true", help="keep cells cut by the border of the image in the statistics")
    add_movie_options(parser)
    add_folder_options(parser)
    report = (
        "also write a report: a folder with numbers, tables, versions, a figure, or a web page (.html); if A is a folder: the table (.csv)"
    )
    parser.add_argument("--out", type=Path, metavar="OUT", help=report)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Print how two shapes compare, or write the table of a folder."""
    from shapelab.compare import write_report
    from shapelab.convert.spacing import as_spacing
    from shapelab.io.output import require_new
    from shapelab.page import PAGE_SUFFIXES

    if known.unit is not None and known.voxel_size is None and known.voxel_size_b is None:
        raise InputError("--unit is that of --voxel-size or --voxel-size-b: give both, or neither.")
    if known.unit is not None and short_unit(known.unit) and not is_length(known.unit):
        raise InputError(f"--unit: {known.unit} is not a known unit of length: choose one such as um, nm, mm or pixel.")
    for size in (known.voxel_size, known.voxel_size_b):
        as_spacing(1.0 if size is None else size, len(size or (1,)))
    refuse_still_options(known)
    if is_folder_of_files(known.a):
        refuse(known, ("json",), JSON_OR_TABLE)
        of_folder = argparse.Namespace(**vars(known), path=known.a)
        return over_files(of_folder, table_of, partial(_references, known))
    if is_folder_of_files(known.b):
        raise InputError(f"{known.b} is a folder of files and {known.a} is not: give the folder first.")
    refuse_folder_options(known, known.a)
    if known.out is not None:
        if known.out.suffix.lower() in _NO_REPORTS:
            raise InputError(f"--out {known.out.name}: a report is a folder, or a web page (.html).")
        require_new(known.out)
    as_page = known.out is not None and known.out.suffix.lower() in PAGE_SUFFIXES
    if as_page and known.over_time:
        raise InputError(f"--out {known.out.name}: a web page shows two images, not movies: give a folder for the report.")
    if known.over_time:
        found = compared_movies(known.a, known.b, known, _of_b(known))
        print_movies(found, known)
        result = found.report()
    else:
        pair = _pair(known.a, known.b, known)
        result = _compared(*pair, known)
        print(_as_json(result) if known.json else _table(result))
        if known.out is not None and as_page:
            with contextlib.redirect_stdout(sys.stderr if known.json else sys.stdout):
                print(write_comparison(*pair, result, (known.voxel_size, known.voxel_size_b), known.out))
    if known.out is not None and not as_page:
        write_report(result, known.out)
    return 0


def table_of(known: argparse.Namespace) -> pd.DataFrame:
    """Return the comparison of the file ``known.path`` of a folder with its reference: one row, of movies several."""
    import pandas as pd

    from shapelab.compare.reports import numbers_of

    if known.over_time:
        return movie_table(compared_movies(known.path, _reference(known, known.path), known, _of_b(known)), known)
    result = _compared(*_pair(known.path, _reference(known, known.path), known), known)
    return pd.DataFrame([{**numbers_of(result), "notes": " ".join(result["notes"])}])


def _reference(known: argparse.Namespace, file: Path) -> Path:
    """Return what a file of the folder A is compared with: B, or the file of B of the same name."""
    return partner(file.relative_to(known.a), known.b) if is_folder_of_files(known.b) else Path(known.b)


def _references(known: argparse.Namespace, file: Path) -> list[Path]:
    """Return its reference if there is one."""
    try:
        reference = _reference(known, file)
    except InputError:
        return []
    return [reference] if reference.exists() else []


def _pair(first: Path, second: Path, known: argparse.Namespace) -> tuple[LayerData, LayerData]:
    return read_shape(first, known)[0], read_shape(second, _of_b(known))[0]


def _compared(a: LayerData, b: LayerData, known: argparse.Namespace) -> dict[str, Any]:
    from shapelab.compare import compare

    with work_line() as show:
        result = compare(
            a,
            b,
            known.voxel_size,
            spacing_b=known.voxel_size_b,
            unit=known.unit or "",
            exclude_border=not known.border_cells,
            transport=not known.no_transport,
            curvature=not known.no_curvature,
            statistics=not known.no_statistics,
            effective=known.effective,
            progress=lambda done, total: show(done / total, "Effective properties…"),
        )
    return {"a": a.name, "b": b.name, **result}


def _of_b(known: argparse.Namespace) -> argparse.Namespace:
    """Return the options that choose the image of B."""
    chosen = {name: getattr(known, f"{name}_b") for name in ("key", "frame", "channel")}
    return argparse.Namespace(**{**vars(known), **{name: value for name, value in chosen.items() if value is not None}})


def _as_json(result: dict[str, Any]) -> str:
    from shapelab.compare.reports import json_text, numbers_of

    lists = {name: value for name, value in result.items() if isinstance(value, list | tuple)}
    kept = numbers_of(result) | lists
    return json_text({name: kept[name] for name in result if name in kept}, indent=2)


def _table(result: dict[str, Any]) -> str:
    from shapelab.compare.rows import comparison_rows

    columns = comparison_rows(result)
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [("", "A - B", "A", "B"), *((name, *(_text(column.get(name)) for column in columns)) for name in names)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    head = f"compared as {result['compared']}, lengths in {shown_unit(result['unit']) or 'voxels'}"
    return "\n".join([head, *(line.rstrip() for line in lines), *(f"note: {sentence}" for sentence in result["notes"])])


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:.4g}"
