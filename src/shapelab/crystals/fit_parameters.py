"""What can be chosen of a fit: the fields of the Crystals dock and the options of ``shapelab fit``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from shapelab.errors import InputError
from shapelab.parameters import Parameters, parameter

if TYPE_CHECKING:
    from shapelab.convert.spacing import Spacing
    from shapelab.crystals.fitting import DiagramFit
    from shapelab.crystals.stages import FitProgress
    from shapelab.crystals.table import GrainTable
    from shapelab.crystals.table_drawing import TableDrawing

__all__ = ["FitParameters"]

Method = Literal["moments", "moments, then exact volumes", "likelihood", "likelihood, then exact volumes"]


class FitParameters(Parameters):
    """How to fit."""

    method: Method = parameter(
        "moments",
        "Moments: one ellipse per grain, instantly. Likelihood: boundaries follow those of the image; takes up to a few minutes. "
        "Exact volumes: each grain keeps its volume; boundaries move slightly.",
        main=True,
    )
    order: Literal[1, 2, 3, 4, 5, 6, 7, 8] = parameter(
        2,
        "Degree of the polynomials: 1 straight boundaries (power diagram), 2 curved ones (anisotropic), 3 to 8 increasingly freely "
        "curved (by likelihood only, without exact volumes; each takes longer than the one before and is never worse).",
        main=True,
    )
    boundary: Literal["box", "periodic"] = parameter("box", "Periodic: opposite sides of the image fit together.", main=True)
    tolerance: float = parameter(
        0.5,
        "Largest mean error of the grains' volumes with exact volumes; a single grain may be off by twice that, or by two pixels.",
        unit="%",
        gt=0,
        le=25,
        step=0.25,
    )
    effort: float = parameter(1.0, "Factor on the number of iterations of the likelihood fit.", ge=0.1, le=10, step=0.1)
    pixels: int = parameter(512, "Grid for a grain table: pixels along the longer side.", ge=32, le=4096, step=64)

    @property
    def short_name(self) -> str:
        """What the layers of the fit are called."""
        return f"{self.method.replace(', then exact volumes', ' + volumes')} q{self.order}"

    @property
    def likelihood(self) -> bool:
        """Whether the boundaries are fitted."""
        return self.method.startswith("likelihood")

    @property
    def exact(self) -> bool:
        """Whether volumes are made exact."""
        return self.method.endswith("exact volumes")

    def fit(
        self,
        labels: Any,
        spacing: Spacing,
        progress: Callable[[FitProgress], None] | None = None,
        abort: threading.Event | None = None,
    ) -> DiagramFit:
        """Fit a label image with these choices; see `shapelab.fit_diagram` for the arguments."""
        from shapelab.crystals.fitting import fit_diagram

        return fit_diagram(
            labels,
            self.order,
            spacing,
            periodic=self.boundary == "periodic",
            method="likelihood" if self.likelihood else "moments",
            exact_volumes=self.exact,
            tolerance=self.tolerance / 100,
            effort=self.effort,
            progress=progress,
            abort=abort,
        )

    def draw(self, table: GrainTable, abort: threading.Event | None = None) -> TableDrawing:
        """Draw the diagram of a grain table, with the table's volumes if they are to be exact.

        Raises
        ------
        InputError
            If what is chosen needs pixels, which a table does not have.
        """
        from shapelab.crystals.table_drawing import draw_table

        if self.likelihood or self.order != 2:
            raise InputError("A grain table has ellipses and no pixels: choose order 2, and moments, with or without exact volumes.")
        return draw_table(table, self.pixels, exact=self.exact, tolerance=self.tolerance / 100, abort=abort)
