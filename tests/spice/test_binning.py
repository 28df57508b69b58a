"""A transistor that no model of its kit covers is named, with the sizes that there are."""

import re

import pytest

import xbar_circuit as xc

NARROW = ".model nn.1 nmos level=54 version=4.8 wmin=1u wmax=10u lmin=50n lmax=1u"
WIDE = ".model nn.2 nmos level=54 version=4.8 wmin=10u wmax=20u\n+ lmin=50n lmax=1u"


def failure(card, *models, unit=""):
    deck = "\n".join(["bins", *models, unit, card, "Vd d 0 1", "Vg g 0 1"])
    with pytest.raises(xc.SimulatorError) as caught:
        xc.spice.run(deck, xc.spice.Op())
    assert caught.value.deck is not None
    return re.search(r"transistor .*", str(caught.value))[0].split("; run the saved deck")[0]


@pytest.mark.parametrize(
    ("size", "fault"),
    [
        ("w=50u l=100n", "w=50 um, l=0.1 um, expected a size within the bins of its model nn, at"
         " this length w of 1 to 20 um; put 3 or more in parallel, m=3"),
        ("w=0.5u l=100n", "w=0.5 um, l=0.1 um, expected a size within the bins of its model nn, at"
         " this length w of 1 to 20 um; change its size"),
        ("w=5u l=2u", "w=5 um, l=2 um, expected a size within the bins of its model nn, l of 0.05"
         " to 1 um; change its size"),
    ],
)  # fmt: skip
def test_a_size_outside_of_all_bins_is_told_with_what_they_offer(size, fault):
    assert failure(f"M1 d g 0 0 nn {size}", NARROW, WIDE) == f"transistor m1: got {fault}"


def test_a_kit_that_counts_in_micrometres_is_understood():
    fault = failure("M1 d g 0 0 nn w=50 l=0.1", NARROW, WIDE, unit=".option scale=1u")
    assert "w=50 um, l=0.1 um" in fault
    assert "w of 1 to 20 um" in fault


def test_a_size_within_the_bins_runs():
    deck = f"bins\n{NARROW}\n{WIDE}\nM1 d g 0 0 nn w=15u l=100n\nVd d 0 1\nVg g 0 1"
    assert xc.spice.run(deck, xc.spice.Op())["i(vd)"][0] < 0.0


def test_a_model_that_is_nowhere_is_told_by_its_name():
    assert "got the model 'nowhere'" in failure("M1 d g 0 0 nowhere w=1u l=1u")
