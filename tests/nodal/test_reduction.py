"""The reduction to ports, against the sparse solution and against extended precision."""

import itertools
import pickle
import tracemalloc

import mpmath
import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit.nodal import _blocks, _leaves

SPARSE, FAST = xc.nodal.SparseDirect(), xc.nodal.Hierarchical()
ENDS = [
    (left, right, bottom, top)
    for left, right, bottom, top in itertools.product((None, 0.0, 15.0), repeat=4)
    if not (left is None and right is None) and not (bottom is None and top is None)
]


def random_array(rng, shape):
    return rng.uniform(1e-4, 1e-2, shape) * (rng.random(shape) > 0.2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (6, 1), (3, 4), (17, 20), (33, 9)])
@pytest.mark.parametrize("ideal", ["none", "rows", "columns", "both"])
def test_every_terminal_and_size_equals_the_sparse_solution(shape, ideal):
    rng = np.random.default_rng(7)
    g = random_array(rng, shape)
    g[0, 0] = 1e-2
    volts = rng.uniform(-0.3, 0.3, (2, shape[0]))
    for left, right, bottom, top in rng.permutation(np.array(ENDS, dtype=object))[:6]:
        for lead in (0.0, None):
            xbar = xc.Crossbar(
                conductance=g,
                wires=xc.Wires(
                    row_ohm=0.0 if ideal in ("rows", "both") else 2.0,
                    column_ohm=0.0 if ideal in ("columns", "both") else 3.0,
                    row_lead_ohm=lead,
                    column_lead_ohm=lead,
                ),
                terminals=xc.Terminals(
                    left_ohm=left, right_ohm=right, bottom_ohm=bottom, top_ohm=top
                ),
            )
            exact = xc.nodal.read(xbar, volts, method=SPARSE)
            fast = xc.nodal.read(xbar, volts, method=FAST)
            scale = np.abs(exact.device_current).max()
            np.testing.assert_allclose(
                fast.column_current, exact.column_current, rtol=0, atol=1e-11 * scale
            )
            np.testing.assert_allclose(fast.row_voltage, exact.row_voltage, rtol=0, atol=1e-12)
            np.testing.assert_allclose(
                fast.column_voltage, exact.column_voltage, rtol=0, atol=1e-12
            )
            assert fast.residual.max() < 1e-11


def extended_transfer(g, ohm):
    """The transfer matrix of a square array with default leads, in 50 digits."""
    rows, cols = g.shape
    with mpmath.workdps(50):
        size = 2 * rows * cols
        matrix = mpmath.zeros(size)
        wire = 1 / mpmath.mpf(ohm)

        def join(a, b, siemens):
            for k, m, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
                if k is not None and m is not None:
                    matrix[k, m] += sign * siemens

        for i in range(rows):
            for j in range(cols):
                word, bit = i * cols + j, rows * cols + i * cols + j
                join(word, bit, mpmath.mpf(g[i, j]))
                join(word, word - 1 if j else None, wire)
                join(bit, bit + cols if i + 1 < rows else None, wire)
        drive = mpmath.zeros(size, rows)
        for i in range(rows):
            drive[i * cols, i] = wire
        last = mpmath.lu_solve
        columns = [last(matrix, drive[:, i]) for i in range(rows)]
        bottom = [rows * cols + (rows - 1) * cols + j for j in range(cols)]
        return np.array([[float(wire * v[b]) for b in bottom] for v in columns])


@pytest.mark.parametrize("ohm", [1e-3, 1.0, 1e3])
def test_every_entry_is_accurate_in_itself(ohm):
    rng = np.random.default_rng(11)
    g = 10.0 ** rng.uniform(-9, -3, (4, 5))
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=ohm, column_ohm=ohm))
    exact = extended_transfer(g, ohm)
    np.testing.assert_allclose(xc.nodal.transfer(xbar, method=FAST), exact, rtol=1e-12)


def test_weakly_driven_wires_lose_no_digits():
    rng = np.random.default_rng(12)
    g = 10.0 ** rng.uniform(-9, -3, (40, 40))
    wires = xc.Wires(row_ohm=1e-3, column_ohm=1e-3)
    # 1 Mohm at each end: by reciprocity and scaling the ideal-wire solution is known closely
    ends = xc.Terminals(left_ohm=1e6, bottom_ohm=1e6)
    xbar = xc.Crossbar(conductance=g, wires=wires, terminals=ends)
    ideal = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=0.0, column_ohm=0.0), terminals=ends)
    fast = xc.nodal.transfer(xbar, method=FAST)
    limit = xc.nodal.transfer(ideal, method=FAST)
    np.testing.assert_allclose(fast, limit, rtol=3e-5)
    mirrored = xc.Crossbar(conductance=g.T[::-1, ::-1], wires=wires, terminals=ends)
    np.testing.assert_allclose(
        xc.nodal.transfer(mirrored, method=FAST)[::-1, ::-1].T, fast, rtol=1e-12
    )


def test_the_reduction_refuses_what_is_not_linear():
    xbar = xc.Crossbar(
        conductance=[[1e-3]],
        wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
        cell=xc.devices.Sinh(v0_volt=0.1),
    )
    with pytest.raises(xc.ParameterError, match="linear"):
        xc.nodal.prepare(xbar, method=FAST)


