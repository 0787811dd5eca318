"""The texture by meaning and by coefficients: two views of one thing; what it aims at, in words."""

from __future__ import annotations

import numpy as np
import pytest

from napari_shapelab.docks.curvatubes.texture_form import TextureForm, aim_in_words
from shapelab import catalog
from shapelab.curvature import CurvatubesParameters
from shapelab.curvature.target import TextureTarget


def preset(name):
    return CurvatubesParameters(**catalog.scenario("curvatubes", name).parameters)


@pytest.fixture
def form(qtbot):
    form = TextureForm(preset("tubes"))
    qtbot.addWidget(form)
    return form


def test_a_radius_changes_the_coefficients(form, qtbot):
    with qtbot.waitSignal(form.changed) as told:
        form.target.fields["radius"].box.setValue(0.1)
    old, new = told.args
    assert old.b10 == -40
    assert new.b10 == pytest.approx(-20)
    assert form.settings.fields["b10"].value() == pytest.approx(-20)
    assert aim_in_words(form.parameters) == "Aims at tubes of radius 0.1 µm."


def test_a_coefficient_changes_the_target(form):
    form.settings.fields["b10"].box.setValue(-60)
    form.settings.fields["b01"].box.setValue(-60)
    assert form.parameters.b10 == -60
    target = TextureTarget.of(form.parameters)
    assert form.target.fields["radius"].value() == pytest.approx(target.radius)
    assert form.target.fields["character"].value() == pytest.approx(target.character)


def test_a_volume_fraction_is_the_mass(form):
    form.target.fields["volume_fraction"].inner.box.setValue(0.4)
    assert form.parameters.mass == pytest.approx(-0.2)


def test_without_bending_the_target_is_switched_off(form):
    form.set_parameters(preset("soap-bubble"))
    assert not form.target.fields["radius"].isEnabled()
    form.set_parameters(preset("tubes"))
    assert form.target.fields["radius"].isEnabled()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tubes", "tubes of radius 0.05 µm"),
        ("spheres", "balls of radius 0.08 µm"),
        ("bilayers", "flat sheets"),
        ("soap-bubble", "the least area"),
    ],
)
def test_aims_in_words(name, words):
    assert words in aim_in_words(preset(name))


def test_every_preset_is_shown(form):
    for name in catalog.scenarios("curvatubes"):
        form.set_parameters(preset(name))
        assert form.parameters == preset(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("minimal-surface", "saddles that bend both ways with radius 0.1"),
        ("gyroid", "no mean curvature"),
        ("clifford-torus", "no mean curvature"),
        ("bilayers", "flat sheets"),
        ("exp-0374", "balls of void"),
    ],
)
def test_what_a_preset_aims_at_is_said_by_its_polynomial(name, words):
    assert words in aim_in_words(preset(name))


def test_equal_curvatures_of_both_signs_are_saddles_whatever_the_rounding():
    for k in np.random.default_rng(0).uniform(5, 50, 50):
        p = CurvatubesParameters(a20=2, a11=2, a02=2, b10=-(4 * k - 2 * k), b01=-(2 * k - 4 * k), c=0)
        assert "saddles that bend both ways" in aim_in_words(p)
