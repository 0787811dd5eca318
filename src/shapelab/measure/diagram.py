"""The curvature diagram: how much of a surface has which pair of principal curvatures, and how two diagrams differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shapelab.arguments import Pixels, checked
from shapelab.convert.field import Boundary, mask_to_isotropic_field
from shapelab.convert.mask import as_field, as_mask
from shapelab.convert.spacing import Spacing, as_spacing
from shapelab.errors import InputError
from shapelab.limits import between
from shapelab.measure.curvature import Estimator, curvatures
from shapelab.measure.limits import cropped
from shapelab.short_repr import short_repr

__all__ = ["CurvatureDiagram", "curvature_diagram", "diagram_distance", "diagram_projections"]


@short_repr
@dataclass(frozen=True, eq=False)
class CurvatureDiagram:
    """Area-weighted distribution of (k1, k2), k1 >= k2: nothing lies above the diagonal."""

    k1: np.ndarray
    """float32 (n,) [1/unit]."""
    k2: np.ndarray
    """float32 (n,) [1/unit]."""
    weights: np.ndarray
    """float32 (n,), area [unit^2]."""
    density: np.ndarray
    """(bins, bins), share of the area per bin, first axis k1; its sum is the share inside `limits`."""
    limits: tuple[float, float]
    """Range of both axes [1/unit]."""
    estimator: Estimator

    @property
    def edges(self) -> np.ndarray:
        """Edges of the bins of either axis [1/unit]."""
        return np.linspace(*self.limits, self.density.shape[0] + 1)

    @property
    def mean(self) -> tuple[float, float]:
        """Area-weighted means of k1 and k2 [1/unit]."""
        return _moments(self.k1, self.weights)[0], _moments(self.k2, self.weights)[0]

    @property
    def spread(self) -> tuple[float, float]:
        """Area-weighted standard deviations of k1 and k2 [1/unit]."""
        return _moments(self.k1, self.weights)[1], _moments(self.k2, self.weights)[1]


@checked(bins=between(2, 4096), smoothing=between(0, 100))
def curvature_diagram(
    x: Pixels,
    spacing: Spacing = 1.0,
    *,
    estimator: Estimator = "shape operator",
    eps: float | None = None,
    bins: int = 100,
    limits: tuple[float, float] | None = None,
    smoothing: float = 2.0,
    boundary: Boundary = "replicate",
) -> CurvatureDiagram:
    """Return the curvature diagram of a phase field or of a mask.

    Parameters
    ----------
    x
        Field of both signs (float), or mask (boolean), (z, y, x). A mask is smoothed first (`mask_to_isotropic_field`).
    spacing
        Voxel size [physical unit].
    estimator
        "shape operator" or "diffuse" (see `shapelab.measure.diffuse_curvatures`).
    eps
        Interface width of the field [physical unit], for the diffuse estimator; a mask brings its own.
    bins, limits
        Bins per axis, and the range of both axes [1/unit]; by default a range that holds about 99 % of the voxels.
    smoothing
        Standard deviation of the smoothing of a mask's signed distance [cubic voxels].
    boundary
        How a field goes on beyond the box.
    """
    if bins < 1:
        raise InputError(f"The diagram needs at least one bin; received {bins}.")
    array = np.asarray(x)
    if array.dtype.kind == "f":
        field, steps = as_field(array, ndim=(3,)), as_spacing(spacing, 3)
    else:
        mask = as_mask(array, ndim=(3,))
        field, h = mask_to_isotropic_field(cropped(mask, as_spacing(spacing, 3)), spacing, smoothing=smoothing)
        steps, eps, boundary = (h,) * 3, 2 * h, "replicate"
    k1, k2, weights = curvatures(field, steps, estimator=estimator, eps=eps, boundary=boundary).on_surface()
    if weights.size == 0:
        raise InputError(
            "The field has no interface that the grid resolves, so its curvatures cannot be measured: give it as a mask (field > 0)."
        )
    low, high = limits if limits is not None else _range(k1, k2)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"The limits of the diagram must be (low, high) with low < high; received {limits!r}.")
    return CurvatureDiagram(k1, k2, weights, _histogram(k1, k2, weights, bins, low, high), (low, high), estimator)


@checked(directions=between(1, 10_000), quantiles=between(2, 100_000))
def diagram_distance(a: CurvatureDiagram, b: CurvatureDiagram, *, directions: int = 32, quantiles: int = 512) -> float:
    """Return the sliced 2-Wasserstein distance between two diagrams [1/unit], areas normalised.

    Means over `directions` in the half circle of the exact distance between the two projections (Bonneel, Rabin,
    Peyre and Pfister, J. Math. Imaging Vis. 51, 22 (2015)); a shift by t reads |t|/sqrt(2).
    """
    pa, pb = (diagram_projections(d, directions=directions, quantiles=quantiles) for d in (a, b))
    return math.sqrt(float(np.mean((pa - pb) ** 2)))


@checked(directions=between(1, 10_000), quantiles=between(2, 100_000))
def diagram_projections(diagram: CurvatureDiagram, *, directions: int = 32, quantiles: int = 512) -> np.ndarray:
    """Return the quantiles of the projections of a diagram (directions, quantiles) [1/unit].

    The root mean square difference of two such arrays is `diagram_distance`: a place of each diagram in one flat space.
    """
    return point_projections(diagram.k1, diagram.k2, diagram.weights, directions=directions, quantiles=quantiles)


def point_projections(k1: np.ndarray, k2: np.ndarray, weights: np.ndarray, *, directions: int = 32, quantiles: int = 512) -> np.ndarray:
    """Return `diagram_projections` of the points of a surface that are not yet a diagram."""
    levels = (np.arange(quantiles) + 0.5) / quantiles
    angles = np.arange(directions) * math.pi / directions
    lines = (math.cos(angle) * k1 + math.sin(angle) * k2 for angle in angles)
    return np.stack([_quantiles(line, weights, levels) for line in lines])


def _quantiles(values: np.ndarray, weights: np.ndarray, levels: np.ndarray) -> np.ndarray:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order], dtype=np.float64)
    index = np.searchsorted(cumulated, levels * cumulated[-1])
    return np.asarray(values[order][np.minimum(index, values.size - 1)], dtype=np.float64)


def _histogram(k1: np.ndarray, k2: np.ndarray, weights: np.ndarray, bins: int, low: float, high: float) -> np.ndarray:
    scale = bins / (high - low)
    inside = (k2 >= low) & (k1 < high)  # k1 >= k2: the other two limits follow
    i = ((k1[inside] - low) * scale).astype(np.int32)
    j = ((k2[inside] - low) * scale).astype(np.int32)
    counts = np.bincount(np.minimum(i, bins - 1) * bins + np.minimum(j, bins - 1), weights=weights[inside], minlength=bins * bins)
    return np.asarray(counts.reshape(bins, bins) / weights.sum(dtype=np.float64))


def _range(k1: np.ndarray, k2: np.ndarray) -> tuple[float, float]:
    stride = max(1, k1.size // 20_000)  # a sample is enough for a range
    low, high = float(np.quantile(k2[::stride], 0.005)), float(np.quantile(k1[::stride], 0.995))
    margin = 0.05 * max(high - low, 1e-6)
    return min(low, 0.0) - margin, max(high, 0.0) + margin


def _moments(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    total = float(weights.sum(dtype=np.float64))
    mean = float((values * weights).sum(dtype=np.float64)) / total
    variance = float((weights * (values - np.float32(mean)) ** 2).sum(dtype=np.float64)) / total
    return mean, math.sqrt(max(variance, 0.0))
