"""Rendered images: what the optics and the camera do to them is what was asked for, and the labels are exact."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import gaussian
from skimage.morphology import h_minima
from skimage.segmentation import watershed

import shapelab as sl
from shapelab.errors import InputError, ParameterError, Stopped
from shapelab.frame import LayerData
from shapelab.io import list_arrays, read_image
from shapelab.microscopy import MicroscopeParameters, render_microscopy
from shapelab.stopping import stoppable

STRIPES = np.repeat(np.arange(1, 5), 20)[None].repeat(40, 0)
BLOCKS = np.arange(1, 9).reshape(2, 2, 2).repeat(10, 0).repeat(16, 1).repeat(16, 2)


@pytest.fixture(scope="module")
def tissue() -> np.ndarray:
    """40 cells that fill a plane."""
    sim = sl.Cells("relaxation", shape=(160, 160), n_cells=40, seed=1, filling=1.0)
    for _ in range(5):
        sim.step()
    return np.asarray(sim.frame()["cells"])


def segmented(image: np.ndarray) -> np.ndarray:
    """Return the cells of a membrane image: a classical watershed from its dark places."""
    smooth = gaussian(image.astype(float), 1.5)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return watershed(smooth, ndimage.label(h_minima(smooth, 0.05))[0])


def test_a_membrane_is_as_bright_as_it_should_be_and_as_wide_as_the_optics_make_it():
    rendered = render_microscopy(STRIPES, variation=0, photons=100, psf=6.0, thickness=1.0)
    profile = rendered.clean(0)[20]
    assert profile[19:21] == pytest.approx(100, rel=0.04)
    around = np.arange(10, 30)
    spread = np.sqrt(np.average((around - 19.5) ** 2, weights=profile[10:30]))
    assert spread * 2.355 == pytest.approx(6.0, rel=0.03)


def test_noise_and_background_are_those_of_the_camera():
    rendered = render_microscopy(np.ones((200, 200), int), photons=100, background=50, read_noise=4, offset=200)
    image = rendered.image(0).astype(float)  # one cell, no membrane inside
    assert image.mean() == pytest.approx(250, abs=0.3)
    assert image.var() == pytest.approx(50 + 16 + 1 / 12, rel=0.03)


def test_bleaching_loses_the_same_part_each_frame():
    rendered = render_microscopy([STRIPES] * 4, bleaching=0.2, photons=30_000, read_noise=0, offset=0, background=0)
    sums = [rendered.image(index).astype(float).sum() for index in range(4)]
    assert np.array(sums[1:]) / sums[:-1] == pytest.approx([0.8] * 3, rel=0.01)


def test_planes_along_z_are_left_out_and_the_labels_are_exact():
    layer = LayerData("cells", BLOCKS, "labels", {"scale": (0.5, 0.2, 0.2), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")})
    rendered = render_microscopy(layer, z_step=3)
    assert rendered.shape == rendered.image(0).shape == (7, 32, 32)
    assert rendered.spacing == pytest.approx((1.5, 0.2, 0.2))
    assert np.array_equal(rendered.labels(0), BLOCKS[::3])
    image = rendered.layers()[0]
    assert image.meta["scale"] == pytest.approx((1.5, 0.2, 0.2))
    assert image.meta["units"] == ("um",) * 3


def test_nuclei_lie_in_their_cells_with_the_size_asked_for():
    rendered = render_microscopy(BLOCKS[None], stain="nucleus", nucleus=0.5)
    nuclei = rendered.nuclei(0)
    assert set(np.unique(nuclei)) == set(range(9))
    assert (nuclei[nuclei > 0] == BLOCKS[nuclei > 0]).all()
    ball = 4 / 3 * np.pi * 5**1.5 / 12**1.5 * 0.5**3  # of a box, the ellipsoid with half its semi-axes of the same moments
    assert (nuclei > 0).mean() == pytest.approx(ball, rel=0.1)
    middle = nuclei == 1
    assert rendered.clean(0)[middle].mean() > 2 * rendered.clean(0)[~(nuclei > 0)].mean()


def test_across_a_periodic_side_cells_are_one():
    labels = np.roll(STRIPES, 10, axis=1)  # cell 4 lies on both sides
    joined, cut = (render_microscopy(labels, stain="nucleus", periodic=around).nuclei(0) for around in (True, False))
    assert np.array_equal(joined, np.roll(render_microscopy(STRIPES, stain="nucleus", periodic=(True, True)).nuclei(0), 10, axis=1))
    assert not np.array_equal(joined, cut)


def test_the_same_seed_gives_the_same_image_in_any_order():
    a, b = (render_microscopy([STRIPES] * 3, seed=5) for _ in range(2))
    assert np.array_equal(a.image(2), b.image(2))
    assert np.array_equal(b.image(2), b.image(2))
    assert not np.array_equal(a.image(0), a.image(1))


@pytest.mark.parametrize("stain", ["membrane", "nucleus"])
def test_what_is_saved_is_read_again(tmp_path, stain):
    layer = LayerData(
        "cells", np.stack([STRIPES] * 3), "labels", {"scale": (60, 0.5, 0.25), "units": ("s", "um", "um"), "axis_labels": ("t", "y", "x")}
    )
    rendered = render_microscopy(layer, stain=stain)
    rendered.save(tmp_path / "a.zarr")
    files = rendered.save(tmp_path / "a.tif")
    kinds = ["cells"] + ["nuclei"] * (stain == "nucleus")
    assert [entry.key for entry in list_arrays(tmp_path / "a.zarr")] == ["", *(f"labels/{kind}" for kind in kinds)]
    assert [file.name for file in files] == ["a.tif", *(f"a_{kind}.tif" for kind in kinds)]
    for read in (read_image(tmp_path / "a.zarr", key=""), read_image(tmp_path / "a.tif")):
        assert np.array_equal(read.data, np.stack([rendered.image(i) for i in range(3)]))
        assert read.meta["scale"] == pytest.approx((60, 0.5, 0.25))
        assert read.meta["axis_labels"] == ("t", "y", "x")
        assert read.meta["units"][0] in ("s", "second")
    assert np.array_equal(read_image(tmp_path / "a.zarr", key="labels/cells").data, layer.data)
    assert np.array_equal(read_image(tmp_path / "a_cells.tif").data, layer.data)
    with pytest.raises(InputError, match="exists"):
        rendered.save(tmp_path / "a.zarr")


def test_the_folder_is_valid_ome_zarr(tmp_path):
    models = pytest.importorskip("ome_zarr_models")
    render_microscopy(BLOCKS[None], stain="nucleus").save(tmp_path / "a.zarr")
    for part in ("", "labels/cells"):
        assert models.open_ome_zarr(tmp_path / "a.zarr" / part) is not None


def test_it_stops_and_leaves_nothing(tmp_path):
    stop = threading.Event()
    rendered = render_microscopy([STRIPES] * 20)
    with pytest.raises(Stopped), stoppable(stop):
        rendered.save(tmp_path / "a.zarr", lambda done, count: stop.set())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [({"stain": "actin"}, "membrane"), ({"photons": 0}, "photons"), ({"bleaching": 1.0}, "bleaching"), ({"blur": 2}, "blur")],
)
def test_what_cannot_be_is_refused(change, words):
    with pytest.raises(ParameterError, match=words):
        render_microscopy(STRIPES, **change)


def test_an_image_is_no_labels():
    with pytest.raises(InputError, match="render a label image"):
        render_microscopy(LayerData("photo", np.zeros((3, 8, 8)), "image", {"axis_labels": ("t", "y", "x")}))
    with pytest.raises(InputError, match="end in"):
        render_microscopy(STRIPES).save("cells.png")


def test_a_watershed_finds_the_cells_again(tissue):
    found = sl.compare(tissue, segmented(render_microscopy(tissue, photons=300, variation=0.1).image(0)), transport=False, statistics=False)
    assert found["labels_b"] == found["labels_a"] == 40
    assert found["mismatch"] < 0.04
    assert found["boundary_f1"] > 0.95


def test_compare_reports_the_difference_that_was_put_in(tissue):
    found = segmented(render_microscopy(tissue, photons=300, variation=0.1).image(0))
    base = sl.compare(tissue, found, transport=False, statistics=False)
    pairs = base["matches"]

    merged = found.copy()
    touching = next(
        (a, b) for a in pairs[:, 1] for b in pairs[:, 1] if a < b and (ndimage.binary_dilation(found == a) & (found == b)).sum() > 5
    )
    merged[found == touching[1]] = touching[0]
    result = sl.compare(tissue, merged, transport=False, statistics=False)
    assert result["labels_b"] == 39
    share = ((found == touching[0]) | (found == touching[1])).mean()
    assert result["split_bits"] - base["split_bits"] == pytest.approx(share, rel=0.1)  # two equal cells in one are one bit each
    assert result["merge_bits"] == pytest.approx(base["merge_bits"], abs=0.01)

    shifted = np.roll(found, 4, axis=1)
    clean = np.mean(np.roll(tissue, 4, axis=1) != tissue)
    assert sl.compare(tissue, shifted, transport=False, statistics=False)["mismatch"] == pytest.approx(clean, abs=0.02)

    eroded = np.where(ndimage.minimum_filter(found, 5) == ndimage.maximum_filter(found, 5), found, 0)
    lost = np.mean(eroded == 0)
    result = sl.compare(tissue, eroded, transport=False, statistics=False)
    assert 1 - result["iou"] == pytest.approx(lost, abs=0.005)
    assert result["labels_b"] == 40


def test_parameters_have_words_for_the_form():
    assert all(info.description for info in MicroscopeParameters.infos().values())
