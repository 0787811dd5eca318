"""Diagrams come back from files to the last bit; damaged files are refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shapelab.crystals import Diagram, load_diagram
from shapelab.crystals.polynomials import exponents
from shapelab.crystals.sampling import random_shapes
from shapelab.errors import InputError, ShapelabError


def random_diagram(rng: np.random.Generator, dim: int, order: int, period: tuple[float, ...] = ()) -> Diagram:
    n = 9
    base = Diagram.from_ellipsoids(
        rng.uniform(0, 12, (n, dim)), random_shapes(rng, n, dim, 0.3), rng.normal(size=n), ids=rng.permutation(40)[:n] + 1, period=period
    )
    raised = base.raised(order)
    noise = 1e-3 * rng.normal(size=raised.coefficients.shape)
    return Diagram(order, raised.coefficients + noise, raised.centres, raised.radii, raised.ids, raised.period)


@pytest.mark.parametrize(("dim", "order"), [(2, 2), (2, 5), (3, 2), (3, 3)])
@pytest.mark.parametrize("periodic", [False, True])
def test_round_trip(tmp_path, dim, order, periodic):
    rng = np.random.default_rng(order)
    shape = (24,) * dim
    diagram = random_diagram(rng, dim, order, (12.0, *[0.0] * (dim - 1)) if periodic else ())
    path = diagram.save(tmp_path / "a.json", shape, 0.5, "um")
    saved = load_diagram(path)
    for name in ("coefficients", "centres", "radii", "ids"):
        np.testing.assert_array_equal(getattr(saved.diagram, name), getattr(diagram, name))
    assert (saved.diagram.period, saved.shape, saved.spacing, saved.unit) == (diagram.period, shape, (0.5,) * dim, "um")
    np.testing.assert_array_equal(saved.labels(), diagram.labels(shape, 0.5))
    fine = saved.labels(3)
    np.testing.assert_array_equal(fine[(slice(1, None, 3),) * dim], saved.labels())
    with pytest.raises(InputError, match="exists"):
        diagram.save(path, shape, 0.5)


def test_a_file_is_plain_and_says_what_it_holds(tmp_path):
    diagram = random_diagram(np.random.default_rng(0), 2, 2)
    data = json.loads(diagram.save(tmp_path / "a.json", (24, 24), 0.5).read_text())
    assert (data["format"], data["version"], data["axes"]) == ("shapelab diagram", 1, "yx")
    y = np.array([3.25, 7.75])
    t = (y - np.array(data["centres"])) / np.array(data["radii"])[:, None]
    powers = np.array(data["exponents"])
    values = (np.array(data["coefficients"]) * (t[:, None] ** powers).prod(-1)).sum(1)
    assert data["ids"][int(values.argmax())] == diagram.labels((24, 24), 0.5)[6, 15]
    assert powers.tolist() == exponents(2, 2).tolist()


def refusal(path: Path) -> str | None:
    """Return the sentence with which a file is refused, None if it is drawn."""
    try:
        load_diagram(path).labels()
    except ShapelabError as error:
        return str(error)
    return None


FINE = [("unit", "x"), ("shape", [1, 2]), ("spacing", [1, 2]), ("centres", [[0.0] * 2] * 9)]
BROKEN = [None, True, -1, 0, 1.5, "x", [], {}, [1, 2], [[1], [2, 3]], float("nan"), 1e400, [None] * 9, [[0.0] * 2] * 9, 10**400, "9" * 50]


def test_damage_is_refused_in_a_sentence(tmp_path):
    diagram = random_diagram(np.random.default_rng(0), 2, 2)
    good = json.loads(diagram.save(tmp_path / "a.json", (24, 24), 0.5).read_text())
    path = tmp_path / "b.json"
    for key in good:
        for value in BROKEN:
            path.write_text(json.dumps({**good, key: value}))
            said = refusal(path)
            if said is None:
                assert (key, value) in FINE
            else:
                assert 15 < len(said) < 400
                assert "b.json" in said
        path.write_text(json.dumps({name: value for name, value in good.items() if name != key}))
        with pytest.raises(InputError, match=r"b\.json"):
            load_diagram(path)


def test_cut_and_flipped_files(tmp_path):
    diagram = random_diagram(np.random.default_rng(0), 2, 2)
    whole = diagram.save(tmp_path / "a.json", (24, 24), 0.5).read_bytes()
    rng = np.random.default_rng(1)
    path = tmp_path / "b.json"
    for _ in range(60):
        content = bytearray(whole)
        content[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(bytes(content[: rng.integers(len(content))]) if rng.random() < 0.5 else bytes(content))
        assert "\n" not in (refusal(path) or "")
    with pytest.raises(InputError, match="no file"):
        load_diagram(tmp_path / "none.json")
