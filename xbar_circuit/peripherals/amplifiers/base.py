"""The interface of amplifiers: a virtual ground, a line from current to output, SPICE text.

An amplifier of one's own is a class that inherits from :class:`Amplifier` and fills in what is
abstract.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Self

from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["Amplifier"]


class Amplifier(ABC):
    """A stage between column and converter, without state."""

    __slots__ = ()

    reference_volt: float

    @property
    @abstractmethod
    def output_unit(self) -> str:
        """``"V"`` or ``"A"``."""

    @property
    @abstractmethod
    def column_ohm(self) -> float:
        """Resistance that the column sees [ohm]; NaN if it has to be measured."""

    @property
    @abstractmethod
    def input_volt(self) -> float:
        """Voltage of the column at zero current [V]; NaN if it has to be measured."""

    @property
    @abstractmethod
    def output_line(self) -> tuple[float, float]:
        """Output without a current [V or A], and its slope over the (mean) current [ohm or 1]."""

    @property
    @abstractmethod
    def ideal_line(self) -> tuple[float, float]:
        """`output_line` with ideal parts [V or A, and ohm or 1]."""

    @property
    @abstractmethod
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN if it has to be measured."""

    @property
    @abstractmethod
    def circuit(self) -> Subcircuit | None:
        """The user's circuit in it, or None."""

    @abstractmethod
    def with_gain(self, ohm: float) -> Amplifier:
        """Return a copy with another gain, as a chip sets it.

        Parameters
        ----------
        ohm
            Size of the ideal line's slope [ohm].

        Returns
        -------
        Amplifier
            The same amplifier with that gain.

        Raises
        ------
        ParameterError
            Its gain cannot be set.
        """

    def at_celsius(self, celsius: float) -> Self:  # noqa: ARG002  most parts of it stay
        """Return the amplifier at another temperature; the numbers that it is given hold at 27 C.

        Thermal noise is left as it is: :meth:`output_noise` states it for 27 C, and `Readout.noise`
        scales it.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        Self
            A copy with what its coefficients move; itself, unless a class says what moves.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of a number.
        """
        return self

    @abstractmethod
    def spice_definition(self, name: str) -> list[str]:
        """Return the lines that a deck needs once: subcircuits and models, or their includes.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit; a user's own keeps its name.

        Returns
        -------
        list
            SPICE lines.
        """

    @abstractmethod
    def spice_lines(
        self,
        instance: str,
        *,
        definition: str,
        minus: str,
        out: str,
        plus: str = "reference",
        driven: str | None = None,
    ) -> list[str]:
        """Return one amplifier: the circuit, its feedback or load, its supplies.

        Parameters
        ----------
        instance, definition
            Name of this instance, and the name given to :meth:`spice_definition`.
        minus, out, plus
            Its nodes: bit line, output, reference.
        driven
            The op-amp's own output node, where a probe is to break the loop before `out`.

        Returns
        -------
        list
            SPICE lines of the instance.
        """

    @abstractmethod
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

    def output_noise(
        self,
        source_ohm: float,  # noqa: ARG002
        source_farad: float = 0.0,  # noqa: ARG002
        *,
        column: bool = True,  # noqa: ARG002
    ) -> float:
        """Return the rms noise of the sampled output at 27 C.

        Parameters
        ----------
        source_ohm, source_farad
            Resistance and capacitance of the column to where its rows are held [ohm, F].
        column
            Whether the thermal noise of that resistance is in it.

        Returns
        -------
        float
            Noise [V or A]; 0 unless a class says otherwise, NaN if it has to be measured.
        """
        return 0.0

    def output_density(self, source_ohm: float, *, column: bool = True) -> float:  # noqa: ARG002
        """Return the white noise of the output at low frequencies, for a converter that averages.

        Parameters
        ----------
        source_ohm
            Resistance of the column to where its rows are held [ohm].
        column
            Whether the thermal noise of that resistance is in it.

        Returns
        -------
        float
            One-sided density [V**2/Hz or A**2/Hz]; 0 unless a class says otherwise.
        """
        return 0.0

    def spice_shared(self, period_second: float) -> Iterable[str]:  # noqa: ARG002  most need none
        """Return the sources that all amplifiers of a deck share.

        Parameters
        ----------
        period_second
            Time from one read to the next [s].

        Returns
        -------
        Iterable[str]
            SPICE lines; most amplifiers need none.
        """
        return ()

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
        """Return one amplifier whose output current is added to another's.

        Only for amplifiers whose :attr:`turns` is true.

        Parameters
        ----------
        instance, definition, minus, out, plus
            As in :meth:`spice_lines`.
        turned
            Whether its output current is reversed.
        load
            Whether this one of the two has the load.

        Returns
        -------
        list
            SPICE lines of the instance.
        """
        raise NotImplementedError

    @property
    def window_second(self) -> float | None:
        """Integration time [s]; None if it follows the current."""
        return None

    @property
    def window_begin_second(self) -> float:
        """Time from the beginning of a read to that of the window [s]."""
        return 0.0

    @property
    def turns(self) -> bool:
        """Whether its output current can be turned around to meet another column's."""
        return False

    @property
    def pair_line(self) -> tuple[float, float]:
        """`output_line` over the difference of two currents [V or A, ohm or 1]; NaN if unknown."""
        return math.nan, math.nan

    @property
    def settle_second(self) -> float:
        """Settling time before its output is sampled [s]."""
        return 0.0
