"""Tensions of pairs of types: those of tissues at rest come back, and are where a fit of a model that sorts begins."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from shapelab.catalog import create
from shapelab.cli import main
from shapelab.errors import InputError
from shapelab.estimate import Estimate, Estimates, estimate_tensions, fit_cells
from shapelab.estimate.target import family_of
from shapelab.estimate.tension_start import RATIOS, TensionStart, parameters_of, tensions_to_start
from shapelab.infer import double_bubble
from shapelab.io import load_run
from shapelab.movies import as_movie

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from tension_truths import aggregate

PARTS = {"first": 0.9, "second": 1.05, "between": 1.2, "first_medium": 1.15, "second_medium": 1.0}
TABLE = np.array([[0, 1.15, 1.0], [1.15, 0.9, 1.2], [1.0, 1.2, 1.05]])


@pytest.fixture(scope="module")
def at_rest():
    """Eight cells at rest, labels by turns of the first and of the second type."""
    return aggregate(2, 8, 5, TABLE)


@pytest.fixture(scope="module")
def tissue(at_rest):
    return at_rest.labels(1.5, np.random.default_rng(5))


@pytest.fixture(scope="module")
def movie(at_rest):
    """The same cells, turned at random and drawn anew in each frame: errors of pixels are others each time."""
    frames = [at_rest.labels(1.5, np.random.default_rng(seed)) for seed in range(5)]
    size = np.max([frame.shape for frame in frames], axis=0)
    return np.stack([np.pad(frame, [(0, n - k) for n, k in zip(size, frame.shape, strict=True)]) for frame in frames])


@pytest.fixture(scope="module")
def types():
    return {label: 1 - label % 2 for label in range(1, 9)}


@pytest.fixture(scope="module")
def bubbles():
    return double_bubble((90, 90), (1.0, 0.8, 0.7), 20).labels


def test_tensions_of_a_tissue_at_rest_come_back(tissue, types):
    found = estimate_tensions(tissue, types)
    assert [one.name for one in found.found] == list(PARTS)
    anchor = found["first"].value / PARTS["first"]
    for one in found.found:
        assert one.value == pytest.approx(anchor * PARTS[one.name], rel=0.05)
    scale = np.mean([one.value for one in found.found]) / np.mean(list(PARTS.values()))
    inside = [one.low <= scale * PARTS[one.name] <= one.high for one in found.found]
    assert sum(inside) >= 4, str(found)
    assert all(one.high - one.low < 0.35 for one in found.found)


def test_all_frames_of_a_movie_are_pooled(movie, types):
    found, alone = estimate_tensions(movie, types), estimate_tensions(movie[0], types)
    same = estimate_tensions(np.stack([movie[0]] * 3), types)
    scale = np.mean([one.value for one in found.found]) / np.mean(list(PARTS.values()))
    for one, first, again in zip(found.found, alone.found, same.found, strict=True):
        assert one.value == pytest.approx(scale * PARTS[one.name], rel=0.015)
        assert one.low <= scale * PARTS[one.name] <= one.high
        assert one.high - one.low < 0.7 * (first.high - first.low)
        assert (again.value, again.low, again.high) == pytest.approx((first.value, first.low, first.high))
    assert "5 frames were pooled; 0 % of the squared errors are the same in all of them." in str(found)
    assert "100 % of the squared errors" in str(same)
    assert "pooled" not in str(alone)


def test_a_frame_that_says_nothing_and_cells_without_types_are_left_out_and_said(bubbles):
    later = np.where(bubbles == 1, 7, bubbles)  # the first cell has become another, of which nobody has told the type
    frames = np.stack([bubbles, np.ones_like(bubbles), later])
    found = estimate_tensions(frames, {1: 0, 2: 1, 7: float("nan")})
    assert "1 of 3 frames were left out. Frame 1: No two cells touch" in str(found)
    assert "1 cells come after the first frame and have no type" in str(found)
    assert found["between"].value == pytest.approx(estimate_tensions(bubbles, {1: 0, 2: 1})["between"].value, rel=0.02)
    assert estimate_tensions(frames, {1: 0, 2: 1, 7: 0})["between"].low > 0
    with pytest.raises(InputError, match="have no type"):
        estimate_tensions(frames, {2: 1, 7: 0})
    with pytest.raises(InputError, match="between two types"):
        estimate_tensions(frames, {1: 0, 2: 1, 7: 2})
    with pytest.raises(InputError, match="Frame 0: No two cells touch"):
        estimate_tensions(np.ones((2, 30, 30), int), {1: 0})


def test_what_no_interface_tells_is_said(bubbles):
    found = estimate_tensions(bubbles, {1: 0, 2: 1}, level=0.99)
    mean = (1.0 + 0.8 + 0.7) / 3
    for name, truth in (("between", 0.7), ("first_medium", 1.0), ("second_medium", 0.8)):
        assert found[name].low <= truth / mean <= found[name].high
    assert "'first' is undetermined: no cells touch there" in str(found)
    with pytest.raises(InputError, match="between two types"):
        estimate_tensions(np.repeat(np.arange(1, 4), 10)[None] * np.ones((30, 1), int), {1: 0, 2: 1, 3: 2})
    with pytest.raises(InputError, match="no type"):
        estimate_tensions(bubbles, {1: 0})


def test_the_scale_is_that_of_the_model_or_of_what_is_fixed(bubbles):
    found = estimate_tensions(bubbles, {1: 0, 2: 1})
    model = create("cells", "engulfment").parameters
    free = parameters_of(found, model, {})
    assert sum(one.value for one in free.values()) == pytest.approx(model.between + model.first_medium + model.second_medium)
    held = parameters_of(found, model, {"between": 7.0})
    assert held["between"].value == pytest.approx(7)
    assert held["first_medium"].low < 10 < held["first_medium"].high
    assert held["second_medium"].value == pytest.approx(8, rel=0.03)


def test_a_fit_begins_with_the_tensions_of_its_first_frame(bubbles):
    small, kinds = bubbles[::2, ::2], {1: 0, 2: 1}
    quick = {"duration": 0.01, "simulations": 20, "rounds": 1}
    fit = fit_cells(small, "foam_sorting", {"between": (0.1, 6.0)}, fixed={"first_medium": 1.0}, types=kinds, **quick)
    assert fit.target.fixed["second_medium"] == pytest.approx(0.8, rel=0.1)
    assert fit.target.fixed["first_medium"] == 1.0
    assert "Half of the first round searched for between near it." in str(fit)
    assert "'second' is undetermined" in str(fit)
    tried = fit.draws.prior.values(fit.draws.z)[:, 0]
    assert np.sum(np.abs(tried[10:] - 0.7) < 0.2) >= 7 > np.sum(np.abs(tried[:10] - 0.7) < 0.2)
    assert "--types kinds.csv" in fit.command("a.tif", types="kinds.csv")
    with pytest.raises(InputError, match="give its path"):
        fit.command("a.tif")
    movie, model = as_movie([small]), create("foam", "foam_sorting").parameters
    beyond = tensions_to_start(movie, model, {"between": (3.0, 6.0)}, {}, kinds, 0.9)
    assert not beyond.near
    assert "between lies outside the range" in " ".join(beyond.notes)
    for scenario, given in (("foam_sorting", None), ("separation_3d", None), ("relaxation", kinds)):
        model = create(family_of(scenario), scenario).parameters
        assert tensions_to_start(movie, model, {}, {}, given, 0.9) == TensionStart()
    assert "could not be inferred" in tensions_to_start(movie, create("foam", "foam_sorting").parameters, {}, {}, {1: 0}, 0.9).notes[0]


@pytest.mark.parametrize("scenario", ["separation_3d", "internalisation_3d", "checkerboard_3d"])
def test_models_in_space_take_tensions_as_ratios(scenario):
    """The parameters that follow from tensions give the tensions again, and each is surer than the sum of its errors."""
    model = create("cells", scenario).parameters
    tensions = {"first": 0.7, "second": 0.9, "between": 1.3, "first_medium": 1.6, "second_medium": 1.1}
    told = tuple(Estimate(name, value, value / 1.1, value * 1.1) for name, value in tensions.items())
    found = parameters_of(Estimates("Tensions", told, 0.9, 10), model, {})
    p = model.replace(**{name: one.value for name, one in found.items()}, tension=tensions["second_medium"])
    second = p.repulsion * p.tension
    first = p.first_repulsion * p.first_tension * second
    assert (p.first_tension * p.tension, second, first, p.contrast * first) == pytest.approx((1.6, 0.9, 0.7, 1.3))
    assert found["contrast"].high / found["contrast"].value == pytest.approx(np.exp(np.sqrt(2) * np.log(1.1)))
    assert found["first_repulsion"].low == pytest.approx(found["first_repulsion"].value / 1.1**2)
    few = parameters_of(Estimates("Tensions", told[2:], 0.9, 10), model, {})
    assert list(few) == ["first_tension"]  # what no interface tells stays as the scenario has it


def test_a_fit_in_space_begins_with_ratios_of_tensions():
    movie = as_movie([double_bubble((44, 44, 44), (1.0, 0.8, 0.7), 11).labels])
    model = create("cells", "separation_3d").parameters
    start = tensions_to_start(movie, model, {"contrast": (0.5, 4.0)}, {"tension": 3.0}, {1: 0, 2: 1}, 0.9)
    assert start.fixed == {"first_tension": pytest.approx(1.25, rel=0.05)}
    assert start.notes[0].startswith("Inferred from the image, as ratios of tensions: first tension 1.2")
    assert "'first' is undetermined" in " ".join(start.notes)
    near = tensions_to_start(movie, model, {"first_tension": (0.5, 4.0)}, {}, {1: 0, 2: 1}, 0.9).near["first_tension"]
    assert near.low < 1.25 < near.high
    assert set(RATIOS) <= set(type(model).infos())


def test_the_command_line_estimates_tensions_and_runs_with_types(bubbles, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "cells.tif", bubbles.astype(np.uint8))
    (tmp_path / "kinds.csv").write_text("label,type\n1,0\n2,1\n")
    cells, kinds = str(tmp_path / "cells.tif"), str(tmp_path / "kinds.csv")
    assert main(["estimate", "tensions", cells, "--types", kinds]) == 0
    assert "between" in capsys.readouterr().out
    assert main(["estimate", "tensions", cells]) == 2
    assert "give the type of each cell" in capsys.readouterr().err
    assert main(["estimate", "shape", cells, "--types", kinds]) == 2
    out = tmp_path / "run.zarr"
    command = ["run", "foam", "--scenario", "foam_sorting", "--start-from", cells, "--labels", "--types", kinds, "--steps", "1"]
    assert main([*command, "--out", str(out)]) == 0
    assert load_run(out).frame(0).scalars["heterotypic_contact"] == pytest.approx(1)
    assert main(["run", "foam", "--types", kinds, "--steps", "1"]) == 2
    assert "give both" in capsys.readouterr().err
