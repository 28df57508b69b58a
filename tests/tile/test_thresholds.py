"""A read-out's model that converts by measured thresholds."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.peripherals import Dac, OpAmp, Readout, Sar, TransimpedanceAmplifier
from xbar_circuit.tile import fit_readout


def tile():
    conductance = np.random.default_rng(1).uniform(2e-6, 20e-6, (4, 1))
    xbar = xc.Crossbar(conductance=conductance, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    amplifier = TransimpedanceAmplifier(
        opamp=OpAmp(dc_gain=2000.0, unity_hertz=1e10), feedback_ohm=10e3, reference_volt=0.5
    )
    errors = (0.04, -0.06, 0.03, 0.0, 0.0, 0.0)
    converter = Sar(bits=5, low_volt=0.2, high_volt=0.8, capacitor_errors=errors)
    return xc.Tile(
        xbar, Dac(full_scale_volt=0.4), Readout(amplifier=amplifier, converter=converter)
    )


def fitted(**settings):
    found = fit_readout(
        tile(), rng=np.random.default_rng(2), samples=24, held_out=40, analog=False, **settings
    )
    return found.tile.model


def test_measured_thresholds_are_the_models_and_tell_more_than_a_wrong_formula():
    own = tile().readout.converter.edges()
    even = Sar(bits=5, low_volt=0.2, high_volt=0.8).edges()
    measured, wrong = fitted(thresholds=own), fitted(thresholds=even)
    assert measured.thresholds == tuple(own)
    assert measured.held_out.equal > wrong.held_out.equal + 0.1


@pytest.mark.parametrize("wrong", [[0.1, 0.2], [np.nan] * 31])
def test_thresholds_that_are_not_all_known_are_refused(wrong):
    with pytest.raises(xc.ParameterError, match=r"thresholds.*all 31.*bracketed"):
        fitted(thresholds=wrong)
