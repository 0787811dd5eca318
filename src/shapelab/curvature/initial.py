"""What a texture grows from: noise, random waves, balls, tubes, nodal surfaces and single shapes.

Every start is a signed distance to the interface [voxels], positive inside, which `profile` turns into a field u in
(-1, 1); only noise is a field at once. Box sizes are in voxels, so that no start depends on physical units.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from shapelab.curvature.ellipsoid import aspect_ratio
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.errors import ParameterError

__all__ = ["clamped_ends", "imposed", "noise", "profile", "signed_distance", "starting_field"]

NOISE_AMPLITUDE = 40.0
"""Range of the random vector field of the published textures, in units of the voxel size."""
BLUR = 2.0
"""Standard deviation of the blur that starts and drives the published textures [voxels]."""
DEFAULT_REDUCED_VOLUME = 0.65
Grid = tuple[np.ndarray, np.ndarray, np.ndarray]


def starting_field(parameters: CurvatubesParameters, rng: np.random.Generator, mass: np.ndarray | None = None) -> np.ndarray:
    """Return the field u, shape (z, y, x), that `parameters.start` names.

    Parameters
    ----------
    parameters
        Their shape, mass, start, start_size, interface width and boundary matter here.
    rng
        Source of all randomness.
    mass
        A mass that varies in space, for noise; it replaces that of the parameters.

    Raises
    ------
    ParameterError
        If the start brings no volume of its own and `mass` is None.
    """
    if parameters.start == "noise":
        mean = required_mass(parameters) if mass is None else mass
        return noise(parameters.shape, mean, rng, periodic=parameters.boundary == "periodic")
    wanted = parameters.mass if mass is None else float(np.broadcast_to(mass, parameters.shape).mean())
    return profile(signed_distance(parameters, rng), parameters.interface_width, wanted)


def imposed(u: np.ndarray, interface_width: float, mass: float | None) -> np.ndarray:
    """Return the field `u` with its interface moved along the normal until its mean is `mass`; None leaves it.

    The field is read as a profile tanh(d / (sqrt2 eps)); where it is saturated the distance is unknown, so that very
    large changes spread evenly.
    """
    if mass is None:
        return u
    inside = np.clip(u.astype(np.float64), -1 + 1e-6, 1 - 1e-6)
    return profile(np.arctanh(inside) * (math.sqrt(2.0) * interface_width), interface_width, mass)


def clamped_ends(parameters: CurvatubesParameters) -> np.ndarray | None:
    """Return the mask of the end faces that hold a soap film between two rings, None for other starts."""
    if parameters.start != "rings":
        return None
    mask = np.zeros(parameters.shape, bool)
    mask[[0, 1, -2, -1]] = True
    return mask


def required_mass(parameters: CurvatubesParameters) -> float:
    """Return the mass, or refuse None for starts that have no volume of their own."""
    if parameters.mass is None:
        raise ParameterError(
            f"mass = None is not allowed with start = {parameters.start!r}, which has no volume of its own; give a number."
        )
    return parameters.mass


def noise(shape: tuple[int, int, int], mass: float | np.ndarray, rng: np.random.Generator, *, periodic: bool = True) -> np.ndarray:
    """Return blurred noise of mean `mass`: u = blur(div A + mass), A uniform in [0, 40 h] (Song 2022).

    Differences are divided by the voxel size h, so that h cancels. A mass that varies in space must broadcast to `shape`.
    """
    from scipy.ndimage import gaussian_filter

    divergence = np.zeros(shape, np.float32)
    for axis in range(3):
        component = rng.random(shape, dtype=np.float32)
        if not periodic:  # no flux through the walls
            component[(slice(None),) * axis + ([0, -1],)] = 0.5
        divergence += np.roll(component, -1, axis) - np.roll(component, 1, axis)
    wanted = np.broadcast_to(np.asarray(mass, float), shape)
    source = divergence * (NOISE_AMPLITUDE / 2) + wanted
    u = gaussian_filter(source.astype(np.float32), BLUR, mode="wrap" if periodic else "nearest")
    return u + np.float32(wanted.mean() - u.mean(dtype=np.float64))


def profile(distance: np.ndarray, interface_width: float, mass: float | None = None) -> np.ndarray:
    """Return u = tanh((distance + shift) / (sqrt2 eps)), the optimal profile across a flat interface.

    Parameters
    ----------
    distance
        Signed distance to the interface, positive inside [voxels].
    interface_width
        eps [voxels].
    mass
        Wanted mean of u: the interface moves along its normal until it is met. None leaves it where it is.
    """
    scale = math.sqrt(2.0) * interface_width

    def field(shift: float) -> np.ndarray:
        return np.asarray(np.tanh((distance + shift) / scale))

    if mass is None:
        return field(0.0).astype(np.float32)
    low, high = -float(distance.max()) - 8 * scale, -float(distance.min()) + 8 * scale
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(field(middle).mean(dtype=np.float64)) < mass else (low, middle)
        if high - low < 1e-6 * scale:
            break
    u = field((low + high) / 2)
    return np.asarray(u + (mass - u.mean(dtype=np.float64)), dtype=np.float32)


def signed_distance(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Return the signed distance [voxels] to the starting shape that `parameters.start` names ("noise" has none)."""
    if parameters.start in _RANDOM:
        return _RANDOM[parameters.start](parameters, rng)
    return _SHAPES[parameters.start](parameters, _centred(parameters.shape))


