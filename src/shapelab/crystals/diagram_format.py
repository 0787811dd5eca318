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
from typing import Any

from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.io.textfile import write_json

__all__ = ["AXES", "DIAGRAM_SUFFIX", "FORMAT", "VERSION", "write_diagram"]

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
