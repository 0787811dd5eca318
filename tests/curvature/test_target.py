import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapelab.curvature.parameters import CurvatubesParameters
from shapelab.curvature.presets import PRESETS
from shapelab.curvature.target import TextureTarget
from shapelab.errors import ParameterError


def parameters(name):
    return CurvatubesParameters(**PRESETS[name].parameters)


@pytest.mark.parametrize("name", PRESETS)
def test_the_target_of_a_preset_gives_the_preset_back(name):
    preset = parameters(name)
    assert TextureTarget.of(preset).applied_to(preset) is preset


def test_tubes_read_as_tubes():
    target = TextureTarget.of(CurvatubesParameters(voxel_size=0.5, resolution=100))
    assert target.radius == 2.5  # 1/20 of 100 voxels of 0.5
    assert target.character == 0
    assert target.volume_fraction == pytest.approx(0.2)


@pytest.mark.parametrize(("name", "radius", "character"), [("spheres", 0.08, 1.0), ("bilayers", 0.0, 0.0), ("minimal-surface", 0.1, -1.0)])
def test_named_characters(name, radius, character):
    target = TextureTarget.of(parameters(name))
    assert target.radius == pytest.approx(radius)
    assert target.character == pytest.approx(character)


@pytest.mark.parametrize("name", ["tubes", "metatubes", "trabec-1", "pearls", "exp-0374"])
def test_a_new_radius_rescales_the_whole_texture(name):
    preset = parameters(name)
    target = TextureTarget.of(preset)
    larger = target.replace(radius=3 * target.radius).applied_to(preset)
    assert larger.coefficients == pytest.approx(tuple(preset.coefficients.rescaled(3.0)))
    assert TextureTarget.of(larger).character == pytest.approx(target.character)


@given(radius=st.floats(0.02, 1), character=st.floats(-0.95, 1), stiffness=st.floats(0.5, 50), fraction=st.floats(0.1, 0.9))
@settings(max_examples=50)
@pytest.mark.parametrize("name", ["tubes", "bilayers", "metatubes"])
def test_a_target_applied_is_the_target_read(name, radius, character, stiffness, fraction):
    wanted = TextureTarget(radius=radius, character=character, stiffness=stiffness, volume_fraction=fraction)
    read = TextureTarget.of(wanted.applied_to(parameters(name)))
    assert read.radius == pytest.approx(radius, rel=1e-6)
    assert read.character == pytest.approx(character, abs=1e-6)
    assert read.stiffness == pytest.approx(stiffness)
    assert read.volume_fraction == pytest.approx(fraction)


def test_moving_the_target_keeps_the_quadratic_part_and_the_lowest_value():
    preset = parameters("metatubes")
    moved = TextureTarget.of(preset).replace(character=0.5).applied_to(preset).coefficients
    old = preset.coefficients
    assert moved[:3] == old[:3]
    assert moved(*moved.minimiser()) == pytest.approx(old(*old.minimiser()))


def test_stiffness_keeps_the_aim_and_the_lowest_value():
    preset = parameters("metatubes")
    target = TextureTarget.of(preset)
    stiff = target.replace(stiffness=3 * target.stiffness).applied_to(preset).coefficients
    old = preset.coefficients
    assert stiff[:5] == pytest.approx([3 * value for value in old[:5]])
    assert stiff(*stiff.minimiser()) == pytest.approx(old(*old.minimiser()))


def test_a_negative_radius_aims_at_hollows():
    hollow = TextureTarget(radius=-0.05, character=0.0).applied_to(CurvatubesParameters())
    assert hollow.coefficients.minimiser() == pytest.approx((0.0, -20.0))


def test_stiffness_zero_and_impossible_radii_are_refused_in_words():
    film = parameters("catenoid")
    with pytest.raises(ParameterError, match="stiffness"):
        TextureTarget.of(film).replace(stiffness=1.0).applied_to(film)
    with pytest.raises(ParameterError, match="b10"):
        TextureTarget(radius=1e-6).applied_to(CurvatubesParameters())
