"""The hierarchical method: reduce a linear array to its ports once, then multiply.

Each driver and each sense terminal is a port of the reduced array, so the branch conductances
between them *are* the transfer matrix: with all sense terminals at 0 V,
``I_j = sum_i V_i C[driver_i, sense_j]``. Node voltages come from going back down the reduction,
which is done when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._backend import backend
from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate import SUM_ERROR, certified
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ParameterError
from xbar_circuit.nodal._plan import Ends
from xbar_circuit.nodal._reduction import (
    Arrays,
    Reduction,
    distinct,
    reduce_arrays,
    transfer_arrays,
)
from xbar_circuit.nodal._threads import threads
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.result import NodeVoltages, ReadResult
from xbar_circuit.wires import Terminals, Wires

__all__ = ["Hierarchical", "PreparedHierarchical", "held_ends", "multiplied", "slopes"]

_FEW_PRODUCTS = 4096  # that BLAS does not share out to threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchical:
    """Exact reduction by nested joints; best where an array is read many times.

    Parameters
    ----------
    device
        Where the transfer matrix is computed: ``"cuda"`` for a graphics card, None for the
        processor, where node voltages are computed in any case.

    Raises
    ------
    ParameterError
        The device is not there.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[0.1]], wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    >>> xc.nodal.transfer(xbar, method=Hierarchical()).round(12).tolist()
    [[0.076923076923]]
    """

    device: str | None = None

    def __post_init__(self) -> None:
        backend(self.device)

    def prepare(self, crossbar: Crossbar) -> PreparedHierarchical:
        """Reduce the array to its drivers and sense terminals.

        Parameters
        ----------
        crossbar
            The array, of linear cells that load their row.

        Returns
        -------
        PreparedHierarchical
            The array, ready for many reads.

        Raises
        ------
        ParameterError
            The cells are not linear, or do not load their row.
        """
        refuse_nonlinear(crossbar, "nodal.Hierarchical")
        if not crossbar.cell.loads_row:
            raise ParameterError.about(
                "cell",
                got=repr(crossbar.cell),
                expected="a two-terminal cell for nodal.Hierarchical",
                remedy="use method=nodal.SparseDirect()",
            )
        return PreparedHierarchical(crossbar, device=self.device)


class PreparedHierarchical:
    """A linear crossbar reduced to its drivers and sense terminals."""

    def __init__(
        self, crossbar: Crossbar, parts: Reduction | None = None, *, device: str | None = None
    ) -> None:
        self._crossbar = crossbar
        if parts is None:
            place, arrays = backend(device), _arrays(crossbar)
            whole = place.get(transfer_arrays(replace(arrays, device=place.put(arrays.device))))
        else:
            self.__dict__["_parts"] = parts
            whole = _held_transfer(parts)
        self._transfer: FloatArray = whole[0]
        self._transfer.flags.writeable = False

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    @cached_property
    def _reduction(self) -> Reduction:
        """The reduction with what node voltages need."""
        return reduce_arrays(_arrays(self._crossbar), weights=True)

    @cached_property
    def _parts(self) -> Reduction:
        """The reduction with what updates need."""
        return reduce_arrays(_arrays(self._crossbar), weights=False, parts=True)

    def updated(self, crossbar: Crossbar) -> PreparedHierarchical:
        """Return this crossbar with some devices changed, cheaper than preparing it anew.

        Only the parts that hold a changed device are joined again: after write-verify of a few
        neighbouring cells, a small part of the work. The first update reduces once more, keeping
        parts.

        Parameters
        ----------
        crossbar
            The same array with other conductances.

        Returns
        -------
        PreparedHierarchical
            The changed array, ready for many reads; this one stays as it is.

        Raises
        ------
        ParameterError
            Anything but the conductances differs.

        >>> from dataclasses import replace
        >>> import xbar_circuit as xc
        >>> wires = xc.Wires(row_ohm=1.0, column_ohm=2.0)
        >>> xbar = xc.Crossbar(conductance=[[1e-5, 2e-5], [3e-5, 4e-5]], wires=wires)
        >>> ready = xc.nodal.prepare(xbar, method=Hierarchical())
        >>> later = ready.updated(replace(xbar, conductance=[[1e-5, 2e-5], [3e-5, 5e-5]]))
        >>> [array.transfer()[1, 1].round(8).item() for array in (ready, later)]  # siemens
        [3.999e-05, 4.999e-05]
        """
        checks.instance(
            "crossbar", crossbar, Crossbar, example="dataclasses.replace(xbar, conductance=G)"
        )
        own = self._crossbar
        same = (own.wires, own.terminals, own.cell, own.shape)
        if same != (crossbar.wires, crossbar.terminals, crossbar.cell, crossbar.shape):
            raise ParameterError.about(
                "crossbar",
                got="other wires, terminals, cells or shape",
                expected="the same crossbar with other conductances",
                remedy="use nodal.prepare",
            )
        parts = self._parts.updated(slopes(crossbar)[np.newaxis])
        return PreparedHierarchical(crossbar, parts)

    def transfer(self) -> FloatArray:
        """Return the transfer matrix; see `Prepared.transfer`.

        Returns
        -------
        array
            (rows, cols) [S], read-only.
        """
        return self._transfer

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Column currents from the transfer matrix; node voltages follow on first use, by going
            back down the reduction.
        """
        clean = checks.read_volts("volts", volts, self._crossbar.rows)
        return multiplied(
            self._crossbar,
            clean,
            self._transfer,
            nodes=lambda: self._nodes(clean),
            engine="nodal: hierarchical reduction",
        )

    def _nodes(self, volts: FloatArray) -> NodeVoltages:
        reduction = self._reduction
        ports = np.zeros((1, len(volts), reduction.network.shape[1]))
        for side in (reduction.left, reduction.right):
            if side is not None:
                ports[0][:, side] = volts
        row, column = reduction.voltages(ports)
        return NodeVoltages(row=row[0], column=column[0])


