"""What all kernels for graphics cards share: NVIDIA Warp, quietly set up, and the conventions of docs/gpu.md.

Import this package only where a device other than "cpu" was chosen: Warp is an optional dependency (extra ``gpu``).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import warp

warp.config.log_level = warp.LOG_ERROR


def _settle_cache() -> None:
    """Keep compiled kernels in Warp's folder of this user, or in a temporary one where that cannot be written."""
    if warp.config.kernel_cache_dir or "WARP_CACHE_PATH" in os.environ:
        return
    with contextlib.suppress(OSError, RuntimeError):
        cache = Path.home() / ".cache"
        cache.mkdir(exist_ok=True)
        if os.access(cache, os.W_OK):
            return
    warp.config.kernel_cache_dir = str(Path(tempfile.gettempdir()) / "shapelab-warp")


_settle_cache()
