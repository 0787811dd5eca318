import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapelab.curvature.polynomial import Coefficients, PerfectSquares
from shapelab.errors import ParameterError

TUBES = Coefficients(1, 2, 6, -40, -40, 400)
weights = st.floats(0.1, 20)
curvatures = st.floats(-80, 80)


@pytest.mark.parametrize(
    ("squares", "coefficients"),
    [
        (PerfectSquares(h2=1, H0=20, t=5), TUBES),
        (PerfectSquares(h2=1, H0=5, k1g=0.8, t=1), Coefficients(1, 2.8, 2, -10, -10, 25)),
        (PerfectSquares(h2=1, H0=25, s=1, k1_0=12.5, t=1, k2_0=12.5), Coefficients(2, 2, 2, -75, -75, 937.5)),
        (PerfectSquares(h2=1, H0=25, s=1, k1_0=25, t=10), Coefficients(2, 2, 11, -100, -50, 1250)),
        (PerfectSquares(h2=1, H0=45, s=1, k1_0=45, t=10), Coefficients(2, 2, 11, -180, -90, 4050)),
    ],
)
def test_published_square_forms_in_both_directions(squares, coefficients):
    assert squares.coefficients() == pytest.approx(tuple(coefficients))
    assert coefficients.squares(h2=squares.h2) == pytest.approx(tuple(squares), abs=1e-6)


@given(h2=weights, H0=curvatures, k1g=st.floats(-3, 3), s=weights, k1_0=curvatures, t=weights, k2_0=curvatures)
@settings(max_examples=50)
def test_any_square_form_survives_expansion(h2, H0, k1g, s, k1_0, t, k2_0):
    expanded = PerfectSquares(h2, H0, k1g, s, k1_0, t, k2_0).coefficients()
    again = expanded.squares()
    assert again.coefficients() == pytest.approx(tuple(expanded), rel=1e-9, abs=1e-6)
    assert expanded(3.0, -7.0) == pytest.approx(
        h2 * (-4 - H0) ** 2 + k1g * -21 + s * (3 - k1_0) ** 2 + t * (-7 - k2_0) ** 2, rel=1e-9, abs=1e-6
    )


def test_a_linear_term_without_square_is_refused():
    with pytest.raises(ParameterError, match="another h2"):
        Coefficients(1, 2, 1, -3, 4, 0).squares(h2=1)


def test_default_form_finds_a_weight_that_works():
    polynomial = Coefficients(1, 2, 1, -3, 4, 0)
    assert polynomial.squares().coefficients() == pytest.approx(tuple(polynomial))


@pytest.mark.parametrize(
    "coefficients", [TUBES, Coefficients(0.948, 0.836, 6.099, -82.925, -7.377, 1770.118), Coefficients(1, 1, 1, 0, 0, 0)]
)
def test_minimiser_is_lowest(coefficients):
    k1, k2 = coefficients.minimiser()
    lowest = coefficients(k1, k2)
    steps = (-0.1, 0.0, 0.1)
    assert all(coefficients(k1 + a, k2 + b) >= lowest for a, b in itertools.product(steps, steps))


def test_tubes_aim_at_a_cylinder_of_radius_one_twentieth():
    assert TUBES.minimiser() == (20.0, 0.0)


def test_minimiser_keeps_the_order_of_the_curvatures():
    inverted = Coefficients(1, 0.63, 4.399, 132.459, 195.066, -2378.53)
    assert inverted.stationary_point()[0] < inverted.stationary_point()[1]
    k1, k2 = inverted.minimiser()
    assert k1 == k2
    assert all(inverted(k1, k2) <= inverted(k1 + a, k2 + b) + 1e-9 for a in (0, 0.1, 1) for b in (-1, -0.1, 0))


@pytest.mark.parametrize(
    ("coefficients", "definite", "bounded"),
    [
        (TUBES, True, True),
        (Coefficients(1, 2, 1, 0, 0, 0), False, True),  # Willmore
        (Coefficients(1, 2, 1, -40, -40, 400), False, True),  # Helfrich
        (Coefficients(1, 2, 1, -40, 40, 0), False, False),  # falls for ever along k1 = -k2
        (Coefficients(1, 3.55, 1, -56, -56, 784), False, False),  # pearls
        (Coefficients(0, 0, 0, 0, 0, 0), False, True),
    ],
)
def test_boundedness(coefficients, definite, bounded):
    assert coefficients.is_definite() == definite
    assert coefficients.is_bounded() == bounded
    assert (coefficients.minimiser() is not None) == bounded


def test_rescaling_moves_the_minimiser_and_scales_energy_per_area():
    larger = TUBES.rescaled(2.0)
    assert larger.minimiser() == (10.0, 0.0)
    assert larger(3.0, -1.0) == pytest.approx(TUBES(6.0, -2.0) / 4)
    with pytest.raises(ParameterError, match="positive"):
        TUBES.rescaled(0)


def test_inverting_exchanges_matter_and_void():
    polynomial = Coefficients(1, 2.2, 3, 4, -5, 6)
    assert polynomial.inverted()(7.0, -2.0) == pytest.approx(polynomial(2.0, -7.0))
    assert polynomial.inverted().inverted() == polynomial
