"""Cells as a microscope would show them: an image with its blur and noise, and the exact labels beside it."""

from __future__ import annotations

from shapelab.microscopy.parameters import MicroscopeParameters
from shapelab.microscopy.render import RenderedMovie, render_microscopy

__all__ = ["MicroscopeParameters", "RenderedMovie", "render_microscopy"]
