"""Behavioural parts at a temperature: closed forms, and ngspice's own coefficients."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import peripherals
from xbar_circuit.peripherals import (
    ChargeIntegrator,
    CurrentConveyor,
    Cyclic,
    DifferenceAmplifier,
    Flash,
    IdealConverter,
    OpAmp,
    OscillatorCounter,
    Ramp,
    Readout,
    Sar,
    SenseAmplifier,
    TransimpedanceAmplifier,
)
from xbar_circuit.spice import Op, run

WARM = 85.0
ROOT = np.sqrt((WARM + 273.15) / 300.15)  # of thermal noise
OPAMP = OpAmp(
    dc_gain=200.0,
    unity_hertz=1e9,
    offset_volt=1e-3,
    noise_volt_per_root_hertz=5e-9,
    offset_volt_per_celsius=2e-5,
    gain_per_celsius=-2e-3,
    unity_per_celsius=-1e-3,
)
AMPLIFIER = TransimpedanceAmplifier(opamp=OPAMP, feedback_ohm=2e4, feedback_per_celsius=8e-4)


def test_an_amplifier_moves_by_its_coefficients():
    warm = AMPLIFIER.at_celsius(WARM)
    assert warm.feedback_ohm == approx(2e4 * (1 + 8e-4 * 58))
    assert warm.opamp.offset_volt == approx(1e-3 + 58 * 2e-5)
    assert warm.opamp.dc_gain == approx(200 * (1 - 0.116))
    assert warm.opamp.unity_hertz == approx(1e9 * (1 - 0.058))
    assert warm.opamp.noise_volt_per_root_hertz == 5e-9  # stated for 27 C, see Readout.noise
    assert warm.input_ohm == approx(2e4 * 1.0464 / (1 + 176.8))
    held = ChargeIntegrator(
        opamp=OPAMP, farad=1e-12, window_second=1e-7, capacitor_per_celsius=3e-4
    )
    assert held.at_celsius(WARM).ideal_line[1] == approx(-1e5 / (1 + 58 * 3e-4))
    assert held.at_celsius(WARM).opamp == warm.opamp
    conveyor = CurrentConveyor(
        ratio=-0.5,
        load_ohm=1e4,
        offset_ampere=1e-7,
        offset_ampere_per_celsius=1e-9,
        ratio_per_celsius=1e-4,
        load_per_celsius=-1e-3,
    ).at_celsius(WARM)
    assert conveyor.ideal_line[1] == approx(-5e3 * (1 + 58e-4) * (1 - 58e-3))
    assert conveyor.offset_ampere == approx(1e-7 + 58e-9)
    stage = DifferenceAmplifier(opamp=OPAMP, gain=2.0)
    assert stage.at_celsius(WARM) == replace(stage, opamp=warm.opamp)


@pytest.mark.parametrize(
    "kind",
    [
        lambda **more: Sar(bits=5, **more),
        lambda **more: Ramp(bits=5, droop=0.3, **more),
        lambda **more: Cyclic(bits=5, gain_error=0.01, **more),
        lambda **more: Flash(bits=5, **more),
        lambda **more: Flash(bits=3, comparator_offsets_volt=(1e-3,) * 7, **more),
    ],
)
def test_thresholds_of_a_converter_move_with_its_reference_and_its_offset(kind):
    """About `low`, by the relative change of the span; the offset adds to each of them."""
    plain = kind(low_volt=0.2, high_volt=0.8, noise_volt=1e-3)
    reference = replace(plain, reference_per_celsius=-5e-4).at_celsius(WARM)
    offsets = plain.edges() - replace(plain, high_volt=1.4).edges()  # what the span does not move
    slope = -offsets / 0.6
    np.testing.assert_allclose(
        reference.edges() - plain.edges(), slope * (0.6 * -5e-4 * 58), rtol=1e-6
    )
    assert reference.noise_volt == approx(1e-3 * ROOT)
    warm = replace(plain, offset_volt_per_celsius=3e-5).at_celsius(WARM)
    known = 1.0 if not isinstance(plain, Cyclic) else None
    moved = warm.edges() - plain.edges()
    if known is not None:
        np.testing.assert_allclose(moved, 58 * 3e-5, rtol=1e-6)
    else:  # the offset of a cyclic converter counts at its decision, not at its input
        np.testing.assert_allclose(
            warm.edges(), replace(plain, offset_volt=58 * 3e-5).edges(), rtol=1e-12
        )
        assert moved.max() > 1e-3


def test_latches_oscillators_and_ideal_converters_move_too():
    latch = SenseAmplifier(
        thresholds_volt=(0.4, 0.6), noise_volt=2e-3, offset_volt_per_celsius=-1e-5
    )
    np.testing.assert_allclose(latch.at_celsius(WARM).thresholds, [0.39942, 0.59942], rtol=1e-12)
    assert latch.at_celsius(WARM).noise_volt == approx(2e-3 * ROOT)
    counter = OscillatorCounter(
        bits=8,
        full_scale_ampere=1e-4,
        gain_error=0.02,
        jitter_cycle=0.1,
        gain_per_celsius=1e-3,
        offset_ampere_per_celsius=1e-8,
    )
    warm, ampere = counter.at_celsius(WARM), np.array([5e-5])
    known = 256 / 1e-4 * 1.02 * 1.058 * (5e-5 - 58e-8)
    assert warm.cycles(ampere)[0] == approx(known)
    assert warm.jitter_cycle == approx(0.1 * ROOT)
    assert IdealConverter(noise=1e-7).at_celsius(WARM).noise == approx(1e-7 * ROOT)


def test_parts_are_as_given_at_27_degrees_and_the_way_there_does_not_matter():
    whole = Readout(
        amplifier=AMPLIFIER,
        converter=Sar(bits=6, low_volt=0.1, high_volt=0.7, noise_volt=1e-3),
        difference=DifferenceAmplifier(opamp=OPAMP),
    ).drawn(np.random.default_rng(1), 2, unit_sigma=0.05)
    assert whole.at_celsius(27.0) is whole
    for part in (whole.amplifier, whole.converter, whole.difference, *whole.samples):
        assert part.at_celsius(27.0) == part
    warm = whole.at_celsius(WARM)
    assert warm.samples == tuple(one.at_celsius(WARM) for one in whole.samples)
    assert warm.samples[0].noise_volt == approx(1e-3 * ROOT)
    assert warm.converter.high_volt == 0.7  # without a coefficient it is exactly the same


def test_a_coefficient_that_leaves_nothing_is_refused():
    with pytest.raises(xc.ParameterError, match="feedback_per_celsius"):
        replace(AMPLIFIER, feedback_per_celsius=-0.02).at_celsius(WARM)
    with pytest.raises(xc.ParameterError, match=r"offset_volt_per_celsius.*V/degree"):
        Sar(bits=4, offset_volt_per_celsius=float("nan"))


def test_a_warm_amplifier_is_ngspices_own_temperature():
    """One deck of coefficients that ngspice itself knows: ``tc1`` and ``temper``."""
    ampere = 7e-6
    deck = f"""a transimpedance amplifier in ngspice's own words
