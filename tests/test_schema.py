"""Schemas made of dataclasses: docstrings, units, and the words for what is wrong."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from xbar_circuit import ParameterError
from xbar_circuit._schema import build, checked, descriptions, optional, table_model, unit_of


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base.

    Parameters
    ----------
    length_metre
        How long it is
        from end to end [m].
    """

    length_metre: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Beam(Base):
    """A beam of steel.

    count, width_metre : how many,
        and how wide [m].
    note : in words.
    """

    count: int
    width_metre: float | None = None
    note: str = ""
    loads: tuple[float, ...] = ()
    hollow: bool = False


BEAM = table_model("Beam", Beam)


def test_docstrings_of_both_styles_and_of_bases_are_read():
    assert descriptions(Beam) == {
        "length_metre": "How long it is from end to end [m].",
        "count": "how many, and how wide [m].",
        "width_metre": "how many, and how wide [m].",
        "note": "in words.",
    }
    assert BEAM.model_fields["width_metre"].description == "how many, and how wide [m]."


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("row_ohm", "ohm"),
        ("square_metre", "m2"),
        ("byte_square_metre", "m2"),
        ("noise_volt_per_root_hertz", "V/sqrt(Hz)"),
        ("seconds", "s"),
        ("bits", ""),
    ],
)
def test_names_say_their_unit(key, unit):
    assert unit_of(key) == unit


def test_a_table_becomes_what_it_describes():
    table = checked(BEAM, {"count": 2, "width_metre": 3, "loads": [1, 2.5], "hollow": True})
    made = build(table, name="beam", folder=Path())
    assert made == Beam(count=2, width_metre=3.0, loads=(1.0, 2.5), hollow=True)
    assert build(
        checked(BEAM, {"count": 1, "width_metre": "none"}), name="", folder=Path()
    ) == Beam(count=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "beam.count: got nothing, expected a value; add the key"),
        ({"count": 1.5}, "beam.count: got 1.5, expected a whole number"),
        ({"count": True}, "beam.count: got True, expected a whole number"),
        ({"count": 2**60}, "beam.count: got 1152921504606846976, expected a number <="),
        (
            {"count": 1, "width_metre": "wide"},
            "beam.width_metre: got 'wide', expected a number [m]",
        ),
        ({"count": 1, "loads": [1.0, "a"]}, "beam.loads[1]: got 'a', expected a number"),
        ({"count": 1, "loads": 3}, "expected a list; write loads = [3]"),
        ({"count": 1, "hollow": "yes"}, "beam.hollow: got 'yes', expected true or false"),
        ({"count": 1, "lenght_metre": 2.0}, "did you mean 'length_metre'?"),
        (3, "beam: got 3, expected a table; write [beam]"),
        ({"count": "a", "note": 3}, "beam.note: got 3, expected text; write it in quotes"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(content, message):
    with pytest.raises(ParameterError) as caught:
        checked(BEAM, content, "beam")
    assert message in str(caught.value)


def test_only_the_first_faults_are_told():
    many = table_model("Many", keys={f"k{n}": (optional(int), None) for n in range(9)})
    with pytest.raises(ParameterError) as caught:
        checked(many, {f"k{n}": "x" for n in range(9)})
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "... and 4 more"


def test_a_fault_of_the_part_itself_is_told_by_its_key():
    def refuse(values, _):
        raise ParameterError.about("count", got=values["count"], expected="even", remedy="double")

    table = checked(table_model("Even", keys={"count": (int, ...)}, makes=refuse), {"count": 3})
    with pytest.raises(ParameterError, match=r"^a\.b\.count: got 3, expected even; double$"):
        build(table, name="a.b", folder=Path())
