"""The layers that show an EBSD map: colours of the inverse pole figure, phases, grains."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapelab.crystals.ebsd.scan import EbsdMap
from shapelab.crystals.segmentation import Grains, find_grains
from shapelab.errors import InputError
from shapelab.frame import LayerData

__all__ = ["grain_meta", "place_of_scan", "scan_layers"]

_DIRECTIONS: dict[str, tuple[float, float, float]] = {"X": (1, 0, 0), "Y": (0, 1, 0), "Z": (0, 0, 1)}


def scan_layers(name: str, scan: EbsdMap, threshold: float = 5.0, direction: str = "Z") -> list[LayerData]:
    """Return an image of colours, the phases, and the grains of a map.

    Parameters
    ----------
    name
        What the layers' names begin with.
    scan
        The map.
    threshold
        Misorientation that separates grains [degrees].
    direction
        Direction of the sample whose inverse pole figure is shown: "X", "Y" or "Z".
    """
    place = place_of_scan(scan)
    notes = list(scan.notes)
    said: dict[str, Any] = {"notes": notes, "phases": {k: {"name": p.name, "symmetry": p.symmetry} for k, p in scan.phases.items()}}
    colours = np.round(255 * scan.colours(_DIRECTIONS[direction])).astype(np.uint8)
    layers = [
        LayerData(f"{name} · IPF {direction}", colours, "image", {**place, "rgb": True, "metadata": said | {"direction": direction}}),
        LayerData(f"{name} · phases", scan.phase, "labels", {**place, "visible": False, "features": _phase_table(scan), "metadata": said}),
    ]
    try:
        grains = find_grains(scan, threshold)
    except InputError as error:  # not a grain is large enough: the map is there all the same
        notes.append(str(error))
        return layers
    notes.extend(grains.notes)
    meta = {**place, **grain_meta(grains, threshold), "features": grains.table(), "opacity": 0.5, "visible": False}
    return [*layers, LayerData(f"{name} · grains", grains.labels, "labels", meta)]


def place_of_scan(scan: EbsdMap) -> dict[str, Any]:
    """Return scale, place, units and axis labels of a map's layers."""
    n = len(scan.spacing)
    return {"scale": scan.spacing, "translate": scan.origin, "units": ("um",) * n, "axis_labels": ("z", "y", "x")[-n:]}


def grain_meta(grains: Grains, threshold: float) -> dict[str, Any]:
    """Return what a grain layer carries for fits and new samples like it: orientations, phases and symmetries by label.

    The orientations are those of a crystal whose x axis is a, which is what colours and misorientations count from.
    """
    known = grains.known()
    known |= {"symmetry": known["symmetries"][0], "ipf_colours": grains.colours(), "grain_boundary_degrees": threshold}
    return {"metadata": known}


def _phase_table(scan: EbsdMap) -> dict[str, Any]:
    numbers = scan.numbers
    phases = [scan.phase_of(number) for number in numbers]
    pixels = [int((scan.phase == number).sum()) for number in numbers]
    return {"index": numbers, "phase_name": [p.name for p in phases], "symmetry": [p.symmetry for p in phases], "pixels": pixels}
