"""Accelerators that published numbers belong to, as far as their sources tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.architecture import Buffer, DigitalUnit, Interconnect, preset
from xbar_circuit.architecture.presets import HOROWITZ
from xbar_circuit.cells import BitSlices, DifferentialPair
from xbar_circuit.peripherals import (
    BitSerial,
    CurrentConveyor,
    Dac,
    IdealConverter,
    PulseWidth,
    Readout,
)
from xbar_circuit.wires import Wires

__all__ = ["usual_accelerator"]

_LOW, _HIGH = 0.1e-6, 25e-6  # S


def _hermes() -> Accelerator:
    """Return tiles of 256 x 256 unit cells of both signs, two of our columns and one conversion."""
    converter = IdealConverter(bits=8, window_second=128e-9)
    return Accelerator(
        rows=256,
        cols=512,
        wires=Wires(row_ohm=0.35, column_ohm=0.35),
        driver=PulseWidth(bits=8, clock_hertz=2e9),
        readout=Readout(
            converter=converter, amplifier=CurrentConveyor(input_ohm=0.0), difference="current"
        ),
        synapse=DifferentialPair(g_min_siemens=_LOW, g_max_siemens=_HIGH),
    )


def _isaac() -> Accelerator:
    """Return arrays of four 2-bit cells a sign and weight; 64 KB of buffer on 0.083 mm2."""
    buffer = replace(HOROWITZ.buffer, byte_square_metre=0.083e-6 / 65536)
    return Accelerator(
        digital=replace(HOROWITZ, buffer=buffer),
        driver=BitSerial(bits=8),
        synapse=BitSlices(g_min_siemens=_LOW, g_max_siemens=_HIGH, bits_per_cell=2, slices=4),
    )


def _neurram() -> Accelerator:
    """Return a core of 256 x 256: one conversion a pair, an output two bits wider than an input.

    Buffers, wires between cores and their arithmetic are not in the published numbers.
    """
    nothing = DigitalUnit(
        add_joule=0.0,
        multiply_joule=0.0,
        lanes=256,
        clock_hertz=1e8,
        buffer=Buffer(byte_joule=0.0),
        interconnect=Interconnect(bit_joule_per_metre=0.0, distance_metre=0.0),
        assumptions=(
            "Buffers, wires between cores and their arithmetic are not counted.",
            "Leakage, chip inputs and outputs, and programming of the devices are not counted.",
        ),
    )
    return Accelerator(
        rows=256,
        cols=256,
        driver=Dac(bits=6),
        readout=Readout(
            converter=IdealConverter(bits=8),
            amplifier=CurrentConveyor(input_ohm=0.0),
            difference="current",
        ),
        digital=nothing,
    )


def _neurram_of_one_bit() -> Accelerator:
    core = _neurram()
    converter = IdealConverter(bits=3)
    return core.changed(
        driver=Dac(bits=2),  # a sign and no more
        readout=Readout(
            converter=converter, amplifier=core.readout.amplifier, difference="current"
        ),
    )


_USUAL: dict[str, Callable[[], Accelerator]] = {
    "hermes": _hermes,
    "hermes 64, one phase": _hermes,
    "hermes 64, four phases": _hermes,
    "neurram": _neurram,
    "neurram, 1-bit inputs": _neurram_of_one_bit,
    "isaac": _isaac,
    "own circuits": lambda: Accelerator(rows=256, cols=256),
}


def usual_accelerator(name: str) -> Accelerator:
    """Return the tiles that an architecture's numbers belong to.

    Parameters
    ----------
    name
        Name of the architecture, as for `architecture.preset`.

    Returns
    -------
    Accelerator
        Tiles of that architecture's size, cell and read-out.

    Raises
    ------
    ParameterError
        There is no architecture of that name.

    >>> usual_accelerator("hermes").rows
    256
    """
    preset(name)
    return _USUAL.get(name, Accelerator)()
