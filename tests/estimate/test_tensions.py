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
from shapelab.estimate import estimate_tensions, fit_cells
from shapelab.estimate.target import family_of
from shapelab.estimate.tensions import TensionStart, scaled_to, tensions_to_start
from shapelab.infer import double_bubble
from shapelab.io import load_run
from shapelab.movies import as_movie

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from tension_truths import aggregate

PARTS = {"first": 0.9, "second": 1.05, "between": 1.2, "first_medium": 1.15, "second_medium": 1.0}
TABLE = np.array([[0, 1.15, 1.0], [1.15, 0.9, 1.2], [1.0, 1.2, 1.05]])


@pytest.fixture(scope="module")
def tissue():
    """Eight cells at rest, labels by turns of the first and of the second type."""
    return aggregate(2, 8, 5, TABLE).labels(1.5, np.random.default_rng(5))


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
    free = scaled_to(found, model, {})
    assert sum(one.value for one in free.values()) == pytest.approx(model.between + model.first_medium + model.second_medium)
    held = scaled_to(found, model, {"between": 7.0})
    assert held["between"].value == pytest.approx(7)
    assert held["first_medium"].low < 10 < held["first_medium"].high
    assert held["second_medium"].value == pytest.approx(8, rel=0.03)


def test_a_fit_begins_with_the_tensions_of_its_first_frame(bubbles):
    small, kinds = bubbles[::2, ::2], {1: 0, 2: 1}
    quick = {"duration": 0.01, "simulations": 20, "rounds": 1}
    fit = fit_cells(small, "foam_sorting", {"between": (0.1, 6.0)}, fixed={"first_medium": 1.0}, types=kinds, **quick)
    assert fit.target.fixed["second_medium"] == pytest.approx(0.8, rel=0.1)
    assert fit.target.fixed["first_medium"] == 1.0
    assert "Half of the first round looked for between near it." in str(fit)
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
    for scenario, given in (("foam_sorting", None), ("separation_3d", kinds), ("relaxation", kinds)):
        model = create(family_of(scenario), scenario).parameters
        assert tensions_to_start(movie, model, {}, {}, given, 0.9) == TensionStart()
    assert "could not be inferred" in tensions_to_start(movie, create("foam", "foam_sorting").parameters, {}, {}, {1: 0}, 0.9).notes[0]


def test_the_command_line_estimates_tensions_and_runs_with_types(bubbles, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "cells.tif", bubbles.astype(np.uint8))
    (tmp_path / "kinds.csv").write_text("label,type\n1,0\n2,1\n")
    cells, kinds = str(tmp_path / "cells.tif"), str(tmp_path / "kinds.csv")
    assert main(["estimate", "tensions", cells, "--types", kinds]) == 0
    assert "between" in capsys.readouterr().out
    assert main(["estimate", "tensions", cells]) == 2
    assert "which cell is of which" in capsys.readouterr().err
    assert main(["estimate", "shape", cells, "--types", kinds]) == 2
    out = tmp_path / "run.zarr"
    command = ["run", "foam", "--scenario", "foam_sorting", "--start-from", cells, "--labels", "--types", kinds, "--steps", "1"]
    assert main([*command, "--out", str(out)]) == 0
    assert load_run(out).frame(0).scalars["heterotypic_contact"] == pytest.approx(1)
    assert main(["run", "foam", "--types", kinds, "--steps", "1"]) == 2
    assert "give both" in capsys.readouterr().err
