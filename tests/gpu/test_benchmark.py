"""The benchmark for cards runs where little is installed, and every line of it is tried without a card."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("warp")
ROOT = Path(__file__).parents[2]
THERE = {"torch", "triton", "numpy", "scipy", "numba", "scikit-image", "h5py", "pandas", "pillow", "psutil", "tifffile", "pydantic"}
BROUGHT = {"annotated-types", "filelock"}
"""By pydantic and torch."""

CODE = """
import runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r}:
            raise ImportError("not installed here: " + name)
sys.meta_path.insert(0, Refuse())
sys.argv = ["gpu.py", "--dry", "--json", {file!r}]
runpy.run_path({script!r}, run_name="__main__")
"""


def test_every_section_runs_dry_with_few_packages(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {line.split(">")[0].strip() for line in project["dependencies"]} - THERE - BROUGHT
    refused = {name.replace("-", "_") for name in names} | {"ome_zarr", "distributed", "matplotlib", "pykeops", "keopscore"}
    file = tmp_path / "table.json"
    code = CODE.format(refused=refused, script=str(ROOT / "benchmarks" / "gpu.py"), file=str(file))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert rows[0][1].startswith("CPU through Warp")
    for words in ("texture, a step", "kernel gather", "published", "a frame", "500 steps"):
        assert any(words in row[0] for row in rows), words
