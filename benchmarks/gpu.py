"""What a CUDA card does with textures and cells, beside the processor of the same machine: one command, six minutes at most.

    python benchmarks/gpu.py [--only textures] [--limit 360] [--json FILE]
    python benchmarks/gpu.py --dry        the same lines on the processor through Warp, at tiny sizes: no times worth keeping

It needs NVIDIA Warp and what `import shapelab` needs for these families: numpy, scipy, numba, scikit-image, pydantic, psutil, pandas,
torch. A section that fails says so and the next one begins. The sections of textures and cells are in files of their own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

FILES = ("gpu_textures", "gpu_cells")
"""Modules beside this one; each has `sections()`, which yields (name, function of a `Bench`)."""


class Bench:
    """Where a section computes, how it takes times, and the table that it adds to.

    Parameters
    ----------
    device
        "cuda:N", or "warp:cpu" for a dry run.
    dry
        Whether only the lines are tried: the smallest sizes, once.
    """

    def __init__(self, device: str, *, dry: bool) -> None:
        self.device, self.dry = device, dry
        self.rows: list[tuple[str, str, str, str, str]] = []

    def milliseconds(self, work: Callable[[], Any], repeats: int = 20, warm: int = 3) -> float:
        """Return the median time of `work`, with all that it launched."""
        self.wait()
        for _ in range(1 if self.dry else warm):
            work()
        times = []
        for _ in range(1 if self.dry else repeats):
            self.wait()
            begin = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - begin)
        return 1e3 * float(np.median(times))

    def wait(self) -> None:
        """Wait for the card."""
        import warp

        warp.synchronize_device("cpu" if self.device == "warp:cpu" else self.device)

    def row(self, what: str, value: str, *, processor: float | None = None, card: float | None = None, target: str = "") -> None:
        """Add a line to the table and print it: the processor's and the card's time [ms] give the ratio."""
        ratio = f"{processor / card:.1f}" if processor and card else ""
        here = f"{processor:.3g} ms" if processor else ""
        self.rows.append((what, value, here, ratio, target))
        print(f"{what:58s} {value:>22s}   {here:>12s} {ratio:>7s}   {target}", flush=True)


def machine(bench: Bench) -> None:
    """Name the card; measure what a copy, a launch and a wait take."""
    import warp as wp

    from shapelab.device import available_memory, cpu_count, describe
    from shapelab.gpu.queue import Queue

    queue = Queue(bench.device)
    bench.row("card", describe(bench.device))
    bench.row("processor", f"{cpu_count()} cores, {platform.machine()}")
    bench.row("free memory", f"{available_memory(bench.device) / 1e9:.1f} GB")
    size = 1 << (16 if bench.dry else 28)
    a, b = queue.empty(size, wp.float32), queue.empty(size, wp.float32)
    took = bench.milliseconds(lambda: wp.copy(b, a))
    bench.row("copy on the card (read and write)", f"{8 * size / took / 1e9:.3f} TB/s")
    few = queue.zeros(16, wp.float64)
    bench.row("one wait for a few numbers", f"{1e3 * bench.milliseconds(lambda: queue.read(few), 200):.0f} µs")


def sections() -> Iterator[tuple[str, Callable[[Bench], None]]]:
    """Yield all sections; a file that cannot be imported is a section that fails."""
    yield "machine", machine
    for name in FILES:
        if not Path(__file__).with_name(f"{name}.py").exists():
            continue
        try:
            found = list(importlib.import_module(name).sections())
        except Exception:  # whatever it is: the others go on
            message = traceback.format_exc()[-800:]
            yield name, lambda _, message=message: print(message)
            continue
        yield from found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry", action="store_true", help="try every line on the processor")
    parser.add_argument("--device", default=None, help="by default cuda:0")
    parser.add_argument("--only", nargs="*", default=(), help="names of sections, or beginnings of them")
    parser.add_argument("--limit", type=float, default=360, help="no section begins after so many seconds")
    parser.add_argument("--json", type=Path, help="write the table there too")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(Path(__file__).parent))
    from shapelab.device import resolve

    device = "warp:cpu" if options.dry else resolve(options.device or "cuda")
    bench, failed, begin = Bench(device, dry=options.dry), [], time.perf_counter()
    for name, section in sections():
        if options.only and not any(name.startswith(word) for word in options.only):
            continue
        if time.perf_counter() - begin > options.limit:
            print(f"-- {name}: left out, the time is over")
            continue
        print(f"-- {name}", flush=True)
        try:
            section(bench)
        except Exception:  # one section must not take the others along
            failed.append(name)
            print(traceback.format_exc()[-1500:], flush=True)
    print(table(bench, options.dry))
    if options.json:
        options.json.write_text(json.dumps(bench.rows, indent=1), encoding="utf-8")
    if failed:
        print("failed:", ", ".join(failed))
    return 1 if failed else 0


def table(bench: Bench, dry: bool) -> str:
    """Return the table in Markdown."""
    head = (
        "dry run: the card's lines on one core, tiny sizes; times mean nothing" if dry else f"{time.strftime('%Y-%m-%d')}, {bench.device}"
    )
    lines = [f"\n{head}\n", "| | card | numba here | ratio | target |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in bench.rows)])


if __name__ == "__main__":
    sys.exit(main())
