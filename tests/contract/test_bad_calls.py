"""Random bad calls of the public functions: each ends in one sentence of ours, changes no input, and spoils no later call."""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import itertools
import pkgutil
import re
import tempfile
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from pydantic import BaseModel

import shapelab as sl
from shapelab import batch, compare, convert, crystals, foam, infer, io, measure, mesh, movies, page, transport
from shapelab.arguments import checked
from shapelab.convert.mixture import GaussianMixture
from shapelab.errors import InputError, ParameterError, ShapelabError
from shapelab.frame import LayerData
from shapelab.limits import above, at_least, between
from shapelab.mesh import closed_cells, conforming_tetrahedra, conforming_triangles, interface_mesh
from shapelab.simulation import Model

AXIS = np.arange(12) - 5.5
BALL = AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2 < 16
FIELD = np.tanh(4 - np.sqrt(AXIS[:, None, None] ** 2 + AXIS[:, None] ** 2 + AXIS**2))
LABELS = np.repeat(np.repeat(np.arange(1, 10).reshape(3, 3), 6, 0), 6, 1)


class Made:
    """What takes a while to make, made when a test first asks for it: every process that collects the tests reads this file."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.get = functools.cache(make)


def made(value: Any) -> Any:
    return value.get() if isinstance(value, Made) else value


MESH = Made(lambda: convert.mask_to_mesh(BALL))
CLOUD = compare.WeightedPoints(np.random.default_rng(0).random((20, 3)), np.ones(20))
MIXTURE = GaussianMixture(np.ones(2) / 2, np.array([[2.0, 2], [5, 5]]), np.stack([np.eye(2)] * 2), np.arange(2))
DIAGRAM = Made(lambda: measure.curvature_diagram(FIELD))
TABLE = Made(lambda: compare.cell_statistics(LABELS, details=False))
SEEDS = np.random.default_rng(1).random((4, 2)) * 16
SCAN = crystals.EbsdMap(np.tile([0.0, 0, 0, 1], (6, 6, 1)), np.ones((6, 6), int), (1.0, 1.0))
TENSIONS = Made(lambda: infer.infer_tensions(LABELS.repeat(4, 0).repeat(4, 1)))
NET = Made(lambda: interface_mesh(LABELS))
SOLID = Made(lambda: interface_mesh(np.repeat(LABELS[None], 4, axis=0)))
FITTED = Made(lambda: crystals.fit_diagram(LABELS, order=1, method="moments"))
SMALL_FOAM = Made(lambda: sl.Foam("foam_sorting", shape=(32, 32), n_cells=6, seed=1))
SMALL_TEXTURE = Made(lambda: sl.Curvatubes("tubes", shape=(8, 8, 8), seed=1, settle=0))
ATLAS = Made(batch.shipped_atlas)


def small_atlas() -> batch.Atlas:
    """Two members, cut to an eighth of their volume; runs are small, too."""
    atlas = ATLAS.get()
    members = atlas.members[:2]
    parts = [dataclasses.replace(member.shape, data=np.asarray(member.shape.data)[:24, :24, :24]) for member in members]
    cut = tuple(dataclasses.replace(member, shape=part) for member, part in zip(members, parts, strict=True))
    return dataclasses.replace(atlas, members=cut, common={**atlas.common, "shape": (16, 16, 16)})


SMALL_ATLAS = Made(small_atlas)
NEAR = np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))
_holder = tempfile.TemporaryDirectory(prefix="bad-calls-")
_folder = Path(_holder.name)
_numbers = itertools.count()
NEW = object()
"""Stands for a path that nothing has yet."""


def writing(function: Callable[..., Any], suffix: str) -> Callable[..., None]:
    """Return a function that writes, for a `NEW` path at each call."""

    @functools.wraps(function)
    def call(path: Any, **given: Any) -> None:
        function(_folder / f"{next(_numbers)}{suffix}" if path is NEW else path, **given)

    return call


def quiet(function: Callable[..., Any]) -> Callable[..., None]:
    """Return a function whose result is not looked at."""

    @functools.wraps(function)
    def call(**given: Any) -> None:
        function(**given)

    return call


def text_file(name: str, text: str) -> Path:
    file = _folder / name
    file.write_text(text)
    return file


RUN_FILE = Made(lambda: io.save_run(_folder / "run.zarr", SMALL_TEXTURE.get()))
RUN = Made(lambda: io.load_run(RUN_FILE.get()))
SPEC = text_file("sweep.toml", 'family = "curvatubes"\npreset = "tubes"\nsteps = 2\nseeds = [1]\n[parameters]\nshape = [8, 8, 8]\n')
GRAIN_FILE = text_file("grains.csv", "X_1;X_2;a;b;theta\n1;1;2;1;0\n5;5;2;2;10\n1;6;1;1;20\n")
GRAINS = Made(lambda: crystals.read_grain_table(GRAIN_FILE))
FILM = np.stack([LABELS] * 3)
WANDERING = np.stack([np.roll(np.pad(LABELS, 6), (i * i % 5, 2 * i % 7), axis=(0, 1)) for i in range(8)])
FILM6 = np.pad(np.stack([LABELS] * 6), ((0, 0), (2, 2), (2, 2)))


def diagram_file() -> Path:
    path = _folder / "diagram.json"
    FITTED.get().diagram.save(path, LABELS.shape)
    return path


DIAGRAM_FILE = Made(diagram_file)
MESH_FILE = Made(lambda: io.write_mesh(_folder / "mesh.ply", MESH.get()))
IMAGE_FILE = _folder / "image.npy"
np.save(IMAGE_FILE, LABELS)

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
    "effective_properties": (measure.effective_properties, {"mask": BALL[4:8, 4:8], "spacing": 1.0}),
    "chord_lengths": (measure.chord_lengths, {"mask": BALL, "spacing": 1.0, "axis": "x"}),
    "geodesic_tortuosity": (measure.geodesic_tortuosity, {"mask": BALL, "spacing": 1.0, "axis": "y"}),
    "two_point_correlation": (measure.two_point_correlation, {"mask": BALL, "spacing": 1.0}),
    "plan_labels": (measure.plan_labels, {"labels": LABELS, "spacing": 1.0}),
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
    "load_diagram": (quiet(crystals.load_diagram), {"path": DIAGRAM_FILE}),
    "as_movie": (quiet(movies.as_movie), {"source": FILM, "spacing": 1.0, "interval": 1.0, "unit": "um", "time_unit": "s"}),
    "estimate_motion": (
        quiet(sl.estimate_motion),
        {"movie": WANDERING, "spacing": 1.0, "interval": 1.0, "unit": "um", "time_unit": "s", "level": 0.9, "resamples": 50, "seed": 1},
    ),
    "estimate_growth": (
        quiet(sl.estimate_growth),
        {"movie": FILM6, "spacing": 1.0, "interval": 1.0, "unit": "um", "time_unit": "s", "level": 0.9, "resamples": 50, "seed": 1},
    ),
    "estimate_shape": (
        quiet(sl.estimate_shape),
        {"labels": LABELS, "spacing": 1.0, "unit": "um", "border_cells": True, "level": 0.9, "resamples": 50, "seed": 1},
    ),
    "estimate_tensions": (
        quiet(sl.estimate_tensions),
        {"labels": LABELS, "types": {int(label): int(label) % 2 for label in np.unique(LABELS)}, "spacing": 1.0, "level": 0.9},
    ),
    "render_microscopy": (
        sl.render_microscopy,
        {"source": FILM, "spacing": 1.0, "interval": 1.0, "unit": "um", "time_unit": "s", "stain": "nucleus", "photons": 50.0},
    ),
    "link_cells": (quiet(movies.link_cells), {"movie": FILM, "min_overlap": 0.3}),
    "settle_exactly": (foam.settle_exactly, {"simulation": SMALL_FOAM, "max_steps": 1}),
    "explain_tensions": (
        foam.explain_tensions,
        {"table": np.ones((2, 2)) - np.eye(2), "names": ("the medium", "the first"), "several": True, "medium": True},
    ),
    "double_bubble": (
        infer.double_bubble,
        {
            "shape": (30, 30),
            "tensions": (1.0, 1.0, 1.0),
            "radius": 6.0,
            "lean": 0.0,
            "axis": None,
            "centre": None,
            "spacing": 1.0,
        },
    ),
    "tension_options": (infer.TensionOptions, {"bump": 0.8, "smoothing": None, "prior": 0.5, "robust": 2}),
    "junction_angles": (mesh.junction_angles, {"mesh": NET, "reach": 4.0}),
    "angle_table": (mesh.angle_table, {"mesh": NET, "reach": 4.0}),
    "interface_table": (mesh.interface_table, {"mesh": NET}),
    "interface_values": (mesh.interface_values, {"mesh": SOLID, "tensions": {(1, 2): 1.0}}),
    "draw": (mesh.draw, {"mesh": SOLID, "values": None, "apart": 0.0, "beyond": None}),
    "closed_cells": (lambda mesh: len(list(closed_cells(mesh))), {"mesh": SOLID}),
    "as_periodic": (mesh.as_periodic, {"periodic": True, "ndim": 2}),
    "as_mask": (convert.as_mask, {"data": BALL, "label": None}),
    "as_field": (convert.as_field, {"data": FIELD}),
    "as_spacing": (convert.as_spacing, {"spacing": 1.0, "ndim": 2}),
    "mask_to_isotropic_field": (
        convert.mask_to_isotropic_field,
        {"mask": BALL, "spacing": 1.0, "width": 2.0, "smoothing": 2.0, "voxel_size": None, "label": None},
    ),
    "field_to_tetrahedra": (convert.field_to_tetrahedra, {"u": FIELD, "spacing": 1.0}),
    "mask_to_tetrahedra": (convert.mask_to_tetrahedra, {"mask": BALL, "spacing": 1.0, "label": None, "smoothing": 2.0, "voxel_size": None}),
    "mixture_to_diagram": (convert.mixture_to_diagram, {"mixture": MIXTURE}),
    "as_shape": (compare.as_shape, {"data": BALL, "spacing": 1.0, "unit": "", "labels": False}),
    "contact_areas": (compare.contact_areas, {"labels": LABELS, "spacing": 1.0}),
    "curvature_divergence": (
        compare.curvature_divergence,
        {"a": DIAGRAM, "b": DIAGRAM, "blur": 0.2, "reach": None, "max_points": 50},
    ),
    "gaussian_distances": (compare.gaussian_distances, {"a": MIXTURE, "b": MIXTURE}),
    "compare_movies": (
        compare.compare_movies,
        {
            "a": FILM,
            "b": FILM,
            "spacing": 1.0,
            "interval": 1.0,
            "align": "auto",
            "link": False,
            "overlaps": False,
            "bootstrap": 2,
            "seed": 0,
        },
    ),
    "orientation_order": (compare.orientation_order, {"axes": np.eye(3)}),
    "point_distances": (compare.point_distances, {"a": SEEDS, "b": SEEDS}),
    "population": (compare.population, {"table": TABLE, "exclude_border": False, "bootstrap": 10, "confidence": 0.9, "seed": 0}),
    "write_report": (
        writing(lambda path, **given: compare.write_report(given.pop("result"), path, **given), ""),
        {"path": NEW, "result": Made(lambda: sl.compare(BALL, BALL, 1.0, transport=False, curvature=False)), "figure": False},
    ),
    "diagram_projections": (measure.diagram_projections, {"diagram": DIAGRAM, "directions": 8, "quantiles": 16}),
    "unit_of": (measure.unit_of, {"name": "area", "unit": "um"}),
    "vertex_curvatures": (
        measure.vertex_curvatures,
        {"mesh": MESH, "curvatures": Made(lambda: measure.shape_operator(FIELD, 1.0)), "spacing": 1.0},
    ),
    "read_image": (io.read_image, {"path": IMAGE_FILE, "key": None, "kind": "labels", "frame": None, "channel": None}),
    "list_arrays": (io.list_arrays, {"path": IMAGE_FILE}),
    "read_mesh": (io.read_mesh, {"path": MESH_FILE}),
    "write_mesh": (writing(io.write_mesh, ".ply"), {"path": NEW, "mesh": MESH, "values": None, "colours": None}),
    "load_run": (io.load_run, {"path": RUN_FILE}),
    "save_run": (writing(io.save_run, ".zarr"), {"path": NEW, "simulation": SMALL_TEXTURE}),
    "make_page": (page.make_page, {"run": RUN, "max_size": 10.0}),
    "write_page": (writing(page.write_page, ".html"), {"path": NEW, "run": RUN, "max_size": 10.0}),
    "save_page": (writing(page.save_page, ".html"), {"path": NEW, "page": Made(lambda: page.make_page(RUN.get()))}),
    "still_page": (page.still_page, {"layers": [LayerData("cells", LABELS, "labels")], "title": "Cells", "about": "", "max_size": 10.0}),
    "is_ebsd": (crystals.is_ebsd, {"path": GRAIN_FILE}),
    "list_ebsd": (crystals.list_ebsd, {"path": GRAIN_FILE}),
    "read_grain_table": (crystals.read_grain_table, {"path": GRAIN_FILE}),
    "draw_table": (crystals.draw_table, {"table": GRAINS, "pixels": 32, "exact": False, "tolerance": 0.05}),
    "grain_report": (crystals.grain_report, {"labels": LABELS, "fit": FITTED}),
    "diagram_from_moments": (crystals.diagram_from_moments, {"moments": Made(lambda: FITTED.get().moments), "order": 1}),
    "additive_crystal": (
        crystals.additive_crystal,
        {"pixels": 48, "small_grains": 6, "lloyd": 0, "tolerance": 0.3, "seed": 0},
    ),
    "read_spec": (batch.read_spec, {"path": SPEC}),
    "clusters": (batch.clusters, {"distances": NEAR, "count": 2}),
    "plane": (batch.plane, {"distances": NEAR, "method": "mds"}),
    "weights_at": (batch.weights_at, {"place": (0.5, 0.5), "places": SEEDS, "nearest": 2}),
    "between": (batch.between, {"parameters": [{"a": 1.0}, {"a": 2.0}], "weights": (0.5, 0.5)}),
    "member_table": (batch.member_table, {"atlas": ATLAS, "members": (0, 1)}),
    "compare_groups": (batch.compare_groups, {"atlas": ATLAS, "a": (0, 1, 2), "b": (3, 4, 5)}),
    "thumbnail": (batch.thumbnail, {"shape": Made(lambda: SMALL_TEXTURE.get().frame().layer("field")), "size": 16, "colour": (1, 2, 3)}),
    "fit_texture": (
        batch.fit_texture,
        {
            "mask": BALL,
            "spacing": 1.0,
            "atlas": SMALL_ATLAS,
            "volume_fraction": 0.2,
            "trials": 0,
            "steps": 1,
        },
    ),
    "Foam": (sl.Foam, {"labels": LABELS, "tensions": None, "types": None, "volumes": None, "background": "none", "seed": 1}),
    "Foam preset": (sl.Foam, {"n_cells": 6, "shape": (32, 32), "first": 1.0, "motility": 0.0, "seed": 1}),
    "Cells": (sl.Cells, {"n_cells": 6, "shape": (32, 32), "seed": 1, "initial": None}),
    "Curvatubes": (sl.Curvatubes, {"shape": (8, 8, 8), "seed": 1, "initial": None, "mass": -0.4}),
    "Solver": (
        transport.Solver,
        {
            "domain": transport.Domain((16, 16), (1.0, 1.0), (False, False), None),
            "seeds": SEEDS,
            "volumes": np.full(4, 64.0),
            "cost": None,
            "tolerance": 0.1,
            "max_tolerance": None,
            "counting": "labels",
            "method": "newton",
            "exact": False,
            "device": "cpu",
            "dtype": "float64",
        },
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


ELSEWHERE = {
    "cli.main": "takes a command line; tests/cli",
    "catalog": "takes nothing",
    "Simulation": "what Curvatubes, Cells and Foam are",
    "batch.shipped_atlas": "takes nothing",
    "batch.sweep": "takes a spec and starts processes; tests/batch",
    "batch.table_of_folder": "starts processes; tests/cli/test_folders.py",
    "batch.load_sweep": "takes a folder that a sweep has made; tests/batch",
    "batch.open_atlas": "takes a folder that a sweep has made; tests/batch",
    "batch.counts": "takes the table of a sweep; tests/batch",
    "batch.member_distances": "takes a second for each pair; tests/batch",
    "movies.measure_over_time": "what it takes, as_movie checks; tests/movies",
    "fit_cells": "takes a movie, which as_movie checks, and seconds for each call; tests/estimate",
    "estimate.fit_cells": "takes a movie, which as_movie checks, and seconds for each call; tests/estimate",
    "crystals.stack_ebsd": "maps of files; tests/crystals",
    "crystals.read_ebsd": "files; scripts/damaged_ebsd.py, tests/crystals",
    "io.RunWriter": "what save_run uses",
    "compare.compare": "sl.compare",
    "measure.measure": "sl.measure",
    "mesh.closed_cells": "called above",
    "compare.write_report": "called above",
}
"""Public callables that are not among `GOOD`, and why."""


RECORDS = (tuple, BaseModel, Model, Exception, enum.Enum)
"""Classes that check nothing of what they are made of, or have pydantic do it."""


def public() -> dict[str, Callable[..., Any]]:
    """Return the functions of `shapelab` and its packages, and the classes that are more than records, by name."""
    found: dict[str, Callable[..., Any]] = {}
    for name in ("", *(module.name for module in pkgutil.iter_modules(sl.__path__) if module.ispkg)):
        package = import_module(f"shapelab.{name}".rstrip("."))
        for entry in getattr(package, "__all__", ()):
            item = getattr(package, entry)
            record = inspect.isclass(item) and (
                dataclasses.is_dataclass(item) or issubclass(item, tuple | BaseModel | Model | Exception | enum.Enum)
            )
            if callable(item) and not record:
                found[f"{name}.{entry}".lstrip(".")] = item
    return found


def innermost(function: Any) -> Any:
    return inspect.unwrap(function.__init__ if inspect.isclass(function) else function)


def test_every_public_callable_gets_bad_calls():
    called = {innermost(function) for function, _ in GOOD.values()}
    missing = {name for name, item in public().items() if innermost(item) not in called} - set(ELSEWHERE)
    assert not missing, f"add them to GOOD (or to ELSEWHERE, with the reason): {sorted(missing)}"
    assert set(ELSEWHERE) <= set(public()), "ELSEWHERE names what there is not"


def told(result: object) -> str:
    """Return what a result says of itself, without where it lies in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(result))[:200]


