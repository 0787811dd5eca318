"""Which voxels changed side since the last look, counted on the card."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from shapelab.curvature.card import frame_kernels
from shapelab.gpu.resident import Resident
from shapelab.gpu.sums import BlockSums

__all__ = ["counted_sides"]


def counted_sides(u: Resident, before: Any = None) -> tuple[Resident, int, int]:
    """Return what `shapelab.curvature.settling.counted_sides` returns; `before` is overwritten if it is on the card."""
    queue, field = u.queue, u.array.flatten()
    here = isinstance(before, Resident) and before.is_on(queue)
    if before is None:
        before = np.zeros(-(-field.size // 8), np.uint8)
    sides = before if here else Resident.of(queue, before, wp.uint8)
    sums = BlockSums(queue, 2)
    queue.launch(frame_kernels.sides, sums.threads, field, sums.threads, sides.array, sums.partial)
    inside, changed = queue.read(sums.partial).sum(axis=1)
    return sides, int(inside), int(changed)
