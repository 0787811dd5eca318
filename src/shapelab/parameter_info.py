"""What a form, a command line or a table needs to know of one parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

__all__ = ["ParameterInfo", "field_info", "figure"]


@dataclass(frozen=True)
class ParameterInfo:
    """What a form, a command line or a table needs to know of one field."""

    name: str
    label: str
    annotation: Any
    """The field's type, without limits."""
    default: Any
    description: str
    unit: str
    minimum: float | None
    maximum: float | None
    open_minimum: bool
    """True if `minimum` itself is not allowed."""
    open_maximum: bool
    main: bool
    live: bool
    step: float | None
    log: bool

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """Allowed values of a `Literal` field, else None."""
        return get_args(self.annotation) if get_origin(self.annotation) is Literal else None

    @property
    def allowed(self) -> str:
        """The limits in words, "" if there are none."""
        if self.choices is not None:
            return "one of " + ", ".join(map(repr, self.choices))
        unit = f" {self.unit}" if self.unit else ""
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return f"between {figure(low)} and {figure(high)}{unit}" + _exclusive_note(self)
        if low is not None:
            return f"{'more than' if self.open_minimum else 'at least'} {figure(low)}{unit}"
        if high is not None:
            return f"{'less than' if self.open_maximum else 'at most'} {figure(high)}{unit}"
        return ""


def figure(value: float) -> str:
    """Write a limit: 1,000,000 and not 1e+06."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e10 else f"{value:g}"


def _exclusive_note(info: ParameterInfo) -> str:
    ends = [figure(v) for v, is_open in ((info.minimum, info.open_minimum), (info.maximum, info.open_maximum)) if is_open and v is not None]
    return f" ({' and '.join(ends)} excluded)" if ends else ""


def field_info(name: str, field: FieldInfo) -> ParameterInfo:
    """Return the `ParameterInfo` of a field of a pydantic model."""
    extra: Mapping[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, Mapping) else {}
    limits: dict[str, Any] = {}
    for constraint in field.metadata:
        if isinstance(constraint, annotated_types.Ge):
            limits.update(minimum=constraint.ge, open_minimum=False)
        elif isinstance(constraint, annotated_types.Gt):
            limits.update(minimum=constraint.gt, open_minimum=True)
        elif isinstance(constraint, annotated_types.Le):
            limits.update(maximum=constraint.le, open_maximum=False)
        elif isinstance(constraint, annotated_types.Lt):
            limits.update(maximum=constraint.lt, open_maximum=True)
    return ParameterInfo(
        name=name,
        label=extra.get("label") or (name if len(name) <= 3 else name.replace("_", " ").capitalize()),  # symbols stay as they are
        annotation=field.annotation,
        default=field.default,
        description=field.description or "",
        unit=extra.get("unit", ""),
        main=extra.get("main", False),
        live=extra.get("live", False),
        step=extra.get("step"),
        log=extra.get("log", False),
        **{"minimum": None, "maximum": None, "open_minimum": False, "open_maximum": False, **limits},
    )
