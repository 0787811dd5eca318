"""Numbers that say what a movie of cells looks like: what a model's movie is compared by with the one that was observed."""

from __future__ import annotations

import numpy as np

from shapelab.estimate.tracked import track
from shapelab.estimate.walk import displacement_products
from shapelab.labels.contacts import face_pairs
from shapelab.measure.labels import measure_labels
from shapelab.movies import Movie
from shapelab.stopping import check_stop

__all__ = ["summary_statistics"]

_LOOKS = 4
"""Frames, spread over the movie, whose shapes are measured."""


def summary_statistics(movie: Movie, types: dict[int, int] | None = None) -> dict[str, float]:
    """Return the statistics of a movie of cells, or of a single image.

    Lengths count in cell radii of the first frame, times in frames, so that the size of voxels does not matter.

    Parameters
    ----------
    movie
        Cells that keep their labels.
    types
        Population of each label; then contacts between populations count, too.
    """
    cells = track(movie)
    looks = sorted({round(at) for at in np.linspace(0 if len(movie) < 2 else len(movie) / 3, len(movie) - 1, _LOOKS)})
    images = [movie[at] for at in looks]
    found: dict[str, float] = {}
    tables = []
    for image in images:
        check_stop()
        if image.any():
            tables.append(measure_labels(image, movie.spacing, periodic=movie.periodic))
    rounded = "sphericity" if movie.ndim == 3 else "circularity"
    for name in (rounded, "neighbours"):
        values = np.concatenate([table[name].to_numpy(float) for table in tables]) if tables else np.zeros(1)
        found |= {f"{name}_mean": float(values.mean()), f"{name}_spread": float(values.std())}
    long = np.concatenate([(table["semi_axis_1"] / table[f"semi_axis_{movie.ndim}"]).to_numpy(float) for table in tables])
    found |= {"elongation_mean": float(np.log(long).mean()), "elongation_spread": float(np.log(long).std())}
    found["medium"] = float(np.mean([(image == 0).mean() for image in images]))
    if types:
        found["mixed_contacts"] = float(np.mean([_mixed(image, types) for image in images[-2:]]))
    if len(movie) > 1:
        found |= _motion(cells.places, cells.radius) | _growth(cells.sizes) | _contacts(movie)
    return {name: value if np.isfinite(value) else 0.0 for name, value in found.items()}


def _motion(places: np.ndarray, radius: float) -> dict[str, float]:
    frames = places.shape[1]
    found = {}
    for lag in sorted({1, 2, max(1, frames // 6), max(1, frames // 3), max(1, frames // 2)}):
        squares = ((places[:, lag:] - places[:, :-lag]) ** 2).sum(2)
        known = np.isfinite(squares)
        found[f"way_{lag}"] = float(np.log(max(squares[known].mean() / radius**2, 1e-8))) if known.any() else -18.0
    steps = np.diff(places, axis=1) / radius
    lags = min(8, frames - 2)
    if lags >= 1:
        sums, counts = displacement_products(steps, lags)
        products = sums.sum(0) / np.maximum(counts.sum(0), 1)
        for lag in sorted({1, min(2, lags), min(4, lags), lags}):
            found[f"memory_{lag}"] = float(products[lag] / max(products[0], 1e-12))
    speeds = np.linalg.norm(steps, axis=2)
    slow, fast = np.nanquantile(speeds, [0.2, 0.8]) if np.isfinite(speeds).any() else (0.0, 0.0)
    found["speed_spread"] = float(np.log(max(fast, 1e-6) / max(slow, 1e-6)))
    drift = np.nanmean(steps, axis=0)
    found["common_motion"] = float(np.nanmean((drift**2).sum(1)) / max(np.nanmean(speeds**2), 1e-12))
    return found


def _growth(sizes: np.ndarray) -> dict[str, float]:
    there = np.isfinite(sizes)
    numbers, total = there.sum(0), np.nansum(sizes, axis=0)
    half = sizes.shape[1] // 2
    gain = np.diff(np.log(np.where(there, sizes, np.nan)), axis=1)
    grown = gain[np.isfinite(gain) & (np.abs(gain) < 0.3)]  # a division is no growth
    return {
        "number": float(np.log(max(numbers[-1], 1) / max(numbers[0], 1))),
        "number_half": float(np.log(max(numbers[half], 1) / max(numbers[0], 1))),
        "total": float(np.log(max(total[-1], 1e-9) / max(total[0], 1e-9))),
        "total_half": float(np.log(max(total[half], 1e-9) / max(total[0], 1e-9))),
        "growth": float(np.median(grown)) if len(grown) else 0.0,
        "size_spread": float(np.nanstd(sizes[:, -1]) / max(np.nanmean(sizes[:, -1]), 1e-12)),
    }


def _contacts(movie: Movie) -> dict[str, float]:
    """Return which part of the contacts of one frame are still there half a movie later."""
    first, later = movie[len(movie) // 4], movie[len(movie) // 4 + max(1, len(movie) // 2)]
    before, after = _pairs(first), _pairs(later)
    return {"contacts_kept": len(before & after) / max(len(before), 1)}


def _pairs(image: np.ndarray) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in face_pairs(image) if a > 0}


def _mixed(image: np.ndarray, types: dict[int, int]) -> float:
    pairs = [(a, b) for a, b in _pairs(image) if a in types and b in types]
    return sum(types[a] != types[b] for a, b in pairs) / max(len(pairs), 1)
