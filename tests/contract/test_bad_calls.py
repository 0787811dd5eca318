"""Random bad calls of the public functions: each ends in one sentence of ours, changes no input, and spoils no later call."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest

import shapelab as sl
from shapelab import compare, convert, crystals, infer, measure, transport
from shapelab.arguments import checked
from shapelab.convert.mixture import GaussianMixture
from shapelab.errors import InputError, ParameterError, ShapelabError
from shapelab.frame import LayerData
from shapelab.limits import above, at_least, between
from shapelab.mesh import conforming_tetrahedra, conforming_triangles, interface_mesh

AXIS = np.arange(12) - 5.5
BALL = AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2 < 16
FIELD = np.tanh(4 - np.sqrt(AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2))
LABELS = np.repeat(np.repeat(np.arange(1, 10).reshape(3, 3), 6, 0), 6, 1)
MESH = convert.mask_to_mesh(BALL)
CLOUD = compare.WeightedPoints(np.random.default_rng(0).random((20, 3)), np.ones(20))
MIXTURE = GaussianMixture(np.ones(2) / 2, np.array([[2.0, 2], [5, 5]]), np.stack([np.eye(2)] * 2), np.arange(2))
DIAGRAM = measure.curvature_diagram(FIELD)
TABLE = compare.cell_statistics(LABELS, details=False)
SEEDS = np.random.default_rng(1).random((4, 2)) * 16
SCAN = crystals.EbsdMap(np.tile([0.0, 0, 0, 1], (6, 6, 1)), np.ones((6, 6), int), (1.0, 1.0))
TENSIONS = infer.infer_tensions(LABELS)

GOOD: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "measure": (
        sl.measure,
        {"x": BALL, "spacing": 1.0, "unit": "um", "label": None, "smoothing": 2.0, "eps": None, "boundary": "replicate"},
    ),
    "measure_labels": (measure.measure_labels, {"labels": LABELS, "spacing": 1.0}),
    "curvature_diagram": (
        measure.curvature_diagram,
        {
            "x": FIELD,
            "spacing": 1.0,
            "estimator": "shape operator",
            "eps": None,
            "bins": 20,
            "limits": None,
            "smoothing": 2.0,
            "boundary": "periodic",
        },
    ),
    "diagram_distance": (measure.diagram_distance, {"a": DIAGRAM, "b": DIAGRAM, "directions": 8, "quantiles": 16}),
    "diffuse_curvatures": (measure.diffuse_curvatures, {"u": FIELD, "spacing": 1.0, "eps": 1.0, "boundary": "replicate"}),
    "shape_operator": (measure.shape_operator, {"u": FIELD, "spacing": 1.0, "boundary": "replicate"}),
    "line_curvature": (measure.line_curvature, {"u": FIELD[6], "spacing": 1.0, "boundary": "replicate"}),
    "local_thickness": (measure.local_thickness, {"mask": BALL, "spacing": 1.0, "levels": 4}),
    "euler_characteristic": (measure.euler_characteristic, {"mesh": MESH}),
    "mesh_area": (measure.mesh_area, {"mesh": MESH}),
    "compare": (
        sl.compare,
        {
            "a": BALL,
            "b": BALL,
            "spacing": 1.0,
            "spacing_b": None,
            "unit": "",
            "transport": False,
            "curvature": False,
            "statistics": True,
            "blur": None,
            "reach": None,
            "tolerance": None,
            "max_points": 50,
            "exclude_border": True,
            "seed": 0,
        },
    ),
    "difference": (compare.difference, {"a": LABELS, "b": LABELS, "spacing": 1.0, "spacing_b": None, "name": "d"}),
    "dice": (compare.dice, {"a": BALL, "b": BALL}),
    "iou": (compare.iou, {"a": BALL, "b": BALL}),
    "adjusted_rand": (compare.adjusted_rand, {"a": LABELS, "b": LABELS}),
    "variation_of_information": (compare.variation_of_information, {"a": LABELS, "b": LABELS}),
    "match_labels": (compare.match_labels, {"a": LABELS, "b": LABELS}),
    "boundary_f1": (compare.boundary_f1, {"a": LABELS, "b": LABELS, "spacing": 1.0, "tolerance": None}),
    "mask_distances": (compare.mask_distances, {"a": BALL, "b": BALL, "spacing": 1.0}),
    "cell_statistics": (compare.cell_statistics, {"labels": LABELS, "spacing": 1.0, "unit": "", "details": False}),
    "compare_populations": (
        compare.compare_populations,
        {"a": TABLE, "b": TABLE, "exclude_border": False, "bootstrap": 10, "confidence": 0.9, "seed": 0},
    ),
    "mesh_distances": (compare.mesh_distances, {"a": MESH, "b": MESH, "samples": 50, "seed": 0}),
    "mesh_volume": (compare.mesh_volume, {"mesh": MESH}),
    "mixture_distance": (compare.mixture_distance, {"a": MIXTURE, "b": MIXTURE}),
    "sinkhorn_divergence": (
        compare.sinkhorn_divergence,
        {"a": CLOUD, "b": CLOUD, "blur": 0.2, "reach": None, "scaling": 0.5, "max_points": 50, "normalise": True},
    ),
    "field_to_mask": (convert.field_to_mask, {"u": FIELD}),
    "field_to_mesh": (convert.field_to_mesh, {"u": FIELD, "spacing": 1.0, "closed": True, "smoothing": 0, "slab": 16}),
    "mask_to_field": (
        convert.mask_to_field,
        {"mask": BALL, "spacing": 1.0, "eps": None, "smoothing": 2.0, "label": None, "boundary": "replicate"},
    ),
    "mask_to_mesh": (convert.mask_to_mesh, {"mask": BALL, "spacing": 1.0, "label": None, "smoothing": 2.0, "closed": True}),
    "mask_to_mixture": (convert.mask_to_mixture, {"mask": BALL, "components": 2, "spacing": 1.0, "label": None, "seed": 0}),
    "labels_to_mixture": (convert.labels_to_mixture, {"labels": LABELS, "spacing": 1.0}),
    "mixture_to_labels": (convert.mixture_to_labels, {"mixture": MIXTURE, "shape": (8, 8), "spacing": 1.0, "inside": None}),
    "mesh_to_mask": (convert.mesh_to_mask, {"mesh": MESH, "spacing": 1.0, "shape": None, "origin": None}),
    "mesh_to_points": (convert.mesh_to_points, {"mesh": MESH}),
    "points_to_mask": (convert.points_to_mask, {"points": SEEDS, "spacing": 1.0, "radius": 4.0, "shape": None, "origin": None}),
    "resample_isotropic": (convert.resample_isotropic, {"data": BALL, "spacing": (2.0, 1.0, 1.0), "voxel_size": None}),
    "signed_distance": (convert.signed_distance, {"mask": BALL, "spacing": 1.0}),
    "smooth_mesh": (convert.smooth_mesh, {"mesh": MESH, "iterations": 2}),
    "solve_cells": (
        sl.solve_cells,
        {
            "seeds": SEEDS,
            "volumes": np.full(4, 64.0),
            "shape": (16, 16),
            "spacing": 1.0,
            "tolerance": 0.02,
            "periodic": False,
            "mask": None,
            "counting": "labels",
            "method": "newton",
            "exact": False,
        },
    ),
    "fit_diagram": (
        sl.fit_diagram,
        {"labels": LABELS, "order": 1, "spacing": 1.0, "periodic": False, "method": "moments", "exact_volumes": False, "effort": 0.1},
    ),
    "generate_crystal": (
        sl.generate_crystal,
        {
            "n_grains": 4,
            "shape": (16, 16),
            "spacing": 1.0,
            "volumes": "lognormal",
            "sigma": 0.3,
            "anisotropy": 0.1,
            "exclusion": 0.3,
            "lloyd": 1,
            "periodic": False,
            "tolerance": 0.05,
            "seed": 0,
        },
    ),
    "compare_neighbours": (crystals.compare_neighbours, {"first": LABELS, "second": LABELS, "spacing": 1.0, "periodic": False}),
    "boundary_misorientations": (
        crystals.boundary_misorientations,
        {"labels": LABELS, "orientations": np.tile(np.eye(4)[0], (9, 1)), "symmetries": None, "spacing": 1.0, "periodic": False},
    ),
    "misorientation": (crystals.misorientation, {"a": np.eye(4)[:2], "b": np.eye(4)[1:3], "symmetry": "cubic"}),
    "ipf_colours": (crystals.ipf_colours, {"orientations": np.eye(4)[:2], "direction": (0, 0, 1), "symmetry": "cubic"}),
    "segment_grains": (crystals.segment_grains, {"scan": SCAN, "threshold": 5.0, "min_pixels": 1, "fill": True}),
    "find_grains": (crystals.find_grains, {"scan": SCAN, "threshold": 5.0, "min_pixels": 1, "fill": True}),
    "grain_orientations": (crystals.grain_orientations, {"scan": SCAN, "labels": np.ones((6, 6), np.int32)}),
    "infer_tensions": (infer.infer_tensions, {"labels_or_mesh": LABELS, "spacing": 1.0, "periodic": False, "options": None}),
    "infer_tensions_over_time": (
        infer.infer_tensions_over_time,
        {"frames": [LABELS], "spacing": 1.0, "periodic": False, "options": None, "width": 1.0},
    ),
    "tension_classes": (infer.tension_classes, {"tensions": TENSIONS, "most": 3}),
    "tensions_of_pairs": (infer.tensions_of_pairs, {"tensions": TENSIONS, "types": None, "by_type": False}),
    "cell_types": (infer.cell_types, {"tensions": TENSIONS, "most": 3, "seed": 0}),
    "plan_tensions": (infer.plan_tensions, {"labels": LABELS, "spacing": 1.0}),
    "interface_mesh": (interface_mesh, {"labels": LABELS, "spacing": 1.0, "periodic": False, "smoothing": None, "closed": True}),
    "conforming_tetrahedra": (
        conforming_tetrahedra,
        {"labels": np.ones((4, 4, 4), int), "spacing": 1.0, "size": 4.0, "inner_size": 6.0, "periodic": False, "background": True},
    ),
    "conforming_triangles": (
        conforming_triangles,
        {"labels": LABELS, "spacing": 1.0, "size": 4.0, "periodic": False, "background": True},
    ),
    "domain": (transport.Domain, {"shape": (8, 8), "spacing": (1.0, 1.0), "periodic": (False, False), "mask": None}),
}

BAD: list[Any] = [
    None,
    True,
    False,
    -1,
    0,
    1.5,
    -0.5,
    7,
    float("nan"),
    float("inf"),
    -float("inf"),
    1e300,
    10**30,
    "",
    "perodic",
    b"x",
    object(),
    [],
    (),
    {},
    set(),
    [1, "a"],
    (1, 2),
    (0, 0),
    (-1.0, 1.0),
    (float("nan"),) * 3,
    [[1, 2], [3]],
    lambda: 0,
    slice(3),
    3j,
    Ellipsis,
    int,
    np.zeros(0),
    np.zeros((2, 2)),
    np.ones((1, 1, 1)),
    np.zeros((3, 3, 3), bool),
    np.ones((4, 4), bool),
    np.full((3, 3), np.nan),
    np.full((3, 3), -4),
    np.array(["a", "b"]),
    np.array([object()]),
    np.zeros((2, 2), complex),
    np.ones((2, 2, 2, 2)),
    np.datetime64("2020-01-01"),
    np.arange(6).reshape(2, 3),
    np.ma.masked_array(np.ones((5, 5), int), mask=np.eye(5, dtype=bool)),
    np.arange(64, dtype=">i4").reshape(4, 4, 4),
    np.full((3, 3), 2**63, np.uint64),
    np.full((4, 4), np.inf),
    np.float64(3.0),
    np.int8(2),
    MESH,
    CLOUD,
    DIAGRAM,
    TABLE,
    MIXTURE,
    "um",
    "cubic",
    "newton",
]


def snapshot(values: dict[str, Any]) -> dict[str, bytes]:
    return {name: np.asarray(value).tobytes() for name, value in values.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("name", GOOD)
def test_bad_calls_end_in_a_sentence(name):
    function, good = GOOD[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    before = snapshot(good)
    first = repr(function(**good))[:200]
    for parameter in good:
        for i in rng.permutation(len(BAD))[:20]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    function(**{**good, parameter: BAD[i]})
                except ShapelabError as error:
                    if not 10 < len(str(error)) < 500:
                        raise AssertionError(f"{name}({parameter}={BAD[i]!r}) is no sentence: {error}") from error
                except Exception as error:
                    raise AssertionError(f"{name}({parameter}={BAD[i]!r}) ended in {type(error).__name__}: {error}") from error
    assert snapshot(good) == before
    assert repr(function(**good))[:200] == first


@checked(order=between(1, 8), tolerance=above(0), steps=at_least(0))
def example(
    order: int = 2, tolerance: float | None = None, steps: int = 3, closed: bool = True, axes: tuple[float, float] = (0.0, 1.0)
) -> tuple[Any, ...]:
    return order, tolerance, steps, closed, axes


@pytest.mark.parametrize(
    "bad",
    [
        {"order": True},
        {"order": 0},
        {"order": 9},
        {"order": 1.5},
        {"order": "2"},
        {"tolerance": 0},
        {"tolerance": np.nan},
        {"tolerance": np.inf},
        {"steps": -1},
        {"closed": 1},
        {"closed": "yes"},
        {"axes": (1.0,)},
        {"axes": "ab"},
        {"axes": (1.0, np.inf)},
        {"colour": 1},
    ],
)
def test_validator_refuses_in_words(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        example(**bad)


def test_validator_takes_what_is_meant():
    assert example(order=np.int64(3), tolerance=np.float32(0.5), steps=2.0, closed=np.True_, axes=[1, 2]) == (3, 0.5, 2, True, (1.0, 2.0))


def test_masked_pixels_are_background():
    labels = np.ma.masked_array(LABELS, mask=LABELS == 3)
    assert 3 not in measure.measure_labels(labels).index.to_list()


def test_foreign_byte_order_and_other_arrays_of_numbers():
    native = measure.measure_labels(LABELS)
    for other in (LABELS.astype(">i4"), LABELS.astype(">u8"), np.asfortranarray(LABELS)):
        assert measure.measure_labels(other).equals(native)
    assert measure.measure_labels(da.from_array(LABELS)).equals(native)


def test_complex_numbers_are_refused():
    with pytest.raises(InputError, match="complex"):
        sl.measure(np.zeros((4, 4), complex))


class Labelled(np.ndarray):
    """What shapelab uses of an xarray DataArray, which is not among the dependencies."""

    dims = ("z", "y", "x")

    @property
    def values(self) -> np.ndarray:
        return np.asarray(self)


class Coordinate:
    def __init__(self, values: np.ndarray, units: str = "") -> None:
        self.values, self.attrs = values, {"units": units}

    def __len__(self) -> int:
        return len(self.values)


def labelled(steps: tuple[float, float, float], dims: tuple[str, ...] = ("z", "y", "x"), units: str = "um") -> Labelled:
    array = BALL.view(Labelled)
    array.dims, array.attrs = dims, {}
    array.coords = {axis: Coordinate(np.arange(12) * step + 3, units) for axis, step in zip(dims, steps, strict=True)}
    return array


class NotNumPy:
    """The same, of a class of its own, as xarray's is."""

    def __init__(self, data: np.ndarray, starts: dict[str, float], steps: dict[str, float], units: dict[str, str]) -> None:
        self.values, self.dims, self.attrs = data, tuple(starts), {}
        self.coords = {
            axis: Coordinate(starts[axis] + np.arange(n) * steps[axis], units[axis]) for axis, n in zip(starts, data.shape, strict=True)
        }

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.values

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype


