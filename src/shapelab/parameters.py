"""Parameters: one declaration per field is the validation, the form, the tooltip, the option and the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from shapelab.errors import ParameterError

__all__ = ["ParameterInfo", "Parameters", "parameter"]


def parameter(
    default: Any,
    description: str,
    *,
    label: str | None = None,
    unit: str = "",
    main: bool = False,
    live: bool = False,
    step: float | None = None,
    log: bool = False,
    **limits: Any,
) -> Any:
    """Declare one field of a `Parameters` class.

    Parameters
    ----------
    default
        Value of the field when nothing is said.
    description
        One sentence for the tooltip, the command line and the documentation.
    label
        Name on the form; by default the field's name in words.
    unit
        Physical unit, "" for a pure number.
    main
        Shown at first sight; the others are collapsed under "Advanced".
    live
        May change while the simulation runs.
    step
        Step of the spin box; it also sets the number of decimals.
    log
        The form shows a logarithmic slider (needs positive limits).
    **limits
        Pydantic limits: `ge`, `gt`, `le`, `lt`, `min_length`, `max_length`.
    """
    extra: dict[str, Any] = {"label": label, "unit": unit, "main": main, "live": live, "step": step, "log": log}
    return Field(default, description=description, json_schema_extra=extra, **limits)


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
            return f"between {low:g} and {high:g}{unit}" + _exclusive_note(self)
        if low is not None:
            return f"{'more than' if self.open_minimum else 'at least'} {low:g}{unit}"
        if high is not None:
            return f"{'less than' if self.open_maximum else 'at most'} {high:g}{unit}"
        return ""


def _exclusive_note(info: ParameterInfo) -> str:
    ends = [f"{v:g}" for v, is_open in ((info.minimum, info.open_minimum), (info.maximum, info.open_maximum)) if is_open]
    return f" ({' and '.join(ends)} excluded)" if ends else ""


class Parameters(BaseModel):
    """Frozen, validated parameters of a model.

    Declare each field with `parameter`. An invalid value raises `ParameterError` with one sentence per field:
    the field, the value received and what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ParameterError(_sentences(type(self), error)) from None

    def replace(self, **changes: Any) -> Self:
        """Return a copy with `changes`, validated as if it were made anew."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})

    def to_json(self) -> dict[str, Any]:
        """Return plain data (numbers, strings, lists) from which `from_json` makes the same parameters."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make parameters from what `to_json` returned."""
        return cls(**dict(data))

    def changed(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults."""
        fields = type(self).model_fields
        return {name: getattr(self, name) for name, f in fields.items() if getattr(self, name) != f.default}

    def __repr_args__(self) -> Any:
        """Show only what differs from the defaults."""
        return self.changed().items()

    @classmethod
    def infos(cls) -> dict[str, ParameterInfo]:
        """Return name -> `ParameterInfo` of every field, in the order of their declaration."""
        return {name: _info(name, field) for name, field in cls.model_fields.items()}

    @classmethod
    def live_fields(cls) -> frozenset[str]:
        """Return the names of the fields that may change while the simulation runs."""
        return frozenset(name for name, info in cls.infos().items() if info.live)


def _info(name: str, field: FieldInfo) -> ParameterInfo:
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


def _sentences(cls: type[Parameters], error: ValidationError) -> str:
    infos = cls.infos()
    sentences = []
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else ""
        if item["type"] == "extra_forbidden":
            sentences.append(f"There is no parameter {name!r}; known are {', '.join(infos)}.")
            continue
        info = infos.get(name)
        where = f"{name} = {_short(item['input'])}" if name else "The parameters"
        allowed = info.allowed if info else ""
        reason = item["msg"].removeprefix("Value error, ")
        reason = reason[:1].lower() + reason[1:]
        if item["type"] in ("missing", "too_long", "tuple_type") and (count := _count(info)):
            reason = f"it must be {count} values"
        sentences.append(f"{where} is not allowed: {f'it must be {allowed}' if allowed and len(item['loc']) == 1 else reason}.")
    return " ".join(sentences)


def _count(info: ParameterInfo | None) -> int:
    """Return how many values a field of fixed length takes, 0 for any other field."""
    arguments = get_args(info.annotation) if info is not None and get_origin(info.annotation) is tuple else ()
    return 0 if Ellipsis in arguments else len(arguments)


def _short(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
