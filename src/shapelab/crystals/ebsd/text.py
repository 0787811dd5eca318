"""Text of measuring programs: its encoding, its line ends, and numbers with decimal points or commas."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import InputError

__all__ = ["decoded", "lines_of", "number", "numbers", "whole"]

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BYTES = 16
"""Memory per byte of a file of numbers."""
_NOT_A_NUMBER = re.compile(r"-?1\.#\w+|-?nan\(\w+\)", re.IGNORECASE)
"""What Windows programs write for it."""


def decoded(raw: bytes) -> str:
    """Return the text of a file: UTF-16 or UTF-8 by its mark, UTF-8 if it is that, else Windows' western encoding."""
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def lines_of(path: Path) -> list[str]:
    """Return the lines of a text file; only line feeds and carriage returns end a line."""
    require_memory(path.stat().st_size * _BYTES)
    return decoded(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def number(text: str | None) -> float | None:
    """Return the number in a header's field, None if there is none."""
    match = re.match(r"\s*([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|nan|[-+]?inf)", text or "", re.IGNORECASE)
    return float(match[1].replace(",", ".")) if match else None


def whole(text: str | None) -> int | None:
    """Return the whole number in a header's field, None if there is none."""
    value = number(text)
    return int(value) if value is not None and abs(value) < 1e15 else None


def numbers(name: str, lines: Sequence[str], first: int, columns: Sequence[int]) -> np.ndarray:
    """Return columns of a table of numbers, shape (rows, columns).

    Parameters
    ----------
    name
        Name of the file, for messages.
    lines
        Rows without blank lines; values stand between tabs, blanks, or commas if there is nothing else.
    first
        Number of the first of the lines in the file, from 1.
    columns
        Which ones, from 0.

    Raises
    ------
    InputError
        If a row has too few values, or one that is not a number.
    """
    sample = lines[0]
    tabs = "\t" in sample and any("\t\t" in line for line in (sample, lines[-1]))  # an empty field counts as one
    separator = "\t" if tabs else None
    if separator is None and "," in sample and len(sample.split()) <= max(columns):
        separator = ","
    commas = separator != "," and any("," in line for line in (sample, lines[len(lines) // 2], lines[-1]))
    cleaned = [line.replace(",", ".") for line in lines] if commas else list(lines)
    try:
        return np.loadtxt(cleaned, delimiter=separator, usecols=list(columns), ndmin=2, comments=None)
    except (ValueError, IndexError):
        return _slowly(name, cleaned, first, columns, separator)


def _slowly(name: str, lines: Sequence[str], first: int, columns: Sequence[int], separator: str | None) -> np.ndarray:
    """Read row by row: to name the one that cannot be read, or to pass over a value that Windows wrote as not a number."""
    rows = []
    for i, line in enumerate(lines):
        fields = _NOT_A_NUMBER.sub("nan", line).replace(",", ".").split(separator) if separator != "," else line.split(",")
        if len(fields) <= max(columns):
            raise InputError(f"{name}: line {first + i} has {len(fields)} values, fewer than the others: the file is cut or damaged.")
        try:
            rows.append([float(fields[column]) for column in columns])
        except ValueError:
            wrong = next(fields[column] for column in columns if not _is_number(fields[column]))
            raise InputError(f"{name}: line {first + i} has {wrong[:40]!r} where a number should be.") from None
    return np.array(rows, float)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