def test_coordinates_count_in_every_family():
    stripes = np.repeat(np.arange(1, 4), 4)[:, None] * np.ones((1, 12), int)
    array = NotNumPy(stripes, {"x": 100.0, "y": 0.0}, {"x": 2.0, "y": -500.0}, {"x": "micrometers", "y": "nm"})
    table = sl.measure(array)
    assert table["area"].tolist() == pytest.approx([48e6] * 3)
    assert np.allclose(table["centroid_x"], [103e3, 111e3, 119e3])
    assert np.allclose(table["centroid_y"], -2750)
    assert table.attrs["unit"] == "nm"
    sizes = (2000.0, 500.0)
    assert sl.compare(array, array, transport=False)["spacing"] == pytest.approx(sizes)
    assert sl.infer_tensions(array).mesh.spacing == pytest.approx(sizes)
    assert sl.fit_diagram(array, 1, method="moments").spacing == pytest.approx(sizes)
    assert sl.Cells(initial=array).parameters.voxel_size == pytest.approx(sizes)
    assert sl.Foam(initial=array).parameters.voxel_size == pytest.approx(sizes)


def test_a_layer_of_the_viewer_is_taken_with_all_that_places_it():
    stripes = np.repeat(np.arange(1, 4), 4)[:, None] * np.ones((1, 12), int)
    turned = {"scale": (2.0, 3.0), "rotate": np.array([[0.0, -1.0], [1.0, 0.0]]), "shear": np.zeros(1), "units": ("um", "um")}
    table = sl.measure((stripes, turned, "labels"))
    assert table["area"].tolist() == pytest.approx([288.0] * 3)
    assert np.allclose(table[["centroid_y", "centroid_x"]], [[-16.5, 3], [-16.5, 11], [-16.5, 19]])
    sheared = (stripes, {**turned, "shear": np.array([0.5])}, "labels")
    assert any("sheared" in note for note in sl.infer_tensions(sheared).notes)
    with pytest.raises(InputError, match="rotation"):
        sl.measure((np.ones((9, 9, 9), bool), {"rotate": (10, 20, 30)}, "labels"))


