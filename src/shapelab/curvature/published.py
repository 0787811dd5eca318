"""The published textures of A. Song (J. Math. Imaging Vis. 64, 2022), by coefficients, mass and what one sees.

The measured columns are those of the published fields (100^3 voxels, eps = 2 voxels), not of our runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["PUBLISHED", "Published"]

TUBES, SPONGES, MEMBRANES, BONE, ATLAS = "Tubes and beads", "Sponges", "Membranes", "Trabecular bone", "From the atlas"


class Published(NamedTuple):
    """One row of the table of textures."""

    name: str
    title: str
    group: str
    coefficients: tuple[float, float, float, float, float, float]
    """(a20, a11, a02, b10, b01, c), in texture lengths."""
    mass: float
    description: str
    measured: tuple[float, float, float, float] | None = None
    """Volume fraction, area per volume, mean k1, mean k2 of the published field, None if there is none."""
    others: Mapping[str, Any] = {}
    aliases: tuple[str, ...] = ()
    """Former names."""
    small: int = 48
    """Side of the box [voxels] in which a quick run shows the published statistics, as far as a small box can."""


HEALING: Mapping[str, Any] = {"inertia": "annealed"}
"""Textures that stay stuck in defects without a coasting phase."""
SLOW: Mapping[str, Any] = {"inertia": "annealed", "settle": 0.003}
"""Those that mend them slowly besides."""

PUBLISHED = (
    Published("tubes", "Tubes", TUBES, (1, 2, 6, -40, -40, 400), -0.6,
              "Branching tubes of even width that join into one net.", (0.154, 5.3, 22.8, 0.4)),
    Published("tubes-thin", "Thin tubes", TUBES, (2, 2, 11, -100, -50, 1250), -0.7,
              "Slender tubes that run straighter and branch less."),
    Published("tubes-oriented", "Oriented tubes", TUBES, (1, 2, 6, -40, -40, 400), -0.6,
              "Tubes that run along the z axis.", None, {"orientation": 1000.0, "direction": (1.0, 0.0, 0.0)}),
    Published("pearls", "Pearls", TUBES, (1, 3.55, 1, -56, -56, 784), -0.77,
              "Strings of beads that touch, with much void around them.", (0.080, 2.4, 31.7, -7.8), SLOW,
              small=56),
    Published("metatubes", "Metatubes", TUBES, (0.924, 1.352, 2.932, 8.29, 61.066, 297.722), -0.53,
              "Wide tubes flattened into plates with windows.", (0.223, 4.7, 14.2, -9.2), HEALING),
    Published("tortuous", "Tortuous tubes", TUBES, (1, 2.221, 2.667, -103.614, 154.632, -1633.36), -0.745,
              "Thin tubes that wind and branch in all directions.", (0.112, 11.7, 33.4, -14.2)),
    Published("spheres", "Spheres", TUBES, (2, 2, 2, -75, -75, 937.5), -0.6,
              "Separate round droplets of nearly even size."),
    Published("spheres-sparse", "Sparse spheres", TUBES, (2, 2, 2, -75, -75, 937.5), -0.7,
              "The same droplets, fewer of them."),
    Published("sponge", "Sponge", SPONGES, (1, 2.8, 2, -10, -10, 25), -0.25,
              "A sponge of saddles: matter and void are each connected throughout.", (0.337, 6.7, 24.7, -13.4), HEALING),
    Published("crumpled-foam", "Crumpled foam", SPONGES, (1, 0.396, 1.095, -28.64, 190.906, 2062.082), -0.598,
              "Thin crumpled walls full of small round holes.", (0.224, 11.6, 31.0, -27.6), aliases=("weird",)),
    Published("bilayers", "Bilayers", MEMBRANES, (1, 1, 1, 0, 0, 0), -0.4,
              "Membranes: pairs of parallel sheets that close on themselves.", (0.301, 6.1, 7.5, -5.2), SLOW),
    Published("layers", "Layers", MEMBRANES, (2, 2, 2, 0, 0, 0), -0.3,
              "Thick sheets that curve gently, with a few windows between them."),
    Published("layers-thin", "Thinner layers", MEMBRANES, (2, 2, 2, 0, 0, 0), -0.4,
              "The same texture as Bilayers, from coefficients twice as large."),
    Published("sieve", "Sieve", MEMBRANES, (0.946, 3.959, 1.942, 18.329, 28.008, 113.771), -0.534,
              "Sheets with many small round holes.", (0.215, 4.2, 26.8, -18.4), {"flow": "prepared"}),
    Published("tightlayers-1", "Tight layers", MEMBRANES, (0.997, 1.321, 3.619, -88.68, -1.718, 2053.259), -0.614,
              "Thin layers, close together.", (0.138, 1.8, 47.8, -2.0), HEALING),
    Published("tightlayers-2", "Tight layers, stiffer", MEMBRANES, (3, 3.741, 11, -268, -4, 6156), -0.633,
              "Thin layers, close together, from stiffer coefficients.", (0.137, 1.6, 48.1, -2.2),
              {"flow": "prepared", **HEALING}),
    Published("tightlayers-3", "Faint sheets with ridges", MEMBRANES, (6, 3.403, 7, -500, 26, 10854), -0.716,
              "Faint thin sheets that meet at ridges.", (0.108, 1.4, 43.5, 0.2), small=56),
    Published("trabec-1", "Trabecular bone", BONE, (0.948, 0.836, 6.099, -82.925, -7.377, 1770.118), -0.419,
              "Struts and small plates that join like the bone inside a vertebra.", (0.183, 3.2, 43.5, -0.3)),
    Published("trabec-2", "Trabecular bone, thinner", BONE, (1.069, 0.958, 6.074, -83.758, -7.676, 1767.964), -0.445,
              "Bone-like struts, a little thinner than in the first.", (0.180, 3.4, 41.3, 0.0)),
    Published("trabec-3", "Trabecular bone, open", BONE, (2, 1.823, 12, -166, -14, 3548), -0.512,
              "Bone-like struts, thinner still and more open.", (0.142, 3.5, 41.2, 1.3)),
    Published("trabec-rounded", "Trabecular bone, rounded coefficients", BONE, (1, 0.85, 6, -80, -7.5, 1770), -0.42,
              "Bone-like struts, as in the first, from rounded coefficients.", aliases=("trabec-notebook",)),
    Published("sharp-struts", "Sharp struts", BONE, (2, 2, 11, -180, -90, 4050), -0.6,
              "Thin bone-like struts with sharp joints.", aliases=("trabec-round",)),
    Published("splinters", "Splinters", ATLAS, (1, -0.238, 11.988, -175.909, -27.167, 2117.037), -0.648,
              "Scattered splinters and short wedges.", (0.077, 4.3, 39.3, 1.3), aliases=("exp-0366",)),
    Published("round-pores", "Round pores", ATLAS, (1, 0.63, 4.399, 132.459, 195.066, -2378.53), -0.364,
              "Matter full of smooth round pores: a texture inside out.", (0.321, 12.5, 3.6, -10.4), aliases=("exp-0374",)),
    Published("short-tubes", "Short tubes", ATLAS, (1, 3.225, 10.87, -146.309, 143.487, -2920.302), -0.499,
              "A dense net of short tubes with sharp branches.", (0.191, 11.3, 31.4, -9.8), aliases=("exp-0556",)),
    Published("fine-grain", "Fine grain", ATLAS, (1, -3.705, 0.645, -136.976, 160.991, 2450.756), -0.258,
              "Grain as fine as the voxels: a case in which no texture forms.", (0.468, 1097.0, 67.0, -51.0), aliases=("exp-0684",)),
    Published("knobs", "Round knobs", ATLAS, (1, 3.725, 0.649, -39.994, 64.093, 2758.058), -0.568,
              "Round knobs that touch and leave small windows, like foam turned inside out.", (0.193, 4.6, 44.0, -34.3), HEALING,
              ("exp-0830",), 56),
)  # fmt: skip
