"""The presets: foams that show what tensions do, each with the paper to read."""

from __future__ import annotations

from typing import Any

from shapelab.scenario import Scenario, ScenarioTable

__all__ = ["PRESETS"]

_TENSIONS = ("first", "second", "between", "first_medium", "second_medium")
_BRODLAND = "G. W. Brodland, J. Biomech. Eng. 124, 188 (2002), doi:10.1115/1.1449491"
_QUICK = {"n_cells": 16, "shape": (88, 88)}


def _preset(name: str, title: str, description: str, tensions: tuple[float, ...], group: str, **rest: Any) -> Scenario:
    """Return a preset from its tensions: first, second, between, first_medium, second_medium."""
    parameters = {"shape": (160, 160), **dict(zip(_TENSIONS, tensions, strict=True)), **rest.pop("parameters", {})}
    model = "shapelab.foam.model:SpaceFoamModel" if len(parameters["shape"]) == 3 else "shapelab.foam.model:FoamModel"
    return Scenario(name=name, model=model, title=title, description=description, parameters=parameters, group=group, family="foam", **rest)


def _sorting(name: str, title: str, description: str, tensions: tuple[float, ...], citation: str, **rest: Any) -> Scenario:
    common = {"parameters": {"n_cells": 48, "filling": 0.5, "motility": 0.12}, "quick": _QUICK, "steps": 1200}
    return _preset(name, title, description, tensions, "Sorting", citation=citation, **{**common, **rest})


_ALL = (
    _preset(
        "double_bubble",
        "Double bubble",
        "Two bubbles of different tension and size come to rest at the angles set by their tensions.",
        (1.0, 1.0, 0.8, 1.0, 1.15),
        "Foams at rest",
        parameters={"shape": (112, 112), "arrangement": "pair", "filling": 0.25, "size_ratio": 0.7, "motility": 0.0},
        citation="M. Hutchings, F. Morgan, M. Ritoré, A. Ros, Ann. Math. 155, 459 (2002), doi:10.2307/3062123",
        quick={"shape": (64, 64)},
        shows_after=150,
        expect={"max_volume_error": (0.0, 5e-4)},
        steps=300,
    ),
    _preset(
        "double_bubble_3d",
        "Double bubble (3-D)",
        "Two bubbles in 3-D come to rest: three spherical caps that meet along a circle.",
        (1.0, 1.0, 0.8, 1.0, 1.15),
        "Foams at rest",
        parameters={"shape": (56, 56, 56), "arrangement": "pair", "filling": 0.12, "size_ratio": 0.7, "motility": 0.0},
        citation="M. Hutchings, F. Morgan, M. Ritoré, A. Ros, Ann. Math. 155, 459 (2002), doi:10.2307/3062123",
        quick={"shape": (36, 36, 36)},
        shows_after=40,
        expect={"max_volume_error": (0.0, 5e-4)},
        steps=200,
    ),
    _preset(
        "four_cells",
        "T1: four cells exchange neighbours",
        "Four cells meet at a cross; the pair whose contact has the lower tension joins, and the other pair separates (a T1).",
        (0.7, 1.6, 1.0, 1.0, 1.0),
        "Foams at rest",
        parameters={"shape": (80, 80), "arrangement": "cross", "filling": 0.3, "motility": 0.0},
        citation="D. Weaire and N. Rivier, Contemp. Phys. 25, 59 (1984), doi:10.1080/00107518408210979",
        quick={"shape": (56, 56)},
        shows_after=100,
        expect={"heterotypic_contact": (0.5, 0.9)},
        steps=200,
    ),
    _preset(
        "coarsening",
        "Coarsening foam",
        "Gas passes through the walls: cells with more than six sides grow, those with fewer shrink and vanish (T2).",
        (1.0, 1.0, 1.0, 1.0, 1.0),
        "Foams at rest",
        parameters={
            "shape": (200, 200),
            "arrangement": "full",
            "periodic": True,
            "n_cells": 80,
            "second_part": 0.0,
            "motility": 0.0,
            "exact_volumes": False,
        },
        citation="W. W. Mullins, J. Appl. Phys. 27, 900 (1956), doi:10.1063/1.1722511",
        quick={"shape": (96, 96), "n_cells": 24},
        shows_after=150,
        expect={"deaths": (1, 23)},
        steps=600,
    ),
    _sorting(
        "foam_sorting",
        "Sorting",
        "Two types of cells, each preferring its own, sort: domains grow and merge.",
        (0.7, 0.7, 1.3, 1.4, 1.4),
        _BRODLAND,
        shows_after=150,
        expect={"heterotypic_contact": (0.0, 0.45)},
    ),
    _sorting(
        "foam_engulfment",
        "Engulfment",
        "The second type has a lower tension with the medium, spreads over the first and engulfs it.",
        (0.8, 0.7, 0.9, 1.6, 1.0),
        "R. A. Foty, C. M. Pfleger, G. Forgacs, M. S. Steinberg, Development 122, 1611 (1996), doi:10.1242/dev.122.5.1611",
        shows_after=400,
        expect={"first_outside": (0.0, 0.48)},
    ),
    _sorting(
        "foam_checkerboard",
        "Checkerboard",
        "Cells that prefer the other type arrange as a checkerboard.",
        (1.1, 1.1, 0.75, 1.4, 1.4),
        "H. Togashi et al., Science 333, 1144 (2011), doi:10.1126/science.1208467",
        shows_after=150,
        expect={"heterotypic_contact": (0.6, 1.0)},
    ),
    _sorting(
        "foam_separation",
        "Separation",
        "Contacts between the types cost so much that the two tissues keep a smooth, tense boundary and touch as little as possible.",
        (0.7, 0.7, 1.3, 1.0, 1.0),
        "L. Canty, E. Zarour, L. Kashkooli, P. François, F. Fagotto, Nat. Commun. 8, 157 (2017), doi:10.1038/s41467-017-00146-x",
        shows_after=150,
        expect={"heterotypic_contact": (0.0, 0.45)},
    ),
    _sorting(
        "foam_sorting_3d",
        "Sorting (3-D)",
        "Two types of cells sort in a round aggregate.",
        (0.7, 0.7, 1.3, 1.4, 1.4),
        _BRODLAND,
        parameters={"shape": (72, 72, 72), "n_cells": 30, "filling": 0.2, "motility": 0.1},
        quick={"shape": (40, 40, 40), "n_cells": 8},
        shows_after=40,
        expect={"heterotypic_contact": (0.0, 0.6)},
        steps=300,
        cut=True,
    ),
    _preset(
        "growing_tissue",
        "Growth and division",
        "Cells grow and divide across their long axis: a tissue of hexagons and pentagons, with areas that are exact at all times.",
        (0.8, 0.8, 0.8, 1.0, 1.0),
        "Living foams",
        parameters={"shape": (200, 200), "n_cells": 8, "filling": 0.06, "second_part": 0.0, "growth": 0.01, "motility": 0.05},
        citation="M. C. Gibson, A. B. Patel, R. Nagpal, N. Perrimon, Nature 442, 1038 (2006), doi:10.1038/nature05014",
        quick={"shape": (96, 96), "n_cells": 4, "filling": 0.1},
        shows_after=120,
        expect={"births": (2, 60)},
        steps=400,
    ),
)


def _table() -> ScenarioTable:
    table = ScenarioTable("preset", ("Foams at rest", "Sorting", "Living foams"))
    for item in _ALL:
        table.add(item, "the foams")
    return table


PRESETS = _table()
"""Name -> preset, in the order of their headings."""
