"""Architectures whose numbers have been published or measured, each with its source.

The digital rest is the same in all: M. Horowitz, "Computing's energy problem (and what we can do
about it)", ISSCC 2014, table for 45 nm at 0.9 V: 32-bit integer addition 0.1 pJ, multiplication
3.1 pJ, 8-bit multiplication 0.2 pJ, float32 addition 0.9 pJ and multiplication 3.7 pJ, 64-bit
access to an 8 KB memory 10 pJ. Wires have 0.2 fF/um (textbook); a random bit takes ``C V**2 / 4``
from the supply.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xbar_circuit.architecture.components import (
    Architecture,
    Buffer,
    DigitalUnit,
    Interconnect,
    PublishedDriver,
    PublishedReadout,
)
from xbar_circuit.architecture.neurram import neurram
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import Sar

__all__ = [
    "COMPARATOR_JOULE",
    "HOROWITZ",
    "OPAMP_WATT",
    "PRESETS",
    "SETTLING_SECOND",
    "adc_survey",
    "cmos45",
    "hermes_64",
    "hermes_core",
    "isaac",
    "preset",
]

#: Measured in ngspice on the circuits of ``device_models/``, and again by a test: power of the
#: op-amp of ``two_stage_opamp.lib`` [W], its time to settle to 8 bits on a column of 256 devices
#: with 4 kohm of feedback [s], and what the supply gives to ``strongarm.lib`` for a decision [J].
OPAMP_WATT = 1.04e-3
SETTLING_SECOND = 12.9e-9  # measured as well
COMPARATOR_JOULE = 71e-15  # measured as well

_WIRE_FARAD_PER_METRE = 0.2e-9  # textbook
_SUPPLY_VOLT = 0.9  # Horowitz's 45 nm

#: Digital arithmetic, buffers and wires in 45 nm.
HOROWITZ = DigitalUnit(
    add_joule=0.1e-12,
    multiply_joule=3.1e-12,
    lanes=256,
    clock_hertz=1e9,
    buffer=Buffer(byte_joule=10e-12 / 8),
    interconnect=Interconnect(
        bit_joule_per_metre=0.25 * _WIRE_FARAD_PER_METRE * _SUPPLY_VOLT**2, distance_metre=1e-3
    ),
    assumptions=(
        "Digital arithmetic and buffers: 45 nm, 0.9 V (Horowitz, ISSCC 2014); 32-bit integers.",
        "A digital unit of 256 lanes at 1 GHz beside each tile; its area is not counted.",
        "Interconnect: 0.2 fF/um, 0.9 V, random bits, 1 mm from layer to layer.",
        "No leakage, no clock tree, no input or output of the chip, no programming of the devices.",
    ),
)


def hermes_core() -> Architecture:
    """Return the HERMES core: Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027 (2022).

    256 x 256 unit cells in 14 nm, one current-controlled oscillator at each column: 12.5 nJ and
    130 ns for a product, 1.59 TOPS/mm2. All of it, the array included, is put to the 256
    columns, since its split has not been published in numbers.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    >>> hermes_core().source
    'Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027 (2022)'
    """
    columns, tops, tops_per_mm2 = 256, 1.008, 1.59
    return Architecture(
        name="HERMES core, 14 nm",
        source="Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027 (2022)",
        readout=PublishedReadout(
            bits=8,
            conversion_joule=12.5e-9 / columns,
            conversion_second=128e-9,
            law="counting",
            square_metre=tops / tops_per_mm2 * 1e-6 / columns,
            includes_array=True,
        ),
        driver=PublishedDriver(activation_joule=0.0, square_metre=0.0),
        read_second=128e-9,
        pulse_slot_second=0.5e-9,
        settle_second=2e-9,
        cell_square_metre=0.0,
        driver_kind="PulseWidth",
        assumptions=(
            "Core energy, time and area as measured on the whole core at 8-bit inputs, put evenly"
            " to its 256 columns: an unused column costs nothing, and rows change nothing.",
            "The core's number includes its array; the array energy computed here is taken out of"
            " it, and what is left is called read-out (drivers and local digital logic with it).",
            "Other converter widths: energy and time as 2**bits (a counter).",
        ),
    )


def hermes_64(phases: int = 1) -> Architecture:
    """Return a core of the 64-core chip: Le Gallo et al., Nat. Electron. 6, 680 (2023).

    256 x 256 unit cells in 14 nm, 8-bit inputs and outputs: 63.1 TOPS and 9.76 TOPS/W in one phase,
    16.1 and 2.48 in four, of the whole chip with 64 cores at work. Energy and time of a product
    follow from these; nothing is fitted.

    Parameters
    ----------
    phases
        1, or 4: positive and negative inputs and weights one after the other.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    Raises
    ------
    ParameterError
        Another number of phases.

    >>> hermes_64(phases=4).source
    'Le Gallo et al., Nat. Electron. 6, 680 (2023)'
    """
    published = {1: (63.1e12, 9.76e12), 4: (16.1e12, 2.48e12)}
    if phases not in published:
        raise ParameterError.about(
            "phases", got=phases, expected="1 or 4", remedy="the chip has these two read modes"
        )
    rate, efficiency = published[phases]
    cores, operations = 64, 2 * 256 * 256
    read = 128e-9  # 256 slots of 0.5 ns
    return Architecture(
        name=f"64-core chip, 14 nm, {'one phase' if phases == 1 else 'four phases'}",
        source="Le Gallo et al., Nat. Electron. 6, 680 (2023)",
        readout=PublishedReadout(
            bits=8,
            conversion_joule=operations / efficiency / (256 * phases),
            conversion_second=read,
            law="counting",
            includes_array=True,
        ),
        driver=PublishedDriver(activation_joule=0.0),
        read_second=read,
        pulse_slot_second=read / 256,
        settle_second=cores * operations / rate - phases * read,
        phases=phases,
        driver_kind="PulseWidth",
        assumptions=(
            "Energy and time of a product as measured with all 64 cores at work, put evenly to the"
            " 256 columns of each: with them the cores' share of the chip's logic and leakage.",
            "A read of 128 ns, 256 slots of 0.5 ns; what is left of the time is set-up.",
            "Other converter widths: energy and time as 2**bits (a counter).",
            "The area of a core has not been published with these numbers: none is given.",
        ),
    )


def isaac() -> Architecture:
    """Return the ISAAC design: Shafiee et al., ISCA 2016, its component table at 32 nm.

    A SAR converter of 8 bits, 2 mW and 0.0012 mm2 for each array at 1.28 GS/s, the 128 columns of
    the array in its 100 ns (its table says 1.2, its text 1.28: this is one clock for both),
    1,024 one-bit drivers with 4 mW and 170 um2 together, 100 ns for each bit of the input. A
    simulated design, never built.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    >>> isaac().source
    'Shafiee et al., ISCA 2016, table of components [second-hand]'
    """
    return Architecture(
        name="ISAAC, 32 nm (design)",
        source="Shafiee et al., ISCA 2016, table of components [second-hand]",
        readout=PublishedReadout(
            bits=8,
            conversion_joule=2e-3 / 1.28e9,
            conversion_second=1 / 1.28e9,
            law="successive",
            columns_per_converter=128,
            square_metre=0.0012e-6,
        ),
        driver=PublishedDriver(activation_joule=4e-3 / 1024 * 100e-9, square_metre=170e-12 / 1024),
        read_second=100e-9,
        pulse_slot_second=100e-9 / 256,
        cell_square_metre=25e-12 / 128**2,
        driver_kind="BitSerial",
        assumptions=(
            "Converter, driver and cell numbers are a design's, not a measured chip's.",
            "Other converter widths: energy as 2**bits, time as bits.",
        ),
    )


def adc_survey(which: str = "median") -> Architecture:
    """Return a tile whose converters are those of B. Murmann's ADC survey.

    Converters of 6.5 to 8.5 effective bits at 0.5 to 2 GS/s (n = 23): Walden figure of merit 16.6
    (``"best"``), 17.7 (``"tenth percentile"``) or 62 fJ/step (``"median"``), so an 8-bit
    conversion takes ``FoM * 2**8``. One converter at 1 GS/s serves 32 columns. A word line driver
    charges the 0.2 fF/um of 256 cells of 1 um each to 0.9 V.

    Parameters
    ----------
    which
        ``"best"``, ``"tenth percentile"`` or ``"median"``.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    Raises
    ------
    ParameterError
        Another name.

    >>> adc_survey().source
    'B. Murmann, ADC Performance Survey 1997-2023, 6.5-8.5 ENOB, 0.5-2 GS/s'
    """
    walden = {"best": 16.6e-15, "tenth percentile": 17.7e-15, "median": 62e-15}
    if which not in walden:
        raise ParameterError.about(
            "which", got=repr(which), expected=f"one of {list(walden)}", remedy="choose one"
        )
    line_farad = 256 * 1e-6 * _WIRE_FARAD_PER_METRE
    return Architecture(
        name=f"ADC survey, {which}",
        source="B. Murmann, ADC Performance Survey 1997-2023, 6.5-8.5 ENOB, 0.5-2 GS/s",
        readout=PublishedReadout(
            bits=8,
            conversion_joule=walden[which] * 2**8,
            conversion_second=1e-9,
            law="successive",
            columns_per_converter=32,
        ),
        driver=PublishedDriver(activation_joule=line_farad * _SUPPLY_VOLT**2),
        read_second=32e-9,
        pulse_slot_second=0.5e-9,
        settle_second=2e-9,
        assumptions=(
            f"Converters: Walden figure of merit {walden[which] * 1e15:g} fJ/step at every width,"
            " 1 GS/s at 8 bits, one for 32 columns; as many effective bits as bits.",
            "Drivers: the capacitance of a word line of 256 um, nothing else.",
            "No area has been published with the survey's energies: none is given.",
        ),
    )


def cmos45() -> Architecture:
    """Return a tile of this project's own 45 nm-class circuits, as ngspice measures them.

    Every column has the two-stage op-amp as a transimpedance amplifier (1.04 mW, 12.9 ns to 8 bits
    on 256 devices) and an 8-bit SAR converter of 1 fF units at 1 GHz whose comparator is the
    StrongARM latch (71 fJ a decision). The converter samples for two cycles and converts while the
    amplifier settles to the next product.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    >>> cmos45().source
    'this project, 2026: two_stage_opamp.lib and strongarm.lib on cmos45.lib in ngspice'
    """
    converter = Sar(bits=8, low_volt=0.1, high_volt=0.6, comparator_joule=COMPARATOR_JOULE)
    line_farad = 256 * 1e-6 * _WIRE_FARAD_PER_METRE
    return Architecture(
        name="own circuits, 45 nm class",
        source="this project, 2026: two_stage_opamp.lib and strongarm.lib on cmos45.lib in ngspice",
        readout=PublishedReadout(
            bits=converter.bits,
            conversion_joule=converter.energy_joule,
            conversion_second=converter.conversion_second,
            law="successive",
            amplifier_watt=OPAMP_WATT,
        ),
        driver=PublishedDriver(activation_joule=line_farad * 1.1**2),
        read_second=SETTLING_SECOND + converter.sample_cycles / converter.clock_hertz,
        pulse_slot_second=0.5e-9,
        assumptions=(
            "Amplifier and comparator: simulated at the nominal corner without layout parasitics;"
            " capacitor array by formula, 20 fJ of logic in every clock cycle (assumed).",
            "One amplifier and one converter at every bit line; the amplifier is never off.",
            "Drivers: the capacitance of a word line of 256 um at 1.1 V, nothing else.",
            "Circuits without layout have no area: none is given.",
        ),
    )


#: Architectures by the name they have on the command line.
PRESETS: dict[str, Callable[[], Architecture]] = {
    "hermes": hermes_core,
    "hermes 64, one phase": partial(hermes_64, 1),
    "hermes 64, four phases": partial(hermes_64, 4),
    "isaac": isaac,
    "neurram": neurram,
    "neurram, 1-bit inputs": partial(neurram, 1),
    "own circuits": cmos45,
    "survey median": partial(adc_survey, "median"),
    "survey best": partial(adc_survey, "best"),
}


def preset(name: str) -> Architecture:
    """Return a preset by its name.

    Parameters
    ----------
    name
        One of the presets.

    Returns
    -------
    Architecture
        Energy [J], time [s] and area [m2] of its parts, each with its source.

    Raises
    ------
    ParameterError
        There is no preset of that name.

    >>> preset("hermes").source
    'Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027 (2022)'
    """
    if name not in PRESETS:
        raise ParameterError.about(
            "architecture",
            got=repr(name),
            expected=f"one of {sorted(PRESETS)}",
            remedy="choose one, or build an architecture.Architecture in Python",
        )
    return PRESETS[name]()
