"""Labels that a run starts from: what cells and foams ask of them alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from shapelab.arguments import one_array
from shapelab.convert.given_layer import parts_of
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.labels.check import as_labels, refuse_grey

__all__ = ["MIN_PIXELS", "MOST_TYPES", "GivenLabels", "TakenLabels", "numbered_types", "take_labels"]

MIN_PIXELS = 4
"""Smaller labels cannot be followed and are no cells."""
MOST_TYPES = 100
"""Populations that can be told apart."""
_MIN_SIDE = 8
_LARGEST = 2**63 - 2
"""Largest label: ids are signed numbers of 64 bits, and new cells take the next ones."""


class TakenLabels(NamedTuple):
    """What a layer says of the cells in it."""

    labels: np.ndarray
    scale: tuple[float, ...] | None
    unit: str | None
    stated: Mapping[int, Any] | None
    """Label -> value of the column "type" of the features; None without such a column, or if it is empty."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GivenLabels:
    """Labels that a run starts from.

    Attributes
    ----------
    labels
        (z, y, x) or (y, x): 0 is medium, each other number a cell.
    scale, unit
        Pixel size and unit of the layer, None if unknown.
    types
        Label -> its population, from 0; None where nothing is said.
    """

    labels: np.ndarray
    scale: tuple[float, ...] | None = None
    unit: str | None = None
    types: Mapping[int, int] | None = None

    def grid(self) -> dict[str, Any]:
        """Return the parameters of the grid that follow from the labels."""
        found: dict[str, Any] = {"shape": self.labels.shape}
        found["voxel_size"] = self.scale if self.scale is not None else (1.0,) * self.labels.ndim
        if self.unit is not None:
            found["unit"] = self.unit
        return found

    def layer(self, name: str, data: np.ndarray | None = None) -> LayerData:
        """Return the labels, or other `data` on their pixels, as a layer that states what is known."""
        meta: dict[str, Any] = {} if self.scale is None else {"scale": self.scale}
        if self.unit is not None:
            meta["units"] = (self.unit,) * self.labels.ndim
        if self.types is not None:
            meta["features"] = {"index": list(self.types), "type": list(self.types.values())}
        return LayerData(name, self.labels if data is None else data, "labels", meta)


def take_labels(name: str, source: Any, *, empty: bool = False) -> TakenLabels:
    """Check labels given as an array, a `LayerData` or a ``(data, meta, kind)`` triple.

    Parameters
    ----------
    name
        Name of the argument, for messages.
    source
        Whole numbers in two or three dimensions; the pieces of a boolean mask become cells.
    empty
        Whether an image of background only will do.

    Raises
    ------
    InputError
        In one sentence, if they cannot be used.
    """
    data, meta, kind = parts_of(source)
    labels = as_labels(one_array(name, data), empty=empty, floats=True, most=_LARGEST)
    if min(labels.shape) < _MIN_SIDE:
        raise InputError(f"The labels have shape {labels.shape}: each side needs at least {_MIN_SIDE} pixels.")
    if kind != "labels":
        refuse_grey(labels)
    if labels.dtype == bool:
        from scipy.ndimage import label

        labels = np.asarray(label(labels)[0])
    scale, units, features = meta.get("scale"), meta.get("units"), meta.get("features")
    steps = None if scale is None else tuple(abs(float(h)) for h in np.ravel(scale)[-labels.ndim :])
    unit = None if units is None else str(units if isinstance(units, str) else units[-1])
    stated = None
    if features is not None and {"index", "type"} <= set(features):
        stated = dict(zip(np.asarray(features["index"]).tolist(), np.asarray(features["type"]).tolist(), strict=True))
        stated = None if all(map(_nothing, stated.values())) else stated
    return TakenLabels(labels, steps, unit, stated)


def numbered_types(stated: Mapping[int, Any], ids: np.ndarray) -> dict[int, int]:
    """Return the population of each cell: the numbers that are stated, if they are 0, 1, 2…, else their rank.

    Parameters
    ----------
    stated
        Label -> number or text.
    ids
        (n,) labels of the cells, all of which need a type.

    Raises
    ------
    InputError
        If a cell has none, or there are too many.
    """
    labels = ids.tolist()
    lost = [label for label in labels if _nothing(stated.get(label))]
    if lost:
        raise InputError(
            f"{len(lost)} of the {len(labels)} cells have no type (the first is label {lost[0]}): give all of them one, or none."
        )
    kinds = sorted({stated[label] for label in labels}, key=lambda value: (isinstance(value, str), value))
    if len(kinds) > MOST_TYPES:
        raise InputError(f"There are {len(kinds)} types of cells; up to {MOST_TYPES} are allowed.")
    if all(isinstance(value, int | float) and value in range(MOST_TYPES) for value in kinds) and 0 in kinds:
        return {label: int(stated[label]) for label in labels}
    return {label: kinds.index(stated[label]) for label in labels}


def _nothing(value: Any) -> bool:
    return value is None or value != value  # NaN is not itself
