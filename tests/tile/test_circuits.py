"""Tiles whose read-out is made of transistors, small ones; the large ones are in the notebooks."""

import dataclasses
import re

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.peripherals import (
    ChargeIntegrator,
    CurrentConveyor,
    Dac,
    OpAmp,
    OscillatorCounter,
    PulseWidth,
    Ramp,
    Readout,
    Sar,
    SenseAmplifier,
    Subcircuit,
    WordLineBuffer,
)
from xbar_circuit.peripherals import TransimpedanceAmplifier as Tia
from xbar_circuit.resources import device_model
from xbar_circuit.spice import Tran, run
from xbar_circuit.studies import characterize_product
from xbar_circuit.studies.readout.conversion import convert_in_spice
from xbar_circuit.tile import calibrate, chain, random_inputs

RAILS = {"vdd": 1.1, "vss": 0.0}


def circuit(name, ports, **more):
    cards = device_model("cmos45.lib")
    return Subcircuit(
        device_model(f"{name}.lib"), name, ports=ports, supplies=RAILS | more, models=cards
    )


def comparator():
    return circuit("strongarm", ("plus", "minus", "clock", "out", "complement"))


def test_transistor_comparator_searches_as_the_ideal_one():
    # an array of 1.3 pF, so that the comparator's gates on the top plate count for little
    sar = Sar(
        bits=6,
        low_volt=0.1,
        high_volt=0.6,
        unit_farad=20e-15,
        clock_hertz=5e8,
        comparator=comparator(),
    )
    values = np.random.default_rng(2).uniform(0.1, 0.6, 3)
    codes = convert_in_spice(sar, values)
    assert np.abs(codes - sar.convert(values)).max() <= 1
    assert np.ptp(codes) > 15


def test_amplifier_and_comparator_of_transistors_on_a_column():
    conductance = np.random.default_rng(1).uniform(2e-6, 40e-6, (8, 1))
    xbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    amplifier = Tia(
        opamp=circuit("two_stage_opamp", ("plus", "minus", "out")),
        feedback_ohm=6e3,
        reference_volt=0.35,
        settle_second=30e-9,
    )
    sar = Sar(bits=5, low_volt=0.1, high_volt=0.6, clock_hertz=5e8, comparator=comparator())
    tile = xc.Tile(xbar, Dac(full_scale_volt=0.2), Readout(amplifier=amplifier, converter=sar))
    with pytest.raises(xc.ParameterError, match="calibrate"):
        tile.mvm(np.zeros(8))
    fitted = calibrate(
        tile, rng=np.random.default_rng(3), samples=4, held_out=1, degree=1, analog=False
    )
    assert fitted.model.held_out.worst_lsb <= 1
    assert 5.0 < fitted.model.input_ohm < 200.0


def test_ramp_and_comparator_of_transistors_make_an_even_staircase():
    ramp = Ramp(
        bits=5,
        low_volt=0.0,
        high_volt=0.6,
        clock_hertz=32 / 256e-9,
        analog=circuit("single_slope", ("input", "reset", "out")),
    )
    values = np.array([0.06, 0.21, 0.36, 0.51])
    codes = convert_in_spice(ramp, values)
    assert np.abs(codes - ramp.convert(values)).max() <= 1
    report = characterize_product(
        xc.Tile(
            xc.Crossbar(
                conductance=np.full((4, 1), 20e-6), wires=xc.Wires(row_ohm=0.0, column_ohm=0.0)
            ),
            Dac(full_scale_volt=0.2),
            Readout(
                amplifier=Tia(opamp=OpAmp(dc_gain=1e4, unity_hertz=1e9), feedback_ohm=1e4),
                converter=ramp,
            ),
        ),
        rng=np.random.default_rng(1),
    )
    # about 130 uA from 1.1 V for 272 ns
    assert 1e-11 < report.energy_joule["converters"] < 1e-10


def test_oscillator_of_transistors_counts_more_for_more_current():
    oscillator = circuit("current_oscillator", ("input", "reset", "out"), reference=0.5)
    counter = OscillatorCounter(
        bits=5,
        window_second=16e-9,
        full_scale_ampere=100e-6,
        hold_volt=0.5,
        oscillator=oscillator,
    )
    codes = convert_in_spice(counter, np.array([0.0, 20e-6, 40e-6]))
    assert (np.diff(codes) >= 3).all()
    assert 12 <= codes[0] <= 25


@pytest.mark.parametrize("bits", [2, 8, 14])
def test_the_last_count_has_gone_through_all_bits_when_the_code_is_read(bits):
    oscillator = circuit("current_oscillator", ("input", "reset", "out"), reference=0.5)
    counter = OscillatorCounter(bits=bits, full_scale_ampere=1e-4, oscillator=oscillator)
    timing = counter.timing
    deck = "\n".join(counter.spice_lines(timing, None))
    numbers = (
        re.search(r"Vshow show_volt 0 PULSE\(0 1 (\S+) ", deck),
        re.search(r"d_dff\(clk_delay=(\S+)", deck),
    )
    ends, delay = (float(found[1]) for found in numbers)
    # the bridge, the inverter and the gate before the bits, the gate and the bridge behind them
    through = (2 * bits + 5) * delay
    assert ends + through < timing.read_second(1)[0]
    assert timing.period_second - ends < 0.01 * counter.window_second


