"""The 1S1R cell: a device and a two-terminal selector in series, for arrays without transistors.

::

    word line --[ device ]--+ sel_<cell>
                            |
    bit line --[ selector ]-+

A selector conducts little below its knee, so that half-selected cells hardly leak: without it the
sneak paths of a passive array read three cells where one was meant (Burr et al., J. Vac. Sci.
Technol. B 32, 040802 (2014)).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit import _compiler
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.tabulated import cell_run_settings, check_kind
from xbar_circuit.cells.transistor_cell import TransistorCell
from xbar_circuit.devices import Bounded, Cell, CellResponse, Ohmic, Sinh
from xbar_circuit.errors import ParameterError

__all__ = ["OneS1R"]

_FEW = 64  # currents that are not worth loading the compiler for
_STEPS = 200  # bisection alone needs 50
_SETTLED = 4.0 * float(np.finfo(np.float64).eps)  # relative: rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class OneS1R:
    """A device in series with a selector; the crossbar's conductance is the device's.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    selector
        Any two-terminal law, such as :class:`~xbar_circuit.devices.Sinh` (a selector of mixed
        ionic and electronic conduction is exponential in both directions) or
        :class:`~xbar_circuit.devices.IvTable`.
    selector_siemens
        Its conductance, the same in all cells [S]: for Sinh the slope at 0 V.
    device
        Any two-terminal law.

    Raises
    ------
    ParameterError
        A part is no two-terminal device, or the conductance is not above 0.

    >>> cell = OneS1R(selector=Ohmic(), selector_siemens=1e-5)
    >>> cell.respond(np.array(0.2), np.array(0.0), np.array(1e-5)).current.round(15).item()
    1e-06
    """

    selector: Cell = field(default_factory=lambda: Sinh(v0_volt=0.05))
    selector_siemens: float = 1e-9
    device: Cell = field(default_factory=Ohmic)

    def __post_init__(self) -> None:
        for name in ("selector", "device"):
            part = getattr(self, name)
            check_kind(name, part, Cell, "xc.devices.Sinh(v0_volt=0.05)")
            if not part.loads_row or isinstance(part, (TransistorCell, OneS1R)):
                raise ParameterError.about(
                    name,
                    got=repr(part),
                    expected="a bare two-terminal device",
                    remedy="a cell with a transistor needs no selector",
                )
        value = checks.number("selector_siemens", self.selector_siemens, "S", above=True)
        object.__setattr__(self, "selector_siemens", value)

    @property
    def linear(self) -> bool:
        """Whether both parts are linear, so that the cell is a resistor."""
        return self.selector.linear and self.device.linear

    @property
    def loads_row(self) -> bool:
        """Always True: the current leaves the row wire."""
        return True

    @property
    def range_siemens(self) -> tuple[float, float] | None:
        """Conductances that the fast engine knows of its device [S]; None where it knows all."""
        return getattr(self.device, "range_siemens", None)

    def run_settings(self) -> dict[str, Any]:
        """Return what the parts need of :func:`xbar_circuit.spice.run`.

        Returns
        -------
        dict
            Keyword arguments of the device and of the selector together; ``osdi`` lists the
            compiled Verilog-A models of both.
        """
        parts = [cell_run_settings(part) for part in (self.device, self.selector)]
        models = dict.fromkeys(path for part in parts for path in part.pop("osdi", ()))
        return {**parts[0], **parts[1], **({"osdi": tuple(models)} if models else {})}

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return the conductance of device and selector in series at small voltages.

        Parameters
        ----------
        conductance
            Conductance that the crossbar states of each cell [S], any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `conductance`; 0 for an open device.
        """
        g = np.asarray(conductance)
        device = self.device.zero_bias_conductance(g)
        selector = self.selector.zero_bias_conductance(np.full(g.shape, self.selector_siemens))
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / (1.0 / device + 1.0 / selector))

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current through both parts and its slopes.

        The node between both parts is solved for to rounding, by Newton's method within a bracket.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.
        """
        row, column, g = np.broadcast_arrays(row_volt, column_volt, conductance)
        # both see differences only: from the column's own they keep their digits between nodes of
        # nearly one voltage, as a floating wire makes them
        drop, zero = row - column, np.zeros(g.shape)
        if self._closed_form and drop.size >= _FEW and _compiler.available():
            return self._compiled(drop, np.asarray(conductance, dtype=np.float64))
        middle = self._middle(drop, zero, g)
        device, selector = self._parts(drop, middle, zero, g)
        live = g > 0.0
        both = device.row_slope - device.column_slope + selector.row_slope - selector.column_slope
        both = 0.5 * np.where(both > 0.0, both, 1.0)
        slope = np.where(live, device.row_slope * selector.row_slope / both, 0.0)
        # the part that takes more of the voltage knows its current better
        stiff = device.row_slope > selector.row_slope
        current = np.where(live, np.where(stiff, selector.current, device.current), 0.0)
        return CellResponse(current=current, row_slope=slope, column_slope=-slope, symmetric=True)

    @property
    def _closed_form(self) -> bool:
        """Whether the compiled loop knows both parts."""
        return type(self.selector) is Sinh and type(self.device) is Ohmic

    def _compiled(self, drop: FloatArray, conductance: FloatArray) -> CellResponse:
        """Return the response to voltages across the cells (batch, *cells) from compiled loops."""
        from xbar_circuit.cells import _selector_kernel  # noqa: PLC0415 - it imports numba

        own = drop.shape[drop.ndim - conductance.ndim :]  # the last axes are the cells'
        g = np.ascontiguousarray(np.broadcast_to(conductance, own)).ravel()
        current, slope = np.empty((2, drop.size // g.size, g.size))
        flat = np.ascontiguousarray(drop).reshape(current.shape)
        v0 = cast(Sinh, self.selector).v0_volt
        _selector_kernel.respond(flat, g, self.selector_siemens, v0, current, slope)
        slope = slope.reshape(drop.shape)
        return CellResponse(
            current=current.reshape(drop.shape),
            row_slope=slope,
            column_slope=-slope,
            symmetric=True,
        )

    def _parts(
        self, row: FloatArray, middle: FloatArray, column: FloatArray, g: FloatArray
    ) -> tuple[CellResponse, CellResponse]:
        own = np.full(g.shape, self.selector_siemens)
        return self.device.respond(row, middle, g), self.selector.respond(middle, column, own)

    def _middle(self, row: FloatArray, column: FloatArray, g: FloatArray) -> FloatArray:
        """Return the voltage between device and selector [V]."""
        low, high = np.minimum(row, column), np.maximum(row, column)
        middle = np.where(g > 0.0, 0.5 * (low + high), column)
        widest = np.maximum(np.abs(low), np.abs(high))
        going = g > 0.0  # each until it is done: what others need does not change it
        for _ in range(_STEPS):
            device, selector = self._parts(row, middle, column, g)
            excess = device.current - selector.current
            low = np.where(excess > 0.0, middle, low)
            high = np.where(excess < 0.0, middle, high)
            slope = selector.row_slope - device.column_slope
            step = np.divide(excess, slope, out=np.zeros(excess.shape), where=slope > 0.0)
            target = middle + step
            # where Newton would leave the bracket, or crawls along an exponential, it is halved
            crawling = np.abs(step) > 0.25 * (high - low)
            halved = 0.5 * (low + high)
            target = np.where((target <= low) | (target >= high) | crawling, halved, target)
            moved = np.abs(target - middle)
            going = going & (excess != 0.0)
            middle = np.where(going, target, middle)
            going = going & ~(moved <= _SETTLED * widest)
            if not going.any():
                break
        return middle

    def refuse_beyond(self, row_volt: FloatArray, column_volt: FloatArray) -> None:
        """Refuse node voltages across which a part that is a table may have no answer.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the cells' nodes [V], broadcasting against each other.

        Raises
        ------
        ParameterError
            The whole voltage, more than either part can see, lies outside such a table.
        """
        for part in (self.device, self.selector):
            if isinstance(part, Bounded):
                part.refuse_beyond(row_volt, column_volt)

    def spice_preamble(self) -> str:
        """Return what both parts need once in a deck.

        Returns
        -------
        str
            The text of the device and of the selector; only once if it is the same.
        """
        parts = dict.fromkeys(
            part.spice_preamble().strip() for part in (self.device, self.selector)
        )
        return "\n".join(text for text in parts if text)

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return the elements of device and selector; ``sel_<name>`` is the node between them.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            The lines of all devices, then those of all selectors.
        """
        middle = [f"sel_{name}" for name in names]
        yield from self.device.spice_elements(names, row_nodes, middle, conductances)
        own = [self.selector_siemens] * len(names)
        yield from self.selector.spice_elements(middle, middle, column_nodes, own)
