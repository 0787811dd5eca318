"""Effective properties: closed forms, PoreSpy's numbers, an independent search for shortest ways, what is refused.

The numbers of PoreSpy 3.2.0 (MIT) are those of `porespy.filters.local_thickness(phase, sizes=60)` (radii),
`porespy.metrics.chord_counts(porespy.filters.apply_chords(phase, spacing=1, axis=axis, trim_edges=True))` and
`porespy.metrics.two_point_correlation(im)` (`probability_scaled`) on `porous()`; `pip install porespy==3.2.0` and print them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from shapelab.errors import InputError
from shapelab.measure import (
    chord_lengths,
    effective_properties,
    geodesic_tortuosity,
    local_thickness,
    measure,
    two_point_correlation,
    unit_of,
)


@pytest.fixture(scope="module")
def porous():
    """A random network of about a third of the volume."""
    return gaussian_filter(np.random.default_rng(7).standard_normal((40, 48, 56)), 3.0, mode="wrap") > 0.012


@pytest.mark.parametrize(("phase", "mean", "sd"), [("strut", 7.047, 2.400), ("pore", 11.341, 3.775)])
def test_sizes_are_those_of_porespy(porous, phase, mean, sd):
    inside = porous if phase == "strut" else ~porous
    sizes = local_thickness(inside, closed=False)[inside]
    assert sizes.mean() == pytest.approx(mean, abs=0.6)  # balls of voxels, 24 radii
    assert sizes.std() == pytest.approx(sd, rel=0.06)


@pytest.mark.parametrize(
    ("phase", "axis", "mean", "count"),
    [
        ("strut", "z", 8.151465798045603, 614),
        ("strut", "y", 7.991721854304636, 604),
        ("strut", "x", 8.081288343558283, 652),
        ("pore", "z", 10.36591478696742, 399),
        ("pore", "y", 12.622823984526113, 517),
        ("pore", "x", 12.929924242424242, 528),
    ],
)
def test_chords_are_those_of_porespy(porous, phase, axis, mean, count):
    inside = porous if phase == "strut" else ~porous
    lines = tuple(slice(None) if letter == axis else slice(2, -2, 2) for letter in "zyx")  # those that PoreSpy takes
    lengths = chord_lengths(inside[lines], axis=axis)
    assert (len(lengths), lengths.mean()) == (count, pytest.approx(mean, rel=1e-12))


def test_two_point_correlation_is_that_of_porespy(porous):
    theirs = [0.27955, 0.2462, 0.21441, 0.18596, 0.16156, 0.1434, 0.12983, 0.12076, 0.11547, 0.11285]
    lengths, shares = two_point_correlation(porous)
    assert np.interp(np.arange(1.5, 11), lengths, shares) == pytest.approx(theirs, rel=0.02)
    assert shares[0] == pytest.approx(porous.mean(), rel=1e-5)


def test_plates_have_their_thickness_chords_and_correlation():
    plates = np.zeros((12, 20, 60), bool)
    plates[:, :, np.arange(60) % 10 < 4] = True
    numbers = effective_properties(plates, (1.0, 1.0, 0.5))
    assert (numbers["chord_x"], numbers["pore_chord_x"]) == (2.0, 3.0)
    assert (numbers["tortuosity_y"], numbers["pore_tortuosity_z"]) == (1.0, 1.0)
    assert math.isnan(numbers["tortuosity_x"])
    assert math.isnan(numbers["chord_z"])  # all of them leave the image
    assert numbers["strut_size"] == pytest.approx(2.0, abs=0.6)
    assert numbers["euler_per_volume"] == pytest.approx(6 / (12 * 20 * 30))


def test_a_slanted_channel_is_longer_by_its_slant():
    channel = np.zeros((40, 60), bool)
    for y in range(40):
        channel[y, y : y + 3] = True
    assert geodesic_tortuosity(channel, axis="y") == pytest.approx(math.sqrt(2), rel=0.03)
    assert geodesic_tortuosity(channel, (1.0, 2.0), axis="y") == pytest.approx(math.sqrt(5), rel=0.03)
    assert math.isnan(geodesic_tortuosity(channel, axis="x"))


def test_shortest_ways_are_those_of_dijkstra():
    mask = np.random.default_rng(3).random((9, 8, 10)) < 0.55
    steps = np.array([1.5, 1.0, 0.7])
    places = np.argwhere(mask)
    apart = np.abs(places[:, None] - places[None])
    joined = (apart.max(-1) == 1) * np.linalg.norm(apart * steps, axis=-1)
    found = dijkstra(csr_array(joined), indices=np.flatnonzero(places[:, 0] == 0), min_only=True)[places[:, 0] == 8]
    assert geodesic_tortuosity(mask, steps, axis="z") == pytest.approx(found[np.isfinite(found)].mean() / (8 * 1.5))


def test_single_properties_are_those_of_all(porous):
    small = porous[:24, :20, :16]
    everything = effective_properties(small, (1.0, 0.5, 0.5))
    for name, value in everything.items():
        np.testing.assert_equal(effective_properties(small, (1.0, 0.5, 0.5), names=[name]), {name: value})
    with pytest.raises(InputError, match="'colour': choose among strut_size"):
        effective_properties(small, names=["colour"])


def test_measure_adds_them_and_names_their_units(porous):
    told = []
    report = measure(porous, 0.1, unit="um", effective=True, progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 9) for n in range(1, 10)]
    assert report["strut_size"] == pytest.approx(0.67, abs=0.02)
    assert [unit_of(name, "um") for name in ("strut_size", "pore_chord_x", "euler_per_volume", "tortuosity_x")] == [
        "um",
        "um",
        "1/um^3",
        "",
    ]
    planar = measure(porous[20], effective=True)
    assert {"pore_size", "chord_y", "euler_per_area"} <= planar.keys()
    with pytest.raises(InputError, match="several labels"):
        measure(np.kron([[1, 2]], np.ones((8, 8), int)), effective=True)
    with pytest.raises(InputError, match="axis"):
        chord_lengths(porous[20], axis="z")
