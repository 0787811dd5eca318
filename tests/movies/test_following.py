"""Movies whose labels, times, units or places are not what they seem: the numbers are right, or it is said."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.errors import InputError
from shapelab.frame import Frame, LayerData
from shapelab.movies import as_movie, link_cells, measure_over_time


def drifting(frames: int = 6, n: int = 12) -> np.ndarray:
    """Squares that move by one pixel along x in each frame."""
    movie = np.zeros((frames, 60, 80), np.int32)
    for t, frame in enumerate(movie):
        for cell in range(n):
            y, x = 15 * (cell // 4) + 4, 18 * (cell % 4) + 3 + t
            frame[y : y + 6, x : x + 6] = cell + 1
    return movie


@pytest.mark.parametrize("seed", range(4))
def test_velocities_of_labels_given_anew_are_doubted(seed):
    rng = np.random.default_rng(seed)
    movie = drifting()
    anew = np.stack([np.r_[0, rng.permutation(12) + 1][frame] for frame in movie])
    assert "Labels jump" in str(measure_over_time(anew))
    for followed in (movie, link_cells(anew)):
        found = measure_over_time(followed, 0.5, interval=2.0)
        assert "Labels jump" not in str(found)
        assert found.table["speed"].dropna().to_numpy() == pytest.approx(0.25)


def layer(**meta: object) -> LayerData:
    units = {"units": ("s", "um", "um"), "axis_labels": ("t", "y", "x"), "scale": (30.0, 0.5, 0.5)}
    return LayerData("cells", drifting(), "labels", {**units, **meta})


def test_what_a_layer_states_is_converted():
    for scale in ((30.0, 0.5, 0.5), (30.0, 2.0, 0.5)):
        stated = measure_over_time(layer(scale=scale)).table["speed"].dropna().to_numpy()
        other = measure_over_time(layer(scale=scale), unit="nm", time_unit="min").table["speed"].dropna().to_numpy()
        assert stated == pytest.approx(0.5 / 30)
        assert other == pytest.approx(stated * 1000 * 60)
    given = as_movie(layer(), 4.0, interval=2.0, unit="nm", time_unit="min")
    assert given.spacing == (4.0, 4.0)
    assert given.times.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert as_movie(layer(), unit="cell lengths").spacing == (0.5, 0.5)


def test_frames_out_of_order_are_refused():
    frames = [
        Frame(k, time, (LayerData("cells", image, "labels"),), {})
        for k, (time, image) in enumerate(zip([0, 1, 2, 2, 3, 4], drifting(), strict=True))
    ]
    with pytest.raises(InputError, match="Frame 3 was taken at time 2"):
        as_movie(frames)
    assert as_movie(frames, interval=1.0).times.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize("meta", [{"scale": (0.5, 0.25)}, {"translate": (0.0, 7.0)}, {"units": ("nm", "nm")}])
def test_frames_that_lie_elsewhere_are_refused(meta):
    first = {"scale": (0.5, 0.5), "units": ("um", "um")}
    frames = [LayerData("cells", image, "labels", {**first, **(meta if k == 2 else {})}) for k, image in enumerate(drifting())]
    with pytest.raises(InputError, match="Frame 2 has voxels"):
        as_movie(frames)
    assert as_movie(frames[:2]).spacing == (0.5, 0.5)
