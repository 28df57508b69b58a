"""Parts in words: no name of a class or of an argument reaches a reader of a page."""

import re

import numpy as np
import pytest

from xbar_circuit import peripherals
from xbar_circuit.report.hardware import part_words
from xbar_circuit.studies.network.demo import behavioural_readout


@pytest.mark.parametrize(
    "part",
    [
        behavioural_readout(),
        peripherals.Dac(bits=8),
        peripherals.Sar(bits=6).drawn(np.random.default_rng(1), unit_sigma=0.02),
    ],
)
def test_no_name_of_the_code_is_left(part):
    words = part_words(part)
    assert not re.search(r"[a-z]_[a-z]|[a-z][A-Z][a-z]|\d{6}|\de[-+]?\d", words), words


def test_values_have_their_units():
    words = part_words(behavioural_readout())
    assert "SAR converter (8 bit)" in words
    assert "op-amp" in words
    assert "feedback 8 kohm" in words
    assert "unity 10 GHz" in words


def test_a_converter_that_no_list_names_is_called_one():
    class TwoStep(peripherals.Flash):
        pass

    assert part_words(TwoStep(bits=3)).startswith("two step converter (3 bit")
    assert part_words(peripherals.Cyclic(bits=5)) == "cyclic converter (5 bit)"
    counter = peripherals.OscillatorCounter(bits=6, full_scale_ampere=1e-5)
    assert part_words(counter).startswith("oscillator converter (6 bit")
