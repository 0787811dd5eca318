"""A virtual screen on a machine without a display, for pictures and tests: napari's image layers need OpenGL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["has_screen", "virtual_screen"]


def has_screen() -> bool:
    """Tell whether windows can be shown."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def virtual_screen(width: int = 1366, height: int = 768) -> Iterator[bool]:
    """Provide a virtual screen if there is none; enter it before Qt starts.

    Parameters
    ----------
    width, height
        Size of the screen [pixels].

    Yields
    ------
    bool
        True if windows can be shown, False if there is neither a screen nor Xvfb.
    """
    xvfb = shutil.which("Xvfb")
    if has_screen() or xvfb is None:
        yield has_screen()
        return
    reading, writing = os.pipe()
    command = [xvfb, "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()  # Xvfb answers when it is ready
        if number:
            os.environ["DISPLAY"] = f":{number}"
        yield bool(number)
    finally:
        os.environ.pop("DISPLAY", None)
        process.terminate()
        process.wait()
