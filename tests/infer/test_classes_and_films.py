"""Classes of tensions, types of cells, films, and results that know when they are out of date."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.infer import cell_types, double_bubble, infer_tensions, infer_tensions_over_time, tension_classes, tensions_of_pairs
from shapelab.mesh import interface_mesh

BUBBLES = double_bubble((80, 80), (1.0, 0.8, 0.7), 16)


@pytest.fixture(scope="module")
def found():
    return infer_tensions(BUBBLES.labels)


def with_values(found, values, errors, pairs=None):
    n = len(values)
    return replace(
        found,
        tensions=np.asarray(values, float),
        errors=np.asarray(errors, float),
        pairs=np.asarray(pairs if pairs is not None else np.zeros((n, 2)), int),
        reasons=np.full(n, ""),
    )


def test_classes_are_found_and_errors_are_taken_off(found):
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1], [150, 50])
    errors = rng.uniform(0.05, 0.15, 200)
    values = np.array([0.8, 1.8])[kind] + 0.15 * rng.normal(size=200) + errors * rng.normal(size=200)
    classes = tension_classes(with_values(found, values, errors))
    assert classes.means == pytest.approx([0.8, 1.8], abs=0.05)
    assert classes.spreads == pytest.approx([0.15, 0.15], abs=0.05)
    assert classes.shares == pytest.approx([0.75, 0.25], abs=0.04)
    assert (classes.classes == kind).mean() > 0.97
    at = np.linspace(-1, 4, 2001)
    assert np.trapezoid(classes.density(at).sum(0), at) == pytest.approx(1, abs=1e-3)
    assert "2 classes" in str(classes)


def test_noise_is_no_class(found):
    rng = np.random.default_rng(1)
    errors = rng.choice([0.05, 0.3], 200)  # a mixture that knows no errors sees two classes here
    classes = tension_classes(with_values(found, 1 + errors * rng.normal(size=200), errors))
    assert len(classes.means) == 1


def test_undetermined_interfaces_have_no_class(found):
    values = np.array([1.0, np.nan, 1.1])
    classes = tension_classes(with_values(found, values, [0.1, np.nan, 0.1]))
    assert classes.classes.tolist() == [0, -1, 0]
    assert not len(tension_classes(with_values(found, [np.nan], [np.nan])).means)


@pytest.mark.parametrize("across", [1.6, 0.6])
def test_types_of_cells_come_back_from_the_tensions_of_their_pairs(across, found):
    """Sorting and checkerboard: interfaces between unlike cells are stronger, or weaker."""
    rng = np.random.default_rng(2)
    side = 8
    kinds = rng.integers(2, size=(side, side))
    label = 1 + np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [np.stack([label[:, :-1].ravel(), label[:, 1:].ravel()], 1), np.stack([label[:-1].ravel(), label[1:].ravel()], 1)]
    )
    own = np.array([[1.0, across], [across, 0.9]])
    kind = kinds.ravel()
    errors = np.full(len(pairs), 0.08)
    values = own[kind[pairs[:, 0] - 1], kind[pairs[:, 1] - 1]] + errors * rng.normal(size=len(pairs))
    mesh = interface_mesh(np.kron(label, np.ones((5, 5), int)))
    types = cell_types(replace(with_values(found, values, errors, pairs), mesh=mesh))
    same = (types.types == kind).mean()
    assert max(same, 1 - same) > 0.95
    assert types.table[0, 1] == pytest.approx(across, abs=0.05)
    assert np.allclose(types.table, types.table.T, equal_nan=True)
    assert types.explained > 0.8


def test_one_type_where_tensions_say_no_more(found):
    assert cell_types(found).types.tolist() == [0, 0]
    assert "One type" in str(cell_types(found))


def test_tensions_for_a_simulation_let_no_third_cell_come_between(found):
    label = 1 + np.arange(36).reshape(6, 6)
    beside = [(label[:, :-1], label[:, 1:]), (label[:-1], label[1:]), (label[:-1, :-1], label[1:, 1:])]
    pairs = np.concatenate([np.stack([a.ravel(), b.ravel()], axis=1) for a, b in beside])
    rng = np.random.default_rng(3)
    values = rng.uniform(0.05, 3, len(pairs))
    values[3] = np.nan
    mesh = interface_mesh(np.kron(label, np.ones((5, 5), int)))
    noisy = replace(with_values(found, values, np.full(len(pairs), 0.1), pairs), mesh=mesh)
    given = tensions_of_pairs(noisy, cell_types(noisy))
    table = np.zeros((37, 37))
    for (a, b), value in given.values.items():
        table[a, b] = table[b, a] = value
    for c in range(37):
        rest = np.delete(np.arange(37), c)
        assert np.all(table[np.ix_(rest, rest)] <= table[rest, c][:, None] + table[c, rest] + 1e-9)
    assert min(given.values.values()) >= 0.28
    assert any("raised" in note for note in given.notes)
    assert any("lowered" in note for note in given.notes)
    quiet = tensions_of_pairs(found)
    assert [quiet.values[tuple(pair)] for pair in found.pairs.tolist()] == pytest.approx(found.tensions.tolist())
    assert not quiet.notes
    by_type = tensions_of_pairs(found, cell_types(found), by_type=True)
    assert by_type.values[0, 1] == by_type.values[0, 2]
    with pytest.raises(InputError, match="cell_types"):
        tensions_of_pairs(found, by_type=True)
    with pytest.raises(InputError, match="nothing to simulate"):
        tensions_of_pairs(with_values(found, [np.nan], [np.nan]))


def test_a_film_is_smoothed_along_interfaces_by_their_errors():
    labels = BUBBLES.labels
    frames = [labels, np.roll(labels, 1, 0), np.roll(labels, (1, 1), (0, 1)), labels]
    film = infer_tensions_over_time(frames, width=1.0)
    stills = [infer_tensions(frame) for frame in frames]
    for number, still in enumerate(stills):
        np.testing.assert_array_equal(film.frames[number].tensions, still.tensions)
        share = np.exp(-0.5 * (np.arange(4) - number) ** 2)
        weights = np.array([w / one.errors**2 for w, one in zip(share, stills, strict=True)])
        wanted = (weights * [one.tensions for one in stills]).sum(0) / weights.sum(0)
        np.testing.assert_allclose(film.smoothed[number][0], wanted)
        assert np.all(film.smoothed[number][1] < still.errors)
    assert film.shared == 1
    assert film.table().groupby("frame").size().tolist() == [3] * 4
    assert len(film.cells()) == 8
    layers = [LayerData("cells", frame, "labels", {"scale": (0.5, 0.5)}) for frame in frames[:1]]
    np.testing.assert_allclose(infer_tensions_over_time(layers).frames[0].areas, 0.5 * stills[0].areas)
    flat = infer_tensions_over_time(np.stack(frames[:2]), width=0)
    np.testing.assert_array_equal(flat.smoothed[1][0], stills[1].tensions)


def test_interfaces_are_not_smoothed_across_a_gap():
    labels = BUBBLES.labels
    renamed = np.array([0, 1, 7])[labels]
    film = infer_tensions_over_time([labels, renamed, labels], width=2.0)
    np.testing.assert_allclose(film.smoothed[0][0][1:], film.frames[0].tensions[1:])  # those of cell 2 are gone in the next frame
    assert film.shared == pytest.approx(1 / 3)
    renamed_again = infer_tensions_over_time([labels, np.array([0, 5, 7])[labels]], width=1.0)
    assert any("keep their labels" in note for note in renamed_again.notes)


def test_what_is_no_film_is_said():
    with pytest.raises(InputError, match="axes"):
        infer_tensions_over_time(BUBBLES.labels)
    with pytest.raises(InputError, match=r"Frame 1: .*empty"):
        infer_tensions_over_time([BUBBLES.labels, np.zeros((9, 9), int)])
    with pytest.raises(InputError, match="no frames"):
        infer_tensions_over_time([])
    with pytest.raises(InputError, match="frames = 3 is not allowed"):
        infer_tensions_over_time(3)


@pytest.mark.parametrize("smoothing", [0, 2])
def test_a_result_from_a_mesh_knows_its_labels(smoothing):
    labels = BUBBLES.labels
    mesh = interface_mesh(labels, 0.5, smoothing=smoothing, closed=False)
    found = infer_tensions(mesh)
    changed = labels.copy()
    changed[40, 40] = 0
    assert not found.out_of_date(labels)
    assert not found.out_of_date(mesh)
    assert found.out_of_date(changed)
    assert found.out_of_date(np.zeros_like(labels))
    assert found.out_of_date(labels[:-1])
    assert found.out_of_date(interface_mesh(changed, 0.5, smoothing=smoothing, closed=False))
    assert infer_tensions(labels, 0.5).out_of_date(changed)


def test_progress_rises_and_is_told_in_words():
    told = []
    infer_tensions(BUBBLES.labels, progress=lambda part, text: told.append((part, text)))
    assert [part for part, _ in told] == sorted(part for part, _ in told)
    assert all(text.endswith("…") for _, text in told)
    assert len(told) == 3
