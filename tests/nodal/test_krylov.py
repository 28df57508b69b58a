"""Batched Newton with conjugate gradients against the direct method and by its own certificate."""

import itertools

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.nodal._lines import Wire

ALONE = xc.nodal.NewtonKrylov(fallback=None)
ENDS = [
    ends
    for ends in itertools.product((None, 0.0, 15.0), repeat=4)
    if not (ends[0] is None and ends[1] is None) and not (ends[2] is None and ends[3] is None)
]


@pytest.mark.parametrize("first", [None, 0.0, 3.0])
@pytest.mark.parametrize("last", [None, 0.0, 5.0])
@pytest.mark.parametrize("segment", [0.0, 2.0])
@pytest.mark.parametrize("cells", [1, 6, 450])
def test_the_drop_along_a_wire_is_the_inverse_of_its_chain(first, last, segment, cells):
    if first is None and last is None:
        return
    wire = Wire(cells, segment, first, last)
    current = np.random.default_rng(1).uniform(-1e-3, 1e-3, (2, cells))
    drop = wire.drop_along(current)
    ohm = (first or 0.0) + (last or 0.0) + segment * cells
    rounding = 1e-14 * ohm * np.abs(current).sum(axis=1).max()  # some drops are rightly zero
    assert np.abs(drop - current @ wire.matrix).max() <= rounding
    across = wire.drop_across(current.T[np.newaxis])
    assert np.abs(across[0].T - drop).max() <= rounding
    assert np.linalg.eigvalsh(wire.matrix).max() <= wire.largest * (1 + 1e-12)
    if segment > 0.0:  # Kirchhoff at every node that is not held
        flow = np.diff(drop, axis=1) / segment
        balance = current.copy()
        balance[:, :-1] += flow
        balance[:, 1:] -= flow
        for end, node in ((first, 0), (last, -1)):
            if end:
                balance[:, node] -= drop[:, node] / end
            elif end == 0.0:
                np.testing.assert_allclose(drop[:, node], 0.0, atol=1e-13)
                balance[:, node] = 0.0
        np.testing.assert_allclose(balance, 0.0, atol=1e-11)


@pytest.mark.parametrize("cell", [xc.devices.Ohmic(), xc.devices.Sinh(v0_volt=0.1)])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (20, 9)])
@pytest.mark.parametrize("row_ohm", [0.0, 2.0])
@pytest.mark.parametrize("column_ohm", [0.0, 3.0])
def test_every_topology_equals_the_direct_solution(cell, shape, row_ohm, column_ohm):
    rng = np.random.default_rng(5)
    g = rng.uniform(1e-4, 1e-2, shape) * (rng.random(shape) > 0.2)
    g[0, 0] = 1e-2
    volts = rng.uniform(-0.3, 0.3, (3, shape[0]))
    for left, right, bottom, top in ENDS[::5]:
        xbar = xc.Crossbar(
            conductance=g,
            wires=xc.Wires(row_ohm=row_ohm, column_ohm=column_ohm),
            terminals=xc.Terminals(left_ohm=left, right_ohm=right, bottom_ohm=bottom, top_ohm=top),
            cell=cell,
        )
        direct = xc.nodal.read(xbar, volts, method=xc.nodal.Newton())
        fast = xc.nodal.read(xbar, volts, method=ALONE)
        scale = np.abs(direct.device_current).max()
        np.testing.assert_allclose(
            fast.column_current, direct.column_current, rtol=0, atol=1e-10 * scale
        )
        assert fast.residual.max() < 1e-10


@pytest.mark.parametrize("ohm", [0.0, 0.01, 0.35, 1.0, 30.0, 100.0])
def test_sinh_converges_for_every_segment_and_read_voltage(ohm):
    rng = np.random.default_rng(6)
    g = rng.uniform(1e-6, 25e-6, (64, 50)) * (rng.random((64, 50)) > 0.05)
    xbar = xc.Crossbar(
        conductance=g,
        wires=xc.Wires(row_ohm=ohm, column_ohm=ohm),
        cell=xc.devices.Sinh(v0_volt=0.1),
    )
    signs = rng.uniform(-1.0, 1.0, (3, 64)) * np.array([[0.1], [1.0], [10.0]]) * 0.1
    volts = np.concatenate([signs, np.ones((1, 64)), rng.uniform(0.8, 1.0, (1, 64))])
    result = xc.nodal.read(xbar, volts, method=ALONE)  # without the direct method's help
    assert result.converged.all()
    assert result.residual.max() < 1e-10
    assert result.iterations.max() <= 15
    direct = xc.nodal.read(xbar, volts[2:4], method=xc.nodal.Newton())
    scale = np.abs(direct.column_current).max(axis=1, keepdims=True)
    gap = np.abs(result.column_current[2:4] - direct.column_current)
    assert (gap <= 1e-9 * scale).all()


