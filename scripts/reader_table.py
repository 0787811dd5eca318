"""Every reader on files whose contents are known: what was read beside what is right. Writes docs/readers.md.

Run: python scripts/reader_table.py. Each `reader_rows_*.py` beside this file brings the rows of one family of formats.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path

__all__ = ["Row", "all_rows", "page"]

_HERE = Path(__file__).parent
_PAGE = _HERE.parent / "docs" / "readers.md"


@dataclass(frozen=True)
class Row:
    """One file and what a reader made of it."""

    reader: str
    """Format."""
    aspect: str
    """What is tried: placement, order of rows, units, symmetry…"""
    case: str
    """What is special about the file."""
    right: str
    """The right value."""
    read: str
    """The value that was read."""


def all_rows(folder: Path) -> Iterator[Row]:
    """Yield the rows of every family; their files are written to a folder."""
    sys.path.insert(0, str(_HERE))
    for module in sorted(_HERE.glob("reader_rows_*.py")):
        yield from import_module(module.stem).rows(folder)


def page(rows: list[Row]) -> str:
    """Return the page: one table per reader."""
    wrong = sum(row.read != row.right for row in rows)
    lines = [
        "# File formats, tested",
        "",
        "Small files with known contents are written in the variants that other programs write, and read back. The table is made by",
        f"`python scripts/reader_table.py` and checked by the tests. {len(rows) - wrong} of {len(rows)} files are read correctly.",
    ]
    for reader, group in groupby(sorted(rows, key=lambda row: row.reader.lower()), key=lambda row: row.reader):
        lines += ["", f"## {reader}", "", "| aspect | variant | expected | read |", "|---|---|---|---|"]
        lines += [f"| {row.aspect} | {row.case} | {row.right} | {'the same' if row.read == row.right else row.read} |" for row in group]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; return how many files were read wrong."""
    with tempfile.TemporaryDirectory() as folder:
        rows = list(all_rows(Path(folder)))
    _PAGE.write_text(page(rows), encoding="utf-8")
    wrong = [row for row in rows if row.read != row.right]
    for row in wrong:
        print(f"{row.reader}, {row.aspect}, {row.case}: {row.read}; right: {row.right}")
    print(f"{_PAGE}: {len(rows) - len(wrong)} of {len(rows)} files are read right.")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
