"""Measured numbers beside the features that a Labels layer has already: joined by label, nothing of the user's replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_features", "by_label", "joined"]

_OURS = "measured_features"
"""Key in the layer's metadata: names of the columns that were measured here, which a new measurement may replace."""


def add_features(layer: Labels, table: pd.DataFrame) -> list[str]:
    """Give a layer the measured numbers of its labels.

    Parameters
    ----------
    layer
        Its own features stay, row by row.
    table
        One row per label, which is the index.

    Returns
    -------
    list of str
        The user's columns of the same names, beside which a measured one has got a suffix.
    """
    ours = set(layer.metadata.get(_OURS, ()))
    old = layer.features.drop(columns=[name for name in layer.features.columns if name in ours])
    features, names = joined(old, table)
    layer.features = features
    layer.metadata[_OURS] = list(names.values())
    return [name for name, given in names.items() if given != name]


def by_label(features: pd.DataFrame) -> pd.DataFrame:
    """Return features of a Labels layer with the label of each row in the column ``index``; without one, row i is of label i."""
    out = features.reset_index(drop=True)
    if not len(out.columns):
        out = out.iloc[:0]
    if "index" not in out.columns:
        out.insert(0, "index", range(len(out)))
    return out


def joined(old: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return features with the columns of `table` added by label, and what each of them is called.

    Parameters
    ----------
    old
        Features of a Labels layer, as napari reads them: the column ``index`` says which label a row is of; without one,
        row i is of label i.
    table
        One row per label, which is the index.
    """
    import pandas as pd

    old = by_label(old)
    rows = {int(label): row for row, label in enumerate(table.index)}
    known = [int(label) for label in old["index"]]
    new = [label for label in rows if label not in set(known)]
    labels = [*known, *new]
    out: dict[str, Any] = {"index": pd.Series(labels, dtype=_index_type(labels))}
    for name in old.columns.drop("index"):
        out[name] = _longer(old[name], len(labels))
    names: dict[str, str] = {}
    taken = set(out)
    for name in map(str, table.columns):
        given = name if name not in taken else f"{name} (measured)"
        number = 2
        while given in taken:
            given, number = f"{name} (measured {number})", number + 1
        taken.add(given)
        names[name] = given
        out[given] = _of_labels(table[name], [rows.get(label, -1) for label in labels])
    return pd.DataFrame(out), names


def _of_labels(values: pd.Series, rows: list[int]) -> Any:
    """Return the values of the rows, missing for -1."""
    numbered = values.reset_index(drop=True)
    if -1 in rows:
        numbered = _with_missing(numbered)
    return numbered.reindex(rows).reset_index(drop=True)


def _longer(values: pd.Series, n: int) -> Any:
    """Return the user's values with missing ones at the end; whole numbers stay whole."""
    return values if n == len(values) else _with_missing(values).reindex(range(n))


def _with_missing(values: pd.Series) -> Any:
    nullable = {"b": "boolean", "i": "Int64", "u": "UInt64"}.get(values.dtype.kind)
    return values if nullable is None else values.astype(nullable)  # type: ignore[call-overload]


def _index_type(labels: list[int]) -> str:
    return "uint64" if max(labels, default=0) > 2**63 - 1 else "int64"
