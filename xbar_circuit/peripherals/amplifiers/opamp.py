"""The operational amplifier as a designer first writes it down: gain, bandwidth, slew, range.

A transconductor charges a capacitor (the dominant pole), a second pole follows, and the output has
a range and a resistance. In SPICE the transconductor saturates as ``tanh``, which is slewing; its
small-signal behaviour is exactly the two poles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._temperature import (
    CELSIUS,
    check_coefficients,
    offset_at,
    scaled_at,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = [
    "OpAmp",
    "check_opamp",
    "opamp_at",
    "opamp_definition",
    "opamp_lines",
    "opamp_supplies",
]

BOLTZMANN = 1.380649e-23  # J/K, exact (SI)
FOUR_KT = 4 * BOLTZMANN * (CELSIUS + 273.15)  # V**2/Hz of an ohm
_INNER_FARAD = 1e-12  # of the dominant pole; any value gives the same transfer
_CORNER = 8  # sharpness of the output's ends


@dataclass(frozen=True, slots=True, kw_only=True)
class OpAmp:
    """A behavioural operational amplifier.

    The defaults are typical values, chosen here, not those of a particular design.

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
        White input-referred noise at 27 C [V/sqrt(Hz)]; thermal, its power rises with the
        temperature.
    output_low_volt, output_high_volt
        Output range [V]; near its ends the gain falls off smoothly.
    output_ohm
        Output resistance [ohm].
    input_farad
        Capacitance of the minus input [F].
    supply_volt, supply_ampere
        Supply [V] and its quiescent current [A].
    offset_volt_per_celsius
        Drift of the offset [V/degree Celsius].
    gain_per_celsius, unity_per_celsius
        Relative change of `dc_gain` and of `unity_hertz` [1/degree Celsius]. All three are 0 unless
        given: a behavioural part has no temperature of its own, see :meth:`at_celsius`.

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
    offset_volt_per_celsius: float = 0.0
    gain_per_celsius: float = 0.0
    unity_per_celsius: float = 0.0

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
        check_coefficients(self, "offset_volt_per_celsius", "gain_per_celsius", "unity_per_celsius")

    def at_celsius(self, celsius: float) -> OpAmp:
        """Return the op-amp at another temperature; the numbers that it is given hold at 27 C.

        Offset, gain and bandwidth change by their coefficients. The noise stays as stated for 27 C:
        the resistor that makes it in SPICE is warm there, and `Readout.noise` scales it.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        OpAmp
            A copy with offset, gain and bandwidth at that temperature.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of the gain or the bandwidth.

        >>> round(OpAmp(offset_volt_per_celsius=2e-6).at_celsius(77.0).offset_volt, 9)
        0.0001
        """
        return replace(
            self,
            offset_volt=offset_at(celsius, self.offset_volt, self.offset_volt_per_celsius),
            dc_gain=scaled_at(celsius, self, self.dc_gain, "gain_per_celsius"),
            unity_hertz=scaled_at(celsius, self, self.unity_hertz, "unity_per_celsius"),
        )

    @property
    def pole_hertz(self) -> float:
        """Dominant pole [Hz]."""
        return self.unity_hertz / self.dc_gain

    @property
    def middle_volt(self) -> float:
        """Middle of the output range, the output without an input [V]."""
        return 0.5 * (self.output_low_volt + self.output_high_volt)

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]."""
        return self.supply_volt * self.supply_ampere

    def open_loop_gain(self, hertz: FloatArray) -> FloatArray:
        """Return the gain from its inputs to its unloaded output.

        Parameters
        ----------
        hertz
            Frequencies [Hz], any shape.

        Returns
        -------
        FloatArray
            Complex gain with both poles, dimensionless, of the shape of `hertz`.
        """
        f = np.asarray(hertz, dtype=np.float64)
        first, second = 1.0 + 1j * f / self.pole_hertz, 1.0 + 1j * f / self.second_pole_hertz
        result: FloatArray = self.dc_gain / (first * second)
        return result

    def spice_subcircuit(self, name: str) -> list[str]:
        """Return the ``.subckt`` with the ports ``plus minus out vdd``.

        The noise generator is a resistor whose thermal noise at 27 C is the one asked for.

        Parameters
        ----------
        name
            Name of the subcircuit.

        Returns
        -------
        list
            SPICE lines ``.subckt`` to ``.ends``.
        """
        num = spice_number
        gm = 2.0 * math.pi * self.unity_hertz * _INNER_FARAD
        middle = self.middle_volt
        half = 0.5 * (self.output_high_volt - self.output_low_volt)
        held = num(1.2 * half)
        noise_ohm = self.noise_volt_per_root_hertz**2 / (4 * BOLTZMANN * (CELSIUS + 273.15))
        error = f"(V(plus,minus)+V(noise)+({num(self.offset_volt)}))"
        if self.slew_volt_per_second == math.inf:
            drive = f"{num(gm)}*{error}"
        else:
            limit = self.slew_volt_per_second * _INNER_FARAD
            drive = f"{num(limit)}*tanh({num(gm / limit)}*{error})"
        lines = [
            f".subckt {name} plus minus out vdd",
            f"* op-amp: gain {self.dc_gain:g}, {self.unity_hertz:g} Hz, output"
            f" {self.output_low_volt:g} V to {self.output_high_volt:g} V",
            f"Isupply vdd 0 DC {num(self.supply_ampere)}",
            "Rplus plus 0 1e15",
            f"Cminus minus 0 {num(self.input_farad)}"
            if self.input_farad > 0.0
            else "Rminus minus 0 1e15",
            f"Rnoise noise 0 {num(noise_ohm)}" if noise_ohm > 0.0 else "Vnoise noise 0 DC 0",
            "* dominant pole; beyond 1.2 of the range the node is held, to recover at once",
            f"Binner 0 inner I={drive}"
            f"-{num(20 * gm)}*(max(V(inner)-{held},0)+min(V(inner)+{held},0))",
            f"Cinner inner 0 {num(_INNER_FARAD)}",
            f"Rinner inner 0 {num(self.dc_gain / gm)}",
        ]
        node = "inner"
        if self.second_pole_hertz != math.inf:
            lines += [
                "Esecond beyond 0 inner 0 1",
                "Rsecond beyond second 1e3 noisy=0",
                f"Csecond second 0 {num(1.0 / (2e3 * math.pi * self.second_pole_hertz))}",
            ]
            node = "second"
        shape = f"V({node})/pow(1+pow(abs(V({node}))/{num(half)},{_CORNER}),{num(1.0 / _CORNER)})"
        strong = "out" if self.output_ohm == 0.0 else "strong"
        lines.append(f"Bout {strong} 0 V={num(middle)}+{shape}")
        if self.output_ohm > 0.0:
            lines.append(f"Rout strong out {num(self.output_ohm)}")
        return [*lines, f".ends {name}"]


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


def opamp_definition(opamp: OpAmp | Subcircuit, name: str) -> list[str]:
    """Return the lines that a deck needs once: the subcircuit `name`, or the lines of a user's."""
    return opamp.spice_subcircuit(name) if isinstance(opamp, OpAmp) else opamp.include_lines()


def opamp_lines(
    opamp: OpAmp | Subcircuit, instance: str, definition: str, nodes: tuple[str, str, str]
) -> list[str]:
    """Return an op-amp on (plus, minus, out) and its supplies."""
    plus, minus, out = nodes
    if isinstance(opamp, OpAmp):
        return [
            f"X{instance} {plus} {minus} {out} {instance}_vdd {definition}",
            f"V{instance}_vdd {instance}_vdd 0 DC {spice_number(opamp.supply_volt)}",
        ]
    return opamp.instance_lines(instance, {"plus": plus, "minus": minus, "out": out})


def opamp_at(opamp: OpAmp | Subcircuit, celsius: float) -> OpAmp | Subcircuit:
    """Return an op-amp at a temperature; a circuit's transistors know it from the deck."""
    return opamp.at_celsius(celsius) if isinstance(opamp, OpAmp) else opamp


def opamp_supplies(opamp: OpAmp | Subcircuit, instance: str) -> dict[str, float]:
    """Return the names of the instance's supply sources and their voltages [V]."""
    if isinstance(opamp, OpAmp):
        return {f"V{instance}_vdd": opamp.supply_volt}
    return {f"V{instance}_{port}": rail for port, rail in opamp.supplies.items()}
