"""Effective properties of a mask and of the space around it: sizes, chords, ways through, and how far its pattern reaches."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.mask import as_mask
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.measure.thickness import local_thickness
from shapelab.memory import of_effective_properties
from shapelab.stopping import check_stop, done_apart

__all__ = ["EFFECTIVE_GROUPS", "chord_lengths", "effective_properties", "geodesic_tortuosity", "two_point_correlation"]

Axis = Literal["z", "y", "x"]
_AXES: tuple[Axis, ...] = ("z", "y", "x")
_LEVELS = 24

EFFECTIVE_GROUPS = ("sizes", "chords", "tortuosity", "pattern")
"""Names that stand for several effective properties at once; "pattern" is the correlation length and the Euler number."""


@checked()
@done_apart
def effective_properties(
    mask: Pixels,
    spacing: Spacing = 1.0,
    *,
    names: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Return what the shape and the space around it are like, as one measures porous materials and networks.

    Parameters
    ----------
    mask
        Boolean mask (z, y, x) or (y, x), neither empty nor full.
    spacing
        Voxel size [physical unit].
    names
        Which of the properties, or of their groups "sizes", "chords", "tortuosity" and "pattern" (correlation length and Euler
        number); by default all. What is not among them takes no time.
    progress
        Called with the parts done and the number of all.

    Returns
    -------
    dict
        `strut_size`, `strut_size_sd`, `pore_size`, `pore_size_sd`: mean and standard deviation over the volume of the local
        thickness of the shape and of the space around it (`local_thickness`); `chord_x` …, `pore_chord_x` …: mean lengths of
        straight lines in either (`chord_lengths`); `tortuosity_x` …, `pore_tortuosity_x` …: how much longer than straight the
        shortest ways through either are (`geodesic_tortuosity`), NaN where there is none; `correlation_length`: distance at
        which the two-point correlation has come half way to the square of the volume fraction; `euler_per_volume`: pieces minus
        tunnels plus hollows, per volume of the box (2-D: `euler_per_area`).

    Raises
    ------
    InputError
        If the mask is empty or full, or there is no property of a name.
    OutOfMemoryError
        If it would not fit.
    """
    inside = as_mask(mask)
    steps = as_spacing(spacing, inside.ndim)
    axes = _AXES[-inside.ndim :]
    phases = {"": inside, "pore_": ~inside}
    known = [name for group in EFFECTIVE_GROUPS for name in _names(group, axes)]
    asked = set(known if names is None else _single(names, axes))
    require_memory(of_effective_properties(inside.shape, [group for group in EFFECTIVE_GROUPS if asked & set(_names(group, axes))]))
    numbers: dict[str, float] = {}
    done, total = 0, 2 * (1 + inside.ndim) + 1

    def tell() -> None:
        nonlocal done
        done += 1
        check_stop()
        if progress is not None:
            progress(done, total)

    for name, phase in (("strut", inside), ("pore", ~inside)):
        if asked & {f"{name}_size", f"{name}_size_sd"}:
            sizes = local_thickness(phase, steps, levels=_LEVELS, closed=False)[phase].astype(float)
            numbers |= {f"{name}_size": float(sizes.mean()), f"{name}_size_sd": float(sizes.std())}
        tell()
    for axis in axes:
        for prefix, phase in phases.items():
            if (name := f"{prefix}chord_{axis}") in asked:
                lengths = chord_lengths(phase, steps, axis=axis)
                numbers[name] = float(lengths.mean()) if lengths.size else math.nan
            if (name := f"{prefix}tortuosity_{axis}") in asked:
                numbers[name] = geodesic_tortuosity(phase, steps, axis=axis)
            tell()
    numbers |= _pattern(inside, steps, asked)
    tell()
    return {name: numbers[name] for name in known if name in asked}


def _pattern(inside: np.ndarray, steps: tuple[float, ...], asked: Collection[str]) -> dict[str, float]:
    """Return the correlation length and the Euler number per volume, those that are asked for."""
    from skimage.measure import euler_number

    numbers, (correlation, euler) = {}, _names("pattern", _AXES[-inside.ndim :])
    if correlation in asked:
        distances, values = two_point_correlation(inside, steps)
        numbers[correlation] = _half_way(distances, values, float(inside.mean()))
    if euler in asked:
        pieces = int(euler_number(inside, connectivity=inside.ndim))  # type: ignore[no-untyped-call]
        numbers[euler] = pieces / (inside.size * math.prod(steps))
    return numbers


def _names(group: str, axes: Sequence[Axis]) -> list[str]:
    """Return the names of the properties of a group, in their order."""
    if group == "sizes":
        return [f"{phase}_size{what}" for phase in ("strut", "pore") for what in ("", "_sd")]
    if group == "pattern":
        return ["correlation_length", "euler_per_volume" if len(axes) == 3 else "euler_per_area"]
    what = group.removesuffix("s")
    return [f"{phase}{what}_{axis}" for axis in axes for phase in ("", "pore_")]


def _single(names: Sequence[str], axes: Sequence[Axis]) -> list[str]:
    """Return the single properties of names of properties and groups; InputError if there is no such."""
    groups = {group: _names(group, axes) for group in EFFECTIVE_GROUPS}
    known = [name for members in groups.values() for name in members]
    for name in names:
        if name not in groups and name not in known:
            choices = f"{', '.join(known)}, or the groups {', '.join(EFFECTIVE_GROUPS)}"
            raise InputError(f"There is no effective property {name!r}: choose among {choices}.")
    return [single for name in names for single in groups.get(name, [name])]


