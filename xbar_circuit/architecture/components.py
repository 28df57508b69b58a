"""What an accelerator is built of besides its arrays, as far as energy, time and area go.

Every number carries its unit in its name and is stated by whoever states the architecture; the
presets say where theirs come from. None is an area that nobody has published: it is left out of
the sum, and the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError

__all__ = ["Architecture", "Buffer", "DigitalUnit", "Driver", "Interconnect", "Readout"]

LAWS = ("counting", "successive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """Amplifier and converter at the foot of the bit lines.

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
    area_m2
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
    area_m2: float | None = None
    amplifier_watt: float = 0.0
    includes_array: bool = False

    def __post_init__(self) -> None:
        checks.count("bits", self.bits, maximum=16)
        checks.number("conversion_joule", self.conversion_joule, "J")
        checks.number("conversion_second", self.conversion_second, "s", above=True)
        checks.choice("law", self.law, LAWS)
        checks.count("columns_per_converter", self.columns_per_converter)
        checks.number("amplifier_watt", self.amplifier_watt, "W")
        _area("area_m2", self.area_m2)

    def joule(self, bits: int) -> float:
        """Return the energy of a conversion of some width [J]."""
        return self.conversion_joule * 2.0 ** (bits - self.bits)

    def seconds(self, bits: int) -> float:
        """Return the time of a conversion of some width [s]."""
        scale = 2.0 ** (bits - self.bits) if self.law == "counting" else bits / self.bits
        return self.conversion_second * scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Word line driver with its input converter.

    activation_joule : of one word line for one product, or one plane of bits [J], without the
        current through the devices.
    area_m2 : of one driver [m2].
    """

    activation_joule: float
    area_m2: float | None = None

    def __post_init__(self) -> None:
        checks.number("activation_joule", self.activation_joule, "J")
        _area("area_m2", self.area_m2)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalUnit:
    """Arithmetic beside each tile: adds partial sums, scales, adds biases, activates, pools.

    add_joule, multiply_joule : of one operation [J].
    lanes, clock_hertz : operations at a time, and how often [Hz].
    area_m2 : of one unit [m2].
    """

    add_joule: float
    multiply_joule: float
    lanes: int
    clock_hertz: float
    area_m2: float | None = None

    def __post_init__(self) -> None:
        checks.number("add_joule", self.add_joule, "J")
        checks.number("multiply_joule", self.multiply_joule, "J")
        checks.count("lanes", self.lanes)
        checks.number("clock_hertz", self.clock_hertz, "Hz", above=True)
        _area("area_m2", self.area_m2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Memory for activations.

    byte_joule : of one byte read or written [J].
    byte_m2 : area of one byte [m2].
    """

    byte_joule: float
    byte_m2: float | None = None

    def __post_init__(self) -> None:
        checks.number("byte_joule", self.byte_joule, "J")
        _area("byte_m2", self.byte_m2)


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
class Architecture:
    """An accelerator's periphery, timing and digital rest.

    Tiles work in parallel; the layers of a network are stages of a pipeline; a layer may be
    replicated. The conversion of one product overlaps with the read of the next.

    Parameters
    ----------
    name, source
        Of what, and where the numbers come from.
    readout, driver, digital, buffer, interconnect
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
    cell_m2
        Area of one device's cell [m2].
    input_coding
        How the inputs are driven where the numbers come from; None holds for every coding.
    assumptions
        What a reader must know of the numbers; printed with every result.

    Raises
    ------
    ParameterError
        A number out of range, or an unknown choice.
    """

    name: str
    source: str
    readout: Readout
    driver: Driver
    digital: DigitalUnit
    buffer: Buffer
    interconnect: Interconnect
    read_second: float
    pulse_slot_second: float
    settle_second: float = 0.0
    phases: int = 1
    cell_m2: float | None = None
    input_coding: str | None = None
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks.number("read_second", self.read_second, "s", above=True)
        checks.number("pulse_slot_second", self.pulse_slot_second, "s", above=True)
        checks.number("settle_second", self.settle_second, "s")
        checks.count("phases", self.phases)
        _area("cell_m2", self.cell_m2)
        if not self.name or not self.source:
            raise ParameterError.about(
                "name, source",
                got=repr((self.name, self.source)),
                expected="some text for both",
                remedy="say where the numbers come from",
            )

    def drive_second(self, input_coding: str, input_bits: int) -> float:
        """Return how long the word lines are driven for one product, or one plane of bits [s]."""
        if input_coding == "pulse width":
            return self.pulse_slot_second * 2.0**input_bits
        return self.read_second

    def product_second(self, input_coding: str, input_bits: int, output_bits: int) -> float:
        """Return the time from one product of a tile to the next [s].

        ``planes * phases * max(drive, columns_per_converter * conversion) + settle``.
        """
        planes = input_bits if input_coding == "bit serial" else 1
        conversion = self.readout.columns_per_converter * self.readout.seconds(output_bits)
        drive = self.drive_second(input_coding, input_bits)
        return planes * self.phases * max(drive, conversion) + self.settle_second


def _area(name: str, value: float | None) -> None:
    if value is not None:
        checks.number(name, value, "m2")
