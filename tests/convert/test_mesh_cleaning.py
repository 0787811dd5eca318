"""Meshes made by hand: what is harmless is left out and said, what is not is a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

import shapelab as sl
from shapelab.convert import Mesh, mesh_to_mask, mesh_to_points
from shapelab.convert.mesh_cleaning import clean_mesh
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.measure import euler_characteristic, mesh_area


@pytest.fixture(scope="module")
def ball():
    sphere = trimesh.creation.icosphere(subdivisions=2, radius=6)
    return Mesh(np.asarray(sphere.vertices)[:, ::-1] + 9.3, np.asarray(sphere.faces))


def _messy(ball):
    v, f = ball
    lost = np.array([[500.0, np.nan, 0.0]])
    return {
        "one comes twice": (Mesh(v, np.vstack([f, np.roll(f[:1], 1, axis=1)])), "1 triangle there twice was left out."),
        "all come twice": (Mesh(v, np.vstack([f, f])), f"{len(f)} triangles there twice were left out."),
        "both sides": (Mesh(v, np.vstack([f, f[:, ::-1]])), "once from each side"),
        "collapsed": (Mesh(v, np.vstack([f, [[0, 0, 1]]])), "1 triangle without an area was left out."),
        "unused": (Mesh(np.vstack([v, lost]), f), "1 vertex that no triangle uses was left out."),
        "loose": (Mesh(v[f].reshape(-1, 3), np.arange(f.size).reshape(-1, 3)), ""),
    }


@pytest.mark.parametrize("name", ["one comes twice", "all come twice", "both sides", "collapsed", "unused", "loose"])
def test_messy_meshes_give_the_numbers_of_the_clean_one(ball, name):
    mesh, said = _messy(ball)[name]
    right, mask = sl.measure(ball), mesh_to_mask(ball, 1.0, shape=(20, 20, 20))[0]
    found = sl.measure(mesh)
    assert {key: found[key] for key in ("volume", "area", "euler_characteristic", "closed")} == pytest.approx(
        {key: right[key] for key in ("volume", "area", "euler_characteristic", "closed")}
    )
    assert np.array_equal(mesh_to_mask(mesh, 1.0, shape=(20, 20, 20))[0], mask)
    compared = sl.compare(mesh, mask, transport=False, curvature=False)
    assert compared["dice"] == 1
    for sentences in (found["warnings"], compared["notes"]):
        assert said in " ".join(sentences)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v, f: (np.where(np.arange(len(v))[:, None] == 3, np.nan, v), f), "not finite"),
        (lambda v, f: (v[:50], f), "there are 50, counted from 0"),
        (lambda v, f: (v, f - 1), "with vertices -1"),
        (lambda v, f: (v, f.astype(float)), "whole numbers"),
        (lambda v, f: (v, f[:0]), "needs vertices"),
        (lambda v, f: (v, f[:, :2]), "needs vertices"),
        (lambda v, f: (v[:, :2], f), "needs vertices"),
    ],
)
def test_unusable_meshes_are_refused(ball, change, said):
    mesh = Mesh(*change(*ball))
    for use in (sl.measure, mesh_area, euler_characteristic, mesh_to_points, clean_mesh, lambda m: mesh_to_mask(m, 1.0)):
        with pytest.raises(InputError, match=said):
            use(mesh)
    with pytest.raises(InputError):
        sl.compare(mesh, ball)


def test_all_collapsed():
    with pytest.raises(InputError, match="collapsed"):
        sl.measure(Mesh(np.eye(3), np.array([[0, 0, 1], [2, 2, 2]])))


def test_overlapping_bodies_are_said(ball):
    v, f = ball
    two = Mesh(np.vstack([v, v + np.array([0, 0, 4])]), np.vstack([f, f + len(v)]))
    apart = Mesh(np.vstack([v, v + np.array([0, 0, 14])]), np.vstack([f, f + len(v)]))
    hollow = Mesh(np.vstack([v, (v - 9.3) / 2 + 9.3]), np.vstack([f, f[:, ::-1] + len(v)]))
    union = mesh_to_mask(two, 1.0, shape=(20, 20, 26))[0]
    assert any("overlap" in note for note in sl.measure(two)["warnings"])
    assert any("joined" in note for note in sl.compare(two, union, transport=False, curvature=False)["notes"])
    assert any("a overlap" in note for note in sl.compare(two, ball, transport=False)["notes"])
    for mesh in (ball, apart, hollow):
        assert sl.measure(mesh)["warnings"] == []
    assert sl.measure(hollow)["volume"] == pytest.approx(7 / 8 * sl.measure(ball)["volume"])


def test_open_and_inverted_surfaces_are_said(ball):
    v, f = ball
    assert "volume" not in sl.measure(Mesh(v, f[1:]))
    assert any("open" in note for note in sl.measure(Mesh(v, f[1:]))["warnings"])
    turned = np.vstack([f[1:], f[:1, ::-1]])
    assert any("face inwards" in note for note in sl.measure(Mesh(v, turned))["warnings"])
    assert sl.measure(Mesh(v, f[:, ::-1]))["warnings"] == []


def test_a_surface_layer_is_measured_in_its_unit(ball):
    layer = LayerData("ball", (ball.vertices, ball.faces), "surface", {"scale": (2.0, 1.0, 1.0), "units": ("um",) * 3})
    found, plain = sl.measure(layer), sl.measure(ball)
    assert found["unit"] == "um"
    assert found["volume"] == pytest.approx(2 * plain["volume"])
