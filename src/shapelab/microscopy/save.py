"""Write images over time with their labels: one OME-Zarr folder, or OME-TIFF files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.errors import InputError
from shapelab.io.ngff import create_group, create_series, multiscales
from shapelab.io.output import new_files, new_folder
from shapelab.movies import Movie
from shapelab.stopping import check_stop
from shapelab.units import is_length, shown_unit

__all__ = ["Series", "save_series"]

Progress = Callable[[int, int], None]
_TIME = {"s": "second", "ms": "millisecond", "min": "minute", "h": "hour"}
"""Short name of a unit of time -> OME-Zarr's."""


@dataclass(frozen=True)
class Series:
    """What is written."""

    movie: Movie
    """What it was made from: place, times and units."""
    shape: tuple[int, ...]
    """Of one frame."""
    spacing: tuple[float, ...]
    interval: float
    name: str
    """Of the image."""
    images: Mapping[str, Callable[[int], np.ndarray]]
    """Frame by number: "" is the image, the others are labels by their names."""

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return a type that image programs read, which holds what the frames do."""
        return np.dtype(np.uint16 if self.images[name](0).dtype.itemsize <= 2 else np.uint32)

    @property
    def unit_of_time(self) -> str:
        """OME's long name, "" if it is not known."""
        return _TIME.get(self.movie.time_unit, self.movie.time_unit if self.movie.time_unit in _TIME.values() else "")


def save_series(series: Series, path: Path, progress: Progress | None = None) -> list[Path]:
    """Write the image and its labels as new files, frame by frame; return their paths.

    Raises
    ------
    InputError
        If the name ends in neither ``.zarr`` nor ``.tif``, or a file exists or cannot be written.
    """
    low = path.name.lower()
    if low.endswith(".zarr"):
        return [_save_zarr(series, path, progress)]
    if low.endswith((".tif", ".tiff")):
        return _save_tiff(series, path, progress)
    raise InputError(f"{path.name} must end in .zarr (OME-Zarr) or .tif (OME-TIFF).")


def _save_zarr(series: Series, path: Path, progress: Progress | None) -> Path:
    movie = series.movie
    axes = "t" + "zyx"[-movie.ndim :]
    scale = (series.interval, *series.spacing)
    start = (float(movie.times[0]), *(movie.place.origin.tolist() if movie.place.is_aligned else (0.0,) * movie.ndim))

    def ome(name: str) -> dict[str, Any]:
        return {"multiscales": [multiscales(name, "0", axes, scale, start, movie.unit, series.unit_of_time)]}

    with new_folder(path) as partial:
        create_group(partial, ome(series.name))
        create_group(partial / "labels", {"labels": [name for name in series.images if name]})
        arrays = []
        for name, of in series.images.items():
            folder = partial / "labels" / name if name else partial
            if name:
                create_group(folder, {**ome(name), "image-label": {"source": {"image": "../../"}}})
            arrays.append((of, create_series(folder / "0", series.shape, series.dtype(name))))
        for index in range(len(movie)):
            check_stop()
            for of, array in arrays:
                array.append(of(index)[None].astype(array.dtype), axis=0)
            if progress is not None:
                progress(index + 1, len(movie))
    return path


def _save_tiff(series: Series, path: Path, progress: Progress | None) -> list[Path]:
    import tifffile

    stem = path.name[: -len(path.suffix)].removesuffix(".ome")
    paths = {name: path.with_name(f"{stem}_{name}{path.suffix}") if name else path for name in series.images}
    total, done = len(series.movie) * len(paths), 0

    types = {name: series.dtype(name) for name in series.images}

    def pages(name: str) -> Iterator[np.ndarray]:
        nonlocal done
        for index in range(len(series.movie)):
            check_stop()
            yield from series.images[name](index).astype(types[name]).reshape(-1, *series.shape[-2:])
            done += 1
            if progress is not None:
                progress(done, total)

    shape = (len(series.movie), *series.shape)
    with new_files(*paths.values()) as partials:
        for name, partial in zip(paths, partials, strict=True):
            tifffile.imwrite(
                partial,
                pages(name),
                shape=shape,
                dtype=types[name],
                ome=True,
                photometric="minisblack",
                metadata=_ome_tiff(series, name or series.name),
            )
    return list(paths.values())


def _ome_tiff(series: Series, name: str) -> dict[str, object]:
    axes = "TZYX" if series.movie.ndim == 3 else "TYX"
    metadata: dict[str, object] = {"axes": axes, "Name": name, "TimeIncrement": series.interval}
    short = {long: short for short, long in _TIME.items()}
    if series.unit_of_time:
        metadata["TimeIncrementUnit"] = short[series.unit_of_time]
    unit = shown_unit(series.movie.unit) if is_length(series.movie.unit) else ""
    for axis, step in zip(axes[1:], series.spacing, strict=True):
        metadata[f"PhysicalSize{axis}"] = float(step)
        metadata |= {f"PhysicalSize{axis}Unit": unit} if unit else {}
    return metadata
