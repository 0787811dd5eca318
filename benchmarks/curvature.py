"""Curvature flow: time per step, steps to a stated energy, memory per voxel, against plain automatic differentiation.

    python benchmarks/curvature.py [--size 100] [--quick]

Everything runs in one process on the same machine state; the ratios count, not the milliseconds.
"""

from __future__ import annotations

import argparse
import math
import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.flow import Flow
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.terms import EnergyTerms
from shapelab.device import cpu_count

TUBES = Coefficients(1, 2, 6, -40, -40, 400)


def plain_energy(u: torch.Tensor, terms: EnergyTerms) -> torch.Tensor:
    """The energy as one would write it from the paper, for `torch.autograd` to differentiate."""
    h, eps = terms.voxel_size, terms.interface_width
    mode = "circular" if terms.boundary == "periodic" else "replicate"
    p = torch.nn.functional.pad(u[None, None], (1,) * 6, mode=mode)[0, 0]

    def at(*shift: int) -> torch.Tensor:
        return p[tuple(slice(1 + s, 1 + s + n) for s, n in zip(shift, u.shape, strict=True))]

    def unit(i: int, sign: int = 1) -> tuple[int, int, int]:
        return tuple(sign * (i == k) for k in range(3))  # type: ignore[return-value]

    def pair(i: int, j: int, a: int, b: int) -> tuple[int, int, int]:
        return tuple(a * (i == k) + b * (j == k) for k in range(3))  # type: ignore[return-value]

    def second(i: int, j: int) -> torch.Tensor:
        if i == j:
            return (at(*unit(i)) - 2 * u + at(*unit(i, -1))) / h**2
        return (at(*pair(i, j, 1, 1)) + at(*pair(i, j, -1, -1)) - at(*pair(i, j, 1, -1)) - at(*pair(i, j, -1, 1))) / (4 * h**2)

    slope = [(at(*unit(i)) - at(*unit(i, -1))) / (2 * h) for i in range(3)]
    hess = {(i, j): second(i, j) for i in range(3) for j in range(i, 3)}
    twice = {(i, j): 1 if i == j else 2 for i, j in hess}
    square = slope[0] ** 2 + slope[1] ** 2 + slope[2] ** 2
    g = torch.sqrt(square + 1e-12)
    well, well1 = (1 - u**2) ** 2 / 4, u**3 - u
    nhn = sum(twice[i, j] * slope[i] * slope[j] * value for (i, j), value in hess.items()) / (square + 1e-12)
    t = -eps * (hess[0, 0] + hess[1, 1] + hess[2, 2]) + well1 / eps
    n2 = eps**2 * sum(twice[key] * value**2 for key, value in hess.items()) + (well1 / eps) ** 2 - 2 * well1 * nhn
    s = torch.sqrt(torch.relu(2 * n2 - t**2) + 1.69e-6)
    a20, a11, a02, b10, b01, c = (torch.as_tensor(v, dtype=u.dtype) for v in terms.coefficients)
    density = (a20 + a02 - a11) / (2 * eps) * n2 + (a20 - a02) / (2 * eps) * t * s + a11 / (2 * eps) * t**2
    density = density + (b10 + b01) / 2 * g * t + (b10 - b01) / 2 * g * s + c * eps * square
    if np.any(terms.orientation):
        theta = [torch.as_tensor(v, dtype=u.dtype) for v in terms.direction]
        along = sum(d * v for d, v in zip(slope, theta, strict=True)) / sum(v**2 for v in theta) ** 0.5
        density = density + torch.as_tensor(terms.orientation, dtype=u.dtype) * eps * along**2
    interface = eps / 2 * square + well / eps
    value = (density + terms.tension * interface).sum() * h**3
    if terms.area is not None:
        value = value + terms.area_stiffness * (interface.sum() * h**3 / (2 * 2**0.5 / 3) - terms.area) ** 2
    if terms.target is not None:
        value = value + terms.fidelity / 2 * ((u - torch.as_tensor(terms.target, dtype=u.dtype)) ** 2).sum() * h**3
    return value


