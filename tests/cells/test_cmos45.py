"""The transistor cards against published numbers and the shape of a MOS transistor."""

import re

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


# 1 um / 100 nm, 0.6 V on the gate, 0.55 V and 1.0 V on the drain: current [A] and gm / gds.
# FreePDK45: its NMOS_VTG and PMOS_VTG (freepdk45_nom.spi) by a deck written by hand, in ngspice 46;
# tests/peripherals/test_real_kits.py measures them again
FREEPDK45 = {
    "nmos45": ((104.965e-6, 60.56), (110.251e-6, 68.74)),
    "pmos45": ((55.934e-6, 47.01), (59.451e-6, 51.32)),
}
AS_IT_IS = {
    "nmos45": ((105.645e-6, 17.97), (343.801e-6, 1.27)),
    "pmos45": ((49.529e-6, 25.85), (135.461e-6, 1.25)),
}
MENDED = {
    "nmos45": ((104.374e-6, 58.32), (110.218e-6, 62.62)),
    "pmos45": ((49.266e-6, 51.43), (52.515e-6, 44.25)),
}


def operating_points(model, cards, drain_volts=(0.55, 1.0)):
    """Current [A] and gm / gds (points, 2) of 1 um / 100 nm with 0.6 V on the gate."""
    sign = -1.0 if model.startswith("p") else 1.0
    lines = ["operating points", cards, f"Vg g 0 {sign * 0.6}"]
    for k, drain in enumerate(drain_volts):
        lines += [f"Vd{k} d{k} 0 {sign * drain}", f"M{k} d{k} g 0 0 {model} W=1u L=100n"]
    names = [f"@m{k}[{what}]" for k in range(len(drain_volts)) for what in ("id", "gm", "gds")]
    answer = xc.spice.run("\n".join(lines), xc.spice.Op(), vectors=names)
    current, gm, gds = np.array([answer[name][0] for name in names]).reshape(-1, 3).T
    return np.stack([np.abs(current), gm / gds], axis=1)


def mended(cards):
    """The cards with the lines that their head names."""
    lines = dict(re.findall(r"^\*   ([np]mos45):  (\+ pscbe1=.*)$", cards, re.MULTILINE))
    assert len(lines) == 2
    for model, line in lines.items():
        cards = re.sub(rf"(?m)^(\.model {model} .*)$", rf"\1\n{line}", cards)
    return cards


@pytest.mark.parametrize("model", FREEPDK45)
def test_output_conductance_is_what_the_card_says_of_it(model):
    cards = device_model("cmos45.lib").read_text()
    assert operating_points(model, cards) == approx(np.array(AS_IT_IS[model]), rel=0.01)
    better = operating_points(model, mended(cards))
    assert better == approx(np.array(MENDED[model]), rel=0.01)
    assert better == approx(np.array(FREEPDK45[model]), rel=0.15)
