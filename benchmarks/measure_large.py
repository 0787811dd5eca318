"""A label volume of the size of a wing disc, measured some planes at a time: seconds, CPU seconds and the highest memory.

    python benchmarks/measure_large.py [--cells 1400] [--shape 101 1288 1282] [--source zarr|dask|memory]

The tissue is a Laguerre diagram of random cells in a slab that a disc cuts out, of voxels 2.5 times longer along z, in uint16. It is
written as Zarr of 32 x 256 x 256 chunks first, by another process, so that memory is that of measuring alone.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba
import numpy as np

SPACING = (0.5, 0.2, 0.2)
CHUNK = (32, 256, 256)


def tissue(shape: tuple[int, int, int], cells: int) -> np.ndarray:
    """Labels of a Laguerre tissue in a disc-like slab, uint16 or uint32."""
    rng = np.random.default_rng(1)
    box = np.array(shape) * SPACING
    seeds = rng.uniform(0, 1, (cells, 3)) * box
    angle, radius = rng.uniform(0, 2 * np.pi, cells), 0.5 * np.sqrt(rng.uniform(0, 1, cells))
    seeds[:, 1], seeds[:, 2] = (0.5 + radius * np.sin(angle)) * box[1], (0.5 + radius * np.cos(angle)) * box[2]
    size = (0.6 * np.prod(box) / cells) ** (1 / 3)
    weights = rng.uniform(0, 0.3 * size, cells) ** 2
    out = np.zeros(shape, np.uint16 if cells < 2**16 else np.uint32)
    _fill(seeds, weights, np.array(SPACING), 2.5 * size, out)
    return out


@numba.njit(cache=True, nogil=True)
def _fill(seeds, weights, steps, reach, out):  # type: ignore[no-untyped-def]
    """Give each voxel within the disc the cell of the smallest power, block by block from the cells near it."""
    nz, ny, nx = out.shape
    near = np.empty(len(seeds), np.int64)
    for z0 in range(0, nz, 8):
        for y0 in range(0, ny, 24):
            for x0 in range(0, nx, 24):
                n = 0
                for i in range(len(seeds)):
                    d2 = 0.0
                    for j, (o, side) in enumerate(((z0, 8), (y0, 24), (x0, 24))):
                        low, high = o * steps[j], (o + side) * steps[j]
                        d = max(low - seeds[i, j], 0.0, seeds[i, j] - high)
                        d2 += d * d
                    if d2 < reach * reach:
                        near[n] = i
                        n += 1
                for z in range(z0, min(nz, z0 + 8)):
                    for y in range(y0, min(ny, y0 + 24)):
                        for x in range(x0, min(nx, x0 + 24)):
                            py, px = (y + 0.5) / ny - 0.5, (x + 0.5) / nx - 0.5
                            bend = 0.12 * (1 - 4 * (py * py + px * px))
                            height = (z + 0.5) / nz
                            if py * py + px * px > 0.24 or height < 0.15 - bend or height > 0.97 - 0.8 * (0.12 - bend):
                                continue
                            best, power = -1, np.inf
                            for k in range(n):
                                i = near[k]
                                a, b = (z + 0.5) * steps[0] - seeds[i, 0], (y + 0.5) * steps[1] - seeds[i, 1]
                                c = (x + 0.5) * steps[2] - seeds[i, 2]
                                value = a * a + b * b + c * c - weights[i]
                                if value < power:
                                    best, power = i, value
                            out[z, y, x] = best + 1


def measure(folder: str, source: str) -> None:
    """Measure the volume in a folder and print what it took."""
    import zarr

    from shapelab.measure import measure_labels, plan_labels

    small = np.kron(np.arange(1, 9).reshape(2, 2, 2), np.ones((6, 6, 6), np.uint16))
    group = zarr.create_array(store={}, data=small, chunks=(4, 4, 4))
    measure_labels(group)  # compile, load
    labels = zarr.open_array(folder, mode="r")
    if source == "dask":
        import dask.array as da

        labels = da.from_zarr(folder)
    elif source == "memory":
        labels = labels[:]
    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    plan = plan_labels(labels, SPACING)
    print(plan)
    table = measure_labels(labels, SPACING)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{' x '.join(map(str, labels.shape))}, {len(table)} cells, from {source}: {time.perf_counter() - begin:.1f} s, "
        f"{cpu:.1f} CPU seconds, highest memory {after.ru_maxrss / 1e6:.2f} GB ({before.ru_maxrss / 1e6:.2f} GB before)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1400)
    parser.add_argument("--shape", type=int, nargs=3, default=(101, 1288, 1282))
    parser.add_argument("--source", choices=("zarr", "dask", "memory"), default="zarr")
    parser.add_argument("--folder", type=Path, help="use or keep the volume here")
    parser.add_argument("--only", choices=("make", "measure"), help=argparse.SUPPRESS)
    values = parser.parse_args()
    if values.only == "measure":
        measure(str(values.folder), values.source)
        return
    if values.only == "make":
        import zarr

        zarr.create_array(store=str(values.folder), data=tissue(tuple(values.shape), values.cells), chunks=CHUNK)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = values.folder or Path(temporary) / "labels.zarr"
        options = ["--folder", str(folder), "--cells", str(values.cells), "--shape", *map(str, values.shape), "--source", values.source]
        for part in ("make", "measure"):
            if part == "measure" or not folder.exists():
                subprocess.run([sys.executable, __file__, "--only", part, *options], check=True)


if __name__ == "__main__":
    main()
