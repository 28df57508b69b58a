"""Read-outs that are ready to use: driver, amplifier and converter that fit each other.

The behavioural ones are what a designer starts from; those of transistors are made of the circuits
in ``device_models/`` on 45 nm-class cards. All are dimensioned for columns of devices between 1 uS
and 20 uS: the driver's full scale falls with the number of rows, so that the column's current stays
within the read-out's range.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.peripherals import (
    Dac,
    Flash,
    OpAmp,
    OscillatorCounter,
    Ramp,
    Readout,
    Sar,
    Subcircuit,
    TransimpedanceAmplifier,
)
from xbar_circuit.resources import device_model
from xbar_circuit.tile.tile import Tile
from xbar_circuit.wires import Wires

__all__ = ["CHAINS", "chain", "transistor_circuit"]

_RAILS = {"vdd": 1.1, "vss": 0.0}
_MEAN_SIEMENS = 10.5e-6
_PEAK = 1.15  # room for columns above the mean


def transistor_circuit(name: str, *ports: str, **supplies: float) -> Subcircuit:
    """Return one of this package's transistor circuits at 1.1 V with its cards.

    Parameters
    ----------
    name
        Name of the circuit.
    ports
        Role -> port of the subcircuit.
    supplies
        Port -> voltage [V].

    Returns
    -------
    Subcircuit
        The circuit.

    Raises
    ------
    ModelFileError
        There is no preset of that name.
    """
    return Subcircuit(
        device_model(f"{name}.lib"),
        name,
        ports=ports,
        supplies=_RAILS | supplies,
        models=device_model("cmos45.lib"),
    )


def _sar(*, bits: int) -> tuple[Readout, float]:
    amplifier = TransimpedanceAmplifier(opamp=_opamp(), feedback_ohm=8e3, settle_second=6e-9)
    return Readout(amplifier=amplifier, converter=Sar(bits=bits)), 0.5 / 8e3


def _ramp(*, bits: int) -> tuple[Readout, float]:
    amplifier = TransimpedanceAmplifier(opamp=_opamp(), feedback_ohm=8e3, settle_second=6e-9)
    return Readout(amplifier=amplifier, converter=Ramp(bits=bits)), 0.5 / 8e3


def _flash(*, bits: int) -> tuple[Readout, float]:
    amplifier = TransimpedanceAmplifier(opamp=_opamp(), feedback_ohm=8e3, settle_second=6e-9)
    return Readout(amplifier=amplifier, converter=Flash(bits=bits)), 0.5 / 8e3


def _oscillator(*, bits: int) -> tuple[Readout, float]:
    counter = OscillatorCounter(
        bits=bits,
        full_scale_ampere=120e-6,
        low_ampere=-60e-6,
        saturation_ampere=600e-6,
        hold_volt=0.5,
        input_ohm=20.0,
    )
    return Readout(converter=counter), 50e-6


def _transistor_sar(*, bits: int) -> tuple[Readout, float]:
    amplifier = TransimpedanceAmplifier(
        opamp=transistor_circuit("two_stage_opamp", "plus", "minus", "out"),
        feedback_ohm=6e3,
        reference_volt=0.35,
        settle_second=30e-9,
    )
    sar = Sar(
        bits=bits,
        low_volt=0.1,
        high_volt=0.6,
        clock_hertz=5e8,
        comparator=transistor_circuit("strongarm", "plus", "minus", "clock", "out", "complement"),
    )
    return Readout(amplifier=amplifier, converter=sar), 0.22 / 6e3


def _transistor_ramp(*, bits: int) -> tuple[Readout, float]:
    amplifier = TransimpedanceAmplifier(
        opamp=transistor_circuit("two_stage_opamp", "plus", "minus", "out"),
        feedback_ohm=6e3,
        reference_volt=0.35,
        settle_second=30e-9,
    )
    ramp = Ramp(
        bits=bits,
        low_volt=0.0,
        high_volt=0.6,
        # the circuit's slope is 2.39 mV/ns
        clock_hertz=2**bits / 256e-9,
        analog=transistor_circuit("single_slope", "input", "reset", "out"),
    )
    return Readout(amplifier=amplifier, converter=ramp), 0.2 / 6e3


def _transistor_oscillator(*, bits: int) -> tuple[Readout, float]:
    counter = OscillatorCounter(
        bits=bits,
        full_scale_ampere=75e-6,
        low_ampere=-40e-6,
        # in which the regulated input settles too
        reset_second=12e-9,
        hold_volt=0.5,
        oscillator=transistor_circuit("current_oscillator", "input", "reset", "out", reference=0.5),
    )
    return Readout(converter=counter), 25e-6


#: Read-outs by name; each takes the converter's bits and returns the read-out and the largest
#: current that its range holds [A].
CHAINS: dict[str, Callable[..., tuple[Readout, float]]] = {
    "sar": _sar,
    "ramp": _ramp,
    "flash": _flash,
    "oscillator": _oscillator,
    "transistor-sar": _transistor_sar,
    "transistor-ramp": _transistor_ramp,
    "transistor-oscillator": _transistor_oscillator,
}


def chain(
    name: str,
    *,
    rows: int,
    cols: int = 1,
    bits: int = 8,
    rng: np.random.Generator,
    segment_ohm: float = 1.0,
) -> Tile:
    """Return a tile with one of the named read-outs on an array of random conductances.

    Parameters
    ----------
    name
        One of :data:`CHAINS`.
    rows, cols
        Size of the array.
    bits
        Width of the converter.
    rng
        Draws the conductances, uniformly from 1 uS to 20 uS.
    segment_ohm
        Wire resistance of a segment of rows and of columns [ohm].

    Returns
    -------
    Tile
        The tile.

    Raises
    ------
    ParameterError
        An unknown name, or a number out of range.

    >>> tile = chain("sar", rows=64, rng=np.random.default_rng(1))
    >>> tile.crossbar.shape, tile.readout.converter.bits
    ((64, 1), 8)
    """
    checks.choice("name", name, CHAINS)
    checks.count("rows", rows)
    checks.count("cols", cols)
    readout, ampere = CHAINS[name](bits=bits)
    crossbar = Crossbar(
        conductance=rng.uniform(1e-6, 20e-6, (rows, cols)),
        wires=Wires(row_ohm=segment_ohm, column_ohm=segment_ohm),
    )
    volt = ampere / (_PEAK * rows * _MEAN_SIEMENS)
    return Tile(crossbar, Dac(full_scale_volt=volt), readout)


def _opamp() -> OpAmp:
    return OpAmp(
        dc_gain=2000.0,
        unity_hertz=1e10,
        noise_volt_per_root_hertz=5e-9,
        output_low_volt=-0.1,
        output_high_volt=1.1,
        supply_volt=1.1,
        supply_ampere=200e-6,
    )
