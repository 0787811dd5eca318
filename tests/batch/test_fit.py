"""Textures fitted to a mask: the scale, the refinement, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shapelab.batch import Atlas, fit_texture, shipped_atlas
from shapelab.batch.fit_target import target_of
from shapelab.errors import InputError


@pytest.fixture(scope="module")
def few():
    atlas = shipped_atlas()
    return Atlas(atlas.family, atlas.preset, {**atlas.common, "shape": (32, 32, 32)}, atlas.members[:12])


@pytest.fixture(scope="module")
def target():
    """A member of the atlas that is not among the few, cut so that runs of its size are quick."""
    return shipped_atlas().members[40].mask


def test_a_member_of_the_atlas_is_found_again_at_another_scale(few):
    member = few.members[4]
    fit = fit_texture(member.mask, 0.5, unit="nm", atlas=few, volume_fraction=float(member.mask.mean()), trials=0)
    assert fit.member == member.name
    assert fit.start.distance < 1e-5 * fit.curvature
    assert fit.start.parameters["voxel_size"] == pytest.approx(0.5, rel=1e-6)
    assert few.simulation(fit.best.parameters).parameters.unit == "nm"
    np.testing.assert_array_equal(fit.start.field > 0, member.mask)


def test_short_runs_bring_a_texture_nearer(few, target):
    told = []
    fit = fit_texture(target, 0.01, atlas=few, trials=8, steps=120, progress=lambda done, total, misfit: told.append((done, total, misfit)))
    assert [item[:2] for item in told] == [(n, 8) for n in range(1, 9)]
    assert fit.best.misfit < fit.start.misfit
    misfits = [item[2] for item in told]
    assert misfits == sorted(misfits, reverse=True)
    again = few.simulation({**fit.best.parameters, "max_steps": 120})
    *_, frame = again.run(120, every=120)
    np.testing.assert_array_equal(frame["field"], fit.best.field)


def test_a_fit_can_be_stopped_and_refuses_what_has_no_surface(few, target):
    fit = fit_texture(target, 0.01, atlas=few, stop=lambda: True)
    assert (fit.trials, fit.best) == (0, fit.start)
    with pytest.raises(InputError):
        fit_texture(np.zeros((20, 20, 20), bool), atlas=few)
    with pytest.raises(InputError, match="volume_fraction"):
        fit_texture(target, atlas=few, volume_fraction=1.5)


def test_a_texture_that_was_stretched_is_found_stretched(few):
    member = few.members[4]
    options = {"atlas": replace(few, members=few.members[3:6]), "volume_fraction": float(member.mask.mean()), "trials": 1, "steps": 60}
    fit, plain = (fit_texture(member.mask, (2.0, 1.0, 1.0), stretch=stretch, **options) for stretch in (True, False))
    assert fit.start.stretch == plain.best.stretch == 1
    voxel = fit.best.parameters["voxel_size"]
    assert fit.best.spacing == (fit.best.stretch * voxel, voxel, voxel)
    assert fit.best.misfit <= fit.start.misfit


def test_effective_properties_are_met_and_unknown_ones_refused(few, target):
    parts = [replace(member.shape, data=np.asarray(member.shape.data)[:24, :24, :24]) for member in few.members[:2]]
    two = replace(few, members=tuple(replace(member, shape=part) for member, part in zip(few.members, parts, strict=False)))
    fit = fit_texture(target[:32, :32, :32], 0.01, atlas=two, trials=1, steps=20, properties=["strut_size", "pore_size"])
    assert set(fit.properties) == set(fit.start.properties) == {"strut_size", "pore_size"}
    wanted = np.array([fit.start.properties[name] / fit.properties[name] - 1 for name in fit.properties])
    relative = np.sqrt(2) * fit.start.distance / fit.curvature
    volume = fit.start.volume_fraction / fit.volume_fraction - 1
    assert fit.start.misfit == pytest.approx(np.sqrt(relative**2 + volume**2 + np.mean(wanted**2)))
    with pytest.raises(InputError, match="colour"):
        fit_texture(target, atlas=few, properties=["colour"])


def test_a_budget_is_shared_with_other_noise_and_the_verdict_says_what_came_of_it(few, target):
    told = []
    parts = [replace(member.shape, data=np.asarray(member.shape.data)[:24, :24, :24]) for member in few.members[:2]]
    members = tuple(replace(member, shape=part) for member, part in zip(few.members, parts, strict=False))
    small = replace(few, common={**few.common, "shape": (20, 20, 20)}, members=members)
    options = {"trials": 10, "steps": 30, "stretch": False, "progress": lambda done, total, misfit: told.append((done, total))}
    fit = fit_texture(target[:24, :24, :24], 0.01, atlas=small, **options)
    assert told == [(n, 10) for n in range(1, fit.trials + 1)]
    assert fit.start_again.tried == fit.best_again.tried == 2 or fit.best is fit.start
    assert fit.halves > 0
    assert fit.verdict.endswith(".")


@pytest.mark.parametrize(
    ("ends", "filled"),
    [((1, 1, 1), 1 / 8), ((0, 1, 1), 1 / 4), ((0, 0, 1), 1 / 2)],
)
def test_a_lone_shape_is_given_room_where_it_ends_inside_the_image(ends, filled):
    """A block of 10 x 10 x 10 µm, as thick as that, with half of it of room on each side where the image goes on beyond it."""
    image = np.pad(np.ones((10, 20, 5), bool), [(3 * end, 3 * end) for end in ends])
    target = target_of(image, (1.0, 0.5, 2.0), None, "um", ())
    assert target.volume_fraction == pytest.approx(filled)
    assert target_of(image, (1.0, 0.5, 2.0), 0.3, "um", ()).volume_fraction == 0.3


def test_what_fills_its_image_fills_as_much_as_it_does():
    image = np.zeros((12, 12, 12), bool)
    image[::4] = image[:, ::4] = image[..., 1::4] = True
    image[-1] = image[:, -1] = image[..., 0] = image[..., -1] = True
    assert target_of(image, 1.0, None, "um", ()).volume_fraction == pytest.approx(image.mean())
