"""Make a simulation of cells from a scenario, or from a user's own labels."""

from __future__ import annotations

from typing import Any

from shapelab.arguments import checked
from shapelab.catalog import load, scenario
from shapelab.cells.labels_as_cells import GivenCells
from shapelab.cells.model import CellModel
from shapelab.cells.state import CellState
from shapelab.errors import InputError, ParameterError
from shapelab.frame import LayerData
from shapelab.simulation import Simulation

__all__ = ["Cells", "warm_up"]

DEFAULT, DEFAULT_GIVEN = "run_and_tumble", {2: "relaxation", 3: "relaxation_3d"}


class Cells(Simulation):
    """A simulation of incompressible cells.

    Parameters
    ----------
    scenario
        Name of a scenario (`shapelab.catalog()` lists them), which says how cells move. By default "run_and_tumble", or
        "relaxation" ("relaxation_3d") for a user's labels.
    initial
        Labels to start from, as an array or as a layer whose scale gives the pixel size: seeds, ids, volumes,
        anisotropies, the grid and the number of cells are then theirs.
    walls
        With `initial`: image of the same shape (nonzero: wall), or "background" to treat label 0 as wall.
    **parameters
        Fields of the scenario's parameters.

    Raises
    ------
    ParameterError, InputError
        If an argument is not valid; raised before anything is computed.
    """

    @checked()
    def __init__(self, scenario: str | None = None, *, initial: Any = None, walls: Any = None, **parameters: Any) -> None:
        given = None
        if initial is not None:
            given = GivenCells.of(initial, walls)
            name = scenario or DEFAULT_GIVEN[given.labels.ndim]
        elif walls is not None:
            raise InputError("walls need labels to start from (initial); edit('set_walls', …) changes the walls of a running scenario.")
        else:
            name = scenario or DEFAULT
        entry = _scenario(name)
        model: CellModel = load(entry.model)()
        values = dict(entry.parameters)
        if given is not None:
            _require_dimension(model, name, given)
            values.update(given.parameters())
        values.update(parameters)
        super().__init__(model, model.parameters_type(**values), initial=given, preset=entry.name)

    def draw(self, fineness: int = 4) -> LayerData:
        """Return the labels of the cells as they are now, on a grid `fineness` times as fine as that of the solver along each axis.

        Parameters
        ----------
        fineness
            From 1 to 4: every pixel is assigned again on the finer grid, so that boundaries are exact on any grid.
        """
        if fineness not in (1, 2, 3, 4):
            raise ParameterError(f"fineness = {fineness} is not allowed: choose a whole number from 1 to 4.")
        state = self._prepared()
        assert isinstance(self.model, CellModel)
        assert isinstance(state, CellState)
        return self.model.draw(state, fineness)


def warm_up() -> None:
    """Compile the kernels that every scenario needs, by one step of a few cells; the first time on a machine only."""
    simulation = Cells(DEFAULT, shape=(32, 32), n_cells=4)
    simulation.step()
    simulation.frame()


def _scenario(name: str) -> Any:
    return scenario("cells", name)


def _require_dimension(model: CellModel, name: str, given: GivenCells) -> None:
    wanted = model.parameters_type().ndim
    if wanted != given.labels.ndim:
        raise InputError(f"The scenario {name!r} is {wanted}-D and the labels are {given.labels.ndim}-D (shape {given.labels.shape}).")
