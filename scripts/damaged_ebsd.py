"""Damaged EBSD maps and grain tables: each is read, or refused in one sentence of ours. Run: python scripts/damaged_ebsd.py 5000."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from ebsd_files import WRITERS, square

from shapelab.crystals import is_ebsd, read_ebsd, read_grain_table
from shapelab.errors import ShapelabError

__all__ = ["damaged", "originals", "try_damaged"]

_TEXT = ("ang", "ctf", "txt", "csv")
_STRANGE = (b"1e308", b"-1e30", b"nan", b"inf", b"", b"x", b"1000000000000", b"0", b"-7", b"1,5", b"\xff\xfe", b"1.#QNAN", b"12.566")


def originals(folder: Path) -> list[Path]:
    """Write one whole file of each format."""
    files = [write(folder / f"{name.split()[0].strip('.')}.{suffix}", square()) for name, (suffix, write, _) in WRITERS.items()]
    rng = np.random.default_rng(0)
    rows = [f"{i + 1};{x:.3f};{y:.3f};3.5;2.25;{t:.3f};24.7" for i, (x, y, t) in enumerate(rng.uniform(0, 3, (40, 3)))]
    (folder / "grains.csv").write_text("id;x (µm);y (µm);a (µm);b (µm);theta (rad);area (µm²)\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "grains.txt").write_text("\n".join(["# X_1 X_2 a b theta areas", *(row.replace(";", " ")[2:] for row in rows[:9])]) + "\n")
    return [*files, folder / "grains.csv", folder / "grains.txt"]


def damaged(raw: bytes, text: bool, rng: np.random.Generator) -> bytes:
    """Return a file's bytes with one to three damages: flipped bits, cut, zeroed, lines moved, doubled or lost, strange values."""
    of_text = ["shuffle", "double", "lose", "value", "value", "columns", "column"]
    kinds = ["flip", "cut", "zero", "insert", *(of_text if text else ["flip"] * 3)]
    for kind in rng.choice(kinds, size=rng.integers(1, 4)):
        raw = _hurt(raw, str(kind), rng) if raw else raw
    return raw


def _hurt(raw: bytes, kind: str, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(len(raw)))
    if kind == "flip":
        values = bytearray(raw)
        for place in rng.integers(len(raw), size=rng.integers(1, 20)):
            values[place] ^= 1 << int(rng.integers(8))
        return bytes(values)
    if kind == "cut":
        return raw[:at]
    if kind == "zero":
        return raw[:at] + bytes(min(64, len(raw) - at)) + raw[at + 64 :]
    if kind == "insert":
        return raw[:at] + rng.bytes(int(rng.integers(1, 30))) + raw[at:]
    lines = raw.split(b"\n")
    i, j = (int(k) for k in rng.integers(len(lines), size=2))
    if kind == "shuffle":
        return b"\n".join(lines[k] for k in rng.permutation(len(lines)))
    if kind == "double":
        return b"\n".join([*lines[:i], lines[j], *lines[i:]])
    if kind == "lose":
        return b"\n".join(lines[:i] + lines[i + 1 :])
    if kind == "columns":
        return b"\n".join(line + b" 7" if rng.random() < 0.3 else line for line in lines)
    separator = next((mark for mark in (b"\t", b";", b" ") if mark in lines[i]), b" ")
    fields = lines[i].split(separator)
    k = int(rng.integers(len(fields)))
    new = [] if kind == "column" else [_STRANGE[int(rng.integers(len(_STRANGE)))]]
    fields[k : k + 1] = new
    lines[i] = separator.join(fields)
    return b"\n".join(lines)


def try_damaged(folder: Path, n: int, seed: int = 0, text_only: bool = False) -> Counter[str]:
    """Try n damaged files; return how many of each kind were read and refused. Anything but a sentence is raised.

    `text_only` leaves out HDF5, whose library itself may hang on a damaged heap of strings.
    """
    rng, found = np.random.default_rng(seed), Counter[str]()
    whole = [(file.suffix, file.read_bytes()) for file in originals(folder) if not text_only or file.suffix[1:] in _TEXT]
    for i in range(n):
        suffix, raw = whole[i % len(whole)]
        file = folder / f"damaged{suffix}"
        file.write_bytes(damaged(raw, suffix[1:] in _TEXT, rng))
        begin = time.perf_counter()
        try:
            if suffix in (".csv", ".txt"):
                read_grain_table(file)
            elif is_ebsd(file):
                scan = read_ebsd(file)
                assert scan.orientations.shape == (*scan.phase.shape, 4)
                assert np.isfinite(scan.orientations).all()
                assert min(scan.spacing) > 0
            found[f"{suffix} read"] += 1
        except ShapelabError as error:
            text = str(error)
            if "\n" in text or "Traceback" in text or not text.endswith("."):
                raise AssertionError(f"no sentence: {text!r}") from error
            found[f"{suffix} refused"] += 1
        if time.perf_counter() - begin > 10:
            raise AssertionError(f"file {i} of {suffix} took more than 10 s")
    return found


def main() -> None:
    """Try as many as the command line says."""
    with tempfile.TemporaryDirectory() as folder:
        found = try_damaged(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
    for kind, count in sorted(found.items()):
        print(f"{kind}: {count}")
    print(f"{sum(found.values())} files; most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
