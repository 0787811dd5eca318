"""Parameters -> form: every type of field, units, limits in words, live fields, the wheel."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication
from toy_model import ToyParameters

from napari_shapelab.widgets.fields import NumberField, OptionalField
from napari_shapelab.widgets.form import Form
from shapelab import catalog
from shapelab.errors import ParameterError


@pytest.fixture
def form(qtbot):
    form = Form(ToyParameters())
    qtbot.addWidget(form)
    form.show()
    return form


def type_into(qtbot, box, text):
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def test_defaults_round_trip(form):
    assert form.parameters == ToyParameters()
    assert ToyParameters(**form.values()) == ToyParameters()


@pytest.mark.parametrize(
    "values",
    [
        {"speed": 0.0005},
        {"rate": 1.25e-4},
        {"size": 37},
        {"seed": 2**31 - 1},
        {"kind": "round"},
        {"grid": (1, 200, 3)},
        {"limit": 2.5},
        {"bright": True, "note": "a note"},
    ],
)
def test_values_are_shown_as_they_are(form, values):
    form.set_values(values)
    assert form.parameters == ToyParameters(**values)
    assert form.values() == dict(ToyParameters(**values))


def test_small_numbers_are_readable(form):
    form.set_values({"speed": 0.0005})
    assert form.fields["speed"].box.text() == "0.0005 /step"


@pytest.mark.parametrize(("text", "value"), [("1e-4", 1e-4), ("0,25", 0.25), ("0.0005", 0.0005)])
def test_typed_numbers(form, qtbot, text, value):
    type_into(qtbot, form.fields["speed"].box, text)
    assert form.parameters.speed == value


def test_a_wrong_value_is_said_and_a_right_one_clears_it(form, qtbot):
    with qtbot.waitSignal(form.validity_changed):
        type_into(qtbot, form.fields["size"].box, "500")
    assert form.problem == "size = 500 is not allowed: it must be between 4 and 64 voxels."
    assert "border" in form.fields["size"].styleSheet()
    with pytest.raises(ParameterError, match="size = 500"):
        _ = form.parameters
    type_into(qtbot, form.fields["size"].box, "20")
    assert form.problem == ""
    assert form.fields["size"].styleSheet() == ""
    assert form.parameters.size == 20


def test_changes_are_told_by_name(form, qtbot):
    with qtbot.waitSignal(form.changed) as told:
        form.fields["size"].box.stepBy(1)
    assert told.args == ["size"]
    with qtbot.assertNotEmitted(form.changed):
        form.set_values({"size": 30})


def test_arrows_stay_within_the_limits(form):
    form.set_values({"size": 64})
    form.fields["size"].box.stepBy(5)
    assert form.parameters.size == 64


def test_a_logarithmic_slider(form):
    field = form.fields["rate"]
    assert isinstance(field, NumberField)
    field.slider.setValue(500)
    assert field.value() == pytest.approx(1e-3, rel=0.01)


def test_optional_values(form, qtbot):
    field = form.fields["limit"]
    assert isinstance(field, OptionalField)
    assert form.parameters.limit is None
    form.advanced.expand(animate=False)
    field.box.click()
    assert form.parameters.limit == field.inner.value()
    field.box.click()
    assert form.parameters.limit is None


def test_only_live_fields_stay_enabled(form):
    form.set_running(True)
    assert {name for name, field in form.fields.items() if field.isEnabled()} == ToyParameters.live_fields()
    form.set_running(False)
    assert all(field.isEnabled() for field in form.fields.values())


def test_tooltips_say_what_why_and_the_limits(form):
    tip = form.fields["speed"].toolTip()
    for part in ("How fast the wave moves.", "between 0 and 2 1/step", "Can be changed while the simulation runs."):
        assert part in tip


def test_the_wheel_changes_nothing_until_the_field_is_clicked(form, qtbot):
    box = form.fields["size"].box
    form.fields["note"].setFocus()
    box.clearFocus()
    before = box.value()
    QApplication.sendEvent(box, _wheel())
    assert box.value() == before


def _wheel():
    here = QPointF(5, 5)
    none = Qt.KeyboardModifier.NoModifier
    return QWheelEvent(here, here, QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False)


@pytest.mark.parametrize("name", list(catalog.scenarios("curvatubes")))
def test_every_preset_fits_its_form(qtbot, name):
    from shapelab.curvature import CurvatubesParameters

    parameters = CurvatubesParameters(**catalog.scenario("curvatubes", name).parameters)
    form = Form(parameters)
    qtbot.addWidget(form)
    assert CurvatubesParameters(**form.values()) == parameters


@pytest.mark.parametrize("typed", ["abc", "", "1e", "nan"])
def test_what_is_no_number_keeps_the_value_and_is_said(qtbot, typed):
    form = Form(ToyParameters())
    qtbot.addWidget(form)
    form.show()
    box = form.fields["speed"].box
    said, problems = [], []
    form.noticed.connect(said.append)
    form.problem_changed.connect(problems.append)
    box.setFocus()
    box.lineEdit().setText(typed)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 0.1
    assert form.parameters.speed == 0.1
    assert said
    assert "stays" in said[0]
    assert problems == []


def test_a_wrong_value_is_told_once_and_taken_back(qtbot):
    form = Form(ToyParameters())
    qtbot.addWidget(form)
    problems = []
    form.problem_changed.connect(problems.append)
    form.fields["size"].box.setValue(1000)
    form.fields["size"].box.setValue(20)
    assert len(problems) == 2
    assert "between 4 and 64" in problems[0]
    assert problems[1] == ""
