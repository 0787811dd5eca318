"""Each conversion with its check: volume, area, topology, overlap, orientation, positions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shapelab import convert
from shapelab.errors import InputError
from shapelab.measure import euler_characteristic, mesh_area


def ball(radius: float, steps=(1.0, 1.0, 1.0), margin: float = 8.0) -> np.ndarray:
    """Mask of a ball in the middle of the box."""
    counts = [math.ceil(2 * (radius + margin) / step) for step in steps]
    grids = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * step for n, step in zip(counts, steps, strict=True)), indexing="ij")
    return sum(g * g for g in grids) < radius * radius


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_signed_distance_is_right_on_both_sides_of_a_wall():
    mask = np.zeros((10, 6, 6), bool)
    mask[:4] = True
    expected = (3.5 - np.arange(10)) * 1.0
    np.testing.assert_allclose(convert.signed_distance(mask)[:, 3, 3], expected)
    np.testing.assert_allclose(convert.signed_distance(mask, (0.5, 1, 2))[:, 3, 3], 0.5 * expected)


def test_signed_distance_of_anisotropic_ball():
    steps = (3.0, 1.0, 1.0)
    mask = ball(20, steps)
    distance = convert.signed_distance(mask, steps)
    grids = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * s for n, s in zip(mask.shape, steps, strict=True)), indexing="ij")
    exact = 20 - np.sqrt(sum(g * g for g in grids))
    assert np.abs(distance - exact).max() < 1.5  # half a plane
    near = np.abs(exact) < 5
    assert abs(np.mean((distance - exact)[near])) < 0.3


@pytest.mark.parametrize("boundary", ["replicate", "periodic"])
@pytest.mark.parametrize("smoothing", [0.0, 2.0])
def test_field_keeps_the_volume_of_the_mask(boundary, smoothing):
    mask = ball(10)
    u = convert.mask_to_field(mask, smoothing=smoothing, boundary=boundary)
    assert u.shape == mask.shape
    assert u.dtype == np.float32
    assert np.abs(u).max() <= 1
    assert np.count_nonzero(convert.field_to_mask(u)) == pytest.approx(np.count_nonzero(mask), rel=2e-3)
    assert dice(u > 0, mask) > 0.99


def test_periodic_field_has_no_seam():
    mask = np.roll(ball(10), 18, axis=0)
    u = convert.mask_to_field(mask, boundary="periodic")
    np.testing.assert_allclose(np.roll(u, -18, axis=0), convert.mask_to_field(ball(10), boundary="periodic"), atol=1e-5)


def test_profile_has_the_asked_width():
    mask = np.zeros((40, 8, 8), bool)
    mask[:20] = True
    u = convert.mask_to_field(mask, 0.5, eps=1.5, smoothing=0.0)
    distance = (19.5 - np.arange(40)) * 0.5
    np.testing.assert_allclose(u[:, 4, 4], np.tanh(distance / (math.sqrt(2) * 1.5)), atol=1e-5)


def test_label_to_field_takes_one_label():
    labels = np.zeros((12, 12, 24), int)
    labels[3:9, 3:9, 3:9] = 1
    labels[3:9, 3:9, 15:21] = 7
    u = convert.mask_to_field(labels, smoothing=1, label=7)
    assert u[6, 6, 18] > 0 > u[6, 6, 6]


def test_mask_to_mesh_and_back():
    mask = ball(15)
    mesh = convert.mask_to_mesh(mask)
    assert mesh_area(mesh) == pytest.approx(4 * math.pi * 225, rel=0.02)
    assert euler_characteristic(mesh) == 2
    again, origin = convert.mesh_to_mask(mesh, 1.0, shape=mask.shape)
    assert dice(again, mask) > 0.98
    assert origin.tolist() == [0, 0, 0]


def test_anisotropic_mesh_lies_on_the_layer():
    steps = (3.0, 1.0, 1.0)
    mask = ball(15, steps)
    centre = mask_centre = (np.argwhere(mask) * steps).mean(axis=0)
    mesh = convert.mask_to_mesh(mask, steps)
    np.testing.assert_allclose(mesh.vertices.mean(axis=0), mask_centre, atol=0.1)
    assert np.linalg.norm(mesh.vertices - centre, axis=1).mean() == pytest.approx(15, rel=0.03)


@pytest.mark.parametrize("slab", [1, 3, 16, 100])
def test_slabs_of_marching_cubes_fit_together(slab):
    rng = np.random.default_rng(0)
    from scipy.ndimage import gaussian_filter

    u = gaussian_filter(rng.standard_normal((20, 18, 16)), 2, mode="wrap").astype(np.float32)
    whole = convert.field_to_mesh(u, closed=True, slab=1000)
    mesh = convert.field_to_mesh(u, closed=True, slab=slab)
    assert mesh_area(mesh) == pytest.approx(mesh_area(whole), rel=1e-6)
    assert euler_characteristic(mesh) == euler_characteristic(whole)
    edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert set(np.unique(edges, axis=0, return_counts=True)[1]) == {2}  # closed


def test_mesh_of_an_array_that_refuses_writing():
    u = convert.mask_to_field(ball(6))
    u.setflags(write=False)
    assert len(convert.field_to_mesh(u).faces) > 100


def test_normals_point_out_and_triangles_turn_with_them():
    import trimesh

    mesh = convert.mask_to_mesh(ball(10))
    assert trimesh.Trimesh(mesh.vertices[:, ::-1], mesh.faces, process=False).volume > 0
    cloud = convert.mesh_to_points(mesh)
    outwards = cloud.points - cloud.points.mean(axis=0)
    assert np.all(np.sum(outwards * cloud.normals, axis=1) > 0)
    assert cloud.weights.sum() == pytest.approx(mesh_area(mesh))


def test_taubin_smoothing_keeps_size():
    mesh = convert.field_to_mesh(np.where(ball(12), 1.0, -1.0))
    smooth = convert.smooth_mesh(mesh, 20)
    assert mesh_area(smooth) < 0.97 * mesh_area(mesh)
    extent = smooth.vertices.max(axis=0) - smooth.vertices.min(axis=0)
    np.testing.assert_allclose(extent, 24, atol=1.0)


def test_mesh_to_mask_picks_its_own_box():
    mesh = convert.mask_to_mesh(ball(8))
    moved = convert.Mesh(mesh.vertices + np.float32(100), mesh.faces)
    mask, origin = convert.mesh_to_mask(moved, 0.5)
    centre = origin + np.argwhere(mask).mean(axis=0) * 0.5
    np.testing.assert_allclose(centre, moved.vertices.mean(axis=0), atol=0.1)
    assert np.count_nonzero(mask) * 0.125 == pytest.approx(4 / 3 * math.pi * 8**3, rel=0.03)


def test_open_mesh_has_no_inside():
    mesh = convert.mask_to_mesh(ball(8))
    with pytest.raises(InputError, match="not closed"):
        convert.mesh_to_mask(convert.Mesh(mesh.vertices, mesh.faces[1:]), 1.0)


def test_resampling_keeps_the_box_and_the_kind():
    steps = (2.0, 1.0, 0.5)
    mask = ball(12, steps)
    cubic, h = convert.resample_isotropic(mask, steps)
    assert h == 0.5
    assert cubic.dtype == bool
    assert cubic.shape == tuple(round(n * s / h) for n, s in zip(mask.shape, steps, strict=True))
    assert cubic.sum() * h**3 == pytest.approx(mask.sum(), rel=0.03)
    labels, _ = convert.resample_isotropic(mask.astype(np.uint16) * 9, steps)
    assert set(np.unique(labels)) == {0, 9}
    ramp = np.arange(10.0)[:, None] + np.zeros((10, 4))
    fine, _ = convert.resample_isotropic(ramp, (2.0, 1.0))
    np.testing.assert_allclose(np.diff(fine[2:-2, 0]), 0.5)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (np.zeros((5, 5, 5), bool), "empty"),
        (np.ones((5, 5, 5), bool), "full"),
        (np.zeros(5, bool), "2-D or 3-D"),
        (np.full((5, 5, 5), np.nan), "not finite"),
        (np.full((5, 5, 5), 0.3), "fractions"),
        (np.array([["a"]]), "whole numbers"),
    ],
)
def test_unusable_masks_are_refused_in_a_sentence(mask, sentence):
    with pytest.raises(InputError, match=sentence):
        convert.mask_to_field(mask)


@pytest.mark.parametrize("spacing", [0, -1.0, (1, 1), (1, 1, 1, 1), (1, 0, 1), float("nan"), "x", (1, 1, float("inf"))])
def test_unusable_spacing_is_refused(spacing):
    with pytest.raises(InputError, match="voxel size"):
        convert.mask_to_field(ball(3), spacing)


@pytest.mark.parametrize(("options", "sentence"), [({"eps": 0.0}, "eps"), ({"eps": math.nan}, "eps"), ({"smoothing": -1.0}, "smoothing")])
def test_unusable_options_are_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        convert.mask_to_field(ball(3), **options)


@pytest.mark.parametrize("u", [np.ones((5, 5, 5)), np.full((5, 5, 5), np.nan), np.zeros((5, 5)), np.array([[["a"]]])])
def test_unusable_fields_are_refused(u):
    with pytest.raises(InputError):
        convert.field_to_mesh(u)


def test_huge_resampling_is_refused_with_the_estimate():
    from shapelab.errors import OutOfMemoryError

    with pytest.raises(OutOfMemoryError, match="GB"):
        convert.resample_isotropic(ball(6), (1, 1, 1e-4))
