"""Two bubbles against their closed form: Young's angle, Laplace's pressure, exact volumes."""

from __future__ import annotations

import numpy as np
import pytest
from bubbles import ball_volume, measured, two_balls, young

import shapelab as sl


def settled(radius: float, seed: int, ndim: int, steps: int, **parameters):
    """Two bubbles of random tensions and sizes after `steps`; the tensions of 1, 2 to the medium and of 1 to 2."""
    rng = np.random.default_rng(seed)
    first, second, middle = rng.uniform(0.75, 1.25, 3)
    ratio = rng.uniform(0.6, 1)
    volume = ball_volume(radius, ndim)
    simulation = sl.Foam(
        labels=two_balls(radius, ratio, ndim),
        tensions={(0, 1): first, (0, 2): second, (1, 2): middle},
        volumes={1: volume, 2: ratio * volume},
        **parameters,
    )
    *_, frame = simulation.run(steps, every=steps)
    return simulation, frame, (first, second, middle)


@pytest.mark.parametrize(("radius", "seed", "steps"), [(8, 1, 150), (16, 0, 530), (16, 3, 530)])
def test_angles_pressures_and_volumes_in_a_plane(radius, seed, steps):
    simulation, frame, tensions = settled(radius, seed, 2, steps)
    found = measured(simulation, 5)
    assert abs(found.angle - young(*tensions)) < 0.7
    pressures = frame.layer("seeds").meta["features"]["pressure"]
    np.testing.assert_allclose(pressures, [tensions[i] / found.radii[i] for i in (0, 1)], rtol=0.01)
    assert frame.scalars["max_volume_error"] < 5e-5


def test_the_energy_is_that_of_the_pressures():
    """At rest, scaling all lengths changes energy and volumes in balance: E = 2 sum p V in a plane."""
    _, frame, _ = settled(16, 2, 2, 350)
    features = frame.layer("seeds").meta["features"]
    assert frame.scalars["energy"] == pytest.approx(2 * (features["pressure"] * features["volume"]).sum(), rel=0.03)


def test_the_place_of_a_pixel_does_not_matter():
    """Twice as large pixels: lengths double, pressures halve, labels stay."""
    labels = two_balls(8, 0.8, 2)
    one, two = (
        list(sl.Foam(labels=sl.LayerData("cells", labels, "labels", {"scale": (h, h)}), first_medium=1.0, first=0.8).run(20, every=20))[-1]
        for h in (1.0, 2.0)
    )
    np.testing.assert_array_equal(one["cells"], two["cells"])
    features = [frame.layer("seeds").meta["features"] for frame in (one, two)]
    np.testing.assert_allclose(features[0]["pressure"], 2 * features[1]["pressure"], rtol=1e-6)
    np.testing.assert_allclose(4 * features[0]["volume"], features[1]["volume"], rtol=1e-6)
    assert one.scalars["energy"] * 2 == pytest.approx(two.scalars["energy"])
