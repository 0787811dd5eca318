"""The record of a run: the one JSON file that says which frames of its folder are complete, and where they come from."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io.growing_csv import Extent
from shapelab.io.layer_meta import plain_meta
from shapelab.io.presence import is_file
from shapelab.io.textfile import read_json, write_json
from shapelab.simulation import Simulation

__all__ = [
    "LayerRecord",
    "LiveChange",
    "RunRecord",
    "Stamp",
    "layer_record",
    "new_record",
    "read_record",
    "record_to_resume",
    "stamp_of",
    "versions",
    "write_record",
]

RECORD = "run.json"
SCALARS, WIDER_SCALARS = "scalars.csv", "scalars-wider.csv"
"""Table of the scalars, and its copy while it gets further columns."""
_KINDS = {"image": "images", "labels": "labels", "points": "points"}

_Path = Annotated[str, StringConstraints(pattern=r"^(images|labels|points)/[A-Za-z0-9_-]+$")]
_Count = Annotated[int, Field(ge=0)]


Stamp = tuple[int, int]
"""Time and size of a file."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LayerRecord(_Strict):
    """Where one layer's data are, and how it looks."""

    name: str
    kind: Literal["image", "labels", "points"]
    path: _Path
    meta: dict[str, Any]


class LiveChange(_Strict):
    """Live parameters that changed during the run."""

    step: _Count
    parameters: dict[str, Any]


class RunRecord(_Strict):
    """What ``run.json`` holds."""

    format: Literal["shapelab run"] = "shapelab run"
    version: Literal[1] = 1
    family: str
    preset: str | None = None
    parameters: dict[str, Any]
    """At the first frame."""
    changes: list[LiveChange] = []
    device: str
    versions: dict[str, str]
    created: str
    steps: list[_Count] = []
    """Step of each complete frame."""
    times: list[float] = []
    layers: list[LayerRecord] = []
    tables: dict[str, _Count] = {}
    """Complete bytes of each CSV file."""
    checksums: dict[str, _Count] = {}
    """CRC-32 of these bytes."""
    keep: Literal["last", "all", "none"] | None = None
    """Checkpoints that the run was saved with; None in runs of earlier versions."""
    checkpoints: list[_Count] = []
    """Steps that the run can be resumed from."""
    drawings: list[_Count] = []
    """Steps whose cells can be drawn on any grid."""
    done: bool = False
    failed: bool = False
    reason: str | None = None

    def snapshot(self) -> RunRecord:
        """Return a copy that does not change when this record grows."""
        lists = {name: list(getattr(self, name)) for name in ("changes", "steps", "times", "layers", "checkpoints", "drawings")}
        return self.model_copy(update={**lists, "tables": dict(self.tables), "checksums": dict(self.checksums)})

    def extent(self, table: str) -> Extent | None:
        """Return the complete part of a CSV file, None if the run has no such table."""
        size = self.tables.get(table)
        return Extent(size, self.checksums.get(table)) if size else None

    def latest_parameters(self) -> dict[str, Any]:
        """Return the parameters at the last frame."""
        latest = dict(self.parameters)
        for change in self.changes:
            latest |= change.parameters
        return latest

    def note_changes(self, step: int, parameters: dict[str, Any]) -> None:
        """Add what of the parameters at `step` differs from those of before."""
        before = self.latest_parameters()
        if changed := {name: value for name, value in parameters.items() if value != before.get(name)}:
            self.changes.append(LiveChange(step=step, parameters=changed))


def layer_record(layer: LayerData, taken: set[str]) -> LayerRecord | None:
    """Return the record of a layer that a run folder can hold, else None (surfaces, vectors: they follow from the rest)."""
    if layer.kind not in _KINDS:
        return None
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", layer.name).strip("-") or "layer"
    while (path := f"{_KINDS[layer.kind]}/{slug}") in taken:
        slug += "-2"
    taken.add(path)
    return LayerRecord(name=layer.name, kind=layer.kind, path=path, meta=plain_meta(layer.meta, layer.kind))  # type: ignore[arg-type]


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    found = {"python": sys.version.split()[0]}
    for package in ("napari-shapelab", "numpy", "numba", "torch"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return the time, in UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_record(folder: Path, record: RunRecord) -> Stamp | None:
    """Replace the record: from here on the frames it lists are complete. Return what tells it from any other."""
    write_json(folder / RECORD, record.model_dump(mode="json"))
    return stamp_of(folder)


def stamp_of(folder: Path) -> Stamp | None:
    """Return what tells the record of a folder from one that someone else writes there, None if there is none."""
    try:
        known = (folder / RECORD).stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size


def read_record(folder: Path) -> RunRecord:
    """Read and check the record of a run folder."""
    if not is_file(folder / RECORD):
        raise InputError(f"{str(folder)!r} is not a run folder: it has no {RECORD}.")
    try:
        record = RunRecord(**read_json(folder / RECORD))
    except (ValidationError, TypeError) as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) if isinstance(error, ValidationError) else ""
        raise InputError(f"The record {RECORD} of {folder.name} is damaged or of another version (at {where or 'its top'}).") from error
    if len(record.times) != len(record.steps) or record.steps != sorted(set(record.steps)):
        raise InputError(f"The record {RECORD} of {folder.name} is damaged: its steps and times do not agree.")
    for layer in record.layers:
        layer.meta = plain_meta(layer.meta, layer.kind)
    return record


def new_record(simulation: Simulation) -> RunRecord:
    """Return the record of a run that is about to be saved."""
    return RunRecord(
        family=simulation.model.name,
        preset=simulation.preset,
        parameters=simulation.parameters.to_json(),
        device=simulation.device,
        versions=versions(),
        created=now(),
    )


def record_to_resume(path: Path, simulation: Simulation) -> RunRecord:
    """Return the record of the folder that `simulation` continues; refuse any other."""
    record = read_record(path)
    last, step = (record.steps[-1] if record.steps else 0), simulation.step_number
    if record.family != simulation.model.name:
        raise InputError(f"{path.name} is a run of {record.family}, not of {simulation.model.name}.")
    if step != last:
        raise InputError(f"{path.name} ends at step {last} and the simulation is at step {step}: save it under another name.")
    return record