def test_coordinates_of_the_array_are_used():
    found = sl.measure(labelled((2.0, 0.5, 0.5)))
    assert found["volume"] == pytest.approx(BALL.sum() * 0.5)
    with pytest.raises(InputError, match="time"):
        sl.measure(labelled((1.0, 1.0, 1.0), dims=("time", "y", "x")))
    uneven = labelled((1.0, 1.0, 1.0))
    uneven.coords["y"].values[3] += 0.4
    with pytest.raises(InputError, match="evenly"):
        sl.measure(uneven)


def test_masked_labels_are_background_in_every_family():
    cells = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((10, 10), int))
    masked = np.ma.masked_array(cells, mask=cells == 5)
    for source in (masked, LayerData("a", masked, "labels")):
        assert sl.Foam(labels=source).parameters.n_cells == 8
        assert sl.Cells(initial=source).parameters.n_cells == 8
        assert 5 not in sl.infer_tensions(source).mesh.ids


def test_runs_and_foams_are_asked_for_in_words():
    foam = sl.Foam("double_bubble")
    for call, said in (
        (lambda: foam.run(steps="a"), "steps = 'a'"),
        (lambda: foam.run(steps=2, every=1.5), "every = 1.5"),
        (lambda: sl.foam.settle_exactly(3), "must be a Simulation"),
        (lambda: sl.Foam(labels=LABELS, types="a"), "types must be a dictionary"),
        (lambda: sl.Foam(seed="a"), "between 0 and 2,147,483,647"),
    ):
        with pytest.raises(ShapelabError, match=re.escape(said)):
            call()
