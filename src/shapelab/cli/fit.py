"""The ``shapelab fit`` command: what the Fit tab of the Crystals dock does, on one file or many."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.folder import add_folder_options, over_files, refuse_folder_options
from shapelab.cli.grain_input import (
    GrainInput,
    add_grain_options,
    add_out_option,
    each_file_stoppable,
    read_grains,
    save_all,
    targets,
    tell,
)
from shapelab.cli.parser import JSON_OR_TABLE, refuse
from shapelab.cli.progress import work_line
from shapelab.errors import InputError
from shapelab.io.folder_files import is_folder_of_files
from shapelab.units import percent

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals.fit_parameters import FitParameters
    from shapelab.crystals.sample import GrainSample

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.crystals.fit_parameters import FitParameters

    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="label image, orientation map (EBSD), grain table, or run folder of cells; or one folder of images",
    )
    add_out_option(parser, "each file")
    parser.add_argument("--json", action="store_true", help="print the numbers of the fit, of several files a list, as JSON")
    add_grain_options(parser)
    add_folder_options(parser)
    add_parameters(parser, FitParameters)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Fit every file; one that fails is reported and left out. Of a folder, write one table of the grains of all files."""
    from shapelab.cli.options import given_parameters
    from shapelab.cli.report import json_document
    from shapelab.crystals.fit_parameters import FitParameters
    from shapelab.crystals.sample import SAMPLE_SUFFIXES

    parameters = FitParameters(**given_parameters(known, FitParameters))
    if len(known.files) == 1 and is_folder_of_files(known.files[0]):
        return over_files(_of_folder(known), table_of)
    refuse_folder_options(known, known.files[0])
    outs = targets(known.out, known.files, SAMPLE_SUFFIXES)
    with json_document(known.json, several=len(known.files) > 1) as found:
        return each_file_stoppable(known.files, outs, partial(_fit, parameters, known, found))


def _of_folder(known: argparse.Namespace) -> argparse.Namespace:
    """Return the options for all files of a folder."""
    if len(known.out) != 1:
        raise InputError("A folder needs one --out FILE.csv for its table.")
    refuse(known, ("json",), JSON_OR_TABLE)
    return argparse.Namespace(**{**vars(known), "path": known.files[0], "out": Path(known.out[0])})


def table_of(known: argparse.Namespace) -> pd.DataFrame:
    """Return the table of the grains of a file of a folder; what is to be said of the fit goes to stderr."""
    from shapelab.cli.options import given_parameters
    from shapelab.crystals.fit_parameters import FitParameters

    grains = read_grains(known.path, known)
    parameters, abort = FitParameters(**given_parameters(known, FitParameters)), threading.Event()
    drawn = grains.table is not None
    sample, sentences, _ = _drawn(grains, parameters, abort) if drawn else _fitted(grains, parameters, abort, timed=False)
    tell(known.path.name, sentences)
    assert sample.table is not None
    return sample.table


def _fit(
    parameters: FitParameters,
    known: argparse.Namespace,
    found: list[dict[str, Any]],
    abort: threading.Event,
    file: Path,
    paths: Sequence[Path],
) -> None:
    grains = read_grains(file, known)
    if grains.table is not None:
        sample, sentences, numbers = _drawn(grains, parameters, abort)
    else:
        sample, sentences, numbers = _fitted(grains, parameters, abort)
    save_all(file.name, sample, paths, silent=known.json)
    found.append({"file": str(file), **numbers, "written": [str(path) for path in paths]})
    if not known.json:
        print(f"{file.name}: {' '.join(sentences)}")


def _fitted(
    grains: GrainInput, parameters: FitParameters, abort: threading.Event, *, timed: bool = True
) -> tuple[GrainSample, list[str], dict[str, Any]]:
    from shapelab.crystals import grain_report
    from shapelab.crystals.fit_summary import fit_neighbours, fit_sentences, lost_grains
    from shapelab.crystals.sample import GrainSample
    from shapelab.crystals.saved_table import saved_table

    assert grains.labels is not None
    assert grains.place is not None
    with work_line() as show:
        fit = parameters.fit(
            grains.labels,
            grains.place.spacing,
            lambda progress: show(progress.fraction, f"{progress.stage} · mismatch {percent(progress.mismatch)}"),
            abort,
        )
    report, match = grain_report(grains.labels, fit), fit_neighbours(fit, grains.labels)
    table = saved_table(report, fit.moments, grains.place.unit, grains.known.get("orientations"), grains.known.get("phases"))
    sample = GrainSample(fit.labels, grains.place, table, fit.diagram, **grains.known, periodic=parameters.boundary == "periodic")
    numbers = {
        "grains": len(report),
        "mismatch": fit.mismatch,
        "volume_error": fit.volume_error,
        "mean_volume_error": fit.mean_volume_error,
        "background": float((grains.labels == 0).mean()),
        "lost": lost_grains(report),
        "neighbours": {"pairs": match.pairs, "lost": len(match.lost), "new": len(match.gained), "area_error": match.area_error},
        "seconds": fit.seconds,
        "stopped": fit.stopped,
        "remarks": list(fit.remarks),
    }
    return sample, fit_sentences(fit, report, grains.labels, timed=timed), numbers


def _drawn(grains: GrainInput, parameters: FitParameters, abort: threading.Event) -> tuple[GrainSample, list[str], dict[str, Any]]:
    from shapelab.convert.place import Place
    from shapelab.crystals.sample import GrainSample
    from shapelab.crystals.saved_table import saved_table

    table = grains.table
    assert table is not None
    drawing = parameters.draw(table, abort)
    phases = None if table.phases is None else table.phases.tolist()
    saved = saved_table(drawing.grains, drawing.moments, "", table.orientations, phases)
    sample = GrainSample(
        drawing.labels,
        Place.of(drawing.spacing),
        saved,
        drawing.diagram,
        table.orientations,
        phases,
    )
    numbers = {"grains": len(table), **drawing.errors(), "shape": list(drawing.labels.shape)}
    return sample, [drawing.summary()], numbers
