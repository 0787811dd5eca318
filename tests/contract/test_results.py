"""Results look short where they are printed, can be copied and sent to another process, and compare by identity."""

import copy
import dataclasses
import importlib
import inspect
import pickle

import numpy as np
import pandas as pd
import pytest

import shapelab as sl
from shapelab.frame import Frame, LayerData
from shapelab.short_repr import short_repr

PACKAGES = (
    "cells",
    "compare",
    "convert",
    "crystals",
    "curvature",
    "estimate",
    "foam",
    "infer",
    "io",
    "measure",
    "mesh",
    "movies",
    "transport",
    "batch",
)
HEAVY = ("ndarray", "DataFrame", "LayerData")


def public_classes():
    for package in PACKAGES:
        module = importlib.import_module(f"shapelab.{package}")
        yield from (getattr(module, name) for name in module.__all__ if inspect.isclass(getattr(module, name)))


def test_every_public_result_with_arrays_has_a_short_repr():
    long = []
    for cls in {*public_classes(), Frame, LayerData}:
        if not dataclasses.is_dataclass(cls) and not hasattr(cls, "_fields"):
            continue
        said = [str(one) for base in cls.__mro__ for one in getattr(base, "__annotations__", {}).values()]
        if any(word in one for one in said for word in HEAVY) and cls.__repr__.__module__ != short_repr.__module__:
            long.append(cls.__name__)
    assert sorted(long) == []


def test_arrays_are_shown_by_their_shape():
    layer = LayerData("cells", np.zeros((300, 200), np.uint16), "labels", {"scale": (1.0, 1.0)})
    assert repr(layer) == "LayerData(name='cells', data=<array of shape (300, 200), uint16>, kind='labels', meta={'scale': (1.0, 1.0)})"
    fit = sl.fit_diagram(np.repeat([[1, 2]], 8, 0).repeat(8, 1), order=1)
    assert len(repr(fit)) < 400
    assert "\n" not in repr(fit)

    @short_repr
    @dataclasses.dataclass(eq=False)
    class Pair:
        first: object
        second: object = dataclasses.field(repr=False)

    assert repr(Pair(pd.DataFrame({"a": [1, 2], "b": 3}), 1)) == "Pair(first=<table of 2 rows: a, b>)"


def test_layers_compare_by_identity():
    first, second = (LayerData("a", np.zeros(3), "image") for _ in range(2))
    assert first != second
    assert first in {first}


@pytest.mark.parametrize("send", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_of_a_simulation_goes_on_as_it_does(send):
    made = sl.Curvatubes(preset="tubes", shape=(16, 16, 16), seed=3)
    list(made.run(steps=2, every=1))
    twin = send(made)
    first = [frame["field"] for frame in made.run(steps=3, every=1)]
    second = [frame["field"] for frame in twin.run(steps=3, every=1)]
    np.testing.assert_array_equal(first, second)
    assert twin.step_number == made.step_number == 5
    assert twin.parameters == made.parameters
