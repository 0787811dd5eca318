"""Presets: published textures, minimal surfaces, vesicles, one table row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shapelab.curvature.parameters import indefinite_warning
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.published import PUBLISHED, Published
from shapelab.curvature.special import SPECIAL
from shapelab.scenario import Scenario, ScenarioTable

__all__ = ["PRESETS"]

SONG = "A. Song, J. Math. Imaging Vis. 64, 17-40 (2022), doi:10.1007/s10851-021-01049-9"
RELATIVE_BAND = 0.15
"""Half-width of the expected ranges, for the spread between seeds and boxes."""
CURVATURE_BAND = 2.5
"""Smallest half-width of the expected range of a curvature [1/texture length]."""


def _scenario(row: Published) -> Scenario:
    parameters: dict[str, Any] = {**dict(zip(Coefficients._fields, row.coefficients, strict=True)), "mass": row.mass, **row.others}
    return Scenario(
        name=row.name,
        title=row.title,
        description=row.description,
        parameters=parameters,
        citation=SONG,
        expect=_expect(row.measured),
        warning=indefinite_warning(Coefficients(*row.coefficients)),
        variants={"paper": {"shape": (100, 100, 100)}},
        group=row.group,
        quick={"shape": (row.small,) * 3},
        aliases=row.aliases,
    )


def _expect(measured: tuple[float, float, float, float] | None) -> Mapping[str, tuple[float, float]]:
    """Return the ranges around (volume fraction, area per volume, k1, k2) of the published field."""
    if measured is None:
        return {}
    fraction, area, k1, k2 = measured
    ranges = {
        name: (value * (1 - RELATIVE_BAND), value * (1 + RELATIVE_BAND))
        for name, value in (("volume_fraction", fraction), ("area_per_volume", area))
    }
    for name, k in (("k1", k1), ("k2", k2)):
        band = max(RELATIVE_BAND * abs(k), CURVATURE_BAND)
        ranges[name] = (k - band, k + band)
    return ranges


def _table() -> ScenarioTable:
    table = ScenarioTable("preset")
    for item in (*map(_scenario, PUBLISHED), *SPECIAL):
        table.add(item, "shapelab")
    return table


PRESETS = _table()
"""Name -> preset, in the order in which a list shows them."""
