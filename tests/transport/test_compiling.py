"""What other processes compile is what the solver calls."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from shapelab.transport import assignment, candidates, compiling, exact_step, moments, pairs, smoothing

KERNELS = [
    assignment.assign_blocks, candidates.refine, exact_step.exact_steps, exact_step.find_extents, exact_step.find_nearest_pixel,
    moments.measure_blocks, pairs.conjugate_gradients, smoothing.lift_empty, smoothing.set_temperatures, smoothing.share_pixels,
]
compiling.compile_passes()
compiling.compile_stages()
compiling.compile_rest()
before = [len(kernel.signatures) for kernel in KERNELS]
compiling.compile_solver()
print(before, [len(kernel.signatures) for kernel in KERNELS])
"""


def test_nothing_is_left_to_compile_for_a_solve():
    """All parts call the kernels with the solver's own types: a first run on a machine would otherwise compile them twice."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{[1] * 10} {[1] * 10}"