@pytest.mark.parametrize("shape", [(40, 70), (5, 6)])
def test_an_update_is_the_new_array(shape):
    rng = np.random.default_rng(13)
    g = random_array(rng, shape)
    wires, ends = xc.Wires(row_ohm=2.0, column_ohm=3.0), xc.Terminals(right_ohm=0.0)
    first = xc.nodal.prepare(xc.Crossbar(conductance=g, wires=wires, terminals=ends), method=FAST)
    for _ in range(2):
        g = g.copy()
        g[rng.integers(shape[0]), rng.integers(shape[1])] = 2e-2
        changed = xc.Crossbar(conductance=g, wires=wires, terminals=ends)
        first = first.updated(changed)
        whole = xc.nodal.transfer(changed, method=FAST)
        np.testing.assert_allclose(first.transfer(), whole, rtol=1e-12)
        assert first.read(np.ones(shape[0])).residual.max() < 1e-11
    with pytest.raises(xc.ParameterError, match="crossbar"):
        first.updated(xc.Crossbar(conductance=g, wires=wires))


@pytest.mark.parametrize("side", [9, 70])
def test_a_prepared_array_travels_between_processes(side):
    rng = np.random.default_rng(side)
    g = rng.uniform(1e-6, 1e-4, (side, side))
    xbar = xc.Crossbar(conductance=g, wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    other = g.copy()
    other[3, 4] *= 2.0
    volts = rng.uniform(0.0, 0.2, (2, side))
    ready = xc.nodal.prepare(xbar, method=FAST)
    changed = xc.Crossbar(conductance=other, wires=xbar.wires)
    expected = ready.read(volts).row_voltage, ready.updated(changed).transfer()
    back = pickle.loads(pickle.dumps(ready))
    np.testing.assert_array_equal(back.read(volts).row_voltage, expected[0])
    np.testing.assert_array_equal(back.updated(changed).transfer(), expected[1])
    with pytest.raises(xc.ParameterError, match="crossbar"):
        back.updated(other)


def test_compiled_and_numpy_joints_give_the_same_numbers(monkeypatch):
    rng = np.random.default_rng(12)
    g = rng.uniform(1e-6, 25e-6, (2, 40, 70))
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    assert _blocks.kernels() is not None, "numba is part of the environment"
    one = xc.nodal.transfer_tiles(g, wires=wires)
    monkeypatch.setattr(_blocks, "kernels", lambda: None)
    monkeypatch.setattr(_leaves, "_loops", lambda: None)
    two = xc.nodal.transfer_tiles(g, wires=wires)
    np.testing.assert_allclose(two, one, rtol=1e-13, atol=0)


@pytest.mark.parametrize("ideal", list(itertools.product((False, True), repeat=2)))
@pytest.mark.parametrize("shape", [(1, 1), (2, 32), (32, 1), (8, 4), (16, 16), (32, 32)])
def test_patches_reduced_compiled_and_in_numpy_are_the_same(shape, ideal, monkeypatch):
    rng = np.random.default_rng(14)
    kind = _leaves.LeafShape(
        rows=shape[0], cols=shape[1], ideal_rows=ideal[0], ideal_columns=ideal[1]
    )
    for patches in (1, 5, 18):  # fewer than stand side by side, and some over
        siemens = 10.0 ** rng.uniform(-6.0, 0.0, (3, patches, *shape))
        siemens[0][rng.random(siemens[0].shape) < 0.1] = 0.0
        one, kept = _leaves.reduce_leaves(kind, siemens, weights=False)
        assert not kept
        with monkeypatch.context() as patch:
            patch.setattr(_leaves, "_loops", lambda: None)
            two = _leaves.reduce_leaves(kind, siemens, weights=False)[0].copy()
        two[:, range(kind.port_count), range(kind.port_count)] = 0.0  # means nothing there
        assert (one > 0.0).any()
        np.testing.assert_allclose(one, two, rtol=1e-13, atol=0)


@pytest.mark.parametrize("limit", [2_700_000, 5_000_000, 20_000_000])
def test_many_tiles_stay_within_the_memory_that_was_set(limit, tmp_path):
    rng = np.random.default_rng(13)
    g = rng.uniform(1e-6, 25e-6, (24, 40, 48))
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    expected = xc.nodal.transfer_tiles(g, wires=wires)
    out = np.lib.format.open_memmap(tmp_path / "out.npy", mode="w+", shape=g.shape)
    tracemalloc.start()
    found = xc.nodal.transfer_tiles(g, wires=wires, memory_bytes=limit, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= limit
    assert found is out
    np.testing.assert_allclose(np.asarray(out), expected, rtol=1e-13, atol=0)


def test_memory_for_less_than_a_tile_and_foreign_room_are_refused():
    g, wires = np.full((2, 30, 30), 1e-6), xc.Wires(row_ohm=1.0, column_ohm=1.0)
    with pytest.raises(xc.ParameterError, match="memory_bytes: got 1000, expected at least"):
        xc.nodal.transfer_tiles(g, wires=wires, memory_bytes=1000)
    for room in (np.empty((2, 30, 31)), np.empty(g.shape, dtype=np.float32)):
        with pytest.raises(xc.ShapeError, match="out: got shape"):
            xc.nodal.transfer_tiles(g, wires=wires, out=room)
