"""How a fit looks at textures: in the voxels of the mask, whole or cut; the direction of a mask; what is said of the result."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shapelab.batch.fit_direction import alignment_of
from shapelab.batch.fit_verdict import Spread, distance_of_halves, verdict_of
from shapelab.batch.fit_view import mask_places, seen_in, with_room
from shapelab.errors import InputError

PERIODIC, CUT, WHOLE = "periodic", (False,) * 3, (True,) * 3


def ball(shape, radius, spacing=(1.0, 1.0, 1.0), centre=None):
    """Signed distance, positive inside; the corner of the box is the origin."""
    grid = [(np.arange(n) + 0.5) * h for n, h in zip(shape, spacing, strict=True)]
    middle = [n * h / 2 for n, h in zip(shape, spacing, strict=True)] if centre is None else centre
    z, y, x = np.meshgrid(*(axis - c for axis, c in zip(grid, middle, strict=True)), indexing="ij")
    return (radius - np.sqrt(z**2 + y**2 + x**2)).astype(np.float32)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (1.5, 1.5, 1.5)])
def test_a_texture_in_other_voxels_is_what_the_image_of_it_would_be(spacing):
    fine, radius = ball((48, 48, 48), 7.3, (0.5,) * 3), 7.3
    coarse = ball(tuple(round(24 / h) for h in spacing), radius, spacing)
    seen = seen_in(fine, (0.5,) * 3, spacing, PERIODIC, CUT)
    np.testing.assert_allclose(seen, mask_places(coarse > 0, spacing), atol=1e-6)


def test_what_is_whole_does_not_depend_on_where_the_box_is_cut():
    field = ball((24, 24, 24), 7.0)
    moved = np.roll(field, (12, 9, 4), axis=(0, 1, 2))
    places = seen_in(field, (1.0,) * 3, (1.0,) * 3, PERIODIC, WHOLE)
    again = seen_in(moved, (1.0,) * 3, (1.0,) * 3, PERIODIC, WHOLE)
    scale = np.linalg.norm(places)
    assert np.linalg.norm(again - places) < 0.1 * scale
    cut = seen_in(moved, (1.0,) * 3, (1.0,) * 3, PERIODIC, CUT)
    assert np.linalg.norm(cut - places) > 0.2 * scale


def test_what_has_no_surface_is_refused():
    with pytest.raises(InputError, match="no surface"):
        seen_in(np.ones((8, 8, 8), np.float32), (1.0,) * 3, (2.0,) * 3, PERIODIC, CUT)


def test_a_tight_image_of_a_whole_shape_is_as_good_as_a_wide_one_and_a_cut_stays_open():
    inside = ball((40, 40, 40), 7.0) > 0
    wide, tight = (mask_places(with_room(image, (1.0,) * 3), (1.0,) * 3) for image in (inside, inside[12:28, 12:28, 12:28]))
    assert np.linalg.norm(tight - wide) < 0.02 * np.linalg.norm(wide)
    assert with_room(inside[20:], (1.0,) * 3)[0].any()


def test_the_direction_of_tubes_and_sheets_is_found():
    z, y, x = np.indices((24, 24, 24)) - 11.5
    along = np.array([0.0, 1.0, 1.0]) / math.sqrt(2)
    tube = z**2 + ((y - x) / math.sqrt(2)) ** 2 < 5**2
    found = alignment_of(tube, (1.0,) * 3)
    assert abs(np.dot(found.direction, along)) > 0.99
    assert (found.sign, found.strength) == (1, pytest.approx(1, abs=0.15))
    sheet = alignment_of(np.abs(z) < 3, (2.0, 1.0, 1.0))
    assert (abs(sheet.direction[0]), sheet.sign) == (pytest.approx(1), -1)
    assert alignment_of(ball((24, 24, 24), 8) > 0, (1.0,) * 3).strength < 0.05


def test_halves_of_two_equal_balls_are_alike_and_of_two_unequal_ones_are_not():
    pair = np.concatenate([ball((24, 24, 24), 8.0) > 0, ball((24, 24, 24), 8.0) > 0])
    odd = np.concatenate([ball((24, 24, 24), 8.0) > 0, ball((24, 24, 24), 5.0) > 0])
    even = distance_of_halves(pair, 1.0)
    assert even < 0.1 * np.linalg.norm(mask_places(pair, (1.0,) * 3))
    assert distance_of_halves(odd, 1.0) > 2 * even


def test_the_verdict_weighs_the_gain_against_seeds_and_halves():
    field = mask_places(ball((24, 24, 24), 7.0) > 0, (1.0,) * 3)
    scale = math.sqrt(2) * float(np.linalg.norm(field))
    far, near = Spread((0.30 * scale, 0.32 * scale)), Spread((0.10 * scale, 0.12 * scale))
    gone = Spread((0.30 * scale,), 3)
    apart = Spread((0.10 * scale, 0.30 * scale))
    cases = {
        (far, near, 0.2): "came closer by more than seeds differ (31.0 ± 1.4 % → 11.0 ± 1.4 % of the mean curvature), and is as near",
        (far, near, 0.05): "gets no closer because the mean of k",
        (apart, near, 0.2): "already the nearest of the atlas is about as near as halves of the mask are to each other (20 %)",
        (apart, far, 0.05): "nothing that was tried looks more like this mask: the mean of k",
        (Spread(), Spread(), 0.2): "cannot be told from chance",
        (
            Spread((), 3),
            near,
            0.2,
        ): "The nearest texture of the atlas vanishes when grown from other noise; the fitted texture is 11.0 ± 1.4 % of",
        (gone, gone, 0.2): "Too few random seeds left a texture to tell a real gain from chance (30.0 % (2 of 3 vanish) →",
        (gone, near, 0.2): "(30.0 % (2 of 3 vanish) → 11.0",
    }
    for (before, after, halves), said in cases.items():
        assert said in verdict_of(before, after, halves * scale, field, 1.3 * field, "um")
