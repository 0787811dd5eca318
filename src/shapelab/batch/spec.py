"""What a sweep computes: a family of models, and a grid, random draws or a list of parameters, times seeds."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shapelab.arguments import checked
from shapelab.catalog import create
from shapelab.errors import InputError, ParameterError
from shapelab.simulation import Simulation

__all__ = ["ATLAS_RANGES", "ATLAS_VIABLE", "Member", "RandomDraws", "SweepSpec", "read_spec"]

ATLAS_RANGES: dict[str, tuple[float, float]] = {
    "a11": (-4.0, 4.0),
    "a02": (1 / 15, 15.0),
    "b10": (-200.0, 200.0),
    "b01": (-200.0, 200.0),
    "c": (-3000.0, 3000.0),
    "mass": (-0.75, -0.15),
}
"""Uniform draws of curvature textures, a20 = 1, in texture units (Song, J. Math. Imaging Vis. 64 (2022), his atlas)."""

ATLAS_VIABLE: dict[str, tuple[float, float]] = {"discrepancy": (0.0, 0.75), "highest": (0.1, math.inf), "lowest": (-math.inf, -0.1)}
"""A draw is kept if its field has two sides and an interface profile (same source)."""

_ATLAS_CHECKS = (500, 1000, 5000)
_MOST, _MOST_STEPS = 100_000, 10**9
"""Members of a sweep, and steps of a member."""

Range = tuple[float, float]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Strict):
    """One run of a sweep."""

    name: str
    """Name of its folder, such as "m0007"."""
    parameters: dict[str, Any]
    """What differs between members, the seed included."""


class RandomDraws(_Strict):
    """Uniform draws."""

    count: int = Field(ge=1, le=_MOST)
    seed: int = Field(1, ge=0)
    ranges: dict[str, Range] | Literal["atlas"]
    """Parameter -> (lowest, highest); "atlas" stands for `ATLAS_RANGES`."""

    @field_validator("ranges")
    @classmethod
    def _ordered(cls, ranges: Any) -> Any:
        if ranges != "atlas":
            for name, (low, high) in ranges.items():
                if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                    raise ValueError(f"the range of {name} must be [lowest, highest], two finite numbers; received [{low:g}, {high:g}]")
        return ranges


class SweepSpec(_Strict):
    """A sweep. In TOML: these names, with `parameters`, `grid`, `random` and `viable` as tables."""

    family: str
    preset: str | None = None
    """Preset or scenario to start from."""
    steps: int = Field(500, ge=1, le=_MOST_STEPS)
    """Most steps of each member."""
    every: int | None = Field(None, ge=1)
    """Steps between saved frames; by default only the last one is saved."""
    keep: Literal["last", "all", "none"] = "none"
    """Checkpoints of each member to keep."""
    seeds: list[int] | None = None
    """Every choice of parameters is run with each of them; by default 1, and for random draws one of its own each."""
    parameters: dict[str, Any] = {}
    """The same for all members."""
    grid: dict[str, list[Any]] | None = None
    """Parameter -> values; all combinations are run."""
    random: RandomDraws | None = None
    members: list[dict[str, Any]] | None = None
    """Parameters of each member, one by one."""
    viable: dict[str, Range] = {}
    """Observable -> (lowest, highest) value with which a member counts."""
    check_at: list[int] = []
    """Steps at which `viable` is tested, besides the end."""

    @model_validator(mode="before")
    @classmethod
    def _atlas(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("random"), dict) and values["random"].get("ranges") == "atlas":
            values = {"viable": ATLAS_VIABLE, "check_at": list(_ATLAS_CHECKS), **values}
            if isinstance(given := values.get("parameters", {}), dict):
                values["parameters"] = {"a20": 1.0, **given}
        return values

    @model_validator(mode="after")
    def _one_way(self) -> SweepSpec:
        ways = [name for name in ("grid", "random", "members") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"choose one of grid, random and members; received {' and '.join(ways)}")
        if self.grid is not None and not all(self.grid.values()):
            raise ValueError(f"the grid has no values for {next(name for name, values in self.grid.items() if not values)}")
        if self.seeds == [] or self.members == []:
            raise ValueError("seeds and members must not be empty")
        count = self._choice_count() * len(self.seeds or [0])
        if count > _MOST:
            raise ValueError(f"the sweep has {count} members and may have {_MOST}")
        return self

    @classmethod
    def make(cls, /, **values: Any) -> SweepSpec:
        """Return a checked spec: what is wrong is a sentence, and unknown parameters are refused before anything runs."""
        try:
            spec = cls(**values)
        except ValidationError as error:
            raise ParameterError(_sentence(error)) from None
        known = spec.known_fields()
        unknown = sorted({name for choice in (spec.parameters, *spec._choices()) for name in choice} - known)
        if unknown:
            raise ParameterError(f"{spec.family} has no parameter {unknown[0]!r}; known parameters: {', '.join(sorted(known))}.")
        return spec

    def all_members(self) -> list[Member]:
        """Return the members, in an order that only depends on the spec."""
        choices = self._choices()
        if self.seeds is not None:
            runs = [{**choice, "seed": seed} for choice in choices for seed in self.seeds]
        elif self.random is not None:
            runs = [{"seed": index + 1, **choice} for index, choice in enumerate(choices)]
        else:
            runs = choices
        width = max(4, len(str(len(runs) - 1)))
        return [Member(name=f"m{index:0{width}d}", parameters=run) for index, run in enumerate(runs)]

    def known_fields(self) -> set[str]:
        """Return the names of the parameters of the model."""
        return set(type(create(self.family, self.preset).parameters).model_fields)

    def simulation(self, member: Member) -> Simulation:
        """Return the simulation of one member, not yet begun."""
        values = {"max_steps": self.steps} if "max_steps" in self.known_fields() else {}
        return create(self.family, self.preset, **{**values, **self.parameters, **member.parameters})

    def _choice_count(self) -> int:
        if self.random is not None:
            return self.random.count
        if self.members is not None:
            return len(self.members)
        return math.prod(len(values) for values in (self.grid or {}).values())

    def _choices(self) -> list[dict[str, Any]]:
        if self.random is not None:
            return _draws(self.random)
        if self.members is not None:
            return [dict(item) for item in self.members]
        grid = self.grid or {}
        return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


@checked()
def read_spec(path: str | Path) -> SweepSpec:
    """Read a sweep from a TOML file."""
    file = Path(path)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))  # Windows editors put a mark in front
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The sweep {str(file)!r} cannot be read: it is missing or not a text file.") from error
    except RecursionError as error:
        raise InputError(f"The sweep {file.name} is not valid: it holds lists or tables within one another too deeply.") from error
    except ValueError as error:  # also numbers of thousands of digits
        raise InputError(f"The sweep {file.name} is not valid TOML: {error}.") from error
    return SweepSpec.make(**values)


def _sentence(error: ValidationError) -> str:
    item = error.errors()[0]
    where = ".".join(map(str, item["loc"]))
    return f"The sweep is not valid{f' at {where}' if where else ''}: {item['msg'].removeprefix('Value error, ')}."


def _draws(random: RandomDraws) -> list[dict[str, Any]]:
    ranges: Mapping[str, Range] = ATLAS_RANGES if random.ranges == "atlas" else random.ranges
    rng = np.random.default_rng(random.seed)
    return [{name: round(float(rng.uniform(low, high)), 4) for name, (low, high) in ranges.items()} for _ in range(random.count)]
