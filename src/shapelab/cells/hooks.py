"""What a scenario of cells decides: where they are, what a point costs them, how they move and what there is to see."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from shapelab.cells.cell_diagram import CellDiagram
from shapelab.cells.scenery import Lines, box_lines, floor_lines
from shapelab.cells.state import CellState
from shapelab.cells.walls import Room
from shapelab.frame import LayerData

if TYPE_CHECKING:
    from shapelab.transport.costs import Cost

__all__ = ["CellHooks"]

_NO_MEDIUM = (
    "The cells fill all the space, so there is no medium and only the tensions between cells act. "
    "Start from cells with space around them to see them internalise, engulf or separate."
)


class CellHooks:
    """The hooks of `CellModel`, each with what it does by default; lengths are in box lengths."""

    periodic: ClassVar[bool] = False
    """Whether opposite faces of the box are glued."""
    lloyd: ClassVar[int] = 6
    """Rounds of moving seeds to the centres of their cells, before the start."""
    arrows: ClassVar[str] = "velocity"
    """What the vectors show: "velocity" or "axis"."""
    longest_step: ClassVar[float] = 0.05
    """Upper limit of the automatic time step."""
    corrected: ClassVar[bool] = True
    """Whether seeds move by the cost gradients, which are stiff where the exponent is large."""
    sources: ClassVar[bool] = False
    """Whether cells may appear in an empty box."""
    needs_medium: ClassVar[bool] = False
    """Whether what there is to see needs medium around the cells."""
    floor: ClassVar[bool] = False
    """Whether cells fall to the floor of the box."""
    finest: ClassVar[int] = 4
    """How many times finer than the grid cells are drawn in little time; fewer where the cost of every pixel is a table's."""
    colour_by: ClassVar[str] = ""
    """The property of cells that tells what there is to see; "" for a colour of its own for each cell, or for each type."""

    @staticmethod
    def of(state: CellState) -> Any:
        """Return the parameters of `state`; a scenario knows their class."""
        return state.parameters

    @abstractmethod
    def room(self, state: CellState) -> Room:
        """Return where seeds may be."""

    def walls(self, p: Any) -> np.ndarray | None:
        """Return a mask that is True where there is no wall, or None for the whole box."""
        del p
        return None

    def start(self, p: Any) -> np.ndarray | None:
        """Return a mask of where cells are kept until the start, or None for everywhere that is not wall."""
        del p
        return None

    def populate(self, state: CellState, room: Room) -> None:
        """Put the first cells into `state`: by default equal volumes at random positions in `room`."""
        p, n = self.of(state), self.of(state).n_cells
        walls = self.walls(p)
        available = p.box_volume * (1.0 if walls is None else float(walls.mean()))
        state.add(room.random_positions(n, state.rng), np.full(n, p.filling * available / max(n, 1)))

    def equip(self, state: CellState) -> None:
        """Give the cells of `state`, old or taken from a user's labels, what the scenario needs: types, traits, counts."""

    def cost(self, state: CellState) -> Cost:
        """Return what a point costs each cell: by default ``C |y - x|^p`` with volume scaling."""
        from shapelab.transport.costs import Power

        return Power(self.exponents(state), self.stiffnesses(state), "volume")

    def exponents(self, state: CellState) -> Any:
        """Return p, for all cells or one each."""
        return self.of(state).p

    def stiffnesses(self, state: CellState) -> Any:
        """Return C, for all cells or one each."""
        return self.of(state).stiffness

    def tau(self, state: CellState) -> Any:
        """Return the mobility of the cost-gradient force: by default correction / R^(d-1)."""
        return self.of(state).correction / state.radius ** (state.ndim - 1) if self.corrected and len(state) else 0.0

    def speed(self, state: CellState) -> float:
        """Return the typical speed of a cell by itself, which limits the time step."""
        return float(getattr(state.parameters, "speed", 0.0))

    def velocity(self, state: CellState, diagram: CellDiagram) -> np.ndarray:
        """Return dx/dt, (N, d): by default the correction alone."""
        return np.reshape(self.tau(state), (-1, 1)) * diagram.cost_gradients

    def move(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        """Move the seeds over one time step: by default explicit Euler."""
        state.velocities = self.velocity(state, diagram)
        state.positions = state.positions + dt * state.velocities

    def change(self, state: CellState, diagram: CellDiagram, dt: float) -> None:
        """Let cells turn, grow, divide, die, or leave, after they have moved; `diagram` is that of before the move."""

    def observe(self, state: CellState, diagram: CellDiagram) -> dict[str, float]:
        """Return the scenario's observables for the live plot."""
        del state, diagram
        return {}

    def scenery(self, state: CellState) -> list[Lines]:
        """Return the lines that stand around the cells: by default the box, unless it is periodic, and its floor."""
        size = self.room(state).size
        return [] if self.periodic else [box_lines(size), floor_lines(size)] if self.floor else [box_lines(size)]

    def background(self, state: CellState) -> LayerData | None:
        """Return an image of what cells live in, if there is something to see."""
        del state
        return None

    def notes(self, state: CellState) -> tuple[str, ...]:
        """Return what the user should know of this scenario with these cells, in sentences."""
        if self.needs_medium and len(state) and state.volumes.sum() > 0.99 * self.room(state).volume:
            return (_NO_MEDIUM,)
        return ()
