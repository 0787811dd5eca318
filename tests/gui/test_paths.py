"""The paths of cells: every step, bounded memory, cut at the sides of a periodic box."""

from __future__ import annotations

import numpy as np
import pytest

from napari_shapelab.run import cell_paths
from napari_shapelab.run.cell_paths import Paths, track_rows
from shapelab.catalog import create
from shapelab.cells import Cells


def test_every_step_is_followed_and_a_long_run_is_thinned(monkeypatch):
    monkeypatch.setattr(cell_paths, "_MOST", 60)
    simulation = Cells("active_liquid", shape=(32, 32), n_cells=5, seed=2)
    followed = Paths()
    simulation.prepare()
    followed.follow(simulation)
    places = [simulation.state().positions]
    for step in range(1, 31):
        simulation.step()
        followed.follow(simulation)
        places.append(simulation.state().positions)
        seen = followed.seen()
        assert [one[0] for one in seen] == list(range(0, step + 1, followed.every))
        assert sum(len(one[1]) for one in seen) <= 60 + 5
    assert followed.every == 4
    for step, ids, pixels in followed.seen():
        np.testing.assert_array_equal(ids, np.arange(1, 6))
        np.testing.assert_allclose(pixels, places[step] * 32 - 0.5)


def test_a_path_that_leaves_at_one_side_is_cut_there():
    ids = np.array([1, 2])
    seen = [(k, ids, np.array([[5.0, (9 + k) % 10], [2.0, 3.0 + 0.1 * k]])) for k in range(3)]
    rows, cell = track_rows(seen, (10, 10))
    assert cell.tolist() == [1, 1, 1, 2, 2, 2] or sorted(cell.tolist()) == [1, 1, 1, 2, 2, 2]
    pieces = {int(track) for track in rows[cell == 1, 0]}
    assert len(pieces) == 2
    assert {int(track) for track in rows[cell == 2, 0]} == {2}
    inside = np.abs(np.diff(rows[:, 2:], axis=0))[np.diff(rows[:, 0]) == 0]
    assert inside.max() == pytest.approx(1.0)


def test_the_centres_of_a_foam_are_followed_as_they_are_drawn():
    simulation = create("foam", "foam_sorting", shape=(48, 48), n_cells=5, seed=1)
    followed = Paths()
    simulation.prepare()
    simulation.step()
    followed.follow(simulation)
    (step, ids, places), seeds = followed.seen()[0], simulation.frame().layer("seeds")
    assert step == 1
    np.testing.assert_array_equal(ids, seeds.meta["features"]["id"])
    np.testing.assert_array_equal(places, seeds.data)
