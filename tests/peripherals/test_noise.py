"""The amplifiers' noise: textbook limits, the equations of the circuit, and ngspice."""

import dataclasses

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.netlist._loaded_column import Stimulus, loaded_column
from xbar_circuit.peripherals import (
    ChargeIntegrator,
    CurrentConveyor,
    Dac,
    DifferenceAmplifier,
    OpAmp,
    OscillatorCounter,
    Readout,
    Sar,
    Subcircuit,
    TransimpedanceAmplifier,
)
from xbar_circuit.resources import device_model
from xbar_circuit.tile._analog import amplifier_noise
from xbar_circuit.tile.noise import TileNoise

KT = 1.380649e-23 * 300.15
IDEAL = xc.Wires(row_ohm=0.0, column_ohm=0.0)


def test_reset_alone_leaves_k_t_over_c():
    """203 uV on 100 fF."""
    quiet = ChargeIntegrator(opamp=OpAmp(), farad=100e-15, window_second=1e-12)
    assert quiet.output_noise(1e9) == approx(np.sqrt(KT / 100e-15), rel=1e-4)
    assert quiet.output_noise(1e9) == approx(203e-6, rel=5e-3)
    # the column's capacitance had rested on its switch, and hands over its charge
    longer = dataclasses.replace(quiet, window_second=10e-9)
    loaded = longer.output_noise(1e9, 300e-15)
    # on opening, the switch leaves its own between the two, in parallel 75 fF
    assert loaded == approx(np.sqrt(KT / 100e-15 * (1 + 3 + 0.75)), rel=2e-3)


def stepped(integrator, source_ohm, source_farad, column, traces=6000):
    """Return the rms of the held output by small steps of many circuits, nodes and all.

    The input and the column are capacitors to ground, the integrating one lies across the op-amp.
    """
    amp, rng = integrator.opamp, np.random.default_rng(5)
    unity, pole = 2 * np.pi * amp.unity_hertz, 2 * np.pi * amp.pole_hertz
    white = amp.noise_volt_per_root_hertz**2 / 2
    c, c_in, r_sw = integrator.farad, amp.input_farad, integrator.switch_ohm
    out, charge, bit = np.zeros((3, traces))  # charge on the op-amp's input

    def noise(density, dt):
        return np.sqrt(density / dt) * rng.standard_normal(traces)

    for phase, seconds in (("reset", 3e-9), ("window", integrator.window_second), ("hold", 3e-9)):
        count = 1500
        dt = seconds / count
        for _ in range(count):
            minus = (charge + c * out) / (c + c_in)
            slope = unity * (noise(white, dt) - minus) - pole * out
            switch = noise(2 * KT / r_sw, dt)
            source = noise(2 * KT / source_ohm * column, dt) - bit / source_ohm
            into = (bit - minus) / r_sw + switch
            if phase == "reset":
                charge = charge + dt * ((out - minus) / r_sw + noise(2 * KT / r_sw, dt))
            elif phase == "window":
                charge = charge + dt * into
            rest = -into if phase == "window" else switch - bit / r_sw
            bit = bit + dt * (source + rest) / source_farad
            out = out + dt * slope
    return out.std()


@pytest.mark.parametrize(
    ("gain", "source_ohm", "source_farad", "density", "column"),
    [
        (50.0, 2e3, 1e-12, 20e-9, True),
        (1e4, 4e3, 0.3e-12, 0.0, True),
        (300.0, 1e3, 0.5e-12, 15e-9, False),
    ],
)
def test_an_integrators_noise_is_that_of_many_circuits(
    gain, source_ohm, source_farad, density, column
):
    opamp = OpAmp(
        dc_gain=gain, unity_hertz=1e9, noise_volt_per_root_hertz=density, input_farad=50e-15
    )
    integrator = ChargeIntegrator(opamp=opamp, farad=0.5e-12, window_second=4e-9, switch_ohm=200.0)
    assert integrator.output_noise(source_ohm, source_farad, column=column) == approx(
        stepped(integrator, source_ohm, source_farad, column), rel=0.03
    )  # 3 standard errors of 6,000 circuits


