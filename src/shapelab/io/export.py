"""A run folder as files for other programs: meshes of a frame, an image stack, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError
from shapelab.frame import Frame
from shapelab.io.cell_meshes import cell_meshes, write_interfaces
from shapelab.io.mesh import WRITTEN_SUFFIXES, check_suffix, write_mesh
from shapelab.io.output import new_file, new_folder
from shapelab.io.record import LayerRecord
from shapelab.io.redrawn import Redrawn
from shapelab.io.run import Run
from shapelab.io.series import Series
from shapelab.io.surface import write_surface
from shapelab.stopping import check_stop
from shapelab.units import is_length, shown_unit

__all__ = ["Tick", "export_meshes", "export_tables", "export_tiff", "require_cells", "volume"]

Tick = Callable[[int, int], None]
"""Called with (pieces done, pieces in all); may raise `Stopped`, which leaves nothing behind."""


def no_tick(done: int, total: int) -> None:
    """Tell nobody."""


def export_meshes(
    run: Run,
    out: str | Path,
    frames: Sequence[int] = (-1,),
    *,
    layer: str | None = None,
    per_cell: bool = False,
    resolution: int | None = None,
    progress: Tick = no_tick,
) -> Path:
    """Write the surface of a field, or the interfaces of labels, as PLY, OBJ, STL or VTK; return the file or folder that was made.

    Parameters
    ----------
    run
        A run in 3-D.
    out
        File to make; its suffix says the format. Where there are several meshes, a folder of that name without the
        suffix is made: ``step_00000050.ply``, ``cell_0001.ply`` or ``step_00000050_cell_0001.ply``.
    frames
        Indices of the frames.
    layer
        A field or labels; by default "field", else the first labels.
    per_cell
        One mesh per label, each closed, instead of one of all interfaces (see `write_interfaces`).
    resolution
        Draw the cells with so many pixels per computed pixel along each axis; None for the frames as they were saved.
    progress
        Called with the pieces done and the number of all.

    Raises
    ------
    InputError
        If the run has no such layer in 3-D, or the result exists or cannot be written; nothing is overwritten.
    """
    path = Path(out)
    suffix = check_suffix(path, WRITTEN_SUFFIXES)
    item = volume(run, layer)
    require_cells(item, resolution)
    if per_cell and item.kind != "labels":
        raise InputError(f"The layer {item.name!r} is not a label image, so there is no mesh per cell.")
    if len(run.array(item).shape) != 4:
        raise InputError(f"The layer {item.name!r} of {run.path.name} is 2-D: a mesh needs a volume.")
    if len(frames) == 1 and not per_cell:
        with new_file(path) as partial:
            _write_whole(partial, run.frame(frames[0], resolution), item)
            progress(1, 1)
        return path
    folder = path.with_suffix("")
    with new_folder(folder) as partial:
        for number, index in enumerate(frames):
            check_stop()
            frame = run.frame(index, resolution)
            step = f"step_{frame.step:08d}" if len(frames) > 1 else ""
            if not per_cell:
                _write_whole(partial / f"{step}{suffix}", frame, item)
            else:
                for label, mesh in cell_meshes(frame.layer(item.name)):
                    write_mesh(partial / "_".join(part for part in (step, f"cell_{label:04d}{suffix}") if part), mesh)
                    progress(number, len(frames))
            progress(number + 1, len(frames))
    return folder


def export_tiff(run: Run, out: str | Path, *, layer: str | None = None, resolution: int | None = None, progress: Tick = no_tick) -> Path:
    """Write all frames of an image or labels as one OME-TIFF (t, z, y, x) with its voxel size, frame by frame; `resolution` as above."""
    import tifffile

    path = Path(out)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{path.name}: a stack must end in .tif or .tiff.")
    item = volume(run, layer)
    require_cells(item, resolution)
    array: Series | Redrawn = run.array(item) if resolution is None else run.redrawn(resolution)
    require_memory(array[0].nbytes)
    shape = (len(run), *array.shape[1:])
    axes = "TZYX" if len(shape) == 4 else "TYX"
    dtype = _tiff_dtype(run, item)
    scale = array.layer(0).meta["scale"] if isinstance(array, Redrawn) else item.meta.get("scale", ())

    def pages() -> Iterator[np.ndarray]:
        for index in range(len(run)):
            check_stop()
            yield from np.asarray(array[index]).astype(dtype).reshape(-1, *shape[-2:])
            progress(index + 1, len(run))

    stated = str(item.meta.get("units", ("",))[-1])
    unit = shown_unit(stated) if is_length(stated) else ""
    metadata: dict[str, object] = {"axes": axes, "Name": item.name}
    for axis, step in zip(axes[1:], scale, strict=False):
        metadata[f"PhysicalSize{axis}"] = float(step)
        metadata |= {f"PhysicalSize{axis}Unit": unit} if unit else {}
    with new_file(path) as partial:
        tifffile.imwrite(partial, pages(), shape=shape, dtype=dtype, ome=True, photometric="minisblack", metadata=metadata)
    return path


def export_tables(run: Run, out: str | Path, *, progress: Tick = no_tick) -> Path:
    """Write the scalars as one CSV file, or all tables (scalars, seeds, features) into a new folder.

    Parameters
    ----------
    run
        Any run.
    out
        File that ends in ``.csv``, for the scalars; or a folder to make. In its tables the first columns are step and time.
    progress
        Called with the pieces done and the number of all.
    """
    path = Path(out)
    if path.suffix.lower() == ".csv":
        with new_file(path) as partial:
            run.scalars.to_csv(partial, index=False, lineterminator="\n")
        return path
    with new_folder(path) as partial:
        run.scalars.to_csv(partial / "scalars.csv", index=False, lineterminator="\n")
        names = [item.path for item in run.record.layers if f"{item.path}.csv" in run.record.tables]
        for number, name in enumerate(names):
            check_stop()
            table = run.table(name)
            frames = table.pop("frame").to_numpy(int)
            table.insert(0, "step", np.array(run.steps)[frames])
            table.insert(1, "time", np.array(run.record.times)[frames])
            table.to_csv(partial / f"{name.replace('/', '_')}.csv", index=False, lineterminator="\n")
            progress(number + 1, len(names))
    return path


def volume(run: Run, name: str | None) -> LayerRecord:
    """Return an image or labels by name; by default the field, else the first labels, else the first image."""
    volumes = {item.name: item for item in run.record.layers if item.kind != "points"}
    if name is None:
        ordered = sorted(volumes.values(), key=lambda item: (item.name != "field", item.kind != "labels"))
        if not ordered:
            raise InputError(f"The run {run.path.name} holds no image or labels.")
        return ordered[0]
    if name not in volumes:
        raise InputError(f"The run {run.path.name} has no image or labels {name!r}; it has {', '.join(volumes) or 'none'}.")
    return volumes[name]


def require_cells(item: LayerRecord, resolution: int | None) -> None:
    """Refuse another resolution for what is no image of cells; raises InputError."""
    if resolution is not None and item.name != "cells":
        raise InputError(f"Only cells can be drawn at another resolution; {item.name!r} is as it was saved.")


def _write_whole(path: Path, frame: Frame, item: LayerRecord) -> None:
    if item.kind == "image":
        write_surface(path, frame, item.name)
        return
    write_interfaces(path, frame.layer(item.name))


def _tiff_dtype(run: Run, item: LayerRecord) -> np.dtype[np.generic]:
    """Return a type that image programs read: labels as uint16 where they fit."""
    array = run.array(item)
    dtype = np.dtype(array.dtype)
    if dtype.kind in "iu" and dtype.itemsize > 2:
        top = max(int(np.asarray(array[index]).max()) for index in range(len(run)))
        return np.dtype(np.uint16 if top < 2**16 else np.uint32)
    return np.dtype(np.float32) if dtype == np.float64 else dtype
