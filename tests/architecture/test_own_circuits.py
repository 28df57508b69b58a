"""The preset of our own circuits says what ngspice says of them."""

import numpy as np

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import spice
from xbar_circuit.accelerator import usual_accelerator
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator._tile_peak import tile_peak
from xbar_circuit.architecture import preset
from xbar_circuit.architecture.presets import COMPARATOR_JOULE, OPAMP_WATT, SETTLING_SECOND
from xbar_circuit.peripherals import Subcircuit, TransimpedanceAmplifier
from xbar_circuit.resources import device_model
from xbar_circuit.studies import characterize_amplifier


def test_the_amplifier_takes_what_is_stated():
    opamp = Subcircuit(
        device_model("two_stage_opamp.lib"),
        "two_stage_opamp",
        ports={"plus": "plus", "minus": "minus", "out": "out"},
        supplies={"vdd": 1.1, "vss": 0.0},
        models=device_model("cmos45.lib"),
    )
    conductance = np.random.default_rng(1).uniform(0.1e-6, 10e-6, (256, 1))
    found = characterize_amplifier(
        TransimpedanceAmplifier(opamp=opamp, feedback_ohm=4e3),
        crossbar=xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0)),
        pattern=np.full(256, 0.05),
    )
    assert found.power_watt == approx(OPAMP_WATT, rel=0.02)
    assert found.settling_second == approx(SETTLING_SECOND, rel=0.05)
    assert found.phase_margin_degree > 60.0


def test_the_comparator_takes_what_is_stated():
    cards, circuit = device_model("cmos45.lib"), device_model("strongarm.lib")
    deck = "\n".join(
        [
            "energy of a decision",
            ".options klu reltol=1e-4",
            f'.include "{cards}"',
            f'.include "{circuit}"',
            "Vdd vdd 0 DC 1.1",
            "Vplus plus 0 DC 0.36",
            "Vminus minus 0 DC 0.35",
            "Vclock clock 0 PULSE(1.1 0 0.1n 20p 20p 0.46n 1n)",
            "Xlatch plus minus clock out outb vdd 0 strongarm",
            "",
        ]
    )
    found = spice.run(
        deck, spice.Tran(step_second=2e-12, stop_second=8e-9), vectors=["i(vdd)", "v(out)"]
    )
    time, later = found["time"], found["time"] > 2e-9
    joule = np.trapezoid(-1.1 * found["i(vdd)"][later], time[later]) / 6
    assert joule == approx(COMPARATOR_JOULE, rel=0.05)
    assert found["v(out)"][-1] > 1.0


def test_a_full_tile_adds_up():
    tile, architecture = usual_accelerator("own circuits"), preset("own circuits")
    peak = tile_peak(tile, Periphery.of(tile, "own circuits"), array_joule=0.0)
    assert peak["product_second"] == approx(14.9e-9)
    column = OPAMP_WATT * 14.9e-9 + architecture.readout.conversion_joule
    lines = 256 * architecture.driver.activation_joule
    assert peak["product_joule"] == approx(256 * column + lines)
    assert peak["tops_per_watt"] == approx(2 * 256 * 128 / peak["product_joule"] * 1e-12)
