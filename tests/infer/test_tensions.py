"""Tensions and pressures of shapes whose forces are known, and of images that leave some or all undetermined."""

from __future__ import annotations

import numpy as np
import pytest

import shapelab as sl
from shapelab.errors import InputError, ParameterError
from shapelab.infer import TensionOptions, double_bubble, infer_tensions, plan_tensions
from shapelab.mesh import interface_mesh


def errors(found, truth):
    """Relative errors of the tensions and of the two pressures."""
    wanted = np.array([truth.tensions[tuple(pair)] for pair in found.pairs.tolist()])
    scale = wanted.mean() / found.tensions.mean()
    return np.abs(found.tensions * scale / wanted - 1), np.abs(found.pressures[1:] * scale / np.array(truth.pressures) - 1)


def honeycomb(rows=6, columns=6, size=16):
    """Regular hexagons in a periodic box of rows (even) x columns."""
    height = round(size * 3**0.5 / 2)
    centres = [(height * (i + 0.5), size * (j + 0.25 + 0.5 * (i % 2))) for i in range(rows) for j in range(columns)]
    shape = (height * rows, size * columns)
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    away = [
        (np.abs(y - a) - shape[0] * (np.abs(y - a) > shape[0] / 2)) ** 2 + (np.abs(x - b) - shape[1] * (np.abs(x - b) > shape[1] / 2)) ** 2
        for a, b in centres
    ]
    return np.argmin(away, axis=0) + 1


@pytest.mark.parametrize(
    ("ndim", "tensions", "lean"),
    [(2, (1.0, 0.8, 0.7), 0.2), (2, (0.9, 1.2, 1.3), 0.0), (3, (1.0, 0.8, 0.7), -0.2), (3, (1.1, 0.8, 1.0), 0.1)],
)
def test_double_bubble_with_unequal_tensions(ndim, tensions, lean):
    truth = double_bubble((110,) * 2 if ndim == 2 else (56,) * 3, tensions, 24 if ndim == 2 else 11, lean=lean, axis=(0.3, 0.5, 1)[:ndim])
    found = infer_tensions(truth.labels)
    tension_errors, pressure_errors = errors(found, truth)
    assert tension_errors.max() < 0.04
    assert pressure_errors.max() < 0.05
    assert found.determined.all()
    assert np.all(found.errors < 0.1)
    assert found.residuals.max() < 0.2


