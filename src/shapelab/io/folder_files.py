"""Which files of a folder are meant: all images, or those of a pattern."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from shapelab.errors import ArgumentError, InputError

__all__ = ["files_of_folder", "is_folder_of_files", "partner"]


def is_folder_of_files(path: Path) -> bool:
    """Return whether `path` is a folder of images, rather than an image or a run that is a folder itself."""
    from shapelab.io.image import is_zarr_folder

    return path.is_dir() and not is_zarr_folder(path) and not (path / "run.json").exists()


def files_of_folder(folder: Path, pattern: str | None = None, *, without: Iterable[Path] = ()) -> list[Path]:
    """Return the files of a folder, sorted by name: those of a pattern such as ``**/*_seg.tif``, by default all images.

    Hidden files, and those of or in `without`, are left out.

    Raises
    ------
    InputError
        If there are none, or the pattern is no pattern below the folder.
    """
    from shapelab.io.image import IMAGE_SUFFIXES

    if not is_folder_of_files(folder):
        raise InputError(f"{str(folder)!r} is no folder of files.")
    try:
        found = sorted(folder.glob(pattern or "*"))
    except (ValueError, NotImplementedError, IndexError):
        said = "is no pattern of file names below the folder, such as '*.tif'."
        raise ArgumentError(f"pattern = {pattern!r} {said}", f"--pattern: {pattern!r} {said}") from None
    if pattern is None:
        found = [file for file in found if file.name.lower().endswith(IMAGE_SUFFIXES)]
    left_out = {file.resolve() for file in without}
    seen = [file for file in found if not file.name.startswith(".") and left_out.isdisjoint((file.resolve(), *file.resolve().parents))]
    files = [file for file in seen if file.is_file() or not is_folder_of_files(file)]
    if not files:
        raise InputError(f"The folder {str(folder)!r} has no {'images' if pattern is None else f'files like {pattern!r}'}.")
    return files


def partner(name: Path, folder: Path) -> Path:
    """Return the file of another folder that has the same name, or the same but for its suffix.

    Parameters
    ----------
    name
        Path of a file in its own folder, relative to it.
    folder
        The other folder.

    Raises
    ------
    InputError
        If there is none, or several differ in their suffix.
    """
    same = folder / name
    if same.exists():
        return same
    stem = _stem(name.name)
    beside = sorted(same.parent.iterdir()) if same.parent.is_dir() else []
    found = [file for file in beside if _stem(file.name) == stem and not is_folder_of_files(file)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"it has {len(found)} partners in {folder.name}: {', '.join(file.name for file in found[:3])}")
    raise InputError(f"it has no partner in {folder.name}: a file of the same name")


def _stem(name: str) -> str:
    from shapelab.io.image import IMAGE_SUFFIXES

    suffix = next((suffix for suffix in sorted(IMAGE_SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), None)
    return name[: -len(suffix)] if suffix else Path(name).stem
