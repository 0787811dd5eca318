"""The code that the documentation shows runs as it stands there."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import shapelab as sl
from shapelab.catalog import load, scenarios

DOCS = Path(__file__).parents[2] / "docs"


def code_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_scenario_of_the_extending_page_runs_and_keeps_its_volumes(tmp_path, monkeypatch):
    (block,) = code_blocks("extending.md")
    file = tmp_path / "wind.py"
    file.write_text(block)
    spec = importlib.util.spec_from_file_location("wind", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "wind", module)
    spec.loader.exec_module(module)
    model = load(module.WIND.model)()
    simulation = sl.Simulation(model, model.parameters_type(**{**module.WIND.parameters, "shape": (64, 64), "n_cells": 12, "seed": 3}))
    frames = list(simulation.run(steps=4, every=2))
    assert [frame.step for frame in frames] == [2, 4]
    assert frames[-1].scalars["volume_error"] < 0.02
    assert len(np.unique(frames[-1]["cells"])) == 13
    assert len(block.strip().splitlines()) <= 48


@pytest.mark.parametrize("page", ["scripting.md", "your_data.md", "crystals.md", "tensions.md"])
def test_code_on_the_pages_compiles(page):
    for block in code_blocks(page):
        compile(block, page, "exec")


def test_links_of_the_readme_work_on_the_index_page_and_point_to_files_that_exist():
    root = DOCS.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    source = project["urls"]["Source"]
    raw = source.replace("https://github.com/", "https://raw.githubusercontent.com/") + "/main/"
    pages = source + "/blob/main/"
    targets = re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", (root / "README.md").read_text())
    assert any(picture for picture, _ in targets)
    for picture, target in targets:
        assert target.startswith("https://"), f"{target} is relative, and leads nowhere on the index page"
        own = raw if picture else pages
        if picture or target.startswith(source):
            assert target.startswith(own), target
            assert (root / target.removeprefix(own)).is_file(), target
    for name, url in project["urls"].items():
        assert url.startswith(source), name
        if url.startswith(pages):
            assert (root / url.removeprefix(pages)).is_file(), name
    assert f"repository-code: {source}\n" in (root / "CITATION.cff").read_text()


def test_every_preset_count_of_the_readme_is_that_of_the_catalog():
    (count,) = re.findall(r"(\d+) presets", (DOCS.parent / "README.md").read_text())
    assert int(count) == len(scenarios("curvatubes"))


def test_every_page_of_the_menu_exists_and_every_page_is_in_the_menu():
    menu = set(re.findall(r"(\w+\.md)", (DOCS.parent / "mkdocs.yml").read_text()))
    assert menu == {page.name for page in DOCS.glob("*.md")}
