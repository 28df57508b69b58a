"""Energy, time and area of what surrounds the arrays of a chip.

Every number carries its unit in its name and is stated with the architecture; the
presets say where theirs come from. None is an area that was not published: it is left out of
the sum, and the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError

__all__ = [
    "Architecture",
    "Buffer",
    "DigitalUnit",
    "Interconnect",
    "PublishedDriver",
    "PublishedReadout",
]

LAWS = ("counting", "successive")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReadout:
    """Amplifier and converter at the foot of the bit lines, as published.

    Parameters
    ----------
    bits
        Width at which the numbers hold.
    conversion_joule, conversion_second
        Of one conversion at that width [J, s].
    law
        How they change with the width b: ``"counting"`` (ramps, oscillators): energy and time as
        ``2**b``; ``"successive"`` (SAR): energy as ``2**b`` (constant Walden figure of merit),
        time as b.
    columns_per_converter
        Bit lines that take turns at one converter.
    square_metre
        Of one converter [m2].
    amplifier_watt
        Power of the amplifier in front of each converter, on for the whole product [W].
    includes_array
        Whether `conversion_joule` is measured with the array's own energy in it; the array's
        share is then taken out of it, not added.
    """

    bits: int
    conversion_joule: float
    conversion_second: float
    law: str = "successive"
    columns_per_converter: int = 1
    square_metre: float | None = None
    amplifier_watt: float = 0.0
    includes_array: bool = False

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=16)
        checks.number("conversion_joule", self.conversion_joule, "J")
        checks.number("conversion_second", self.conversion_second, "s", above=True)
        checks.choice("law", self.law, LAWS)
        checks.count("columns_per_converter", self.columns_per_converter)
        checks.number("amplifier_watt", self.amplifier_watt, "W")
        _area("square_metre", self.square_metre)

    def joule(self, bits: int) -> float:
        """Return the energy of a conversion of some width.

        Parameters
        ----------
        bits
            Width of the conversion.

        Returns
        -------
        float
            ``conversion_joule * 2**(bits - self.bits)`` [J], by either law.
        """
        return self.conversion_joule * 2.0 ** (bits - self.bits)

    def second(self, bits: int) -> float:
        """Return the time of a conversion of some width.

        Parameters
        ----------
        bits
            Width of the conversion.

        Returns
        -------
        float
            [s]: `conversion_second` times ``2**(bits - self.bits)`` of a counting converter, times
            ``bits / self.bits`` of a successive one.
        """
        scale = 2.0 ** (bits - self.bits) if self.law == "counting" else bits / self.bits
        return self.conversion_second * scale


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDriver:
    """Word line driver with its input converter, as published.

    activation_joule : of one word line for one product, or one plane of bits [J], without the
        current through the devices.
    square_metre : of one driver [m2].
    """

    activation_joule: float
    square_metre: float | None = None

    def __post_init__(self) -> None:
        checks.number("activation_joule", self.activation_joule, "J")
        _area("square_metre", self.square_metre)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Memory for activations.

    byte_joule : of one byte read or written [J].
    byte_square_metre : area of one byte [m2].
    """

    byte_joule: float
    byte_square_metre: float | None = None

    def __post_init__(self) -> None:
        checks.number("byte_joule", self.byte_joule, "J")
        _area("byte_square_metre", self.byte_square_metre)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interconnect:
    """Wires between tiles.

    bit_joule_per_metre : of one bit over one metre [J/m].
    distance_metre : from a tile to the next layer's, on average [m].
    """

    bit_joule_per_metre: float
    distance_metre: float

    def __post_init__(self) -> None:
        checks.number("bit_joule_per_metre", self.bit_joule_per_metre, "J/m")
        checks.number("distance_metre", self.distance_metre, "m")


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalUnit:
    """Arithmetic beside each tile: adds partial sums, scales, adds biases, activates, pools.

    The default energies are those published for 45 nm at 0.9 V (Horowitz, ISSCC 2014).

    Parameters
    ----------
    add_joule, multiply_joule
        Of one operation on 32-bit whole numbers [J].
    float_joule
        Of one multiply-accumulate in float32 [J].
    byte_multiply_joule
        Of one multiplication of 8-bit numbers [J]; other widths as the square of the width.
    lanes, clock_hertz
        Operations at a time, and how often [Hz].
    buffer, interconnect
        Memory for activations, and the wires between tiles.
    square_metre
        Of one unit [m2]; None is not known.
    assumptions
        Assumptions behind the numbers; printed with every result.
    """

    add_joule: float
    multiply_joule: float
    lanes: int
    clock_hertz: float
    buffer: Buffer
    interconnect: Interconnect
    float_joule: float = 4.6e-12
    byte_multiply_joule: float = 0.2e-12
    square_metre: float | None = None
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks.number("add_joule", self.add_joule, "J")
        for name in ("multiply_joule", "float_joule", "byte_multiply_joule"):
            checks.number(name, getattr(self, name), "J")
        checks.count("lanes", self.lanes)
        checks.number("clock_hertz", self.clock_hertz, "Hz", above=True)
        _area("square_metre", self.square_metre)

    def mac_joule(self, bits: int | None) -> float:
        """Return the energy of a multiply-accumulate of some width.

        Parameters
        ----------
        bits
            Width of both factors; None is float32.

        Returns
        -------
        float
            [J]: `float_joule`, or ``byte_multiply_joule * (bits / 8)**2 + add_joule``.

        >>> from xbar_circuit.architecture.presets import HOROWITZ
        >>> [f"{HOROWITZ.mac_joule(bits):.2g} J" for bits in (None, 8)]
        ['4.6e-12 J', '3e-13 J']
        """
        if bits is None:
            return self.float_joule
        return self.byte_multiply_joule * (bits / 8) ** 2 + self.add_joule


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Published numbers of drivers and read-outs, and their timing.

    The conversion of one product overlaps with the read of the next.

    Parameters
    ----------
    name, source
        Name of the architecture, and source of the numbers.
    readout, driver
        The components.
    read_second
        How long the word lines are driven for one product, or one plane of bits, when inputs are
        voltages [s].
    pulse_slot_second
        The unit of a pulse width: a product takes ``2**input_bits`` of them [s].
    settle_second
        Added to every product [s].
    phases
        Reads that make one product, or one plane of bits: 4 where signs of inputs and of weights
        are read one after the other.
    cell_square_metre
        Area of one device's cell [m2].
    driver_kind
        The kind of driver that the numbers belong to (a class of `xbar_circuit.peripherals`); None
        holds for every one.
    assumptions
        Assumptions behind the numbers; printed with every result.

    Raises
    ------
    ParameterError
        A number out of range, or an unknown choice.
    """

    name: str
    source: str
    readout: PublishedReadout
    driver: PublishedDriver
    read_second: float
    pulse_slot_second: float
    settle_second: float = 0.0
    phases: int = 1
    cell_square_metre: float | None = None
    driver_kind: str | None = None
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks.number("read_second", self.read_second, "s", above=True)
        checks.number("pulse_slot_second", self.pulse_slot_second, "s", above=True)
        checks.number("settle_second", self.settle_second, "s")
        checks.count("phases", self.phases)
        _area("cell_square_metre", self.cell_square_metre)
        if not self.name or not self.source:
            raise ParameterError.about(
                "name, source",
                got=repr((self.name, self.source)),
                expected="some text for both",
                remedy="say where the numbers come from",
            )

    def drive_second(self, *, pulses: bool, bits: int) -> float:
        """Return how long the word lines are driven in one read.

        Parameters
        ----------
        pulses
            Whether a code is a time, and not a voltage.
        bits
            Width of the inputs with their sign.

        Returns
        -------
        float
            [s]: ``pulse_slot_second * 2**bits`` of pulses, else `read_second`.
        """
        return self.pulse_slot_second * 2.0**bits if pulses else self.read_second

    def read_period_second(self, *, pulses: bool, bits: int, output_bits: int) -> float:
        """Return the time from one read to the next.

        Parameters
        ----------
        pulses
            Whether a code is a time, and not a voltage.
        bits
            Width of the inputs with their sign.
        output_bits
            Width of the conversions.

        Returns
        -------
        float
            [s]: ``max(drive, columns_per_converter * conversion)``, because the conversion of one
            product overlaps with the read of the next.
        """
        conversion = self.readout.columns_per_converter * self.readout.second(output_bits)
        return max(self.drive_second(pulses=pulses, bits=bits), conversion)


def _area(name: str, value: float | None) -> None:
    if value is not None:
        checks.number(name, value, "m^2")
