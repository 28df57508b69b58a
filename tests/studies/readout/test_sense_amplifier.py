"""The sense amplifier's bench, on latches whose answer is known and on transistors."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.resources import device_model
from xbar_circuit.spice import Tran, run
from xbar_circuit.studies import characterize_sense_amplifier
from xbar_circuit.studies.readout._sense_amplifier_bench import LatchBench

PORTS = ("plus", "minus", "clock", "out", "complement")
RAILS = {"vdd": 1.1, "vss": 0.0}

# an exponential with a time constant of its own: 10 fF / 0.1 mS = 100 ps while the clock is high,
# held to half a volt; a resistor and a capacitor before it make k T / C; a capacitor kicks back
KNOWN = """* a latch with one state
.subckt known plus minus clock out outb vdd vss kick=10f sampled=50f
Ck clock plus {kick}
Rs plus s 1k
Cs s 0 {sampled}
Be e 0 V=0.5*(1+tanh((V(clock)-0.55)/0.05))
Bx 0 x I=V(e)*(50u*tanh(V(x)/0.5)+10u*(V(s)-V(minus)))-(1-V(e))*1m*V(x)
Cx x 0 10f
Bo out 0 V=0.55*(1+tanh(V(x)/0.05))
Bb outb 0 V=0.55*(1-tanh(V(x)/0.05))
Rv vdd vss 1e6
.ends
"""

# the usual StrongARM: n-channel inputs, both outputs precharged high, no gates behind it
RISING = """* n-channel StrongARM
.subckt rising plus minus clk outp outn vdd vss shift=0
Vs g plus DC {shift}
Mt t clk vss vss nmos45 W=4u L=50n
M1 xn g t vss nmos45 W=4u L=50n
M2 xp minus t vss nmos45 W=4u L=50n
M3 outn outp xn vss nmos45 W=2u L=50n
M4 outp outn xp vss nmos45 W=2u L=50n
M5 outn outp vdd vdd pmos45 W=2u L=50n
M6 outp outn vdd vdd pmos45 W=2u L=50n
M7 outn clk vdd vdd pmos45 W=2u L=50n
M8 outp clk vdd vdd pmos45 W=2u L=50n
M9 xn clk vdd vdd pmos45 W=1u L=50n
M10 xp clk vdd vdd pmos45 W=1u L=50n
.ends
"""

NOR = """.subckt nor2 p q r vdd vss
M1 m p vdd vdd pmos45 W=1.6u L=50n
M2 r q m vdd pmos45 W=1.6u L=50n
M3 r p vss vss nmos45 W=0.4u L=50n
M4 r q vss vss nmos45 W=0.4u L=50n
.ends
"""


def circuit(path, text, name, ports):
    path.write_text(text)
    return Subcircuit(path, name, ports=ports, supplies=RAILS, models=device_model("cmos45.lib"))


@pytest.fixture
def rising(tmp_path):
    ports = ("plus", "minus", "clock", "out", "outb")
    return circuit(tmp_path / "rising.lib", RISING, "rising", ports)


def test_an_offset_that_is_put_in_comes_out(tmp_path):
    text = (
        "* a latch with a known offset in series with its plus input\n"
        f'.include "{device_model("strongarm.lib")}"\n'
        ".subckt wrapped plus minus clock out outb vdd vss shift=0\n"
        "Vshift inner plus DC {shift}\n"
        "X1 inner minus clock out outb vdd vss strongarm\n"
        ".ends\n"
    )
    report = characterize_sense_amplifier(
        circuit(tmp_path / "wrapped.lib", text, "wrapped", PORTS),
        rng=np.random.default_rng(4),
        mismatch={"shift": 10e-3},
        samples=3,
        steps=6,
        range_volt=0.04,
        noise_decisions=0,
    )
    shifts = 10e-3 * np.random.default_rng(4).standard_normal(3)
    # the latch itself is symmetric but for the gates that hold its decision
    np.testing.assert_allclose(report.offsets_volt + shifts, 0.0, atol=2 * report.resolution_volt)
    np.testing.assert_allclose(report.offset_sigma_volt, shifts.std(ddof=1), rtol=0.05)
    # regeneration is exponential: a larger input decides sooner
    assert np.isfinite(report.decision_second).all()
    assert (np.diff(report.decision_second) <= 1e-12).all()
    assert report.decision_second[0] > 1.5 * report.decision_second[-1]
    assert (np.diff(report.error_rate) <= 0.0).all()
    assert report.error_rate[0] >= 0.4
    assert np.isnan(report.noise_volt)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_latch_that_remembers_has_two_thresholds(tmp_path):
    text = device_model("strongarm.lib").read_text()
    for gate in ("Xi1 x xn vdd vss strongarm_inverter", "Xi2 y yn vdd vss strongarm_inverter"):
        text = text.replace(gate, "*")
    text = text.replace("Xn1 yn outb out vdd vss strongarm_nand", "Xn1 x outb out vdd vss nor2")
    text = text.replace("Xn2 xn out outb vdd vss strongarm_nand", "Xn2 y out outb vdd vss nor2")
    latch = circuit(tmp_path / "direct.lib", text + NOR, "strongarm", PORTS)
    bench = LatchBench(
        comparator=latch, clock="decides low", common_volt=0.3, clock_second=2e-9, celsius=27.0
    )
    (after_no,), (after_yes,) = bench.thresholds({}, range_volt=0.02, steps=10)
    assert after_no == approx(2.83e-3, rel=0.02)
    assert after_yes == approx(-2.85e-3, rel=0.02)
    # by hand: two clear cycles, then 5 % below and above each threshold
    inputs = [0.95 * after_no, 1.05 * after_no, 1.05 * after_yes, 0.95 * after_yes]
    lines = [
        "by hand",
        ".options reltol=1e-4 chgtol=1e-17 klu",
        *latch.include_lines(),
        "Vclock clock 0 PULSE(1.1 0 1n 10p 10p 0.98n 2n)",
        "Vcommon common 0 0.3",
    ]
    for k, (clear, volt) in enumerate(zip((-0.1, -0.1, 0.1, 0.1), inputs, strict=True)):
        nodes = {"plus": f"p{k}", "minus": "common", "clock": "clock", "out": f"o{k}"}
        lines += latch.instance_lines(f"s{k}", nodes)
        lines.append(f"Vp{k} p{k} common PWL(0 {clear} 4n {clear} 4.04n {volt:.6g})")
    plot = run("\n".join(lines), Tran(step_second=1e-11, stop_second=5.9e-9))[0]
    assert [plot[f"v(o{k})"][-1] > 0.55 for k in range(4)] == [False, True, False, True]


def test_regeneration_kickback_and_noise_of_a_latch_in_closed_form(tmp_path):
    latch = circuit(
        tmp_path / "known.lib", KNOWN, "known", ("plus", "minus", "clock", "out", "outb")
    )
    report = characterize_sense_amplifier(
        latch,
        rng=np.random.default_rng(1),
        mismatch={"kick": 0.0},
        samples=2,
        steps=3,
        clock="decides high",
        clock_second=4e-9,
        source_ohm=2e3,
        noise_decisions=300,
    )
    assert report.regeneration_second == approx(100e-12, rel=0.03)
    assert abs(report.hysteresis_volt) < 0.02e-3
    # an edge of 20 ps through 10 fF onto 2 kohm beside the sampling branch of 1 kohm: between the
    # high-pass of the source alone and that with the capacitor shorted
    lowest, highest = (
        1.1 * ohm * 10e-15 / 20e-12 * (1.0 - np.exp(-20e-12 / (ohm * 10e-15)))
        for ohm in (2e3 / 3.0, 2e3)
    )
    assert lowest < report.kickback_volt < highest
    # k T / C at the capacitor, averaged over the latch's own time constant, 50 ps and 100 ps
    expected = np.sqrt(1.380649e-23 * 300.15 / 50e-15 * 50.0 / (50.0 + 100.0))
    assert report.noise_volt == approx(expected, rel=0.15)
    assert report.nominal.noise_error_volt < 0.1 * expected
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_rising_clock_and_differential_outputs(rising):
    report = characterize_sense_amplifier(
        rising,
        rng=np.random.default_rng(4),
        mismatch={"shift": 5e-3},
        samples=2,
        steps=7,
        common_mode_volt=0.8,
        range_volt=0.05,
        clock="decides high",
        noise_decisions=0,
    )
    shifts = 5e-3 * np.random.default_rng(4).standard_normal(2)
    np.testing.assert_allclose(report.offsets_volt, -shifts, atol=report.resolution_volt)
    assert abs(report.hysteresis_volt) < 0.1e-3
    assert np.isfinite(report.decision_second).all()


def test_the_wrong_half_of_the_clock_and_swapped_ports_are_named(rising, tmp_path):
    settings = {"rng": np.random.default_rng(1), "mismatch": {"shift": 1e-3}, "samples": 2}
    with pytest.raises(xc.ParameterError, match="clock='decides high'"):
        characterize_sense_amplifier(rising, common_mode_volt=0.8, **settings)
    swapped = circuit(
        tmp_path / "swapped.lib",
        RISING,
        "rising",
        {"plus": "minus", "minus": "plus", "clock": "clk", "out": "outp", "outb": "outn"},
    )
    with pytest.raises(xc.ParameterError, match="exchange plus and minus"):
        characterize_sense_amplifier(
            swapped, common_mode_volt=0.8, clock="decides high", **settings
        )
    holding = Subcircuit(
        device_model("strongarm.lib"),
        "strongarm",
        ports=PORTS,
        supplies=RAILS,
        models=device_model("cmos45.lib"),
    )
    with pytest.raises(xc.ParameterError, match="clock='decides low'"):
        characterize_sense_amplifier(
            holding, clock="decides high", **(settings | {"mismatch": {"dvt1": 1e-3}})
        )
