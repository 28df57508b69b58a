"""Compile the loops of the whole package, so that no first use waits: ``python -m`` this module.

Compiled code is kept (see `_compiler`); the set-up of a checkout runs this once. A small task for
every loop, with arrays of the kinds that it meets in use.
"""

from __future__ import annotations

import math

import numpy as np

from xbar_circuit import nodal
from xbar_circuit._compiler import available, kernels
from xbar_circuit.cells import CurrentTable, OneS1R, TableAxis, TableQuality
from xbar_circuit.cells._spline import spline_coefficients
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmCell, Sinh
from xbar_circuit.network.operators import MaxPool
from xbar_circuit.network.operators._following import Following
from xbar_circuit.network.operators._windows import Windows, last_to_second
from xbar_circuit.nodal import _line_loops
from xbar_circuit.wires import Wires

__all__ = ["idle", "warm_up"]

_WIRES = Wires(row_ohm=1.0, column_ohm=2.0)


def warm_up() -> None:
    """Run every compiled loop once."""
    _arrays()
    _newton()
    _table()
    _windows()
    _codes()


def idle() -> list[str]:
    """Return the compiled loops that have not run, of the modules imported so far."""
    return sorted(name for name, kernel in kernels().items() if not kernel.signatures)


def _arrays() -> None:
    """Read linear arrays: by lines, small and shared out; directly; and reduced."""
    for side in (8, 64, 368):  # the last is read pass by pass
        bar = Crossbar(conductance=np.full((side, side), 1e-6), wires=_WIRES)
        volts = np.full(side, 0.1)
        nodal.read(bar, volts).row_voltage  # noqa: B018 - it is computed when asked for
    for side in (8, 64):
        bar = Crossbar(conductance=np.full((side, side), 1e-6), wires=_WIRES)
        nodal.transfer(bar)
    nodal.read(bar, np.full((2, side), 0.1), method=nodal.Direct()).row_voltage  # noqa: B018
    nodal.transfer(bar, method=nodal.Hierarchical())
    nodal.transfer_tiles(np.full((3, 33, 20), 1e-6), wires=_WIRES)


def _newton() -> None:
    """Read nonlinear arrays, and take the steps of cells that do not load their rows."""
    for cell in (Sinh(v0_volt=0.1), PcmCell(), OneS1R()):
        bar = Crossbar(conductance=np.full((8, 8), 1e-6), wires=_WIRES, cell=cell)
        nodal.read(bar, np.full((2, 8), 0.1)).column_current  # noqa: B018
    states = np.full((32, 32), 1e-6)  # enough for a table of starts
    PcmCell().respond(np.full((32, 32), 0.1), np.zeros((32, 32)), states)
    slopes, excess, change = np.full((3, 2, 8, 8), 1e-6)
    line = (0.5, 0.0, 0.5)
    passes = _line_loops.loops()
    passes.column_steps(slopes, line, excess, change)
    passes.solve_unequal(
        slopes[0], slopes[1], line, line, excess[0], excess[1], *np.empty((2, 8, 8)), 1e-9, 10
    )


def _table() -> None:
    """Ask a table of currents."""
    axis = TableAxis(start=0.0, stop=0.2, points=5)
    log = TableAxis(start=math.log(1e-6), stop=math.log(1e-4), points=5)
    table = CurrentTable(
        row_axis=axis,
        column_axis=axis,
        log_axis=log,
        coefficients=spline_coefficients(np.zeros((5, 5, 5))),
        saturating=False,
        supply_volt=None,
        quality=TableQuality(held_out_points=0, worst=0.0, rms=0.0, least_slope=0.0, neglected=0.0),
        subject="none",
        key="none",
    )
    bar = Crossbar(conductance=np.full((4, 4), 1e-5), wires=_WIRES)
    table.respond(np.full((2, 4, 4), 0.1), np.zeros((2, 4, 4)), bar.conductance)


def _windows() -> None:
    """Move windows over maps, with channels first and last in memory."""
    maps = np.ones((2, 3, 8, 8), dtype=np.float32)
    windows = Windows(kernel=(3, 3), stride=(1, 1), dilation=(1, 1))
    bias = np.ones(3, dtype=np.float32)
    for padded in (maps, last_to_second(np.ones((2, 8, 8, 3), dtype=np.float32))):
        gather = windows.gatherer(padded, by_pixel=True)
        gather(slice(0, 2), np.empty((2, 36, 27), dtype=np.float32))
        windows.largest(padded)
        windows.each_channel(padded, np.ones((9, 3), dtype=np.float32), bias)
    pool = MaxPool(kernel=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)), dilation=(1, 1))
    for finish, side in ((Following(), 4), (Following([pool]), 2)):
        out = np.empty((2, side, side, 3), dtype=np.float32)
        finish.of_blocks((4, 4), bias)(np.ones((2, 4, 4, 3), dtype=np.float32), out)


def _codes() -> None:
    """Round the codes of a tile."""
    from xbar_circuit.tile._code_kernel import add_rounded  # noqa: PLC0415 - it imports numba

    one, ones = np.float32(1.0), np.ones(2, dtype=np.float32)
    add_rounded(
        np.ones((3, 4), dtype=np.float32),
        -one,
        one,
        np.array([1.0, -1.0], dtype=np.float32),
        one,
        ones,
        ones,
        np.zeros((3, 2), dtype=np.float32),
    )


if __name__ == "__main__":
    if not available():
        raise SystemExit("numba is not installed: there is nothing to compile")
    warm_up()
