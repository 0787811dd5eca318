"""Diagrams from files: checked, with the box that they were made for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.arguments import checked, shown
from shapelab.crystals.diagram import Diagram
from shapelab.crystals.diagram_format import AXES, FORMAT, VERSION
from shapelab.crystals.polynomials import exponents
from shapelab.errors import InputError, ShapelabError, Stopped
from shapelab.io.presence import is_file
from shapelab.io.textfile import read_json
from shapelab.limits import between
from shapelab.short_repr import short_repr

__all__ = ["SavedDiagram", "load_diagram"]

_LARGEST = 2_000_000_000
"""Bytes of a file beyond which it is no diagram."""


@short_repr
@dataclass(frozen=True, eq=False)
class SavedDiagram:
    """A diagram with the box that it was made for."""

    diagram: Diagram
    shape: tuple[int, ...]
    """Pixels along each axis."""
    spacing: tuple[float, ...]
    """Size of a pixel [unit]."""
    unit: str = ""
    """Of length, "" for pixels."""
    origin: tuple[float, ...] | None = None
    """Where the centre of the first pixel lies in the world [unit]."""

    @checked(resolution=between(1, 64))
    def labels(self, resolution: int = 1, device: str = "cpu") -> np.ndarray:
        """Return the label image with `resolution` pixels per pixel of the box along each axis."""
        return self.diagram.labels(tuple(resolution * n for n in self.shape), self.finer(resolution), device)

    def finer(self, resolution: int) -> tuple[float, ...]:
        """Return the size of a pixel at a resolution."""
        return tuple(step / resolution for step in self.spacing)


@checked()
def load_diagram(path: str | Path) -> SavedDiagram:
    """Read a diagram saved by `Diagram.save`.

    Raises
    ------
    InputError
        If the file is missing, not a diagram, of a later version, or damaged.
    """
    file = Path(path)
    if not is_file(file):
        raise InputError(f"There is no file {str(file)!r}.")
    data = read_json(file, limit=_LARGEST)
    if data.get("format") != FORMAT:
        raise InputError(f"{file.name} is not a diagram: it should say 'format': {FORMAT!r}.")
    if data.get("version") is True or data.get("version") != VERSION:
        raise InputError(f"{file.name} has version {shown(data.get('version'))} of the format; this program reads version {VERSION}.")
    try:
        return _checked(data)
    except Stopped:
        raise
    except ShapelabError as error:
        raise InputError(f"{file.name} is damaged: {error}") from None


def _checked(data: dict[str, Any]) -> SavedDiagram:
    order, axes = data.get("order"), str(data.get("axes"))
    if axes not in AXES.values() or isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 8:
        raise InputError(f"its order is {shown(order)}, 1 to 8 are possible, and its axes {shown(axes)}, yx and zyx are possible.")
    dim = len(axes)
    powers = exponents(order, dim)
    if _numbers(data, "exponents", (len(powers), dim)).tolist() != powers.tolist():
        raise InputError("its exponents are not those of its order.")
    ids = _numbers(data, "ids", (None,))
    n = len(ids)
    if not n or (ids != np.rint(ids)).any() or ids.min() < 1 or ids.max() >= 2**53 or len(np.unique(ids)) < n:
        raise InputError("its ids must be different whole numbers from 1 on.")
    shape = _numbers(data, "shape", (dim,))
    spacing, radii, period = _numbers(data, "spacing", (dim,)), _numbers(data, "radii", (n,)), _numbers(data, "period", (dim,))
    if (shape != np.rint(shape)).any() or shape.min() < 1 or shape.max() > 2**31 or spacing.min() <= 0 or radii.min() <= 0:
        raise InputError("its shape, spacing and radii must be positive, its shape whole numbers.")
    whole = shape * spacing
    if not np.all((period == 0) | np.isclose(period, whole, rtol=1e-6)):
        raise InputError("its period is neither 0 nor the length of its box along each axis.")
    unit = data.get("unit")
    if not isinstance(unit, str) or len(unit) > 40:
        raise InputError("its unit must be a short word.")
    origin = tuple(_numbers(data, "origin", (dim,)).tolist()) if "origin" in data else None
    centres, coefficients = _numbers(data, "centres", (n, dim)), _numbers(data, "coefficients", (n, len(powers)))
    diagram = Diagram(order, coefficients, centres, radii, ids.astype(np.int64), tuple(period.tolist()) if period.any() else ())
    return SavedDiagram(diagram, tuple(int(k) for k in shape), tuple(spacing.tolist()), unit, origin)


def _numbers(data: dict[str, Any], key: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an entry as finite numbers of this shape."""
    if key not in data:
        raise InputError(f"it lacks {key!r}.")
    try:
        array = np.array(data[key])
    except (ValueError, OverflowError):
        raise InputError(f"its {key} are not a table of numbers.") from None
    right = array.ndim == len(shape) and all(want is None or want == have for want, have in zip(shape, array.shape, strict=False))
    if array.dtype.kind not in "iuf" or not right or not np.isfinite(array).all() or np.abs(array).max(initial=0) > 1e300:
        raise InputError(f"its {key} are not finite numbers of the shape {'N' if shape[0] is None else shape}.")
    return array.astype(float)
