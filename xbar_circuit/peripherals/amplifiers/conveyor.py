"""The regulated current conveyor: it holds the bit line and hands its current on.

A regulation loop around a common-gate device makes the input a small resistance at the reference;
mirrors copy the current to an output of high resistance. There it meets a resistor that makes it a
voltage, a converter that takes current, or the copy of another column: the difference of two bit
lines costs no further amplifier (Sedra and Smith, IEEE Trans. Circuit Theory 17, 132, 1970, for the
conveyor; Saeckinger and Guggenbuehl, IEEE J. Solid-State Circuits 25, 289, 1990, for the
regulation).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._temperature import check_coefficients, offset_at, scaled_at
from xbar_circuit.peripherals.amplifiers._conveyor_deck import conveyor_subcircuit
from xbar_circuit.peripherals.amplifiers.base import Amplifier
from xbar_circuit.peripherals.amplifiers.opamp import FOUR_KT
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["CurrentConveyor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentConveyor(Amplifier):
    """A current copier with a virtual ground: ``I_out = ratio * (I_in - offset)``.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    ratio
        Output over input current; negative inverts it.
    input_ohm
        Resistance of the input [ohm].
    offset_ampere
        Input current at zero output [A].
    limit_ampere
        Largest input current in either direction, its bias [A]; infinite is no limit.
    bandwidth_hertz
        Bandwidth of the copy, a single pole [Hz]; infinite is none, and then no noise either.
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
        Settling time before its output is sampled [s].
    circuit
        A :class:`Subcircuit` with the ports ``input``, ``reference`` and ``out``, which ngspice
        then runs instead of the formula; a calibration fits the fast model to it.
    supply_volt, supply_ampere
        Supply [V] and its quiescent current [A].
    offset_ampere_per_celsius
        Drift of the offset [A/degree Celsius].
    ratio_per_celsius, load_per_celsius
        Relative change of `ratio` and of the load resistor [1/degree Celsius]. All three are 0
        unless given.

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
    bandwidth_hertz: float = 1e9
    noise_ampere_per_root_hertz: float = 0.0
    load_ohm: float | None = None
    load_volt: float = 0.5
    reference_volt: float = 0.5
    settle_second: float = 5e-9
    circuit: Subcircuit | None = None
    supply_volt: float = 1.0
    supply_ampere: float = 100e-6
    offset_ampere_per_celsius: float = 0.0
    ratio_per_celsius: float = 0.0
    load_per_celsius: float = 0.0

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
        check_coefficients(
            self, "offset_ampere_per_celsius", "ratio_per_celsius", "load_per_celsius"
        )

    def at_celsius(self, celsius: float) -> CurrentConveyor:
        """Return the conveyor at another temperature: offset, ratio and load by their coefficients.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        CurrentConveyor
            A copy with these three; all else is the same.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of ratio or load.
        """
        load = self.load_ohm
        return dataclasses.replace(
            self,
            offset_ampere=offset_at(celsius, self.offset_ampere, self.offset_ampere_per_celsius),
            ratio=scaled_at(celsius, self, self.ratio, "ratio_per_celsius"),
            load_ohm=None if load is None else scaled_at(celsius, self, load, "load_per_celsius"),
        )

    @property
    def output_unit(self) -> str:
        """``"V"`` with a load, ``"A"`` without."""
        return "A" if self.load_ohm is None else "V"

    @property
    def transimpedance_ohm(self) -> float:
        """Size of the output's slope over the current [ohm, or 1 without a load]."""
        return abs(self.output_line[1])

    @property
    def column_ohm(self) -> float:
        """Resistance that the column sees [ohm]; NaN for a circuit: measure it."""
        return self.input_ohm if self.circuit is None else math.nan

    @property
    def turns(self) -> bool:
        """Whether its output current can be reversed: with the formula, not with a circuit."""
        return self.circuit is None

    @property
    def pair_line(self) -> tuple[float, float]:
        """`output_line` over the difference of two currents [V or A, ohm or 1]; offsets cancel."""
        return (0.0 if self.load_ohm is None else self.load_volt), self.output_line[1]

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
        """`output_line` with ideal parts [V or A, and ohm or 1]."""
        if self.load_ohm is None:
            return 0.0, self.ratio
        return self.load_volt, self.ratio * self.load_ohm

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN for a circuit: measure it."""
        return math.nan if self.circuit is not None else self.supply_volt * self.supply_ampere

    def with_gain(self, ohm: float) -> CurrentConveyor:
        """Return a copy with another load.

        Parameters
        ----------
        ohm
            Ratio times load, the size of the output's slope [ohm].

        Returns
        -------
        CurrentConveyor
            With a load of ``ohm / abs(ratio)``.

        Raises
        ------
        ParameterError
            It has no load.
        """
        if self.load_ohm is None:
            raise ParameterError.about(
                "load_ohm", got="None", expected="a load to set", remedy="set the converter's range"
            )
        return dataclasses.replace(self, load_ohm=ohm / abs(self.ratio))

    def output_density(self, source_ohm: float, *, column: bool = True) -> float:
        """Return the white noise of the output current.

        Its own, and the thermal noise of column and input, ``4 k T / (R_s + R_in)`` (Nyquist, Phys.
        Rev. 32, 110, 1928).

        Parameters
        ----------
        source_ohm
            Resistance of the column to where its rows are held [ohm].
        column
            Whether the thermal noise of that resistance is in it.

        Returns
        -------
        float
            One-sided density at 27 C [A**2/Hz]; NaN for a circuit.

        >>> quiet = CurrentConveyor(input_ohm=0.0)
        >>> f"{quiet.output_density(10e3):.4g}"  # 4 k T / R
        '1.658e-24'
        """
        if self.circuit is not None:
            return math.nan
        noisy = self.input_ohm + (source_ohm if column else 0.0)
        thermal = FOUR_KT * noisy / (source_ohm + self.input_ohm) ** 2
        return self.ratio**2 * (self.noise_ampere_per_root_hertz**2 + thermal)

    def output_noise(
        self,
        source_ohm: float,
        source_farad: float = 0.0,  # noqa: ARG002  behind it the input's pole is far away
        *,
        column: bool = True,
    ) -> float:
        """Return the rms noise of the output at 27 C.

        ``output_density`` over the copy's pole, ``pi / 2`` of its bandwidth; 0 where that is
        infinite, since white noise then has no rms. A load's own noise is left to what samples it:
        it has no bandwidth of its own.

        Parameters
        ----------
        source_ohm, source_farad
            Resistance and capacitance of the column to where its rows are held [ohm, F]; the
            capacitance does not count.
        column
            Whether the thermal noise of that resistance is in it.

        Returns
        -------
        float
            Noise [V, or A without a load]; NaN for a circuit.
        """
        if self.circuit is not None:
            return math.nan
        if self.bandwidth_hertz == math.inf:
            return 0.0
        density = self.output_density(source_ohm, column=column)
        current = math.sqrt(density * math.pi / 2 * self.bandwidth_hertz)
        return current if self.load_ohm is None else current * self.load_ohm

    def spice_definition(self, name: str) -> list[str]:
        """Return what a deck needs once: `name`, and ``<name>_turned`` of the opposite output.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit; a user's own keeps its name.

        Returns
        -------
        list
            SPICE lines.
        """
        if self.circuit is not None:
            return self.circuit.include_lines()
        return [
            *conveyor_subcircuit(self, name, self.ratio),
            *conveyor_subcircuit(self, f"{name}_turned", -self.ratio),
        ]

    def spice_lines(
        self,
        instance: str,
        *,
        definition: str,
        minus: str,
        out: str,
        plus: str = "reference",
        driven: str | None = None,  # noqa: ARG002  it has no loop
    ) -> list[str]:
        """Return one conveyor with its load.

        Parameters
        ----------
        instance, definition, minus, out, plus, driven
            As in :meth:`Amplifier.spice_lines`.

        Returns
        -------
        list
            SPICE lines of the instance; it has no loop that `driven` could break.
        """
        return self.spice_copy(instance, definition=definition, minus=minus, out=out, plus=plus)

    def spice_copy(
        self,
        instance: str,
        *,
        definition: str,
        minus: str,
        out: str,
        plus: str = "reference",
        turned: bool = False,
        load: bool = True,
    ) -> list[str]:
        """Return one conveyor whose output current is added to another's.

        Parameters
        ----------
        instance, definition, minus, out, plus, turned, load
            As in :meth:`Amplifier.spice_copy`.

        Returns
        -------
        list
            SPICE lines of the instance.
        """
        if self.circuit is not None:
            nodes = {"input": minus, "reference": plus, "out": out}
            lines = self.circuit.instance_lines(instance, nodes)
        else:
            name = f"{definition}_turned" if turned else definition
            lines = [
                f"X{instance} {minus} {plus} {out} {instance}_vdd {name}",
                f"V{instance}_vdd {instance}_vdd 0 DC {spice_number(self.supply_volt)}",
            ]
        if load and self.load_ohm is not None:
            lines += [
                f"Rload_{instance} {out} {instance}_load {spice_number(self.load_ohm)}",
                f"Vload_{instance} {instance}_load 0 DC {spice_number(self.load_volt)}",
            ]
        return lines

    def spice_supplies(self, instance: str) -> dict[str, float]:
        """Return the supply sources of an instance and their voltages.

        Parameters
        ----------
        instance
            Name of the instance.

        Returns
        -------
        dict
            Name of each source in the deck -> its voltage [V].
        """
        if self.circuit is None:
            return {f"V{instance}_vdd": self.supply_volt}
        return {f"V{instance}_{port}": rail for port, rail in self.circuit.supplies.items()}
