"""The converter's bench finds what was put in."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Flash, OscillatorCounter, Ramp, Sar
from xbar_circuit.studies import characterize_converter


@pytest.mark.parametrize(
    "converter",
    [
        Sar(bits=4),
        Sar(bits=8),
        Ramp(bits=10),
        Flash(bits=6),
        OscillatorCounter(bits=8, full_scale_ampere=1e-5),
        OscillatorCounter(bits=8, low_ampere=-4e-5, full_scale_ampere=7.5e-5),
    ],
    ids=lambda c: f"{type(c).__name__}{c.bits}",
)
def test_ideal_converter_has_no_error_and_the_textbook_ratio(converter):
    report = characterize_converter(converter, samples=2**14)
    assert abs(report.sinad_db - (6.02 * converter.bits + 1.76)) < 0.1
    assert abs(report.enob - converter.bits) < 0.007
    assert report.enob == approx((report.sinad_db - 1.76) / 6.02)
    assert report.worst_inl_lsb < 1e-6
    assert report.worst_dnl_lsb < 1e-6
    assert report.missing_codes == ()
    assert report.monotonic
    assert abs(report.offset_lsb) < 1e-6
    assert abs(report.gain_error) < 1e-6
    assert report.methods_differ_lsb <= 0.5 / 64 + 1e-6
    assert report.noise_lsb == 0.0
    np.testing.assert_allclose(report.walden_joule, converter.energy_joule / 2**report.enob)


def test_injected_offset_and_gain_come_back():
    report = characterize_converter(Ramp(bits=8, offset_volt=7e-3, slope_error=-0.03))
    np.testing.assert_allclose(report.offset_lsb, 7e-3 * 256, rtol=1e-6)
    np.testing.assert_allclose(report.gain_error, 1 / 0.97 - 1, rtol=1e-6)


def test_the_offset_of_an_oscillator_is_what_its_range_does_not_say():
    counter = OscillatorCounter(
        bits=8, low_ampere=-4e-5, full_scale_ampere=7.5e-5, offset_ampere=6e-7, gain_error=0.02
    )
    report = characterize_converter(counter)
    np.testing.assert_allclose(report.offset_lsb, 6e-7 / 7.5e-5 * 256, rtol=1e-6)
    np.testing.assert_allclose(report.gain_error, 0.02, rtol=1e-6)


def test_injected_bow_comes_back():
    ramp = Ramp(bits=8, droop=0.2)
    report = characterize_converter(ramp)
    u = np.arange(1, 256) / 256
    bow = 256 * (1 - np.exp(-0.2 * u)) / 0.2
    slope, start = np.polyfit(np.arange(1, 256), bow, 1)
    expected = (bow - start) / slope - np.arange(1, 256)
    np.testing.assert_allclose(report.inl_lsb, expected, atol=1e-6)
    assert report.worst_inl_lsb > 3.0


def test_injected_capacitor_errors_come_back_from_the_thresholds():
    sar = Sar(bits=8).drawn(np.random.default_rng(3), unit_sigma=0.03)
    report = characterize_converter(sar)
    bits = (np.arange(1, 256)[:, None] >> np.arange(7, -1, -1)) & 1
    weights = np.linalg.lstsq(bits.astype(float), report.thresholds, rcond=None)[0]
    np.testing.assert_allclose(weights, sar.bit_volt, rtol=1e-6)


def test_a_large_capacitor_too_heavy_loses_codes_and_a_light_one_makes_them_wide():
    heavy = Sar(bits=4, capacitor_errors=(-0.3, 0, 0, 0, 0))
    report = characterize_converter(heavy)
    found = set(heavy.convert(np.linspace(-0.1, 1.1, 20001)).tolist())
    assert set(report.missing_codes) == set(range(16)) - found
    assert report.missing_codes


def test_comparator_noise_comes_back_within_two_percent():
    sigma = 0.2 / 256
    report = characterize_converter(
        Ramp(bits=8, noise_volt=sigma), rng=np.random.default_rng(1), repeats=64
    )
    np.testing.assert_allclose(report.noise_lsb, 0.2, rtol=0.02)
    assert abs(report.offset_lsb) < 5 * report.threshold_error_lsb
    # the sine sees quantisation and noise together
    expected = 10 * np.log10(256**2 / 8 / (1 / 12 + 0.04))
    assert abs(report.sinad_db - expected) < 0.15
    # an even sweep of 64 inputs a code scatters by sqrt(sigma / (64 sqrt(pi))) LSB
    scatter = np.sqrt(0.2 / (64 * np.sqrt(np.pi)))
    assert report.methods_differ_lsb < 5 * scatter


def test_report_is_plain_json():
    content = json.loads(json.dumps(characterize_converter(Sar(bits=3)).to_dict()))
    assert content["bits"] == 3
    assert len(content["inl_lsb"]) == 7
    assert content["murmann_survey"]["walden_joule"]["median"] == 62e-15


def test_a_converter_that_never_moves_is_named():
    class Stuck:
        bits, input_unit, input_low, input_high = 4, "V", 0.0, 1.0
        levels = 16
        conversion_second = energy_joule = 1.0

        def known_bits(self):
            return self.bits

        def convert(self, values, *, rng=None):
            return np.zeros(np.shape(values), dtype=np.int64)

    with pytest.raises(xc.ParameterError, match="thresholds within reach"):
        characterize_converter(Stuck())