@pytest.mark.parametrize("name", GOOD)
def test_bad_calls_end_in_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a text may be taken for the name of a file to make
    function, good = GOOD[name][0], {parameter: made(value) for parameter, value in GOOD[name][1].items()}
    rng = np.random.default_rng(sum(map(ord, name)))
    before = snapshot(good)
    first = told(function(**good))
    for parameter in good:
        for i in rng.permutation(len(BAD))[:20]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    function(**{**good, parameter: made(BAD[i])})
                except ShapelabError as error:
                    if not 10 < len(str(error)) < 500:
                        raise AssertionError(f"{name}({parameter}={made(BAD[i])!r}) is no sentence: {error}") from error
                except Exception as error:
                    raise AssertionError(f"{name}({parameter}={made(BAD[i])!r}) ended in {type(error).__name__}: {error}") from error
    assert snapshot(good) == before
    assert told(function(**good)) == first


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


class Film(NotNumPy):
    """One whose first axis is time."""

    @property
    def data(self) -> np.ndarray:
        return self.values

    def isel(self, which: dict[str, int]) -> NotNumPy:
        ((first, frame),) = which.items()
        assert first == self.dims[0]
        still = NotNumPy(
            self.values[frame], dict.fromkeys(self.dims[1:], 0.0), dict.fromkeys(self.dims[1:], 1.0), dict.fromkeys(self.dims[1:], "")
        )
        still.coords = {axis: self.coords[axis] for axis in self.dims[1:]}
        return still


