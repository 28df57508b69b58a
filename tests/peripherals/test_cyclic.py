"""The cyclic converter against closed forms and ngspice."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Cyclic, Readout, TransimpedanceAmplifier
from xbar_circuit.peripherals.amplifiers import OpAmp
from xbar_circuit.studies import characterize_converter
from xbar_circuit.studies.readout.conversion import convert_in_spice


def test_an_exact_gain_is_an_even_staircase():
    cyclic = Cyclic(bits=7, low_volt=0.2, high_volt=0.9)
    assert_allclose(cyclic.edges(), 0.2 + 0.7 * np.arange(1, 128) / 128, rtol=1e-12)


@pytest.mark.parametrize("error", [-0.1, 0.02])
def test_thresholds_of_a_wrong_gain_are_the_binary_sums(error):
    """Code c begins where the residues of its bits are used up: w = sum(b_k h / gain**k)."""
    bits, half = 5, 0.5
    cyclic = Cyclic(bits=bits, gain_error=error)
    codes = np.arange(1, 2**bits)
    digits = codes[:, None] >> np.arange(bits - 1, -1, -1) & 1
    sums = half * (digits / cyclic.gain ** np.arange(bits)).sum(axis=1)
    # a residue beyond the range stays there: a code is missing where a lower one begins above it
    wanted = np.maximum.accumulate(sums) if error > 0.0 else np.minimum.accumulate(sums[::-1])[::-1]
    found = cyclic.edges()
    middle = 2 ** (bits - 1) - 1
    assert found[middle] == approx(half, rel=1e-12)  # the first decision knows no gain
    if error < 0.0:  # the residues below never reach the top
        assert sums[middle - 1] > half
        assert found[middle - 1] == approx(half, rel=1e-12)
        assert_allclose(found, wanted, rtol=1e-12)
    else:  # the codes below are too wide, by what the others are too narrow
        assert found[middle] - found[middle - 1] > 1.05 * cyclic.lsb
        assert_allclose(found, sums, rtol=1e-12)


def test_missing_codes_of_too_small_a_gain():
    report = characterize_converter(Cyclic(bits=6, gain_error=-0.05))
    assert report.missing_codes
    assert 31 in report.missing_codes
    assert report.monotonic
    assert characterize_converter(Cyclic(bits=6)).missing_codes == ()


@pytest.mark.parametrize("error", [-0.04, 0.0, 0.03])
def test_ngspice_gives_the_same_codes_with_the_same_noise(error):
    cyclic = Cyclic(
        bits=6,
        low_volt=0.1,
        high_volt=1.1,
        gain_error=error,
        offset_volt=3e-3,
        noise_volt=12e-3,
    )
    values = np.random.default_rng(2).uniform(0.05, 1.15, 24)
    fast = cyclic.convert(values, rng=np.random.default_rng(3))
    assert (fast != cyclic.convert(values)).any()
    assert_array_equal(convert_in_spice(cyclic, values, rng=np.random.default_rng(3)), fast)


def test_it_stands_in_a_tile_and_in_its_cost():
    amplifier = TransimpedanceAmplifier(
        opamp=OpAmp(unity_hertz=2e10, output_low_volt=-0.5, output_high_volt=1.5),
        feedback_ohm=1e4,
        settle_second=5e-9,
    )
    readout = Readout(amplifier=amplifier, converter=Cyclic(bits=6)).ranged(-30e-6, 30e-6)
    crossbar = xc.Crossbar(
        conductance=np.random.default_rng(1).uniform(2e-6, 20e-6, (5, 2)),
        wires=xc.Wires(row_ohm=2.0, column_ohm=2.0),
    )
    readout = readout.drawn(np.random.default_rng(4), 2, gain_sigma=0.02, offset_sigma_volt=2e-3)
    tile = xc.Tile(crossbar, xc.peripherals.Dac(), readout)
    x = np.random.default_rng(5).uniform(-1, 1, (6, 5))
    fast = tile.mvm(x).code
    assert_array_equal(tile.mvm(x, engine="spice").code, fast)
    form = xc.tile.compile_tile(tile)
    assert_array_equal(form.codes(form.encode(x)), fast)
    # six decisions of 30 fJ, 50 uW for eight cycles, 100 uW of the op-amp for the whole read
    own = 6 * 30e-15 + 50e-6 * 8e-9
    assert_allclose(readout.converter.cost.energy_joule, own, rtol=1e-12)
    assert_allclose(readout.converter.cost.latency_second, 8e-9, rtol=1e-12)
    period = 8e-9 + 5e-9
    assert_allclose(readout.cost.latency_second, period, rtol=1e-12)
    assert_allclose(readout.cost.energy_joule, own + 100e-6 * period, rtol=1e-12)
    assert_allclose(
        tile.cost().energy_joule["read-outs"], 2 * readout.cost.energy_joule, rtol=1e-12
    )


def test_mismatch_is_drawn_with_its_sigma():
    rng = np.random.default_rng(1)
    many = [Cyclic(bits=4).drawn(rng, gain_sigma=0.01, offset_sigma_volt=2e-3) for _ in range(2000)]
    assert_allclose(np.std([one.gain_error for one in many]), 0.01, rtol=0.05)
    assert_allclose(np.std([one.offset_volt for one in many]), 2e-3, rtol=0.05)
    with pytest.raises(xc.ParameterError, match="gain_sigma"):
        Cyclic(bits=4).drawn(rng, gain_sigma=-1.0)
    with pytest.raises(xc.ParameterError, match="gain_error"):
        Cyclic(bits=4, gain_error=0.6)