def test_oscillator_of_transistors_loses_no_cycle_and_follows_its_current():
    counter = chain("transistor-oscillator", rows=1, rng=np.random.default_rng(0)).readout.converter
    counter = dataclasses.replace(counter, window_second=32e-9)
    inputs = np.array([-34e-6, -24e-6, 0.0, 25e-6])
    # by hand: the ring's own node, whose swing is small at small currents
    lines = [
        "by hand",
        ".options reltol=1e-3 chgtol=1e-17",
        f'.include "{device_model("cmos45.lib")}"',
        f'.include "{device_model("current_oscillator.lib")}"',
        "Vdd vdd 0 1.1",
        "Vreference reference 0 0.5",
        "Vreset reset 0 PWL(0 1.1 2n 1.1 2.02n 0)",
    ]
    for k, ampere in enumerate(inputs):
        lines.append(f"I{k} 0 in{k} DC {float(ampere)!r}")
        lines.append(f"X{k} in{k} reset out{k} reference vdd 0 current_oscillator")
    plot = run("\n".join(lines), Tran(step_second=1e-11, stop_second=34e-9))[0]
    ring = np.stack([plot[f"v(x{k}.n3)"] for k in range(4)])
    # it starts from zero, so its first rise is the start of the first cycle and not a whole one
    cycles = ((ring[:, :-1] < 0.3) & (ring[:, 1:] >= 0.3)).sum(axis=1)
    assert np.abs(convert_in_spice(counter, inputs) - cycles).max() <= 1
    assert cycles[0] >= 5
    # as the current does, from 16 to 65 uA
    assert np.ptp(cycles[1:] / (inputs[1:] + 42e-6)) < 0.12 * cycles[2] / 42e-6


def small_array():
    conductance = np.random.default_rng(1).uniform(2e-6, 40e-6, (8, 2))
    return xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))


def behavioural(settle_second=5e-9):
    opamp = OpAmp(dc_gain=1e3, unity_hertz=5e9)
    return Tia(opamp=opamp, feedback_ohm=12e3, settle_second=settle_second)


def test_latches_of_transistors_decide_ternary_cells():
    ideal = SenseAmplifier(thresholds_volt=(0.4, 0.5))
    latches = SenseAmplifier(thresholds_volt=(0.4, 0.5), comparator=comparator())
    x = random_inputs(np.random.default_rng(1), 6, 8)
    fast, exact = (
        xc.Tile(small_array(), Dac(), Readout(amplifier=behavioural(), converter=sense))
        for sense in (ideal, latches)
    )
    code = exact.mvm(x, engine="spice").code
    assert set(np.unique(code)) == {0, 1, 2}
    np.testing.assert_array_equal(code, fast.mvm(x).code)


def test_followers_of_transistors_drive_the_word_lines(tmp_path):
    path = tmp_path / "follower.lib"
    path.write_text(
        f'* follower\n.include "{device_model("two_stage_opamp.lib")}"\n'
        ".subckt follower in out vdd vss\nX1 in out out vdd vss two_stage_opamp\n.ends\n"
    )
    follower = Subcircuit(
        path,
        "follower",
        ports=("input", "out"),
        supplies=RAILS,
        models=device_model("cmos45.lib"),
    )
    tile = xc.Tile(
        small_array(),
        WordLineBuffer(driver=Dac(), output_ohm=30.0, circuit=follower),
        Readout(amplifier=behavioural(40e-9), converter=Sar(bits=6)),
    )
    x = random_inputs(np.random.default_rng(1), 2, 8)
    exact = tile.mvm(x, engine="spice").code
    assert np.ptp(exact) > 15
    assert np.abs(exact - tile.mvm(x).code).max() <= 1


@pytest.mark.parametrize("kind", ["conveyor", "integrator"])
def test_other_amplifiers_of_transistors_are_calibrated(kind):
    if kind == "conveyor":
        amplifier = CurrentConveyor(
            circuit=circuit("current_conveyor", ("input", "reference", "out")),
            load_ohm=5e3,
            settle_second=30e-9,
        )
        driver = Dac(full_scale_volt=0.1)
    else:
        amplifier = ChargeIntegrator(
            opamp=circuit("two_stage_opamp", ("plus", "minus", "out")),
            farad=3e-12,
            window_second=20e-9,
            reset_second=6e-9,
            hold_second=4e-9,
            switch_ohm=50.0,
        )
        driver = PulseWidth(bits=5, clock_hertz=1e9, full_scale_volt=0.15)
    sar = Sar(bits=6, low_volt=0.3, high_volt=0.75)
    tile = xc.Tile(small_array(), driver, Readout(amplifier=amplifier, converter=sar))
    fitted = calibrate(tile, rng=np.random.default_rng(2), samples=10, held_out=4, degree=1)
    assert fitted.model.held_out.worst_lsb <= 1
    assert 20.0 < fitted.model.input_ohm < 120.0
