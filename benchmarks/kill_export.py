"""Exports that are killed, and what must be true of their files afterwards."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from kill_process import Tally, forked, in_a_process, killed
from kill_run import die_at

from shapelab.io import load_run
from shapelab.io.export import export_meshes, export_tables, export_tiff

WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "field.ply": lambda run, out: export_meshes(load_run(run), out),
    "frames.stl": lambda run, out: export_meshes(load_run(run), out, frames=(0, 4, 8)),
    "stack.tif": lambda run, out: export_tiff(load_run(run), out),
    "scalars.csv": lambda run, out: export_tables(load_run(run), out),
    "tables": lambda run, out: export_tables(load_run(run), out),
}


def exports(tally: Tally, count: int, rng: np.random.Generator, root: Path) -> None:
    """Kill exports of ``whole.zarr`` when they touch what they make, and export again over what is left."""
    source = root / "whole.zarr"
    before = digest(source)
    good = {}
    for name, way in WAYS.items():
        (root / "good").mkdir(exist_ok=True)
        good[name] = in_a_process(lambda way=way, name=name: digest(way(source, root / "good" / name)))  # type: ignore[misc]
    index = 0
    while tally.kills < count:
        name = list(WAYS)[index % len(WAYS)]
        place = root / f"exported{index}"
        place.mkdir()
        index += 1
        after = int(rng.integers(1, 12))
        if killed(forked(lambda name=name, place=place, after=after: _doomed(name, source, place, after))):  # type: ignore[misc]
            tally.kills += 1
            _check(tally, name, source, place, good[name])
        shutil.rmtree(place)
    if digest(source) != before:
        tally.wrong.append(f"{tally.kind}: the run itself has changed")


def _doomed(name: str, source: Path, place: Path, after: int) -> None:
    die_at(place, after)
    WAYS[name](source, place / name)


def _check(tally: Tally, name: str, source: Path, place: Path, good: str) -> None:
    """What has its name is whole; what has not can be exported again."""
    found = [entry for entry in place.iterdir() if not entry.name.startswith(".")]
    tally.before += not found
    made = digest(found[0]) if found else in_a_process(lambda: digest(WAYS[name](source, place / name)))
    tally.resumed += made == good
    if made != good:
        tally.wrong.append(f"{tally.kind}: {name} differs")


def digest(path: Path) -> str:
    """Return what tells the content of a file or folder; the identifier that OME-TIFF draws anew is left out."""
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            content = file.read_bytes()
            begin = content.find(b"UUID=")
            total.update(content[:begin] + content[begin + 60 :] if file.suffix == ".tif" and begin >= 0 else content)
    return total.hexdigest()
