"""Grains with all that is known of them, written for other programs: the one way out for fits, new samples and maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shapelab.convert.place import Place
from shapelab.crystals.diagram_format import DIAGRAM_SUFFIX
from shapelab.errors import InputError
from shapelab.io.element_suffixes import FEM_SUFFIXES
from shapelab.io.label_image import LABEL_SUFFIXES, label_suffix, write_labels
from shapelab.io.output import require_new
from shapelab.short_repr import short_repr
from shapelab.units import percent, shown_unit

if TYPE_CHECKING:
    import pandas as pd

    from shapelab.crystals.diagram import Diagram
    from shapelab.crystals.diagram_file import SavedDiagram

__all__ = ["KNOWN", "SAMPLE_SUFFIXES", "SOLVER_SUFFIXES", "GrainSample"]

SOLVER_SUFFIXES = (".vti", ".tesr", ".piff", ".zip")
"""Of files for other programs: DAMASK, Neper, CompuCell3D, ImageJ."""
SAMPLE_SUFFIXES = (*LABEL_SUFFIXES, ".csv", DIAGRAM_SUFFIX, *SOLVER_SUFFIXES, *FEM_SUFFIXES)
"""Ends of the names of files that a sample is written to."""
KNOWN = ("orientations", "phases", "phase_names", "symmetries")
"""What a layer or file may know of labels 1, 2, 3…, by the names of `GrainSample`'s fields."""


