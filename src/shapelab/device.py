"""Where a run computes: device, threads and the memory it may take."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import Literal

from shapelab.cuda_driver import cards, free_memory
from shapelab.errors import OutOfMemoryError, ParameterError

__all__ = [
    "available_memory",
    "cpu_count",
    "describe",
    "limited_to_card",
    "on_card",
    "release_memory",
    "require_memory",
    "resolve",
    "thread_count",
    "use_one_thread",
    "use_threads",
]

Through = Literal["warp", "torch"]
_OLDEST = (7, 5)
"""Compute capability of the oldest cards that Warp compiles for."""
_INSTALL = "install it with  pip install 'napari-shapelab[gpu]'"

_of_this_thread = threading.local()
_only: ContextVar[tuple[int, ...] | None] = ContextVar("shapelab cards", default=None)
"""Cards that "auto" and "cuda" may mean; None for all."""

# Waiting OpenMP threads should sleep: where other programs need the cores, spinning ones take ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def resolve(device: str = "auto", *, large: bool = True, through: Through = "warp") -> str:
    """Return the device to use, by its full name: "cpu", "cuda:0", "cuda:1", …, or "warp:cpu".

    The cards are those that CUDA's driver names (`shapelab.cuda_driver`), whatever libraries happen to be loaded.

    Parameters
    ----------
    device
        "auto" takes the first card that can be used, if the work is `large`, else the processor. "cuda" is "cuda:0".
        "warp:cpu" runs the kernels written for cards on one core of the processor, slowly: for tests, and to try the
        card's lines where there is none.
    large
        Whether the work is worth a card: each family knows from which size on.
    through
        The library that will use the card: "warp" for our kernels, "torch" for distances.

    Raises
    ------
    ParameterError
        If the device is unknown, not present on this machine, or its library is not installed.
    """
    if device == "cpu":
        return "cpu"
    allowed = _allowed_cards()
    if device == "auto":
        usable = (card for card in allowed if large and _obstacle(card, through) is None)
        return next((f"cuda:{card}" for card in usable), "cpu")
    if device == "warp:cpu" and through == "warp":
        if find_spec("warp") is None:
            raise ParameterError(f"device = 'warp:cpu' needs NVIDIA Warp: {_INSTALL}, or use 'cpu'.")
        return device
    index = _card_index(device)
    if problem := _obstacle(index, through):
        raise ParameterError(f"device = {device!r} cannot be used: {problem}, or use 'cpu'.")
    return f"cuda:{index}"


def _card_index(device: str) -> int:
    """Return the number of a card that is there, or refuse."""
    kind, _, number = device.partition(":")
    if kind == "mps":
        raise ParameterError(f"device = {device!r} is not supported: Apple's graphics processors cannot be used. Choose 'auto' or 'cpu'.")
    index = next(iter(_allowed_cards()), -1) if device == "cuda" else int(number) if number.isascii() and number.isdecimal() else -1
    if kind == "cuda" and 0 <= index < len(cards()):
        return index
    present = [repr(name) for name in ("auto", "cpu", *(f"cuda:{card.number}" for card in cards()))]
    raise ParameterError(f"device = {device!r} is not present on this machine; use {', '.join(present[:-1])} or {present[-1]}.")


def _obstacle(index: int, through: Through) -> str | None:
    """Return why a card that is there cannot be used, and what to do; None if it can."""
    card = cards()[index]
    if card.capability < _OLDEST:
        return f"{card.name} has compute capability {_dotted(card.capability)} but {_dotted(_OLDEST)} is needed: use a newer card"
    return _torch_obstacle(index) if through == "torch" else _warp_obstacle(index)


@cache
def _warp_obstacle(index: int) -> str | None:
    if find_spec("warp") is None:
        return f"NVIDIA Warp is not installed: {_INSTALL}"
    import warp

    warp.config.log_level = warp.LOG_ERROR
    return None if index < warp.get_cuda_device_count() else "NVIDIA Warp does not accept the installed driver: update it"


@cache
def _torch_obstacle(index: int) -> str | None:
    import torch

    return None if index < torch.cuda.device_count() else "the installed torch cannot use it: install torch for CUDA"


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"


@contextlib.contextmanager
def limited_to_card(number: int | None) -> Iterator[None]:
    """Let "auto" and "cuda" mean card `number`, and no other, within the block; None: "auto" is the processor."""
    token = _only.set(() if number is None else (number,))
    try:
        yield
    finally:
        _only.reset(token)


def _allowed_cards() -> tuple[int, ...]:
    only = _only.get()
    return tuple(card.number for card in cards() if only is None or card.number in only)


def on_card(device: str) -> bool:
    """Return whether a resolved device is a graphics card."""
    return device.startswith("cuda")


def describe(device: str) -> str:
    """Return a resolved device's name for a status line, such as "CPU (2 cores)"."""
    n = cpu_count()
    cores = f"{n} core{'s' if n > 1 else ''}"
    if on_card(device):
        index = int(device.partition(":")[2] or 0)
        return f"{cards()[index].name} ({device})" if index < len(cards()) else device
    if device == "warp:cpu":
        return "CPU through Warp (1 core)"
    if cards() and (problem := _obstacle(0, "warp")):
        return f"CPU ({cores}; the graphics card is not used: {problem})"
    return f"CPU ({cores})"


@cache
def cpu_count() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def thread_count() -> int:
    """Return the number of threads that share a computation begun by this thread: the cores, or what `use_threads` said."""
    return getattr(_of_this_thread, "count", None) or cpu_count()


def use_threads(count: int) -> None:
    """Share what this thread computes from now on among `count` threads, and what torch computes in this process.

    The result is the same to the last bit, whatever the number.
    """
    if count < 1:
        raise ParameterError(f"A computation needs 1 thread or more; received {count!r}.")
    _of_this_thread.count = count
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def use_one_thread() -> None:
    """Let this thread compute on one core, and torch too: for processes that run side by side."""
    use_threads(1)


def available_memory(device: str = "cpu") -> int:
    """Return the memory that a run may take on `device` [bytes]."""
    if on_card(device):
        return free_memory(int(device.partition(":")[2] or 0))
    import psutil

    return int(psutil.virtual_memory().available)


def release_memory(device: str) -> None:
    """Give back the memory of a card that no array needs any more: after a run, or where one ran out of it."""
    if not on_card(device):
        return  # collecting takes longer than a window should wait for a run that was stopped
    gc.collect()
    if "torch" in sys.modules:
        sys.modules["torch"].cuda.empty_cache()


def require_memory(needed: int, device: str = "cpu") -> None:
    """Refuse, with the numbers, a run that needs more than nine tenths of the memory there is.

    Raises
    ------
    OutOfMemoryError
        With the estimate, what is available, and what to do.
    """
    available = available_memory(device)
    if needed > 0.9 * available:
        raise OutOfMemoryError(
            f"This needs about {needed / 1e9:.3g} GB and {available / 1e9:.3g} GB are free on {describe(device)}: "
            "choose a smaller shape or a coarser grid."
        )
