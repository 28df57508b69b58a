"""The plain algorithms: sparse direct and Newton, on everything a crossbar may be."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import brentq

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.devices.cell import CellResponse

ENDS = [
    xc.Terminals(),
    xc.Terminals(left_ohm=50.0, bottom_ohm=20.0),
    xc.Terminals(right_ohm=0.0, top_ohm=0.0),
    xc.Terminals(left_ohm=None, right_ohm=10.0, bottom_ohm=None, top_ohm=0.0),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A transconductance whose row only drives a gate: ``I = g * vr * (2 + vr) - 0.3 * g * vc``."""

    linear: bool = False
    loads_row: bool = False

    def zero_bias_conductance(self, conductance):
        return conductance

    def respond(self, row_volt, column_volt, conductance):
        return CellResponse(
            current=conductance * (row_volt * (2 + row_volt) - 0.3 * column_volt),
            row_slope=conductance * (2 + 2 * row_volt),
            column_slope=np.broadcast_to(-0.3 * conductance, row_volt.shape),
        )

    def spice_preamble(self):
        return ""

    def spice_elements(self, names, row_nodes, column_nodes, conductances):
        return []


def some_array(seed, shape=(4, 3), **wires):
    rng = np.random.default_rng(seed)
    g = rng.uniform(1e-4, 1e-2, shape) * (rng.random(shape) > 0.2)
    volts = rng.uniform(-0.5, 0.5, (3, shape[0]))
    return g, volts


@pytest.mark.parametrize("terminals", ENDS)
@pytest.mark.parametrize("row_ohm", [0.0, 3.0])
@pytest.mark.parametrize("column_ohm", [0.0, 5.0])
@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.1), Gate()])
def test_every_topology_obeys_kirchhoff(terminals, row_ohm, column_ohm, cell):
    g, volts = some_array(1)
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=row_ohm, column_ohm=column_ohm),
        terminals=terminals,
        cell=cell,
    )
    result = xc.nodal.read(xbar, volts)
    assert result.residual.max() < 1e-11
    assert np.abs(result.column_current).max() > 1e-4


@pytest.mark.parametrize("ends", ENDS)
def test_ideal_wires_are_the_limit_of_good_wires(ends):
    g, volts = some_array(2)

    def current(row, column):
        wires = xc.Wires(row_ohm=row, column_ohm=column, row_lead_ohm=0.0, column_lead_ohm=0.0)
        xbar = xc.Crossbar(conductance=g, wires=wires, terminals=ends)
        return xc.nodal.read(xbar, volts).column_current

    limit = current(0.0, 0.0)
    far, near = (np.abs(current(ohm, ohm) - limit).max() for ohm in (2e-3, 1e-3))
    assert far / near == approx(2.0, rel=1e-3)  # first order in the segment


def test_newton_on_a_linear_array_is_the_linear_solution():
    g, volts = some_array(3)
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    direct = xc.nodal.read(xbar, volts, method=xc.nodal.SparseDirect())
    newton = xc.nodal.read(xbar, volts, method=xc.nodal.Newton())
    np.testing.assert_allclose(newton.column_current, direct.column_current, rtol=1e-12)
    stars = xc.nodal.read(xbar, volts, method=xc.nodal.Direct())
    np.testing.assert_allclose(stars.column_current, direct.column_current, rtol=1e-12)
    np.testing.assert_allclose(stars.row_voltage, direct.row_voltage, rtol=1e-12)
    np.testing.assert_allclose(
        xc.nodal.transfer(xbar, method=xc.nodal.Newton()), xc.nodal.transfer(xbar), rtol=1e-11
    )


@pytest.mark.parametrize("volt", [0.01, 0.3, 1.0, 3.0])
def test_one_sinh_cell_in_series_with_its_wires(volt):
    cell = xc.devices.Sinh(v0_volt=0.1)
    xbar = xc.Crossbar(
        conductance=[[1e-3]], wires=xc.Wires(row_ohm=30.0, column_ohm=70.0), cell=cell
    )
    current = brentq(
        lambda i: i - 1e-3 * 0.1 * np.sinh((volt - 100.0 * i) / 0.1), 0.0, volt / 100, xtol=1e-18
    )
    result = xc.nodal.read(xbar, [volt])
    assert result.column_current[0, 0] == approx(current, rel=1e-12)


