"""What every converter is to the rest: a range, a number of codes, decisions with noise, and text.

The ideal converter has its transition to code k (k = 1 ... levels - 1) at ``low + k * lsb``, with
``lsb = (high - low) / levels``. A value below `low` gives code 0, one above `high` the last code.
Noise is drawn before converting, one standard normal number a decision, so that the NumPy twin
and ngspice receive the same numbers.

A converter of one's own is a class that inherits from :class:`Converter` and fills in what is
abstract; it then works in a :class:`Readout`, in a tile of both engines, in the studies and in the
cost like those here.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.peripherals._temperature import (
    check_coefficients,
    offset_at,
    scaled_at,
    thermal_power,
)
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.cost import PartCost
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = [
    "CodeArray",
    "Converter",
    "VoltageConverter",
    "errors_tuple",
    "finite_values",
]

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
        """Its timing."""

    @abstractmethod
    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the codes for noise that was already drawn, ``(*values.shape, decisions)``."""

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
        """Return the width of the code.

        Raises
        ------
        ParameterError
            It is exact.
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
        """Return a copy with another input range [V or A].

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
        """Return it as it is at a temperature [degree Celsius]; the numbers given hold at 27.

        Itself, unless a class says what of it moves.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of a number.
        """
        return self

    def edges(self) -> FloatArray:
        """Return the thresholds without noise (levels - 1,) [V or A], rising, by bisection.

        A code that no input gives has no width.
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
        """Cost of one conversion."""
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
        """Return standard normal numbers, one for each decision: shape ``(*shape, decisions)``."""
        return rng.standard_normal((*shape, self.decisions))

    def convert(self, values: ArrayLike, *, rng: np.random.Generator | None = None) -> CodeArray:
        """Return the codes of `values` [V or A], of the same shape.

        Parameters
        ----------
        values
            Any shape, finite.
        rng
            Draws the noise of every decision; None converts without noise.

        Raises
        ------
        ParameterError
            A value is not finite.
        """
        array = finite_values("values", values)
        return self.convert_with(array, None if rng is None else self.draw_noise(rng, array.shape))

    def spice_includes(self) -> list[str]:
        """Return the lines that load the user's circuit inside, if there is one."""
        return [] if self.circuit is None else self.circuit.include_lines()

    def spice_supplies(self, instance: str) -> dict[str, float]:
        """Return the supply sources inside an instance, and their voltages [V].

        The circuit inside is the instance ``Xcircuit``.
        """
        rails = {} if self.circuit is None else self.circuit.supplies
        return {f"v.{instance}.vcircuit_{port}": volt for port, volt in rails.items()}

    def spice_subcircuit(
        self, name: str, *, noise: FloatArray | None = None, settle_second: float = 0.0
    ) -> list[str]:
        """Return the lines of the ``.subckt``.

        Parameters
        ----------
        name
            Of the subcircuit.
        noise
            As for :meth:`spice_lines`.
        settle_second
            By how much the sampling is lengthened [s].
        """
        body = self.spice_lines(self.timing.settled(settle_second), noise)
        return [f".subckt {name} in start clock code", *body, f".ends {name}"]


class VoltageConverter(Converter):
    """What converters of a voltage between `low_volt` and `high_volt` share.

    Their noise is thermal, of the power ``T / 300 K``; their reference and the offset of their
    comparators move by coefficients, which are 0 unless given.
    """

    __slots__ = ()

    low_volt: float
    high_volt: float
    noise_volt: float
    clock_hertz: float
    reference_per_celsius: float
    offset_volt_per_celsius: float

    def _check_range(self) -> None:
        """Refuse an impossible range, noise or clock."""
        checks.number("low_volt", self.low_volt, "V", minimum=-np.inf)
        checks.number("high_volt", self.high_volt, "V", minimum=self.low_volt, above=True)
        checks.number("noise_volt", self.noise_volt, "V")
        checks.number("clock_hertz", self.clock_hertz, "Hz", above=True)
        check_coefficients(self, "reference_per_celsius", "offset_volt_per_celsius")

    @property
    def noisy(self) -> bool:
        """Whether the comparator has noise."""
        return self.noise_volt > 0.0

    def with_range(self, low: float, high: float) -> Self:
        """Return it with another input range [V]."""
        return dataclasses.replace(self, low_volt=low, high_volt=high)  # type: ignore[type-var]

    def at_celsius(self, celsius: float) -> Self:
        """Return it at a temperature: its reference, its offset and the noise of its decisions."""
        span = self.high_volt - self.low_volt
        return dataclasses.replace(  # type: ignore[type-var]
            self,
            high_volt=self.high_volt
            + (scaled_at(celsius, self, span, "reference_per_celsius") - span),
            noise_volt=self.noise_volt * math.sqrt(thermal_power(celsius)),
            **self._offset_at(celsius),
        )

    def _offset_at(self, celsius: float) -> dict[str, Any]:
        """Return the field of the comparators' offset, and its value at a temperature."""
        own: float = self.offset_volt  # type: ignore[attr-defined]
        return {"offset_volt": offset_at(celsius, own, self.offset_volt_per_celsius)}

    @property
    def input_unit(self) -> str:
        """Volt."""
        return "V"

    @property
    def input_low(self) -> float:
        """Lower end of the range [V]."""
        return self.low_volt

    @property
    def input_high(self) -> float:
        """Upper end of the range [V]."""
        return self.high_volt


def finite_values(name: str, values: ArrayLike) -> FloatArray:
    """Return `values` as float64.

    Raises
    ------
    ParameterError
        They are not finite real numbers.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError.about(
            name, got=repr(values), expected="real numbers", remedy="pass an array of floats"
        ) from error
    if not np.isfinite(array).all():
        raise ParameterError.about(
            name, got="NaN or infinity", expected="finite values", remedy="remove them first"
        )
    return array


def errors_tuple(name: str, values: object, length: int, unit: str) -> tuple[float, ...]:
    """Return a tuple of `length` finite numbers above -1 (relative) or of any sign (volt).

    Raises
    ------
    ShapeError
        Another length.
    ParameterError
        A value is not finite, or a relative error is -1 or below.
    """
    if not isinstance(values, (tuple, list, np.ndarray)) or len(values) != length:
        raise ShapeError.about(
            name,
            got=f"{len(values) if hasattr(values, '__len__') else repr(values)} values",
            expected=f"{length} values [{unit}]",
            remedy="one value for each element",
        )
    relative = unit == "1"
    low = -1.0 if relative else -np.inf
    return tuple(
        checks.number(f"{name}[{k}]", value, unit, minimum=low, above=relative)
        for k, value in enumerate(values)
    )
