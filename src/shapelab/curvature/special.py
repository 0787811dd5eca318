"""Presets with a name in mathematics or biology: soap films, minimal surfaces, vesicles, and textures that vary in space."""

from __future__ import annotations

from shapelab.catalog import Scenario

__all__ = ["SPECIAL"]

FILMS, VESICLES, SPACE = "Soap films and minimal surfaces", "Vesicles", "Varying in space"
WILLMORE = {"a20": 1.0, "a11": 2.0, "a02": 1.0, "b10": 0.0, "b01": 0.0, "c": 0.0}
SADDLES = {"a20": 2.0, "a11": 2.0, "a02": 2.0, "b10": -8.0, "b01": 8.0, "c": 32.0}
"""(k1+k2)^2 + (k1-4)^2 + (k2+4)^2: least at the saddle (4, -4)."""
FILM = {**dict.fromkeys(WILLMORE, 0.0), "tension": 1.0, "mass": None}
HELFRICH = "W. Helfrich, Z. Naturforsch. C 28, 693 (1973); U. Seifert et al., Phys. Rev. A 44, 1182 (1991)"
PERIODIC = "A. H. Schoen, NASA TN D-5541 (1970)"
SEQUENCE = "trabec-round, layers-thin, layers-thin, tubes, spheres-sparse, trabec-round, trabec-round, layers-thin"
VESICLE = {**WILLMORE, "mass": None, "resolution": 60.0, "flow": "averaged", "settle": 0.002}

SPECIAL = (
    Scenario(
        "minimal-surface", "Minimal surface from waves",
        "A random labyrinth that tightens into a surface without mean curvature, saddles everywhere.",
        {**SADDLES, "mass": 0.0, "resolution": 40.0, "start": "waves", "start_size": 34.0, "shape": (64, 64, 64)},
        "J. W. Cahn, J. Chem. Phys. 42, 93 (1965)", group=FILMS,
    ),
    Scenario("gyroid", "Gyroid", "Schoen's gyroid, relaxed from its wave approximation.",
             {**WILLMORE, "mass": 0.0, "start": "gyroid"}, PERIODIC, group=FILMS),
    Scenario("schwarz-p", "Schwarz P surface", "Schwarz's primitive surface: a cage with six round windows.",
             {**WILLMORE, "mass": 0.0, "start": "schwarz_p"}, PERIODIC, group=FILMS),
    Scenario("diamond", "Schwarz D surface", "Schwarz's diamond surface: channels that meet in fours, as the bonds of diamond do.",
             {**WILLMORE, "mass": 0.0, "start": "diamond"}, PERIODIC, group=FILMS),
    Scenario("catenoid", "Catenoid", "A soap film between two rings: it pulls itself into a waist.",
             {**FILM, "start": "rings", "flow": "free", "boundary": "replicate", "shape": (32, 64, 64)},
             "J. Plateau, Statique expérimentale et théorique des liquides (1873)", group=FILMS),
    Scenario("soap-bubble", "Soap bubble", "A long drop that surface tension rounds into a ball.",
             {**FILM, "start": "prolate", "reduced_volume": 0.8, "area_stiffness": 0.0, "shape": (72, 48, 48)},
             "J. Plateau, Statique expérimentale et théorique des liquides (1873)", group=FILMS),
    Scenario("spinodal", "Coarsening emulsion", "Two fluids that part from noise, ever more coarsely, by surface tension alone.",
             {**FILM, "mass": -0.2}, "J. W. Cahn and J. E. Hilliard, J. Chem. Phys. 28, 258 (1958)", group=FILMS),
    Scenario("red-blood-cell", "Red blood cell", "A healthy red blood cell: a disc, thinner in the middle than at the rim.",
             {**VESICLE, "start": "oblate", "reduced_volume": 0.67, "shape": (40, 80, 80)}, HELFRICH, group=VESICLES),
    Scenario("stomatocyte", "Stomatocyte", "A deflated vesicle that folds into a cup.",
             {**VESICLE, "start": "bowl", "reduced_volume": 0.58, "shape": (72, 72, 72), "settle": 0.01}, HELFRICH, group=VESICLES),
    Scenario("prolate", "Prolate vesicle", "An elongated vesicle with a waist, like a dumbbell.",
             {**VESICLE, "start": "prolate", "reduced_volume": 0.7, "shape": (96, 48, 48)}, HELFRICH, group=VESICLES),
    Scenario("clifford-torus", "Clifford torus", "A ring whose two radii settle at the square root of 2 to 1: the ring that bends least.",
             {**WILLMORE, "mass": None, "start": "torus"}, "F. C. Marques and A. Neves, Ann. Math. 179, 683 (2014)", group=VESICLES),
    Scenario("spatial", "Textures along a line", "Bone, layers, tubes and droplets that turn into one another along x.",
             {"sequence": SEQUENCE, "shape": (32, 48, 256)},
             "A. Song, J. Math. Imaging Vis. 64, 17-40 (2022)", group=SPACE, variants={"paper": {"shape": (50, 100, 600)}}),
)  # fmt: skip
