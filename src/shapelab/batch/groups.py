"""Two groups of shapes of an atlas: in which parameters and observables they differ, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shapelab.arguments import checked
from shapelab.batch.atlas import Atlas
from shapelab.compare import compare_populations
from shapelab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_groups", "member_table"]

_NOT_COMPARED = ("seed", "step", "mass_error", "flips")
"""Numbers that say nothing of a shape."""


@checked()
def member_table(atlas: Atlas, members: Sequence[int]) -> pd.DataFrame:
    """Return one row per member: its parameters that are numbers, then its observables.

    Parameters
    ----------
    atlas
        Where the members are.
    members
        Their indices.
    """
    import pandas as pd

    rows = {}
    for index in members:
        member = atlas.members[index]
        numbers = {name: float(value) for name, value in member.parameters.items() if isinstance(value, int | float)}
        rows[member.name] = {name: value for name, value in {**numbers, **member.observables}.items() if name not in _NOT_COMPARED}
    return pd.DataFrame.from_dict(rows, orient="index")


@checked()
def compare_groups(atlas: Atlas, a: Sequence[int], b: Sequence[int] | None = None) -> pd.DataFrame:
    """Return how two groups of members differ, the clearest difference first.

    Parameters
    ----------
    atlas
        Where the members are.
    a, b
        Indices of the members of either group; without `b`, all members that are not in `a`.

    Returns
    -------
    DataFrame
        As `shapelab.compare.compare_populations`, sorted by the Kolmogorov-Smirnov distance "ks" (0 for alike, 1 for apart).

    Raises
    ------
    InputError
        If one of the groups has less than two members.
    """
    others = [index for index in range(len(atlas)) if index not in set(a)] if b is None else list(b)
    if min(len(a), len(others)) < 2:
        raise InputError(f"Both groups need two shapes or more to be compared; they have {len(a)} and {len(others)}.")
    table = compare_populations(member_table(atlas, a), member_table(atlas, others))
    return table.sort_values("ks", ascending=False, kind="stable")
