"""The regulated current conveyor: it holds the bit line and hands its current on.

A regulation loop around a common-gate device makes the input a small resistance at the reference;
mirrors copy the current to an output of high resistance. There it meets a resistor that makes it a
voltage, a converter that takes current, or the copy of another column: the difference of two bit
lines costs no further amplifier (Sedra and Smith, IEEE Trans. Circuit Theory 17, 132, 1970, for the
conveyor; Saeckinger and Guggenbuehl, IEEE J. Solid-State Circuits 25, 289, 1990, for the
regulation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["CurrentConveyor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentConveyor:
    """A current copier with a virtual ground: ``I_out = ratio * (I_in - offset)``.

    Parameters
    ----------
    ratio
        Output over input current; negative turns it around.
    input_ohm
        Resistance of the input [ohm].
    offset_ampere
        Input current at which nothing comes out [A].
    limit_ampere
        Largest input current in either direction, its bias [A]; infinite is no limit.
    bandwidth_hertz
        Of the copy, a single pole [Hz]; infinite is none.
    noise_ampere_per_root_hertz
        White noise referred to the input [A/sqrt(Hz)].
    load_ohm
        Resistor from the output to `load_volt` [ohm], which makes a voltage; None leaves a current
        for a converter that takes one.
    load_volt
        Output without a current [V].
    reference_volt
        Voltage at which the bit line is held [V].
    settle_second
        Time given to it before its output is sampled [s].
    circuit
        A :class:`Subcircuit` with the ports ``input``, ``reference`` and ``out``, which ngspice
        then runs instead of the formula; a calibration fits the fast model to it.
    supply_volt, supply_ampere
        Supply [V] and its quiescent current [A].

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> CurrentConveyor(ratio=0.5, load_ohm=10e3, load_volt=0.4).output_line
    (0.4, 5000.0)
    """

    ratio: float = 1.0
    input_ohm: float = 20.0
    offset_ampere: float = 0.0
    limit_ampere: float = math.inf
    bandwidth_hertz: float = math.inf
    noise_ampere_per_root_hertz: float = 0.0
    load_ohm: float | None = None
    load_volt: float = 0.5
    reference_volt: float = 0.5
    settle_second: float = 5e-9
    circuit: Subcircuit | None = None
    supply_volt: float = 1.0
    supply_ampere: float = 100e-6

    def __post_init__(self) -> None:
        checks.number("ratio", self.ratio, "1", minimum=-math.inf)
        if self.ratio == 0.0:
            raise ParameterError.about(
                "ratio", got=0.0, expected="a number but 0", remedy="1 copies the current"
            )
        for name, unit in (
            ("input_ohm", "ohm"),
            ("noise_ampere_per_root_hertz", "A/sqrt(Hz)"),
            ("supply_volt", "V"),
            ("supply_ampere", "A"),
        ):
            checks.number(name, getattr(self, name), unit)
        for name, unit in (("limit_ampere", "A"), ("bandwidth_hertz", "Hz")):
            if getattr(self, name) != math.inf:
                checks.number(name, getattr(self, name), unit, above=True)
        for name, unit in (
            ("offset_ampere", "A"),
            ("load_volt", "V"),
            ("reference_volt", "V"),
        ):
            checks.number(name, getattr(self, name), unit, minimum=-math.inf)
        if self.load_ohm is not None:
            checks.number("load_ohm", self.load_ohm, "ohm", above=True)
        checks.number("settle_second", self.settle_second, "s", above=True)
        if self.circuit is not None:
            self.circuit.require("input", "reference", "out")

    @property
    def output_unit(self) -> str:
        """Volt with a load, ampere without."""
        return "A" if self.load_ohm is None else "V"

    @property
    def transimpedance_ohm(self) -> float:
        """Size of the output's slope over the current [ohm, or 1 without a load]."""
        return abs(self.output_line[1])

    @property
    def window_second(self) -> None:
        """It follows the current and does not integrate it."""
        return

    @property
    def input_volt(self) -> float:
        """Voltage of the bit line without a current [V]; NaN for a circuit: measure it."""
        return self.reference_volt if self.circuit is None else math.nan

    @property
    def output_line(self) -> tuple[float, float]:
        """Output without a current [V or A], and its slope over the current [ohm or 1]."""
        if self.load_ohm is None:
            return -self.ratio * self.offset_ampere, self.ratio
        slope = self.ratio * self.load_ohm
        return self.load_volt - slope * self.offset_ampere, slope

    @property
    def ideal_line(self) -> tuple[float, float]:
        """What `output_line` would be with ideal parts."""
        if self.load_ohm is None:
            return 0.0, self.ratio
        return self.load_volt, self.ratio * self.load_ohm

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN for a circuit: measure it."""
        return math.nan if self.circuit is not None else self.supply_volt * self.supply_ampere
