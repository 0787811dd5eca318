"""Atlases: kept and read again, distances, maps, clusters, thumbnails, and parameters in between."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from shapelab.batch import (
    Atlas,
    SweepSpec,
    between,
    clusters,
    compare_groups,
    member_distances,
    member_table,
    open_atlas,
    plane,
    shipped_atlas,
    thumbnail,
    weights_at,
)
from shapelab.batch.atlas import _about
from shapelab.batch.layout import stress
from shapelab.batch.member import MEMBERS, Outcome, run_member
from shapelab.batch.sweep import PLAN
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.measure import curvature_diagram, diagram_distance


@pytest.fixture(scope="module")
def atlas():
    return shipped_atlas()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sweep of three tiny textures, made without a cluster."""
    root = tmp_path_factory.mktemp("sweep")
    spec = SweepSpec.make(family="curvatubes", steps=40, parameters={"shape": [20] * 3}, grid={"mass": [-0.6, -0.4, -0.2]}, seeds=[1])
    (root / MEMBERS).mkdir()
    (root / PLAN).write_text(json.dumps({"format": "shapelab sweep", "version": 1, **spec.model_dump(mode="json")}))
    for member in spec.all_members():
        assert run_member(str(root), spec, member).status == "done"
    return root


def ball(n=24, radius=8.0):
    axis = np.arange(n) - (n - 1) / 2
    r = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    return np.tanh((radius - r) / (np.sqrt(2) * 2)).astype(np.float32)


def test_the_shipped_atlas_is_alive(atlas):
    assert len(atlas) >= 40
    assert all(member.diagram is not None and 0 < member.mask.mean() < 1 for member in atlas.members)
    member = atlas.members[0]
    simulation = atlas.simulation(member.parameters)
    assert simulation.parameters.shape == member.shape.data.shape
    assert simulation.parameters.mass == member.parameters["mass"]
    share = np.array([item.mask.mean() for item in atlas.members])
    np.testing.assert_allclose(share, [item.observables["volume_fraction"] for item in atlas.members], atol=1e-6)


def test_a_sweep_becomes_an_atlas_and_a_file(folder, tmp_path):
    counted = []
    atlas = open_atlas(folder, progress=lambda done, total: counted.append((done, total)))
    assert counted == [(1, 3), (2, 3), (3, 3)]
    assert [member.parameters["mass"] for member in atlas.members] == [-0.6, -0.4, -0.2]
    again = open_atlas(atlas.save(tmp_path / "small.npz"))
    assert again.family == "curvatubes"
    assert [dict(m.parameters) for m in again.members] == [dict(m.parameters) for m in atlas.members]
    for one, two in zip(atlas.members, again.members, strict=True):
        np.testing.assert_array_equal(one.shape.data, two.shape.data)
        assert list(one.shape.meta["scale"]) == list(two.shape.meta["scale"])
    np.testing.assert_allclose(member_distances(again), member_distances(atlas), rtol=2e-2, atol=0.05)


def test_files_that_are_no_atlas_are_refused(folder, tmp_path):
    (tmp_path / "text.npz").write_text("no")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "objects.npz", **{"atlas.json": np.array([{}], dtype=object)})
    for name in ("text.npz", "other.npz", "objects.npz", "missing.npz"):
        with pytest.raises(InputError, match=name):
            Atlas.load(tmp_path / name)
    with pytest.raises(InputError, match="no sweep"):
        open_atlas(tmp_path)


def test_a_reduced_diagram_keeps_the_distances_of_the_whole_one():
    from shapelab.batch.diagrams import reduced

    a, b = (curvature_diagram(ball(radius=r), 0.01) for r in (6.0, 9.0))
    whole, small = diagram_distance(a, b), diagram_distance(reduced(a, 0.01), reduced(b, 0.01))
    assert small == pytest.approx(whole, rel=0.1)
    assert reduced(a, 0.01).k1.size <= 400
    assert reduced(a, 0.01).mean == pytest.approx(a.mean, rel=0.02)


def test_distances_agree_with_the_measure_and_between_metrics(atlas):
    few = Atlas(atlas.family, atlas.preset, atlas.common, atlas.members[:8])
    sliced = member_distances(few)
    direct = diagram_distance(few.members[1].diagram, few.members[5].diagram)
    assert sliced[1, 5] == pytest.approx(direct, rel=0.02)
    counted = []
    sinkhorn = member_distances(few, "sinkhorn", progress=lambda done, total: counted.append(done))
    observables = member_distances(few, "observables")
    assert counted[-1] == 28
    upper = np.triu_indices(8, 1)
    assert np.corrcoef(sliced[upper], sinkhorn[upper])[0, 1] > 0.8
    for d in (sliced, sinkhorn, observables):
        assert (d[upper] > 0).all()
        np.testing.assert_allclose(d, d.T)


