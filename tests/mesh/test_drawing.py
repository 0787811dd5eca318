"""Cells as they are drawn and written: closed, apart, cut open; on random labels, periodic or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import random_labels

from shapelab.errors import InputError, ParameterError
from shapelab.mesh import closed_cells, draw, interface_mesh, interface_table, interface_values


def enclosed(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Volume inside triangles that are counterclockwise from outside, of vertices (z, y, x)."""
    a, b, c = (np.asarray(vertices, float)[faces[:, i], ::-1] for i in range(3))
    return float(np.einsum("ij,ij->i", a - a[0], np.cross(b - a[0], c - a[0])).sum() / 6)


def unclosed(faces: np.ndarray) -> int:
    """Edges that are not run through as often one way as the other."""
    ends = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    n = int(faces.max()) + 1
    key, sign = np.unique(np.sort(ends, axis=1) @ [n, 1], return_inverse=True)
    return int(np.count_nonzero(np.bincount(sign.ravel(), np.where(ends[:, 0] < ends[:, 1], 1, -1), len(key))))


@settings(max_examples=30)
@given(seed=st.integers(0, 2**31))
def test_every_cell_is_closed_and_has_its_volume_also_in_periodic_boxes(seed):
    rng = np.random.default_rng(seed)
    labels = random_labels(rng, 3)
    periodic = tuple(bool(p) for p in rng.random(3) < 0.4)
    if any(periodic):  # cells are smaller than half the box, else they meet themselves
        labels = rng.integers(0, 400, (8, 8, 8))
    spacing = tuple(rng.uniform(0.3, 2, 3))
    mesh = interface_mesh(labels, spacing, periodic=periodic, smoothing=int(rng.integers(0, 12)))
    volumes = dict(zip(mesh.ids.tolist(), mesh.volumes().tolist(), strict=True))
    found = {label: (vertices, faces) for label, vertices, faces in closed_cells(mesh)}
    assert list(found) == [label for label in np.unique(labels).tolist() if label]
    whole = not any(periodic) or max(np.ptp(v, axis=0).max() for v, _ in found.values()) < 3
    for label, (vertices, faces) in found.items():
        assert unclosed(faces) == 0
        if not any(periodic) or (whole and (labels == label).sum() == 1):
            # quads are bent; cut along a diagonal, they enclose a little more or less
            assert enclosed(vertices, faces) == pytest.approx(volumes[label], rel=0.02, abs=0.2 * np.prod(spacing))


def blocks() -> np.ndarray:
    """Four blocks in a medium, the last one cut by the border."""
    labels = np.zeros((16, 22, 22), int)
    for i, (y, x) in enumerate([(2, 2), (2, 11), (11, 2), (11, 11)]):
        labels[3:12, y : y + 9, x : x + (9 if i < 3 else 11)] = i + 3
    return labels


def test_cells_together_share_their_interfaces_and_apart_are_closed():
    mesh = interface_mesh(blocks(), (2.0, 1.0, 1.0))
    together = draw(mesh)
    assert set(map(tuple, together.pairs.tolist())) == {(0, 3), (0, 4), (0, 5), (0, 6), (3, 4), (3, 5), (4, 6), (5, 6)} | (
        {tuple(pair) for pair in together.pairs.tolist()} & {(3, 6), (4, 5)}
    )
    areas = together.vertex_values("area")
    assert len(areas) == len(together.vertices)
    a, b, c = (together.vertices[together.faces[:, i]].astype(float) for i in range(3))
    drawn = np.bincount(together.interface[together.faces[:, 0]], 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))
    assert (together.interface[together.faces] == together.interface[together.faces[:, :1]]).all()
    np.testing.assert_allclose(drawn, together.values["area"], rtol=0.02)

    apart = draw(mesh, together.values, apart=0.5)
    assert unclosed(_welded(apart)) == 0
    assert enclosed(apart.vertices, apart.faces) == pytest.approx(mesh.volumes()[1:].sum(), rel=1e-3)
    assert np.ptp(apart.vertices, axis=0)[2] == pytest.approx(np.ptp(together.vertices, axis=0)[2] + 0.5 * 10, abs=1.5)


def _welded(drawn) -> np.ndarray:
    """Faces whose vertices at one place are one vertex."""
    return np.unique(drawn.vertices, axis=0, return_inverse=True)[1].ravel()[drawn.faces]


def test_cut_cells_are_left_out_and_those_behind_are_seen():
    mesh = interface_mesh(blocks())
    shown = draw(mesh, beyond=(2, 11.0))
    seen = {tuple(pair) for pair in shown.pairs[np.unique(shown.interface)].tolist()}
    assert seen >= {(0, 3), (0, 5), (3, 4), (5, 6), (3, 5)}
    assert not seen & {(0, 4), (0, 6), (4, 6)}
    assert shown.vertices[:, 2].max() < 12
    assert len(draw(mesh, beyond=(0, -5.0)).faces) == 0


def test_values_are_those_of_the_table_of_interfaces():
    mesh = interface_mesh(blocks())
    values = interface_values(mesh, {(3, 4): 1.5})
    drawn = draw(mesh, values)
    table = interface_table(mesh).set_index(["cell_a", "cell_b"])
    border = np.isnan(values["curvature"]) & (drawn.pairs[:, 0] == 0)
    for row, pair in enumerate(map(tuple, drawn.pairs.tolist())):
        if not border[row]:
            assert values["area"][row] == pytest.approx(table.loc[pair, "area"], rel=0.02)
            assert values["curvature"][row] == pytest.approx(table.loc[pair, "curvature"], nan_ok=True)
        assert values["tension"][row] == pytest.approx(1.5 if pair == (3, 4) else np.nan, nan_ok=True)


def test_what_cannot_be_drawn_is_said():
    mesh = interface_mesh(blocks())
    with pytest.raises(InputError, match="planar"):
        draw(interface_mesh(blocks()[5]))
    with pytest.raises(ParameterError, match="apart = -1"):
        draw(mesh, apart=-1.0)
    with pytest.raises(ParameterError, match="no axis 3"):
        draw(mesh, beyond=(3, 0.0))
    with pytest.raises(ParameterError, match="no value 'colour': choose one of pair, area, curvature"):
        draw(mesh).vertex_values("colour")
