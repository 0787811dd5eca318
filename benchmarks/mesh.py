"""The shared mesh of label images beside VTK's surface nets, where vtk is installed, in one run with two threads.

    python benchmarks/mesh.py [--repeats 3]

VTK makes no faces on the border of the image and keeps no volumes; "open" leaves those faces out too, and its number of
faces must be VTK's. CPU seconds of all threads (wall seconds depend on what else runs), the least of the repeats.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from shapelab.io import samples
from shapelab.mesh import interface_mesh

try:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import VTK_INT, vtkSMPTools
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkSurfaceNets3D
except ImportError:
    vtkSurfaceNets3D = None

STEPS = 20


def voronoi(cells: int, size: int) -> np.ndarray:
    seeds = np.random.default_rng(0).random((cells, 3)) * size
    grid = np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return (cKDTree(seeds).query(grid, workers=-1)[1] + 1).reshape((size,) * 3).astype(np.int32)


def aggregate(cells: int, size: int) -> np.ndarray:
    """A round aggregate in a medium."""
    labels = voronoi(cells, size)
    axis = np.arange(size) - (size - 1) / 2
    labels[axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 > (0.42 * size) ** 2] = 0
    return labels


def surface_nets(labels: np.ndarray) -> int:
    """Number of quads of VTK's surface nets, smoothed."""
    image = vtkImageData()
    image.SetDimensions(*labels.shape[::-1])
    array = numpy_to_vtk(labels.ravel(), deep=False, array_type=VTK_INT)
    image.GetPointData().SetScalars(array)
    nets = vtkSurfaceNets3D()
    nets.SetInputData(image)
    ids = np.unique(labels[labels > 0])
    nets.SetNumberOfLabels(len(ids))
    for i, label in enumerate(ids.tolist()):
        nets.SetValue(i, label)
    nets.SetBackgroundLabel(0)
    nets.SetOutputMeshTypeToQuads()
    nets.SmoothingOn()
    nets.SetNumberOfIterations(STEPS)
    nets.Update()
    return int(nets.GetOutput().GetNumberOfCells())


def least(work: Callable[[], object], repeats: int) -> tuple[float, float, object]:
    """Least CPU and wall seconds of a call, and what it returns."""
    cpu, wall = [], []
    result = work()
    for _ in range(repeats):
        start, clock = time.process_time(), time.perf_counter()
        result = work()
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - clock)
    return min(cpu), min(wall), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    if vtkSurfaceNets3D is not None:
        vtkSMPTools().Initialize(2)
    images = {
        "ovule": np.asarray(samples.load("plant_ovule")[1].data).astype(np.int32),
        "aggregate of 60, 160^3": aggregate(60, 160),
        "1,000 Voronoi cells, 128^3": voronoi(1000, 128),
        "5,000 Voronoi cells, 200^3": voronoi(5000, 200),
    }
    row = "{:<27} {:>9} {:>16} {:>16} {:>16} {:>9} {:>9}"
    print(row.format("CPU s (wall s)", "faces", "closed, volumes", "open, volumes", "VTK", "its faces", "volumes"))
    for name, labels in images.items():
        closed = least(lambda: interface_mesh(labels, smoothing=STEPS), repeats)  # noqa: B023
        opened = least(lambda: interface_mesh(labels, smoothing=STEPS, closed=False), repeats)  # noqa: B023
        mesh = closed[2]
        large = mesh.net.counts > 0
        large[0] = False
        worst = np.abs(mesh.volumes()[large] / mesh.net.counts[large] - 1).max()
        nets = least(lambda: surface_nets(labels), repeats) if vtkSurfaceNets3D is not None else (np.nan, np.nan, "-")  # noqa: B023
        times = [f"{cpu:.3f} ({wall:.3f})" for cpu, wall, _ in (closed, opened, nets)]
        print(row.format(name, len(opened[2].faces), *times, nets[2], f"{worst:.0e}"), flush=True)


if __name__ == "__main__":
    main()
