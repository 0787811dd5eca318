"""What happens in a movie of cells: divisions, arrivals, losses, and exchanges of neighbours (T1)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shapelab.labels.contacts import face_pairs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Event", "Events"]

_ENOUGH = 0.35
"""Share of a new cell's voxels that were one cell's in the frame before, and more than any other's, from which it is its daughter."""


class Event(enum.Enum):
    """Kinds of events."""

    DIVISION = "division"
    """`label` has divided into `others`, of which one may bear its mother's label."""
    APPEARANCE = "appearance"
    """`label` was not there before, and does not come from another cell."""
    LOSS = "loss"
    """`label` is gone: it has died, left the image, or merged; `others` are the cells that lie in its place."""
    NEW_LABEL = "new label"
    """The cell `label` is called `others` from here on."""
    EXCHANGE = "neighbour exchange"
    """Two cells, `label` and the first of `others`, have lost their contact to the two others of `others` (T1)."""

    @property
    def plural(self) -> str:
        """As the heading of a column of counts."""
        return f"{self.value}es" if self.value.endswith("s") else f"{self.value}s"

    def counted(self, count: int) -> str:
        """Return how a number of them reads: "1 division", "3 losses"."""
        return f"{count} {self.value if count == 1 else self.plural}"


@dataclass
class _Frame:
    """What the next frame is compared with."""

    labels: np.ndarray
    ids: set[int]
    border: set[int]
    pairs: set[tuple[int, int]]


@dataclass
class Events:
    """Finds events, frame by frame."""

    times: np.ndarray
    periodic: tuple[bool, ...]
    """Along which axes opposite sides touch."""
    patience: int
    """Frames within which the two halves of a neighbour exchange must happen."""
    _before: _Frame | None = None
    _frame: int = -1
    _rows: list[dict[str, object]] = field(default_factory=list)
    _lost: dict[tuple[int, int], int] = field(default_factory=dict)
    """Contacts lost of late, and in which frame."""
    _made: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, labels: np.ndarray) -> None:
        """Take the next frame."""
        self._frame += 1
        now = _Frame(labels, _ids(labels), self._border(labels), self._pairs(labels))
        if self._before is not None:
            self._births_and_losses(self._before, now)
            if labels.ndim == 2:
                self._exchanges(self._before, now)
        self._before = now

    def table(self) -> pd.DataFrame:
        """Return one row per event: `frame` in which it is first seen, `time`, `kind`, `label`, `others`, `at_border`."""
        import pandas as pd

        return pd.DataFrame(self._rows, columns=["frame", "time", "kind", "label", "others", "at_border"])

    def _say(self, kind: Event, label: int, others: tuple[int, ...] = (), at_border: bool = False) -> None:
        self._rows.append(
            {
                "frame": self._frame,
                "time": float(self.times[self._frame]),
                "kind": kind.value,
                "label": label,
                "others": others,
                "at_border": at_border,
            }
        )

    def _births_and_losses(self, before: _Frame, now: _Frame) -> None:
        new, gone = now.ids - before.ids, before.ids - now.ids
        mothers = {label: _most_of(before.labels[now.labels == label]) for label in sorted(new)}
        daughters: dict[int, list[int]] = {}
        for label, mother in mothers.items():
            if mother:
                daughters.setdefault(mother, []).append(label)
        for mother, children in sorted(daughters.items()):
            if mother in now.ids:
                self._say(Event.DIVISION, mother, (mother, *children))
            elif len(children) > 1:
                self._say(Event.DIVISION, mother, tuple(children))
            else:
                self._say(Event.NEW_LABEL, mother, tuple(children))
        for label in sorted(new):
            if not mothers[label]:
                self._say(Event.APPEARANCE, label, at_border=label in now.border)
        for label in sorted(gone - set(daughters)):
            heirs = np.unique(now.labels[before.labels == label])
            self._say(Event.LOSS, label, tuple(heirs[heirs > 0].tolist()), at_border=label in before.border)

    def _exchanges(self, before: _Frame, now: _Frame) -> None:
        """Match contacts that were lost with contacts that were made between the same four cells."""
        staying = before.ids & now.ids
        old = self._frame - self.patience
        for pairs, gone, other in ((before.pairs - now.pairs, self._lost, self._made), (now.pairs - before.pairs, self._made, self._lost)):
            for pair in sorted(pairs):
                undone = other.pop(pair, old - 1) >= old
                if not undone and pair[0] in staying and pair[1] in staying:
                    gone[pair] = self._frame
        for recent in (self._lost, self._made):
            for pair in [pair for pair, frame in recent.items() if frame < old]:
                del recent[pair]
        for lost in list(self._lost):
            for made in list(self._made):
                if _around(lost, made, now.pairs) or _around(lost, made, before.pairs):
                    self._say(Event.EXCHANGE, lost[0], (lost[1], *made))
                    del self._lost[lost], self._made[made]
                    break

    def _border(self, labels: np.ndarray) -> set[int]:
        ends = [np.moveaxis(labels, axis, 0)[[0, -1]].ravel() for axis in range(labels.ndim) if not self.periodic[axis]]
        return _ids(np.concatenate(ends)) if ends else set()

    def _pairs(self, labels: np.ndarray) -> set[tuple[int, int]]:
        closed = np.pad(labels, [(0, int(around)) for around in self.periodic], mode="wrap")
        pairs = face_pairs(closed)
        return {(int(a), int(b)) for a, b in pairs if a > 0}


def _ids(labels: np.ndarray) -> set[int]:
    found = np.unique(labels)
    return set(found[found > 0].tolist())


def _most_of(labels: np.ndarray) -> int:
    """Return the cell that more of the voxels are of than of any other, and enough of them; 0 for none."""
    found, counts = np.unique(labels, return_counts=True)
    best = int(np.argmax(np.where(found > 0, counts, 0)))
    return int(found[best]) if found[best] > 0 and counts[best] > _ENOUGH * len(labels) else 0


def _around(lost: tuple[int, int], made: tuple[int, int], pairs: set[tuple[int, int]]) -> bool:
    """Whether the cells of the one contact lie on both sides of the other: each touches each."""
    return len({*lost, *made}) == 4 and all((min(a, b), max(a, b)) in pairs for a in lost for b in made)