def multiplied(
    crossbar: Crossbar,
    volts: FloatArray,
    transfer: FloatArray,
    *,
    nodes: Callable[[], NodeVoltages],
    engine: str,
) -> ReadResult:
    """Return the result of inputs (batch, rows) times a transfer matrix without subtractions.

    One vector alone and in a batch differ in their last digits, within the error bound; the number
    of threads does not matter.
    """
    if volts.size * transfer.shape[1] < _FEW_PRODUCTS:
        current = volts @ transfer
    else:
        with threads():
            current = volts @ transfer
    return certified(
        ReadResult(
            crossbar=crossbar,
            volts=volts,
            column_current=current,
            column_current_error=lambda: SUM_ERROR * (np.abs(volts) @ transfer),
            nodes=nodes,
            engine=engine,
        )
    )


def slopes(crossbar: Crossbar) -> FloatArray:
    """Return the conductance of each device at zero bias (rows, cols) [S], 0 where open."""
    slope = crossbar.cell.zero_bias_conductance(crossbar.conductance)
    return np.where(crossbar.conductance > 0.0, slope, 0.0)


def held_ends(wires: Wires, ends: Terminals) -> Ends:
    """Return the whole resistance from each wire's end to where a voltage is held."""

    def whole(lead: float, terminal: float | None) -> float | None:
        return None if terminal is None else lead + terminal

    return Ends(
        left=whole(wires.row_lead, ends.left_ohm),
        right=whole(wires.row_lead, ends.right_ohm),
        top=whole(wires.column_lead, ends.top_ohm),
        bottom=whole(wires.column_lead, ends.bottom_ohm),
    )


def _held_transfer(reduction: Reduction) -> FloatArray:
    """Return the transfer matrices (tiles, rows, cols) [S] of arrays whose ports are all held."""
    drivers = distinct(reduction.left, reduction.right)
    senses = distinct(reduction.top, reduction.bottom)
    parts = [reduction.network[:, driver][:, :, sense] for driver in drivers for sense in senses]
    return np.ascontiguousarray(np.sum(parts, axis=0) if len(parts) > 1 else parts[0])


def _arrays(crossbar: Crossbar) -> Arrays:
    return Arrays(
        device=slopes(crossbar)[np.newaxis],
        row_ohm=crossbar.wires.row_ohm,
        column_ohm=crossbar.wires.column_ohm,
        ends=held_ends(crossbar.wires, crossbar.terminals),
    )
