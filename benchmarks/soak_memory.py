"""How much memory a process occupies, and how much of it is in use."""

from __future__ import annotations

import ctypes
import gc
import sys

import numpy as np
import psutil

_BLOCK = 100
"""Mean size of the small blocks that Python takes by itself (115 MB for 1.15 million of them in a bare napari) [bytes]."""


def resident() -> float:
    """Return the resident memory after a thorough clean-up [MB]."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return float(psutil.Process().memory_info().rss) / 1e6


class _Malloc(ctypes.Structure):
    """What glibc's mallinfo2 answers, over all of its arenas [bytes]."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    )


def in_use() -> float:
    """Return what was asked of the C library and of Python and not given back [MB]; all that is occupied where glibc is missing."""
    try:
        ask = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):
        return resident()
    ask.restype = _Malloc
    answer = ask()
    return float(answer.uordblks + answer.hblkhd + _BLOCK * sys.getallocatedblocks()) / 1e6


def gpu_memory() -> float:
    """Return the memory of the GPU that is in use [MB]."""
    torch = sys.modules.get("torch")
    return float(torch.cuda.memory_allocated()) / 1e6 if torch is not None and torch.cuda.is_available() else 0.0


def slope(cycles: list[int], memory: list[float]) -> float:
    """Return the growth of memory by least squares [MB per cycle]."""
    return float(np.polyfit(cycles, memory, 1)[0]) if len(cycles) > 2 else 0.0
