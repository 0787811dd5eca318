"""The code that the documentation shows runs as it stands there."""

from __future__ import annotations

import dataclasses
import inspect
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import shapelab as sl
from shapelab.catalog import Scenario, scenarios, take_file
from shapelab.cells.hooks import CellHooks
from shapelab.cells.state import CellState
from shapelab.scenario_check import check_scenario

DOCS = Path(__file__).parents[2] / "docs"


def code_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


@pytest.mark.usefixtures("own_scenarios")
def test_scenarios_of_the_extending_page_pass_their_own_test(tmp_path):
    texture, cells = code_blocks("extending.md")
    assert len(cells.strip().splitlines()) <= 48
    for name, block in (("fat_tubes", texture), ("wind", cells)):
        file = tmp_path / f"{name}.py"
        file.write_text(block)
        (item,) = take_file(file)
        findings = list(check_scenario(item))
        assert len(findings) >= 4
        assert all(finding.passed for finding in findings), findings
    frames = list(sl.Cells("wind", shape=(64, 64), n_cells=12, seed=3).run(steps=4, every=2))
    assert [frame.step for frame in frames] == [2, 4]
    assert frames[-1].scalars["volume_error"] < 0.02
    assert len(np.unique(frames[-1]["cells"])) == 13


def test_the_extending_page_names_every_hook_and_every_field():
    page = (DOCS / "extending.md").read_text()
    hooks = [name for name, value in vars(CellHooks).items() if inspect.isfunction(value) and not name.startswith("_")]
    fields = {field.name for field in dataclasses.fields(CellState)} - {"parameters", "next_id", "diagram"}
    parts = {field.name for field in dataclasses.fields(Scenario)} - {"ndim"}
    assert len(hooks) >= 12
    for name in (*hooks, *fields, *parts):
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", page), name


@pytest.mark.parametrize("page", sorted(page.name for page in DOCS.glob("*.md") if code_blocks(page.name)))
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
    settings = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    before, menu = re.split(r"^nav:\n", settings, flags=re.MULTILINE)
    assert "- api-autonav:\n      modules: [src/shapelab]\n" in before
    menu = re.findall(r"\w+\.md", menu)
    assert sorted(menu) == sorted(page.name for page in DOCS.glob("*.md"))
