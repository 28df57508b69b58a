"""Every driver with every read-out and every synapse: small tiles, whose codes must be the same.

The parts are ideal or behavioural, so that the fast model is their formula and nothing is fitted.
Each stands for its kind: what any two of them do together, a tile of a network does too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from xbar_circuit.cells import BitSlices, DifferentialPair, EightT4R, MultiDevice, Synapse
from xbar_circuit.peripherals import (
    BitSerial,
    ChargeIntegrator,
    CurrentConveyor,
    Cyclic,
    Dac,
    DifferenceAmplifier,
    Driver,
    ExactDriver,
    Flash,
    IdealConverter,
    OpAmp,
    OscillatorCounter,
    PulseWidth,
    Ramp,
    Readout,
    Sar,
    SenseAmplifier,
    TransimpedanceAmplifier,
    WordLineBuffer,
)

__all__ = ["DRIVERS", "READOUTS", "SYNAPSES", "parts_fit"]

_AMPERE = 30e-6  # of both signs, that every read-out tells apart
_WINDOW = 16e-9
_INPUTS, _OUTPUTS, _PRODUCTS = 3, 1, 4


def _opamp(unity_hertz: float = 2e10) -> OpAmp:
    return OpAmp(
        dc_gain=2000.0, unity_hertz=unity_hertz, output_low_volt=-0.3, output_high_volt=1.3
    )


def _amplifier() -> TransimpedanceAmplifier:
    return TransimpedanceAmplifier(opamp=_opamp(), feedback_ohm=2e4, settle_second=4e-9)


def _conveyor() -> CurrentConveyor:
    return CurrentConveyor(load_ohm=1.5e4, settle_second=6e-9)  # its load charges the sampler


def _drivers() -> dict[str, Driver]:
    return {
        "exact": ExactDriver(),
        "dac": Dac(bits=5, output_ohm=10.0),
        "dac, INL": Dac(bits=5).drawn(np.random.default_rng(1), dnl_sigma_lsb=0.1),
        "pulse": PulseWidth(bits=4, rise_second=1e-10, fall_second=2e-10, jitter_second=2e-11),
        "bits": BitSerial(bits=4),
        "bits, 2's": BitSerial(bits=4, coding="twos-complement"),
        "buffer": WordLineBuffer(driver=Dac(bits=5), output_ohm=50.0),
        "weak buffer": WordLineBuffer(driver=Dac(bits=5), output_ohm=50.0, limit_ampere=8e-6),
    }


def _plain_readouts() -> dict[str, Readout]:
    ideal = IdealConverter(bits=6, low=-_AMPERE, high=_AMPERE)
    return {
        "ideal": Readout(converter=ideal),
        "ideal, window": Readout(
            converter=dataclasses.replace(ideal, window_second=_WINDOW, noise=2e-7)
        ),
        "sar": Readout(amplifier=_amplifier(), converter=Sar(bits=5, noise_volt=5e-3)),
        "ramp": Readout(amplifier=_amplifier(), converter=Ramp(bits=4, droop=0.3)),
        "cyclic": Readout(
            amplifier=_amplifier(), converter=Cyclic(bits=5, gain_error=0.01, noise_volt=5e-3)
        ),
        "flash": Readout(amplifier=_amplifier(), converter=Flash(bits=3, noise_volt=1e-2)),
        "oscillator": Readout(
            converter=OscillatorCounter(
                bits=6,
                full_scale_ampere=2.0 * _AMPERE,
                window_second=_WINDOW,
                saturation_ampere=3e-4,
                jitter_cycle=0.05,
                hold_volt=0.4,
                input_ohm=20.0,
            )
        ),
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
DRIVERS: Mapping[str, Driver] = _drivers()
READOUTS: Mapping[str, Readout] = _readouts()
SYNAPSES: Mapping[str, Synapse | None] = {
    "none": None,
    "pair": DifferentialPair(g_min_siemens=1e-6),
    "devices": MultiDevice(devices_per_sign=2),
    "slices": BitSlices(bits_per_cell=1, slices=2),
    "8T4R": EightT4R(g_min_siemens=1e-6),
}


def parts_fit(driver: str, readout: str, synapse: str) -> bool:
    """Whether parts go together: pulses need a window, 8T4R has nothing to subtract."""
    one = READOUTS[readout]
    if DRIVERS[driver].span_second > (one.window_second or 0.0):
        return False
    return not (synapse == "8T4R" and one.difference is not None)
