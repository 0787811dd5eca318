"""Number the pairs of cells that occur in a long list, in order of their first appearance: a hash table instead of a sort."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["pair_numbers"]


def pair_numbers(pairs: np.ndarray, counted: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the different pairs of `pairs`, sorted, and the row of each of its entries among them.

    Parameters
    ----------
    pairs
        (m, 2) int32, at least -1; of wider rows the first two are taken.
    counted
        Which rows to number, (m,) bool; by default all.

    Returns
    -------
    different, number
        (E, 2) int32, and (m,) int32, -1 where not counted.
    """
    pairs = np.ascontiguousarray(pairs, np.int32)
    size = 1024
    number = np.empty(len(pairs), np.int32)
    while True:
        table = np.full(size, -1, np.int64)
        slots = np.zeros(size, np.int32)
        found = _number(pairs, np.ones(1, bool) if counted is None else counted, table, slots, number)
        if found >= 0:
            break
        size *= 8
    keys = np.empty(found, np.int64)
    used = table >= 0
    keys[slots[used]] = table[used]
    order = np.argsort(keys)
    rank = np.empty(found, np.int32)
    rank[order] = np.arange(found, dtype=np.int32)
    keys = keys[order]
    _rename(rank, number)
    return np.stack([(keys >> 32) - 1, (keys & 0xFFFFFFFF) - 1], axis=1).astype(np.int32).reshape(-1, 2), number


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _number(pairs, counted, table, slots, number):  # type: ignore[no-untyped-def]
    """Fill `number` and return how many different pairs there are, or -1 if the table is too small for them."""
    mask = len(table) - 1
    found = 0
    last_key, last = np.int64(-1), np.int32(0)
    for i in range(len(pairs)):
        if not counted[min(i, len(counted) - 1)]:
            number[i] = -1
            continue
        key = (np.int64(pairs[i, 0]) + 1) << 32 | (np.int64(pairs[i, 1]) + 1)
        if key != last_key:
            slot = ((key * np.int64(0x9E3779B97F4A7C15 - (1 << 64))) >> 20) & mask
            while table[slot] != -1 and table[slot] != key:
                slot = (slot + 1) & mask
            if table[slot] == -1:
                if 2 * found > mask:
                    return -1
                table[slot] = key
                slots[slot] = found
                found += 1
            last_key, last = key, slots[slot]
        number[i] = last
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _rename(rank, number):  # type: ignore[no-untyped-def]
    for i in range(len(number)):
        if number[i] >= 0:
            number[i] = rank[number[i]]