.options temp={WARM} reltol=1e-9
Iin minus 0 {-ampere}
Rfeedback minus out 2e4 tc1=8e-4
Vreference plus 0 DC 0.5
Bgain inner 0 V=200*(1-2e-3*(temper-27))*(V(plus)-V(minus)+1e-3+2e-5*(temper-27))
Bout out 0 V=0.5+V(inner)
Rinner inner 0 1e6
.end
"""
    warm = AMPLIFIER.at_celsius(WARM)
    plot = run(deck, Op(), vectors=["v(minus)", "v(out)"])[0]
    found = {name: float(plot[name][0]) for name in ("v(minus)", "v(out)")}
    start, slope = warm.output_line
    assert found["v(out)"] == approx(start + slope * ampere, rel=1e-6)
    assert found["v(minus)"] == approx(warm.input_volt + warm.input_ohm * ampere, rel=1e-6)
    cold = AMPLIFIER.output_line
    assert abs(found["v(out)"] - cold[0] - cold[1] * ampere) > 5e-3


def test_without_coefficients_no_part_moves_with_temperature():
    parts = [getattr(peripherals, name) for name in peripherals.__all__]
    found = [
        (part, one)
        for part in parts
        if is_dataclass(part)
        for one in fields(part)
        if one.name.endswith("_per_celsius")
    ]
    assert len(found) > 20
    assert [(part.__name__, one.name) for part, one in found if one.default != 0.0] == []
