"""No attribute of a widget hides a method of Qt: whoever asks a dock for its size gets its size."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType

import pytest
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QComboBox, QWidget

import napari_shapelab


def qt_classes() -> Iterator[type]:
    """Yield every class of the plugin that is one of Qt's."""
    for module in pkgutil.walk_packages(napari_shapelab.__path__, "napari_shapelab."):
        for found in vars(import_module(module.name)).values():
            if isinstance(found, type) and issubclass(found, QObject) and found.__module__ == module.name:
                yield found


def attributes(of: type) -> set[str]:
    """Return the names that a class gives to what is no method: what its methods set on `self`, and values of the class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(of)))
    stored = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    return stored | {name for name, value in vars(of).items() if not isinstance(value, FunctionType) and not name.startswith("__")}


def hidden(of: type) -> set[str]:
    """Return the attributes of a class that have the name of a method of its Qt base."""
    bases = [base for base in of.__mro__ if not base.__module__.startswith(("napari_shapelab", __name__))]
    return {name for name in attributes(of) if any(callable(getattr(base, name, None)) for base in bases)}


def test_no_attribute_hides_a_method_of_qt():
    classes = list(qt_classes())
    assert len(classes) > 60
    assert {f"{of.__name__}.{name}" for of in classes for name in hidden(of)} == set()


class _Hiding(QWidget):
    font = "a value of the class"

    def __init__(self) -> None:
        super().__init__()
        self.size: QComboBox = QComboBox()
        self.width, self.own = 3, 4

    def sizeHint(self):  # a method may take the place of one
        return super().sizeHint()


@pytest.mark.parametrize("name", ["font", "size", "width"])
def test_such_an_attribute_is_found(name):
    assert name in hidden(_Hiding)
    assert {"own", "sizeHint"}.isdisjoint(hidden(_Hiding))