@short_repr
@dataclass(frozen=True, eq=False)
class GrainSample:
    """Grains: a label image, and what else is known."""

    labels: np.ndarray
    """(z, y, x) or (y, x)."""
    place: Place
    """Where its pixels lie, and the unit of length."""
    table: pd.DataFrame | None = None
    """One row per grain."""
    diagram: Diagram | None = None
    orientations: np.ndarray | None = None
    """Of labels 1, 2, 3…: unit quaternions (x, y, z, w), shape (N, 4)."""
    phases: Sequence[int] | None = None
    """Phase of labels 1, 2, 3…"""
    phase_names: Sequence[str] | None = None
    """Its name, of labels 1, 2, 3…"""
    symmetries: Sequence[str] | None = None
    """Crystal symmetry of labels 1, 2, 3…"""
    periodic: bool = False
    """Whether opposite sides fit together along all axes."""

    @classmethod
    def drawn(cls, saved: SavedDiagram, resolution: int = 1) -> GrainSample:
        """Return the labels of a saved diagram, with so many pixels per pixel of its box along each axis."""
        spacing = saved.finer(resolution)
        origin = None
        if saved.origin is not None and any(saved.origin):
            origin = [at + (fine - step) / 2 for at, fine, step in zip(saved.origin, spacing, saved.spacing, strict=True)]
        diagram = saved.diagram
        place = Place.of(spacing, origin, saved.unit)
        return cls(saved.labels(resolution), place, diagram=diagram, periodic=all(diagram.period or (0,)))

    def save(self, path: str | Path, progress: Callable[[float, str], None] | None = None) -> tuple[str, ...]:
        """Write what the suffix asks for; return what is to be said of it, in sentences. Nothing is overwritten.

        Parameters
        ----------
        path
            - ``.tif``, ``.nii``, ``.nii.gz``, ``.h5``: the label image; HDF5 also holds phases and orientations.
            - ``.csv``: the table of the grains.
            - ``.json``: the diagram (`shapelab.crystals.load_diagram`).
            - ``.vti``: grid and materials for DAMASK 3 (`shapelab.io.damask`).
            - ``.tesr``: a raster tessellation for Neper (`shapelab.io.neper`).
            - ``.piff``: the cells of a lattice for CompuCell3D (`shapelab.io.piff`).
            - ``.zip``: outlines for ImageJ, of a 2-D image (`shapelab.io.imagej`).
            - ``.inp``, ``.msh``, ``.vtu``: triangles, in 3-D tetrahedra, that fill the cells of the diagram; where there is none, or a
              background, the grains of the image (`shapelab.io.fem`).
        progress
            Called with the part of the tetrahedra that is done, from 0 to 1, and what is being done.

        Raises
        ------
        InputError
            If the suffix is another, there is no such thing, or the file exists or cannot be written.
        """
        file = Path(path)
        suffix = file.suffix.lower()
        if label_suffix(file):
            write_labels(file, self.labels, self.place, self._columns())
            return () if label_suffix(file).startswith(".nii") else self._unplaced()
        if suffix == ".csv":
            if self.table is None:
                raise InputError(f"{file.name}: there is no table of these grains.")
            from shapelab.crystals.saved_table import write_saved_table

            write_saved_table(file, self.table)
            return ()
        if suffix == DIAGRAM_SUFFIX:
            return self._save_diagram(file)
        if suffix in SOLVER_SUFFIXES:
            by_suffix = {".vti": self._save_damask, ".tesr": self._save_neper, ".piff": self._save_piff, ".zip": self._save_rois}
            return by_suffix[suffix](file)
        if suffix in FEM_SUFFIXES:
            return self._save_elements(file, progress)
        raise InputError(f"{file.name} must end in {', '.join(SAMPLE_SUFFIXES)}.")

    def _save_diagram(self, file: Path) -> tuple[str, ...]:
        if self.diagram is None:
            raise InputError(f"{file.name}: these grains have no diagram; fit one to them (shapelab fit).")
        spacing = self.place.spacing
        origin = tuple(self.place.origin.tolist()) if self.place.is_aligned else None
        self.diagram.save(file, self.labels.shape, spacing, self.place.unit, origin)
        said = () if origin is not None else self._unplaced()
        inside = self.labels != 0
        moved = float((self.diagram.labels(self.labels.shape, spacing) != self.labels)[inside].mean())
        if moved:
            said += (
                f"{percent(moved)} of the pixels were moved to a neighbouring grain to make "
                f"volumes exact; the diagram itself does not show this.",
            )
        return said if inside.all() else (*said, "The diagram fills its whole box: it has no background.")

    def _save_damask(self, file: Path) -> tuple[str, ...]:
        from shapelab.io.damask import material_file, write_damask

        said = [f"Orientations and phases are in {material_file(file).name}; add lattice and properties to each phase."]
        orientations = self.orientations
        if orientations is None:
            from shapelab.crystals.sampling import random_orientations

            orientations = random_orientations(np.random.default_rng(0), int(self.labels.max(initial=1)))
            said.append("The orientations of these grains are not known: they are drawn at random.")
        if not self.periodic:
            said.append("DAMASK repeats the box; this sample is not periodic, so grains meet others at its sides.")
        if (self.labels == 0).any():
            said.append("The background is the last material, with its own phase.")
        write_damask(file, self.labels, self.place.spacing, self.place.unit, orientations, self.phase_names)
        return (*said, *self._unplaced())

    def _save_neper(self, file: Path) -> tuple[str, ...]:
        from shapelab.io.neper import crystal_symmetry, write_tesr

        write_tesr(file, self.labels, self.place, self.orientations, self.symmetries)
        said = [f"{file.name} states no unit: lengths are in {shown_unit(self.place.unit) or 'pixels'}."]
        if self.orientations is not None and not crystal_symmetry(self.symmetries):
            said.append(
                f"{file.name} states no crystal symmetry: Neper takes one for all grains, cubic or hexagonal (its option -oricrysym)."
            )
        if len(set(self.phase_names or ())) > 1:
            said.append(f"{file.name} cannot hold phases.")
        return (*said, *(() if self.place.is_aligned else self._unplaced()))

    def _save_piff(self, file: Path) -> tuple[str, ...]:
        from shapelab.io.piff import write_piff

        write_piff(file, self.labels, self.phase_names)
        return (f"{file.name} states no size of a pixel.", *self._unplaced())

    def _save_rois(self, file: Path) -> tuple[str, ...]:
        from shapelab.io.imagej import write_rois

        write_rois(file, self.labels)
        return (f"{file.name} states no size of a pixel: open it over the image.", *self._unplaced())

    def _save_elements(self, file: Path, progress: Callable[[float, str], None] | None) -> tuple[str, ...]:
        from shapelab.io.fem import write_tetrahedra, write_triangles
        from shapelab.mesh import conforming_tetrahedra, conforming_triangles

        require_new(file)
        diagram = None if (self.labels == 0).any() else self.diagram  # a diagram fills its whole box
        box, periodic = (self.labels.shape, self.place.spacing), self.periodic
        if self.labels.ndim == 2:
            flat = conforming_triangles(self.labels, self.place.spacing, periodic=periodic) if diagram is None else diagram.triangles(*box)
            write_triangles(file, flat)
            return (str(flat.quality), *self._unplaced())
        if diagram is None:
            solid = conforming_tetrahedra(self.labels, self.place.spacing, periodic=periodic, progress=progress)
        else:
            solid = diagram.tetrahedra(*box, progress=progress)
        write_tetrahedra(file, solid)
        return (str(solid.quality), *self._unplaced())

    def _unplaced(self) -> tuple[str, ...]:
        """Return what is to be said where a file states no place."""
        if self.place.is_aligned and not self.place.origin.any():
            return ()
        return ("The file does not state where the image lies: its first pixel is at 0.",)

    def _columns(self) -> dict[str, np.ndarray]:
        """Return what is known of labels 1, 2, 3…, with the unit in the names."""
        from shapelab.crystals.orientation import to_euler
        from shapelab.io.grain_columns import grain_columns

        euler = None if self.orientations is None else to_euler(self.orientations)
        return grain_columns(euler, self.phases, self.phase_names, self.symmetries)
