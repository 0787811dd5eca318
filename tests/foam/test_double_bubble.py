"""Two bubbles against their closed form: Young's angle, Laplace's pressure, exact volumes."""

from __future__ import annotations

import numpy as np
import pytest
from bubbles import measured, measured_on_mesh, two_balls, two_bubbles, young

import shapelab as sl
from shapelab.errors import InputError, Stopped
from shapelab.foam import settle_exactly


def settled(radius: float, seed: int, ndim: int, steps: int, **parameters):
    """Two bubbles after `steps`: the simulation, its last frame, and the tensions."""
    simulation, tensions = two_bubbles(radius, seed, ndim, **parameters)
    *_, frame = simulation.run(steps, every=steps)
    return simulation, frame, tensions


@pytest.mark.parametrize(("radius", "seed", "steps"), [(8, 1, 150), (8, 4, 150), (16, 0, 530), (16, 3, 530), (32, 2, 500)])
def test_angles_pressures_and_volumes_in_a_plane(radius, seed, steps):
    simulation, frame, tensions = settled(radius, seed, 2, steps)
    found = measured(simulation, 5)
    assert abs(found.angle - young(*tensions)) < 0.7
    pressures = frame.layer("seeds").meta["features"]["pressure"]
    np.testing.assert_allclose(pressures, [tensions[i] / found.radii[i] for i in (0, 1)], rtol=0.01)
    assert frame.scalars["max_volume_error"] < 5e-5


def test_angles_and_pressures_in_space():
    """Pairs of bubbles at rest, R = 12: within 2.5 degrees (rms) as the foam has them, within one settled exactly."""
    off, exact = [], []
    for seed in (0, 1):
        simulation, frame, tensions = settled(12, seed, 3, 180, junctions="fine")
        found = measured(simulation, 5)
        off.append(found.angle - young(*tensions))
        pressures = frame.layer("seeds").meta["features"]["pressure"]
        np.testing.assert_allclose(pressures, [2 * tensions[i] / found.radii[i] for i in (0, 1)], rtol=0.01)
        assert frame.scalars["max_volume_error"] < 5e-4
        exact.append(measured_on_mesh(settle_exactly(simulation, max_steps=15).mesh, 3).angle - young(*tensions))
    assert np.sqrt(np.mean(np.square(off))) < 2.5
    assert np.abs(exact).max() < 1


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


@pytest.mark.parametrize(("radius", "ndim", "steps", "allowed"), [(12, 2, 120, 0.15), (8, 3, 40, 1.0)])
def test_settled_exactly(radius, ndim, steps, allowed):
    """The mesh has the angles within a fraction of a degree, the pressures within 0.5 % and the volumes to rounding."""
    simulation, _, tensions = settled(radius, 1, ndim, steps)
    before = simulation.checkpoint()[1]
    foam = settle_exactly(simulation)
    found = measured_on_mesh(foam.mesh, 3)
    assert abs(found.angle - young(*tensions)) < allowed
    for cell in (1, 2):
        assert foam.pressures[cell] == pytest.approx((ndim - 1) * tensions[cell - 1] / found.radii[cell - 1], rel=5e-3)
        assert foam.volumes[cell] == pytest.approx(simulation.state().targets[cell], rel=1e-6)
    assert foam.volume_error < 1e-6
    assert foam.energy == pytest.approx(ndim / (ndim - 1) * sum(foam.pressures[i] * foam.volumes[i] for i in (1, 2)), rel=5e-3)
    for name, array in simulation.checkpoint()[1].items():
        np.testing.assert_array_equal(array, before[name])


def test_only_a_foam_settles():
    with pytest.raises(InputError, match="Only a foam"):
        settle_exactly(sl.Cells("relaxation", shape=(32, 32), n_cells=3))


def test_settling_ends_with_its_run_which_goes_on_afterwards():
    simulation = sl.Foam("double_bubble", shape=(40, 40))
    simulation.step()
    steps = []

    def told(step, energy):
        steps.append(step)
        simulation.stop()

    with pytest.raises(Stopped):
        settle_exactly(simulation, progress=told)
    assert steps == [1]
    simulation.step()
    assert simulation.step_number == 2
    settle_exactly(simulation, max_steps=2, progress=lambda *_: steps.append(0))
    assert steps == [1, 0, 0]
