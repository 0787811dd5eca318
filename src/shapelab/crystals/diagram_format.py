"""Diagrams in files: JSON that says all that a cell is made of, so that it can be drawn again at any resolution.

The keys of a file, all required but those in brackets::

    format        "shapelab diagram"
    version       1
    order         degree q of the polynomials, 1 to 8
    axes          "yx" or "zyx": the order of everything that follows
    exponents     K rows e_k: g_i(y) = sum_k coefficients[i][k] t^e_k, t = (y - centres[i]) / radii[i]; the largest g_i(y) owns y
    shape         pixels along each axis of the image that it was made for or from
    spacing       size of such a pixel; the box begins at 0, half a pixel before the centre of the first
    unit          of length, "" for pixels
    period        length of the box along each periodic axis, 0 along others
    [origin]      where the centre of the first pixel lies in the world
    ids           N labels
    centres, radii, coefficients    N rows
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.crystals.polynomials import exponents
from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.io.textfile import write_json

if TYPE_CHECKING:
    from shapelab.crystals.diagram_cells import DiagramCells

__all__ = ["AXES", "DIAGRAM_SUFFIX", "FORMAT", "VERSION", "diagram_entries", "write_diagram"]

DIAGRAM_SUFFIX = ".json"
FORMAT, VERSION = "shapelab diagram", 1
AXES = {2: "yx", 3: "zyx"}


def write_diagram(path: str | Path, entries: dict[str, Any]) -> Path:
    """Write the entries of a diagram, all but format and version; nothing is overwritten.

    Raises
    ------
    InputError
        If the suffix is another, or the file exists or cannot be written.
    """
    file = Path(path)
    if file.suffix.lower() != DIAGRAM_SUFFIX:
        raise InputError(f"{file.name}: a diagram is written as {DIAGRAM_SUFFIX}.")
    with new_file(file) as partial:
        write_json(partial, {"format": FORMAT, "version": VERSION, **entries})
    return file


def diagram_entries(
    diagram: DiagramCells, shape: tuple[int, ...], spacing: Spacing, unit: str, origin: tuple[float, ...] | None
) -> dict[str, Any]:
    """Return what a file says of a diagram; see `Diagram.save` for the arguments."""
    dim = diagram.ndim
    if len(shape) != dim:
        raise InputError(f"The diagram has {dim} axes; shape = {tuple(shape)} has {len(shape)}.")
    entries: dict[str, Any] = {
        "order": diagram.order,
        "axes": AXES[dim],
        "exponents": exponents(diagram.order, dim).tolist(),
        "shape": [int(n) for n in shape],
        "spacing": list(as_spacing(spacing, dim)),
        "unit": unit,
        "period": [float(length) for length in diagram.period] or [0.0] * dim,
        "ids": diagram.ids.tolist(),
        "centres": diagram.centres.tolist(),
        "radii": diagram.radii.tolist(),
        "coefficients": diagram.coefficients.tolist(),
    }
    return entries | ({} if origin is None else {"origin": [float(value) for value in origin]})
