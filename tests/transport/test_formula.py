"""Formulas of KeOps as costs: the reductions, the solve, and what is refused. The first run on a machine compiles for a while."""

import sys
import threading

import numpy as np
import pytest

import shapelab as sl
from shapelab.keops import _without_this_thread, keops_missing
from shapelab.transport import Domain, Solver, costs
from shapelab.transport.formula import KeopsReduction
from shapelab.transport.passes import assignment_on
from shapelab.transport.problem import Problem

SCALED = "Elem(q, 0) * SqNorm2(z)"

needs_keops = pytest.mark.skipif(keops_missing() is not None, reason=str(keops_missing()))


def cells(n=30, fill=0.9, seed=0):
    rng = np.random.default_rng(seed)
    volumes = 0.2 + 0.8 * rng.random(n)
    return rng.random((n, 2)), volumes * fill / volumes.sum(), rng.uniform(0.5, 2, n)


def test_formula_without_keops_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pykeops", None)
    with pytest.raises(sl.ShapelabError, match="PyKeOps"):
        sl.solve_cells([[0.5, 0.5]], [0.1], (16, 16), 1 / 16, costs.Formula("SqNorm2(z)"))


def test_keops_is_loaded_without_a_word_and_others_may_print_meanwhile(capsys):
    """The output belongs to the whole program: a comparison on a thread of its own must not take what another one prints."""
    with _without_this_thread():
        print("of KeOps")
        other = threading.Thread(target=print, args=("of another thread",))
        other.start()
        other.join()
    print("afterwards")
    assert capsys.readouterr().out == "of another thread\nafterwards\n"


def test_formula_without_a_compiler_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(sl.ShapelabError, match=r"install g\+\+|Windows"):
        sl.solve_cells([[0.5, 0.5]], [0.1], (16, 16), 1 / 16, costs.Formula("Exp(SqNorm2(z))"))


@pytest.mark.parametrize(
    ("formula", "parameters", "word"),
    [
        ("SqNorm2(z", None, "parentheses"),
        ("SqNorm2(y)", None, "has the variable y; it may have z"),
        ("Elem(q, 0) * SqNorm2(z)", None, "has the variable q"),
        ("__import__('os').getpid()", None, "not one of KeOps"),
        ("print(z)", None, "not an operation of KeOps"),
        ("SqNorm2(z) + 'a'", None, "not a number"),
        ("SqNorm2(z)", np.ones((3, 1)), "2 cells but parameters for 3"),
    ],
)
def test_formulas_that_are_none_are_refused(formula, parameters, word):
    with pytest.raises(sl.ShapelabError, match=word):
        sl.solve_cells(np.full((2, 2), 0.5), [0.1, 0.1], (16, 16), 1 / 16, costs.Formula(formula, parameters))


@needs_keops
@pytest.mark.parametrize(("formula", "word"), [("Nonsense(z)", "Nonsense"), ("Elem(z, 7)", "Index out of bound")])
def test_what_keops_refuses_is_a_sentence(formula, word):
    with pytest.raises(sl.ShapelabError, match=f"The formula .* cannot be used: .*{word}"):
        sl.solve_cells(np.full((2, 2), 0.5), [0.1, 0.1], (16, 16), 1 / 16, costs.Formula(formula))


@needs_keops
@pytest.mark.parametrize("formula", ["0.5 * SqNorm2(z) + 0.25", "Pow(SqNorm2(z), 2)", "SqNorm2(z) ** 1.5", "-2 * SqNorm2(z) / 3"])
def test_what_the_documentation_writes_is_a_formula_of_keops(formula):
    """KeOps' own parser takes it, without compiling."""
    from keopscore.formulas.GetReduction import GetReduction

    text = KeopsReduction(formula, None)._of("z")
    assert GetReduction(f"Sum_Reduction({text},1)", ["z=Var(0,2,0)"])


@needs_keops
def test_formula_equals_the_cost_it_spells():
    factor = np.linspace(0.5, 2, 4)
    z = np.random.default_rng(0).random((5, 6, 2))
    table = costs.Formula(SCALED, factor[:, None]).table(np.full(4, 0.1), 2)
    np.testing.assert_allclose(table.values(z, z, 2), factor[2] * (z**2).sum(-1), rtol=1e-9)


@needs_keops
def test_lowest_costs_and_gradients_equal_numpy():
    seeds, _, factor = cells()
    points = np.random.default_rng(1).random((500, 2)).astype(np.float32)
    reduction, f = KeopsReduction(SCALED, factor[:, None]), 0.02 * np.arange(30) / 30
    for period in (np.zeros(2), np.array([1.0, 0.0])):
        values, found = reduction.lowest(points, seeds, np.arange(30), f, period, 2)
        z = points[:, None] - seeds
        z -= period * np.floor(z + 0.5)
        above = factor * (z**2).sum(-1) - f
        np.testing.assert_allclose(values, np.sort(above, axis=1)[:, :2], atol=2e-6)
        assert (found == np.argsort(above, axis=1)[:, :2]).mean() > 0.995
    np.testing.assert_allclose(reduction.gradients(points, np.arange(500) % 30), 2 * factor[np.arange(500) % 30, None] * points, rtol=1e-5)


@needs_keops
@pytest.mark.parametrize(("fill", "counting", "tolerance"), [(0.9, "labels", 0.01), (1.0, "subpixel", 0.002)])
def test_a_solve_equals_that_of_the_cost_it_spells_and_makes_no_table(monkeypatch, fill, counting, tolerance):
    monkeypatch.setattr(Problem, "_tabulate", lambda *_: pytest.fail("a table was made"))
    seeds, volumes, factor = cells(fill=fill)
    mask = np.ones((64, 64), bool)
    mask[20:30, 34:44] = False
    volumes *= mask.mean()
    domain, goal = Domain((64, 64), 1 / 64, mask=mask), {"tolerance": tolerance, "counting": counting}
    formula = Solver(domain, seeds, volumes, costs.Formula(SCALED, factor[:, None]), **goal).solve()
    exact = Solver(domain, seeds, volumes, costs.Power(2, factor), **goal).solve()
    assert formula.converged, formula.message
    assert (formula.labels == exact.labels).mean() > (0.97 if counting == "labels" else 0.985)
    a, b = formula.moments, exact.moments
    radius = np.sqrt(volumes.mean() / np.pi)
    np.testing.assert_allclose(a.offsets, b.offsets, atol=0.05 * radius)
    np.testing.assert_allclose(a.cost_gradients, b.cost_gradients, atol=0.05 * np.abs(b.cost_gradients).max())
    assert a.areas.sum() == pytest.approx(b.areas.sum(), rel=0.02)
    assert a.weights.sum() == pytest.approx(b.weights.sum(), rel=0.03)


@needs_keops
def test_a_pass_is_one_reduction_over_all_cells(monkeypatch):
    seeds, volumes, factor = cells()
    passes = []
    plain = KeopsReduction.lowest
    monkeypatch.setattr(KeopsReduction, "lowest", lambda self, p, s, c, *rest: passes.append(len(c)) or plain(self, p, s, c, *rest))
    problem = Problem(Domain((64, 64), 1 / 64), seeds, volumes, costs.Formula(SCALED, factor[:, None]))
    passes.clear()
    assignment = assignment_on(problem.fine, 30)
    assignment.evaluate(problem.fine.cells, np.ones(30), True)
    assert passes == [30]
    assert assignment.soft.sum() == pytest.approx(64**2)
