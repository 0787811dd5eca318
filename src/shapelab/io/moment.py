"""What a run folder keeps of one step, taken while the simulation may go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shapelab.frame import Frame

__all__ = ["Moment"]


@dataclass(frozen=True)
class Moment:
    """All that a run folder keeps of one step."""

    frame: Frame
    parameters: dict[str, Any]
    checkpoint: tuple[dict[str, Any], dict[str, np.ndarray]] | None
    done: bool
    failed: bool
    reason: str | None
