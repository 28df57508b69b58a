"""What all unit cells with a transistor share: the lines they hang on, and the table.

A cell is a device between the word line and the bit line with a transistor in series. In SPICE it
is just that. In the fast engine it is a :class:`~xbar_circuit.cells.CurrentTable`, which
:func:`xbar_circuit.calibration.tabulate` extracts from SPICE; a cell without a table reads in
ngspice only.

The crossbar's 0 V is where its columns are held. On a chip that is a common voltage ``V_cm`` above
the substrate, so that inputs of both signs fit: `common_volt` says so, and gate, bulk and supply
are given as on the chip, above the substrate.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.table import CurrentTable
from xbar_circuit.devices import Cell, CellResponse, Ohmic, Transistor
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["TransistorCell"]

BULK = "cell_bulk"
_USUAL_CELSIUS = 27.0  # of a simulator that is told nothing
_CLOSE_CELSIUS = 0.5  # what counts as the same temperature


@dataclass(frozen=True, slots=True, kw_only=True)
class TransistorCell:
    """A device and its transistor; use one of the classes that say how the gate is driven.

    Parameters
    ----------
    transistor
        The transistor.
    device
        The device, any cell that loads its row.
    common_volt
        Voltage of the crossbar's 0 V above the substrate [V].
    bulk_volt
        Voltage of the transistors' bulk above the substrate [V].
    kelvin
        Temperature of the transistors [K]; None is the device's own if it has one (a
        :class:`~xbar_circuit.devices.PcmCell`), else the simulator's.
    table
        Current and slopes for the fast engine, from :func:`xbar_circuit.calibration.tabulate`.
    tables
        The same at other temperatures: pairs of degrees Celsius and table, see :meth:`at_celsius`.

    Raises
    ------
    ParameterError
        A part is of the wrong kind, or a voltage is not finite.
    """

    transistor: Transistor = field(default_factory=Transistor.nmos45)
    device: Cell = field(default_factory=Ohmic)
    common_volt: float = 0.0
    bulk_volt: float = 0.0
    kelvin: float | None = None
    table: CurrentTable | None = None
    tables: tuple[tuple[float, CurrentTable], ...] = ()

    def __post_init__(self) -> None:
        for name, kind, example in (
            ("transistor", Transistor, "xc.devices.Transistor.nmos45()"),
            ("device", Cell, "xc.devices.Ohmic()"),
            ("table", CurrentTable | None, "xc.calibration.tabulate(cell, ...), or None"),
        ):
            value = getattr(self, name)
            if isinstance(value, type) or not isinstance(value, kind):
                raise ParameterError.about(
                    name,
                    got=repr(value),
                    expected=f"an instance of {getattr(kind, '__name__', kind)}",
                    remedy=f"for example {example}",
                )
        if not self.device.loads_row or isinstance(self.device, TransistorCell):
            raise ParameterError.about(
                "device",
                got=repr(self.device),
                expected="a bare two-terminal device",
                remedy="give the device here and the transistor as transistor=",
            )
        for name in self.voltage_names():
            value = checks.number(name, getattr(self, name), "V", minimum=-math.inf)
            object.__setattr__(self, name, value)
        if self.kelvin is not None:
            value = checks.number("kelvin", self.kelvin, "K", minimum=200.0, maximum=600.0)
            object.__setattr__(self, "kelvin", value)
        if self.table is not None and self.table.subject != self.fingerprint:
            raise ParameterError.about(
                "table",
                got=repr(self.table),
                expected="the table of this very cell",
                remedy="make it with xc.calibration.tabulate() after the last change",
            )

    @classmethod
    def voltage_names(cls) -> tuple[str, ...]:
        """Names of the fields that are voltages of the lines [V]."""
        return ("common_volt", "bulk_volt")

    @property
    def drive_volt(self) -> float | None:
        """What drives the current above the crossbar's 0 V [V]; None where the row does."""
        return None

    @property
    def linear(self) -> bool:
        """Always False: a transistor is not a resistor."""
        return False

    @property
    def loads_row(self) -> bool:
        """Whether the current leaves the row wire."""
        return self.drive_volt is None

    @property
    def celsius(self) -> float | None:
        """Temperature that the simulator must have [degree Celsius]; None leaves it to its options.

        It is rounded to a millionth of a degree.
        """
        kelvin = getattr(self.device, "kelvin", None) if self.kelvin is None else self.kelvin
        return None if kelvin is None else round(float(kelvin) - ZERO_CELSIUS_KELVIN, 6)

    def holds_at(self, celsius: float) -> bool:
        """Whether its transistors are within half a degree of a temperature [degree Celsius]."""
        own = _USUAL_CELSIUS if self.celsius is None else self.celsius
        return abs(celsius - own) <= _CLOSE_CELSIUS

    def at_celsius(self, celsius: float) -> Self:
        """Return the cell with its transistors at a temperature, and the table made for it.

        Parameters
        ----------
        celsius
            Of the transistors [degree Celsius]; the device's law keeps its own temperature.

        Raises
        ------
        ParameterError
            A cell with a table has none for this temperature.
        """
        if self.holds_at(celsius):
            return self
        own = _USUAL_CELSIUS if self.celsius is None else self.celsius
        near = [(abs(celsius - at), at, table) for at, table in self.tables]
        distance, at, table = min(near, key=lambda one: one[0], default=(math.inf, 0.0, None))
        if self.table is None and table is None:
            return dataclasses.replace(self, kelvin=celsius + ZERO_CELSIUS_KELVIN)
        if distance > _CLOSE_CELSIUS:
            known = ", ".join(f"{value:g}" for value in sorted([own, *(a for _, a, _ in near)]))
            raise ParameterError.about(
                "celsius",
                got=f"{celsius:g} degrees for cells tabulated at {known}",
                expected="a temperature that the cells were tabulated at",
                remedy=f"xc.calibration.tabulate(cell, ..., celsius=({known}, {celsius:g}))",
            )
        return dataclasses.replace(self, kelvin=at + ZERO_CELSIUS_KELVIN, table=table)

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides the cell's current, model files included."""
        sample = self.spice_elements(["a", "b"], ["r", "r"], ["c", "c"], [1e-9, 1e-8])
        lines = (f"{node} {spice_number(volt)}" for node, volt in self.lines().items())
        text = "\n".join(
            (
                self.device.spice_preamble(),
                self.transistor.fingerprint,
                *lines,
                *sample,
                *([] if self.celsius is None else [f"{self.celsius!r} degrees"]),
            )
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def known_table(self) -> CurrentTable:
        """Return the table.

        Raises
        ------
        ParameterError
            The cell has none yet.
        """
        if self.table is None:
            raise ParameterError.about(
                "cell.table",
                got=None,
                expected="a table of the cell's current for the fast engine",
                remedy="cell = xc.calibration.tabulate(cell, volts=(0.0, 0.2),"
                " conductances=(1e-6, 1e-4)), or read it with xc.spice.read()",
            )
        return self.table

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return the slope at 0 V [S]; for a gate input, the mean over the row's voltages."""
        table, zero = self.known_table(), np.zeros(1)
        if table.supply_volt is None:
            slope = table.respond(zero, zero, conductance).row_slope
            return np.asarray(slope.reshape(conductance.shape))
        ends = [
            table.respond(np.array([volt]), zero, conductance).current
            for volt in (table.row_axis.start, table.row_axis.stop)
        ]
        span = table.row_axis.stop - table.row_axis.start
        return np.asarray(((ends[1] - ends[0]) / span).reshape(conductance.shape))

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return current [A] and slopes [S] at the given node voltages [V], from the table."""
        return self.known_table().respond(row_volt, column_volt, conductance)

    def covers(self, row_volt: FloatArray, column_volt: FloatArray) -> bool:
        """Whether these node voltages [V] lie within what the fast engine knows of the cell."""
        return self.known_table().covers(row_volt, column_volt)

    def refuse_beyond(self, row_volt: FloatArray, column_volt: FloatArray) -> None:
        """Refuse node voltages [V] outside the table.

        Raises
        ------
        ParameterError
            One lies outside.
        """
        if self.covers(row_volt, column_volt):
            return
        row_axis, column_axis = self.known_table().row_axis, self.known_table().column_axis
        raise ParameterError.about(
            "volts",
            got="a solution outside the cell's table",
            expected=f"word lines within {row_axis.start:.4g} to {row_axis.stop:.4g} V and bit"
            f" lines within {column_axis.start:.4g} to {column_axis.stop:.4g} V",
            remedy="make the table for these voltages: xc.calibration.tabulate(cell, volts=...)",
        )

    def spice_preamble(self) -> str:
        """Return the device's and the transistor's models and the sources of the shared lines."""
        lines = [self.device.spice_preamble().strip(), self.transistor.preamble()]
        lines += [
            f"V{node} {node} 0 DC {spice_number(volt)}" for node, volt in self.lines().items()
        ]
        return "\n".join(line for line in lines if line)

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share: node name -> volts above the crossbar's 0 V."""
        return {BULK: self.bulk_volt - self.common_volt}

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return device and transistor of each cell; ``mid_<name>`` is the node between them."""
        raise NotImplementedError

    def subcircuit(self, conductance: float, *, name: str = "unit_cell") -> str:
        """Return one cell as a SPICE subcircuit for decks of one's own.

        Its terminals are the word line, the bit line and the shared lines in the order of
        :meth:`lines`; the models that :meth:`spice_preamble` names must be in the deck.

        Parameters
        ----------
        conductance
            Of the device [S].
        name
            Of the subcircuit.
        """
        g = checks.number("conductance", conductance, "S", above=True)
        body = "\n".join(self.spice_elements(["cell"], ["row"], ["column"], [g]))
        shared = " ".join(self.lines())
        return f".subckt {name} row column {shared}\n{body}\n.ends {name}\n"
