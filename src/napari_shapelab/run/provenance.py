"""Where a result comes from: model, parameters, random seed, version, device."""

from __future__ import annotations

from typing import Any

import shapelab
from shapelab.simulation import Frame, Simulation

__all__ = ["provenance"]


def provenance(simulation: Simulation, frame: Frame | None = None) -> dict[str, Any]:
    """Return where a result comes from, as JSON-ready data, for a layer's metadata and for files."""
    parameters = simulation.parameters.to_json()
    entry: dict[str, Any] = {
        "model": simulation.model.name,
        "preset": simulation.preset,
        "parameters": parameters,
        "seed": parameters.get("seed"),
        "device": simulation.device,
        "periodic": simulation.periodic,
        "version": shapelab.__version__,
        "citation": simulation.model.citation,
    }
    if frame is not None:
        entry.update(step=frame.step, time=frame.time)
    return entry
