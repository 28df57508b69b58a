"""The charge integrator: an op-amp with a capacitor from its output to the bit line.

It is reset, takes the column's current for a window, and holds: the output is the charge over the
capacitor. That is what pulses of different lengths need, and what averages noise. Two switches make
the window: outside of it the bit line rests on the reference and the op-amp keeps its charge.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from xbar_circuit import _checks as checks
from xbar_circuit.peripherals._temperature import check_coefficients, scaled_at
from xbar_circuit.peripherals.amplifiers._integrator_noise import IntegratorCircuit
from xbar_circuit.peripherals.amplifiers.base import Amplifier
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

__all__ = ["ChargeIntegrator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeIntegrator(Amplifier):
    """A switched integrator: ``V_out = V_ref - Q / C`` at the end of its window.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    opamp
        A behavioural :class:`OpAmp`, or a :class:`Subcircuit` with the ports ``plus``, ``minus``
        and ``out``.
    farad
        Integrating capacitor [F].
    window_second
        Time for which the bit line is connected [s].
    reset_second
        Time for which the capacitor is shorted before that [s].
    hold_second
        Time from the end of the window to the end of sampling [s].
    switch_ohm
        Resistance of a closed switch [ohm].
    reference_volt
        Voltage at which the bit line is held [V].
    capacitor_per_celsius
        Relative change of the integrating capacitor [1/degree Celsius]; 0 unless given.

    Raises
    ------
    ParameterError
        A value is out of range, or the op-amp is something else.

    >>> ChargeIntegrator(opamp=OpAmp(), farad=1e-12, window_second=100e-9).transimpedance_ohm
    100000.0
    """

    opamp: OpAmp | Subcircuit
    farad: float
    window_second: float = field()  # or the base's property would be its default
    reset_second: float = 5e-9
    hold_second: float = 2e-9
    switch_ohm: float = 10.0
    reference_volt: float = 0.5
    capacitor_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        check_opamp(self.opamp)
        for name, unit in (
            ("farad", "F"),
            ("window_second", "s"),
            ("reset_second", "s"),
            ("hold_second", "s"),
            ("switch_ohm", "ohm"),
        ):
            checks.number(name, getattr(self, name), unit, above=True)
        checks.number("reference_volt", self.reference_volt, "V", minimum=-math.inf)
        check_coefficients(self, "capacitor_per_celsius")

    def at_celsius(self, celsius: float) -> ChargeIntegrator:
        """Return the integrator at another temperature; the switches stay as they are.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        ChargeIntegrator
            A copy with the op-amp and the capacitor at that temperature.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of a number.
        """
        return dataclasses.replace(
            self,
            opamp=opamp_at(self.opamp, celsius),
            farad=scaled_at(celsius, self, self.farad, "capacitor_per_celsius"),
        )

    @property
    def output_unit(self) -> str:
        """Always ``"V"``."""
        return "V"

    @property
    def transimpedance_ohm(self) -> float:
        """Output for each ampere of mean current, with an ideal op-amp [ohm]."""
        return self.window_second / self.farad

    @property
    def settle_second(self) -> float:
        """Reset, window and hold together [s]."""
        return self.reset_second + self.window_second + self.hold_second

    @property
    def input_ohm(self) -> float:
        """Mean resistance that the bit line sees in the window [ohm]; NaN for a subcircuit.

        Three parts: the switch; the op-amp's speed, as its output can only follow the charge with a
        difference at the input of ``I / (2 pi f_unity C)``; and half of the final ``V_out / A``.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        lag = 1.0 / (2.0 * math.pi * amp.unity_hertz * self.farad)
        return self.switch_ohm + lag + 0.5 * self.transimpedance_ohm / (1.0 + amp.dc_gain)

    @property
    def column_ohm(self) -> float:
        """Resistance that the column sees [ohm]; NaN for a subcircuit."""
        return self.input_ohm

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's op-amp, if it has one."""
        return self.opamp if isinstance(self.opamp, Subcircuit) else None

    @property
    def window_begin_second(self) -> float:
        """Length of the reset [s], after which the window begins."""
        return self.reset_second

    @property
    def input_volt(self) -> float:
        """Voltage of the bit line at zero current [V]; NaN for a subcircuit (measure it)."""
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        held = self.reference_volt + amp.offset_volt + amp.middle_volt / amp.dc_gain
        return held / (1.0 + 1.0 / amp.dc_gain)

    @property
    def output_line(self) -> tuple[float, float]:
        """Output without a current [V], and its slope over the mean current [ohm].

        NaN for a subcircuit. With a finite gain A the charge Q lies on the capacitor between the
        output and an input that has moved by ``V_out / A``: ``V_out = V_0 - A/(1 + A) Q / C``.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan, math.nan
        return self.input_volt, -self.transimpedance_ohm * amp.dc_gain / (1.0 + amp.dc_gain)

    @property
    def ideal_line(self) -> tuple[float, float]:
        """`output_line` with an ideal op-amp [V, ohm]."""
        return self.reference_volt, -self.transimpedance_ohm

    @property
    def power_watt(self) -> float:
        """Quiescent power [W]; NaN for a subcircuit, where it has to be measured."""
        return self.opamp.power_watt if isinstance(self.opamp, OpAmp) else math.nan

    def with_gain(self, ohm: float) -> ChargeIntegrator:
        """Return a copy with another capacitor.

        Parameters
        ----------
        ohm
            Window over capacitance, the size of the ideal line's slope [ohm].

        Returns
        -------
        ChargeIntegrator
            With a capacitor of ``window_second / ohm``.
        """
        return dataclasses.replace(self, farad=self.window_second / ohm)

    def output_noise(
        self, source_ohm: float, source_farad: float = 0.0, *, column: bool = True
    ) -> float:
        """Return the rms noise of the held output at 27 C.

        The covariance of the circuit (see `_integrator_noise`), with what is frozen on the
        capacitor and what the op-amp adds while it holds. With a fast op-amp of large gain it is

        - ``k T / C`` of the reset, and ``k T C_s / C**2`` that the column's capacitance hands over;
        - ``k T C_s / (C (C + C_s))`` that the window's switch leaves as it opens;
        - the random walk of the column's current in the window, ``S T / (2 C**2)`` with
          ``S = (4 k T R + e_n**2) / R**2`` and the switch in R;
        - ``(C_s / C)**2 e_n**2 (pi / 2) f_unity C / (C + C_s)`` of the op-amp's noise on the
          column's capacitance at its end;
        - the op-amp's own noise in the hold, ``e_n**2 (pi / 2) f_unity (C + C_in) / C``.

        B. Razavi, Design of Analog CMOS Integrated Circuits, ch. 7 and 13, for the parts.

        Parameters
        ----------
        source_ohm, source_farad
            Resistance and capacitance of the column to where its rows are held [ohm, F].
        column
            Whether the thermal noise of that resistance is in it.

        Returns
        -------
        float
            Noise [V]; NaN for a subcircuit.
        """
        amp = self.opamp
        if not isinstance(amp, OpAmp):
            return math.nan
        circuit = IntegratorCircuit(
            farad=self.farad,
            window_second=self.window_second,
            switch_ohm=self.switch_ohm,
            source_ohm=source_ohm,
            source_farad=source_farad,
            unity=2.0 * math.pi * amp.unity_hertz,
            pole=2.0 * math.pi * amp.pole_hertz,
            white=amp.noise_volt_per_root_hertz**2,
            input_farad=amp.input_farad,
            kt=FOUR_KT / 4.0,
            column=column,
        )
        return math.sqrt(circuit.variance())

    def spice_definition(self, name: str) -> list[str]:
        """Return the lines that a deck needs once: the switches' model and the op-amp.

        Parameters
        ----------
        name
            Name of the behavioural subcircuit; a user's own keeps its name.

        Returns
        -------
        list
            SPICE lines.
        """
        return [
            f".model xbar_integrator_switch sw(vt=0.5 vh=0 ron={spice_number(self.switch_ohm)}"
            " roff=1e13)",
            *opamp_definition(self.opamp, name),
        ]

    def spice_lines(
        self,
        instance: str,
        *,
        definition: str,
        minus: str,
        out: str,
        plus: str = "reference",
        driven: str | None = None,
    ) -> list[str]:
        """Return one integrator.

        The nodes ``reset`` and ``integrate`` (0 V and 1 V) open its windows. Outside of the window
        the bit line rests on the reference.

        Parameters
        ----------
        instance, definition, minus, out, plus, driven
            As in :meth:`Amplifier.spice_lines`.

        Returns
        -------
        list
            SPICE lines of op-amp, capacitor and switches.
        """
        inner = f"{instance}_minus"
        nodes = (plus, inner, out if driven is None else driven)
        return [
            *opamp_lines(self.opamp, instance, definition, nodes),
            f"Cintegrate_{instance} {inner} {out} {spice_number(self.farad)}",
            f"Sreset_{instance} {inner} {out} reset 0 xbar_integrator_switch",
            f"Sintegrate_{instance} {minus} {inner} integrate 0 xbar_integrator_switch",
            f"Srest_{instance} {minus} {plus} one integrate xbar_integrator_switch",
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

    def spice_shared(self, period_second: float) -> Iterator[str]:
        """Yield the sources of ``reset`` and ``integrate``, which open the window.

        The switches turn in the middle of an edge, which is where a window begins and ends.

        Parameters
        ----------
        period_second
            Time from one read to the next [s].

        Returns
        -------
        Iterator[str]
            SPICE lines.
        """
        num = spice_number
        edge = 1e-3 * min(self.reset_second, self.window_second, self.hold_second)
        reset, window = self.reset_second, self.window_second
        yield "Vone one 0 DC 1"
        yield (
            f"Vreset reset 0 PULSE(1 0 {num(reset - 2.5 * edge)} {num(edge)} {num(edge)}"
            f" {num(period_second - reset + edge)} {num(period_second)})"
        )
        yield (
            f"Vintegrate integrate 0 PULSE(0 1 {num(reset - 0.5 * edge)} {num(edge)} {num(edge)}"
            f" {num(window - edge)} {num(period_second)})"
        )
