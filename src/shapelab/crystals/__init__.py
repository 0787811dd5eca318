"""Polycrystals and other label images as diagrams: read, fit, generate."""

from __future__ import annotations

from shapelab.crystals.diagram import Diagram
from shapelab.crystals.fitting import DiagramFit, diagram_from_moments, fit_diagram
from shapelab.crystals.generation import Crystal, generate_crystal
from shapelab.crystals.population import Population
from shapelab.crystals.stages import FitProgress

__all__ = [
    "Crystal",
    "Diagram",
    "DiagramFit",
    "FitProgress",
    "Population",
    "diagram_from_moments",
    "fit_diagram",
    "generate_crystal",
]
