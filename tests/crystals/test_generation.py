"""New crystals have the volumes, shapes and domain asked for."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

import shapelab as sl
from shapelab.crystals import GrainPhase, Population, additive_crystal
from shapelab.crystals.population import distances, population_of
from shapelab.crystals.sampling import random_seeds, random_shapes, random_volumes
from shapelab.crystals.weights import weights_at_centroids, weights_solver
from shapelab.errors import InputError, ParameterError
from shapelab.transport import Domain
from shapelab.transport.costs import Ellipsoidal
from shapelab.transport.passes import label_image
from shapelab.transport.problem import Problem


@pytest.mark.parametrize(("shape", "periodic"), [((96, 96), False), ((96, 96), True), ((28, 28, 28), False), ((28, 28, 28), True)])
def test_volumes_are_exact_and_the_diagram_is_the_image(shape: tuple[int, ...], periodic: bool) -> None:
    crystal = sl.generate_crystal(40, shape, spacing=0.5, periodic=periodic, lloyd=2, seed=3)
    pixel = 0.5 ** len(shape)
    assert (np.abs(crystal.volumes - crystal.targets) <= np.maximum(0.01 * crystal.targets, 2.001 * pixel)).all()
    assert crystal.volumes.sum() == pytest.approx(np.prod(shape) * pixel)
    np.testing.assert_array_equal(crystal.diagram.labels(shape, 0.5), crystal.labels)
    np.testing.assert_allclose(np.bincount(crystal.labels.ravel())[1:] * pixel, crystal.volumes)


def test_the_same_seed_gives_the_same_crystal_and_another_one_another() -> None:
    one, two, other = (sl.generate_crystal(20, (48, 48), lloyd=1, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.labels, two.labels)
    assert (one.labels != other.labels).mean() > 0.5


def test_equal_volumes_with_lloyd_are_nearly_hexagonal() -> None:
    crystal = sl.generate_crystal(36, (96, 96), volumes="equal", anisotropy=0.0, periodic=True, lloyd=15)
    assert crystal.statistics["aspect_ratio"] < 1.3
    assert crystal.statistics["volume_variation"] < 0.01


def test_a_mask_bounds_the_grains() -> None:
    disc = np.hypot(*(np.mgrid[:80, :80] - 39.5)) < 38
    crystal = sl.generate_crystal(30, (80, 80), mask=disc, lloyd=2)
    np.testing.assert_array_equal(crystal.labels > 0, disc)


def test_a_crystal_like_a_sample_has_its_statistics() -> None:
    rng = np.random.default_rng(0)
    angle = rng.normal(0.5, 0.1, 300)
    along = np.stack([np.sin(angle), np.cos(angle)], 1)
    shapes = 2 * np.eye(2) - 1.5 * along[:, :, None] * along[:, None]
    sample = Population(rng.lognormal(0, 0.6, 300), shapes)
    crystal = sl.generate_crystal(150, (160, 160), like=sample, lloyd=3, seed=1)
    round_one = sl.generate_crystal(150, (160, 160), volumes="equal", anisotropy=0.0, lloyd=3, seed=1)
    away = distances(round_one.population, sample)
    assert crystal.statistics["ks_volume"] < 0.15 < away["volume"]
    assert crystal.statistics["ks_angle"] < 0.75 * away["angle"]
    assert np.median(crystal.population.aspect_ratios) > 1.4


def test_a_crystal_can_be_like_a_label_image_or_a_fit() -> None:
    labels = sl.generate_crystal(40, (80, 80), lloyd=1).labels
    for sample in (labels, sl.fit_diagram(labels, method="moments")):
        assert sl.generate_crystal(30, (64, 64), like=sample, lloyd=1).statistics["ks_volume"] < 0.4


def test_volume_laws() -> None:
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(random_volumes(rng, 5, "equal"), np.ones(5))
    assert np.log(random_volumes(rng, 4000, "lognormal", 0.8)).std() == pytest.approx(0.8, rel=0.05)
    np.testing.assert_allclose(random_volumes(rng, 3, [1, 2, 3]), [0.5, 1, 1.5])
    phases = random_volumes(rng, 2000, {1.0: 0.75, 5.0: 0.25})
    assert (phases == phases.min()).mean() == pytest.approx(0.75, abs=0.04)
    assert phases.max() / phases.min() == pytest.approx(5)


@pytest.mark.parametrize("dim", [2, 3])
def test_random_shapes_have_determinant_one_and_no_preferred_direction(dim: int) -> None:
    shapes = random_shapes(np.random.default_rng(0), 4000, dim, 0.5)
    np.testing.assert_allclose(np.linalg.det(shapes), 1)
    mean = shapes.mean(0)
    np.testing.assert_allclose(mean, np.eye(dim) * np.trace(mean) / dim, atol=0.1)


def test_seeds_keep_their_distance_and_too_much_is_refused() -> None:
    domain = Domain((50, 50), 1.0, True)
    seeds = random_seeds(np.random.default_rng(0), 60, domain, 0.5)
    gap = np.abs(seeds[:, None] - seeds)
    gap = np.sqrt((np.minimum(gap, 50 - gap) ** 2).sum(-1)) + 1e9 * np.eye(60)
    assert gap.min() >= 0.5 * np.sqrt(2500 / 60)
    with pytest.raises(ParameterError, match="exclusion"):
        random_seeds(np.random.default_rng(0), 60, domain, 1.5)


def test_progress_shows_the_labels_and_abort_ends_early() -> None:
    abort, seen = threading.Event(), []

    def note(fraction: float, labels: np.ndarray) -> None:
        seen.append((fraction, labels.shape))
        abort.set()

    sl.generate_crystal(20, (48, 48), lloyd=5, progress=note, abort=abort)
    assert seen == [(1 / 6, (48, 48))]


def test_additive_manufacturing_grains_lean_to_alternating_sides() -> None:
    crystal = additive_crystal(pixels=300, small_grains=60, lloyd=1, tolerance=0.05)
    angles = crystal.population.angles[:228].reshape(6, 38)[:, 4:-4]
    long = crystal.population.aspect_ratios[:228].reshape(6, 38)[:, 4:-4] > 2
    means = [float(np.median(angle[keep])) for angle, keep in zip(angles, long, strict=True)]
    assert all((mean < np.pi / 2) == (row % 2 == 0) for row, mean in enumerate(means))
    assert crystal.mean_volume_error < 0.05


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_grains": 1}, "at least 2"),
        ({"n_grains": 900, "shape": (20, 20)}, "do not fit"),
        ({"anisotropy": 1.0}, "anisotropy"),
        ({"volumes": "normal"}, "lognormal"),
        ({"volumes": [1.0, -2.0]}, "positive"),
        ({"volumes": {1.0: 0.5, 1e5: 0.5}, "shape": (32, 32), "n_grains": 40}, "smallest grain"),
        ({"lloyd": -1}, "lloyd"),
    ],
)
def test_parameters_that_are_not_allowed_are_refused_with_a_sentence(arguments: dict, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        sl.generate_crystal(**arguments)


def test_a_plane_sample_cannot_be_the_model_of_a_solid() -> None:
    with pytest.raises(InputError, match="2-D"):
        sl.generate_crystal(20, (16, 16, 16), like=np.arange(1, 65).reshape(8, 8).repeat(4, 0).repeat(4, 1))


def test_crystal_orientations_are_drawn_with_the_grains_they_belong_to() -> None:
    rng = np.random.default_rng(0)
    orientations = rng.normal(size=(3, 4))
    shapes = np.stack([np.diag([a, 1 / a]) for a in (1.0, 2.0, 3.0)])
    drawn = Population(np.array([1.0, 2.0, 3.0]), shapes, orientations).draw(rng, 50)
    assert drawn.orientations is not None
    np.testing.assert_array_equal(drawn.orientations, orientations[np.searchsorted([1.0, 2.0, 3.0], drawn.volumes)])
    crystal = sl.generate_crystal(8, (24, 24), like=drawn, lloyd=0, tolerance=0.2)
    assert {tuple(q) for q in crystal.orientations} <= {tuple(q) for q in orientations}


@pytest.mark.parametrize(("shape", "periodic"), [((48, 64), True), ((48, 64), False), ((20, 24, 16), True)])
def test_boundaries_hardly_move_when_seeds_go_to_centroids(shape: tuple[int, ...], periodic: bool) -> None:
    rng = np.random.default_rng(4)
    domain, n = Domain(shape, 0.5, periodic), 30
    matrices = random_shapes(rng, n, len(shape), 0.3) / (domain.volume / n) ** (2 / len(shape))
    volumes = random_volumes(rng, n, "lognormal", 0.3)
    solver = weights_solver(domain, random_seeds(rng, n, domain, 0.3), matrices, volumes, 0.02)
    solution = solver.solve()
    assert solution.converged
    kept, carried = solution.potentials, weights_at_centroids(solver, matrices, solution)
    centroids = solution.moments.centroids
    problem = Problem(domain, domain.wrap(centroids), solver.volumes, Ellipsoidal(matrices))
    labels = [label_image(problem, weights) for weights in (kept, carried)]
    changed = [float((image != solution.labels).mean()) for image in labels]
    assert changed[1] < 0.8 * changed[0], changed
    unmoved = replace(solution, moments=replace(solution.moments, offsets=np.zeros_like(centroids)))
    np.testing.assert_allclose(weights_at_centroids(solver, matrices, unmoved), kept, atol=1e-9)


def test_phases_have_volumes_and_shapes_of_their_own() -> None:
    phases = [GrainPhase("ferrite", 3, 1.0, anisotropy=0.0), GrainPhase("pearlite", 1, 4.0, 0.2, anisotropy=0.6, symmetry="hexagonal")]
    crystal = sl.generate_crystal(80, (128, 128), phases=phases, seed=1, lloyd=2, exact_volumes=True)
    assert crystal.phases is not None
    first, second = (crystal.phases == number for number in (1, 2))
    assert (first.sum(), second.sum()) == (60, 20)
    assert np.median(crystal.targets[second]) == pytest.approx(4 * np.median(crystal.targets[first]), rel=0.2)
    ratios = crystal.population.aspect_ratios
    assert ratios[second].mean() > ratios[first].mean() + 0.5
    assert crystal.phase_names == tuple("ferrite" if one else "pearlite" for one in first)
    assert crystal.symmetries == tuple("cubic" if one else "hexagonal" for one in first)
    sample = crystal.sample("um")
    assert sample.table is not None
    assert sample.table.set_index("id")["phase"].loc[[1, 2, 3]].tolist() == crystal.phases[:3].tolist()
    again = sl.generate_crystal(40, (96, 96), like=Population.of(crystal.moments), seed=1)
    assert again.phases is None
    drawn = sl.generate_crystal(40, (96, 96), like=population_of(crystal.labels, (1.0, 1.0), None, None, crystal.phases.tolist()), seed=1)
    assert drawn.phases is not None
    assert set(drawn.phases) == {1, 2}
    with pytest.raises(InputError, match="one of the two"):
        sl.generate_crystal(40, (96, 96), like=crystal.population, phases=phases)
    for bad in ([], [phases[0], phases[0]]):
        with pytest.raises(ParameterError, match="phases"):
            sl.generate_crystal(10, (64, 64), phases=bad)
    with pytest.raises(ParameterError, match="anisotropy"):
        GrainPhase("x", 1, anisotropy=1.5)


@pytest.mark.parametrize(("shape", "periodic"), [((64, 64), False), ((60, 64), True), ((20, 20, 20), (True, False, False))])
def test_exact_volumes_are_right_to_the_pixel(shape: tuple[int, ...], periodic: bool | tuple[bool, ...]) -> None:
    crystal = sl.generate_crystal(20, shape, 0.5, seed=3, lloyd=2, periodic=periodic, exact_volumes=True, tolerance=0.05)
    pixel = 0.5 ** len(shape)
    assert np.abs(crystal.volumes - crystal.targets).max() < pixel
    assert (crystal.labels != crystal.diagram.labels(shape, 0.5)).mean() < 0.03
    axes = [axis for axis, glued in zip("zyx"[-len(shape) :], np.broadcast_to(periodic, len(shape)), strict=True) if glued]
    assert (f"Periodic along {', '.join(axes)}." if axes else "Not periodic.") in crystal.summary()


def test_grains_grow_from_seeds_that_are_given() -> None:
    """Bands: small grains in the middle third, which stay there, with their own volumes."""
    rng = np.random.default_rng(3)
    bands = np.repeat([0, 1, 2], [6, 24, 6])
    places = np.stack([(bands + rng.random(36)) * 20, rng.random(36) * 60], 1) - 0.5
    volumes = np.where(bands == 1, 1.0, 4.0)
    new = sl.generate_crystal(36, (60, 60), volumes=volumes, seeds=places, anisotropy=0.0, periodic=(False, True), exact_volumes=True)
    np.testing.assert_allclose(new.volumes / new.volumes.sum(), volumes / volumes.sum(), atol=1.01 / 3600)
    kept = new.moments.centroids[:, 0] // 20 == bands
    assert kept.mean() > 0.9
    still = sl.generate_crystal(36, (60, 60), volumes=volumes, seeds=places, anisotropy=0.0, lloyd=0)
    assert np.linalg.norm(still.moments.centroids - places, axis=1).mean() < 6


@pytest.mark.parametrize(
    ("seeds", "sentence"),
    [
        (np.zeros((2, 2)), "same place"),
        (np.array([[1.0, 1.0], [1.0, 9.7]]), "outside the box"),
        (np.array([[1.0, 1.0], [1.0, np.nan]]), "2 finite places"),
        (np.zeros((3, 2)), r"shape \(2, 2\)"),
    ],
)
def test_seeds_that_are_not_allowed_are_refused(seeds: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        sl.generate_crystal(2, (10, 10), seeds=seeds)
