"""Whether an interface fits into a shape."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.curvature import Curvatubes
from shapelab.curvature.profile import profile
from shapelab.curvature.resolved import finer_grid, is_blurred, thickness_in_voxels, too_thin


@pytest.mark.parametrize("thick", [3, 6, 11, 20])
def test_the_thickness_of_plates_and_tubes(thick):
    plate = np.zeros((40, 24, 24), bool)
    plate[8 : 8 + thick] = True
    assert thickness_in_voxels(plate) == pytest.approx(thick, abs=1.01)
    y, x = np.mgrid[:40, :40] - 19.5
    tube = np.broadcast_to(y**2 + x**2 < (thick / 2) ** 2, (20, 40, 40))
    assert thickness_in_voxels(tube) == pytest.approx(thick, abs=1.7)  # a tube of 3 is 2 voxels wide here


def test_nothing_and_everything():
    assert thickness_in_voxels(np.zeros((4, 4, 4), bool)) == 0
    assert thickness_in_voxels(np.ones((4, 5, 6), bool)) == 4


@pytest.mark.parametrize(("thickness", "width"), [(5.0, 2.0), (3.0, 2.0), (7.9, 2.5), (12.0, 6.0)])
def test_on_the_grid_that_is_proposed_the_field_reaches_its_value_inside(thickness, width):
    finer = finer_grid(thickness, width)
    middle = lambda k: float(profile(np.array([-k * thickness / 2]), width)[0])  # noqa: E731
    assert abs(middle(1)) < 0.88
    assert finer == 4 or abs(middle(finer)) > 0.87
    assert f"{finer} × as fine" in too_thin(thickness, width)


def test_what_is_thick_enough_needs_no_word():
    assert too_thin(8.0, 2.0) == too_thin(40.0, 2.0) == ""
    assert finer_grid(8.0, 2.0) == 1


def test_a_run_from_a_thin_mask_says_so_in_its_frames_and_one_that_fits_does_not():
    thin, thick = np.zeros((24, 24, 24), bool), np.zeros((24, 24, 24), bool)
    thin[11:13], thick[4:20] = True, True
    for mask, said in ((thin, True), (thick, False)):
        run = Curvatubes(initial=mask, voxel_size=1.0)
        run.prepare()
        assert bool(run.frame().notices) == said
        run.step()
        assert bool(run.frame().notices) == said
    run = Curvatubes(initial=thin, voxel_size=1.0)
    run.prepare()
    assert "too thin for an interface width of" in run.frame().notices[0]


@pytest.mark.parametrize(("thick", "blurred"), [(3, True), (6, True), (9, False), (16, False)])
def test_a_field_is_blurred_where_its_interface_does_not_fit(thick, blurred):
    depth = np.arange(40) - 19.5
    field = profile(thick / 2 - np.abs(depth), 2.0)
    assert is_blurred(np.broadcast_to(field[:, None, None], (40, 3, 3))) == blurred
    assert not is_blurred(np.full((4, 4, 4), -1.0))


def test_the_notice_of_a_thin_mask_goes_when_the_shape_is_no_longer_thin():
    thin = np.zeros((24, 24, 24), bool)
    thin[10:14] = True
    run = Curvatubes("tubes", initial=thin, voxel_size=1.0)
    run.prepare()
    assert run.frame().notices
    run.update(mass=0.0)  # half of the box
    assert not run.frame().notices
