"""The interface of converters: a range, a number of codes, decisions with noise, SPICE text.

The ideal converter has its transition to code k (k = 1 ... levels - 1) at ``low + k * lsb``, with
``lsb = (high - low) / levels``. A value below `low` gives code 0, one above `high` the last code.
Noise is drawn before converting, one standard normal number a decision, so that the NumPy twin
and ngspice receive the same numbers.

A converter of one's own is a class that inherits from :class:`Converter` and fills in what is
abstract; it then works in a :class:`Readout`, in a tile of both engines, in the studies and in the
cost like those here.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._values import finite_values
from xbar_circuit.peripherals.cost import PartCost
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["CodeArray", "Converter"]

#: Codes: int64, or float64 of an exact converter or driver.
CodeArray = NDArray[Any]


class Converter(ABC):
    """Anything that converts a voltage or a current into a code, without state.

    Its SPICE subcircuit has the ports ``in start clock code``. The node ``code`` is 1 V a code, for
    reading and plotting; the bits themselves are digital nodes inside. Noise that was drawn before
    is written into the subcircuit as piecewise linear sources, one number a decision.
    """

    __slots__ = ()

    bits: int | None  # width of the code; None is exact, a real number

    @property
    @abstractmethod
    def input_unit(self) -> str:
        """``"V"`` or ``"A"``."""

    @property
    @abstractmethod
    def input_low(self) -> float:
        """Lower end of the input range [V or A]."""

    @property
    @abstractmethod
    def input_high(self) -> float:
        """Upper end of the input range [V or A]."""

    @property
    @abstractmethod
    def conversion_second(self) -> float:
        """Time from one sample to the next [s]."""

    @property
    @abstractmethod
    def energy_joule(self) -> float:
        """Mean energy of a conversion [J], by the model that the converter's docstring states."""

    @property
    @abstractmethod
    def timing(self) -> Timing:
        """Timing of a conversion: when ``start`` and ``clock`` move."""

    @abstractmethod
    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the codes for noise that was already drawn.

        Parameters
        ----------
        values
            Inputs [V or A], any shape, finite.
        noise
            Standard normal numbers, ``(*values.shape, decisions)``; None converts without noise.

        Returns
        -------
        CodeArray
            Codes, of the shape of `values`.
        """

    @abstractmethod
    def spice_lines(self, timing: Timing, noise: FloatArray | None) -> Iterable[str]:
        """Return the body of the subcircuit.

        Parameters
        ----------
        timing
            When ``start`` and ``clock`` move.
        noise
            Standard normal numbers of successive conversions (conversions, decisions); None is
            none.

        Returns
        -------
        Iterable[str]
            SPICE lines between ``.subckt`` and ``.ends``.
        """

    @property
    def levels(self) -> int:
        """Number of codes; 1 of an exact one, whose code is 1 over its whole range."""
        return 1 if self.bits is None else int(2**self.bits)

    @property
    def exact(self) -> bool:
        """Whether its code is a real number."""
        return self.bits is None

    def known_bits(self) -> int:
        """Return the width of the code, for callers that need a number of codes.

        Returns
        -------
        int
            `bits`.

        Raises
        ------
        ParameterError
            The converter is exact.
        """
        if self.bits is None:
            raise ParameterError.about(
                "converter",
                got="an exact one",
                expected="a converter with a number of codes",
                remedy="give it bits",
            )
        return self.bits

    @property
    def noisy(self) -> bool:
        """Whether its decisions have noise that is to be drawn."""
        return False

    def with_range(self, low: float, high: float) -> Converter:
        """Return a copy with another input range.

        Parameters
        ----------
        low, high
            Ends of the range [V or A].

        Returns
        -------
        Converter
            The same converter with that range.

        Raises
        ------
        ParameterError
            Its range is fixed.
        """
        raise ParameterError.about(
            "converter",
            got=f"{type(self).__name__} for a range of {low:g} to {high:g}",
            expected="a converter whose range can be set",
            remedy="set the range by the driver's full scale or the amplifier's gain",
        )

    def at_celsius(self, celsius: float) -> Self:  # noqa: ARG002  of the abstract one nothing moves
        """Return the converter at another temperature; the numbers that it is given hold at 27 C.

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

    def edges(self) -> FloatArray:
        """Return the thresholds without noise, by bisection.

        A code that no input gives has no width.

        Returns
        -------
        FloatArray
            Input at which each code from 1 begins [V or A], rising, (levels - 1,).

        >>> from xbar_circuit.peripherals import Sar
        >>> Sar(bits=2, offset_volt=0.01).edges().round(6).tolist()
        [0.26, 0.51, 0.76]
        """
        wanted = np.arange(1, self.levels)
        span = self.input_high - self.input_low
        bottom = np.full(wanted.shape, self.input_low - span)
        top = np.full(wanted.shape, self.input_high + span)
        for _ in range(50):
            middle = 0.5 * (bottom + top)
            above = self.convert_with(middle, None) >= wanted
            top, bottom = np.where(above, middle, top), np.where(above, bottom, middle)
        result: FloatArray = np.maximum.accumulate(top)
        return result

    @property
    def lsb(self) -> float:
        """Width of an ideal code [V or A]."""
        return (self.input_high - self.input_low) / self.levels

    @property
    def decisions(self) -> int:
        """Noisy decisions in one conversion."""
        return 1

    @property
    def circuit(self) -> Subcircuit | None:
        """The circuit that ngspice simulates instead of a formula, or None."""
        return None

    @property
    def circuit_joule(self) -> float:
        """Energy, by the model, of the parts that :attr:`circuit` replaces [J]."""
        return 0.0

    @property
    def cost(self) -> PartCost:
        """Cost of one conversion; its energy is NaN with a circuit, which has to be measured."""
        joule = self.energy_joule if self.circuit is None else math.nan
        return PartCost(latency_second=self.conversion_second, energy_joule=joule)

    @property
    def reference_volt(self) -> float:
        """Reference voltage of the array if the column ends in the converter [V]."""
        return 0.0

    @property
    def column_ohm(self) -> float:
        """Resistance that a column sees that ends in it [ohm]; NaN if unknown."""
        return math.nan

    @property
    def column_volt(self) -> float:
        """Voltage of such a column without a current [V]; NaN if unknown."""
        return math.nan

    @property
    def window_second(self) -> float | None:
        """Integration time [s]; None if it samples its input."""
        return None

    def draw_noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draw the noise of some conversions.

        Parameters
        ----------
        rng
            Random generator.
        shape
            Shape of the values to convert.

        Returns
        -------
        FloatArray
            Standard normal numbers, one for each decision, ``(*shape, decisions)``.
        """
        return rng.standard_normal((*shape, self.decisions))

    def convert(self, values: ArrayLike, *, rng: np.random.Generator | None = None) -> CodeArray:
        """Return the codes of inputs.

        Parameters
        ----------
        values
            Inputs [V or A], any shape, finite.
        rng
            Draws the noise of every decision; None converts without noise.

        Returns
        -------
        CodeArray
            Codes from 0 to ``levels - 1``, of the shape of `values`; real numbers of an exact
            converter.

        Raises
        ------
        ParameterError
            A value is not finite.

        >>> import numpy as np
        >>> from xbar_circuit.peripherals import Sar
        >>> sar = Sar(bits=4, noise_volt=0.05)
        >>> sar.convert([0.26, 0.51]), sar.convert([0.26, 0.51], rng=np.random.default_rng(0))
        (array([4, 8]), array([4, 7]))
        """
        array = finite_values("values", values)
        return self.convert_with(array, None if rng is None else self.draw_noise(rng, array.shape))

    def spice_includes(self) -> list[str]:
        """Return the lines that load the user's circuit inside.

        Returns
        -------
        list
            SPICE lines; empty if there is no such circuit.
        """
        return [] if self.circuit is None else self.circuit.include_lines()

    def spice_supplies(self, instance: str) -> dict[str, float]:
        """Return the supply sources inside an instance, and their voltages.

        The circuit inside is the instance ``Xcircuit``.

        Parameters
        ----------
        instance
            Name of the converter's instance.

        Returns
        -------
        dict
            Name of each source in the deck -> its voltage [V].
        """
        rails = {} if self.circuit is None else self.circuit.supplies
        return {f"v.{instance}.vcircuit_{port}": volt for port, volt in rails.items()}

    def spice_subcircuit(
        self, name: str, *, noise: FloatArray | None = None, settle_second: float = 0.0
    ) -> list[str]:
        """Return the whole subcircuit.

        Parameters
        ----------
        name
            Name of the subcircuit.
        noise
            As for :meth:`spice_lines`.
        settle_second
            Time by which the sampling is lengthened [s].

        Returns
        -------
        list
            SPICE lines ``.subckt`` to ``.ends``.
        """
        body = self.spice_lines(self.timing.settled(settle_second), noise)
        return [f".subckt {name} in start clock code", *body, f".ends {name}"]
