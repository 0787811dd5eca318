"""The binaries of the cards are compiled without a card: whatever breaks them breaks this test."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import shapelab

wp = pytest.importorskip("warp")
generic = pytest.importorskip("shapelab.gpu.generic")

SOURCE = Path(shapelab.__file__).parent
MODULES = sorted(
    "shapelab." + ".".join(file.relative_to(SOURCE).with_suffix("").parts)
    for file in SOURCE.rglob("*.py")
    if "\n@wp.kernel" in file.read_text(encoding="utf-8")
)
"""Those with kernels of their own; what is made around a user's function has a module for each."""
OLDEST, NEWEST = 75, 90
"""Turing and Hopper: every kernel in both; the architectures between them run what is compiled for the oldest."""


@pytest.mark.skipif(sys.platform == "darwin", reason="Warp for macOS brings no compiler for CUDA")
@pytest.mark.parametrize("name", MODULES)
def test_kernels_compile_for_cards(name, tmp_path):
    module = importlib.import_module(name)
    assert generic.kernels_of(module)
    for real in (wp.float32, wp.float64):
        generic.specialise(module, real)
    binaries = wp.compile_aot_module(module, arch=[OLDEST, NEWEST], module_dir=tmp_path)
    assert [file.suffix for file in binaries] == [".cubin", ".cubin"]
    assert all(file.stat().st_size > 1000 for file in binaries)
