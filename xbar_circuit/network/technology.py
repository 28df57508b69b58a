"""What one conversion, one access, one square millimetre costs: presets, each with its source.

An array's own energy is not in here; it comes from the branch currents of its circuit.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import checks

__all__ = ["CHIPS", "TECHNOLOGIES", "Chip", "Technology"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Technology:
    """Cost of the parts around the cells.

    Parameters
    ----------
    read_seconds
        Time for which the inputs are applied [s].
    cycle_seconds
        Time from one product of a tile to the next [s]; at least `read_seconds`.
    converter_joule_per_level
        Energy of a column conversion for each of its ``2**bits`` levels (Walden) [J].
    converter_joule
        Energy of a column conversion that does not depend on its width [J].
    driver_joule
        Energy to drive one word line once, the cells' current apart [J].
    operation_joule
        Energy of one digital operation (add, compare, scale) on a partial sum [J].
    byte_joule
        Energy of one byte read from or written to the buffers [J].
    link_joule
        Energy of one byte sent to the next layer's tiles [J].
    cell_square_metre, column_square_metre, row_square_metre
        Area of a cell, of what stands at the end of a column, and of a row [m2].
    source
        Where the numbers come from.

    Raises
    ------
    ParameterError
        A number is negative or not finite.
    """

    read_seconds: float
    cycle_seconds: float
    converter_joule_per_level: float = 0.0
    converter_joule: float = 0.0
    driver_joule: float = 0.0
    operation_joule: float = 0.03e-12
    byte_joule: float = 1.25e-12
    link_joule: float = 1.25e-12
    cell_square_metre: float = 0.0
    column_square_metre: float = 0.0
    row_square_metre: float = 0.0
    source: str = "custom"

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if name != "source":
                checks.number(name, getattr(self, name), "SI")
        checks.number("cycle_seconds", self.cycle_seconds, "s", minimum=self.read_seconds)


_DIGITAL = (
    "digital: Horowitz, ISSCC (2014), 45 nm: 8-bit add 0.03 pJ, 64-bit access of an 8 KB SRAM 10 pJ"
)

#: Presets by name.
TECHNOLOGIES = {
    # 65,536 MACs in 130 ns at 10.5 TOPS/W are 12.5 nJ a product, 48.8 pJ a column; 1.008 TOPS at
    # 1.59 TOPS/mm2 are 0.634 mm2 a core. Both include everything; nothing published splits them.
    "hermes": Technology(
        read_seconds=128e-9,
        cycle_seconds=130e-9,
        converter_joule=48.8e-12,
        operation_joule=0.0,
        byte_joule=0.0,
        link_joule=0.0,
        cell_square_metre=0.634e-6 / 65536,
        source="Khaddam-Aljameh et al., IEEE JSSC 57, 1027 (2022): whole core, counted by column"
        " (the arrays, 1 to 5 % of it, are counted once more)",
    ),
    "survey median": Technology(
        read_seconds=100e-9,
        cycle_seconds=130e-9,
        converter_joule_per_level=62e-15,
        driver_joule=50e-15,
        cell_square_metre=1.0e-12,
        column_square_metre=1000e-12,
        row_square_metre=100e-12,
        source="Murmann, ADC survey: median Walden figure of merit 62 fJ a step, 6.5-8.5 effective"
        f" bits, 0.5-2 GS/s; {_DIGITAL}; drivers 50 fJ and all areas assumed",
    ),
    "survey best": Technology(
        read_seconds=100e-9,
        cycle_seconds=130e-9,
        converter_joule_per_level=16.6e-15,
        driver_joule=50e-15,
        cell_square_metre=1.0e-12,
        column_square_metre=1000e-12,
        row_square_metre=100e-12,
        source="Murmann, ADC survey: best Walden figure of merit 16.6 fJ a step, 6.5-8.5 effective"
        f" bits, 0.5-2 GS/s; {_DIGITAL}; drivers 50 fJ and all areas assumed",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A published chip, to stand beside our figures.

    name, array, source : what it is.
    tops, tops_per_watt, tops_per_mm2 : as published; None where not stated.
    """

    name: str
    array: str
    tops: float | None
    tops_per_watt: float | None
    tops_per_mm2: float | None
    source: str


CHIPS = (
    Chip(
        name="HERMES core",
        array="256 x 256, 14 nm",
        tops=1.008,
        tops_per_watt=10.5,
        tops_per_mm2=1.59,
        source="IEEE JSSC 57, 1027 (2022)",
    ),
    Chip(
        name="64-core chip, 1 phase",
        array="64 x 256 x 256, 14 nm",
        tops=63.1,
        tops_per_watt=9.76,
        tops_per_mm2=None,
        source="Nat. Electron. 6 (2023)",
    ),
    Chip(
        name="Ambrogio et al.",
        array="34 x 512 x 2048, 14 nm",
        tops=None,
        tops_per_watt=12.4,
        tops_per_mm2=None,
        source="Nature 620 (2023)",
    ),
)
