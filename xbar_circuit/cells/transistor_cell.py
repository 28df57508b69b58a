"""What all unit cells with a transistor share: the device, its lines, the temperature.

A cell is a device between the word line and the bit line with a transistor in series.

The crossbar's 0 V is where its columns are held. On a chip that is a common voltage ``V_cm`` above
the substrate, so that inputs of both signs fit: `common_volt` says so, and gate, bulk and supply
are given as on the chip, above the substrate.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from dataclasses import dataclass, field
from typing import Any, Self

from xbar_circuit import _checks as checks
from xbar_circuit.cells.own_cell import OwnCell
from xbar_circuit.cells.table import CurrentTable
from xbar_circuit.cells.tabulated import TabulatedCell, cell_run_settings, check_kind
from xbar_circuit.devices import Cell, IvTable, Ohmic, Transistor
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["TransistorCell"]

BULK = "cell_bulk"
USUAL_CELSIUS = 27.0  # of a simulator without a .temp card
_CLOSE_CELSIUS = 0.5  # what counts as the same temperature


@dataclass(frozen=True, slots=True, kw_only=True)
class TransistorCell(TabulatedCell):
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
    celsius
        Temperature of the transistors [degree Celsius]; None is the device's own if it has one (a
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
    celsius: float | None = None
    tables: tuple[tuple[float, CurrentTable], ...] = ()

    def __post_init__(self) -> None:
        for name, kind, example in (
            ("transistor", Transistor, "xc.devices.Transistor.nmos45()"),
            ("device", Cell, "xc.devices.Ohmic()"),
        ):
            check_kind(name, getattr(self, name), kind, example)
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
        if self.celsius is not None:
            value = checks.celsius("celsius", self.celsius, minimum=-73.15, maximum=326.85)
            object.__setattr__(self, "celsius", value)
        TabulatedCell.__post_init__(self)

    @classmethod
    def voltage_names(cls) -> tuple[str, ...]:
        """Return which fields of the class are voltages of its lines.

        Returns
        -------
        tuple
            Names of the fields; their values are in volts above the substrate.
        """
        return ("common_volt", "bulk_volt")

    @property
    def simulator_celsius(self) -> float | None:
        """Temperature that the simulator must have [degree Celsius]; None leaves it to its options.

        It is rounded to a millionth of a degree.
        """
        own = getattr(self.device, "celsius", None) if self.celsius is None else self.celsius
        return None if own is None else round(float(own), 6)

    def holds_at(self, celsius: float) -> bool:
        """Whether the transistors are within half a degree of a temperature.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        bool
            True if :meth:`at_celsius` would change nothing.
        """
        own = USUAL_CELSIUS if self.simulator_celsius is None else self.simulator_celsius
        return abs(celsius - own) <= _CLOSE_CELSIUS

    def at_celsius(self, celsius: float) -> Self:
        """Return the cell with its transistors at a temperature, and the table made for it.

        Parameters
        ----------
        celsius
            Temperature of the transistors [degree Celsius]; the device's law keeps its own
            temperature.

        Returns
        -------
        Self
            The cell at that temperature, or at the one within half a degree of it whose table it
            has; the same object where it has that temperature already.

        Raises
        ------
        ParameterError
            A cell with a table has none for this temperature.
        """
        if self.holds_at(celsius):
            return self
        own = USUAL_CELSIUS if self.simulator_celsius is None else self.simulator_celsius
        near = [(abs(celsius - at), at, table) for at, table in self.tables]
        distance, at, table = min(near, key=lambda one: one[0], default=(math.inf, 0.0, None))
        if self.table is None and table is None:
            return dataclasses.replace(self, celsius=celsius)
        if distance > _CLOSE_CELSIUS:
            known = ", ".join(f"{value:g}" for value in sorted([own, *(a for _, a, _ in near)]))
            raise ParameterError.about(
                "celsius",
                got=f"{celsius:g} degrees for cells tabulated at {known}",
                expected="a temperature that the cells were tabulated at",
                remedy=f"xc.calibration.tabulate(cell, ..., celsius=({known}, {celsius:g}))",
            )
        return dataclasses.replace(self, celsius=at, table=table)

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides the cell's current, model files included."""
        celsius = self.simulator_celsius
        known = _sample(self.device)
        names = ["a", "b", *(f"a{k}" for k in range(2, len(known)))][: len(known)]
        sample = self.spice_elements(names, ["r"] * len(names), ["c"] * len(names), known)
        lines = (f"{node} {spice_number(volt)}" for node, volt in self.lines().items())
        text = "\n".join(
            (
                self.device.spice_preamble(),
                *([self.device.fingerprint] if isinstance(self.device, OwnCell) else []),
                *([repr(known)] if isinstance(self.device, IvTable) else []),
                self.transistor.fingerprint,
                *lines,
                *sample,
                *([] if celsius is None else [f"{celsius!r} degrees"]),
            )
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def run_settings(self) -> dict[str, Any]:
        """Return what the device needs of :func:`xbar_circuit.spice.run`.

        Returns
        -------
        dict
            Keyword arguments; those of the device.
        """
        return cell_run_settings(self.device)

    def spice_preamble(self) -> str:
        """Return what the elements need once in a deck.

        Returns
        -------
        str
            The device's and the transistor's models and the sources of the shared lines.
        """
        lines = [self.device.spice_preamble().strip(), self.transistor.preamble()]
        lines += [
            f"V{node} {node} 0 DC {spice_number(volt)}" for node, volt in self.lines().items()
        ]
        return "\n".join(line for line in lines if line)

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share, with their voltages.

        Returns
        -------
        dict
            Node name -> voltage above the crossbar's 0 V [V].
        """
        return {BULK: self.bulk_volt - self.common_volt}


def _sample(device: Cell) -> list[float]:
    """Return conductances whose elements decide the device's current at all others [S]."""
    if isinstance(device, IvTable):
        return list(device.conductances)
    if isinstance(device, OwnCell) and device.state_map is not None:
        return list(device.state_map.range_siemens)
    return [1e-9, 1e-8]
