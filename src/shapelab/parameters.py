"""Parameters: one declaration per field is the validation, the form, the tooltip, the option and the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shapelab.errors import ParameterError
from shapelab.parameter_info import ParameterInfo, field_info
from shapelab.refusal import plain_sentences, python_sentences

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
            raise ParameterError(python_sentences(type(self).infos(), error), plain_sentences(type(self).infos(), error)) from None

    def replace(self, **changes: Any) -> Self:
        """Return a copy with `changes`, validated like a new one."""
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
        return {name: field_info(name, field) for name, field in cls.model_fields.items()}

    @classmethod
    def live_fields(cls) -> frozenset[str]:
        """Return the names of the fields that may change while the simulation runs."""
        return frozenset(name for name, info in cls.infos().items() if info.live)
