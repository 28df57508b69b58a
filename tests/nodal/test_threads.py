"""Threads: BLAS gets its own back, and no result depends on how many there are."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import xbar_circuit as xc
from xbar_circuit.nodal._threads import spread, threads


def blas_threads():
    return {part["num_threads"] for part in threadpool_info() if part["user_api"] == "blas"}


def test_blas_is_held_and_released():
    with threadpool_limits(limits=2, user_api="blas"):
        with threads() as count:
            assert count == 2
            assert blas_threads() == {1}
            with threads() as inner:
                assert inner == 1
            assert blas_threads() == {1}
        assert blas_threads() == {2}
        with pytest.raises(ZeroDivisionError), threads():
            spread(lambda k: 1 // k, [1, 0, 2], 2)
        assert blas_threads() == {2}


def test_holders_may_leave_in_any_order():
    with threadpool_limits(limits=2, user_api="blas"):
        first, second = threads(), threads()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == {2}


def test_pieces_run_side_by_side_and_come_back_in_order():
    meet = threading.Barrier(2, timeout=10)

    def piece(k):
        meet.wait()  # passes only if two are here at once
        return 10 * k

    assert spread(piece, range(4), 2) == [0, 10, 20, 30]


def test_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(1)
    wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
    xbar = xc.Crossbar(conductance=rng.uniform(0, 1e-4, (140, 130)), wires=wires)
    sinh = xc.Crossbar(
        conductance=xbar.conductance[:40, :40], wires=wires, cell=xc.devices.Sinh(v0_volt=0.1)
    )
    volts = rng.uniform(0, 0.2, (60, 40))
    tiles = rng.uniform(0, 1e-4, (3, 130, 128))

    def everything():
        return (
            xc.nodal.transfer(xbar),
            xc.nodal.read(sinh, volts).column_current,
            xc.nodal.transfer_tiles(tiles, wires=wires),
        )

    with threadpool_limits(limits=1, user_api="blas"):
        alone = everything()
    with threadpool_limits(limits=2, user_api="blas"):
        together = everything()
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
