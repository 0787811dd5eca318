"""Meshes, points and arrows in pages: what is read from them, and what is seen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from chromium import opened
from short_runs import kept

import shapelab as sl
from shapelab.cli import main
from shapelab.convert import field_to_mesh, mask_to_mesh
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io import write_mesh
from shapelab.page import make_page, save_page, still_page

SHOW = "window.shapelab.show"
PIXELS = f"""
(() => {{ const s = {SHOW}; s.draw(1); const gl = s.graphics.gl; const [w, h] = [s.canvas.width, s.canvas.height];
 const bytes = new Uint8Array(4 * w * h); gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
 const stage = s.colours.stage.map(c => Math.round(255 * c)); let covered = 0;
 for (let k = 0; k < w * h; k++) if ([0, 1, 2].some(c => Math.abs(bytes[4 * k + c] - stage[c]) > 2)) covered += 1;
 return covered * s.view.scale ** 2; }})()
"""
"""Area of the picture that is not background, in lengths of the view."""


def ball():
    z, y, x = np.mgrid[-12:13, -12:13, -12:13]
    return field_to_mesh(8.0 - np.sqrt(z**2 + y**2 + x**2), 0.5, closed=True)


def test_a_mesh_file_is_a_page(browser, tmp_path, capsys):
    mesh = ball()
    heights = mesh.vertices[:, 0].astype(np.float32)
    write_mesh(tmp_path / "ball.ply", mesh, {"height": heights})
    assert main(["export", str(tmp_path / "ball.ply"), str(tmp_path / "ball.html")]) == 0
    assert "one frame" in capsys.readouterr().out
    opened(browser, tmp_path / "ball.html")
    found = f"{SHOW}.renderer.mesh"
    read = np.stack([browser.run(f"Array.from({found}.x{axis})") for axis in range(3)], axis=1)
    faces = np.reshape(browser.run(f"Array.from({found}.faces)"), (-1, 3))
    step = np.ptp(mesh.vertices, axis=0) / (2**16 - 1)
    assert (np.abs(read[faces] - mesh.vertices[mesh.faces]) <= 0.51 * step + 1e-6).all()
    assert np.abs(np.array(browser.run(f"Array.from({found}.value0)")) - heights).max() <= np.ptp(heights) / 2**16
    # a ball of radius 8 voxels covers the disc of its shadow; the longest side of its box, its diameter, is 1
    assert browser.run(PIXELS) == pytest.approx(np.pi / 4, rel=0.02)


def test_a_cut_lays_a_mesh_open(browser, tmp_path):
    vertices, faces = ball()
    save_page(tmp_path / "page.html", still_page([LayerData("ball", (vertices, faces), "surface")], title="Ball"))
    opened(browser, tmp_path / "page.html")
    whole = browser.run(PIXELS)
    assert browser.run(f"{SHOW}.renderer.legend()") is None
    browser.run(f"{SHOW}.renderer.cut = 0.5")
    assert browser.run(PIXELS) == pytest.approx(whole, rel=0.02)  # half a ball has the same shadow, seen from inside
    browser.run(f"{SHOW}.renderer.cut = 1")
    assert browser.run(PIXELS) == 0


def test_points_and_arrows_are_where_they_were(browser, tmp_path):
    rng = np.random.default_rng(3)
    start, way = rng.uniform(2, 38, (20, 3)), rng.normal(0, 2, (20, 3))
    given = {"scale": (2.0, 1.0, 1.0), "features": {"speed": np.linalg.norm(way, axis=1)}}
    layers = [
        LayerData("volume", np.zeros((20, 40, 40), np.uint8), "labels", {"scale": (2.0, 1.0, 1.0)}),
        LayerData("flow", np.stack([start / (2, 1, 1), way / (2, 1, 1)], axis=1), "vectors", given),
    ]
    save_page(tmp_path / "page.html", still_page(layers, title="Flow"))
    opened(browser, tmp_path / "page.html")
    assert browser.run(f"{SHOW}.renderer.layer.name") == "volume"
    points = f"{SHOW}.overlays[0].points"
    read = np.stack([browser.run(f"Array.from({points}.{name})") for name in ("x0", "x1", "x2", "v0", "v1", "v2")], axis=1)
    assert read == pytest.approx(np.concatenate([start / (2, 1, 1), way / (2, 1, 1)], axis=1), abs=1e-3)
    # the centre of voxel 0 is half a voxel from the corner of the box, whose longest side is 1 and whose middle is 0
    placed = browser.run(f"[0, 1, 2].map(axis => Array.from({points}[`x${{axis}}`], v => {SHOW}.overlays[0].placed(v, axis)))")
    assert np.transpose(placed) == pytest.approx((start + np.array([1, 0.5, 0.5]) - 20) / 40, abs=1e-4)


def test_points_by_themselves_are_seen_at_their_places(browser, tmp_path):
    where = np.array([[0.0, 0.0], [10.0, 30.0], [20.0, 5.0]])
    save_page(tmp_path / "page.html", still_page([LayerData("spots", where, "points", {"scale": (0.5, 0.5)})], title="Spots"))
    opened(browser, tmp_path / "page.html")
    lit = browser.run(
        f"(() => {{ const s = {SHOW}; s.draw(1); const r = s.renderer; const gl = s.graphics.gl; const p = r.points; const found = [];"
        " for (let k = 0; k < p.count; k++) { const bytes = new Uint8Array(4);"
        "  const x = (r.placed(p.x1[k], 1) - s.view.centre[1]) / s.view.scale + s.canvas.width / 2;"
        "  const y = (r.placed(p.x0[k], 0) - s.view.centre[0]) / s.view.scale + s.canvas.height / 2;"
        "  gl.readPixels(Math.floor(x), s.canvas.height - 1 - Math.floor(y), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes);"
        "  found.push(bytes[0]); } return found; })()"
    )
    assert lit == [255, 255, 255]
    apart = browser.run(f"{SHOW}.renderer.placed(30, 1) - {SHOW}.renderer.placed(0, 1)")
    assert apart * browser.run(f"{SHOW}.lengths().perUnit") == pytest.approx(15)


def test_cells_in_space_have_their_centres_and_long_axes(browser, tmp_path):
    run = kept(tmp_path / "swim.zarr", sl.Cells(scenario="ellipsoids", shape=(16, 16, 16), n_cells=4, seed=1), 2, 1)
    opened(browser, save_page(tmp_path / "page.html", make_page(run)))
    points = f"{SHOW}.overlays[0].points"
    read = np.stack([browser.run(f"Array.from({points}.x{axis})") for axis in range(3)], axis=1)
    seeds = run.frame(-1).layer("seeds").data
    assert read == pytest.approx(seeds, abs=1e-3)
    axes = np.stack([browser.run(f"Array.from({points}.v{axis})") for axis in range(3)], axis=1)
    saved = run.redrawn(1).state(len(run) - 1).axes
    assert axes / np.linalg.norm(axes, axis=1, keepdims=True) == pytest.approx(saved, abs=1e-3)


def test_flat_cells_that_are_long_have_axes(browser, tmp_path):
    run = kept(tmp_path / "swim.zarr", sl.Cells(scenario="blind_swimmers", shape=(48, 48), n_cells=5, seed=1), 1, 1)
    opened(browser, save_page(tmp_path / "page.html", make_page(run)))
    found = np.array(browser.run(f"{SHOW}.renderer.longAxes()"))[:, 2:4]
    saved = run.redrawn(1).state(0).axes
    assert np.abs(np.sum(found / np.linalg.norm(found, axis=1, keepdims=True) * saved, axis=1)) == pytest.approx(np.ones(5), abs=1e-4)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (LayerData("mesh", (np.zeros((3, 3)), np.array([[0, 1, 5]])), "surface"), "not there"),
        (LayerData("mesh", (np.full((3, 3), np.nan), np.array([[0, 1, 2]])), "surface"), "finite"),
        (LayerData("mesh", (np.zeros((3, 2)), np.array([[0, 1, 2]])), "surface"), "triangles"),
        (LayerData("spots", np.zeros((4, 5)), "points"), "points"),
        (LayerData("flow", np.full((4, 2, 3), np.inf), "vectors"), "finite"),
        (LayerData("tracks", np.zeros((4, 5)), "tracks"), "none of these"),
    ],
)
def test_what_is_no_mesh_and_no_points_is_refused(layer, said):
    with pytest.raises(InputError, match=said):
        still_page([layer], title="Bad")


def test_names_of_values_and_points_stay_text(browser, tmp_path):
    bad = "<img src=x onerror='window.broken=1'>"
    vertices, faces = mask_to_mesh(np.pad(np.ones((2, 2, 2), bool), 2))
    layers = [
        LayerData(bad, (vertices, faces), "surface", {"features": {bad: vertices[:, 0]}}),
        LayerData(bad, np.ones((2, 3)), "points", {"features": {bad: np.arange(2)}}),
    ]
    page = still_page(layers, title=bad, rows={bad: json.dumps(bad)})
    opened(browser, save_page(tmp_path / "page.html", page))
    assert browser.run("window.broken") is None
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert bad in browser.run("document.getElementById('looks').textContent")
