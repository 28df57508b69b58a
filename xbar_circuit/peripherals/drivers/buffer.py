"""The word-line buffer: the stage between a driver and a long, loaded word line.

A row of a large array draws more than a converter can give. The buffer repeats the driver's voltage
with a small resistance of its own, as fast as its bandwidth, and as strong as its current: beyond
that it gives way. Its law is ``I = u / sqrt(1 + (u / limit)**2)``, where ``u`` is the voltage over
its own resistance, ``(V_set - V) / output_ohm``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters.base import CodeArray
from xbar_circuit.peripherals.drivers.base import Driver, check_output
from xbar_circuit.peripherals.drivers.word_lines import Wave, WordLines
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["WordLineBuffer"]

#: Capacitance of a limited buffer's output in SPICE [F], little against a word line; chosen.
#: Without any the node of a purely resistive array is algebraic: from one step to the next Newton's
#: method has to cross the bend of the limit at once, and ngspice may end with "Timestep too small".
_NODE_FARAD = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class WordLineBuffer(Driver):
    """A driver followed by a buffer; itself a driver.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    driver
        The driver in front of it: a :class:`Dac`, :class:`PulseWidth` or :class:`BitSerial`. The
        driver's own output resistance no longer counts, the buffer's input draws no current.
    output_ohm
        Output resistance [ohm].
    limit_ampere
        Largest current in either direction [A]; infinite is no limit.
    bandwidth_hertz
        Frequency of its single pole [Hz]; infinite is no pole. The fast model has settled levels,
        and pulses whose area a linear filter keeps.
    circuit
        A :class:`Subcircuit` with the ports ``input`` and ``out``, which ngspice then runs instead
        of the formula; the fast model keeps the formula.
    farad
        Capacitance charged at each step in addition to the array [F], for the energy.
    output_per_celsius, limit_per_celsius
        Temperature coefficients of resistance and limit [1/degree Celsius], about 27 C; `driver`
        and `circuit` have their own.

    Raises
    ------
    ParameterError
        A value is out of range, or a limit has no resistance to act on.

    >>> from xbar_circuit.peripherals import Dac
    >>> buffer = WordLineBuffer(driver=Dac(bits=8), output_ohm=50.0, limit_ampere=1e-3)
    >>> buffer.ampere(np.array([0.005, 5.0])).round(7).tolist()  # nearly linear, nearly the limit
    [9.95e-05, 0.001]
    """

    driver: Driver
    output_ohm: float = 50.0
    limit_ampere: float = math.inf
    bandwidth_hertz: float = math.inf
    circuit: Subcircuit | None = None
    farad: float = 20e-15
    output_per_celsius: float = 0.0
    limit_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.driver, Driver) or isinstance(self.driver, WordLineBuffer):
            raise ParameterError.about(
                "driver",
                got=repr(self.driver),
                expected="a Dac, PulseWidth or BitSerial",
                remedy="for example WordLineBuffer(driver=Dac(bits=8), output_ohm=50.0)",
            )
        check_output(self)
        for name, unit in (("limit_ampere", "A"), ("bandwidth_hertz", "Hz")):
            if getattr(self, name) != math.inf:
                checks.number(name, getattr(self, name), unit, above=True)
        if self.limit_ampere != math.inf and self.output_ohm == 0.0:
            raise ParameterError.about(
                "output_ohm",
                got=0.0,
                expected="a resistance > 0 [ohm] where the current is limited",
                remedy="give the buffer's own, or limit_ampere=inf",
            )
        if self.circuit is not None:
            self.circuit.require("input", "out")

    @property
    def limited(self) -> bool:
        """Whether its current is limited, so that it is more than a resistance."""
        return self.limit_ampere != math.inf

    @property
    def full_scale_volt(self) -> float:
        """Voltage of the input 1 while it is on [V]."""
        return self.driver.full_scale_volt

    @property
    def highest(self) -> int:
        """The code of the input 1."""
        return self.driver.highest

    @property
    def lowest(self) -> int:
        """The lowest code."""
        return self.driver.lowest

    @property
    def read_count(self) -> int:
        """Reads of the array in one product."""
        return self.driver.read_count

    @property
    def span_second(self) -> float:
        """Longest pulse with its fall and the buffer's own tail [s]; 0 for levels."""
        span = self.driver.span_second
        tail = 5.0 / (2.0 * math.pi * self.bandwidth_hertz)
        return span + tail if span > 0.0 else 0.0

    def at_celsius(self, celsius: float) -> WordLineBuffer:
        """Return the buffer and the driver before it at another temperature.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        WordLineBuffer
            A copy with both at that temperature.

        Raises
        ------
        ParameterError
            Nothing is left of a value at this temperature.
        """
        own = Driver.at_celsius(self, celsius)
        return dataclasses.replace(own, driver=self.driver.at_celsius(celsius))

    def encode(self, values: ArrayLike) -> CodeArray:
        """Return the codes of the driver in front; see :meth:`Driver.encode`.

        Parameters
        ----------
        values
            Inputs from -1 to 1, or from 0 to 1 without sign, any shape.

        Returns
        -------
        CodeArray
            Codes, of the shape of `values`.
        """
        return self.driver.encode(values)

    def planes(self, codes: NDArray[Any]) -> tuple[tuple[int, NDArray[Any]], ...]:
        """Return the codes of every read of the driver in front; see :meth:`Driver.planes`.

        Parameters
        ----------
        codes
            Codes of the inputs, any shape.

        Returns
        -------
        tuple
            A pair for each read: weight, and codes of the shape of `codes`.
        """
        return self.driver.planes(codes)

    @property
    def odd(self) -> bool:
        """Whether opposite codes have opposite planes."""
        return self.driver.odd

    def volt_per_code(self, window_second: float) -> float | None:
        """Return what one code of the driver in front is worth; see :meth:`Driver.volt_per_code`.

        Parameters
        ----------
        window_second
            Window over which the read-out averages [s].

        Returns
        -------
        float or None
            Voltage [V]; None where voltages are not proportional to codes.
        """
        return self.driver.volt_per_code(window_second)

    @property
    def exact(self) -> bool:
        """Whether the driver's codes are real numbers."""
        return self.driver.exact

    @property
    def noisy(self) -> bool:
        """Whether the driver's reads have jitter."""
        return self.driver.noisy

    def with_sign(self, signed: bool) -> WordLineBuffer:  # noqa: FBT001  the only argument
        """Return a copy whose driver takes inputs of both signs, or inputs from 0 to 1.

        Parameters
        ----------
        signed
            Whether the inputs have both signs.

        Returns
        -------
        WordLineBuffer
            The same buffer behind that driver.
        """
        return dataclasses.replace(self, driver=self.driver.with_sign(signed))

    def with_full_scale(self, volt: float) -> WordLineBuffer:
        """Return a copy with another full scale of its driver.

        Parameters
        ----------
        volt
            Voltage of the input 1 about the reference [V].

        Returns
        -------
        WordLineBuffer
            The same buffer behind that driver.
        """
        return dataclasses.replace(self, driver=self.driver.with_full_scale(volt))

    def reads(
        self, codes: CodeArray, *, rng: np.random.Generator | None = None
    ) -> tuple[WordLines, ...]:
        """Return the reads of the driver in front: the voltages that the buffers are set to.

        Parameters
        ----------
        codes
            Codes of the inputs, (batch, rows).
        rng
            Draws the jitter, where the driver has some; None is none.

        Returns
        -------
        tuple
            One :class:`WordLines` for each read, (batch, rows).
        """
        return self.driver.reads(codes, rng=rng)

    def ampere(self, volt: FloatArray) -> FloatArray:
        """Return the current of the buffer.

        ``I = u / sqrt(1 + (u / limit)**2)`` with ``u = volt / output_ohm``.

        Parameters
        ----------
        volt
            Set voltage less the output's voltage [V], any shape.

        Returns
        -------
        FloatArray
            Current out of the buffer [A], of the shape of `volt`.
        """
        plain = volt / self.output_ohm
        result: FloatArray = plain / np.sqrt(1.0 + (plain / self.limit_ampere) ** 2)
        return result

    def siemens(self, volt: FloatArray) -> FloatArray:
        """Return the slope of :meth:`ampere`.

        Parameters
        ----------
        volt
            Set voltage less the output's voltage [V], any shape.

        Returns
        -------
        FloatArray
            Slope [S], of the shape of `volt`.
        """
        share = volt / (self.output_ohm * self.limit_ampere)
        result: FloatArray = (1.0 + share**2) ** -1.5 / self.output_ohm
        return result

    def spice_definition(self, name: str) -> list[str]:
        """Return the buffer's subcircuit, or the lines that include the user's.

        A behavioural buffer has the ports ``input out reference`` and its output resistance only
        where its current is limited; otherwise that belongs to the terminal.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit.

        Returns
        -------
        list
            SPICE lines.
        """
        if self.circuit is not None:
            return self.circuit.include_lines()
        num = spice_number
        lines = [
            f".subckt {name} input out reference",
            f"* word-line buffer: {self.output_ohm:g} ohm, at most {self.limit_ampere:g} A",
        ]
        node = "input"
        if self.bandwidth_hertz != math.inf:
            node = "slow"
            lines += [
                "Epole fast reference input reference 1",
                "Rpole fast slow 1e6",
                f"Cpole slow reference {num(1.0 / (2e6 * math.pi * self.bandwidth_hertz))}",
            ]
        if self.limit_ampere == math.inf:
            lines.append(f"Eout out reference {node} reference 1")
        else:
            slope, share = 1.0 / self.output_ohm, 1.0 / (self.output_ohm * self.limit_ampere)
            across, square = f"V({node},out)", num(share**2)
            lines.append(
                f"Bout reference out I={num(slope)}*{across}/sqrt(1+{across}*{across}*{square})"
            )
            lines.append(f"Cout out reference {num(_NODE_FARAD)}")
        return [*lines, f".ends {name}"]

    def spice_lines(self, name: str, node: str, wave: Wave, *, definition: str) -> Iterator[str]:
        """Yield a buffer and its driver.

        Parameters
        ----------
        name, node, wave, definition
            As in :meth:`Driver.spice_lines`.

        Returns
        -------
        Iterator[str]
            SPICE lines.
        """
        if self.circuit is None:
            yield f"Xbuffer_{name} set_{name} {node} reference {definition}"
        else:
            nodes = {"input": f"set_{name}", "out": node}
            yield from self.circuit.instance_lines(f"buffer_{name}", nodes)
        yield from wave.lines(f"V{name} set_{name} reference")
