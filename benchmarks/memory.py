"""What runs, fits, comparisons and meshes take at their highest, beside what is estimated before they begin.

    python benchmarks/memory.py [--only tubes] [--size 1.0] [--default]

Each case runs in a process of its own, after a small one of its kind that loads libraries and kernels. The peak is that of
the resident memory above the level before (Linux: VmHWM, which /proc/self/clear_refs resets). A run is prepared, takes four
steps, and hands out three frames of which the last two are held, as a window or a writer does.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memory_cases import CASES


def status(key: str) -> int:
    """Return an entry of this process's memory [bytes]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def return_freed_arrays() -> None:
    """Have arrays of 1 MB and more returned when they are freed: glibc else keeps some in its heap, and which ones is chance."""
    mmap = -3  # M_MMAP_THRESHOLD of malloc.h
    ctypes.CDLL(None).mallopt(mmap, 1 << 20)


def measured(work: Callable[[], Any]) -> int:
    """Return what `work` takes at its highest beyond what there is [bytes]."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    work()
    return status("VmHWM") - before


def both(name: str, size: float, *, default: bool) -> tuple[int, int]:
    """Return the estimate and the peak of a case, after a small one of its kind [bytes]."""
    if not default:
        return_freed_arrays()
    CASES[name](0.3)[1]()
    estimate, work = CASES[name](size)
    return estimate, measured(work)


def main() -> int:
    """Print a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose names begin so")
    parser.add_argument("--size", type=float, default=1.0, help="factor on the sides of all grids")
    parser.add_argument("--case", help="measure this one in this process, and print estimate and peak as JSON")
    parser.add_argument("--default", action="store_true", help="leave the allocator as it is: it keeps some of the arrays that are freed")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(both(options.case, options.size, default=options.default)))
        return 0
    print(f"{'':40}{'estimated [MB]':>16}{'measured [MB]':>15}{'ratio':>8}")
    for name in CASES:
        if name.startswith(options.only):
            command = [sys.executable, __file__, "--case", name, "--size", str(options.size), *(["--default"] if options.default else [])]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            estimate, peak = json.loads(done.stdout.splitlines()[-1])
            print(f"{name:40}{estimate / 1e6:16.0f}{peak / 1e6:15.0f}{estimate / peak:8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
