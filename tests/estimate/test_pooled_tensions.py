"""Tensions of the frames of a movie, pooled: intervals become narrower by as much as frames tell anything new."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.estimate.pooled_tensions import Pool, SeenInterfaces

KINDS = np.array([(0, 0), (0, 1), (1, 1), (-1, 0)])
TRUTH = np.array([0.9, 1.2, 1.05, 1.15])
COUNTS = (6, 8, 5, 9)


def seen(rng, frames, lasting=0.0, alike=0.0, scatter=0.0, leaving=0.0, counts=COUNTS):
    """Interfaces of tissues, each frame relative to its own mean.

    `lasting` is the part of the squared errors that is the same in all frames, `alike` the correlation of the others between two
    frames, `scatter` that of true tensions, and `leaving` how many of the interfaces between the types are gone in the last frame.
    """
    rows = []
    for kind, count in enumerate(counts):
        for number in range(count):
            error = rng.uniform(0.04, 0.1)
            own = TRUTH[kind] * (1 + scatter * rng.normal()) + error * np.sqrt(lasting) * rng.normal()
            noise = rng.normal()
            for frame in range(frames):
                noise = alike * noise + np.sqrt(1 - alike**2) * rng.normal()
                if kind != 1 or number >= leaving * count * (frame + 1) / frames:
                    rows.append((frame, kind, 100 * kind + number, own + error * np.sqrt(1 - lasting) * noise, error))
    frame, kind, unit, tension, error = map(np.array, zip(*rows, strict=True))
    means = (np.bincount(frame, tension) / np.bincount(frame))[frame]
    return SeenInterfaces(frame, np.stack([unit, unit], axis=1), KINDS[kind], tension / means, error / means)


def truth(given):
    """Return the tensions relative to the mean of all interfaces in all frames."""
    kind = (given.kinds[:, None] == KINDS).all(2).argmax(1)
    return TRUTH / TRUTH[kind].mean()


def trials(count, **given):
    """Part of the intervals that hold the truth, their mean width, and the part of the errors that was found to change."""
    rng = np.random.default_rng(7)
    held, widths, changing = [], [], []
    for _ in range(count):
        interfaces = seen(rng, **given)
        pool = Pool(interfaces)
        found = [pool.mean("one", tuple(kind), 0.9) for kind in KINDS.tolist()]
        held += [one.low <= value <= one.high for one, value in zip(found, truth(interfaces), strict=True)]
        widths += [one.high - one.low for one in found]
        changing.append(pool.changing)
    return np.mean(held), np.mean(widths), np.mean(changing)


def test_more_frames_narrow_the_intervals_where_they_tell_something_new():
    _, one, _ = trials(25, frames=1)
    held, fresh, changing = trials(25, frames=10)
    assert held >= 0.9
    assert fresh < 0.5 * one
    assert changing > 0.8
    held, same, changing = trials(25, frames=10, lasting=1.0)
    assert held >= 0.9
    assert same == pytest.approx(one, rel=0.1)
    assert changing < 0.01
    held, half, changing = trials(25, frames=10, lasting=0.5)
    assert held >= 0.9
    assert fresh < half < one
    assert changing == pytest.approx(0.5, abs=0.1)
    held, slow, _ = trials(25, frames=20, alike=0.8)
    assert held >= 0.9
    assert fresh < slow < one


def test_what_scatters_between_interfaces_does_not_average_out():
    held, width, _ = trials(40, frames=10, scatter=0.1)
    assert held >= 0.88
    assert width > 0.6 * trials(25, frames=1, scatter=0.1)[1]


def test_frames_with_other_contacts_are_brought_to_one_scale():
    """Without errors the tensions come back exactly, although each frame has another mean."""
    given = seen(np.random.default_rng(1), 8, leaving=0.9)
    exact = TRUTH[(given.kinds[:, None] == KINDS).all(2).argmax(1)]
    means = (np.bincount(given.frames, exact) / np.bincount(given.frames))[given.frames]
    assert np.ptp(means) > 0.03
    pool = Pool(SeenInterfaces(given.frames, given.pairs, given.kinds, exact / means, given.errors))
    for kind, value in zip(KINDS.tolist(), truth(given), strict=True):
        assert pool.mean("one", tuple(kind), 0.9).value == pytest.approx(value, rel=1e-3)


def test_frames_that_are_all_the_same_say_what_one_of_them_says():
    one = seen(np.random.default_rng(2), 1)
    repeated = {name: np.concatenate([getattr(one, name)] * 5) for name in ("pairs", "kinds", "tensions", "errors")}
    many = Pool(SeenInterfaces(frames=np.repeat(np.arange(5), len(one.frames)), **repeated))
    for kind in KINDS.tolist():
        alone, pooled = Pool(one).mean("one", tuple(kind), 0.9), many.mean("one", tuple(kind), 0.9)
        assert (pooled.value, pooled.low, pooled.high) == pytest.approx((alone.value, alone.low, alone.high))
    assert many.changing == pytest.approx(0, abs=1e-9)
    assert many.mean("none", (-1, 1), 0.9) is None
