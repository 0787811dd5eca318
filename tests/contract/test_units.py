"""One table of units: every spelling, every conversion, and what people read."""

import itertools

import pytest

from shapelab.errors import InputError
from shapelab.units import conversion, is_length, long_unit, percent, seconds, short_unit, shown_time, shown_unit

METRES = {"m": 1, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "pm": 1e-12, "angstrom": 1e-10, "inch": 0.0254}
SPELLINGS = {
    "um": ["µm", "μm", "micron", "microns", "Micrometer", "micrometre", "micrometres", " um ", "\\u00B5m"],
    "angstrom": ["Å", "Å", "A", "Ångström", "angstroms"],
    "nm": ["nanometer", "nanometre", "NANOMETERS"],
    "mm": ["millimetres", "MM"],
    "cm": ["centimetre"],
    "m": ["metre", "meters"],
    "inch": ["in", "inches", "Inch"],
    "": ["pixel", "Pixels", "px", "css_pixel", "voxel", None, "unknown"],
}


@pytest.mark.parametrize(("short", "name"), [(short, name) for short, names in SPELLINGS.items() for name in names])
def test_spellings(short, name):
    assert short_unit(name) == short
    assert short_unit(short_unit(name)) == short
    if short:
        assert short_unit(long_unit(name)) == short
        assert short_unit(shown_unit(name)) == short


def test_conversions():
    for a, b in itertools.product(METRES, METRES):
        assert conversion(a, b) == pytest.approx(METRES[a] / METRES[b])
    assert conversion("furlong", "furlong") == conversion("pixel", "") == 1


@pytest.mark.parametrize(("a", "b", "words"), [("um", "px", "Pixels are"), ("furlong", "um", "'furlong' is")])
def test_what_cannot_be_converted_is_a_sentence(a, b, words):
    with pytest.raises(InputError, match=words):
        conversion(a, b)


@pytest.mark.parametrize(
    ("unit", "shown"),
    [("um", "µm"), ("um^2", "µm²"), ("1/um^2", "1/µm²"), ("micrometer^3", "µm³"), ("A", "Å"), ("inch", "in"), ("pixel", ""), ("s", "s")],
)
def test_what_people_read(unit, shown):
    assert shown_unit(unit) == shown


def test_what_is_no_length_stays_as_it_is():
    assert short_unit("furlong") == "furlong"
    assert long_unit("furlong") is None
    assert not is_length("furlong")
    assert not is_length("pixel")


def test_parts_of_one_are_told_without_powers_of_ten():
    assert [percent(part) for part in (0.0, 0.0005, 0.0523, 0.42, 1.1016)] == ["0 %", "0.05 %", "5.2 %", "42 %", "110 %"]
    assert [percent(part) for part in (2.7e-8, -3e-6, 1e-4)] == ["< 0.01 %", "< 0.01 %", "0.01 %"]


@pytest.mark.parametrize(
    ("unit", "wanted"), [("ms", 1e-3), ("s", 1), ("Minutes", 60), ("hours", 3600), ("us", 1e-6), ("um", None), ("", None)]
)
def test_units_of_time(unit, wanted):
    assert seconds(unit) == wanted


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [("second", "s"), ("Minutes", "min"), ("hours", "h"), ("usec", "µs"), ("fortnight", "fortnight"), ("", "")],
)
def test_a_time_is_shown_as_people_write_it(unit, wanted):
    assert shown_time(unit) == wanted
