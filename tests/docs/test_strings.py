"""`make strings` finds what users read."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def listed() -> str:
    command = [sys.executable, str(ROOT / "scripts" / "strings.py")]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True).stdout


def test_every_kind_of_string_is_listed():
    for text in (
        "Fraction of the available space that cells fill; the rest is medium.",  # a parameter
        "resume a saved run",  # the command line
        "Measure the selected layers",  # napari.yaml
        "Thin crumpled walls full of small round holes.",  # a preset
        "There is no cell {cell}; {_there_are(state)}.",  # an error
    ):
        assert f": {text}\n" in listed()
    assert all(line.split(":")[1].isdigit() for line in listed().splitlines())
    assert "Rounds of moving seeds" not in listed()  # a docstring


def test_parts_of_one_are_written_in_one_way():
    """ "0.52 %", "14 %": by `shapelab.units.percent`, with a space, in the code and on the pages."""
    assert not [line for line in listed().splitlines() if re.search(r"[\d}]%", line)]
    sources = [path for path in (ROOT / "src").rglob("*.py") if re.search(r"\{[^{}]*:[^{}]*%\}", path.read_text(encoding="utf-8"))]
    assert not sources
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
    wrong = [f"{page.name}: {line}" for page in pages for line in page.read_text(encoding="utf-8").splitlines() if re.search(r"\d%", line)]
    assert not wrong