def test_newton_reaches_currents_far_below_the_rounding_of_its_drivers():
    """Nanoamperes on wires of ohms: the rounding of row voltages alone exceeds the tolerance."""
    rng = np.random.default_rng(6)
    for _ in range(20):
        xbar = xc.Crossbar(
            conductance=rng.uniform(1e-8, 1e-6, (4, 3)),
            wires=xc.Wires(row_ohm=rng.uniform(0.1, 20.0), column_ohm=rng.uniform(0.1, 20.0)),
            cell=xc.devices.Sinh(v0_volt=0.1),
        )
        volts = rng.uniform(-0.3, 0.3, (2, 4))
        direct = xc.nodal.read(xbar, volts, method=xc.nodal.Newton())
        assert direct.residual.max() < 1e-10
        np.testing.assert_allclose(
            direct.column_current, xc.nodal.read(xbar, volts).column_current, rtol=1e-9
        )


@pytest.mark.parametrize("method", [None, xc.nodal.Newton()])
@pytest.mark.parametrize(("volt", "ohm"), [(80.0, 0.0), (1e30, 1.0)])
def test_an_overflow_is_no_solution(method, volt, ohm):
    xbar = xc.Crossbar(
        conductance=np.full((4, 3), 1e-5),
        wires=xc.Wires(row_ohm=ohm, column_ohm=2.0 * ohm),
        cell=xc.devices.Sinh(v0_volt=0.1),
    )
    with pytest.raises(xc.ConvergenceError) as caught:
        xc.nodal.read(xbar, [[0.1] * 4, [volt] * 4], method=method)
    assert caught.value.failed == (1,)
    assert np.isfinite(caught.value.result.column_current[0]).all()


@pytest.mark.parametrize("segment", [1e-12, 1e-9, 1e-6])
def test_nearly_ideal_wires_behind_large_terminals_keep_their_digits(segment):
    """All devices of a row in parallel, in series with driver and sense: a divider each."""
    g = np.array([[1e-5], [2e-5]])
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=segment, column_ohm=segment),
        terminals=xc.Terminals(left_ohm=1e6, bottom_ohm=1.0),
    )
    through = g[:, 0] / (1.0 + 1e6 * g[:, 0])
    expected = through / (1.0 + through.sum())
    np.testing.assert_allclose(xc.nodal.transfer(xbar)[:, 0], expected, rtol=1e-12 + 4 * segment)


def test_what_lu_cannot_factorise_is_solved_without_it():
    xbar = xc.Crossbar(
        conductance=np.full((3, 3), 1e3), wires=xc.Wires(row_ohm=1e18, column_ohm=1e18)
    )
    for method in (None, xc.nodal.SparseDirect(), xc.nodal.Newton()):
        current = xc.nodal.read(xbar, np.ones(3), method=method).column_current
        assert current[0, 0] == approx(0.5e-18, rel=1e-12)


def test_the_wires_limit_what_an_exponential_can_carry():
    xbar = xc.Crossbar(
        conductance=[[1e-5]],
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0),
        cell=xc.devices.Sinh(v0_volt=0.1),
    )
    result = xc.nodal.read(xbar, [80.0])
    current = float(result.column_current[0, 0])
    drop = 0.1 * np.arcsinh(current / 1e-6)
    assert 3.0 * current + drop == approx(80.0, rel=1e-12)
    assert result.column_current_error[0, 0] < 1e-11 * current