def test_coordinates_of_time_make_a_movie():
    stripes = np.stack([np.roll(np.repeat(np.arange(1, 4), 4)[:, None] * np.ones((1, 12), int), i, 0) for i in range(3)])
    film = Film(stripes, {"time": 10.0, "y": 0.0, "x": 0.0}, {"time": 2.0, "y": 0.5, "x": 0.5}, {"time": "min", "y": "um", "x": "um"})
    movie = movies.as_movie(film)
    assert movie.times.tolist() == [10, 12, 14]
    assert (movie.unit, movie.time_unit, movie.spacing) == ("um", "min", (0.5, 0.5))
    film.coords["time"].values = np.datetime64("2026-01-01") + np.arange(3) * np.timedelta64(90, "s")
    assert movies.as_movie(film).times.tolist() == [0, 90, 180]
    del film.coords["time"]
    assert movies.as_movie(film).time_unit == "frame"


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
    with pytest.raises(InputError, match="2 axes and states 3 units"):
        sl.measure((stripes, {"units": ("um", "nm", "um")}, "labels"))
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
        (lambda: sl.Foam(labels=LABELS, types="a"), "types = 'a' is not allowed"),
        (lambda: sl.Foam(seed="a"), "between 0 and 2,147,483,647"),
    ):
        with pytest.raises(ShapelabError, match=re.escape(said)):
            call()