def _centred(shape: tuple[int, int, int]) -> Grid:
    """Return sparse coordinates (z, y, x) of the voxel centres from the centre of the box [voxels]."""
    z, y, x = (np.arange(n, dtype=np.float64) - (n - 1) / 2 for n in shape)
    return z[:, None, None], y[None, :, None], x[None, None, :]


def _size(parameters: CurvatubesParameters, automatic: float) -> float:
    return parameters.start_size if parameters.start_size is not None else automatic


def _target_radius(parameters: CurvatubesParameters) -> float:
    """Return 1/k of the strongest curvature aimed at, between 3 eps and a fourth of the box [voxels]."""
    point = parameters.coefficients.minimiser() or (0.0, 0.0)
    strongest = max(abs(point[0]), abs(point[1]))
    radius = parameters.resolution / strongest if strongest > 0 else math.inf
    return min(max(radius, 3 * parameters.interface_width), min(parameters.shape) / 4)


def _waves(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Cahn's random waves: Gaussian noise in a band of wave vectors, cut at the quantile that gives the volume."""
    shape = parameters.shape
    wavelength = _size(parameters, 2.8 * _target_radius(parameters))
    frequency = np.sqrt(
        np.add.reduce(np.meshgrid(*(np.fft.fftfreq(n) ** 2 for n in shape[:2]), np.fft.rfftfreq(shape[2]) ** 2, indexing="ij"))
    )
    band = np.exp(-(((frequency * wavelength - 1) / 0.25) ** 2) / 2)
    band[0, 0, 0] = 0.0
    if band.max() < 1e-6:
        raise ParameterError(f"start_size = {wavelength:g} voxels is not a wavelength that fits into {shape} voxels; choose a smaller one.")
    wave = np.fft.irfftn(np.fft.rfftn(rng.standard_normal(shape)) * band, s=shape)
    wave -= np.quantile(wave, (1 - required_mass(parameters)) / 2)
    slopes = [(np.roll(wave, -1, axis) - np.roll(wave, 1, axis)) / 2 for axis in range(3)]
    gradient = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    reach = wavelength / 4  # beyond it the wave over its slope says nothing of the distance
    return np.asarray(np.clip(wave / np.maximum(gradient, 1e-6 * gradient.max()), -reach, reach))


def _nearest_seeds(shape: tuple[int, int, int], count: int, neighbours: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and vectors from every voxel to its nearest random seeds in a periodic box.

    Returns (distances (M, neighbours), vectors (M, neighbours, 3)).
    """
    from scipy.spatial import cKDTree

    box = np.asarray(shape, float)
    seeds = rng.random((count, 3)) * box
    voxels = np.indices(shape).reshape(3, -1).T + 0.5
    distances, indices = cKDTree(seeds, boxsize=box).query(voxels, k=neighbours)
    vectors = seeds[indices] - (voxels[:, None, :] if neighbours > 1 else voxels)
    vectors -= box * np.round(vectors / box)
    return np.asarray(distances), vectors


def _balls(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    radius = _size(parameters, _target_radius(parameters))
    matter = (1 + required_mass(parameters)) / 2 * math.prod(parameters.shape)
    count = max(1, round(matter / (4 / 3 * math.pi * radius**3)))
    distances, _ = _nearest_seeds(parameters.shape, count, 1, rng)
    return (radius - distances).reshape(parameters.shape)


def _tubes(parameters: CurvatubesParameters, rng: np.random.Generator) -> np.ndarray:
    """Tubes along the edges of a Voronoi diagram: where the bisectors to the second and third nearest seeds meet."""
    radius = _size(parameters, _target_radius(parameters))
    matter = (1 + required_mass(parameters)) / 2 * math.prod(parameters.shape)
    length = matter / (math.pi * radius**2)  # a Poisson-Voronoi diagram has 5.83 n^(2/3) V^(1/3) of edges
    count = max(4, round((length / (5.83 * math.prod(parameters.shape) ** (1 / 3))) ** 1.5))
    distances, vectors = _nearest_seeds(parameters.shape, count, 3, rng)
    normals = vectors[:, 1:] - vectors[:, :1]  # (M, 2, 3)
    spans = np.maximum(np.linalg.norm(normals, axis=2), 1e-9)
    planes = (distances[:, 1:] ** 2 - distances[:, :1] ** 2) / (2 * spans)  # distance to either bisector
    cosine = np.einsum("mi,mi->m", normals[:, 0], normals[:, 1]) / spans.prod(axis=1)
    squared = (planes[:, 0] ** 2 + planes[:, 1] ** 2 - 2 * cosine * planes.prod(axis=1)) / np.maximum(1 - cosine**2, 1e-6)
    return np.asarray((radius - np.sqrt(squared)).reshape(parameters.shape))


def _nodal(parameters: CurvatubesParameters, kind: str) -> np.ndarray:
    """Nodal approximation of a triply periodic minimal surface; whole numbers of periods fit the box."""
    shape = parameters.shape
    period = _size(parameters, float(min(shape)))
    waves = [2 * math.pi * max(1, round(n / period)) / n for n in shape]
    grids = np.meshgrid(*(w * (np.arange(n) + 0.5) for w, n in zip(waves, shape, strict=True)), indexing="ij", sparse=True)
    (sz, sy, sx), (cz, cy, cx) = [np.sin(g) for g in grids], [np.cos(g) for g in grids]
    wz, wy, wx = waves
    if kind == "schwarz_p":
        value, slopes = cx + cy + cz, (wz * sz, wy * sy, wx * sx)
    elif kind == "gyroid":
        value = sx * cy + sy * cz + sz * cx
        slopes = (wz * (cz * cx - sy * sz), wy * (cy * cz - sx * sy), wx * (cx * cy - sz * sx))
    else:
        value = sx * sy * sz + sx * cy * cz + cx * sy * cz + cx * cy * sz
        slopes = (
            wz * (sx * sy * cz - sx * cy * sz - cx * sy * sz + cx * cy * cz),
            wy * (sx * cy * sz - sx * sy * cz + cx * cy * cz - cx * sy * sz),
            wx * (cx * sy * sz + cx * cy * cz - sx * sy * cz - sx * cy * sz),
        )
    steepness = np.sqrt(sum(s * s for s in slopes))
    reach = min(2 * math.pi / w for w in waves) / 4
    return np.asarray(np.clip(value / np.maximum(steepness, 1e-9), -reach, reach))


def _ellipsoid(parameters: CurvatubesParameters, grid: Grid, *, prolate: bool) -> np.ndarray:
    """Ellipsoid of revolution about z with the wanted reduced volume; size: radius of the ball of equal area."""
    radius = _size(parameters, 0.3 * min(parameters.shape))
    reduced = parameters.reduced_volume if parameters.reduced_volume is not None else DEFAULT_REDUCED_VOLUME
    ratio = aspect_ratio(reduced, prolate=prolate)
    equator = radius * (reduced / ratio) ** (1 / 3)
    axes = (ratio * equator, equator, equator)
    if 2 * max(axes) > min(parameters.shape):
        raise ParameterError(
            f"start_size = {radius:g} voxels makes an ellipsoid larger than the box of {parameters.shape} voxels; choose a smaller one."
        )
    scaled = np.sqrt(sum((g / a) ** 2 for g, a in zip(grid, axes, strict=True)))
    slope = np.sqrt(sum((g / a**2) ** 2 for g, a in zip(grid, axes, strict=True)))
    return np.asarray(np.where(slope > 0, scaled * (1 - scaled) / np.maximum(slope, 1e-12), min(axes)))


def _bowl(parameters: CurvatubesParameters, grid: Grid) -> np.ndarray:
    """A ball with an off-centre ball taken out of it, open at the top: the start of a stomatocyte."""
    z, y, x = grid
    outer = _size(parameters, 0.33 * min(parameters.shape))
    inner, offset = 0.62 * outer, 0.5 * outer
    return np.asarray(np.minimum(outer - np.sqrt(z**2 + y**2 + x**2), np.sqrt((z - offset) ** 2 + y**2 + x**2) - inner))


def _ball(parameters: CurvatubesParameters, grid: Grid) -> np.ndarray:
    z, y, x = grid
    return np.asarray(_size(parameters, 0.25 * min(parameters.shape)) - np.sqrt(z**2 + y**2 + x**2))


def _torus(parameters: CurvatubesParameters, grid: Grid) -> np.ndarray:
    """Solid torus about z, twice as wide as thick; size: radius of the tube."""
    z, y, x = grid
    tube = _size(parameters, 0.13 * min(parameters.shape))
    return np.asarray(tube - np.sqrt((np.sqrt(y**2 + x**2) - 2 * tube) ** 2 + z**2))


def _cylinder(parameters: CurvatubesParameters, grid: Grid) -> np.ndarray:
    _, y, x = grid
    distance = _size(parameters, 0.25 * min(parameters.shape[1:])) - np.sqrt(y**2 + x**2)
    return np.broadcast_to(distance, parameters.shape).copy()


def _slab(parameters: CurvatubesParameters, grid: Grid) -> np.ndarray:
    half = _size(parameters, 0.25 * parameters.shape[0])
    return np.broadcast_to(half - np.abs(grid[0]), parameters.shape).copy()


def _rings(parameters: CurvatubesParameters, grid: Grid) -> np.ndarray:
    """A cylinder whose two end faces are the discs inside two rings; size: radius of the rings."""
    _, y, x = grid
    distance = _size(parameters, 0.375 * min(parameters.shape[1:])) - np.sqrt(y**2 + x**2)
    return np.broadcast_to(distance, parameters.shape).copy()


_RANDOM: dict[str, Callable[[CurvatubesParameters, np.random.Generator], np.ndarray]] = {"waves": _waves, "balls": _balls, "tubes": _tubes}
_SHAPES: dict[str, Callable[[CurvatubesParameters, Grid], np.ndarray]] = {
    "gyroid": lambda p, _: _nodal(p, "gyroid"),
    "schwarz_p": lambda p, _: _nodal(p, "schwarz_p"),
    "diamond": lambda p, _: _nodal(p, "diamond"),
    "oblate": lambda p, g: _ellipsoid(p, g, prolate=False),
    "prolate": lambda p, g: _ellipsoid(p, g, prolate=True),
    "bowl": _bowl,
    "ball": _ball,
    "torus": _torus,
    "cylinder": _cylinder,
    "slab": _slab,
    "rings": _rings,
}