def test_maps_keep_flat_distances_and_mds_is_no_worse_than_pca(atlas):
    points = np.random.default_rng(1).normal(size=(20, 2)) * (3, 1)
    flat = squareform(pdist(points))
    assert stress(flat, plane(flat, "pca")) < 1e-9
    distances = member_distances(atlas)
    assert stress(distances, plane(distances, "mds")) <= stress(distances, plane(distances, "pca"))
    np.testing.assert_array_equal(plane(distances), plane(distances))
    assert plane(np.array([[0.0, 2.0], [2.0, 0.0]])).shape == (2, 2)
    with pytest.raises(InputError, match="symmetric"):
        plane(np.array([[0.0, 2.0], [1.0, 0.0]]))


def test_clusters_find_separate_groups():
    rng = np.random.default_rng(2)
    points = np.concatenate([rng.normal(size=(12, 2)), rng.normal(size=(7, 2)) + 40, rng.normal(size=(3, 2)) - 60])
    labels = clusters(squareform(pdist(points)), 3)
    assert [set(part) for part in np.split(labels, (12, 19))] == [{0}, {1}, {2}]
    assert set(clusters(squareform(pdist(points)), 1)) == {0}


def test_a_thumbnail_shows_a_ball_in_its_middle_and_cells_in_colours(atlas):
    picture = thumbnail(LayerData("field", ball(), "image"), 48)
    rows, columns = np.nonzero(picture[..., 3])
    assert rows.mean() == pytest.approx(23.5, abs=1.5)
    assert columns.mean() == pytest.approx(23.5, abs=1.5)
    brightness = picture[..., 0].astype(float)
    assert brightness[12:24, 12:24].mean() > brightness[26:36, 26:36].mean(), "the light comes from the upper left"
    cells = np.zeros((30, 40), int)
    cells[5:15, 5:15], cells[15:25, 20:35] = 1, 2
    flat = thumbnail(LayerData("cells", cells, "labels"), 40)
    assert len(np.unique(flat[flat[..., 3] > 0], axis=0)) == 2
    assert not thumbnail(LayerData("field", -np.ones((8, 8, 8)), "image"), 16).any()


def test_parameters_in_between():
    one, two = {"mass": -0.6, "seed": 1, "start": "noise"}, {"mass": -0.2, "seed": 9, "start": "waves"}
    mixed = between([one, two], [1, 3])
    assert mixed == {"mass": pytest.approx(-0.3), "seed": 9, "start": "waves"}
    with pytest.raises(InputError, match="at least one"):
        between([], [])
    places = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0], [50.0, 50.0]])
    index, weights = weights_at((1.0, 0.0), places)
    assert set(index) == {0, 1, 2}
    assert weights.sum() == pytest.approx(1)
    assert weights[list(index).index(0)] == pytest.approx(weights[list(index).index(1)])
    assert weights_at((2.0, 0.0), places)[0].tolist() == [1]


def test_cells_make_an_atlas_by_their_observables(tmp_path):
    spec = SweepSpec.make(family="cells", preset="relaxation", steps=2, parameters={"shape": [40, 40], "n_cells": 5}, seeds=[1, 2, 3])
    (tmp_path / MEMBERS).mkdir()
    (tmp_path / PLAN).write_text(json.dumps({"format": "shapelab sweep", "version": 1, **spec.model_dump(mode="json")}))
    for member in spec.all_members():
        run_member(str(tmp_path), spec, member)
    atlas = open_atlas(tmp_path)
    assert atlas.members[0].shape.kind == "labels"
    with pytest.raises(InputError, match="observables"):
        member_distances(atlas)
    assert member_distances(atlas, "observables").shape == (3, 3)
    assert open_atlas(atlas.save(tmp_path / "cells.npz")).members[2].shape.kind == "labels"


def test_groups_differ_most_in_what_tells_them_apart(atlas):
    masses = np.array([member.parameters["mass"] for member in atlas.members])
    order = np.argsort(masses)
    table = compare_groups(atlas, order[:20].tolist(), order[-20:].tolist())
    assert table.loc["mass", "ks"] == 1.0
    assert table["ks"].is_monotonic_decreasing
    assert table.loc["mass", "mean_a"] == pytest.approx(masses[order[:20]].mean())
    others = compare_groups(atlas, order[:20].tolist())
    assert others.attrs["cells_b"] == len(atlas) - 20
    assert len(member_table(atlas, [0, 1])) == 2
    with pytest.raises(InputError, match="two shapes"):
        compare_groups(atlas, [0])


@pytest.mark.parametrize(
    ("statuses", "planned", "sentence"),
    [
        (["done"] * 6, 6, "All 6 members of the sweep s."),
        (["done"], 1, "The only member of the sweep s."),
        (["done"] * 4 + ["failed", "not viable"], 8, "4 of 8 members of the sweep s (1 failed, 1 not viable, 2 not computed yet)."),
        (["done", "failed"], 2, "1 of 2 members of the sweep s (1 failed)."),
    ],
)
def test_an_atlas_says_what_became_of_the_others(statuses, planned, sentence):
    results = [Outcome(name=f"m{index}", status=status, reason="", parameters={}) for index, status in enumerate(statuses)]
    assert _about("s", results, planned) == sentence
