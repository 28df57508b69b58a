"""The operational amplifier as a designer first writes it down: gain, bandwidth, slew, range.

A transconductor charges a capacitor (the dominant pole), a second pole follows, and the output has
a range and a resistance. In SPICE the transconductor saturates as ``tanh``, which is slewing; its
small-signal behaviour is exactly the two poles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["OpAmp", "check_opamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpAmp:
    """A behavioural operational amplifier.

    Parameters
    ----------
    dc_gain
        Open-loop gain.
    unity_hertz
        Gain-bandwidth product [Hz]; the dominant pole is at ``unity_hertz / dc_gain``.
    second_pole_hertz
        Second pole [Hz]; infinite is none.
    slew_volt_per_second
        Largest slope of the output [V/s]; infinite is no limit.
    offset_volt
        Input-referred offset [V], in series with the plus input.
    noise_volt_per_root_hertz
        White input-referred noise [V/sqrt(Hz)].
    output_low_volt, output_high_volt
        Output range [V]; near its ends the gain falls off smoothly.
    output_ohm
        Output resistance [ohm].
    input_farad
        Capacitance of the minus input [F].
    supply_volt, supply_ampere
        Supply [V] and its quiescent current [A].

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> OpAmp(dc_gain=1000.0, unity_hertz=1e9).pole_hertz
    1000000.0
    """

    dc_gain: float = 1e4
    unity_hertz: float = 1e9
    second_pole_hertz: float = math.inf
    slew_volt_per_second: float = math.inf
    offset_volt: float = 0.0
    noise_volt_per_root_hertz: float = 0.0
    output_low_volt: float = 0.0
    output_high_volt: float = 1.0
    output_ohm: float = 0.0
    input_farad: float = 0.0
    supply_volt: float = 1.0
    supply_ampere: float = 100e-6

    def __post_init__(self) -> None:
        for name, unit in (("dc_gain", "1"), ("unity_hertz", "Hz"), ("supply_volt", "V")):
            checks.number(name, getattr(self, name), unit, above=True)
        for name, unit in (("second_pole_hertz", "Hz"), ("slew_volt_per_second", "V/s")):
            if getattr(self, name) != math.inf:
                checks.number(name, getattr(self, name), unit, above=True)
        for name, unit in (
            ("noise_volt_per_root_hertz", "V/sqrt(Hz)"),
            ("output_ohm", "ohm"),
            ("input_farad", "F"),
            ("supply_ampere", "A"),
        ):
            checks.number(name, getattr(self, name), unit)
        checks.number("offset_volt", self.offset_volt, "V", minimum=-math.inf)
        checks.number("output_low_volt", self.output_low_volt, "V", minimum=-math.inf)
        checks.number(
            "output_high_volt",
            self.output_high_volt,
            "V",
            minimum=self.output_low_volt,
            above=True,
        )

    @property
    def pole_hertz(self) -> float:
        """Dominant pole [Hz]."""
        return self.unity_hertz / self.dc_gain

    @property
    def middle_volt(self) -> float:
        """Middle of the output range, where the output stands without an input [V]."""
        return 0.5 * (self.output_low_volt + self.output_high_volt)

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]."""
        return self.supply_volt * self.supply_ampere


def check_opamp(opamp: object) -> None:
    """Refuse what cannot be the op-amp of an amplifier.

    Raises
    ------
    ParameterError
        Neither an `OpAmp` nor a `Subcircuit` with the ports ``plus``, ``minus`` and ``out``.
    """
    if isinstance(opamp, Subcircuit):
        opamp.require("plus", "minus", "out")
    elif not isinstance(opamp, OpAmp):
        raise ParameterError.about(
            "opamp",
            got=repr(opamp),
            expected="an OpAmp or a Subcircuit",
            remedy="for example peripherals.OpAmp(dc_gain=1e4, unity_hertz=1e9)",
        )
