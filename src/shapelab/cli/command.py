"""The command and its verbs. Heavy modules load in the verb that needs them, so that ``shapelab --help`` answers at once."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from shapelab.cli import (
    check,
    compare,
    draw,
    estimate,
    export,
    fit,
    fit_cells,
    generate,
    listing,
    measure,
    render,
    resume,
    run,
    segment,
    sweep,
    tensions,
)
from shapelab.cli.parser import FAILED, INTERRUPTED, USAGE, Parser
from shapelab.errors import InputError, ShapelabError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 if a run failed, 2 for a wrong request, 130 if interrupted."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no "µ", and names of files that are no text, end no command
    parser = _command()
    words = sys.argv[1:] if arguments is None else arguments
    known, rest = parser.parse_known_args([_plain_number(word) for word in words])
    try:
        if any(not word and not before.startswith("--") for before, word in pairwise(words)):
            raise InputError("An empty name ('') would be the current folder, which already exists: say which file is meant.")
        if rest and known.command != "run":
            parser.error(f"unknown argument {rest[0]!r}")
        status = run.run(known, rest) if known.command == "run" else int(known.action(known))
        sys.stdout.flush()
        return status
    except ShapelabError as error:
        print(f"shapelab: {getattr(error, 'plain', error)}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("shapelab: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        _drop_output()
        named = f"{error.filename}: " if error.filename else "the output cannot be written: "
        print(f"shapelab: {named}{error.strerror or error}.", file=sys.stderr)
        return FAILED


def _drop_output() -> None:
    """Lose what stdout could not take, so that nothing tries again at the end of the process."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _plain_number(word: str) -> str:
    """Write -1e3 as -1000: argparse would take it for an option."""
    if re.fullmatch(r"-(\d+\.?\d*|\.\d+)[eE][-+]?\d{1,3}", word):
        return format(Decimal(word), "f")
    return word


def _command() -> Parser:
    from shapelab import __version__

    parser = Parser(prog="shapelab", description="See, simulate and measure shapes.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"shapelab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    # run shows its own help, with the parameters of the family
    run.add_options(commands.add_parser("run", help="run a simulation and save it in a folder", add_help=False, allow_abbrev=False))
    for name, verb, help_ in (
        ("resume", resume, "resume a saved run"),
        ("export", export, "export a run, segmentation or diagram: meshes, stacks, tables, movies, web pages"),
        ("sweep", sweep, "run a parameter sweep, on all cores or a cluster"),
        ("list", listing, "list families, presets and scenarios"),
        ("check", check, "test a scenario, your own or a built-in one, in a few seconds"),
        ("measure", measure, "measure a mask, a label image or a phase field"),
        ("compare", compare, "compare two masks, label images, meshes or runs"),
        ("fit", fit, "fit a diagram to grains or cells: a few numbers each"),
        ("estimate", estimate, "estimate motion, growth, shape or tensions of cells, with confidence intervals"),
        ("fit-cells", fit_cells, "fit the parameters of a model to a movie or a segmentation"),
        ("generate", generate, "generate a polycrystal, from parameters or like a measured one"),
        ("segment", segment, "find the grains of an orientation map (EBSD)"),
        ("draw", draw, "draw a saved diagram at any resolution"),
        ("render", render, "render cells as a microscope would show them, with their exact labels"),
        ("tensions", tensions, "infer the tensions and pressures in a tissue from its label image"),
    ):
        verb.add_options(commands.add_parser(name, help=help_, allow_abbrev=False))
    return parser
