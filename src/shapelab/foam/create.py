"""Make a foam from a preset, from parameters, or from a user's own labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from shapelab.arguments import checked
from shapelab.catalog import scenario
from shapelab.errors import InputError
from shapelab.foam.given import GivenFoam
from shapelab.foam.model import FoamModel, SpaceFoamModel
from shapelab.simulation import Simulation

__all__ = ["Foam"]

_DEFAULT = "foam_sorting"


class Foam(Simulation):
    """A simulation of cells with interface tensions and exact volumes.

    Parameters
    ----------
    preset
        Name of a preset (`shapelab.catalog()` lists them), "foam_sorting" if there are no labels.
    labels
        Cells to start from, as an array, (y, x) or (z, y, x), or as a layer whose scale gives the pixel size; 0 is the background. Ids,
        volumes and the grid are then theirs.
    tensions
        With `labels`: pairs of labels -> tension, ``{(1, 2): 0.8, (0, 1): 1.1}``, 0 for the medium; the result of
        `shapelab.infer_tensions`; or a symmetric array (K, K) in the order of the medium and the rising labels. Pairs that are missing
        or not finite take the mean. By default the tensions are those of the types: the parameters `first`, `second`,
        `between`, `first_medium` and `second_medium`.
    types
        With `labels`: label -> type, from 0; by default the feature "type" of the layer, or 0.
    volumes
        With `labels`: label -> target volume (2-D: area) [unit^d]; by default that of the labels.
    background
        With `labels`: whether label 0 is "medium", whose volume is free, or "none": then it is given to the nearest cells.
    initial
        Another name for `labels`, which all families have.
    **parameters
        Fields of `FoamParameters`.

    Raises
    ------
    ParameterError, InputError
        If an argument is not valid; raised before anything is computed.
    """

    @checked()
    def __init__(
        self,
        preset: str | None = None,
        *,
        labels: Any = None,
        tensions: Any = None,
        types: Mapping[int, int] | None = None,
        volumes: Any = None,
        background: Literal["medium", "none"] = "medium",
        initial: Any = None,
        **parameters: Any,
    ) -> None:
        if labels is not None and initial is not None:
            raise InputError("Give the cells once, as labels: initial is another name for it.")
        source = labels if labels is not None else initial
        given = None if source is None else GivenFoam.of(source, tensions, types, volumes, background)
        if given is None and not (tensions is None and types is None and volumes is None):
            raise InputError("Tensions, types and volumes of single cells need the labels that they belong to (labels).")
        values: dict[str, Any] = {}
        if preset is not None or given is None:
            entry = scenario("foam", preset or _DEFAULT)
            values, preset = dict(entry.parameters), entry.name
        if given is not None:
            values = {**values, "motility": values.get("motility", 0.0), **given.parameters()}
        values |= parameters
        model = SpaceFoamModel() if _ndim(values.get("shape")) == 3 else FoamModel()
        super().__init__(model, model.parameters_type(**values), initial=given, preset=preset)


def _ndim(shape: Any) -> int:
    return len(shape) if isinstance(shape, tuple | list) else 2
