"""Modules that can be called, for ``sl.catalog()`` beside ``shapelab.catalog``.

Importing a submodule binds its name in the package, over a function of the same name. Where both are wanted, the
module itself answers the call with its function of that name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["make_callable"]


class _CallableModule(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Go to other processes by name, as modules do: functions of a script that call ``sl.measure`` take it along to Dask."""
        return import_module, (self.__name__,)


def make_callable(module_name: str) -> None:
    """Let the module `module_name` be called like its function of the same last name."""
    sys.modules[module_name].__class__ = _CallableModule
