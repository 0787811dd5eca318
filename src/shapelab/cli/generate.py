"""The ``shapelab generate`` command: what the Generate tab of the Crystals dock does, by numbers or like measured samples."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.cli.grain_input import GrainInput, add_grain_options, each_file, read_grains, save_all, targets
from shapelab.cli.parser import INTERRUPTED
from shapelab.cli.progress import WorkLine, on_interrupt

if TYPE_CHECKING:
    from shapelab.crystals.population import Population

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.crystals.generate_parameters import GenerateParameters

    parser.add_argument(
        "--out",
        action="append",
        default=[],
        metavar="OUT",
        help="what to make, may be given several times: .tif .nii .h5 (labels), .csv (table of the grains), .json (diagram), "
        ".vti (DAMASK); {name} stands for the name of each file of --like",
    )
    parser.add_argument(
        "--like",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="label image, orientation map or grain table whose statistics the sample should have; number of grains, grid and pixel size "
        "are then those of the file unless they are given",
    )
    parser.add_argument("--json", action="store_true", help="print the statistics as a line of JSON")
    add_grain_options(parser, sizes=False)
    add_parameters(parser, GenerateParameters)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Make a sample, or one like every file; a file that fails is reported and left out."""
    from shapelab.cli.options import given_parameters
    from shapelab.crystals.generate_parameters import GenerateParameters
    from shapelab.crystals.sample import SAMPLE_SUFFIXES

    given = given_parameters(known, GenerateParameters)
    GenerateParameters(**given)
    files = known.like or [Path("sample")]
    outs = targets(known.out, files, SAMPLE_SUFFIXES)
    abort = threading.Event()
    with on_interrupt(abort.set) as interrupted:
        status = each_file(files, outs, partial(_generate, given, known, abort), abort)
    return INTERRUPTED if interrupted.is_set() else status


def _generate(given: dict[str, Any], known: argparse.Namespace, abort: threading.Event, file: Path, paths: Sequence[Path]) -> None:
    from shapelab.crystals.generate_parameters import GenerateParameters

    like, taken = None, dict[str, Any]()
    if known.like:
        like, taken = _like(read_grains(file, known))
    parameters = GenerateParameters(**(taken | given))
    line = WorkLine()
    try:
        crystal = parameters.generate(like, lambda fraction, labels: line.show(fraction, "regularising"), abort)
    finally:
        line.clear()
    save_all(file.name, crystal.sample(parameters.unit), paths)
    if known.json:
        numbers = {"volume_error": crystal.volume_error, "mean_volume_error": crystal.mean_volume_error, "seconds": crystal.seconds}
        print(json.dumps({"file": str(file) if known.like else None, **crystal.statistics, **numbers}))
    else:
        print(f"{file.name}: {crystal.summary(file.name if known.like else '')}")


def _like(grains: GrainInput) -> tuple[Population, dict[str, Any]]:
    """Return the population of a sample, and its number of grains, grid and pixel size as the dock takes them."""
    from shapelab.crystals.generate_parameters import parameters_like
    from shapelab.crystals.population import population_of
    from shapelab.crystals.table_drawing import table_box

    if grains.table is not None:
        size = table_box(grains.table)[1]
        step = max(size) / 512
        shape = (max(8, round(size[0] / step)), max(8, round(size[1] / step)))
        population: Population = grains.table.population()
        return population, parameters_like(len(grains.table), shape, (step, step), "")
    assert grains.labels is not None
    assert grains.place is not None
    spacing = grains.place.spacing
    known = grains.known
    parts = known.get("orientations"), grains.symmetries, known.get("phases"), known.get("phase_names")
    population = population_of(grains.labels, spacing, *parts)
    return population, parameters_like(len(population.volumes), grains.labels.shape, spacing, grains.place.unit)
