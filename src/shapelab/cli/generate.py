"""The ``shapelab generate`` command: what the Generate tab of the Crystals dock does, by numbers or like measured samples."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from shapelab.cli.image_file import IMAGE_OPTIONS
from shapelab.cli.parser import refuse
from shapelab.cli.progress import work_line
from shapelab.errors import InputError

if TYPE_CHECKING:
    from shapelab.crystals.population import Population

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from shapelab.cli.options import add_parameters
    from shapelab.crystals.generate_parameters import GenerateParameters

    add_out_option(parser, "each file of --like")
    parser.add_argument(
        "--like",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="label image, orientation map or grain table whose statistics the sample should have; it also sets the number of "
        "grains, the grid and the pixel size, unless they are given",
    )
    parser.add_argument("--json", action="store_true", help="print the statistics, of several files a list, as JSON")
    add_grain_options(parser, sizes=False)
    add_parameters(parser, GenerateParameters)
    parser.set_defaults(action=run)


def run(known: argparse.Namespace) -> int:
    """Make a sample, or one like every file; a file that fails is reported and left out."""
    from shapelab.cli.options import given_parameters
    from shapelab.cli.report import json_document
    from shapelab.crystals.generate_parameters import GenerateParameters
    from shapelab.crystals.sample import SAMPLE_SUFFIXES

    given = given_parameters(known, GenerateParameters)
    _require_sense(known, given)
    GenerateParameters(**given)
    files = known.like or [Path("sample")]
    outs = targets(known.out, files, SAMPLE_SUFFIXES)
    with json_document(known.json, several=len(files) > 1) as found:
        return each_file_stoppable(files, outs, partial(_generate, given, known, found))


def _require_sense(known: argparse.Namespace, given: dict[str, Any]) -> None:
    """Refuse options that would be ignored."""
    from shapelab.crystals.generate_parameters import UNUSED_WITH_LIKE

    if not known.like:
        refuse(known, ("grain_boundary", *IMAGE_OPTIONS), "says how the files of --like are read: give --like, too.")
        return
    for name in UNUSED_WITH_LIKE:
        if name in given:
            raise InputError(f"--{name.replace('_', '-')} is not used with --like, which determines the grains: choose one.")


def _generate(
    given: dict[str, Any],
    known: argparse.Namespace,
    found: list[dict[str, Any]],
    abort: threading.Event,
    file: Path,
    paths: Sequence[Path],
) -> None:
    from shapelab.crystals.generate_parameters import GenerateParameters

    like, taken = None, dict[str, Any]()
    if known.like:
        like, taken, notes = _like(read_grains(file, known))
        if "shape" not in given and "pixel_size" not in given:
            tell(file.name, notes)
    parameters = GenerateParameters(**(taken | given))
    with work_line() as show:
        crystal = parameters.generate(like, lambda fraction, labels: show(fraction, "regularising"), abort)
    save_all(file.name, crystal.sample(parameters.unit), paths, silent=known.json)
    numbers = {"volume_error": crystal.volume_error, "mean_volume_error": crystal.mean_volume_error, "seconds": crystal.seconds}
    whose = {"file": str(file) if known.like else None, **crystal.statistics, "grains": len(crystal.volumes)}
    found.append({**whose, **numbers, "written": [str(path) for path in paths]})
    if not known.json:
        print(f"{file.name}: {crystal.summary(file.name if known.like else '')}")


def _like(grains: GrainInput) -> tuple[Population, dict[str, Any], tuple[str, ...]]:
    """Return the population of a sample; its number of grains, grid and pixel size as the dock takes them; what is to be said of them."""
    from shapelab.crystals.generate_parameters import parameters_like
    from shapelab.crystals.population import population_of
    from shapelab.crystals.table_drawing import table_grid

    if grains.table is not None:
        shape, spacing, _ = table_grid(grains.table)
        return grains.table.population(), *parameters_like(len(grains.table), shape, (min(spacing),) * 2, "")
    assert grains.labels is not None
    assert grains.place is not None
    population = population_of(grains.labels, grains.place.spacing, **grains.known)
    return population, *parameters_like(len(population.volumes), grains.labels.shape, grains.place.spacing, grains.place.unit)