def test_small_bubbles_in_space_whichever_way_they_lie():
    """A radius of 8 voxels: 1.5 % on average."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(8):
        first, second = rng.uniform(0.7, 1.3, 2)
        tensions = (first, second, rng.uniform(0.6, 1.4) * 0.5 * (first + second))
        centre = 21.5 + rng.uniform(-0.5, 0.5, 3)
        truth = double_bubble((44,) * 3, tensions, 8, axis=rng.normal(size=3), centre=centre)
        found.append(errors(infer_tensions(truth.labels), truth)[0])
    assert np.mean(found) < 0.015
    assert np.max(found) < 0.06


def test_voxels_that_are_no_cubes():
    spacing = (2.0, 0.6, 0.8)
    truth = double_bubble((24, 90, 66), (1.0, 0.8, 0.7), 10, axis=(0.5, 1, 0.2), spacing=spacing)
    tension_errors, pressure_errors = errors(infer_tensions(truth.labels, spacing), truth)
    assert tension_errors.max() < 0.05
    assert pressure_errors.max() < 0.06


def test_unit_of_length_scales_pressures_and_nothing_else():
    truth = double_bubble((90, 90), (1.0, 0.8, 0.7), 18)
    a, b = infer_tensions(truth.labels), infer_tensions(truth.labels, 0.25)
    np.testing.assert_allclose(a.tensions, b.tensions, rtol=1e-4)
    np.testing.assert_allclose(a.pressures, 0.25 * b.pressures, rtol=1e-3)
    np.testing.assert_allclose(a.areas, 4 * b.areas, rtol=1e-4)


@pytest.mark.parametrize("ndim", [2, 3])
def test_periodic_box_whichever_way_the_bubbles_leave_it(ndim):
    n = 80 if ndim == 2 else 44
    truth = double_bubble((n,) * ndim, (1.0, 0.8, 0.7), n / 5)
    inside = infer_tensions(truth.labels)
    across = infer_tensions(np.roll(truth.labels, (n // 2,) * ndim, axis=tuple(range(ndim))), periodic=True)
    np.testing.assert_allclose(across.tensions, inside.tensions, rtol=0.01)
    np.testing.assert_allclose(across.pressures, inside.pressures, rtol=0.02)
    assert errors(across, truth)[0].max() < 0.05


def test_regular_foam_without_medium_has_equal_tensions_and_no_pressures():
    found = infer_tensions(honeycomb(), periodic=True)
    assert len(found.tensions) == 3 * 36
    assert found.tensions.std() < 0.08
    assert np.abs(found.pressures[1:]).max() < 0.1 / 8
    assert abs(found.pressures[1:].mean()) < 1e-9
    assert np.all(found.pressure_errors[1:] < 0.2 / 8)


def test_interfaces_at_the_border_are_nan_and_said_to_be_cut():
    found = infer_tensions(honeycomb())
    assert 0.2 < found.determined.mean() < 1
    hidden = found.table().query("undetermined == 'cut'")
    assert len(hidden)
    assert hidden["tension"].isna().all()
    assert hidden["error"].isna().all()
    assert "cut" in str(found)
    assert found.cells()["cut"].sum() == plan_tensions(honeycomb()).cut
    assert np.all(np.abs(found.tensions - 1)[found.determined] < 4 * found.errors[found.determined])


def test_small_interfaces_are_nan_and_said_to_be_small():
    labels = np.zeros((60, 60), int)
    labels[10:30, 10:30] = 1
    labels[30:50, 29:49] = 2  # touch along one pixel
    table = infer_tensions(labels).table().set_index(["cell_a", "cell_b"])
    assert table.loc[(1, 2), "undetermined"] == "too small"
    assert np.isnan(table.loc[(1, 2), "tension"])


def test_cells_of_single_pixels_tell_nothing_and_it_is_said():
    found = infer_tensions(np.arange(1, 101).reshape(10, 10))
    assert not found.determined.any()
    assert set(found.reasons.tolist()) <= {"cut", "uncertain", "too small"}
    assert "The cells are small" in str(found)


def test_lines_between_cells_are_given_to_the_cells_and_said():
    whole = honeycomb()
    drawn = whole.copy()
    drawn[(whole != np.roll(whole, 1, 0)) | (whole != np.roll(whole, 1, 1))] = 0
    found = infer_tensions(drawn, periodic=True)
    assert any("lines of background" in note for note in found.notes)
    assert found.pairs.min() == 1
    assert found.tensions[found.determined].std() < 0.15
    truth = double_bubble((80, 80), (1.0, 0.8, 0.7), 16)
    assert not any("lines of background" in note for note in infer_tensions(truth.labels).notes)


def test_one_cell_in_a_medium_has_nothing_to_compare_with():
    labels = double_bubble((70, 70), (1.0, 0.8, 0.7), 14).labels == 1
    found = infer_tensions(labels)
    assert found.tensions.tolist() == [1.0]
    assert any("nothing to compare" in note for note in found.notes)


def test_a_mesh_a_layer_and_a_frame_give_what_their_labels_give():
    truth = double_bubble((80, 80), (1.0, 0.8, 0.7), 16, spacing=0.5, centre=(20, 20))
    wanted = infer_tensions(truth.labels, 0.5)
    layer = sl.LayerData("cells", truth.labels, "labels", {"scale": (0.5, 0.5)})
    frame = sl.Frame(0, 0.0, (layer,), {})
    mesh = interface_mesh(truth.labels, 0.5, smoothing=2, closed=False)
    for given in (mesh, layer, frame):
        np.testing.assert_allclose(infer_tensions(given).tensions, wanted.tensions, rtol=1e-12)
    with pytest.raises(InputError, match="no layer 'cells'"):
        infer_tensions(sl.Frame(0, 0.0, (), {}))


def test_large_labels_keep_their_names():
    truth = double_bubble((80, 80), (1.0, 0.8, 0.7), 16)
    named = np.array([0, 2**64 - 1, 60_000], np.uint64)[truth.labels]
    found = infer_tensions(named)
    wanted = infer_tensions(truth.labels)
    assert [tuple(pair) for pair in found.pairs.tolist()] == [(0, 60_000), (0, 2**64 - 1), (60_000, 2**64 - 1)]
    np.testing.assert_allclose(found.tensions, wanted.tensions[[1, 0, 2]], rtol=1e-6)


def test_result_knows_when_the_labels_have_changed():
    labels = double_bubble((80, 80), (1.0, 0.8, 0.7), 16).labels
    found = infer_tensions(labels)
    assert not found.out_of_date(labels.astype(np.int64))
    labels[40, 40] = 0
    assert found.out_of_date(labels)


def test_many_unknowns_are_solved_as_a_few_are(monkeypatch):
    labels = honeycomb()
    monkeypatch.setattr("shapelab.infer.noise.MOST_ROWS", 0)
    direct = infer_tensions(labels)
    monkeypatch.setattr("shapelab.infer.solve._DENSE", 0)
    iterated = infer_tensions(labels)
    both = direct.determined & iterated.determined
    assert both.mean() > 0.9 * direct.determined.mean()
    np.testing.assert_allclose(iterated.tensions[both], direct.tensions[both], rtol=1e-2)


def test_covariance_of_pixels_makes_small_cells_more_accurate(monkeypatch):
    rng = np.random.default_rng(5)
    truths = [
        double_bubble((64, 64), (1.0, 0.8, 0.7), 12, lean=0.1, axis=rng.normal(size=2), centre=31.5 + rng.uniform(-0.5, 0.5, 2))
        for _ in range(12)
    ]
    with_covariance = [errors(infer_tensions(truth.labels), truth)[0].mean() for truth in truths]
    monkeypatch.setattr("shapelab.infer.noise.MOST_ROWS", 0)
    without = [errors(infer_tensions(truth.labels), truth)[0].mean() for truth in truths]
    assert np.mean(with_covariance) < 0.8 * np.mean(without)


def test_interfaces_that_nothing_ties_to_the_others_do_not_take_the_whole_mean():
    labels = honeycomb(8, 8, 8)  # cells of 4 pixels: near the border some interfaces are seen by one bump alone
    found = infer_tensions(labels)
    assert found.determined.sum() > 20
    assert np.nanmax(found.tensions) < 3


def test_values_on_faces_are_those_of_their_interfaces():
    found = infer_tensions(double_bubble((80, 80), (1.0, 0.8, 0.7), 16).labels)
    values = found.on_faces()
    table = {tuple(pair): tension for pair, tension in zip(found.pairs.tolist(), found.tensions, strict=True)}
    labels = found.mesh.ids[found.mesh.pairs]
    np.testing.assert_array_equal(values, [table[tuple(pair)] for pair in labels.tolist()])


def test_plan_says_what_to_expect():
    plan = plan_tensions(honeycomb())
    assert (plan.cells, plan.medium) == (36, False)
    assert plan.radius == pytest.approx(8.3, abs=0.3)
    assert "36 cells (16 cut" in str(plan)
    assert f"median radius {plan.radius:.1f} pixels" in str(plan)
    small = plan_tensions(np.kron(np.arange(1, 17).reshape(4, 4), np.ones((5, 5), int)))
    assert len(small.warnings) == 2
    assert "small (radius 2.8 pixels)" in str(small)


@pytest.mark.parametrize(
    ("labels", "options", "error", "words"),
    [
        (np.zeros((9, 9), int), {}, InputError, "empty"),
        (np.ones((9, 9), int), {}, InputError, "No two cells touch"),
        (np.ones((9, 9, 9)), {}, InputError, "floats"),
        (np.kron([[1, 2], [3, 4]], np.ones((20, 20), int)), {"periodic": True, "bump": 2.0}, InputError, "lower `bump` below"),
        (np.kron([[1, 2], [3, 4]], np.ones((20, 20), int)), {"bump": 9}, ParameterError, "bump"),
    ],
)
def test_what_cannot_be_inferred_is_said(labels, options, error, words):
    with pytest.raises(error, match=words):
        infer_tensions(labels, **options)


def test_options_are_explained():
    for name, info in TensionOptions.infos().items():
        assert info.description.endswith("."), name


def test_bubbles_that_cannot_exist_are_refused():
    with pytest.raises(ParameterError, match="cannot balance"):
        double_bubble((20, 20), (1, 1, 3), 5)
    with pytest.raises(ParameterError, match="lean"):
        double_bubble((20, 20), (1, 1, 1), 5, lean=1.5)


def test_a_background_that_hardly_shows_is_no_reference_for_pressures():
    labels = honeycomb()
    labels[0, 0] = 0
    found = infer_tensions(labels)
    assert any("relative to their mean" in note for note in found.notes)
    known = found.pressures[np.isfinite(found.pressures)]
    assert len(known) > 12
    assert abs(known.mean()) < 1e-9
