"""The page around the data: one HTML file whose programs and style are allowed by their hashes, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from shapelab.io.presence import readable

__all__ = ["COMPUTE", "MODULES", "REMOTE", "SHADERS", "WORKER_MODULES", "fill", "joined", "joined_shaders", "notebook_program"]

WORKER_MODULES = ("curvature_energy.js", "curvature_flow.js", "curvature_processor.js", "curvature_device.js", "curvature_worker.js")
"""What computes in a worker, each after those that it imports."""
MODULES = (
    "bytes.js",
    "page_data.js",
    "costs.js",
    "candidates.js",
    "colours.js",
    "gl.js",
    "view.js",
    "panels.js",
    "plot.js",
    "marks.js",
    "flat_renderer.js",
    "cell_renderer.js",
    "volume_renderer.js",
    "mesh_renderer.js",
    "points_renderer.js",
    "overlay.js",
    "sliders.js",
    "capture.js",
    "cell_areas.js",
    "cell_solver.js",
    "cell_sorting.js",
    "cell_bubbles.js",
    "cell_motion.js",
    "live_cells.js",
    "live_texture.js",
    "pace.js",
    "player.js",
    "main.js",
)
"""The page's own modules, each after those that it imports."""
REMOTE = "remote.js"
"""What comes after them in the page of a run that goes on in Python."""
SHADERS = ("screen.vert", "surface.frag", "labels.frag", "cells.frag", "flat.frag", "marks.vert", "marks.frag", "mesh.vert", "mesh.frag")
COMPUTE = ("curvature_common.wgsl", "curvature_gradient.wgsl", "curvature_step.wgsl")
"""What computes on a graphics card, as one shader module."""
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z_]+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_SPARED = re.compile(r"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)


def fill(page: Mapping[str, Any], blobs: Iterable[str]) -> str:
    """Return the whole file.

    Parameters
    ----------
    page
        What the page says, as JSON; "remote" stands for a run that goes on in Python.
    blobs
        Base64 texts that it refers to by their numbers.
    """
    program, style = joined((*MODULES, REMOTE) if "remote" in page else MODULES), _read("style.css")
    policy = (
        f"default-src 'none'; script-src {_hash(program)}; style-src {_hash(style)}; worker-src blob:; img-src blob: data:; "
        "media-src blob:; base-uri 'none'; form-action 'none'"
    )
    parts = [_data(f"shader-{name}", "text/plain", _bare(name)) for name in SHADERS]
    if page.get("family") == "curvatubes":
        parts.append(_data("worker", "text/plain", joined(WORKER_MODULES)))
        parts.append(_data("compute", "text/plain", joined_shaders(COMPUTE)))
    parts.append(_data("page", "application/json", json.dumps(page, ensure_ascii=True, allow_nan=False, separators=(",", ":"))))
    parts += [_data(f"blob-{number}", "application/octet-stream", text) for number, text in enumerate(blobs)]
    slots = {
        "TITLE": html.escape(readable(str(page["title"]))),
        "POLICY": html.escape(policy),
        "STYLE": style,
        "DATA": "\n".join(parts),
        "PROGRAM": program,
    }
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda match: slots[match.group(1)], _read("viewer.html"))


def joined(modules: Iterable[str]) -> str:
    """Return modules as one script: each comes after what it imports, and no two have a name in common."""
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _bare(name))) for name in modules)


def joined_shaders(names: Iterable[str]) -> str:
    """Return compute shaders as one module: no two have a name in common."""
    return "\n".join(map(_bare, names))


def notebook_program() -> str:
    """Return the module with which a notebook shows a page."""
    return _read("notebook.js")


def _data(name: str, kind: str, text: str) -> str:
    """Return an element that the browser keeps and does not run; nothing in `text` can end it early."""
    safe = text.replace("<", "\\u003c") if kind == "application/json" else text
    assert "</script" not in safe.lower()
    return f'<script type="{kind}" id="{name}">{safe}</script>'


def _bare(name: str) -> str:
    """Return a program without what only its authors need: whole lines of comments, and indentation."""
    return _SPARED.sub("", _read(name))


def _read(name: str) -> str:
    return (files("shapelab.page") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
