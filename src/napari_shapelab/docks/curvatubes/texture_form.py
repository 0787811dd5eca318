"""What a curvature texture aims at, by meaning and by coefficients: two views of the same parameters."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_shapelab.widgets.fields import NumberField
from napari_shapelab.widgets.form import Form
from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.target import TextureTarget
from shapelab.errors import ParameterError
from shapelab.units import shown_unit

__all__ = ["TextureForm", "aim_in_words"]

_EQUAL = 0.1
"""Relative difference up to which two curvatures are called equal."""
_FLAT = 0.1
"""Ratio of the curvatures up to which the smaller one is called none."""
_ELSEWHERE = ("mass", "fidelity")
"""Fields of the parameters that are shown as something else: volume fraction, and nearness to the start."""


def aim_in_words(parameters: CurvatubesParameters) -> str:
    """Return the curvatures that the texture prefers, as a sentence."""
    if not any(parameters.coefficients):
        return "Aims at the least area (surface tension)." if parameters.tension else ""
    aim = parameters.minimiser
    if aim is None:
        return ""
    k1, k2 = aim
    unit = shown_unit(parameters.unit)
    small = 1e-6 / parameters.length
    if _only_the_mean(parameters):
        if abs(k1 + k2) < small:
            return "Aims at no mean curvature: saddles that bend as much one way as the other, or flat sheets."
        return f"Aims at a mean curvature of {(k1 + k2) / 2:.3g} 1/{unit}, whatever the shape."
    k1, k2 = (0.0 if abs(k) < small else k for k in (k1, k2))
    if k1 == k2 == 0:
        return "Aims at flat sheets."
    big, other = (k1, k2) if abs(k1) >= abs(k2) * (1 - _EQUAL) else (k2, k1)
    radius = f"{1 / abs(big):.3g} {unit}"
    where = "" if big > 0 else " of void"
    ratio = other / big
    if abs(ratio) < _FLAT:
        return f"Aims at tubes{where} of radius {radius}."
    if ratio > 1 - _EQUAL:
        return f"Aims at balls{where} of radius {radius}."
    if ratio < -1 + _EQUAL:
        return f"Aims at saddles that bend both ways with radius {radius}."
    second = f"{1 / abs(other):.3g} {unit}"
    if ratio > 0:
        return f"Aims at rounded tubes{where}, of radius {radius} one way and {second} the other way."
    return f"Aims at saddles of radius {radius} one way and {second} the other way."


class TextureForm(QWidget):
    """The target (radius, character…) and the settings at first sight; coefficients and the rest under "Advanced"."""

    changed = Signal(object, object)
    """(old, new) parameters, after a change by the user."""
    problem_changed = Signal(str)
    """Why what is entered is not allowed, "" once it is."""
    noticed = Signal(str)
    """Something was typed that a field cannot take; the value is the one before."""

    def __init__(self, parameters: CurvatubesParameters) -> None:
        super().__init__()
        self._parameters = parameters
        self.target = Form(_target(parameters), flat=True)
        self.settings = Form(parameters, hidden=_ELSEWHERE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.target)
        layout.addWidget(self.settings)
        self.target.changed.connect(self._on_target)
        self.settings.changed.connect(self._on_settings)
        for form in (self.target, self.settings):
            form.problem_changed.connect(lambda _: self.problem_changed.emit(self.problem))
            form.noticed.connect(self.noticed)
        self.set_parameters(parameters)

    @property
    def parameters(self) -> CurvatubesParameters:
        """What is entered; ParameterError if it is not allowed."""
        if self.problem:
            raise ParameterError(self.problem)
        return self._parameters

    @property
    def problem(self) -> str:
        """Why what is entered is not allowed, "" if it is."""
        return " ".join(part for part in (self.target.problem, self.settings.problem) if part)

    def set_parameters(self, parameters: CurvatubesParameters) -> None:
        """Show `parameters`, without `changed`."""
        self._parameters = parameters
        self.settings.set_values(parameters)
        self._show_target()

    def set_running(self, running: bool) -> None:
        """While a simulation runs, only live fields can be changed."""
        self.target.set_running(running)
        self.settings.set_running(running)
        self._show_target()

    def _show_target(self) -> None:
        bends = _has_target(self._parameters)
        if bends:
            self.target.set_values(_target(self._parameters))
            self._set_spans()
        for name in ("radius", "character", "stiffness"):
            self.target.fields[name].setEnabled(bends)
        mass = self._parameters.mass
        self.target.fields["volume_fraction"].set_value(None if mass is None else (1 + mass) / 2)

    def _set_spans(self) -> None:
        """Let the sliders run over sizes that the grid can draw."""
        p = self._parameters
        voxel = p.voxel_size
        radius, stiffness = self.target.fields["radius"], self.target.fields["stiffness"]
        assert isinstance(radius, NumberField)
        assert isinstance(stiffness, NumberField)
        radius.set_span(2.5 * voxel, 25 * voxel, 0.1 * voxel, p.unit)
        stiffness.set_span(0.5, 12.0, 0.1, "")

    def _on_target(self, name: str) -> None:
        del name
        target = self.target.parameters
        assert isinstance(target, TextureTarget)
        try:
            new = target.applied_to(self._parameters)
        except ParameterError as error:
            self.target.blame({"radius": str(error)})
            return
        self._accept(new)
        self.settings.set_values(new)

    def _on_settings(self, name: str) -> None:
        del name
        new = self.settings.parameters
        assert isinstance(new, CurvatubesParameters)
        self._accept(new.replace(**{name: getattr(self._parameters, name) for name in _ELSEWHERE}))
        self._show_target()

    def _accept(self, new: CurvatubesParameters) -> None:
        old, self._parameters = self._parameters, new
        self.changed.emit(old, new)

    def change(self, **values: Any) -> None:
        """Change fields that are shown elsewhere, as the user would."""
        new = self._parameters.replace(**values)
        self.settings.set_values(new)
        self._accept(new)


def _only_the_mean(parameters: CurvatubesParameters) -> bool:
    """Return whether the polynomial is one of k1 + k2 alone, as in Willmore's and Helfrich's energies."""
    a20, a11, a02, b10, b01, _ = parameters.coefficients
    return bool(a20 > 0 and abs(a20 - a02) < 1e-9 * a20 and abs(a11 - 2 * a20) < 1e-9 * a20 and abs(b10 - b01) <= 1e-9 * abs(b10))


def _has_target(parameters: CurvatubesParameters) -> bool:
    return parameters.a20 + parameters.a02 > 0


def _target(parameters: CurvatubesParameters) -> TextureTarget:
    return TextureTarget.of(parameters) if _has_target(parameters) else TextureTarget()
