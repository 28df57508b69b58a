"""What stands around a tile, as far as energy, time and area go: of the parts, or as published.

The parts of an accelerator know their own: a converter by the model in its docstring, a circuit by
its calibration in ngspice, a driver by what it charges. In their place, or where a part is ideal
and has none, stand the numbers of a published architecture, and the assumptions say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit.accelerator._hardware import Hardware
from xbar_circuit.architecture import Architecture, preset
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Driver

__all__ = ["FALLBACK", "Periphery", "input_bits"]

#: Whose numbers are used for parts that have none.
FALLBACK = "survey median"


@dataclass(frozen=True, slots=True, kw_only=True)
class Periphery:
    """Drivers and read-outs of a tile.

    Parameters
    ----------
    name, source
        Whose numbers, and where they come from.
    product_second
        From one product to the next [s].
    drive_second
        How long the word lines are driven in one read [s].
    reads
        Reads of the array in a product.
    conversion_joule
        Of one converter in one read, its amplifier included [J].
    line_joule
        Of one word line in one read [J], without the current through the devices.
    columns_per_converter
        Bit lines that take turns at one converter.
    converter_square_metre, line_square_metre, cell_square_metre
        Areas of one converter, driver and cell [m2]; None is not known.
    includes_array
        Whether `conversion_joule` has the array's own energy in it.
    assumptions
        What a reader must know.
    """

    name: str
    source: str
    product_second: float
    drive_second: float
    reads: int
    conversion_joule: float
    line_joule: float
    columns_per_converter: int = 1
    converter_square_metre: float | None = None
    line_square_metre: float | None = None
    cell_square_metre: float | None = None
    includes_array: bool = False
    assumptions: tuple[str, ...] = ()

    @classmethod
    def of(cls, accelerator: Hardware, architecture: str | Architecture | None = None) -> Periphery:
        """Return the periphery of an accelerator's tiles.

        Parameters
        ----------
        accelerator
            Whose parts count.
        architecture
            Whose published numbers are used instead, or their name; None takes the parts' own,
            and those of :data:`FALLBACK` where the read-out is ideal.

        Raises
        ------
        ParameterError
            An unknown architecture; a driver or converter without a width; or a circuit whose power
            was not measured.
        """
        if architecture is None and _knows(accelerator):
            return cls._of_parts(accelerator)
        numbers = architecture or FALLBACK
        if isinstance(numbers, str):
            numbers = preset(numbers)
        return cls._published(accelerator, numbers)

    @classmethod
    def _of_parts(cls, accelerator: Hardware) -> Periphery:
        high, wide = accelerator.block
        one = accelerator.tile(np.full((high, wide), accelerator.synapse.g_max_siemens))
        driver = accelerator.driver
        share = one.crossbar.cols / one.converters
        farad = driver.farad + accelerator.cols * accelerator.wires.row_farad
        measured = accelerator.model is not None
        return cls(
            name="its own parts",
            source="the parts of the accelerator: formulas in their docstrings"
            + (", circuits as calibrated against ngspice" if measured else ""),
            product_second=driver.read_count * one.period_second,
            drive_second=one.period_second,
            reads=driver.read_count,
            conversion_joule=one.readout_joule() * share,
            line_joule=farad * driver.full_scale_volt**2,
            assumptions=(
                "Read-out: one for every column that is converted, amplifier and converter for the"
                " whole period of a read; "
                + ("as measured in ngspice." if measured else "by the parts' own formulas."),
                "Drivers: their own and the word line's capacitance charged to the full scale once"
                " a read.",
                "Parts without a layout have no area: none is given.",
            ),
        )

    @classmethod
    def _published(cls, accelerator: Hardware, numbers: Architecture) -> Periphery:
        driver, part = accelerator.driver, numbers.readout
        width, output_bits = input_bits(driver), accelerator.readout.converter.bits
        if output_bits is None:
            raise ParameterError.about(
                "readout.converter",
                got="an exact converter",
                expected="one with a width",
                remedy="an exact one has no cost; give the resolution that a chip would have",
            )
        pulses = driver.span_second > 0.0
        period = numbers.read_period_second(pulses=pulses, bits=width, output_bits=output_bits)
        reads = driver.read_count * numbers.phases
        second = reads * period + numbers.settle_second
        amplifier = part.amplifier_watt * second / reads
        kind = type(getattr(driver, "driver", driver)).__name__
        other = (
            f"Caution: the tiles are driven by a {kind}, but the numbers of {numbers.name} are for"
            f" a {numbers.driver_kind}; the circuits that convert one into the other are not"
            " included.",
        )
        return cls(
            name=numbers.name,
            source=numbers.source,
            product_second=second,
            drive_second=numbers.drive_second(pulses=pulses, bits=width),
            reads=reads,
            conversion_joule=part.joule(output_bits) + amplifier / part.columns_per_converter,
            line_joule=numbers.driver.activation_joule,
            columns_per_converter=part.columns_per_converter,
            converter_square_metre=part.square_metre,
            line_square_metre=numbers.driver.square_metre,
            cell_square_metre=numbers.cell_square_metre,
            includes_array=part.includes_array,
            assumptions=(
                *(other if numbers.driver_kind not in {None, kind} else ()),
                f"Drivers and read-outs: numbers of {numbers.name}, instead of the parts' own.",
                *numbers.assumptions,
            ),
        )


def input_bits(driver: Driver) -> int:
    """Return the width of a driver's codes with their sign.

    Raises
    ------
    ParameterError
        It has none.
    """
    if driver.exact:
        raise ParameterError.about(
            "driver",
            got="an exact driver",
            expected="one with a width",
            remedy="an exact one has no cost; give the resolution that a chip would have",
        )
    return math.ceil(math.log2(driver.highest + 1)) + (1 if driver.lowest < 0 else 0)


def _knows(accelerator: Hardware) -> bool:
    """Return whether the read-out knows its energy."""
    model = accelerator.model_at(None)
    if model is not None and math.isfinite(model.readout_joule):
        return True
    return bool(accelerator.readout.converter.energy_joule > 0.0)
