"""The transistor cards against the published on-resistance and the shape of a MOS transistor."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.resources import device_model


def drain_current(model, gate_volt, drain_volt):
    """Drain current [A] of 0.5 um / 50 nm over swept drain voltages, signs as for n-channel."""
    sign = 1.0 if model == "nmos45" else -1.0
    lines = [
        "one transistor",
        f".include {device_model('cmos45.lib')}",
        ".options reltol=1e-9 abstol=1e-16 gmin=1e-18",
    ]
    names = []
    for k, (gate, drain) in enumerate(np.broadcast(gate_volt, drain_volt)):
        lines.append(f"Vd{k} d{k} 0 {sign * drain}")
        lines.append(f"Vg{k} g{k} 0 {sign * gate}")
        lines.append(f"M{k} d{k} g{k} 0 0 {model} W=0.5u L=50n")
        names.append(f"i(vd{k})")
    answer = xc.spice.run("\n".join(lines), xc.spice.Op(), vectors=names)
    return -sign * np.array([answer[name][0] for name in names])


def test_n_channel_has_the_published_on_resistance():
    assert 0.05 / drain_current("nmos45", [1.0], [0.05])[0] == approx(556.0, rel=0.01)


@pytest.mark.parametrize("model", ["nmos45", "pmos45"])
def test_a_transistor_switches_and_saturates(model):
    off, weak, on, linear = drain_current(model, [0.0, 0.1, 1.0, 1.0], [1.0, 1.0, 1.0, 0.05])
    assert 0.0 < off < 1e-5 * on
    assert 60e-3 < 0.1 / np.log10(weak / off) < 100e-3  # V a decade, 60 mV at best
    assert linear < on < 20.0 * linear  # an ohmic channel would have 20 times the current


def test_p_channel_is_the_weaker_one():
    n, p = (drain_current(model, [1.0], [0.05])[0] for model in ("nmos45", "pmos45"))
    assert 0.25 < p / n < 0.75
