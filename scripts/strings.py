"""Print every string that a user sees, one a line with file and line: for reading them through from top to bottom.

python scripts/strings.py [FOLDER ...]

Strings of the code: labels, tooltips, messages, errors, parameters, options. Those of napari.yaml. What is a path, an identifier or a
docstring is left out.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHOWN = re.compile(r"[A-Za-zµ…].*[ .:…]|^[A-Z][a-z]+$|[^\W\d_]+ [^\W\d_]+")
"""Words: a sentence, a capitalised label, or at least two words in a row."""
CODE = re.compile(
    r"^(color|background|QLabel|QPush|border|font)|^[\w.]+:\w+$|^[\w/.*-]+$(?<![.…])|[{};]\s*$|^#|^\{[\w.]+\}:|^https?:|^\s*$|^\^|\\[dws]"
)
LABELS = {
    "addRow",
    "addTab",
    "setText",
    "setTitle",
    "setToolTip",
    "QLabel",
    "QPushButton",
    "QCheckBox",
    "QAction",
    "push_button",
    "collapsible",
}
"""Calls whose strings are shown, however short."""


def main() -> None:
    """Print the strings of the folders that are named, by default those of the whole source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "src"], help="folders or files (default: src)")
    for folder in parser.parse_args().folders:
        for path in [folder] if folder.is_file() else sorted((*folder.rglob("*.py"), *folder.rglob("napari.yaml"))):
            name = path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path
            for line, text in of_manifest(path) if path.suffix == ".yaml" else of_code(path):
                print(f"{name}:{line}: {text}")


def of_manifest(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the titles, names and descriptions of napari.yaml."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for text in re.findall(r"(?:title|display_name|description): *([^,}]+)", line):
            yield number, text.strip()


def of_code(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module that are words for people, in their order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings and remarks
    left_out |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    shown = {id(text) for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in LABELS for text in node.args}
    found = []
    for node in ast.walk(tree):
        if id(node) in left_out or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = " ".join(_text(node).split())
        if text and (id(node) in shown or (SHOWN.search(text) and not CODE.search(text))):
            found.append((node.lineno, text))
    yield from sorted(found)


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    """Return the words of a string; what is filled in later stands in braces."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}" for part in node.values)


if __name__ == "__main__":
    main()
