"""Random arrays of any scale against an independent elimination in extended precision."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from array_fuzz import crossbar_of, fuzz
from array_truth import Network, random_array, truth

import xbar_circuit as xc


def matrix_truth(array):
    """Solve Kirchhoff's equations as they stand, with 80 digits."""
    network = Network(array)
    n = network.free
    with mpmath.workdps(80):
        matrix, right = mpmath.zeros(n, n), mpmath.zeros(n, 1)
        volts = [mpmath.mpf(float(v)) for v in array.volts] + [mpmath.mpf(0)] * network.cols
        ohms = [(a, b, mpmath.mpf(1) / mpmath.mpf(r)) for a, b, r in network.ohms]
        devices = [
            (a, b, mpmath.mpf(float(g)))
            for a, b, g in zip(network.row, network.column, network.device, strict=True)
        ]
        for a, b, g in ohms + devices:
            for one, other in ((int(a), int(b)), (int(b), int(a))):
                if one >= n or a == b:
                    continue
                matrix[one, one] += g
                if other < n:
                    matrix[one, other] -= g
                else:
                    right[one] += g * volts[other - n]
        solved = mpmath.lu_solve(matrix, right) if n else mpmath.zeros(0, 1)
        every = [solved[k] for k in range(n)] + volts
        current = [mpmath.mpf(0)] * network.cols
        for a, b, g in ohms + devices:
            for one, other in ((int(a), int(b)), (int(b), int(a))):
                if other >= network.first_sense and one != other:
                    current[other - network.first_sense] += g * every[one]
        return [float(i) for i in current]


def test_the_truth_is_that_of_a_matrix_with_eighty_digits():
    rng = np.random.default_rng(8)
    for _ in range(12):
        array = replace(random_array(rng, 4, sinh_share=0.0))
        current, scale = truth(array)
        apart = np.abs(current.astype(float) - matrix_truth(array))
        assert (apart <= 1e-14 * scale).all()


@pytest.mark.parametrize("seed", range(5))
def test_no_answer_is_wrong_and_none_is_off_by_more_than_its_bound(seed):
    tally = fuzz(50, seed, largest=16, spice_every=12)
    assert not tally.found
    refused = {
        name: count["refused"]
        for name, count in tally.counts.items()
        # ngspice's matrix loses digits
        if count["refused"] and not name.startswith("spice")
    }
    assert not refused
    right = {name: count["right"] for name, count in tally.counts.items()}
    assert right["nodal.read"] + right["nodal.read sinh"] == 50


def on_its_side(array):
    """Return the array with columns driven and rows sensed."""
    return replace(
        array,
        conductance=array.conductance.T,
        row_ohm=array.column_ohm,
        column_ohm=array.row_ohm,
        row_lead=array.column_lead,
        column_lead=array.row_lead,
        left=array.top,
        right=array.bottom,
        top=array.left,
        bottom=array.right,
    )


def admittance(array, column):
    """Return what one column's terminals see with all others at 0 V: its devices' currents."""
    turned = on_its_side(array)
    network = Network(turned)
    volt, _ = network.solve(network.device, np.eye(network.rows)[:, [column]])
    own = np.nonzero(turned.conductance)[0] == column
    across = volt[network.row[own], 0] - volt[network.column[own], 0]
    return float((network.device[own] * across).sum())


@pytest.mark.parametrize("seed", range(4))
def test_gradients_are_those_of_the_adjoint(seed):
    """Also where devices that conduct far better than the wires drop next to nothing."""
    rng = np.random.default_rng(100 + seed)
    for _ in range(20):
        array = random_array(rng, 12, sinh_share=0.0)
        network, turned = Network(array), Network(on_its_side(array))
        column = int(rng.integers(network.cols))
        found = xc.nodal.gradients(crossbar_of(array), array.volts, np.eye(network.cols)[column])
        v, current = network.solve(network.device, array.volts[:, None].astype(np.longdouble))
        z, _ = turned.solve(turned.device, np.eye(turned.rows)[:, [column]])
        across = np.zeros(array.conductance.T.shape, dtype=np.longdouble)
        across[array.conductance.T > 0.0] = (z[turned.row] - z[turned.column])[:, 0]
        drop = (v[network.row] - v[network.column])[:, 0]
        expected = network.device * drop * across.T[array.conductance > 0.0]
        own = (array.conductance * found.conductance)[array.conductance > 0.0]
        assert np.abs(own - expected).max() <= 1e-6 * np.abs(expected).max()
        assert abs(found.value - current[column, 0]) <= found.value_error


def test_the_gradient_of_a_device_that_drops_next_to_nothing():
    """One device of 1e9 S behind a megohm: its current is the wire's, its voltage 1e-16 of it."""
    xbar = xc.Crossbar(
        conductance=[[1e9, 1e-6]],
        wires=xc.Wires(row_ohm=1e3, column_ohm=1.0, row_lead_ohm=1e6),
        terminals=xc.Terminals(bottom_ohm=1e6),
    )
    found = xc.nodal.gradients(xbar, [0.5], [1.0, 0.0])
    with mpmath.workdps(50):
        one, other = 1 + 1 / mpmath.mpf(1e9) + 1e6, 1e3 + 1 / mpmath.mpf(1e-6) + 1 + 1e6
        both = 1 / (1 / one + 1 / other)
        drive = mpmath.mpf(0.5) * both / (both + 10**6)
        current = drive / one
        # the derivative of drive / one to one, at a driver of a megohm, times that of one to g
        slope = -current * (1 - both / one * 10**6 / (both + 10**6)) / one
        expected = float(-slope / mpmath.mpf(1e9) ** 2)
    assert abs(found.conductance[0, 0] / expected - 1.0) <= 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_that_of_the_admittance_or_refused(seed):
    rng = np.random.default_rng(200 + seed)
    given = 0
    for _ in range(15):
        array = random_array(rng, 8, sinh_share=0.0)
        xbar = crossbar_of(array)
        try:
            found = xc.nodal.noise(xbar, array.volts, [1e3], celsius=26.85)
        except xc.ConvergenceError:
            continue
        given += 1
        total = (found.device_thermal + found.wire_thermal)[0]
        for column in range(xbar.cols):
            expected = 4 * 1.380649e-23 * 300.0 * admittance(array, column)
            assert abs(total[column] - expected) <= 2e-9 * expected
    assert given >= 12
