"""A dock opens with what it ran with last, and remembers what it runs with now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_shapelab.run.session import RunSession
from napari_shapelab.settings import last_used, remember
from shapelab.catalog import create, scenarios
from shapelab.errors import ShapelabError
from shapelab.simulation import Parameters

__all__ = ["follow_last_used"]


def follow_last_used(
    family: str,
    session: RunSession,
    now: Callable[[], tuple[str, Parameters] | None],
    enter: Callable[[str, Any], object],
) -> None:
    """Show what was used last, and remember what is used from now on.

    Parameters
    ----------
    family
        Family of the dock.
    session
        Its runs.
    now
        Returns the preset and the parameters that are entered; None if they are of a user's layer, which is not remembered.
    enter
        Shows a preset and parameters.
    """

    def keep() -> None:
        entered = now()
        if entered is not None:
            remember(family, entered[0], entered[1].to_json())

    kept = last_used(family)
    if kept is not None and kept[0] in scenarios(family):
        try:
            parameters = create(family, kept[0], **kept[1]).parameters
        except (ShapelabError, TypeError):  # of an earlier version
            parameters = None
        if parameters is not None and parameters != create(family, kept[0]).parameters:
            enter(kept[0], parameters)
            session.say("The parameters are those you used last; “Restore defaults” resets them.")
        elif parameters is not None:
            enter(kept[0], parameters)
    session.started.connect(keep)
