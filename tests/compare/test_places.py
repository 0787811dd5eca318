"""Two images are compared where they lie in the world, whatever their transforms."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.compare import compare, difference
from shapelab.convert.place import Place
from shapelab.frame import LayerData

FAST = {"transport": False, "curvature": False}


def ellipsoid(place: Place, shape: tuple[int, ...], centre: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """The same body of the world on any grid."""
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, len(shape))
    return np.asarray((((place.world(index) - centre) / radii) ** 2).sum(1) < 1).reshape(shape)


def layer(data: np.ndarray, place: Place, kind: str = "labels") -> LayerData:
    return LayerData("a", data, kind, place.meta())  # type: ignore[arg-type]


def random_place(rng: np.random.Generator, ndim: int, *, shear: bool) -> Place:
    turn, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    linear = turn @ np.diag(rng.uniform(0.6, 1.2, ndim))
    if shear:
        linear = linear @ (np.eye(ndim) + np.triu(rng.uniform(-0.3, 0.3, (ndim, ndim)), 1))
    matrix = np.eye(ndim + 1)
    matrix[:-1, :-1] = linear
    matrix[:-1, -1] = -linear @ (np.full(ndim, 40) / 2)  # the grid's middle is the world's
    return Place(matrix)


@pytest.mark.parametrize("seed", range(10))
def test_one_body_on_two_random_grids_is_one_body(seed):
    rng = np.random.default_rng(seed)
    ndim = 2 + seed % 2
    radii = rng.uniform(7, 10, ndim)
    places = [random_place(rng, ndim, shear=seed % 3 == k) for k in range(2)]
    masks = [ellipsoid(place, (41,) * ndim, np.zeros(ndim), radii) for place in places]
    found = compare(layer(masks[0], places[0]), layer(masks[1], places[1]), **FAST)
    assert found["dice"] > 0.94  # bodies of 8 voxels: a surface misses by a third of a voxel
    true = np.pi * np.prod(radii) * (4 / 3 if ndim == 3 else 1)
    assert found["volume_a"] == pytest.approx(true, rel=0.04)
    assert found["volume_b"] == pytest.approx(true, rel=0.04)
    assert found["notes"]


@pytest.mark.parametrize("shift", [0.0, 8.0, 30.0])
def test_images_apart_are_apart(shift):
    body = ellipsoid(Place.of((1, 1, 1)), (24, 24, 24), np.full(3, 11.5), np.full(3, 8.0))
    moved = np.eye(4)
    moved[2, 3] = shift
    found = compare(layer(body, Place.of((1, 1, 1), (0, 0, 0))), LayerData("b", body, "labels", {"affine": moved}), **FAST)
    there = np.roll(np.pad(body, ((0, 0), (0, 0), (0, 40))), int(shift), 2)
    here = np.pad(body, ((0, 0), (0, 0), (0, 40)))
    assert found["dice"] == pytest.approx(2 * (here & there).sum() / (here.sum() + there.sum()), abs=1e-6)


def test_mirrored_and_swapped_axes_are_exact():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 4, (6, 7, 8)) * 2**40
    place = Place.of((2, 1, 3), (5, 6, 7))
    flipped = Place.of((2, -1, 3), (5, 6 + 6, 7))
    assert compare(layer(labels, place), layer(labels[:, ::-1], flipped), **FAST)["mismatch"] == 0
    swap = np.eye(4)[[1, 0, 2, 3]]
    turned = Place(swap @ Place.of((1, 2, 3), (6, 5, 7)).matrix)
    assert compare(layer(labels, place), layer(labels.swapaxes(0, 1), turned), **FAST)["mismatch"] == 0


def test_difference_lies_over_what_it_was_made_from():
    rng = np.random.default_rng(0)
    place = random_place(rng, 3, shear=False)
    body = ellipsoid(place, (41, 41, 41), np.zeros(3), np.array([9.0, 8, 7]))
    found = difference(layer(body, place), layer(body, place))
    assert np.array_equal(found.data != 0, body)
    there = Place.from_meta(found.meta, 3)
    assert there is not None
    assert np.allclose(there.matrix, place.matrix)


def test_mesh_beside_a_turned_mask():
    from shapelab.convert import mask_to_mesh

    rng = np.random.default_rng(1)
    place = random_place(rng, 3, shear=False)
    body = ellipsoid(place, (41, 41, 41), np.zeros(3), np.array([10.0, 9, 8]))
    mesh = mask_to_mesh(body, place.spacing)
    vertices = mesh.vertices @ place.turn[:-1, :-1].T + place.origin
    found = compare(layer(body, place), LayerData("m", (vertices, mesh.faces), "surface"), **FAST)
    assert found["dice"] > 0.97


def test_points_of_whole_numbers_are_points():
    points = np.argwhere(np.indices((9, 9, 9)).sum(0) % 5 == 0)
    for some in (points, points[:1], points[:3]):
        whole, exact = (LayerData("p", some.astype(kind), "points", {"scale": (2.0, 1.0, 1.0)}) for kind in (int, float))
        result = compare(whole, exact, transport=False)
        assert result["compared"] == "points"
        assert result["hausdorff"] == 0
