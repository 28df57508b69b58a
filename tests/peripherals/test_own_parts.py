"""What a part of one's own is until its class says otherwise."""

import math

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Amplifier, Converter, Driver, WordLines
from xbar_circuit.peripherals._timing import Timing


class Plain(Amplifier):
    output_unit, column_ohm, input_volt, circuit = "V", 1.0, 0.0, None
    output_line = ideal_line = (0.0, -1.0)
    power_watt = 0.0

    def with_gain(self, ohm):
        return self

    def spice_definition(self, name):
        return []

    def spice_lines(self, instance, **ports):
        return []

    def spice_supplies(self, instance):
        return {}


class Levels(Converter):
    bits, input_unit, input_low, input_high = 2, "V", -1.0, 3.0
    conversion_second, energy_joule = 5e-9, 3e-15
    timing = Timing(period_second=5e-9, start_second=1e-9)

    def convert_with(self, values, noise):
        seen = values if noise is None else values + noise[..., 0]
        return np.clip(np.floor(seen) + 1.0, 0, 3).astype(np.int64)

    def spice_lines(self, timing, noise):
        return []


class Half(Driver):
    bits, signed, output_ohm, farad, full_scale_volt = 4, True, 70.0, 3e-15, 0.5

    def reads(self, codes, *, rng=None):
        return (WordLines(volt=codes * 0.5 / 7),)

    def with_full_scale(self, volt):
        return self


def test_an_amplifier_is_quiet_at_once_and_follows_its_current():
    one = Plain()
    assert (one.output_noise(1e3), one.output_density(1e3)) == (0.0, 0.0)
    assert (one.window_begin_second, one.settle_second) == (0.0, 0.0)
    assert (one.window_second, one.turns) == (None, False)
    assert all(math.isnan(value) for value in one.pair_line)
    assert one.at_celsius(85.0) is one
    assert list(one.spice_shared(1e-8)) == []
    with pytest.raises(NotImplementedError):
        one.spice_copy("one", definition="a", minus="b", out="c")


def test_a_converter_has_its_lsb_its_thresholds_and_no_more():
    one = Levels()
    assert (one.levels, one.known_bits(), one.decisions, one.exact) == (4, 2, 1, False)
    assert one.lsb == approx(1.0)
    np.testing.assert_allclose(one.edges(), [0.0, 1.0, 2.0], atol=1e-12)
    assert (one.noisy, one.circuit, one.circuit_joule) == (False, None, 0.0)
    assert (one.cost.latency_second, one.cost.energy_joule) == (5e-9, 3e-15)
    assert (one.reference_volt, one.window_second) == (0.0, None)
    assert math.isnan(one.column_ohm)
    assert math.isnan(one.column_volt)
    assert one.at_celsius(85.0) is one
    with pytest.raises(xc.ParameterError, match="range"):
        one.with_range(0.0, 1.0)
    np.testing.assert_array_equal(one.convert([-2.0, 0.5, 9.0]), [0, 1, 3])
    drawn = one.draw_noise(np.random.default_rng(1), (2, 3))
    assert drawn.shape == (2, 3, 1)
    assert (one.spice_includes(), one.spice_supplies("x")) == ([], {})
    text = one.spice_subcircuit("levels")
    assert text[0].split() == [".subckt", "levels", "in", "start", "clock", "code"]
    assert text[-1].split() == [".ends", "levels"]


def test_a_driver_has_codes_of_both_signs_one_read_and_levels():
    one = Half()
    assert (one.highest, one.lowest, one.read_count) == (7, -7, 1)
    assert (one.exact, one.noisy, one.limited, one.circuit, one.odd) == (
        False, False, False, None, True,
    )  # fmt: skip
    assert (one.span_second, one.terminal_ohm, one.deck_ohm) == (0.0, 70.0, 70.0)
    assert one.volt_per_code(1e-8) is None
    assert one.at_celsius(85.0) is one
    np.testing.assert_array_equal(one.encode([-1.0, 0.5 / 7, 1.5 / 7, 1.0]), [-7, 0, 2, 7])
    ((weight, codes),) = one.planes(np.array([3]))
    assert (weight, codes.tolist()) == (1, [3])
    assert one.cost.energy_joule == approx(3e-15 * 0.25)
    assert one.spice_definition("half") == []
    for value in (1.0 + 1e-9, -1.0 - 1e-9, math.nan):
        with pytest.raises(xc.ParameterError, match="x: got"):
            one.encode([value])
