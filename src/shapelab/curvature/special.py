"""Presets with a name in mathematics or biology: soap films, minimal surfaces, vesicles, and textures that vary in space."""

from __future__ import annotations

from typing import Any

from shapelab.catalog import Scenario

__all__ = ["SPECIAL"]

FILMS, VESICLES, SPACE = "Soap films and minimal surfaces", "Vesicles", "Varying in space"
WILLMORE = {"a20": 1.0, "a11": 2.0, "a02": 1.0, "b10": 0.0, "b01": 0.0, "c": 0.0}
SADDLES = {"a20": 2.0, "a11": 2.0, "a02": 2.0, "b10": -8.0, "b01": 8.0, "c": 32.0}
"""(k1+k2)^2 + (k1-4)^2 + (k2+4)^2: least at the saddle (4, -4)."""
FILM = {**dict.fromkeys(WILLMORE, 0.0), "tension": 1.0, "mass": None}
HELFRICH = "W. Helfrich, Z. Naturforsch. C 28, 693 (1973); U. Seifert et al., Phys. Rev. A 44, 1182 (1991)"
PERIODIC = "A. H. Schoen, NASA TN D-5541 (1970)"
SEQUENCE = "sharp-struts, layers-thin, layers-thin, tubes, spheres-sparse, sharp-struts, sharp-struts, layers-thin"
VESICLE = {**WILLMORE, "mass": None, "resolution": 60.0, "flow": "averaged", "settle": 0.002}

BODY = {"euler_characteristic": (1.9, 2.1)}
"""What is one body without a hole."""
_SMALL: dict[str, Any] = {"quick": {"shape": (48, 48, 48)}, "shows_after": 600.0}


def _periodic(holes: int, homogeneity: float) -> dict[str, tuple[float, float]]:
    """Return the ranges about a minimal surface's Euler characteristic (minus `holes`) and homogeneity, as a grid shows them."""
    return {"euler_characteristic": (-1.06 * holes, -0.94 * holes), "homogeneity": (0.955 * homogeneity, 1.045 * homogeneity)}


SPECIAL = (
    Scenario(
        "minimal-surface", "Random minimal surface",
        "A random labyrinth that tightens into a surface without mean curvature, saddles everywhere.",
        {**SADDLES, "mass": 0.0, "resolution": 40.0, "start": "waves", "start_size": 34.0, "shape": (64, 64, 64)},
        "J. W. Cahn, J. Chem. Phys. 42, 93 (1965)", {"k1": (2.8, 4.8), "k2": (-4.8, -2.8)}, group=FILMS,
        quick={"shape": (48, 48, 48)},
    ),
    Scenario("gyroid", "Gyroid", "Schoen's gyroid, relaxed from its wave approximation.",
             {**WILLMORE, "mass": 0.0, "start": "gyroid"}, PERIODIC, _periodic(8, 0.7667), group=FILMS, **_SMALL),
    Scenario("schwarz-p", "Schwarz P surface", "Schwarz's primitive surface: a cage with six round windows.",
             {**WILLMORE, "mass": 0.0, "start": "schwarz_p"}, PERIODIC, _periodic(4, 0.7163), group=FILMS, **_SMALL),
    Scenario("diamond", "Schwarz D surface", "Schwarz's diamond surface: channels that meet in fours, as the bonds of diamond do.",
             {**WILLMORE, "mass": 0.0, "start": "diamond"}, PERIODIC, _periodic(16, 0.7498), group=FILMS, **_SMALL),
    Scenario("catenoid", "Catenoid", "A soap film between two rings: it pulls itself into a waist.",
             {**FILM, "start": "rings", "flow": "free", "boundary": "replicate", "shape": (32, 64, 64)},
             "J. Plateau, Statique expérimentale et théorique des liquides (1873)", {"waist": (0.72, 0.76)}, group=FILMS),
    Scenario("soap-bubble", "Soap bubble", "A long drop that surface tension rounds into a ball.",
             {**FILM, "start": "prolate", "reduced_volume": 0.8, "area_stiffness": 0.0, "shape": (72, 48, 48)},
             "J. Plateau, Statique expérimentale et théorique des liquides (1873)", {**BODY, "sphericity": (0.985, 1.015)}, group=FILMS),
    Scenario("spinodal", "Coarsening emulsion", "Two fluids that part from noise, ever more coarsely, by surface tension alone.",
             {**FILM, "mass": -0.2}, "J. W. Cahn and J. E. Hilliard, J. Chem. Phys. 28, 258 (1958)", group=FILMS,
             quick={"shape": (32, 32, 32)}),
    Scenario("red-blood-cell", "Red blood cell", "A healthy red blood cell: a disc, thinner in the middle than at the rim.",
             {**VESICLE, "start": "oblate", "reduced_volume": 0.67, "shape": (40, 80, 80)}, HELFRICH,
             {**BODY, "sphericity": (0.75, 0.78), "dent": (0.35, 0.7)}, group=VESICLES),
    Scenario("stomatocyte", "Stomatocyte", "A deflated vesicle that folds into a cup.",
             {**VESICLE, "start": "bowl", "reduced_volume": 0.58, "shape": (72, 72, 72), "settle": 0.01}, HELFRICH,
             {**BODY, "sphericity": (0.675, 0.72), "dent": (0.1, 0.4)}, group=VESICLES, cut=True),
    Scenario("prolate", "Prolate vesicle", "An elongated vesicle with a waist, like a dumbbell.",
             {**VESICLE, "start": "prolate", "reduced_volume": 0.7, "shape": (96, 48, 48)}, HELFRICH,
             {**BODY, "sphericity": (0.77, 0.82), "waist": (0.65, 0.85)}, group=VESICLES),
    Scenario("clifford-torus", "Clifford torus", "A ring whose two radii settle at the square root of 2 to 1: the ring that bends least.",
             {**WILLMORE, "mass": None, "start": "torus"}, "F. C. Marques and A. Neves, Ann. Math. 179, 683 (2014)",
             {"euler_characteristic": (-0.3, 0.3), "sphericity": (0.78, 0.815)}, group=VESICLES),
    Scenario("spatial", "Textures along a line", "Bone, layers, tubes and droplets that turn into one another along x.",
             {"sequence": SEQUENCE, "shape": (32, 48, 256)},
             "A. Song, J. Math. Imaging Vis. 64, 17-40 (2022)", group=SPACE,
             variants={"paper": {"shape": (50, 100, 600)}}, quick={"shape": (16, 16, 64)}),
)  # fmt: skip
