"""Sections of `gpu.py`: textures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

TARGETS = {100: "≤ 0.2 ms", 256: "≤ 2 ms", 512: "≤ 16 ms"}
"""Times of a step in the flow of the presets, from the bandwidth of a card with 3 TB/s."""


def sections() -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Yield the sections."""
    yield "textures: right", agree
    yield "textures: steps", steps
    yield "textures: kernels", kernels
    yield "textures: flows", flows
    yield "textures: frames", frames
    yield "textures: a whole run", whole


def sizes(bench: Any, *real: int) -> tuple[int, ...]:
    return (12,) if bench.dry else real


def field(n: int) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    u = gaussian_filter(np.random.default_rng(0).standard_normal((n, n, n)).astype(np.float32), 2, mode="wrap")
    return -0.6 + 0.05 * u / u.std()


def energy(n: int, device: str, dtype: str = "float32", **options: Any) -> Any:
    from shapelab.curvature.energy import CurvatureEnergy
    from shapelab.curvature.polynomial import Coefficients
    from shapelab.curvature.terms import EnergyTerms

    return CurvatureEnergy((n, n, n), EnergyTerms(Coefficients(1, 2, 6, -40, -40, 400), **options), dtype=dtype, device=device)


def agree(bench: Any) -> None:
    """Whether the card's energy and gradient are those of the processor, in both precisions and with both borders."""
    for n in sizes(bench, 48):
        u = (3 * (field(n) + 0.6)).astype(np.float64)
        for boundary in ("periodic", "replicate"):
            expected, gradient = energy(n, "cpu", "float64", boundary=boundary).value_and_gradient(u)
            for dtype in ("float32", "float64"):
                value, found = energy(n, bench.device, dtype, boundary=boundary).value_and_gradient(u)
                error = np.linalg.norm(np.asarray(found) - gradient) / np.linalg.norm(gradient)
                bench.row(f"{n}³ {boundary}, {dtype}: energy, gradient off by", f"{abs(value / expected - 1):.0e}, {error:.0e}")


def steps(bench: Any) -> None:
    """A step of the flow of the presets, and of what it is held in."""
    from shapelab.curvature.flow import Flow

    for n in sizes(bench, 32, 64, 100, 192, 256, 512):
        u = field(n)
        flow = Flow(energy(n, bench.device))
        state = flow.start(u)
        took = bench.milliseconds(lambda flow=flow, state=state: flow.step(state), 30 if n < 300 else 10)
        held = flow.energy.card.queue.peak / n**3
        del state, flow
        here = None
        if n <= 256:
            flow = Flow(energy(n, "cpu"))
            state = flow.start(u)
            flow.step(state)
            begin = time.perf_counter()
            count = 1 if bench.dry or n > 100 else 5
            for _ in range(count):
                flow.step(state)
            here = 1e3 * (time.perf_counter() - begin) / count
        bench.row(f"texture, a step, {n}³ ({held:.0f} B/voxel)", f"{took:.3f} ms", processor=here, card=took, target=TARGETS.get(n, ""))


def kernels(bench: Any) -> None:
    """Every launch of a step, alone: its time, and the bandwidth that this means."""
    from shapelab.curvature.flow import Flow
    from shapelab.gpu.queue import Counts

    for n in sizes(bench, 256):
        flow = Flow(energy(n, bench.device))
        state = flow.start(field(n))
        flow.step(state)
        queue = flow.energy.card.queue
        for name, launch in flow.metric.launches(state).items():
            queue.counts = Counts()
            launch()
            traffic = queue.counts.traffic
            took = bench.milliseconds(launch)
            bench.row(f"texture, {n}³, kernel {name}", f"{took:.3f} ms, {traffic / took / 1e9:.2f} TB/s")


def flows(bench: Any) -> None:
    """Other flows, borders, terms, and double precision."""
    from shapelab.curvature.flow import Flow
    from shapelab.curvature.published_flow import PublishedFlow

    for n in sizes(bench, 100):
        clamped = np.zeros((n, n, n), bool)
        clamped[:3] = True
        cases: dict[str, Callable[[str], Any]] = {
            "averaged": lambda device, n=n: Flow(energy(n, device), kind="averaged"),
            "replicate": lambda device, n=n: Flow(energy(n, device, boundary="replicate")),
            "clamped": lambda device, n=n, clamped=clamped: Flow(energy(n, device), clamped=clamped),
            "area": lambda device, n=n: Flow(energy(n, device, area=1.0, area_stiffness=1e3), kind="averaged"),
            "published": lambda device, n=n: PublishedFlow(energy(n, device)),
            "float64": lambda device, n=n: Flow(energy(n, device, "float64")),
        }
        for name, make in cases.items():
            times = {}
            for device in (bench.device, "cpu"):
                flow = make(device)
                state = flow.start(field(n))
                step: Callable[[], Any] = lambda flow=flow, state=state: flow.step(state)  # noqa: E731
                times[device] = bench.milliseconds(step, 20 if device != "cpu" else 3, 1)
            took = times[bench.device]
            bench.row(f"texture, {n}³, {name}", f"{took:.3f} ms", processor=times["cpu"], card=took)


def frames(bench: Any) -> None:
    """What the window asks for: the field, and the numbers of its surface."""
    import shapelab as sl

    for n in sizes(bench, 100, 256, 512):
        simulation = sl.Curvatubes("tubes", shape=(n, n, n), seed=1, device=bench.device)
        simulation.step()
        bench.row(f"texture, a frame, {n}³", f"{bench.milliseconds(simulation.frame, 5, 1):.2f} ms")


def whole(bench: Any) -> None:
    """A texture from noise to its statistics, beside the same on the processor."""
    import shapelab as sl

    for n in sizes(bench, 100):
        seconds, said = {}, {}
        for device in (bench.device, "cpu"):
            simulation = sl.Curvatubes("tubes", shape=(n, n, n), seed=1, device=device)
            simulation.prepare()
            begin = time.perf_counter()
            for _ in range(5 if bench.dry else 500):
                simulation.step()
            seconds[device] = time.perf_counter() - begin
            said[device] = simulation.frame().scalars
        took, here = 1e3 * seconds[bench.device], 1e3 * seconds["cpu"]
        bench.row(f"texture, {n}³, 500 steps", f"{took / 1e3:.2f} s", processor=here, card=took)
        for name in ("energy", "area", "volume_fraction"):
            card, cpu = (said[device][name] for device in (bench.device, "cpu"))
            bench.row(f"texture, {n}³, {name} after them, here and there", f"{card:.4g}, {cpu:.4g}")
