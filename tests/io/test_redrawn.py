"""A saved run of cells drawn at any resolution: exactly the cells of its potentials."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.cells import Cells
from shapelab.cells.scenarios import SCENARIOS
from shapelab.cli.command import main
from shapelab.errors import InputError, ParameterError
from shapelab.io import load_run, save_run
from shapelab.io.export import export_tiff
from shapelab.io.writer import RunWriter


def saved(path, name, **changes):
    """Save three frames of a scenario; return the run and the states of its frames."""
    simulation = Cells(name, **{**SCENARIOS[name].quick, "seed": 3, **changes})
    states = []
    with RunWriter(path, simulation) as writer:
        for frame in simulation.run(steps=4, every=2):
            states.append((simulation.model, simulation.state()))
            writer.write(frame)
    return load_run(path), states


@pytest.mark.parametrize("resolution", [1, 2, 5])
def test_a_replay_at_k_times_the_grid_is_the_exact_argmin(tmp_path, resolution):
    run, states = saved(tmp_path / "run.zarr", "active_liquid", p=2.0)
    drawn = run.redrawn(resolution)
    for index, (_, state) in enumerate(states):
        p = state.parameters
        n = p.shape[0] * resolution
        centres = (np.arange(n) + 0.5) / n  # in box lengths; the box is periodic
        offset = centres[:, None] - state.positions.T[:, None, :]
        offset -= np.rint(offset)
        scale = p.stiffness * 2 * np.pi / state.volumes  # "volume" scaling: C (d + p) / (d R^p), with p = d = 2
        cost = scale * (offset[0][:, None, :] ** 2 + offset[1][None, :, :] ** 2)
        gap = cost - state.potentials
        expected = np.where(gap.min(axis=-1) > 0, 0, state.ids[gap.argmin(axis=-1)])
        layer = drawn.layer(index)
        two = np.sort(gap, axis=-1)[..., :2]
        clear = (np.abs(two[..., 1] - two[..., 0]) > 1e-9) & (np.abs(two[..., 0]) > 1e-9)  # not on a boundary
        assert layer.data.shape == (n, n)
        assert clear.mean() > 0.999
        np.testing.assert_array_equal(np.asarray(layer.data)[clear], expected[clear])


@pytest.mark.parametrize("name", ["run_and_tumble", "blind_swimmers", "chemotaxis", "relaxation", "hard_and_soft_cells"])
def test_every_cost_and_wall_is_drawn_as_during_the_run(tmp_path, name):
    run, states = saved(tmp_path / "run.zarr", name)
    for index, (model, state) in enumerate(states):
        frame = run.frame(index, resolution=3)
        expected = model.draw(state, 3)
        np.testing.assert_array_equal(frame["cells"], expected.data)
        assert frame.layer("cells").meta["scale"] == expected.meta["scale"]
        assert len(frame.layers) == len(run.frame(index).layers)


def test_exports_take_a_resolution(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    run, states = saved(tmp_path / "run.zarr", "run_and_tumble")
    stack = export_tiff(run, tmp_path / "run.tif", layer="cells", resolution=2)
    model, state = states[-1]
    np.testing.assert_array_equal(tifffile.imread(stack)[-1], model.draw(state, 2).data)
    assert main(["export", str(run.path), str(tmp_path / "cli.tif"), "--layer", "cells", "--resolution", "2"]) == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "cli.tif"), tifffile.imread(stack))
    assert main(["export", str(run.path), str(tmp_path / "walls.tif"), "--layer", "walls", "--resolution", "2"]) != 0
    assert main(["export", str(run.path), str(tmp_path / "all.csv"), "--resolution", "2"]) != 0


@pytest.mark.parametrize("resolution", [0, 17, 2.5, True, "2"])
def test_resolutions_that_make_no_sense_are_refused(tmp_path, resolution):
    run, _ = saved(tmp_path / "run.zarr", "active_liquid")
    with pytest.raises(ParameterError, match="1 to 16"):
        run.redrawn(resolution)


def test_a_run_without_potentials_says_so(tmp_path):
    from shapelab.curvature import Curvatubes

    texture = load_run(save_run(tmp_path / "tubes.zarr", Curvatubes("tubes", shape=(16, 16, 16))))
    with pytest.raises(InputError, match="does not hold the potentials"):
        texture.redrawn(2)


@pytest.mark.parametrize("change", ["cut", "rows", "nan", "gone"])
def test_what_is_damaged_is_a_sentence_and_the_saved_frame_stays(tmp_path, change):
    from shapelab.io.checkpoint import read_checkpoint, write_checkpoint

    run, _ = saved(tmp_path / "run.zarr", "active_liquid")
    file = run.path / "drawings" / f"{run.steps[-1]:08d}.npz"
    plain, arrays = read_checkpoint(file)
    if change == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif change == "gone":
        file.unlink()
    else:
        arrays["potentials"] = arrays["potentials"][:-1] if change == "rows" else np.full_like(arrays["potentials"], np.nan)
        write_checkpoint(file, plain, arrays)
    drawn = load_run(run.path).redrawn(2)
    assert drawn.layer(0).data.any()
    with pytest.raises(InputError, match="damaged"):
        drawn.layer(-1)
    assert load_run(run.path).frame(-1)["cells"].any()
