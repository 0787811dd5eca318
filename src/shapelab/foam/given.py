"""A user's labels as a foam: ids, volumes, types and tensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from shapelab.arguments import as_array, one_array
from shapelab.convert.given_layer import parts_of
from shapelab.errors import InputError, ParameterError
from shapelab.foam.state import MOST_TYPES
from shapelab.foam.tensions import pair_table
from shapelab.frame import LayerData
from shapelab.labels.check import as_labels, refuse_grey

__all__ = ["GivenFoam"]

LEAST_PIXELS = 4
"""Smaller labels are no cells."""
_LARGEST = 2**63 - 2


@dataclass(frozen=True, eq=False)
class GivenFoam:
    """Cells that a run starts from.

    Attributes
    ----------
    labels
        (z, y, x) or (y, x): 0 is medium, each other number a cell.
    scale, unit
        Pixel size and unit of the layer, None if unknown.
    table
        (K, K) tensions between the medium and the cells, in the order of their labels; None for those of the types.
    types
        Label -> its population, from 0; None if not said.
    volumes
        (K,) wanted volumes [unit^d], that of the medium means nothing; None for those of the labels.
    notes
        What the user should know.
    """

    labels: np.ndarray
    scale: tuple[float, ...] | None = None
    unit: str | None = None
    table: np.ndarray | None = None
    types: Mapping[int, int] | None = None
    volumes: np.ndarray | None = None
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of(
        cls,
        source: Any,
        tensions: Any = None,
        types: Mapping[int, int] | None = None,
        volumes: Any = None,
        background: Literal["medium", "none"] = "medium",
    ) -> GivenFoam:
        """Check labels given as an array, a `LayerData` or a ``(data, meta, kind)`` triple; see `Foam` for the rest.

        Raises
        ------
        InputError
            In one sentence, if they cannot be used.
        """
        if isinstance(source, GivenFoam):
            return source
        data, meta, kind = parts_of(source)
        labels = _checked(one_array("labels", data), kind)
        if background not in ("medium", "none"):
            raise ParameterError(f"background = {background!r} is not allowed: choose 'medium' or 'none'.")
        labels, notes = _whole(labels, background)
        ids = np.unique(np.append(labels, 0))
        scale = meta.get("scale")
        steps = None if scale is None else tuple(abs(float(h)) for h in np.ravel(scale)[-labels.ndim :])
        units = meta.get("units")
        unit = None if units is None else str(units if isinstance(units, str) else units[-1])
        table = None
        if tensions is not None:
            table, filled = pair_table(_plain(tensions), ids)
            notes += filled
        features = meta.get("features")
        if types is None and features is not None and {"index", "type"} <= set(features):
            types = dict(zip(np.asarray(features["index"]).tolist(), np.asarray(features["type"]).tolist(), strict=True))
        numbered = None if types is None else _types(types, ids[1:])
        return cls(labels, steps, unit, table, numbered, _volumes(_plain(volumes), ids), notes)

    @property
    def ids(self) -> np.ndarray:
        """Labels of the cells, the medium's 0 first, (K,) int64."""
        return np.unique(np.append(self.labels, 0)).astype(np.int64)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that follow from the labels."""
        found: dict[str, Any] = {"shape": self.labels.shape, "n_cells": max(1, len(self.ids) - 1)}
        found["voxel_size"] = self.scale if self.scale is not None else (1.0,) * self.labels.ndim
        if self.unit is not None:
            found["unit"] = self.unit
        return found

    def layers(self) -> dict[str, LayerData]:
        """Return the arrays by the name of the argument that takes them."""
        meta: dict[str, Any] = {} if self.scale is None else {"scale": self.scale}
        if self.unit is not None:
            meta["units"] = (self.unit,) * self.labels.ndim
        if self.types is not None:
            meta["features"] = {"index": list(self.types), "type": list(self.types.values())}
        found = {"labels": LayerData("labels", self.labels, "labels", meta)}
        if self.table is not None:
            found["tensions"] = LayerData("tensions", self.table, "image")
        if self.volumes is not None:
            found["volumes"] = LayerData("volumes", self.volumes, "image")
        return found


def _plain(source: Any) -> Any:
    """Return the array in a layer; anything else as it is."""
    return parts_of(source)[0]


def _checked(labels: np.ndarray, kind: str | None) -> np.ndarray:
    labels = as_labels(labels, floats=True, most=_LARGEST)
    if min(labels.shape) < 8:
        raise InputError(f"The labels have shape {labels.shape}: each side needs at least 8 pixels.")
    if kind != "labels":
        refuse_grey(labels)
    if labels.dtype == bool:
        from scipy.ndimage import label

        labels = np.asarray(label(labels)[0])
    return labels


def _whole(labels: np.ndarray, background: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Drop labels that are too small to be cells, and give the background to the nearest cells if it is none."""
    ids, counts = np.unique(labels, return_counts=True)
    small = ids[(counts < LEAST_PIXELS) & (ids != 0)]
    notes: tuple[str, ...] = ()
    if len(small):
        labels = np.where(np.isin(labels, small), 0, labels)
        notes = (f"{len(small)} labels of fewer than {LEAST_PIXELS} pixels are left out.",)
    if not labels.any():
        raise InputError(f"There is no cell: every label has fewer than {LEAST_PIXELS} pixels.")
    if background == "none" and not labels.all():
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        labels = labels[tuple(nearest)]
    return labels, notes


def _types(types: Mapping[int, int], ids: np.ndarray) -> dict[int, int]:
    """Return the population of each cell: the numbers that are given, if they are 0, 1, 2…, else their order."""
    values = [types.get(int(i)) for i in ids.tolist()]
    lost = [i for i, value in zip(ids.tolist(), values, strict=True) if value is None or value != value]
    if lost:
        raise InputError(f"{len(lost)} of the {len(ids)} cells have no type (the first is label {lost[0]}): give every cell one.")
    kinds = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if len(kinds) > MOST_TYPES:
        raise InputError(f"There are {len(kinds)} types of cells; up to {MOST_TYPES} are allowed.")
    plain = all(isinstance(value, int | float) and value in range(MOST_TYPES) for value in kinds) and 0 in kinds
    return {int(i): int(value) if plain else kinds.index(value) for i, value in zip(ids.tolist(), values, strict=True) if value is not None}


def _volumes(volumes: Any, ids: np.ndarray) -> np.ndarray | None:
    """Return the wanted volumes in the order of `ids`."""
    if volumes is None:
        return None
    if isinstance(volumes, Mapping):
        lost = [i for i in ids[1:].tolist() if i not in volumes]
        if lost:
            raise InputError(f"{len(lost)} of the {len(ids) - 1} cells have no volume (the first is label {lost[0]}).")
        values = np.array([np.nan, *(volumes[i] for i in ids[1:].tolist())], float)
    else:
        values = as_array("volumes", volumes).astype(float).ravel()
        if len(values) != len(ids):
            raise InputError(f"volumes has {len(values)} numbers; the medium and {len(ids) - 1} cells need {len(ids)}.")
    if not (values[1:] > 0).all():
        raise InputError("The volumes of cells must be above 0.")
    return values
