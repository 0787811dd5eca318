"""Grey images are told from labels, by what they look like, unless a layer says what they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

import shapelab as sl
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.infer import infer_tensions
from shapelab.io import samples
from shapelab.labels.check import as_labels, kind_of, labels_of, looks_grey


def _voronoi(shape, n, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.random((n, len(shape))) * shape
    return cKDTree(points).query(np.indices(shape).reshape(len(shape), -1).T)[1].reshape(shape) + 1


def _smooth(seed, sigma, top, shape=(200, 200)):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), sigma)
    return ((noise - noise.min()) / np.ptp(noise) * top).astype(np.uint16)


@pytest.mark.parametrize(("shape", "n"), [((64, 64), 2), ((64, 64), 9), ((128, 128), 60), ((400, 400), 5000), ((24, 24, 24), 40)])
def test_labels_pass(shape, n):
    labels = _voronoi(shape, n)
    order = np.random.default_rng(1).permutation(n) + 1
    lines = np.zeros(shape, bool)
    for axis in range(len(shape)):
        lines |= np.roll(labels, 1, axis) != labels
    for image in (labels, order[labels - 1], np.where(lines, 0, labels), labels.astype(np.uint64) * 2**40):
        assert not looks_grey(image)
        assert kind_of(image) == "labels"
        assert labels_of(image) is image


def test_sixty_thousand_labels_pass():
    assert not looks_grey(_voronoi((700, 700), 60_000))
    assert not looks_grey(np.kron(np.arange(1, 60_001).reshape(200, 300), np.ones((3, 3), int)))


def test_planes_numbered_one_by_one_and_types_of_cells_are_labels():
    planes = np.stack([_voronoi((60, 60), 30, seed=i) for i in range(6)])
    assert not looks_grey(planes)
    assert not looks_grey(_voronoi((100, 100), 400) % 4 + 1)


@pytest.mark.parametrize(("sigma", "top"), [(s, top) for s in (0, 1, 3, 8) for top in (15, 255, 60_000) if s < 8 or top > 15])
def test_brightness_is_no_label(sigma, top):
    for image in (_smooth(sigma, sigma, top), _smooth(sigma, sigma, top, (8, 80, 80))):
        assert looks_grey(image)
        assert kind_of(image) == "image"


def test_blobs_and_photon_counts_are_no_labels():
    r2 = ((np.indices((128, 128)) - 63.5) ** 2).sum(0)
    for width in (5, 20, 60):
        assert looks_grey((255 * np.exp(-r2 / 2 / width**2)).astype(np.uint8))
    assert looks_grey(np.random.default_rng(0).poisson(3.0, (100, 100)))


def test_samples_are_what_they_are():
    for name in samples.SAMPLES:
        for layer in samples.load(name):
            if layer.kind in ("image", "labels") and layer.data.dtype.kind in "ui":
                assert kind_of(layer.data) == layer.kind, layer.name


@pytest.mark.parametrize(
    "use",
    [
        sl.measure,
        lambda image: sl.compare(image, image, transport=False),
        lambda image: sl.Cells(initial=image),
        sl.fit_diagram,
        infer_tensions,
    ],
)
def test_grey_images_are_refused_with_a_way_out(use):
    grey = _smooth(0, 1, 255, (60, 60))
    for image in (grey, LayerData("nuclei", grey, "image", {"scale": (1.0, 1.0)})):
        with pytest.raises(InputError, match=r"looks like a grey image.*--labels"):
            use(image)


def test_who_says_labels_is_believed():
    grey = as_labels(_smooth(0, 1, 255, (60, 60)))
    layer = LayerData("ids", grey, "labels", {"scale": (1.0, 1.0)})
    n = np.count_nonzero(np.unique(grey))
    assert len(sl.measure(grey, labels=True)) == len(sl.measure(layer)) == n
    assert sl.compare(grey, layer, transport=False, statistics=False, labels=True)["mismatch"] == 0
    assert sl.measure(grey, label=int(grey.max()))["area"] >= 1
