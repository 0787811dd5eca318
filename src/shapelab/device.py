"""Where a run computes: device, threads and the memory it may take."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from pathlib import Path

from shapelab.errors import OutOfMemoryError, ParameterError

__all__ = ["available_memory", "cpu_count", "describe", "parallel_kernels", "require_memory", "resolve", "set_threads", "use_one_thread"]

_kernel_lock = threading.Lock()

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


@cache
def set_threads() -> int:
    """Set torch and numba to the number of cores, once; return it."""
    import numba

    threads = min(cpu_count(), numba.get_num_threads())
    numba.set_num_threads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    return int(threads)


def use_one_thread() -> None:
    """Let this thread compute on one core, and torch too: for processes that run side by side."""
    import numba

    numba.set_num_threads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def parallel_kernels() -> threading.Lock:
    """Return the lock to hold around every parallel numba kernel.

    Numba's default threading layer aborts the process when two threads enter parallel kernels at the same time,
    and two docks running at once is normal use.
    """
    return _kernel_lock


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