def start_field(n: int, mean: float, seed: int = 1) -> np.ndarray:
    """Small blurred noise around `mean`, as float32 (n, n, n)."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((n, n, n)), 2, mode="wrap")
    noise -= noise.mean()
    return (mean + 0.05 * noise / noise.std()).astype(np.float32)


class Cost(NamedTuple):
    """Shortest wall time, and shortest processor time of all threads together [ms]: what the machine can do undisturbed."""

    wall: float
    work: float


def cost(call: Callable[[], object], repeats: int) -> Cost:
    """Cost of `call`, after one call that is not counted."""
    call()
    wall, work = [], []
    for _ in range(repeats):
        began, worked = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - began)
        work.append(time.process_time() - worked)
    return Cost(min(wall) * 1e3, min(work) * 1e3)


def plain_cost(call: Callable[[], object], repeats: int) -> Cost:
    """The same for torch, with one thread or with all: whichever is faster."""
    results = []
    for threads in {1, cpu_count()}:
        torch.set_num_threads(threads)
        results.append(cost(call, repeats))
    return Cost(min(r.wall for r in results), min(r.work for r in results))


def plain_step(u: np.ndarray, terms: EnergyTerms) -> Callable[[], object]:
    """One evaluation of the plain formulation as published: energy and gradient by the vector potential A, Adam on A."""
    potential = torch.zeros((3, *u.shape), requires_grad=True)
    base, h = torch.tensor(u), terms.voxel_size
    k2 = sum(
        (2 * math.pi * f(n)).reshape([-1 if i == a else 1 for a in range(3)]) ** 2
        for i, (f, n) in enumerate(zip((torch.fft.fftfreq, torch.fft.fftfreq, torch.fft.rfftfreq), u.shape, strict=True))
    )
    blur = torch.exp(-2.0 * k2)
    adam = torch.optim.Adam([potential], lr=1e-3, eps=1e-2)

    def step() -> None:
        adam.zero_grad()
        divergence = sum((torch.roll(potential[i], -1, i) - torch.roll(potential[i], 1, i)) / (2 * h) for i in range(3))
        field = torch.fft.irfftn(torch.fft.rfftn(base + divergence) * blur, s=u.shape)
        plain_energy(field, terms).backward()
        adam.step()

    return step


def report(size: int, repeats: int) -> None:
    """Time and memory of one step, and the ratio to the plain formulation."""
    terms = EnergyTerms(TUBES)
    u = start_field(size, -0.6)
    energy = CurvatureEnergy(u.shape, terms)
    flow = Flow(energy)
    began = time.perf_counter()
    state = flow.start(u)
    flow.step(state)
    print(f"{size}^3: first step {time.perf_counter() - began:.2f} s (loads or compiles the kernels)")
    gradient = cost(lambda: energy.value_and_gradient(state["u"]), 3 * repeats)
    step = cost(lambda: flow.step(state), 3 * repeats)
    tensor = torch.tensor(u, requires_grad=True)
    plain_gradient = plain_cost(lambda: plain_energy(tensor, terms).backward(), repeats)
    plain = plain_cost(plain_step(u, terms), repeats)
    for name, ours, theirs in (("energy and gradient", gradient, plain_gradient), ("whole step", step, plain)):
        print(f"  {name:20s} {ours.wall:8.2f} ms, plain {theirs.wall:8.1f} ms, ratio {theirs.wall / ours.wall:.1f}", end="")
        print(f" (processor time {ours.work:.1f} and {theirs.work:.1f} ms, ratio {theirs.work / ours.work:.1f})")
    tracemalloc.start()
    held = Flow(CurvatureEnergy(u.shape, terms))
    copy = held.start(u)
    held.step(copy)
    print(f"  {'memory':20s} {tracemalloc.get_traced_memory()[1] / u.size:8.1f} B per voxel")
    tracemalloc.stop()


def steps_to_energy(size: int, goal: float, most: int) -> None:
    """Steps and seconds from noise until the energy per volume is under `goal`."""
    terms = EnergyTerms(TUBES)
    flow = Flow(CurvatureEnergy((size,) * 3, terms))
    state = flow.start(start_field(size, -0.6))
    volume = (size * terms.voxel_size) ** 3
    began = time.perf_counter()
    for step in range(1, most + 1):
        density = flow.step(state) / volume
        if density < goal:
            print(f"{size}^3 tubes: energy {goal:g} per volume after {step} steps, {time.perf_counter() - began:.1f} s")
            return
    print(f"{size}^3 tubes: energy {density:.0f} per volume after {most} steps, {goal:g} not reached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=100, help="voxels along each axis")
    parser.add_argument("--quick", action="store_true", help="fewer repeats and a small grid for the steps to an energy")
    options = parser.parse_args()
    print(f"{cpu_count()} cores, float32")
    report(options.size, 2 if options.quick else 5)
    steps_to_energy(32 if options.quick else 64, 2500.0, 300 if options.quick else 1000)


if __name__ == "__main__":
    main()