@checked()
def chord_lengths(mask: Pixels, spacing: Spacing = 1.0, *, axis: Axis = "x") -> np.ndarray:
    """Return the lengths of all straight runs of a mask along an axis [unit], (n,); those that the border of the image cuts are left out.

    Parameters
    ----------
    mask
        Boolean mask (z, y, x) or (y, x).
    spacing
        Voxel size [physical unit].
    axis
        Along which the lines lie.
    """
    inside = as_mask(mask)
    at = _axis(axis, inside.ndim)
    lines = np.moveaxis(inside, at, -1).reshape(-1, inside.shape[at])
    edges = np.diff(np.pad(lines, [(0, 0), (1, 1)]).astype(np.int8), axis=1)
    first, last = (np.nonzero(edges == sign)[1] for sign in (1, -1))
    whole = (first > 0) & (last < lines.shape[1])
    return np.asarray((last - first)[whole] * as_spacing(spacing, inside.ndim)[at])


@checked()
def geodesic_tortuosity(mask: Pixels, spacing: Spacing = 1.0, *, axis: Axis = "x") -> float:
    """Return how much longer than straight the shortest ways inside a mask from one side of the image to the other are.

    The mean over the voxels of the far side of the length of the shortest way from the near side, through voxels that share
    a face, an edge or a corner, divided by the straight distance of the two sides; NaN where no way leads through.

    Parameters
    ----------
    mask
        Boolean mask (z, y, x) or (y, x).
    spacing
        Voxel size [physical unit].
    axis
        From its first plane to its last.
    """
    from skimage.graph import MCP_Geometric

    inside = as_mask(mask)
    steps = as_spacing(spacing, inside.ndim)
    at = _axis(axis, inside.ndim)
    lines = np.moveaxis(inside, at, 0)
    steps = (steps[at], *(step for i, step in enumerate(steps) if i != at))
    if len(lines) < 2 or not (lines[0].any() and lines[-1].any()):
        return math.nan
    starts = np.argwhere(lines[0])
    seeds = np.column_stack([np.zeros(len(starts), int), starts])
    paths = MCP_Geometric(np.where(lines, 1.0, -1.0), fully_connected=True, sampling=steps)  # type: ignore[no-untyped-call]
    costs, _ = paths.find_costs([tuple(seed) for seed in seeds.tolist()])
    far = costs[-1][lines[-1]]
    far = far[np.isfinite(far)]
    return float(far.mean()) / ((len(lines) - 1) * steps[0]) if far.size else math.nan


@checked()
def two_point_correlation(mask: Pixels, spacing: Spacing = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the two-point correlation: how often both ends of a line of given length lie in the mask, whatever its direction.

    Parameters
    ----------
    mask
        Boolean mask (z, y, x) or (y, x).
    spacing
        Voxel size [physical unit].

    Returns
    -------
    distances, probabilities
        Mean length in each bin [unit] and the share of pairs of voxels at it that are both inside, up to half the shortest
        side; bins are as wide as the longest edge of a voxel, and the first, of length 0, is the volume fraction.
    """
    from scipy.fft import irfftn, next_fast_len, rfftn

    inside = as_mask(mask)
    steps = as_spacing(spacing, inside.ndim)
    sizes = [next_fast_len(2 * n - 1, real=True) for n in inside.shape]
    pairs, possible = (np.square(np.abs(rfftn(part.astype(np.float32), sizes))) for part in (inside, np.ones_like(inside)))
    both, every = (irfftn(spectrum, sizes) for spectrum in (pairs, possible))
    grids = np.meshgrid(*(np.fft.fftfreq(n, 1 / n) * step for n, step in zip(sizes, steps, strict=True)), indexing="ij", sparse=True)
    distance = np.sqrt(sum(grid**2 for grid in grids))
    width, reach = max(steps), 0.5 * min(n * step for n, step in zip(inside.shape, steps, strict=True))
    used = (distance <= reach) & (every > 0.5)
    number = np.ceil(distance[used] / width - 1e-9).astype(int)
    counts = np.bincount(number, every[used])
    some = counts > 0
    lengths = np.bincount(number, distance[used] * every[used])[some] / counts[some]
    return lengths, np.bincount(number, both[used])[some] / counts[some]


def _axis(axis: str, ndim: int) -> int:
    axes = "zyx"[-ndim:]
    if axis not in axes:
        raise InputError(f"A planar mask has the axes y and x; received axis = {axis!r}.")
    return axes.index(axis)


def _half_way(distances: np.ndarray, values: np.ndarray, fraction: float) -> float:
    """Return where a correlation has fallen half way from the volume fraction to its square, NaN if it does not within its range."""
    middle = (fraction + fraction**2) / 2
    below = np.flatnonzero(values < middle)
    if not below.size or below[0] == 0:
        return math.nan
    i = int(below[0])
    share = (values[i - 1] - middle) / (values[i - 1] - values[i])
    return float(distances[i - 1] + share * (distances[i] - distances[i - 1]))
