"""The difference amplifier: two columns of a differential weight become one voltage.

Four resistors around an op-amp: ``V_out = V_ref + gain * (V_minus - V_plus)``, of the amplifiers of
the two columns. Those invert, so the output rises with the current of the positive column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from xbar_circuit import _checks as checks
from xbar_circuit.peripherals.amplifiers.opamp import (
    FOUR_KT,
    OpAmp,
    check_opamp,
    opamp_at,
    opamp_definition,
    opamp_lines,
    opamp_supplies,
)
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["DifferenceAmplifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceAmplifier:
    """A subtracting stage between two amplifiers and one converter.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    opamp
        A behavioural :class:`OpAmp`, or a :class:`Subcircuit` with the ports ``plus``, ``minus``
        and ``out``.
    gain
        Ratio of the resistors.
    input_ohm
        Each input resistor [ohm].
    reference_volt
        Output at equal inputs [V].

    Raises
    ------
    ParameterError
        A value is out of range, or the op-amp is something else.

    >>> line = DifferenceAmplifier(opamp=OpAmp(dc_gain=1e9), gain=2.0).output_line
    >>> [round(value, 6) for value in line]
    [0.5, 2.0]
    """

    opamp: OpAmp | Subcircuit
    gain: float = 1.0
    input_ohm: float = 50e3
    reference_volt: float = 0.5

    def __post_init__(self) -> None:
        check_opamp(self.opamp)
        checks.number("gain", self.gain, "1", above=True)
        checks.number("input_ohm", self.input_ohm, "ohm", above=True)
        checks.number("reference_volt", self.reference_volt, "V", minimum=-math.inf)

    def at_celsius(self, celsius: float) -> DifferenceAmplifier:
        """Return the stage at another temperature: its op-amp's offset, gain and bandwidth.

        Its resistors are of one kind, so that their ratio stays.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        DifferenceAmplifier
            A copy with the op-amp at that temperature.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of the op-amp's gain or bandwidth.
        """
        return replace(self, opamp=opamp_at(self.opamp, celsius))

    @property
    def output_line(self) -> tuple[float, float]:
        """Output at equal inputs [V], and its slope over ``V_minus - V_plus``, dimensionless.

        NaN for a subcircuit. With ``b = 1 / (1 + gain)`` and an op-amp of gain A, ``V_out (1 + A b)
        = middle + A ((1 - b) (V_minus - V_plus) + b V_ref + offset)``.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan, math.nan
        back = 1.0 / (1.0 + self.gain)
        whole = 1.0 + amp.dc_gain * back
        rest = amp.middle_volt + amp.dc_gain * (back * self.reference_volt + amp.offset_volt)
        return rest / whole, amp.dc_gain * (1.0 - back) / whole

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN for a subcircuit, where it has to be measured."""
        return self.opamp.power_watt if isinstance(self.opamp, OpAmp) else math.nan

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's op-amp, if it has one."""
        return self.opamp if isinstance(self.opamp, Subcircuit) else None

    @property
    def output_noise(self) -> float:
        """Rms noise that it adds at its output at 27 C [V]; NaN for a subcircuit.

        In a noise bandwidth of ``(pi / 2) f_unity / (1 + gain)``: the op-amp's noise ``(1 + gain)``
        times, and ``4 k T R gain (1 + gain)`` of the resistors at either input.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        more = 1.0 + self.gain
        density = amp.noise_volt_per_root_hertz**2 * more**2
        density += 2.0 * FOUR_KT * self.input_ohm * self.gain * more
        return math.sqrt(density * 0.5 * math.pi * amp.unity_hertz / more)

    def spice_definition(self, name: str) -> list[str]:
        """Return the lines that a deck needs once.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit; a user's own keeps its name.

        Returns
        -------
        list
            SPICE lines.
        """
        return opamp_definition(self.opamp, name)

    def spice_lines(
        self, instance: str, *, definition: str, positive: str, negative: str, out: str
    ) -> list[str]:
        """Return one behind the amplifiers of a positive and a negative column.

        Parameters
        ----------
        instance, definition
            Name of this instance, and the name given to :meth:`spice_definition`.
        positive, negative, out
            Outputs of the two amplifiers, and its own.

        Returns
        -------
        list
            SPICE lines of op-amp, resistors and reference.
        """
        num = spice_number
        near, far = num(self.input_ohm), num(self.input_ohm * self.gain)
        return [
            *opamp_lines(self.opamp, instance, definition, (f"{instance}_p", f"{instance}_m", out)),
            f"R{instance}_1 {positive} {instance}_m {near}",
            f"R{instance}_2 {instance}_m {out} {far}",
            f"R{instance}_3 {negative} {instance}_p {near}",
            f"R{instance}_4 {instance}_p {instance}_ref {far}",
            f"V{instance}_ref {instance}_ref 0 DC {num(self.reference_volt)}",
        ]

    def spice_supplies(self, instance: str) -> dict[str, float]:
        """Return the supply sources of an instance and their voltages.

        Parameters
        ----------
        instance
            Name of the instance.

        Returns
        -------
        dict
            Name of each source in the deck -> its voltage [V].
        """
        return opamp_supplies(self.opamp, instance)
