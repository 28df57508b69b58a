"""Newton's steps by lines: compiled, in NumPy, and against the direct method."""

from dataclasses import dataclass

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.devices import CellResponse
from xbar_circuit.nodal import _batch as batch
from xbar_circuit.nodal import _line_loops as line_loops
from xbar_circuit.nodal._line_steps import LineSteps

ALONE = xc.nodal.NewtonKrylov(fallback=None)


@dataclass(frozen=True)
class Lopsided:
    """A cell that conducts the better the higher its row lies: unequal slopes."""

    tilt: float = 8.0
    loads_row: bool = True
    linear: bool = False

    def zero_bias_conductance(self, conductance):
        return conductance

    def respond(self, row_volt, column_volt, conductance):
        slope = conductance * np.exp(self.tilt * row_volt)
        current = slope * (row_volt - column_volt)
        return CellResponse(
            current=current, row_slope=slope + self.tilt * current, column_slope=-slope
        )

    def spice_preamble(self):
        return ""

    def spice_elements(self, names, row_nodes, column_nodes, conductances):
        raise NotImplementedError


def array(cell, shape=(40, 33), ohm=30.0, **ends):
    rng = np.random.default_rng(3)
    return xc.Crossbar(
        conductance=rng.uniform(1e-6, 25e-6, shape) * (rng.random(shape) > 0.1),
        wires=xc.Wires(row_ohm=ohm, column_ohm=1.5 * ohm, column_lead_ohm=2.0),
        terminals=xc.Terminals(**ends),
        cell=cell,
    )


@pytest.mark.parametrize(
    "cell",
    [Lopsided(8.0), Lopsided(-8.0), Lopsided(loads_row=False), xc.devices.Sinh(v0_volt=0.1)],
)
@pytest.mark.parametrize("ends", [{}, {"top_ohm": 0.0, "left_ohm": None, "right_ohm": 7.0}])
def test_cells_of_any_slopes_go_by_lines_and_equal_the_direct_method(cell, ends):
    xbar = array(cell, **ends)
    volts = np.random.default_rng(4).uniform(-0.05, 0.08, (3, 40))
    ours = xc.nodal.read(xbar, volts, method=ALONE)  # none is left to the direct method
    exact = xc.nodal.read(xbar, volts, method=xc.nodal.Newton())
    error = np.abs(ours.column_current - exact.column_current)
    full = np.abs(exact.device_current).sum(axis=1)
    assert (error <= 1e-10 * full).all()
    assert (error <= ours.column_current_error + exact.column_current_error).all()
    np.testing.assert_allclose(ours.row_voltage, exact.row_voltage, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.column_voltage, exact.column_voltage, rtol=0, atol=1e-12)


def test_lines_and_currents_agree(monkeypatch):
    xbar = array(xc.devices.Sinh(v0_volt=0.1))
    volts = np.random.default_rng(5).uniform(-0.2, 0.3, (3, 40))
    one = xc.nodal.read(xbar, volts, method=ALONE)
    monkeypatch.setattr(LineSteps, "suit", False)
    two = xc.nodal.read(xbar, volts, method=ALONE)
    full = np.abs(one.device_current).sum(axis=1)
    assert (np.abs(one.column_current - two.column_current) <= 1e-12 * full).all()
    assert not np.array_equal(one.column_current, two.column_current), "the same way twice"


@pytest.mark.parametrize("loads_row", [True, False])
@pytest.mark.parametrize("equal", [True, False])
def test_compiled_and_numpy_loops_give_the_same_steps(loads_row, equal, monkeypatch):
    rng = np.random.default_rng(6)
    xbar = array(Lopsided(loads_row=loads_row), (9, 14), 200.0)
    a, excess = rng.uniform(0.0, 1e-4, (2, 2, 9, 14))
    b = a if equal else rng.uniform(0.0, 1e-4, (2, 9, 14))
    volts = rng.uniform(-1.0, 1.0, (2, 9))
    found = []
    for plain in (False, True):
        monkeypatch.setattr(
            "xbar_circuit.nodal._line_steps.loops",
            lambda plain=plain: line_loops.loops(plain=plain),
        )
        steps = LineSteps(xbar, limit=200)
        assert steps.suit
        change = steps.change(a, b, excess, np.full(2, 1e-13))
        found.append((change, *steps.voltages(excess, volts)))
    for own, other in zip(*found, strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-10 * np.abs(other).max())


def test_ideal_wires_go_by_currents():
    xbar = array(xc.devices.Sinh(v0_volt=0.1), ohm=0.0)
    assert not LineSteps(xbar, limit=10).suit
    assert batch.BatchNewton(ALONE, xbar, None, np.zeros((1, 40)))._lines is None
