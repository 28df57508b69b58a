"""The circuits of the parts in ngspice against hand calculations, element by element.

The values are such that every element shows: low gains, poles that lie close together, converters
with more noise than an LSB over several conversions.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import (
    ChargeIntegrator,
    CurrentConveyor,
    Cyclic,
    Dac,
    DifferenceAmplifier,
    Flash,
    IdealConverter,
    OpAmp,
    OscillatorCounter,
    Ramp,
    Sar,
    SenseAmplifier,
    TransimpedanceAmplifier,
    WordLineBuffer,
)
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.studies.readout.conversion import convert_in_spice

OPAMP = OpAmp(
    dc_gain=30.0,
    unity_hertz=6e8,
    second_pole_hertz=9e8,
    offset_volt=-5e-3,
    output_low_volt=-0.9,
    output_high_volt=1.5,
    output_ohm=700.0,
    input_farad=90e-15,
    supply_volt=1.3,
    supply_ampere=45e-6,
)
HERTZ = np.array([1e5, 1e7, 3e8, 2e9])  # below, about and above every pole


def solve(lines, *analyses, vectors):
    deck = "\n".join(["a part by itself", *lines, ".end"])
    plots = [xc.spice.run(deck, one, vectors=vectors)[0] for one in analyses]
    return [{name: plot[name] for name in vectors} for plot in plots]


def at(hertz):
    return xc.spice.Ac(start_hertz=hertz, stop_hertz=hertz, points=1, spacing="lin")


def test_an_op_amp_has_two_poles_an_output_and_an_input():
    lines = [
        *OPAMP.spice_subcircuit("amp"),
        "Vplus plus 0 DC 0.01 AC 1",
        "Xamp plus minus out vdd amp",
        "Vdd vdd 0 DC 1.3",
        "Vback back 0 DC 0",  # the minus input behind a resistor, so that its capacitance shows
        "Rback back minus 5k",
        "Rload out 0 2k",
        "Xsame drive unused open vdd2 amp",
        "Vdrive drive 0 DC 0 AC 1",
        "Runused unused 0 1",
        "Vdd2 vdd2 0 DC 1.3",
    ]
    rest, *swept = solve(
        lines, xc.spice.Op(), *map(at, HERTZ), vectors=["v(out)", "v(open)", "i(vdd)"]
    )
    # 0.3 V in the middle of the range, 30 times 5 mV of input, a divider of 700 and 2000 ohm
    assert float(rest["v(out)"][0]) == approx((0.3 + 30.0 * 5e-3) * 2.0 / 2.7, rel=1e-5)
    assert float(rest["i(vdd)"][0]) == approx(-45e-6, rel=1e-6)
    for hertz, found in zip(HERTZ, swept, strict=True):
        gain = 30.0 / (1 + 1j * hertz / 2e7) / (1 + 1j * hertz / 9e8)
        assert complex(found["v(open)"][0]) == approx(gain, rel=1e-5)
        assert complex(found["v(out)"][0]) == approx(gain * 2.0 / 2.7, rel=1e-5)
        assert complex(OPAMP.open_loop_gain(np.array(hertz))) == approx(gain)


def test_the_capacitance_of_an_op_amps_input_is_behind_a_resistor():
    lines = [
        *OPAMP.spice_subcircuit("amp"),
        *("Vplus plus 0 DC 0", "Xamp plus minus out vdd amp", "Vdd vdd 0 DC 1.3"),
        *("Vback back 0 DC 0 AC 1", "Rback back minus 5k"),
    ]
    for hertz, found in zip(
        HERTZ, solve(lines, *map(at, HERTZ), vectors=["v(minus)"]), strict=True
    ):
        known = 1 / (1 + 2j * np.pi * hertz * 5e3 * 90e-15)
        assert complex(found["v(minus)"][0]) == approx(known, rel=1e-6)


def test_an_op_amp_slews_at_its_rate():
    amp = replace(
        OPAMP, dc_gain=1e5, slew_volt_per_second=4e8, output_ohm=0.0, second_pole_hertz=np.inf
    )
    lines = [
        *amp.spice_subcircuit("amp"),
        *("Vplus plus 0 PWL(0 0.3 1n 0.3 1.01n 0.9)", "Xamp plus out out vdd amp"),
        "Vdd vdd 0 DC 1.3",
    ]
    step = 5e-12
    (found,) = solve(
        lines,
        xc.spice.Tran(step_second=step, stop_second=2e-9, max_step_second=step),
        vectors=["time", "v(out)"],
    )
    begin, end = np.interp([1.2e-9, 1.7e-9], found["time"], found["v(out)"])
    # tanh of the drive, 2 pi 6e8 Hz over 4e8 V/s for each volt, which is 1 for 0.3 V and more
    assert (end - begin) / 0.5e-9 == approx(4e8, rel=0.01)


def test_a_loop_gain_is_what_blackmans_theorem_makes_of_the_input():
    """``Z_in = Z_open / (1 + T)`` (Blackman, Bell Syst. Tech. J. 22, 269, 1943), in ngspice."""
    tia = TransimpedanceAmplifier(opamp=OPAMP, feedback_ohm=4e3, feedback_farad=60e-15)
    column_ohm, column_farad = 1.5e3, 200e-15
    lines = [
        *tia.spice_definition("amp"),
        *tia.spice_lines("one", definition="amp", minus="column", out="out", plus="reference"),
        "Vreference reference 0 DC 0.5",
        *(f"Rcolumn column reference {column_ohm}", f"Ccolumn column 0 {column_farad}"),
        "Iprobe 0 column DC 0 AC 1",
    ]
    loop = tia.loop_gain(HERTZ, column_ohm, column_farad)
    for hertz, found, gain in zip(
        HERTZ, solve(lines, *map(at, HERTZ), vectors=["v(column)"]), loop, strict=True
    ):
        s = 2j * np.pi * hertz
        feedback = 700.0 + 1 / (1 / 4e3 + s * 60e-15)
        idle = 1 / (1 / column_ohm + s * (column_farad + 90e-15) + 1 / feedback)
        assert complex(found["v(column)"][0]) == approx(idle / (1 + gain), rel=1e-5)


@pytest.mark.parametrize("gain", [3.0, 0.4])
def test_a_difference_amplifier_in_ngspice_is_its_line(gain):
    amp = replace(OPAMP, output_ohm=0.0, second_pole_hertz=np.inf, input_farad=0.0)
    stage = DifferenceAmplifier(opamp=amp, gain=gain, input_ohm=10e3, reference_volt=0.4)

    def lines(positive, negative):
        return [
            *stage.spice_definition("amp"),
            *stage.spice_lines("one", definition="amp", positive="p", negative="n", out="out"),
            *(f"Vp p 0 DC {positive}", f"Vn n 0 DC {negative}"),
        ]

    start, slope = stage.output_line
    for positive, negative in ((0.1, 0.1), (0.5, 0.5), (0.3, 0.37)):
        (found,) = solve(
            lines(positive, negative), xc.spice.Op(), vectors=["v(out)", "i(vp)", "i(vn)"]
        )
        assert float(found["v(out)"][0]) == approx(start + slope * (negative - positive), rel=1e-4)
        # the plus input takes no current: its side is near and far in series to the reference
        assert float(found["i(vn)"][0]) == approx((0.4 - negative) / (10e3 * (1 + gain)), rel=1e-4)
    assert stage.spice_supplies("one") == {"Vone_vdd": 1.3}


def test_a_difference_amplifiers_noise_is_that_of_its_circuit():
    amp = OpAmp(dc_gain=1e5, unity_hertz=1e9, noise_volt_per_root_hertz=9e-9)
    stage = DifferenceAmplifier(opamp=amp, gain=2.0, input_ohm=10e3)
    deck = [
        "a stage", *stage.spice_definition("amp"),
        *stage.spice_lines("one", definition="amp", positive="p", negative="n", out="out"),
        "Vp p 0 DC 0.5 AC 1", "Vn n 0 DC 0.5", ".end",
    ]  # fmt: skip
    noise = xc.spice.Noise(
        output="v(out)", source="Vp", start_hertz=1e4, stop_hertz=1e12, points=20
    )
    plot = xc.spice.run("\n".join(deck), noise, vectors=["onoise_spectrum"])[0]
    found = np.trapezoid(np.abs(plot["onoise_spectrum"]) ** 2, plot.scale)
    assert stage.output_noise**2 == approx(found, rel=0.01)


def test_a_conveyor_in_ngspice_copies_offsets_limits_and_slows():
    conveyor = CurrentConveyor(
        ratio=-0.5, input_ohm=150.0, offset_ampere=2e-6, limit_ampere=30e-6, bandwidth_hertz=3e8,
        load_ohm=8e3, load_volt=0.6, supply_volt=1.2, supply_ampere=70e-6,
    )  # fmt: skip

    def lines(ampere, *, turned=False):
        ports = {"definition": "copy", "minus": "column", "out": "out"}
        return [
            *conveyor.spice_definition("copy"),
            *conveyor.spice_copy("one", **ports, turned=turned),
            *("Vreference reference 0 DC 0.5", f"Iin 0 column DC {ampere} AC 1"),
        ]

    names = ["v(out)", "v(column)", "i(vone_vdd)"]
    for ampere in (0.0, 10e-6, 50e-6, -50e-6):
        for turned in (False, True):
            (found,) = solve(lines(ampere, turned=turned), xc.spice.Op(), vectors=names)
            copied = (0.5 if turned else -0.5) * np.clip(ampere - 2e-6, -30e-6, 30e-6)
            assert float(found["v(out)"][0]) == approx(0.6 + 8e3 * copied, rel=1e-6)
            assert float(found["v(column)"][0]) == approx(0.5 + 150.0 * ampere, rel=1e-6)
            assert float(found["i(vone_vdd)"][0]) == approx(-70e-6, rel=1e-6)
    start, slope = conveyor.output_line
    assert start + slope * 10e-6 == approx(0.6 - 8e3 * 0.5 * 8e-6)
    for found in solve(lines(10e-6), at(3e8), vectors=["v(out)"]):
        assert complex(found["v(out)"][0]) == approx(-4e3 / (1 + 1j), rel=1e-5)
    assert conveyor.spice_supplies("one") == {"Vone_vdd": 1.2}


def test_a_buffer_in_ngspice_has_its_pole():
    buffer = WordLineBuffer(driver=Dac(), bandwidth_hertz=2e9)
    lines = [
        *buffer.spice_definition("buffer"),
        *("Xbuffer set out reference buffer", "Vreference reference 0 DC 0.5"),
        *("Vset set reference DC 0.1 AC 1", "Rload out 0 100"),
    ]
    rest, swept = solve(lines, xc.spice.Op(), at(2e9), vectors=["v(out)"])
    assert float(rest["v(out)"][0]) == approx(0.6, rel=1e-6)
    assert complex(swept["v(out)"][0]) == approx(1 / (1 + 1j), rel=1e-5)
    assert replace(buffer, driver=Dac()).span_second == 0.0


def halfway(line):
    """Return when a PULSE first passes the middle of its edges, its period, and its levels."""
    first, then, delay, rise, fall, high, period = map(
        float, line.split("PULSE(")[1].rstrip(")").split()
    )
    return (first, then), delay + rise / 2, delay + rise + high + fall / 2, period


def test_an_integrators_switches_turn_at_the_ends_of_its_reset_and_its_window():
    one = ChargeIntegrator(
        opamp=OPAMP, farad=1e-12, window_second=40e-9, reset_second=6e-9, hold_second=9e-9
    )
    shared = {line.split()[0]: line for line in one.spice_shared(70e-9)}
    levels, begin, end, period = halfway(shared["Vintegrate"])
    assert (levels, period) == ((0.0, 1.0), 70e-9)
    assert (begin, end) == (approx(6e-9), approx(46e-9))
    levels, begin, end, period = halfway(shared["Vreset"])
    assert (levels, period) == ((1.0, 0.0), 70e-9)
    # the reset is over two edges, thousandths of the shortest interval, before the window
    assert (begin, end) == (approx(6e-9 - 12e-12), approx(70e-9))
    model = dict(re.findall(r"(\w+)=([\d.e]+)", one.spice_definition("amp")[0]))
    assert {name: float(text) for name, text in model.items()} == {
        "vt": 0.5, "vh": 0.0, "ron": 10.0, "roff": 1e13
    }  # fmt: skip


@pytest.mark.parametrize("tick", [0.0, 1e-9])
def test_the_clock_begins_ticks_and_is_read_when_it_says(tick):
    timing = Timing(
        period_second=10e-9, start_second=3e-9, tick_second=tick, first_tick_second=3.25e-9
    )
    edge = (1e-9 if tick else 3e-9) * 1e-3
    assert timing.edge_second == approx(edge)
    assert timing.step_second == approx(tick or 0.5e-9)
    assert replace(timing, cycle_second=2e-10).step_second == approx(1e-11)
    np.testing.assert_allclose(timing.read_second(2), [10e-9 - 0.45 * edge, 20e-9 - 0.45 * edge])
    np.testing.assert_allclose(timing.sample_second(2), [3e-9 - 0.45 * edge, 13e-9 - 0.45 * edge])
    later = timing.settled(2.3e-9)
    added = 3e-9 if tick else 2.3e-9  # whole ticks
    assert later.period_second == approx(10e-9 + added)
    assert later.start_second == approx(3e-9 + added)
    assert later.first_tick_second == approx(3.25e-9 + added)
    lines = list(timing.clock_lines(2))
    text = " ".join(line[1:] for line in lines[1 : lines.index("+ )")]).split()
    points = np.array(text, dtype=float).reshape(-1, 2)
    falls = np.flatnonzero(np.diff(points[:, 1]) < 0)
    np.testing.assert_allclose(points[falls, 0] + edge / 2, [3e-9, 13e-9, 23e-9], rtol=1e-9)
    rises = np.flatnonzero(np.diff(points[:, 1]) > 0)
    np.testing.assert_allclose(points[rises, 0] + edge / 2, [10e-9, 20e-9], rtol=1e-9)
    if tick:
        levels, begin, end, period = halfway(lines[-1])
        assert (levels, period) == ((0.0, 1.0), tick)
        assert (begin % tick, (end - begin)) == (approx(0.25e-9), approx(0.5e-9))
    else:
        assert lines[-1] == "Vclock clock 0 DC 0"


@pytest.mark.parametrize(
    ("converter", "start", "tick", "first"),
    [  # in cycles of the clock: how long start is high, and when the clock first rises
        (Sar(bits=5, clock_hertz=5e8, sample_cycles=3), 2.75, 1.0, 3.25),
        (Cyclic(bits=5, clock_hertz=5e8, sample_cycles=3), 2.75, 1.0, 3.25),
        (Ramp(bits=6, clock_hertz=5e8), 4.0, 1.0, 5.0),
        (Ramp(bits=2, clock_hertz=5e8), 1.0, 1.0, 2.0),
        (Flash(bits=2, clock_hertz=5e8), 0.25, 0.0, 0.0),
        (SenseAmplifier(reset_second=4e-9, decision_second=6e-9), 2.0, 0.0, 0.0),
        (OscillatorCounter(bits=5, full_scale_ampere=1e-5, reset_second=4e-9), 2.0, 0.0, 0.0),
        (IdealConverter(second=4e-9), 0.5, 0.0, 0.0),
        (IdealConverter(second=4e-9, window_second=6e-9), 2.0, 0.0, 0.0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_converter_samples_and_ticks_when_it_says(converter, start, tick, first):
    timing = converter.timing
    assert timing.period_second == approx(converter.conversion_second)
    cycles = (timing.start_second, timing.tick_second, timing.first_tick_second)
    assert [one / 2e-9 for one in cycles] == approx([start, tick, first])
    assert timing.cycle_second == 0.0
    shortest = 2e-9 * (min(start, tick) if tick else start)
    assert timing.edge_second == approx(1e-3 * shortest)  # short beside every interval


NOISY = [
    Sar(bits=5, low_volt=0.1, high_volt=0.9, noise_volt=0.06, offset_volt=0.02),
    Sar(
        bits=4, capacitor_errors=(0.1, -0.05, 0.0, 0.1, 0.0), parasitic_farad=3e-15, noise_volt=0.1
    ),
    Cyclic(bits=5, low_volt=0.1, high_volt=0.9, noise_volt=0.06, gain_error=0.02, offset_volt=0.01),
    Ramp(bits=5, low_volt=0.1, high_volt=0.9, noise_volt=0.06, offset_volt=0.02, slope_error=0.04),
    Ramp(bits=4, droop=0.9, noise_volt=0.1),
    Flash(
        bits=2,
        low_volt=0.1,
        high_volt=0.9,
        noise_volt=0.2,
        resistor_errors=(0.1, -0.1, 0.2, 0.0),
        comparator_offsets_volt=(0.05, -0.02, 0.0),
    ),
    SenseAmplifier(thresholds_volt=(0.4, 0.6), offsets_volt=(0.03, -0.04), noise_volt=0.2),
    IdealConverter(bits=5, low=0.1, high=0.9, unit="V", noise=0.06),
    IdealConverter(bits=5, low=-4e-6, high=8e-6, noise=1e-6),
    IdealConverter(bits=5, low=-4e-6, high=8e-6, noise=1e-6, window_second=2e-8, second=3e-9),
    IdealConverter(bits=None, low=-4e-6, high=8e-6, noise=1e-6, window_second=2e-8),
    OscillatorCounter(
        bits=5,
        full_scale_ampere=12e-6,
        low_ampere=-4e-6,
        window_second=3e-8,
        offset_ampere=2e-7,
        gain_error=0.03,
        saturation_ampere=4e-5,
        jitter_cycle=0.4,
        hold_volt=0.3,
        input_ohm=30.0,
    ),
]


@pytest.mark.parametrize("converter", NOISY, ids=lambda one: type(one).__name__)
def test_successive_noisy_conversions_in_ngspice_give_the_same_codes(converter):
    """High and low inputs in turn: what is left of the last conversion, or a late noise, shows."""
    low, high = converter.input_low, converter.input_high
    share = np.array([0.95, 0.07, 0.62, 0.33, 0.88, 0.11])
    values = low + share * (high - low)
    found = convert_in_spice(converter, values, rng=np.random.default_rng(4))
    known = converter.convert(values, rng=np.random.default_rng(4))
    assert np.any(known != converter.convert(values))
    if converter.exact:
        np.testing.assert_allclose(found, known, rtol=2e-3)
    else:
        np.testing.assert_array_equal(found, known)
