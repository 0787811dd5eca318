"""The ``shapelab`` command: run, resume, export, sweep, list and measure without a window.

Heavy modules load in the command that needs them, so that ``shapelab --help`` answers at once.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from shapelab.cli_export import add_options as add_export_options
from shapelab.cli_sweep import add_options as add_sweep_options
from shapelab.errors import InputError, ShapelabError

if TYPE_CHECKING:
    from shapelab.frame import LayerData
    from shapelab.simulation import Simulation

__all__ = ["main"]

_USAGE = 2
_STEPS = 500
"""Steps of a run that would not end by itself."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 if a run failed, 2 for a wrong request, 130 if interrupted."""
    parser = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    known, rest = parser.parse_known_args([_plain_number(word) for word in words])
    try:
        if known.command == "run":
            return _run(known, rest)
        if rest:
            parser.error(f"unknown argument {rest[0]!r}")
        return int(known.action(known))
    except ShapelabError as error:
        print(f"shapelab: {error}", file=sys.stderr)
        return _USAGE
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _plain_number(word: str) -> str:
    """Write -1e3 as -1000: argparse would take it for an option."""
    if re.fullmatch(r"-(\d+\.?\d*|\.\d+)[eE][-+]?\d{1,3}", word):
        return format(Decimal(word), "f")
    return word


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE, f"{self.prog}: {message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    from shapelab import __version__

    parser = _Parser(prog="shapelab", description="See, simulate and measure shapes.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"shapelab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    run = commands.add_parser("run", help="run a simulation and keep it in a folder", add_help=False, allow_abbrev=False)
    run.add_argument("family", metavar="FAMILY", nargs="?", help="family of models (see shapelab list)")
    run.add_argument("--preset", "--scenario", dest="preset", metavar="NAME", help="preset or scenario to start from")
    run.add_argument("--start-from", type=Path, metavar="FILE", help="mask, labels or image to start from")
    run.add_argument("-h", "--help", action="store_true", help="show this help, with the parameters of FAMILY")
    _add_recording(run)

    resume = commands.add_parser("resume", help="go on with a saved run", allow_abbrev=False)
    resume.add_argument("path", type=Path, metavar="FOLDER", help="run folder")
    resume.add_argument("--from-step", type=int, metavar="N", help="go on from this kept step (then --out is needed)")
    resume.set_defaults(action=_resume)
    _add_recording(resume)

    add_export_options(commands.add_parser("export", help="write a saved run as meshes, a stack, tables or a movie", allow_abbrev=False))
    add_sweep_options(commands.add_parser("sweep", help="run many members of a family, on all cores or a cluster", allow_abbrev=False))

    listing = commands.add_parser("list", help="list families, presets and scenarios", allow_abbrev=False)
    listing.add_argument("family", metavar="FAMILY", nargs="?")
    listing.set_defaults(action=_list)

    measure = commands.add_parser("measure", help="measure a mask, a label image or a phase field", allow_abbrev=False)
    measure.add_argument("path", type=Path, metavar="FILE")
    measure.add_argument("--voxel-size", type=float, nargs="+", metavar="SIZE", help="one size, or one per axis (z y x)")
    measure.add_argument("--unit", help="unit of the voxel size")
    measure.add_argument("--label", type=int, metavar="N", help="measure this label alone, with its curvature")
    measure.add_argument("--smoothing", type=float, default=2.0, metavar="VOXELS", help="smoothing of a mask (default 2)")
    measure.add_argument("--key", help="which array of a file that holds several")
    measure.add_argument("--json", action="store_true", help="print JSON")
    measure.set_defaults(action=_measure)
    return parser


def _add_recording(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="run folder to make, such as tubes.zarr")
    parser.add_argument("--steps", type=int, metavar="N", help=f"most steps to take (default: until it is over, or {_STEPS})")
    parser.add_argument("--every", type=int, default=50, metavar="N", help="steps between kept frames (default 50)")
    parser.add_argument("--keep", choices=("last", "all", "none"), default="last", help="checkpoints to keep (default last)")
    parser.add_argument("--mesh", type=Path, metavar="FILE", help="also write the last surface (.ply with curvature, .obj, .stl)")


def _run(known: argparse.Namespace, rest: list[str]) -> int:
    from shapelab import catalog
    from shapelab.cli_options import add_parameters, given_parameters

    parser = _Parser(prog=f"shapelab run {known.family or 'FAMILY'}", allow_abbrev=False)
    parser.add_argument("--preset", "--scenario", metavar="NAME", help="preset or scenario to start from")
    parser.add_argument("--start-from", metavar="FILE", help="mask, labels or image to start from")
    _add_recording(parser)
    if known.family is None:
        if known.help:
            parser.print_help()
            return 0
        raise InputError(f"say which family to run: {', '.join(catalog.families())}.")
    parameters_type = catalog.create(known.family, known.preset).model.parameters_type
    add_parameters(parser, parameters_type)
    if known.help:
        parser.print_help()
        return 0
    changes: dict[str, Any] = given_parameters(parser.parse_args(rest), parameters_type)
    if known.start_from is not None:
        from shapelab.io import read_image

        changes["initial"] = read_image(known.start_from)
    return _record(catalog.create(known.family, known.preset, **changes), known)


def _resume(known: argparse.Namespace) -> int:
    from shapelab.io import load_run

    run = load_run(known.path)
    if known.from_step is not None and known.out is None:
        raise InputError("going on from an earlier step makes another run: say where with --out.")
    return _record(run.simulation(known.from_step), known, append_to=None if known.out is not None else known.path)


def _record(simulation: Simulation, known: argparse.Namespace, append_to: Path | None = None) -> int:
    """Run `simulation` and keep its frames; an interrupt ends it after the current step."""
    from shapelab.cli_progress import Progress, interruptible
    from shapelab.io import RunWriter
    from shapelab.io.mesh import check_suffix

    path = append_to or known.out
    if path is None and known.mesh is None:
        raise InputError("say where to keep the run (--out tubes.zarr) or its surface (--mesh tubes.ply).")
    if known.mesh is not None:
        check_suffix(known.mesh)
    steps = known.steps
    if steps is None and "max_steps" not in type(simulation.parameters).model_fields:
        steps = _STEPS
    writer = RunWriter(path, simulation, keep=known.keep, append=append_to is not None) if path is not None else None
    frame = None
    try:
        with interruptible(simulation) as interrupted, Progress(simulation, steps) as progress:
            for frame in simulation.run(steps, every=known.every):
                if writer is not None:
                    writer.write(frame)
                progress.show(frame)
    finally:
        if writer is not None:
            writer.close()
    if writer is not None:
        print(f"{path}: {writer.frames} frames, step {simulation.step_number}. {simulation.reason or ''}".rstrip())
    if known.mesh is not None and frame is not None:
        from shapelab.io.surface import write_surface

        print(write_surface(known.mesh, frame))
    if simulation.failed:
        print(f"shapelab: {simulation.reason}", file=sys.stderr)
        return 1
    return 130 if interrupted.is_set() else 0


def _list(known: argparse.Namespace) -> int:
    from shapelab import catalog

    names = [known.family] if known.family else list(catalog.families())
    for name in names:
        family = catalog.family(name)
        try:
            entries = catalog.scenarios(name)
        except (ModuleNotFoundError, AttributeError):
            continue  # listed in the catalog, not part of this installation
        print(f"{family.name}: {family.description}")
        width = max((len(key) for key in entries), default=0)
        for key, entry in entries.items():
            print(f"  {key:<{width}}  {entry.description}")
    return 0


def _measure(known: argparse.Namespace) -> int:
    from shapelab.cli_report import print_report
    from shapelab.measure import measure

    layer, boundary = _shape(known)
    spacing = known.voxel_size or layer.meta["scale"]
    unit = known.unit if known.unit is not None else layer.meta["units"][-1]
    unit = "" if unit == "pixel" else unit
    if known.voxel_size is None and not unit:
        print("shapelab: the file states no voxel size, so lengths are in voxels (see --voxel-size).", file=sys.stderr)
    print_report(
        measure(layer.data, spacing, unit=unit, label=known.label, smoothing=known.smoothing, boundary=boundary), unit, as_json=known.json
    )
    return 0


def _shape(known: argparse.Namespace) -> tuple[LayerData, Any]:
    """Return the image of a file, or the last frame's first volume of a run folder, and how it goes on beyond its box."""
    from shapelab.io import load_run, read_image

    if not (known.path / "run.json").is_file():
        return read_image(known.path, key=known.key), "replicate"
    run = load_run(known.path)
    volumes = [layer for layer in run.frame() if layer.kind in ("image", "labels")]
    if not volumes:
        raise InputError(f"The run {known.path.name} holds no image or labels to measure.")
    return volumes[0], run.record.parameters.get("boundary", "replicate")
