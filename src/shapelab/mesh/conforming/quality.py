"""How good a mesh is: what triangles and tetrahedra have in common."""

from __future__ import annotations

from dataclasses import dataclass

from shapelab.units import percent

__all__ = ["ElementQuality"]

_NAMED = 10
"""Missing cells that are listed in words."""


@dataclass(frozen=True, kw_only=True)
class ElementQuality:
    """How good a mesh is."""

    inverted: int
    """Elements that are turned inside out: none, unless something is wrong."""
    smallest_angle: float
    """Of a triangle, or between two faces of a tetrahedron [degrees]."""
    largest_angle: float
    off: float
    """Share of the nodes on boundaries that could not be put on them, or have left them by up to a third of an element for the angles."""
    missing: tuple[int, ...]
    """Labels of cells that are too small for an element."""

    def in_words(self, count: int, element: str, elements: str, kept: str) -> str:
        """Return the report as sentences, with the words for an element and for what cells keep."""
        words = [
            f"{count:,} {elements}, angles {self.smallest_angle:.1f}° to {self.largest_angle:.1f}°, {kept} at most,",
            f"{percent(self.off)} of the boundary nodes off their boundary.",
        ]
        if self.inverted:
            words.append(f"{self.inverted} {elements} are inverted.")
        if self.missing:
            more = ", …" if len(self.missing) > _NAMED else ""
            words.append(f"Too small for a {element}: {', '.join(map(str, self.missing[:_NAMED]))}{more}.")
        return " ".join(words)
