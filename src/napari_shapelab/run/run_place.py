"""Where a run lies in the world: exactly over the layer it came from, or beside the others in a unit that fits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Layer

from napari_shapelab.viewer.layer_data import TakenLayer
from shapelab.convert.place import Place

__all__ = ["RunPlace", "place_beside", "true_spacing"]


@dataclass(frozen=True, eq=False)
class RunPlace:
    """What every layer of a run has in common in the world, whatever its own scale."""

    affine: np.ndarray
    """Matrix (d + 1, d + 1) from lengths along the run's axes to the world."""
    units: tuple[Any, ...] = ()
    """Units of the world's axes; () for those of the run."""

    @classmethod
    def over(cls, taken: TakenLayer, part: Place | None = None) -> RunPlace:
        """Return the place of a run that came from a layer, or from a part of it."""
        return cls(taken.run_transform(part), taken.units)

    def beside(self, distance: float) -> RunPlace:
        """Return the place that lies further along the last axis of the run, by a length of its own."""
        shift = np.eye(len(self.affine))
        shift[-2, -1] = distance
        return replace(self, affine=self.affine @ shift)

    def settings(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a layer of the run with this `meta`, over which they go."""
        ndim = len(self.affine) - 1
        units = {"units": self.units} if self.units else {}
        if not np.allclose(self.affine[:-1, :-1], np.eye(ndim)):
            return {"affine": self.affine, **units}
        shift = self.affine[:-1, -1]
        if not shift.any():
            return units
        own = np.broadcast_to(np.asarray(meta.get("translate", 0.0), float), ndim)
        return {"translate": tuple((own + shift).tolist()), **units}


def place_beside(viewer: Any, meta: Mapping[str, Any]) -> RunPlace:
    """Return the place of a run of its own.

    Beside images without a unit of length, whose pixels are all that is known of them, it is shown in pixels too: a
    voxel of the run is as large as one of theirs (napari would ignore all units otherwise, and say so at every run).
    Numbers that are measured on the run keep its own unit.

    Parameters
    ----------
    viewer
        napari's viewer.
    meta
        That of the run's first layer.
    """
    scale = np.asarray(meta["scale"], float)
    ndim = len(scale)
    others = [layer for layer in viewer.layers if isinstance(layer, Layer)]
    if not others or any(_has_length(layer) for layer in others):
        return RunPlace(np.eye(ndim + 1))
    return RunPlace(np.diag([*np.full(ndim, 1.0 / scale.min()), 1.0]), ("pixel",) * ndim)


def _has_length(layer: Layer) -> bool:
    return any(unit.dimensionality == {"[length]": 1} for unit in layer.units)


def true_spacing(layer: Layer) -> tuple[float, ...]:
    """Return the voxel size of a run's layer in the run's own unit, however it is shown."""
    return tuple(float(step) for step in layer.scale)
