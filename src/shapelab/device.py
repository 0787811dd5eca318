"""Where a run computes: device, threads and the memory it may take."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from pathlib import Path

from shapelab.errors import OutOfMemoryError, ParameterError

__all__ = [
    "available_memory",
    "cpu_count",
    "describe",
    "require_memory",
    "resolve",
    "thread_count",
    "use_one_thread",
    "use_threads",
]

_of_this_thread = threading.local()

# Threads of OpenMP that wait shall sleep: where other programs need the cores, those that spin take ten times the time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def resolve(device: str = "auto") -> str:
    """Return the device to use: "auto" takes a CUDA device where there is one, else the CPU.

    Raises
    ------
    ParameterError
        If the device is unknown or not present on this machine.
    """
    if device == "cpu":
        return "cpu"
    if device == "auto" and "torch" not in sys.modules and not _may_have_cuda():
        return "cpu"  # torch takes seconds to import: ask it only where the answer may be yes
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind = device.split(":")[0]
    if kind == "cuda" and torch.cuda.is_available():
        return device
    if kind == "mps" and torch.backends.mps.is_available():
        return device
    raise ParameterError(f"device = {device!r} is not present on this machine; use 'auto' or 'cpu'.")


def describe(device: str) -> str:
    """Return the device's name for a status line, such as "CPU (2 cores)"."""
    if device == "cpu":
        n = cpu_count()
        return f"CPU ({n} core{'s' if n > 1 else ''})"
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


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
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


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
            f"This run needs about {needed / 1e9:.3g} GB and {available / 1e9:.3g} GB are free on {describe(device)}: "
            "choose a smaller shape or a coarser grid."
        )


def _may_have_cuda() -> bool:
    return Path("/proc/driver/nvidia").exists() or sys.platform == "win32"
