"""What others install is what is here: the sources make an archive, and the archive a wheel that holds every file of both packages."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILED = {"__pycache__", ".mypy_cache"}
LARGEST = 8_000_000
"""Bytes of a wheel that nobody minds downloading."""


def made(kind: str, source: Path, folder: Path) -> Path:
    """Build an archive or a wheel as `pip` and `build` do, and return it."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)], cwd=source, check=True, capture_output=True)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that is made from the archive of the sources, which is what package indexes hold."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("packaging")
    with tarfile.open(made("sdist", ROOT, folder / "archive")) as archive:
        archive.extractall(folder / "sources", filter="data")
    (source,) = (folder / "sources").iterdir()
    return made("wheel", source, folder / "wheel")


def test_a_wheel_has_every_file_of_the_packages_and_no_other(wheel):
    """The sample data were missing in wheels made from archives: a link to them at the top was met first."""
    here = {str(file.relative_to(ROOT / "src").as_posix()) for file in (ROOT / "src").rglob("*") if file.is_file()}
    here = {name for name in here if not COMPILED & set(name.split("/")) and ".egg-info" not in name}
    with zipfile.ZipFile(wheel) as archive:
        there = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert there == here
    assert {name.split("/")[0] for name in there} == {"shapelab", "napari_shapelab"}


def test_a_wheel_is_small_and_names_the_command_and_the_plugin(wheel):
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("dist-info/entry_points.txt"))
    assert "shapelab = shapelab.cli:main" in entry_points
    assert "napari-shapelab = napari_shapelab:napari.yaml" in entry_points
