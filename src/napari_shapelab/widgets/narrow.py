"""Combo boxes that a narrow dock has room for: the open list is as wide as its entries, the box itself need not be."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox

__all__ = ["narrow"]


def narrow(combo: QComboBox, letters: int = 10) -> QComboBox:
    """Let a combo box be as narrow as this many letters; return it."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(letters)
    return combo
