"""Runs and a browser that the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import Chromium, program
from short_runs import kept

import shapelab as sl
from shapelab.io import Run


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    if program() is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with Chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def texture(tmp_path_factory: pytest.TempPathFactory) -> Run:
    simulation = sl.Curvatubes(preset="tubes", shape=(24, 20, 28), seed=3)
    return kept(tmp_path_factory.mktemp("runs") / "texture.zarr", simulation, 24, 4)


@pytest.fixture(scope="session")
def tumbling(tmp_path_factory: pytest.TempPathFactory) -> Run:
    simulation = sl.Cells(scenario="run_and_tumble", shape=(64, 64), n_cells=16, seed=2)
    return kept(tmp_path_factory.mktemp("runs") / "tumbling.zarr", simulation, 12, 2)


@pytest.fixture(scope="session")
def solid_cells(tmp_path_factory: pytest.TempPathFactory) -> Run:
    simulation = sl.Cells(scenario="relaxation_3d", shape=(16, 18, 20), n_cells=12, seed=1)
    return kept(tmp_path_factory.mktemp("runs") / "solid.zarr", simulation, 3, 1)