@pytest.mark.parametrize("method", [None, xc.nodal.Newton(), xc.nodal.NewtonKrylov()])
def test_a_floating_column_keeps_the_digits_of_its_small_current(method):
    """1 S and 1 uS pull a column apart that leaks through 100 kohm."""
    xbar = xc.Crossbar(
        conductance=[[1.0], [1e-6]],
        wires=xc.Wires(row_ohm=1e-6, column_ohm=1e-8),
        terminals=xc.Terminals(bottom_ohm=1e5),
        cell=xc.devices.Sinh(v0_volt=1.0),
    )
    result = xc.nodal.read(xbar, [1.0, -0.5], method=method)
    assert result.column_current[0, 0] == approx(9.999879e-6, rel=1e-7)
    assert result.column_current_error[0, 0] <= 1e-9 * result.column_current[0, 0]


@pytest.mark.parametrize("method", [None, xc.nodal.Newton(), xc.nodal.NewtonKrylov()])
def test_infinite_currents_are_refused(method):
    xbar = xc.Crossbar(
        conductance=[[1e-9]],
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        cell=xc.devices.Sinh(v0_volt=1e-3),
    )
    with pytest.raises(xc.ConvergenceError) as caught:
        xc.nodal.read(xbar, [1.0], method=method)
    assert np.isnan(caught.value.result.column_current).all()


def test_prepared_reads_leave_no_trace():
    g, volts = some_array(4)
    for cell in (xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.1)):
        xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0), cell=cell)
        ready = xc.nodal.prepare(xbar)
        first = ready.read(volts).column_current
        ready.read(100.0 * volts if cell.linear else 3.0 * volts)
        np.testing.assert_array_equal(ready.read(volts).column_current, first)
        assert ready.crossbar is xbar


def test_a_failed_sample_is_named_and_the_others_are_kept():
    g, volts = some_array(5)
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=10.0, column_ohm=10.0),
        cell=xc.devices.Sinh(v0_volt=0.02),
    )
    volts = np.stack([volts[0] * 1e-6, volts[1] * 4.0, volts[2] * 1e-6])
    with pytest.raises(xc.ConvergenceError, match="samples") as caught:
        xc.nodal.read(xbar, volts, method=xc.nodal.Newton(steps=3))
    error = caught.value
    assert error.failed == (1,)
    assert np.isnan(error.result.column_current[1]).all()
    assert np.isnan(error.result.row_voltage[1]).all()
    assert np.isfinite(error.result.column_current[[0, 2]]).all()
    assert error.result.converged.tolist() == [True, False, True]
    assert "samples [1]" in error.result.status


def test_a_nonlinear_array_has_no_transfer_matrix():
    g, _ = some_array(6)
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
        cell=xc.devices.Sinh(v0_volt=0.1),
    )
    with pytest.raises(xc.ParameterError, match="linear"):
        xc.nodal.transfer(xbar)
    with pytest.raises(xc.ParameterError, match="linear"):
        xc.nodal.read(xbar, np.ones(4), method=xc.nodal.SparseDirect())


@pytest.mark.parametrize(
    "setting", [{"tolerance": 0.0}, {"tolerance": np.nan}, {"steps": 0}, {"steps": 2.5}]
)
def test_bad_settings_are_refused(setting):
    with pytest.raises(xc.ParameterError):
        xc.nodal.Newton(**setting)


@pytest.mark.parametrize(
    "volts", [np.ones(3), np.full(4, np.nan), np.ones((2, 5)), np.empty((0, 4)), "1234"]
)
def test_bad_volts_are_refused(volts):
    g, _ = some_array(7)
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=1.0, column_ohm=1.0))
    with pytest.raises((xc.ShapeError, xc.ParameterError)):
        xc.nodal.read(xbar, volts)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((8, 8), xc.nodal.Direct()),
        ((16, 16), xc.nodal.Direct()),
        ((96, 5), xc.nodal.Direct()),
        ((32, 64), xc.nodal.Hierarchical()),
        ((96, 31), xc.nodal.Hierarchical()),
        ((64, 64), xc.nodal.Hierarchical()),
    ],
)
def test_an_array_is_prepared_by_the_method_measured_to_be_faster(shape, expected):
    # in all of these the other one takes at least 1.8 times as long
    xbar = xc.Crossbar(
        conductance=np.full(shape, 1e-6), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    )
    ready = xc.nodal.prepare(xbar)
    assert type(ready) is type(expected.prepare(xbar))
