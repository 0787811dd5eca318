"""What a saved run was, in words: model, parameters, versions, how it ended, where it can be resumed."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.catalog import create, families, scenarios
from shapelab.errors import ShapelabError
from shapelab.io import Run, load_run
from shapelab.units import shown_unit

__all__ = ["Details", "Opened", "about", "details", "read_opened"]

Details = list[tuple[str, str]]
"""Rows (name, value)."""


@dataclass(frozen=True)
class Opened:
    """A run folder with what is said of it."""

    run: Run
    steps: np.ndarray
    scalars: dict[str, np.ndarray]
    about: str
    details: Details


def read_opened(path: Path) -> Opened:
    """Read a run folder with all that is said of it."""
    run = load_run(path)
    table = run.scalars
    values = {str(name): table[name].to_numpy(float) for name in table.columns if name not in ("step", "time")}
    return Opened(run, np.array(run.steps), values, about(run), details(run))


def about(run: Run) -> str:
    """Return one short paragraph, as HTML."""
    record = run.record
    parts = [f"<b>{escape(_title(run))}</b>, {_grid(run)}, {_count(len(run), 'frame')}: {_steps(run)}"]
    if record.failed:
        parts.append(f"It failed: {escape(record.reason or 'for an unknown reason')}")
    elif record.reason:
        parts.append(escape(record.reason))
    else:
        parts.append("The run was interrupted or is still running.")
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)


def details(run: Run) -> Details:
    """Return rows: what differs from the defaults, then seed, device, versions, time, checkpoints."""
    record = run.record
    rows = [("model", record.family), ("preset", record.preset or "none"), *_parameters(run)]
    rows += [
        (f"from step {change.step}", ", ".join(f"{name} = {_short(value)}" for name, value in change.parameters.items()))
        for change in record.changes
    ]
    rows += [("device", record.device), ("started", record.created.replace("T", " ").removesuffix("+00:00") + " UTC")]
    rows += [("versions", ", ".join(f"{name} {number}" for name, number in record.versions.items()))]
    return [*rows, ("can be resumed from", _checkpoints(run)), ("folder", str(run.path))]


def _title(run: Run) -> str:
    record = run.record
    family = families().get(record.family)
    preset = scenarios(record.family).get(record.preset or "") if family is not None else None
    name = preset.title if preset is not None else record.preset or "Custom parameters"
    return f"{name} ({family.title if family is not None else record.family})"


def _grid(run: Run) -> str:
    for item in run.record.layers:
        if item.kind != "points":
            shape = run.array(item).shape[1:]
            size = item.meta.get("scale", (1.0,))[-1]
            unit = shown_unit(str(item.meta.get("units", ("",))[-1]))
            return f"{' × '.join(map(str, shape))} {'voxels' if len(shape) == 3 else 'pixels'} of {size:.4g} {unit or 'pixel'}"
    return "no image"


def _steps(run: Run) -> str:
    return f"step {run.steps[0]}" if len(run) == 1 else f"steps {run.steps[0]} to {run.steps[-1]}"


def _parameters(run: Run) -> Details:
    """Return label and value of what differs from the defaults; as it stands in the file where no model knows it."""
    record = run.record
    try:
        parameters = create(record.family, record.preset, **record.parameters).parameters
    except (ShapelabError, TypeError):
        return [(name, _short(value)) for name, value in record.parameters.items()]
    infos, changed = parameters.infos(), parameters.changed()
    names = [*changed, *(["seed"] if "seed" in infos and "seed" not in changed else [])]
    return [(infos[name].label, f"{_short(getattr(parameters, name))} {infos[name].unit}".strip()) for name in names]


def _checkpoints(run: Run) -> str:
    kept = run.record.checkpoints
    if not kept:
        return "none: it was saved without checkpoints"
    if set(run.steps) <= set(kept):
        return "every frame"
    listed = ", ".join(map(str, kept[-6:]))
    return f"step {listed}" if len(kept) == 1 else f"steps {'…, ' if len(kept) > 6 else ''}{listed}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    return str(value)