@pytest.mark.parametrize("cell", [xc.devices.Sinh(v0_volt=0.05), xc.devices.Ohmic()])
@pytest.mark.parametrize("side", [8, 12, 40])
def test_samples_do_not_disturb_each_other(cell, side):
    rng = np.random.default_rng(7)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-6, 1e-4, (side, 10)),
        wires=xc.Wires(row_ohm=5.0, column_ohm=5.0),
        cell=cell,
    )
    scale = np.array([1e-3, 0.1, 1.0, 1.0, 2.0])[:, np.newaxis]  # from mild to hard
    volts = np.concatenate([np.zeros((1, side)), scale * rng.uniform(-0.3, 0.3, (5, side))])
    ready = xc.nodal.prepare(xbar, method=ALONE)
    together = ready.read(volts)
    for k, own in enumerate(volts):
        alone = ready.read(own)
        for name in ("row_voltage", "column_voltage", "column_current"):
            np.testing.assert_array_equal(getattr(together, name)[k], getattr(alone, name)[0])
    assert (together.column_current[0] == 0.0).all()


def test_a_sample_that_fails_twice_is_named():
    rng = np.random.default_rng(8)
    xbar = xc.Crossbar(
        conductance=rng.uniform(1e-4, 1e-2, (6, 6)),
        wires=xc.Wires(row_ohm=10.0, column_ohm=10.0),
        cell=xc.devices.Sinh(v0_volt=0.02),
    )
    volts = np.stack([np.full(6, 1e-6), np.full(6, 0.5)])
    method = xc.nodal.NewtonKrylov(steps=2, fallback=xc.nodal.Newton(steps=2))
    with pytest.raises(xc.ConvergenceError) as caught:
        xc.nodal.read(xbar, volts, method=method)
    assert caught.value.failed == (1,)
    assert np.isfinite(caught.value.result.column_current[0]).all()
    assert np.isnan(caught.value.result.column_current[1]).all()
    rescued = xc.nodal.read(xbar, volts, method=xc.nodal.NewtonKrylov(steps=2))
    assert rescued.residual.max() < 1e-10


@pytest.mark.parametrize("cell", [xc.devices.Sinh(v0_volt=0.1), xc.devices.Ohmic()])
def test_conductances_may_lie_in_any_order_in_memory(cell):
    g = np.random.default_rng(9).uniform(1e-6, 1e-4, (7, 9)) * (np.eye(7, 9) < 1)
    wires = xc.Wires(row_ohm=2.0, column_ohm=3.0)
    one, other = (
        xc.nodal.read(xc.Crossbar(conductance=m, wires=wires, cell=cell), np.ones(7), method=ALONE)
        for m in (np.ascontiguousarray(g), np.asfortranarray(g))
    )
    np.testing.assert_allclose(one.column_current, other.column_current, rtol=1e-12)
    assert other.residual.max() < 1e-11


DIODE = np.linspace(-0.4, 0.4, 33)
STEEP = [
    xc.cells.OneS1R(),
    xc.cells.OneS1R(device=xc.devices.Sinh(v0_volt=0.3)),  # its node by the general method
    xc.devices.IvTable(
        volts=tuple(DIODE),
        currents=(tuple(2e-8 * np.expm1(DIODE / 0.05) + 3e-7 * DIODE),),
        symmetric=False,
    ),
]


@pytest.mark.parametrize("cell", STEEP)
@pytest.mark.parametrize("ohm", [1.0, 100.0])
def test_cells_that_open_with_the_voltage_start_at_the_inputs(cell, ohm):
    rng = np.random.default_rng(3)
    known = getattr(cell, "conductances", None)
    g = np.full((24, 16), known[0]) if known else rng.uniform(1e-6, 25e-6, (24, 16))
    volts = rng.uniform(0.0, 0.35, (3, 24))
    volts[2] = 1e-3  # too little to open a cell: from 0 V, alone of its batch
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=ohm, column_ohm=ohm), cell=cell)
    many = xc.nodal.read(xbar, volts, method=ALONE)
    exact = xc.nodal.read(xbar, volts, method=xc.nodal.Newton())
    scale = np.abs(exact.column_current).max(axis=1, keepdims=True)
    assert (np.abs(many.column_current - exact.column_current) <= 1e-11 * scale).all()
    assert many.iterations.max() <= 5
    alone = np.vstack([xc.nodal.read(xbar, v, method=ALONE).column_current for v in volts])
    np.testing.assert_array_equal(many.column_current, alone)


class Guarded(xc.devices.Sinh):
    """A device that refuses what it would see if wires had no resistance."""

    refused = 0

    def respond(self, row_volt, column_volt, conductance):
        if np.abs(row_volt - column_volt).max() > 0.3:
            Guarded.refused += 1
            raise xc.errors.ParameterError("more than 0.3 V across a cell")
        return super().respond(row_volt, column_volt, conductance)


def test_a_cell_may_refuse_the_inputs_without_the_wires():
    g = np.full((20, 20), 1e-4)
    wires = xc.Wires(row_ohm=50.0, column_ohm=50.0, row_lead_ohm=2000.0)
    volts = np.full((1, 20), 0.35)
    reads = [
        xc.nodal.read(
            xc.Crossbar(conductance=g, wires=wires, cell=kind(v0_volt=0.02)), volts, method=ALONE
        ).column_current
        for kind in (Guarded, xc.devices.Sinh)
    ]
    assert Guarded.refused == 1
    np.testing.assert_allclose(*reads, rtol=1e-11)
