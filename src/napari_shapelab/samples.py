"""napari sample data: small real data with their sources, and a generated field."""

from __future__ import annotations

from typing import Any

import napari

from napari_shapelab.viewer.notice import say_in_status, say_when_drawn
from napari_shapelab.viewer.view import show_in_3d, show_when_added
from shapelab.io import samples
from shapelab.simulation import LayerData

__all__ = ["ct_abdomen", "drosophila", "gastruloid", "gyroid", "mitochondria", "nickel", "nuclei", "ovule", "pearls", "steel"]

_Triples = list[tuple[Any, dict[str, Any], str]]


def mitochondria() -> _Triples:
    """Yeast mitochondria: image and mask."""
    return _load("yeast_mitochondria")


def ct_abdomen() -> _Triples:
    """Organs of an abdominal CT."""
    return _load("ct_abdomen")


def ovule() -> _Triples:
    """Plant ovule: image and cells."""
    return _load("plant_ovule")


def drosophila() -> _Triples:
    """Fly epithelium: projection and cells."""
    return _load("drosophila_epithelium")


def nuclei() -> _Triples:
    """Fluorescent nuclei: image and labels."""
    return _load("nuclei")


def gastruloid() -> _Triples:
    """Surface of a gastruloid."""
    return _load("gastruloid")


def nickel() -> _Triples:
    """Grains of a nickel superalloy."""
    return _load("nickel_superalloy")


def steel() -> _Triples:
    """Grains of a low-carbon steel."""
    return _load("low_carbon_steel")


def pearls() -> _Triples:
    """A published curvatubes texture."""
    return _load("curvatubes_pearls")


def gyroid() -> _Triples:
    """Field of Schoen's gyroid, generated."""
    from shapelab.curvature import Curvatubes

    show_in_3d(napari.current_viewer())
    show_when_added(napari.current_viewer())
    return _triples(list(Curvatubes("gyroid", shape=(64, 64, 64)).frame()))


def _load(name: str) -> _Triples:
    sample = samples.SAMPLES[name]
    layers = samples.load(name)
    say = say_in_status if any(layer.kind == "surface" for layer in layers) else say_when_drawn
    say(f"{sample.description} Source: {sample.credit}.")
    if any(layer.kind == "surface" or layer.meta.get("rendering") == "iso" for layer in layers):
        show_in_3d(napari.current_viewer())
    show_when_added(napari.current_viewer())
    return _triples(layers)


def _triples(layers: list[LayerData]) -> _Triples:
    return [layer.as_tuple() for layer in layers]
