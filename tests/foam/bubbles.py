"""What is known of two bubbles, and how to read it off a foam: radii of fitted circles or spheres, and the angle between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

import shapelab as sl
from shapelab.mesh import InterfaceMesh
from shapelab.simulation import Simulation


@dataclass
class Measured:
    radii: tuple[float, float]
    angle: float
    """Of the medium at the junction [degrees]."""


def two_balls(radius: float, ratio: float, ndim: int) -> np.ndarray:
    """Labels 1 and 2: two balls that overlap, the second of `ratio` times the volume of the first."""
    n = int((5 if ndim == 2 else 4) * radius + 24)
    *others, x = np.meshgrid(*[np.arange(n) - (n - 1) / 2 + 0.137] * ndim, indexing="ij")
    across, second = sum(a**2 for a in others), radius * ratio ** (1 / ndim)
    labels = np.zeros((n,) * ndim, np.uint8)
    labels[(x + 0.8 * radius) ** 2 + across < radius**2] = 1
    labels[((x - 0.8 * second) ** 2 + across < second**2) & ((labels == 0) | (x > 0))] = 2
    return labels


def ball_volume(radius: float, ndim: int) -> float:
    return float(np.pi * radius**2 if ndim == 2 else 4 / 3 * np.pi * radius**3)


def two_bubbles(radius: float, seed: int, ndim: int, **parameters) -> tuple[sl.Foam, tuple[float, float, float]]:
    """A foam of two bubbles of random tensions and sizes, and the tensions of 1 and 2 to the medium and of 1 to 2."""
    rng = np.random.default_rng(seed)
    first, second, middle = rng.uniform(0.75, 1.25, 3)
    ratio = rng.uniform(0.6, 1)
    volume = ball_volume(radius, ndim)
    tensions = {(0, 1): first, (0, 2): second, (1, 2): middle}
    volumes = {1: volume, 2: ratio * volume}
    return sl.Foam(labels=two_balls(radius, ratio, ndim), tensions=tensions, volumes=volumes, **parameters), (first, second, middle)


def young(first: float, second: float, middle: float) -> float:
    """Angle of the medium that balances the tensions of 1 and 2 to it and of 1 to 2 [degrees]."""
    return float(180 - np.degrees(np.arccos((first**2 + second**2 - middle**2) / (2 * first * second))))


def measured(simulation: Simulation, skip: float) -> Measured:
    """Fit the surfaces of two bubbles to the medium further than `skip` pixels from the junction."""
    shares = [simulation.state().pixels.share(row).astype(float) for row in (0, 1, 2)]
    junction = np.argwhere((shares[0] > 0.02) & (shares[1] > 0.02) & (shares[2] > 0.02)).astype(float)
    return _angle(*(_sphere(_crossings(shares[0], shares[i], junction, skip)) for i in (1, 2)))


def measured_on_mesh(mesh: InterfaceMesh, skip: float) -> Measured:
    """The same of a mesh with the cells 1 and 2 in a medium."""
    nodes, labels = mesh.nodes, mesh.net.labels[:, :2]
    junction = nodes[mesh.node_cells > 2]
    spheres = []
    for cell in (1, 2):
        own = nodes[(labels == [0, cell]).all(axis=1) & (mesh.node_cells == 2)]
        spheres.append(_sphere(own[cKDTree(junction).query(own)[0] > skip]))
    return _angle(*spheres)


def _angle(first: tuple[np.ndarray, float], second: tuple[np.ndarray, float]) -> Measured:
    (c1, r1), (c2, r2) = first, second
    apart = float(np.linalg.norm(c1 - c2))
    return Measured((r1, r2), float(180 - np.degrees(np.arccos((r1**2 + r2**2 - apart**2) / (2 * r1 * r2)))))


def _crossings(a: np.ndarray, b: np.ndarray, junction: np.ndarray, skip: float) -> np.ndarray:
    """Points where two cells have the same share, away from the junction."""
    points = []
    for axis in range(a.ndim):
        difference, alone = np.moveaxis(a - b, axis, 0), np.moveaxis(a + b > 0.999, axis, 0)
        here = (difference[:-1] * difference[1:] < 0) & alone[:-1] & alone[1:]
        places = np.argwhere(here).astype(float)
        places[:, 0] += difference[:-1][here] / (difference[:-1][here] - difference[1:][here])
        order = np.insert(np.arange(1, a.ndim), axis, 0)
        points.append(places[:, order])
    found = np.concatenate(points)
    return found[cKDTree(junction).query(found)[0] > skip]


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    matrix = np.c_[2 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(matrix, (points**2).sum(axis=1), rcond=None)[0]
    centre = solution[:-1]
    return centre, float(np.sqrt(solution[-1] + centre @ centre))
