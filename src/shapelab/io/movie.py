"""Pictures as a movie: GIF by Pillow, MP4 by ffmpeg where there is one. Pictures are taken as they come, never all at once."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from shapelab.errors import InputError
from shapelab.io.output import new_file
from shapelab.stopping import check_stop

__all__ = ["MOVIE_SUFFIXES", "check_movie", "ffmpeg", "write_movie"]

MOVIE_SUFFIXES = (".mp4", ".gif")
_NO_FFMPEG = "MP4 needs ffmpeg: pip install imageio-ffmpeg (or install ffmpeg), or choose a name that ends in .gif."


def ffmpeg() -> str | None:
    """Return the path of ffmpeg, of the package imageio-ffmpeg or of the system, None if there is none."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-not-found, unused-ignore]

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return shutil.which("ffmpeg")


def check_movie(out: str | Path) -> str:
    """Return the suffix of a movie that can be written here; refuse any other."""
    suffix = Path(out).suffix.lower()
    if suffix not in MOVIE_SUFFIXES:
        raise InputError(f"{Path(out).name}: a movie must end in {' or '.join(MOVIE_SUFFIXES)}.")
    if suffix == ".mp4" and ffmpeg() is None:
        raise InputError(_NO_FFMPEG)
    return suffix


def write_movie(out: str | Path, pictures: Iterable[np.ndarray], rate: float = 10.0) -> Path:
    """Write a movie; whatever ends it early, nothing is left.

    Parameters
    ----------
    out
        File that ends in ``.gif`` or ``.mp4``.
    pictures
        uint8 arrays (height, width, 3 or 4); all get the size of the first one.
    rate
        Pictures per second.

    Raises
    ------
    InputError
        If there are no pictures, the file exists or cannot be written, or no ffmpeg is there for MP4.
    """
    path, suffix = Path(out), check_movie(out)
    with new_file(path) as partial:
        same = _of_one_size(pictures)
        (_write_gif if suffix == ".gif" else _write_mp4)(partial, same, rate)
    return path


def _of_one_size(pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield RGB pictures whose sides are even, as video coding wants them."""
    from PIL import Image

    size: tuple[int, int] | None = None
    for picture in pictures:
        check_stop()
        rgb = np.ascontiguousarray(np.asarray(picture, np.uint8)[..., :3])
        size = size or (max(2, rgb.shape[1] // 2 * 2), max(2, rgb.shape[0] // 2 * 2))
        if rgb.shape[1::-1] != size:
            near = 0 <= rgb.shape[1] - size[0] <= 1 and 0 <= rgb.shape[0] - size[1] <= 1
            rgb = rgb[: size[1], : size[0]] if near else np.asarray(Image.fromarray(rgb).resize(size))
        yield rgb
    if size is None:
        raise InputError("There are no pictures to make a movie of.")


def _write_gif(path: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    from PIL import Image

    images = (Image.fromarray(picture).quantize(256) for picture in pictures)
    first = next(images)
    first.save(path, format="GIF", save_all=True, append_images=images, duration=round(1000 / rate), loop=0)


def _write_mp4(path: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    program = ffmpeg()
    assert program is not None
    first = next(pictures)
    size = f"{first.shape[1]}x{first.shape[0]}"
    command = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{rate:g}", "-i", "-"]
    command += ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", str(path)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)  # noqa: S603
        assert process.stdin is not None
        try:
            for picture in itertools.chain([first], pictures):
                process.stdin.write(picture.tobytes())
            process.stdin.close()
            code = process.wait()
        except BrokenPipeError:
            code = process.wait() or 1
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()
    if code:
        raise InputError(f"ffmpeg could not write {path.name.partition('.partial.')[2]} ({lines[-1] if lines else f'code {code}'}).")
