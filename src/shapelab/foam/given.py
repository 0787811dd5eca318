"""A user's labels as a foam: ids, volumes, types and tensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from shapelab.arguments import as_array
from shapelab.convert.given_labels import MIN_PIXELS, GivenLabels, numbered_types, take_labels
from shapelab.convert.given_layer import parts_of
from shapelab.errors import InputError, ParameterError
from shapelab.foam.tensions import pair_table
from shapelab.frame import LayerData

__all__ = ["GivenFoam"]


@dataclass(frozen=True, eq=False, kw_only=True)
class GivenFoam(GivenLabels):
    """Cells that a run starts from.

    Attributes
    ----------
    table
        (K, K) tensions between the medium and the cells, in the order of their labels; None for those of the types.
    volumes
        (K,) wanted volumes [unit^d], that of the medium means nothing; None for those of the labels.
    notes
        What the user should know.
    """

    table: np.ndarray | None = None
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
        taken = take_labels("labels", source)
        if background not in ("medium", "none"):
            raise ParameterError(f"background = {background!r} is not allowed: choose 'medium' or 'none'.")
        labels, notes = _whole(taken.labels, background)
        ids = np.unique(np.append(labels, 0))
        table = None
        if tensions is not None:
            table, filled = pair_table(_plain(tensions), ids)
            notes += filled
        stated = taken.stated if types is None else types
        return cls(
            labels=labels,
            scale=taken.scale,
            unit=taken.unit,
            types=None if stated is None else numbered_types(stated, ids[1:]),
            table=table,
            volumes=_volumes(_plain(volumes), ids),
            notes=notes,
        )

    @property
    def ids(self) -> np.ndarray:
        """Labels of the cells, the medium's 0 first, (K,) int64."""
        return np.unique(np.append(self.labels, 0)).astype(np.int64)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that follow from the labels."""
        return {**self.grid(), "n_cells": max(1, len(self.ids) - 1)}

    def layers(self) -> dict[str, LayerData]:
        """Return the arrays by the name of the argument that takes them."""
        found = {"labels": self.layer("labels")}
        if self.table is not None:
            found["tensions"] = LayerData("tensions", self.table, "image")
        if self.volumes is not None:
            found["volumes"] = LayerData("volumes", self.volumes, "image")
        return found


def _plain(source: Any) -> Any:
    """Return the array in a layer; anything else as it is."""
    return parts_of(source)[0]


def _whole(labels: np.ndarray, background: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Drop labels that are too small to be cells, and give the background to the nearest cells if it is none."""
    ids, counts = np.unique(labels, return_counts=True)
    small = ids[(counts < MIN_PIXELS) & (ids != 0)]
    notes: tuple[str, ...] = ()
    if len(small):
        labels = np.where(np.isin(labels, small), 0, labels)
        notes = (f"{len(small)} labels of fewer than {MIN_PIXELS} pixels are left out.",)
    if not labels.any():
        raise InputError(f"There is no cell: every label has fewer than {MIN_PIXELS} pixels.")
    if background == "none" and not labels.all():
        from scipy.ndimage import distance_transform_edt

        nearest = distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        labels = labels[tuple(nearest)]
    return labels, notes


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
