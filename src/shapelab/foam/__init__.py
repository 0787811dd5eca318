"""Foams: cells with interface tensions and exact volumes, in a plane and in space, from any labels.

    simulation = shapelab.Foam(labels=labels, tensions={(0, 1): 1.1, (0, 2): 0.9, (1, 2): 0.8})
    for frame in simulation.run(steps=300, every=10):
        frame["cells"], frame.layer("seeds").meta["features"]["pressure"], frame.scalars["energy"]

`labels` is an array or a layer (its scale is the pixel size); `tensions` are pairs of labels with theirs, 0 for the medium, the result of
`shapelab.infer_tensions`, or a table in the order of the medium and the rising labels. Without `tensions`, those of the types of the
cells hold (`types`, and the parameters `first`, `second`, `between`, `first_medium`, `second_medium`); with ``background="none"`` the
label 0 is no medium. Everything else is a field of `FoamParameters`: ``motility=0.1``, ``periodic=True``, ``exact_volumes=False``…

`settle_exactly(simulation)` brings the interfaces to mechanical equilibrium on a mesh, when the foam has come to rest.
"""

from __future__ import annotations

from shapelab.foam.create import Foam
from shapelab.foam.model import FoamModel
from shapelab.foam.parameters import FoamParameters
from shapelab.foam.settling import SettledFoam, settle_exactly
from shapelab.foam.state import FoamState
from shapelab.foam.tensions import explain_tensions

__all__ = ["Foam", "FoamModel", "FoamParameters", "FoamState", "SettledFoam", "explain_tensions", "settle_exactly"]
