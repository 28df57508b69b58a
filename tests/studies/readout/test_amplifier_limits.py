"""What the amplifier's bench says where an amplifier, or the simulator, comes to its limits."""

import re

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.netlist._loaded_column import Stimulus, loaded_column
from xbar_circuit.peripherals import CurrentConveyor, OpAmp, Subcircuit, TransimpedanceAmplifier
from xbar_circuit.resources import device_model
from xbar_circuit.spice import LADDER, Tran, run, run_persistently
from xbar_circuit.studies import characterize_amplifier
from xbar_circuit.studies.readout.variations import Variation

OPAMP = OpAmp(
    dc_gain=2000.0,
    unity_hertz=2e9,
    second_pole_hertz=5e9,
    slew_volt_per_second=1e9,
    noise_volt_per_root_hertz=5e-9,
    output_low_volt=0.05,
    output_high_volt=1.05,
)

# slews up at 1 V/ns and down at 0.5 V/ns; 1 pF at the inner node
UNEQUAL = """* an op-amp that falls more slowly than it rises
.subckt unequal plus minus out vdd vss
B1 0 o I=min(max(2m*V(plus,minus),-0.5m),1m)
C1 o 0 1p
R1 o 0 1e6
E1 out 0 o 0 1
R2 vdd vss 10k
.ends
"""


def crossbar(ohm=1.0, farad=0.2e-15, rows=32, cols=8):
    conductance = np.random.default_rng(1).uniform(1e-6, 20e-6, (rows, cols))
    wires = xc.Wires(row_ohm=ohm, column_ohm=ohm, row_farad=farad, column_farad=farad)
    return xc.Crossbar(conductance=conductance, wires=wires)


def measure(amplifier, xbar, column=4, **settings):
    return characterize_amplifier(
        amplifier,
        crossbar=xbar,
        column=column,
        pattern=np.full(xbar.rows, 0.1),
        common_volt=(),
        **settings,
    )


def test_an_amplifier_that_oscillates_is_told_before_it_is_stepped(tmp_path):
    text = device_model("two_stage_opamp.lib").read_text()
    text = re.sub(r"Cc zero out \S+", "Cc zero out 1a", text)
    path = tmp_path / "bare.lib"
    path.write_text(text)
    opamp = Subcircuit(
        path,
        "two_stage_opamp",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    array = xc.Crossbar(
        conductance=np.random.default_rng(1).uniform(1e-6, 5e-6, (16, 2)),
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0, row_farad=20e-15, column_farad=20e-15),
    )
    with pytest.raises(xc.ParameterError, match=r"phase margin of -\d+\.\d degrees"):
        measure(TransimpedanceAmplifier(opamp=opamp, feedback_ohm=20e3), array, column=0)


def test_a_deck_that_stops_is_solved_again_and_says_how(tmp_path):
    amplifier = TransimpedanceAmplifier(opamp=OPAMP, feedback_ohm=4e3)
    array = crossbar(5.0, 1e-15)
    length = 10e-9
    deck = loaded_column(
        amplifier, array, 4, np.full(32, 0.1), Stimulus(scale=f"PWL(0 0 {length * 1e-5!r} 1)")
    )
    tran = Tran(step_second=length / 2000, stop_second=length, max_step_second=length / 2000)
    answer, _ = run_persistently(deck, tran, vectors=["v(out)"])
    settled = answer["v(out)"][-1]
    # the same as a deck that no solver has trouble with, within what the wires do
    easy = loaded_column(
        amplifier, crossbar(1.0, 0.2e-15), 4, np.full(32, 0.1), Stimulus(scale="PWL(0 0 0.1p 1)")
    )
    other = run(easy, tran, vectors=["v(out)"])["v(out)"][-1]
    assert settled - 0.5 == approx(other - 0.5, rel=0.03)


def test_a_ladder_ends_with_what_was_tried(monkeypatch):
    from xbar_circuit.spice import persistence

    asked = []

    def stops(deck, *analyses, **settings):
        asked.append(deck)
        raise xc.ConvergenceError("Timestep too small; trouble with node x")

    monkeypatch.setattr(persistence, "run", stops)
    with pytest.raises(xc.ConvergenceError, match="Tried: as written, chgtol 1e-14, SPARSE"):
        run_persistently("t\nR1 a 0 1\n.end\n", Tran(step_second=1e-12, stop_second=1e-9))
    assert len(asked) == len(LADDER)
    assert asked[0] == "t\nR1 a 0 1\n.end\n"
    assert asked[2].splitlines()[-2:] == [".options sparse", ".end"]