@pytest.mark.parametrize("column", [True, False])
@pytest.mark.parametrize(("unity", "error"), [(2e10, 0.03), (2e11, 0.004)])
def test_an_integrators_noise_with_a_fast_op_amp_is_a_closed_form(unity, error, column):
    """Its parts, as textbooks have them; what is left falls with the op-amp's speed."""
    ohm, density, c = 20e3, 20e-9, 0.5e-12
    opamp = OpAmp(dc_gain=1e9, unity_hertz=unity, noise_volt_per_root_hertz=density)
    one = ChargeIntegrator(opamp=opamp, farad=c, window_second=1e-6, switch_ohm=10.0)
    walk = (4 * KT * (ohm if column else 0.0) + density**2) / ohm**2 / (2 * c**2) * 1e-6
    buffered = density**2 * np.pi / 2 * unity
    found = one.output_noise(ohm, column=column) ** 2
    # on top, the op-amp's noise goes through R onto C when the window ends
    assert found - buffered == approx(KT / c + walk, rel=error)


def test_a_long_window_walks_as_its_root():
    def noise(seconds):
        opamp = OpAmp(dc_gain=1e9, noise_volt_per_root_hertz=10e-9, unity_hertz=1e15)
        one = ChargeIntegrator(opamp=opamp, farad=1e-12, window_second=seconds, switch_ohm=1e-3)
        return one.output_noise(1e3)

    walk = (4 * KT / 1e3 + (10e-9 / 1e3) ** 2) / (2 * 1e-12**2)
    assert noise(4e-7) ** 2 - noise(1e-7) ** 2 == approx(walk * 3e-7, rel=1e-3)


COLUMN = xc.Crossbar(
    conductance=np.full((8, 1), 50e-6),
    wires=IDEAL,
    terminals=xc.Terminals(left_ohm=0.0, bottom_ohm=0.0),
)


@pytest.mark.parametrize(
    "opamp",
    [
        OpAmp(dc_gain=300.0, unity_hertz=1e9, noise_volt_per_root_hertz=6e-9),
        OpAmp(dc_gain=1e4, unity_hertz=1e9, second_pole_hertz=2e9, output_ohm=400.0),
        OpAmp(dc_gain=1e3, unity_hertz=3e9, noise_volt_per_root_hertz=4e-9, input_farad=50e-15),
    ],
)
def test_a_transimpedance_amplifiers_noise_in_ngspice(opamp):
    amplifier = TransimpedanceAmplifier(opamp=opamp, feedback_ohm=6e3, feedback_farad=5e-15)
    tile = xc.Tile(COLUMN, Dac(), Readout(amplifier=amplifier, converter=Sar(bits=8)))
    measured = amplifier_noise(tile)
    whole, own = (amplifier.output_noise(2.5e3, column=column) for column in (True, False))
    assert tile.fast_model.noise == own
    assert measured.rms == approx(own, rel=2e-3)
    assert measured.hertz == approx(tile.fast_model.noise_hertz, rel=0.012)
    # the array's noise, on top of a formula or of a calibrated model, makes the whole once
    calibrated = dataclasses.replace(
        tile.fast_model, noise=measured.rms, noise_hertz=measured.hertz
    )
    for model in (None, calibrated):
        noisy = dataclasses.replace(tile, noise=TileNoise(thermal=True), model=model)
        drawn = noisy.draw_noise(noisy.reads(np.zeros((20_000, 8))), np.random.default_rng(2))
        assert drawn[0].entering.std() == approx(whole, rel=0.02)  # 4 standard errors
    if opamp.dc_gain == 300.0:  # the column's part through one pole, where the loop crosses one
        crossing = 1e9 * (2.5 / 8.5 + 1 / 300.0)
        expected = 4 * KT / 2.5e3 * 6e3**2 * np.pi / 2 * crossing
        assert whole**2 - own**2 == approx(expected, rel=0.15)


def test_a_conveyors_noise_in_ngspice():
    conveyor = CurrentConveyor(
        ratio=0.5, noise_ampere_per_root_hertz=8e-12, bandwidth_hertz=2e8, load_ohm=10e3
    )
    deck = loaded_column(conveyor, COLUMN, 0, np.zeros(8), Stimulus(scale="DC 0 AC 1"), klu=False)
    analysis = xc.spice.Noise(
        output="v(out)", source="Vscale", start_hertz=1e3, stop_hertz=1e12, points=20
    )
    plot = xc.spice.run(deck, analysis, vectors=["onoise_spectrum"])[0]
    density = np.abs(plot["onoise_spectrum"]) ** 2 - 4 * KT * 10e3  # less the load's own
    found = np.sqrt(np.trapezoid(density[plot.scale < 1e11], plot.scale[plot.scale < 1e11]))
    assert conveyor.output_noise(2.5e3) == approx(found, rel=0.01)
    assert conveyor.output_density(2.5e3) * 1e8 == approx(density[0], rel=1e-3)
    assert dataclasses.replace(conveyor, bandwidth_hertz=np.inf).output_noise(2.5e3) == 0.0


