"""Names of the crystal symmetries, and what files call them: numbers of vendors, Hermann-Mauguin, Schoenflies, words.

A diffraction pattern cannot tell a crystal from its mirror image: what counts is the Laue group, and of it the rotations.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

__all__ = ["SYMMETRIES", "laue_symmetry", "of_space_group"]

SYMMETRIES = {
    "cubic": "O",
    "cubic low": "T",
    "hexagonal": "D6",
    "hexagonal low": "C6",
    "tetragonal": "D4",
    "tetragonal low": "C4",
    "trigonal": "D3",
    "trigonal low": "C3",
    "orthorhombic": "D2",
    "monoclinic": "C2",
    "monoclinic c": "C2",
    "monoclinic a": "C2",
    "triclinic": "C1",
}
"""Rotations of each Laue group, by their group's Schoenflies name: the main axis along z, two-fold axes along x.

Monoclinic crystals have their axis along b (y) unless c or a is named.
"""

_LAUE_GROUPS = (
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal low",
    "tetragonal",
    "trigonal low",
    "trigonal",
    "hexagonal low",
    "hexagonal",
    "cubic low",
    "cubic",
)
"""The eleven, in the order of the space groups, which is also that of their numbers in Oxford's files."""

_TSL = {
    "1": "triclinic",
    "2": "monoclinic c",
    "20": "monoclinic",
    "21": "monoclinic a",
    "22": "orthorhombic",
    "4": "tetragonal low",
    "42": "tetragonal",
    "3": "trigonal low",
    "32": "trigonal",
    "6": "hexagonal low",
    "62": "hexagonal",
    "23": "cubic low",
    "43": "cubic",
}
"""Codes of EDAX's files."""

_POINT_GROUPS = {
    "triclinic": "1 -1 c1 ci",
    "monoclinic": "2 m 2/m 121 1m1 12/m1 c2 cs c2h",
    "orthorhombic": "222 mm2 m2m 2mm mmm d2 c2v d2h",
    "tetragonal low": "4 -4 4/m c4 s4 c4h",
    "tetragonal": "422 4mm -42m -4m2 4/mmm d4 c4v d2d d4h",
    "trigonal low": "3 -3 c3 c3i s6",
    "trigonal": "32 321 312 3m 3m1 31m -3m -3m1 -31m d3 c3v d3d",
    "hexagonal low": "6 -6 6/m c6 c3h c6h",
    "hexagonal": "622 6mm -6m2 -62m 6/mmm d6 c6v d3h d6h",
    "cubic low": "23 m-3 m3 t th",
    "cubic": "432 -43m m-3m m3m o td oh",
}
_BY_SYMBOL = {symbol: name for name, symbols in _POINT_GROUPS.items() for symbol in symbols.split()}
_SPACE_GROUP_ENDS = (2, 15, 74, 88, 142, 148, 167, 176, 194, 206, 230)
_FAMILIES = {
    "cubic": "cubic",
    "isometric": "cubic",
    "hexagonal": "hexagonal",
    "tetragonal": "tetragonal",
    "trigonal": "trigonal",
    "rhombohedral": "trigonal",
    "orthorhombic": "orthorhombic",
    "monoclinic": "monoclinic",
    "triclinic": "triclinic",
    "anorthic": "triclinic",
}


def laue_symmetry(stated: Any, *, oxford: bool = False) -> str | None:
    """Return the name of a crystal symmetry, as in `SYMMETRIES`; None if the statement is not understood.

    Parameters
    ----------
    stated
        A number (Oxford's Laue groups 1 to 11, EDAX's codes 43, 62…), a point or space group ("m-3m", "6/mmm", "P 63/m m c"), a
        Schoenflies symbol ("D6h"), a family ("Hexagonal"), or several of these that agree ("Cubic (Oh) m-3m").
    oxford
        Whether numbers from 1 to 11 are Oxford's; otherwise EDAX's codes come first.
    """
    text = _plain(str(stated))
    numbered = _numbered(int(float(text)), oxford) if re.fullmatch(r"\d{1,3}(\.0*)?", text) else None
    if numbered:
        return numbered
    if text in SYMMETRIES:
        return text
    whole = re.sub(r"\s+", "", text)
    if whole in _BY_SYMBOL:
        return _BY_SYMBOL[whole]
    words = [word for word in re.split(r"[\s,;:()\[\]{}]+", text) if word]
    families = {_FAMILIES[word] for word in words if word in _FAMILIES}
    symbols = {_BY_SYMBOL[word] for word in words if word in _BY_SYMBOL and (len(word) > 1 or families)}
    named = {f"{family} low" for family in families if "low" in words and f"{family} low" in SYMMETRIES}
    found = symbols or named or families
    if len(found) == 1 and all(name.split()[0] in families or not families for name in found):
        return found.pop()
    return None if found else _of_space_symbol(whole)


def of_space_group(number: int) -> str | None:
    """Return the symmetry of a space group by its number in the International Tables, None if there is no such number."""
    return _LAUE_GROUPS[bisect_right(_SPACE_GROUP_ENDS, number - 1)] if 1 <= number <= 230 else None


def _numbered(number: int, oxford: bool) -> str | None:
    laue = _LAUE_GROUPS[number - 1] if 1 <= number <= len(_LAUE_GROUPS) else None
    code = _TSL.get(str(number))
    return (laue or code) if oxford else (code or laue)


def _plain(text: str) -> str:
    """Return a symbol with minus signs in front of what has a bar above it."""
    text = text.strip().strip("'\"").lower().replace("\u2212", "-").replace("\u2013", "-")
    text = re.sub(r"(.)\u0305|(.)\u0304", lambda match: f"-{match[1] or match[2]}", text)
    text = re.sub(r"#ovl|\\bar\s*|\\overline\s*|_?bar\s*(?=\d)", "-", text)
    return re.sub(r"[{}$]", "", text)


def _of_space_symbol(whole: str) -> str | None:
    """Return the symmetry of a space group's symbol: without the lattice, glides are mirrors and screws are axes."""
    if not re.fullmatch(r"[pifcabr][-\dmabcnde/_]+", whole):
        return None
    symbol = re.sub(r"[abcnde]", "m", whole[1:].replace("_", ""))
    for tried in (symbol, re.sub(r"([2346])[1-5](?=/|$|m|[2346])", r"\1", symbol)):
        if tried in _BY_SYMBOL:
            return _BY_SYMBOL[tried]
    return None
