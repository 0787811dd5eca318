"""`make strings` finds what users read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_kind_of_string_is_listed():
    command = [sys.executable, str(ROOT / "scripts" / "strings.py")]
    listed = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True).stdout
    for text in (
        "Fraction of the available space that cells fill; the rest is medium.",  # a parameter
        "resume a saved run",  # the command line
        "Measure the selected masks",  # napari.yaml
        "Thin crumpled walls full of small round holes.",  # a preset
        "There is no cell {cell}; {_there_are(state)}.",  # an error
    ):
        assert f": {text}\n" in listed
    assert all(line.split(":")[1].isdigit() for line in listed.splitlines())
    assert "Rounds of moving seeds" not in listed  # a docstring
