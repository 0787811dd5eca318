"""Formulas of KeOps as costs: one reduction over all cells per pass, compiled once, on the CPU or a CUDA card."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from shapelab.device import on_card
from shapelab.errors import InputError
from shapelab.keops import compiling
from shapelab.transport.reduction import PointReduction

__all__ = ["KeopsReduction"]

_compiled: set[tuple[Any, ...]] = set()

_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load, ast.operator, ast.unaryop,
)  # fmt: skip
"""What a formula is made of: KeOps evaluates the text as Python, so that nothing else may stand in it."""


class KeopsReduction(PointReduction):
    """The cost of a KeOps formula of the displacement z and of the parameters q of a cell.

    Parameters
    ----------
    formula
        With the variables z and q, and one number as its value.
    parameters
        ``(N, k)``, or None.
    device
        "cpu" or a CUDA device; points go there and the winners come back.
    """

    def __init__(self, formula: str, parameters: np.ndarray | None, device: str = "cpu") -> None:
        _check_text(formula, parameters is not None)
        self.formula, self.parameters, self.device = formula, parameters, device
        self._text = _with_fractions(formula)

    def on(self, device: str) -> KeopsReduction:
        return KeopsReduction(self.formula, self.parameters, device if on_card(device) else "cpu")

    def lowest(
        self, points: np.ndarray, seeds: np.ndarray, cells: np.ndarray, potentials: np.ndarray, period: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        d, real = points.shape[1], points.dtype
        z = "(y - x)"
        aliases, arrays = [f"y = Vi({d})", f"x = Vj({d})", "f = Vj(1)"], [points, seeds, potentials.reshape(-1, 1)]
        if period.any():
            z = "((y - x) - period * Floor((y - x) * frequency + IntInv(2)))"
            aliases += [f"period = Pm({d})", f"frequency = Pm({d})"]
            arrays += [period, np.divide(1.0, period, out=np.zeros(d), where=period > 0)]
        if self.parameters is not None:
            aliases.append(f"q = Vj({self.parameters.shape[1]})")
            arrays.append(self.parameters[cells])
        found = self._call((f"({self._of(z)}) - f", tuple(aliases), "KMin_ArgKMin", k), [np.ascontiguousarray(a, real) for a in arrays])
        values, places = (np.asarray(part) for part in found)
        if values.size != len(points) * k:
            raise InputError(f"The formula {self.formula!r} must have one number as its value; it has {values.size // (len(points) * k)}.")
        if not (values[:, 0] < np.inf).all():
            raise InputError(f"The formula {self.formula!r} must have finite values; at some pixels it has none.")
        return values.reshape(-1, k), places.reshape(-1, k).astype(np.int64)

    def gradients(self, z: np.ndarray, cells: np.ndarray) -> np.ndarray:
        aliases, arrays = [f"z = Vi({z.shape[1]})", "w = Vj(1)"], [z, np.ones((1, 1))]
        if self.parameters is not None:
            aliases.append(f"q = Vi({self.parameters.shape[1]})")
            arrays.append(self.parameters[cells])
        arrays = [np.ascontiguousarray(a, np.float32) for a in arrays]
        return np.asarray(self._call((f"Grad({self._text}, z, w)", tuple(aliases), "Sum", 0), arrays), float).reshape(z.shape)

    def values(self, z: np.ndarray, cell: int) -> np.ndarray:
        """Return the costs of one cell at displacements ``(..., d)``, in double precision."""
        at = np.ascontiguousarray(z.reshape(-1, z.shape[-1]), float)
        origin, period = np.zeros((1, z.shape[-1])), np.zeros(z.shape[-1])
        return self.lowest(at, origin, np.array([cell]), np.zeros(1), period, 2)[0][:, 0].reshape(z.shape[:-1])

    def _of(self, z: str) -> str:
        """Return the formula of another expression in place of z."""
        return re.sub(r"\bz\b", z, self._text)

    def _call(self, what: tuple[Any, ...], arrays: list[np.ndarray]) -> Any:
        """Evaluate a reduction; the first time in a process it is loaded, or compiled."""
        options = {"backend": "CPU"} if self.device == "cpu" else {"backend": "GPU", "device_id": int(self.device.partition(":")[2] or 0)}
        key = (*what, arrays[0].dtype.str, self.device)
        try:
            if key in _compiled:
                return _reduction(*what)(*arrays, **options)
            with compiling():
                found = _reduction(*what)(*arrays, **options)
            _compiled.add(key)
        except InputError:
            raise
        except Exception as error:  # KeOps raises whatever its parser, the compiler or the loader raise
            reason = str(error).split(" (error at line")[0].removeprefix("[KeOps] Error : ").strip().rstrip(".") or type(error).__name__
            raise InputError(f"The formula {self.formula!r} cannot be used: {reason}.") from error
        return found


@lru_cache(maxsize=256)
def _reduction(formula: str, aliases: tuple[str, ...], reduction: str, k: int) -> Callable[..., Any]:
    from pykeops.numpy import Genred

    made: Callable[..., Any] = Genred(formula, list(aliases), reduction_op=reduction, axis=1, opt_arg=k or None)
    return made


def _check_text(formula: str, parameters: bool) -> None:
    """Refuse a text that is not an expression of KeOps in the variables there are."""
    known = {"z", "q"} if parameters else {"z"}
    try:
        nodes = list(ast.walk(ast.parse(formula, mode="eval")))
    except (SyntaxError, ValueError, TypeError):
        raise InputError(f"The formula {formula!r} is not an expression: check its parentheses.") from None
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name))):
            raise InputError(f"The formula {formula!r} is not one of KeOps: write operations, numbers and the variables {_listed(known)}.")
        if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int | float)):
            raise InputError(f"The formula {formula!r} holds {node.value!r}, which is not a number.")
        if isinstance(node, ast.Name) and id(node) not in called and node.id not in known:
            raise InputError(f"The formula {formula!r} has the variable {node.id}; it may have {_listed(known)}.")
        if isinstance(node, ast.Name) and id(node) in called and not re.fullmatch(r"[A-Z]\w*", node.id):
            raise InputError(f"The formula {formula!r} calls {node.id}, which is not an operation of KeOps: they begin with a capital.")


class _Fractions(ast.NodeTransformer):
    """Writes decimal numbers as fractions of whole ones, which are all that KeOps takes."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        power = isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) and isinstance(node.right.value, float)
        self.generic_visit(node)
        return ast.Call(ast.Name("Powf"), [node.left, node.right], []) if power else node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        value = Fraction(repr(node.value)).limit_denominator(10**6)
        return ast.parse(f"IntCst({value.numerator}) * IntInv({value.denominator})", mode="eval").body


def _with_fractions(formula: str) -> str:
    return ast.unparse(_Fractions().visit(ast.parse(formula, mode="eval")))


def _listed(names: set[str]) -> str:
    return " and ".join(sorted(names, reverse=True))
