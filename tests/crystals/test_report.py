"""Tables of grains, worst first, and grain tables as images: without a window."""

import threading

import numpy as np
import pytest

from shapelab.crystals import draw_table, fit_diagram, generate_crystal, grain_report
from shapelab.crystals.table import GrainTable
from shapelab.crystals.table_drawing import table_box
from shapelab.errors import InputError


def grain_table(n: int = 40, seed: int = 0) -> GrainTable:
    """Ellipses of a drawn sample, so that they fill a box."""
    fit = fit_diagram(generate_crystal(n, (96, 128), lloyd=3, seed=seed).labels, method="moments")
    values, axes = np.linalg.eigh(fit.moments.covariances)
    angles = np.arctan2(axes[:, 0, 1], axes[:, 1, 1])
    return GrainTable(fit.moments.centroids, 2 * np.sqrt(values[:, ::-1]), angles, fit.moments.volumes, None)


def test_every_grain_has_its_row_and_the_worst_come_first():
    labels = 3 * generate_crystal(30, (64, 64), lloyd=1, seed=1).labels.astype(int)
    labels[:5] = 0
    fit = fit_diagram(labels, method="moments")
    table = grain_report(labels, fit)
    assert sorted(table["id"]) == sorted(set(labels.ravel()) - {0})
    assert table["pixels"].sum() == (labels > 0).sum()
    assert table["wrong_pixels"].sum() == round(fit.mismatch * (labels > 0).sum())
    assert (np.diff(table["wrong_pixels"]) <= 0).all()
    for row in table.head(5).itertuples():
        grain, cell = labels == row.id, fit.labels == row.id
        assert row.wrong_pixels == (grain & ~cell).sum()
        assert row.volume_error == pytest.approx(cell.sum() / grain.sum() - 1)
    assert abs(table["volume_error"]).max() == pytest.approx(fit.volume_error)
    with pytest.raises(InputError, match="give the image that was fitted"):
        grain_report(labels[:-1], fit)


def test_shapes_are_told_apart_by_their_kind():
    labels = np.ones((40, 40), int)
    labels[:, 20:] = 2
    labels[8:14, 8:14] = 3  # so that 1 has a hole
    labels[30:36, 4:10] = 2  # so that 2 is in two pieces
    kinds = {grain.id: grain.kind for grain in fit_diagram(labels, method="moments").worst}
    assert kinds[1] == "hole"
    assert kinds[2] == "pieces"


def test_a_stopped_fit_says_so_in_a_field():
    labels = generate_crystal(20, (48, 48), lloyd=1, seed=1).labels
    abort = threading.Event()
    abort.set()
    assert fit_diagram(labels, abort=abort).stopped
    assert not fit_diagram(labels, effort=0.05).stopped


def test_a_drawn_table_has_the_areas_and_places_of_its_ellipses():
    table = grain_table()
    (top, left), size = table_box(table)
    assert np.prod(size) == pytest.approx(table.areas.sum(), rel=0.05)
    drawing = draw_table(table, 160, exact=True)
    assert max(drawing.labels.shape) == 160
    assert set(drawing.labels.ravel()) == set(range(1, len(table) + 1))
    assert drawing.grains["volume_error"].abs().max() < 0.02
    place = np.array([np.argwhere(drawing.labels == i + 1).mean(axis=0) * drawing.spacing for i in range(len(table))])
    off = np.linalg.norm(place - drawing.moments.centroids, axis=1)
    assert np.median(off) < 2
    inside = table.centroids - [top, left] - 0.5 * np.array(drawing.spacing)
    np.testing.assert_allclose(drawing.moments.centroids, inside)


def test_too_few_pixels_for_a_table_are_refused():
    with pytest.raises(InputError, match="need more than"):
        draw_table(grain_table(), 12)
