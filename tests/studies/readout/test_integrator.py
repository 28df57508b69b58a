"""The charge integrator's bench against its closed form."""

import json

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.peripherals import ChargeIntegrator, OpAmp, TransimpedanceAmplifier
from xbar_circuit.studies import characterize_integrator


def test_gain_offset_and_swing_of_a_known_integrator(tmp_path):
    conductance = np.random.default_rng(2).uniform(2e-6, 40e-6, (8, 2))
    xbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    opamp = OpAmp(dc_gain=500.0, unity_hertz=2e10, offset_volt=3e-3, supply_ampere=80e-6)
    integrator = ChargeIntegrator(
        opamp=opamp, farad=2e-12, window_second=20e-9, reset_second=3e-9, switch_ohm=30.0
    )
    report = characterize_integrator(
        integrator, crossbar=xbar, pattern=np.full(8, 0.15), overdrive=4.0, folder=tmp_path
    )
    # the input's resistance takes its share from the column's own
    source = 1.0 / xc.nodal.transfer(xbar)[:, 0].sum()
    share = source / (source + integrator.input_ohm)
    held, slope = integrator.output_line
    assert report.gain_ohm == approx(-slope * share, rel=2e-3)
    # without input the op-amp's offset drives the column for a window
    idle = held + slope * (0.5 - integrator.input_volt) / source
    assert report.offset_volt == approx(idle - 0.5, rel=0.02)
    assert report.nonlinearity_volt < 1e-3
    assert 0.9 < report.swing_high_volt < 1.01
    assert report.power_watt == approx(80e-6, rel=1e-3)
    assert list((tmp_path / "decks").glob("*.cir"))
    json.dumps(report.to_dict(), allow_nan=False)


def test_another_amplifier_is_refused():
    xbar = xc.Crossbar(conductance=[[1e-6]], wires=xc.Wires(row_ohm=0.0, column_ohm=0.0))
    other = TransimpedanceAmplifier(opamp=OpAmp(), feedback_ohm=1e3)
    with pytest.raises(xc.ParameterError, match="characterize_amplifier"):
        characterize_integrator(other, crossbar=xbar)
