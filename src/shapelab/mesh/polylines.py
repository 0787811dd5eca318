"""The segments of a planar net in order: one polyline from junction to junction, or a loop."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

__all__ = ["Polylines", "trace_polylines"]


@dataclass(frozen=True)
class Polylines:
    """Polylines one after the other; a loop ends with its first node again."""

    nodes: np.ndarray
    """Nodes in order, (l,) int32."""
    starts: np.ndarray
    """First entry in `nodes` of each polyline, and their number, (p + 1,) int64."""
    pairs: np.ndarray
    """Cells on both sides, lower first, (p, 2) int32."""

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, i: int) -> np.ndarray:
        """Return the nodes of polyline `i`."""
        return self.nodes[self.starts[i] : self.starts[i + 1]]

    @property
    def loops(self) -> np.ndarray:
        """Whether each polyline is a loop, (p,) bool."""
        result: np.ndarray = self.nodes[self.starts[:-1]] == self.nodes[self.starts[1:] - 1]
        return result


def trace_polylines(faces: np.ndarray, pairs: np.ndarray, n: int) -> Polylines:
    """Return the polylines of the segments `faces` (m, 2) with cells `pairs` (m, 2) among `n` nodes."""
    ends = faces.ravel()
    order = np.argsort(ends, kind="stable")
    starts = np.searchsorted(ends[order], np.arange(n + 1))
    nodes, offsets, first = _trace(np.ascontiguousarray(faces), starts, order // 2)
    return Polylines(nodes, offsets, pairs[first])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _trace(faces, starts, touching):  # type: ignore[no-untyped-def]
    """Walk from every node that has not two segments, then round what is left."""
    m, n = len(faces), len(starts) - 1
    done = np.zeros(m, np.bool_)
    nodes = np.empty(2 * m, np.int32)
    offsets = np.zeros(m + 1, np.int64)
    first = np.empty(m, np.int64)
    k, chains = 0, 0
    for loops in range(2):
        for v in range(n):
            if not loops and starts[v + 1] - starts[v] == 2:
                continue
            for t in range(starts[v], starts[v + 1]):
                f = touching[t]
                if done[f]:
                    continue
                first[chains] = f
                nodes[k] = v
                k += 1
                at = v
                while True:
                    done[f] = True
                    at = faces[f, 0] + faces[f, 1] - at
                    nodes[k] = at
                    k += 1
                    if at == v or starts[at + 1] - starts[at] != 2:
                        break
                    f = touching[starts[at]] + touching[starts[at] + 1] - f
                chains += 1
                offsets[chains] = k
    return nodes[:k].copy(), offsets[: chains + 1].copy(), first[:chains].copy()
