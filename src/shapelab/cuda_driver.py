"""What CUDA's own driver says of the cards in this machine: asked through ctypes, before any library of ours is loaded.

It answers the same whatever happens to be imported, on Linux, in WSL2, in containers and on Windows, and it honours
CUDA_VISIBLE_DEVICES. Where there is no driver the answer takes no time.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import NamedTuple

__all__ = ["Card", "cards", "free_memory"]

_LIBRARIES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1")
_MAJOR, _MINOR = 75, 76
"""Attributes of a device: the two parts of its compute capability."""


class Card(NamedTuple):
    """One CUDA card, as the driver describes it."""

    number: int
    name: str
    memory: int
    """All of it [bytes]."""
    capability: tuple[int, int]


@cache
def cards() -> tuple[Card, ...]:
    """Return the CUDA cards that this process may use; none where there is no driver, or it has no card."""
    driver = _driver()
    if driver is None:
        return ()
    count = ctypes.c_int()
    if driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    found = (_card(driver, index) for index in range(count.value))
    return tuple(card for card in found if card is not None)


def free_memory(index: int) -> int:
    """Return the free memory of card `index` [bytes]; 0 if the driver does not say."""
    driver, device, context = _driver(), ctypes.c_int(), ctypes.c_void_p()
    if driver is None or driver.cuDeviceGet(ctypes.byref(device), index) != 0:
        return 0
    if driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device) != 0:
        return 0
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    try:
        driver.cuCtxPushCurrent_v2(context)
        driver.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        driver.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
    finally:
        driver.cuDevicePrimaryCtxRelease_v2(device)
    return free.value


@cache
def _driver() -> ctypes.CDLL | None:
    """Return the driver's library, initialised; None where there is none, or it finds no card."""
    for name in _LIBRARIES:
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        return driver if driver.cuInit(0) == 0 else None
    return None


def _card(driver: ctypes.CDLL, index: int) -> Card | None:
    device, memory, name = ctypes.c_int(), ctypes.c_size_t(), ctypes.create_string_buffer(256)
    if driver.cuDeviceGet(ctypes.byref(device), index) != 0:
        return None
    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    capability = []
    for attribute in (_MAJOR, _MINOR):
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
        capability.append(value.value)
    return Card(index, name.value.decode(errors="replace"), memory.value, (capability[0], capability[1]))
