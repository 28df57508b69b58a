"""Every driver with every read-out and every synapse: small tiles, whose codes must be the same.

The parts are ideal or behavioural, so that the fast model is their formula and nothing is fitted.
Each stands for its kind: what any two of them do together, a tile of a network does too. Cells with
a transistor are read by a table that ngspice gives, finer than any converter here tells apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache

import numpy as np

from xbar_circuit.calibration import tabulate
from xbar_circuit.cells import (
    BitSlices,
    DifferentialPair,
    EightT4R,
    GateInput,
    MemoryTransistor,
    MultiDevice,
    OneT1R,
    Synapse,
    TabulatedCell,
)
from xbar_circuit.devices import Transistor
from xbar_circuit.peripherals import (
    BitSerial,
    ChargeIntegrator,
    Converter,
    CurrentConveyor,
    Dac,
    DifferenceAmplifier,
    Driver,
    ExactDriver,
    Flash,
    IdealConverter,
    OpAmp,
    PulseWidth,
    Ramp,
    Readout,
    Sar,
    SenseAmplifier,
    TransimpedanceAmplifier,
    WordLineBuffer,
)
from xbar_circuit.peripherals.converters import CONVERTERS

__all__ = ["DRIVERS", "GATE_DRIVERS", "READOUTS", "SYNAPSES", "TRANSISTOR_SYNAPSES", "with_table"]

_AMPERE = 30e-6  # of both signs, that every read-out tells apart
_WINDOW = 16e-9
_TABLE = 2e-5  # error of a cell's table


def _opamp(unity_hertz: float = 2e10) -> OpAmp:
    return OpAmp(
        dc_gain=2000.0, unity_hertz=unity_hertz, output_low_volt=-0.3, output_high_volt=1.3
    )


def _amplifier() -> TransimpedanceAmplifier:
    return TransimpedanceAmplifier(opamp=_opamp(), feedback_ohm=2e4, settle_second=4e-9)


def _conveyor() -> CurrentConveyor:
    return CurrentConveyor(load_ohm=1.5e4, settle_second=6e-9)  # its load charges the sampler


def _drivers(*, signed: bool) -> dict[str, Driver]:
    dac = Dac(bits=5, signed=signed)
    buffer = WordLineBuffer(driver=dac, output_ohm=50.0)
    pulse = PulseWidth(bits=4, rise_second=1e-10, fall_second=2e-10, jitter_second=2e-11)
    return {
        "exact": ExactDriver(),
        "dac": dataclasses.replace(dac, output_ohm=10.0),
        "dac, INL": dac.drawn(np.random.default_rng(1), dnl_sigma_lsb=0.1),
        "pulse": pulse if signed else dataclasses.replace(pulse, bits=3, signed=False),
        "bits": BitSerial(bits=4, signed=signed),
        "bits, 2's": BitSerial(bits=4, coding="twos-complement", signed=signed),
        "buffer": buffer,
        "weak buffer": dataclasses.replace(buffer, limit_ampere=8e-6),
    }


def _alone(converter: Converter) -> Readout:
    """Return the read-out that a converter needs: an amplifier before it, if it takes voltages."""
    return Readout(
        amplifier=None if converter.input_unit == "A" else _amplifier(), converter=converter
    )


def _plain_readouts() -> dict[str, Readout]:
    ideal = IdealConverter(bits=6, low=-_AMPERE, high=_AMPERE)
    return {
        "ideal": Readout(converter=ideal),
        "ideal, window": Readout(
            converter=dataclasses.replace(ideal, window_second=_WINDOW, noise=2e-7)
        ),
        **{kind.name: _alone(kind.example) for kind in CONVERTERS.values() if kind.example},
        "integrator": Readout(
            amplifier=ChargeIntegrator(opamp=_opamp(5e9), farad=0.8e-12, window_second=_WINDOW),
            converter=Flash(bits=4),
        ),
        "digital": Readout(
            amplifier=_conveyor(), converter=Ramp(bits=4, noise_volt=1e-2), difference="digital"
        ),
        "current": Readout(amplifier=_conveyor(), converter=Sar(bits=5), difference="current"),
        "stage": Readout(
            amplifier=_amplifier(),
            converter=Sar(bits=5),
            difference=DifferenceAmplifier(opamp=_opamp()),
        ),
    }


def _readouts() -> dict[str, Readout]:
    ranged = {name: one.ranged(-_AMPERE, _AMPERE) for name, one in _plain_readouts().items()}
    drawn = Sar(bits=5).drawn(np.random.default_rng(1), unit_sigma=0.05)
    return {
        "exact": Readout(converter=IdealConverter(bits=None, low=0.0, high=_AMPERE)),
        **ranged,
        "sar, mismatch": Readout(amplifier=_amplifier(), converter=drawn),
        "latches": Readout(
            amplifier=_amplifier(), converter=SenseAmplifier(thresholds_volt=(0.41, 0.62))
        ),
    }


#: One of each kind, by name.
DRIVERS: Mapping[str, Driver] = _drivers(signed=True)
READOUTS: Mapping[str, Readout] = _readouts()
SYNAPSES: Mapping[str, Synapse | None] = {
    "none": None,
    "pair": DifferentialPair(g_min_siemens=1e-6),
    "devices": MultiDevice(devices_per_sign=2),
    "slices": BitSlices(bits_per_cell=1, slices=2),
    "8T4R": EightT4R(g_min_siemens=1e-6),
}


_GATE_VOLT = 1.0  # full scale of what drives gates
#: The same where word lines are gates: from 0 V up.
GATE_DRIVERS: Mapping[str, Driver] = {
    name: one.with_full_scale(_GATE_VOLT) for name, one in _drivers(signed=False).items()
}
_COMMON_VOLT = 0.4  # of the 8T4R cell, between rails at 0.2 and 0.6 V
_FLOATING = MemoryTransistor(
    specific_ampere=1e-6, slope_factor=1.2, low_volt=0.2, high_volt=1.2, read_volt=1.0
)
#: Synapses whose cells have a transistor: the input drives its gate, or comes through the device.
TRANSISTOR_SYNAPSES: Mapping[str, Synapse] = {
    "gates": DifferentialPair(g_min_siemens=1e-6, cell=_FLOATING),
    "gates, 1T1R": DifferentialPair(g_min_siemens=4e-6, cell=GateInput()),
    "8T4R, 1T1R": EightT4R(
        g_min_siemens=1e-6,
        cell=OneT1R(
            transistor=dataclasses.replace(Transistor.nmos45(), parallel=2),
            common_volt=_COMMON_VOLT,
            gate_volt=1.0 + _COMMON_VOLT,
        ),
    ),
    "8T4R, gates": EightT4R(g_min_siemens=1e-6, cell=_FLOATING),
}


@cache
def with_table(synapse: str) -> Synapse:
    """Return one of them, its cells with the table that the fast engine needs.

    Raises
    ------
    SimulatorNotFoundError
        ngspice is missing.
    """
    kind = TRANSISTOR_SYNAPSES[synapse]
    if not isinstance(kind.cell, TabulatedCell):
        return kind
    table = tabulate(
        kind.cell,
        volts=(-0.2, 0.2) if kind.cell.loads_row else (0.0, _GATE_VOLT),
        conductances=(kind.g_min_siemens, kind.g_max_siemens),
        tolerance=_TABLE,
    )
    return dataclasses.replace(kind, cell=table)
