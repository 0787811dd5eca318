"""Polycrystals and other label images as diagrams: read, fit, generate."""

from __future__ import annotations

from shapelab.crystals.diagram import Diagram
from shapelab.crystals.fitting import DiagramFit, diagram_from_moments, fit_diagram
from shapelab.crystals.stages import FitProgress

__all__ = ["Diagram", "DiagramFit", "FitProgress", "diagram_from_moments", "fit_diagram"]
