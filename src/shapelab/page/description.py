"""What a page says of a run: title, frames, parameters, provenance, citation, and the command that makes it again.

Nothing of the machine that made the run is in it: no path, no user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapelab.catalog import create, families, scenarios
from shapelab.errors import InputError, ShapelabError
from shapelab.frame import Frame
from shapelab.io import Run
from shapelab.io.record import versions
from shapelab.page.declarations import declared, plain, rows
from shapelab.page.packing import Chunks
from shapelab.parameters import Parameters
from shapelab.script import as_command
from shapelab.simulation import Simulation

__all__ = ["LICENCE", "describe", "describe_present", "scalar_table"]

LICENCE = "The program in this page is part of napari-shapelab (MIT licence). The results belong to whoever made the run."


def describe(run: Run, indices: Sequence[int]) -> dict[str, Any]:
    """Return all words and numbers beside the layers and the scalars, as JSON."""
    record = run.record
    simulation = _again(run, record.parameters)
    given = [{"label": key, "value": plain(value), "description": ""} for key, value in record.parameters.items()]
    return {
        **_said_of(record.family, record.preset, simulation),
        "folder": run.path.name,
        "frames": [{"step": record.steps[index], "time": record.times[index]} for index in indices],
        "names": [str(column) for column in run.scalars.columns if column not in ("step", "time")],
        "parameters": rows(simulation.parameters) if simulation is not None else given,
        "changes": [
            {"step": change.step, "text": ", ".join(f"{key} = {plain(value)}" for key, value in change.parameters.items())}
            for change in record.changes
        ],
        "provenance": _provenance(run),
        "command": _command(simulation, record.steps[-1]),
        "live": _live(_again(run, record.latest_parameters()), _held(run)),
    }


def describe_present(simulation: Simulation, frame: Frame) -> dict[str, Any]:
    """Return the same of a simulation as it is now, which is saved nowhere; `frame` is its present one."""
    said = _said_of(simulation.model.name, simulation.preset, simulation)
    return {
        **said,
        "folder": simulation.preset or simulation.model.name,
        "frames": [{"step": frame.step, "time": frame.time}],
        "names": list(frame.scalars),
        "parameters": rows(simulation.parameters),
        "changes": [],
        "provenance": [
            {"label": "Device", "value": simulation.device},
            {"label": "Versions", "value": _listed(versions())},
        ],
        "command": "",
        "live": _live(simulation, None),
    }


def _said_of(family_name: str, preset_name: str | None, simulation: Simulation | None) -> dict[str, Any]:
    """Return the title, and what comes from the catalog and the model."""
    family = families().get(family_name)
    preset = scenarios(family_name).get(preset_name or "") if family is not None else None
    name = preset.title if preset is not None else preset_name or "Custom parameters"
    return {
        "title": f"{name} · {family.title if family is not None else family_name}",
        "about": preset.description if preset is not None else "",
        "family": family_name,
        "preset": preset_name,
        "citation": _citation(simulation, preset),
        "licence": LICENCE,
    }


def scalar_table(run: Run, indices: Sequence[int]) -> Chunks:
    """Return every scalar at every frame, row by row, in double precision: exactly what the table holds."""
    table = run.scalars.drop(columns=["step", "time"], errors="ignore").to_numpy(np.float64)
    chunks = Chunks()
    chunks.add_bytes(np.ascontiguousarray(table[list(indices)].astype("<f8")).tobytes())
    return chunks


def _again(run: Run, parameters: Mapping[str, Any]) -> Simulation | None:
    """Return a simulation of the run's model, None if that is not installed here."""
    try:
        return create(run.record.family, run.record.preset, **parameters)
    except (ShapelabError, TypeError):
        return None


def _provenance(run: Run) -> list[dict[str, str]]:
    record = run.record
    ended = record.reason or "The run was interrupted, or was still running."
    listed = {
        "Run": run.path.name,
        "Steps": f"{record.steps[0]} to {record.steps[-1]}, {len(run)} frames" if len(run) > 1 else str(record.steps[0]),
        "Ended": f"It failed: {ended}" if record.failed else ended,
        "Device": record.device,
        "Started": record.created.replace("T", " ").removesuffix("+00:00") + " UTC",
        "Versions": _listed(record.versions),
    }
    return [{"label": label, "value": value} for label, value in listed.items()]


def _listed(numbers: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def _citation(simulation: Simulation | None, preset: Any) -> list[str]:
    found = [getattr(preset, "citation", ""), getattr(simulation.model, "citation", "") if simulation is not None else ""]
    return list(dict.fromkeys(text for text in found if text))


def _command(simulation: Simulation | None, steps: int) -> str:
    """Return the command that runs the same parameters for as long, "" where there is none."""
    if simulation is None:
        return ""
    try:
        return f"{as_command(simulation)} --steps {steps}"
    except (ShapelabError, KeyError):  # KeyError: its preset is not installed here
        return ""


def _held(run: Run) -> list[str] | None:
    """Return the fields that the last state holds besides what evolves, None if that is not known."""
    try:
        return run.held_fields()
    except InputError:  # a damaged checkpoint is no reason against a page of the frames
        return None


def _live(simulation: Simulation | None, held: list[str] | None) -> dict[str, Any] | None:
    """Return what a page needs to continue the run; the page itself decides whether it can."""
    if simulation is None or not isinstance(simulation.parameters, Parameters):
        return None
    given = simulation.parameters
    return {
        "family": simulation.model.name,
        "values": given.to_json(),
        "declared": declared(given),
        "periodic": simulation.periodic,
        "held": held,
    }
