"""Tensions and pressures with what is known of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from shapelab.convert.given_layer import straight_layer
from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData
from shapelab.infer.options import TensionOptions
from shapelab.labels.check import as_labels
from shapelab.mesh import InterfaceMesh
from shapelab.mesh.make import net_of
from shapelab.mesh.net import Net
from shapelab.short_repr import short_repr

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tensions", "cells_of", "fingerprint"]


@short_repr
@dataclass(frozen=True, eq=False)
class Tensions:
    """Relative tensions of interfaces and pressures of cells.

    The mean of the determined tensions is 1; the medium's pressure is 0 or, where there is none, the mean of the cells'.
    """

    mesh: InterfaceMesh = field(repr=False)
    options: TensionOptions
    pairs: np.ndarray
    """Labels on both sides of each interface, lower first, 0 for the medium, (E, 2)."""
    tensions: np.ndarray
    """(E,); nan where undetermined [mean tension]."""
    errors: np.ndarray
    """Standard errors of `tensions`, (E,)."""
    reasons: np.ndarray
    """Why a tension is undetermined: "cut", "too small", "not touched", "uncertain", or "" where it is not, (E,) str."""
    areas: np.ndarray
    """Area (2-D: length) of each interface, (E,) [unit]."""
    misfits: np.ndarray
    """Force that is left where each interface is, relative to the pulls there, (E,); 0 in a foam at rest."""
    pressures: np.ndarray
    """Of each of `mesh.ids`, (K,); nan where undetermined [mean tension / unit]."""
    pressure_errors: np.ndarray
    """Standard errors of `pressures`, (K,)."""
    centres: np.ndarray
    """Where forces were balanced, (t, d) [unit]."""
    residuals: np.ndarray
    """Force left at each of `centres`, relative to the pulls there, (t,): where the tissue is no foam at rest."""
    notes: tuple[str, ...]
    """What was done or limits the result, in sentences."""
    source: str = field(repr=False)
    """Fingerprint of the labels; "" if a mesh was given."""

    @property
    def determined(self) -> np.ndarray:
        """Whether each tension is known, (E,) bool."""
        result: np.ndarray = np.isfinite(self.tensions)
        return result

    def table(self) -> pd.DataFrame:
        """Return one row per interface: cells, tension, its error, why it is undetermined, area, misfit."""
        import pandas as pd

        return pd.DataFrame(
            {
                "cell_a": self.pairs[:, 0],
                "cell_b": self.pairs[:, 1],
                "tension": self.tensions,
                "error": self.errors,
                "undetermined": self.reasons,
                "area" if self.mesh.ndim == 3 else "length": self.areas,
                "misfit": self.misfits,
            }
        )

    def cells(self) -> pd.DataFrame:
        """Return one row per cell: pressure, its error, volume (2-D: area), whether the border of the image cuts it."""
        import pandas as pd

        size = "volume" if self.mesh.ndim == 3 else "area"
        columns = {
            "pressure": self.pressures,
            "error": self.pressure_errors,
            size: self.mesh.volumes(),
            "cut": self.mesh.cut,
        }
        return pd.DataFrame(columns, index=pd.Index(self.mesh.ids, name="label")).iloc[1:]

    def interface_of_faces(self) -> np.ndarray:
        """Return the row of `pairs` that each of `mesh.faces` belongs to, (m,); -1 on the border."""
        result = np.full(len(self.mesh.faces), -1)
        result[self.mesh.pairs[:, 0] >= 0] = self.mesh.facets().interface
        return result

    def on_faces(self) -> np.ndarray:
        """Return the tension of each of `mesh.faces`, (m,); nan where undetermined and on the border."""
        result: np.ndarray = np.append(self.tensions, np.nan)[self.interface_of_faces()]
        return result

    def out_of_date(self, labels_or_mesh: Any) -> bool:
        """Return whether the cells are no longer the ones that this was inferred from.

        Parameters
        ----------
        labels_or_mesh
            What `infer_tensions` takes: labels, a layer, a frame, or a mesh.
        """
        if isinstance(labels_or_mesh, InterfaceMesh):
            return not _same(self.mesh.net, labels_or_mesh.net) or not np.array_equal(self.mesh.net.moves, labels_or_mesh.net.moves)
        layer, _ = straight_layer(cells_of(labels_or_mesh))
        labels = as_labels(layer.data if isinstance(layer, LayerData) else layer, empty=True)
        if not labels.any():
            return True
        if self.source:
            return fingerprint(labels) != self.source
        periodic = tuple(bool(length) for length in self.mesh.net.period)
        return labels.shape != self.mesh.shape or not _same(self.mesh.net, net_of(labels, periodic, closed=self.mesh.closed))

    def __str__(self) -> str:
        known = int(self.determined.sum())
        values = self.tensions[self.determined]
        spread = f", from {values.min():.2f} to {values.max():.2f} of their mean" if known else ""
        why = {str(reason): int((self.reasons == reason).sum()) for reason in np.unique(self.reasons[~self.determined])}
        rest = "; undetermined: " + ", ".join(f"{n} {reason}" for reason, n in why.items()) if why else ""
        return " ".join([f"{known} of {len(self.tensions)} tensions{spread}{rest}.", *self.notes])


def cells_of(given: Any) -> Any:
    """Return the layer of cells of a frame; what is no frame stays as it is.

    Raises
    ------
    InputError
        If the frame has no cells.
    """
    if not isinstance(given, Frame):
        return given
    if "cells" not in given:
        raise InputError("This frame has no layer 'cells': tensions are inferred from cells, not from a field.")
    return given.layer("cells")


def _same(a: Net, b: Net) -> bool:
    """Return whether two nets are of the same cells."""
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("ids", "counts", "faces", "pairs", "cubes"))


def fingerprint(array: np.ndarray) -> str:
    """Return a short text that differs for label images that differ."""
    digest = hashlib.blake2b(f"{array.shape}".encode(), digest_size=16)
    if array.dtype.kind in "bui" and array.size and int(array.max()) < 2**31:
        array = array.astype(np.int32)
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
