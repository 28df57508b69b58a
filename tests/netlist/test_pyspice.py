"""The crossbar as a PySpice circuit: the same answer, with and without a user's own parts."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.spice import Dc, Op, run


def make(cell, **ends):
    rng = np.random.default_rng(4)
    return xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, (3, 1)),
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0),
        terminals=xc.Terminals(**ends),
        cell=cell,
    )


@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.1)])
def test_its_text_gives_what_the_engines_give(cell):
    xbar, volts = make(cell), np.array([[0.2, 0.1, 0.15], [0.0, -0.2, 0.1]])
    expected = xc.nodal.read(xbar, volts).column_current[:, 0]
    one = run(str(xc.netlist.circuit(xbar, volts[0])), Op())
    assert one["i(vbottom_0)"] == approx(expected[:1], rel=1e-9)
    assert "klu" in one.said.lower()
    start, stop, step = xc.netlist.sweep_bounds(len(volts))
    both = run(
        str(xc.netlist.circuit(xbar, volts)), Dc(source="temp", start=start, stop=stop, step=step)
    )
    assert both["i(vbottom_0)"] == approx(expected, rel=1e-9)


def test_a_part_of_ones_own_takes_the_place_of_the_virtual_ground():
    cell = xc.devices.Sinh(v0_volt=0.1)
    parts = xc.netlist.circuit(make(cell), [0.2, 0.1, 0.15])
    parts["Vbottom_0"].detach()
    parts.R("load", "bottom_0", parts.gnd, 1e3)
    current = run(str(parts), Op())["v(bottom_0)"] / 1e3
    loaded = xc.nodal.read(make(cell, bottom_ohm=1e3), [0.2, 0.1, 0.15])
    assert current == approx(loaded.column_current[0], rel=1e-9)


def test_tolerances_may_be_ones_own():
    loose = xc.netlist.SpiceOptions(reltol=1e-4, klu=False)
    text = str(xc.netlist.circuit(make(xc.devices.Ohmic()), [0.1] * 3, options=loose))
    assert loose.line() in text
    with pytest.raises(xc.ParameterError, match="options"):
        xc.netlist.circuit(make(xc.devices.Ohmic()), [0.1] * 3, options="loose")
