"""The coherent sine against harmonics that were put in."""

import numpy as np
import pytest

from closeness import approx
from xbar_circuit.studies.readout._sine import PEAK_GAP_LSB, coherent_sine


def distorted(share, *, low=-1.0, high=3.0, levels=2**20):
    """Return a converter whose third harmonic is a share of the sine."""
    peak = (high - low) * (0.5 - PEAK_GAP_LSB / levels)

    def convert(values):
        s = (values - 0.5 * (low + high)) / peak
        return np.rint(4e5 * (s + share * (3 * s - 4 * s**3))).astype(np.int64)

    return coherent_sine(convert, low=low, high=high, levels=levels)


@pytest.mark.parametrize("share", [0.1, 1e-2, 1e-3])
def test_a_third_harmonic_comes_back(share):
    found = distorted(share)
    expected = -20.0 * np.log10(share)
    assert found.sfdr_db == approx(expected, rel=1e-3)
    assert found.sinad_db == approx(expected, rel=1e-3)
    assert found.enob == approx((found.sinad_db - 1.76) / 6.02)


def test_the_spectrum_has_its_lines_where_they_belong():
    found = distorted(1e-2)
    lines = found.spectrum_db
    assert len(lines) == 4096 // 2 + 1
    periods = 971  # the odd prime from 0.2371 of the record on
    assert int(lines.argmax()) == periods
    assert lines[periods] == 0.0
    third = abs(3 * periods - 4096)  # folded
    assert lines[third] == approx(-40.0, rel=1e-3)
    rest = np.delete(lines, [0, periods, third])
    assert rest.max() < -90.0


def test_the_sine_starts_rising_from_the_middle_and_stays_inside_the_range():
    seen = []

    def convert(values):
        seen.append(np.array(values))
        return np.rint(255.0 * values).astype(np.int64)

    coherent_sine(convert, low=0.2, high=0.8, levels=256)
    values = np.concatenate(seen)
    peak = 0.6 * (0.5 - PEAK_GAP_LSB / 256)
    assert values[0] == approx(0.5 + peak * np.sin(0.1))
    assert values.max() == approx(0.5 + peak, rel=1e-5)
    assert values.min() == approx(0.5 - peak, rel=1e-4)


def test_offset_is_no_noise():
    def shifted(values):
        return np.rint(1e5 * values).astype(np.int64) + 12345

    found = coherent_sine(shifted, low=0.0, high=1.0, levels=2**17, samples=1024)
    assert found.sinad_db > 95.0
    assert len(found.spectrum_db) == 513


@pytest.mark.parametrize("bits", range(4, 13))
def test_an_ideal_converter_has_the_textbooks_ratio(bits):
    """Bennett's 6.02 N + 1.76 dB, within 0.03 dB: at the range's very ends it would be 0.25 off."""
    levels = 2**bits

    def staircase(values):
        return np.clip(np.floor(levels * values), 0, levels - 1)

    found = coherent_sine(staircase, low=0.0, high=1.0, levels=levels)
    exact = 20.0 * np.log10(levels) + 10.0 * np.log10(1.5)
    assert found.sinad_db == approx(exact, rel=0.03 / exact)
