"""The converters' fast models against closed forms and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xbar_circuit as xc
from xbar_circuit.peripherals import Flash, OscillatorCounter, Ramp, Sar

IDEAL = [
    Sar(bits=5, low_volt=-0.4, high_volt=0.8),
    Ramp(bits=5, low_volt=-0.4, high_volt=0.8),
    Flash(bits=5, low_volt=-0.4, high_volt=0.8),
    OscillatorCounter(bits=5, full_scale_ampere=3e-6),
]


@pytest.mark.parametrize("converter", IDEAL, ids=lambda c: type(c).__name__)
def test_ideal_converter_is_a_uniform_staircase(converter):
    span = converter.input_high - converter.input_low
    middles = converter.input_low + span * (np.arange(32) + 0.5) / 32
    np.testing.assert_array_equal(converter.convert(middles), np.arange(32))
    beyond = [converter.input_low - span, converter.input_high + span]
    np.testing.assert_array_equal(converter.convert(beyond), [0, 31])


@given(
    value=st.floats(-0.2, 1.2),
    more=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**31),
)
def test_without_noise_a_larger_input_never_gives_a_smaller_code(value, more, seed):
    rng = np.random.default_rng(seed)
    for converter in (
        Sar(bits=6).drawn(rng, unit_sigma=0.1),
        Flash(bits=4).drawn(rng, resistor_sigma=0.1, offset_sigma_volt=0.05),
        Ramp(bits=6, droop=0.5),
    ):
        low, high = converter.convert([value, value + more])
        assert high >= low


def test_switching_energy_is_that_of_the_conventional_array_written_out():
    # two bits, C = 2, 1, 1 units, reference 1 V, code 3: V_top goes 0, 1/2, 3/4
    sar = Sar(bits=2, unit_farad=1.0)
    first = 2.0 * (1.0 - 0.5)
    second = 1.0 * (1.0 - 0.25) - 2.0 * 0.25
    energy = sar.switching_energy(np.array([3]))
    np.testing.assert_allclose(energy, first + second)


def test_drawn_mismatch_follows_the_root_of_the_units():
    rng = np.random.default_rng(4)
    errors = np.array(
        [Sar(bits=4).drawn(rng, unit_sigma=0.02).capacitor_errors for _ in range(2000)]
    )
    expected = 0.02 / np.sqrt([8.0, 4.0, 2.0, 1.0, 1.0])
    np.testing.assert_allclose(errors.std(axis=0), expected, rtol=0.06)


@pytest.mark.parametrize(
    "arguments",
    [
        {"bits": 0},
        {"bits": 17},
        {"bits": 8, "high_volt": 0.0},
        {"bits": 8, "noise_volt": float("nan")},
        {"bits": 2, "capacitor_errors": (0.0, 0.0)},
        {"bits": 2, "capacitor_errors": (0.0, 0.0, -1.0)},
    ],
)
def test_impossible_converters_are_refused(arguments):
    with pytest.raises((xc.ParameterError, xc.ShapeError)):
        Sar(**arguments)


def test_not_a_number_is_not_converted():
    with pytest.raises(xc.ParameterError, match="values"):
        Sar(bits=4).convert([0.1, np.nan])
