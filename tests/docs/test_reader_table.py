"""The page of readers is what its script makes, and every row is right."""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_every_file_is_read_right_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    from reader_table import all_rows, page

    rows = list(all_rows(tmp_path))
    assert [(row.reader, row.case, row.read, row.right) for row in rows if row.read != row.right] == []
    assert (SCRIPTS.parent / "docs" / "readers.md").read_text(encoding="utf-8") == page(rows)