def test_reset_noise_in_ngspice():
    """An integrator at rest in its reset, the switch a resistor: the capacitor's own noise."""
    opamp = OpAmp(noise_volt_per_root_hertz=10e-9, unity_hertz=1e9)
    lines = [
        "integrator in reset",
        *opamp.spice_subcircuit("opamp"),
        "Vreference reference 0 DC 0.5 AC 1",
        "Xamp reference minus out vdd opamp",
        "Vdd vdd 0 DC 1",
        "Cintegrate minus out 100e-15",
        "Rreset minus out 10",
        "Eheld held 0 out minus 1",
        ".end",
    ]
    noise = xc.spice.Noise(
        output="v(held)", source="Vreference", start_hertz=1e6, stop_hertz=1e15, points=40
    )
    plot = xc.spice.run("\n".join(lines) + "\n", noise, vectors=["onoise_spectrum"])[0]
    found = np.trapezoid(np.abs(plot["onoise_spectrum"]) ** 2, plot.scale)
    assert np.sqrt(found) == approx(np.sqrt(KT / 100e-15), rel=0.01)


def test_pairs_add_their_noise():
    amplifier = TransimpedanceAmplifier(opamp=OpAmp(), feedback_ohm=6e3)
    stage = DifferenceAmplifier(opamp=OpAmp(unity_hertz=1e9), gain=2.0, input_ohm=20e3)
    alone = Readout(amplifier=amplifier, converter=Sar(bits=8)).noise(2e3)
    pair = Readout(amplifier=amplifier, converter=Sar(bits=8), difference=stage).noise(2e3)
    own = 2 * 4 * KT * 20e3 * 2 * 3 * np.pi / 2 * 1e9 / 3
    assert stage.output_noise == approx(np.sqrt(own))
    assert pair == approx(np.sqrt(8 * alone**2 + own))


def test_a_counter_takes_the_mean_of_white_noise_over_its_window():
    counter = OscillatorCounter(bits=8, full_scale_ampere=1e-4, window_second=100e-9)
    alone = Readout(converter=counter).noise(2e3)
    assert alone == approx(np.sqrt(4 * KT / 2e3 / 2e-7))
    conveyor = CurrentConveyor(noise_ampere_per_root_hertz=1e-11, ratio=2.0, input_ohm=0.0)
    behind = Readout(amplifier=conveyor, converter=counter).noise(2e3)
    assert behind == approx(2 * np.sqrt((4 * KT / 2e3 + 1e-22) / 2e-7))


@pytest.mark.parametrize("engine", ["fast", "spice"])
def test_a_tile_has_its_amplifiers_noise(engine):
    integrator = ChargeIntegrator(
        opamp=OpAmp(dc_gain=1e4, unity_hertz=2e10), farad=20e-15, window_second=1e-9
    )
    xbar = xc.Crossbar(conductance=np.full((2, 4), 10e-6), wires=IDEAL)
    converter = Sar(bits=12, low_volt=0.3, high_volt=0.7)
    tile = xc.Tile(
        xbar, Dac(full_scale_volt=0.05), Readout(amplifier=integrator, converter=converter)
    )
    noise = tile.fast_model.noise
    assert noise == integrator.output_noise(5e4, column=False)
    assert noise == approx(np.sqrt(KT / 20e-15), rel=0.01)
    lsb = 0.4 / 4096
    count = 6 if engine == "spice" else 2000
    x = np.full((count, 2), 0.2)
    still = tile.mvm(x[:1], engine=engine).code
    moved = tile.mvm(x, engine=engine, rng=np.random.default_rng(3)).code - still
    if engine == "fast":
        np.testing.assert_allclose(moved.std(), noise / lsb, rtol=0.03)
    else:  # the same numbers
        fast = tile.mvm(x, rng=np.random.default_rng(3)).code - tile.mvm(x[:1]).code
        assert fast.std() > 3.0
        assert np.abs(moved - fast).max() <= 1


def test_an_integrator_of_transistors_has_its_op_amps_noise():
    opamp = Subcircuit(
        device_model("two_stage_opamp.lib"),
        "two_stage_opamp",
        ports=("plus", "minus", "out"),
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    integrator = ChargeIntegrator(opamp=opamp, farad=100e-15, window_second=20e-9)
    assert np.isnan(integrator.output_noise(2.5e3))
    tile = xc.Tile(COLUMN, Dac(), Readout(amplifier=integrator, converter=Sar(bits=8)))
    found = amplifier_noise(tile)
    assert np.sqrt(KT / 100e-15) < found.rms < 5e-3
    assert found.hertz == approx(0.5 / 20e-9)