def test_a_stalled_run_is_tried_with_other_solvers_only(monkeypatch):
    from xbar_circuit.spice import persistence

    asked = []

    def stalls(deck, *analyses, **settings):
        asked.append((deck, settings["time_limit_second"]))
        if ".options sparse" in deck:
            return "answer"
        raise xc.SimulatorError("got no answer within the time limit of 7 s")

    monkeypatch.setattr(persistence, "run", stalls)
    deck, tran = "t\nR1 a 0 1\n.end\n", Tran(step_second=1e-12, stop_second=1e-9)
    answer, rung = run_persistently(deck, tran, time_limit_second=7.0)
    assert (answer, rung.name) == ("answer", "SPARSE 1.3")
    assert [limit for _, limit in asked] == [7.0, 7.0]

    def crashes(deck, *analyses, **settings):
        raise xc.SimulatorError("got a crash (SIGSEGV)")

    monkeypatch.setattr(persistence, "run", crashes)
    with pytest.raises(xc.SimulatorError, match=r"SIGSEGV\)$"):
        run_persistently(deck, tran, time_limit_second=7.0)


def test_a_deck_that_is_just_long_fails_after_three_limits():
    deck = "too long\nV1 a 0 SIN(0 1 1e9)\nR1 a b 1k\nC1 b 0 1p\nD1 b 0 d\n.model d d\n.end\n"
    tran = Tran(step_second=1e-12, stop_second=1.0)
    words = "(?s)within the time limit.*Tried: as written, SPARSE 1.3, Gear"
    with pytest.raises(xc.SimulatorError, match=words) as failed:
        run_persistently(deck, tran, vectors=["v(b)"], time_limit_second=0.3)
    assert failed.value.deck.read_text().startswith("too long")


def test_the_swing_is_found_beyond_the_sweep_and_both_slews(tmp_path):
    array = crossbar(0.0, 0.0, rows=4, cols=1)
    pattern = 0.1
    report = measure(
        TransimpedanceAmplifier(opamp=OPAMP, feedback_ohm=4e3), array, column=0, overdrive=1.5
    )
    reached = report.output_volt
    assert reached.max() < 0.9  # the sweep itself does not get there
    assert report.swing_found == (True, True)
    assert 0.05 < report.swing_low_volt < 0.12
    assert 0.98 < report.swing_high_volt < 1.05
    path = tmp_path / "unequal.sp"
    path.write_text(UNEQUAL)
    opamp = Subcircuit(
        path,
        "unequal",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.0, "vss": 0.0},
    )
    report = measure(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=40e3),
        array,
        column=0,
        overdrive=16.0 * pattern / 0.1,
    )
    assert report.slew_rise_volt_per_second == approx(1e9, rel=0.02)
    assert report.slew_fall_volt_per_second == approx(0.5e9, rel=0.02)
    assert report.slew_volt_per_second == report.slew_fall_volt_per_second
    # an output without ends: the swing is at least what was reached
    assert report.swing_found == (False, False)
    assert any("at least" in note for note in report.notes)


def test_a_window_shorter_than_the_settling_is_flagged():
    conveyor = CurrentConveyor(load_ohm=10e3, bandwidth_hertz=100e6, settle_second=5e-9)
    array = crossbar(0.0, 0.0, rows=4, cols=1)
    short = measure(conveyor, array, column=0)
    assert short.settling_second == approx(np.log(2**9) / (2 * np.pi * 100e6), rel=0.02)
    assert short.window_too_short
    assert short.notes[0].startswith("window shorter than settling: 5 ns given, 9.9")


def test_the_macromodel_is_the_default_and_its_error_is_told():
    amplifier = TransimpedanceAmplifier(opamp=OPAMP, feedback_ohm=4e3, feedback_farad=10e-15)
    array = crossbar(2.0, 0.5e-15)
    small, full = measure(amplifier, array), measure(amplifier, array, array="full")
    assert small.phase_margin_degree == approx(full.phase_margin_degree, abs=0.1)
    assert small.settling_second == approx(full.settling_second, rel=0.01)
    assert small.gain_ohm == approx(full.gain_ohm, rel=1e-6)
    assert 0.0 < small.array_error < 0.01
    assert full.array_error == 0.0


def test_sigma_is_that_of_the_samples_and_not_of_corners_and_temperatures():
    report = measure(
        CurrentConveyor(load_ohm=10e3, bandwidth_hertz=1e9), crossbar(0.0, 0.0, 4, 1), column=0
    )
    values = {("tt", 27.0): (1.0, 3.0), ("ss", 27.0): (11.0, 15.0)}
    variations = tuple(
        Variation(
            name="",
            corner=corner,
            celsius=celsius,
            sample=k,
            parameters={},
            merits=report.merits | {"gain_ohm": gain},
        )
        for (corner, celsius), gains in values.items()
        for k, gain in enumerate(gains)
    )
    import dataclasses

    several = dataclasses.replace(report, variations=variations)
    assert several.spread("gain_ohm") == approx((7.5, np.sqrt(5.0), 1.0, 15.0))
    assert several.spread("gain_ohm", corner="ss") == approx((13.0, np.sqrt(8.0), 11.0, 15.0))
    assert several.conditions == ("corner=tt, celsius=27", "corner=ss, celsius=27")
