"""The latched sense amplifier: one clocked comparator for a binary cell, two for a ternary one.

A latch (StrongARM: Kobayashi et al., IEEE J. Solid-State Circuits 28, 523, 1993) compares the input
with a threshold when its clock falls. What limits it is the offset that mismatch gives every single
latch, and its noise; `studies.characterize_sense_amplifier` measures the offset's distribution, and
`drawn` draws from it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._temperature import check_coefficients, offset_at, thermal_power
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters._blocks import SWITCH_OHM, logic_volt, noise_source
from xbar_circuit.peripherals.converters._values import errors_tuple
from xbar_circuit.peripherals.converters.base import CodeArray, Converter
from xbar_circuit.peripherals.converters.kinds import ConverterKind
from xbar_circuit.peripherals.subcircuit import Subcircuit
from xbar_circuit.units import spice_number

__all__ = ["SenseAmplifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseAmplifier(Converter):
    """A read-out with two or three codes: how many thresholds the input exceeds.

    The defaults are typical values, chosen here, not those of a particular design.

    Parameters
    ----------
    thresholds_volt
        One threshold (binary) or two, ascending (ternary) [V].
    offsets_volt
        Offset of each latch [V]; None for none.
    noise_volt
        Input-referred rms noise of a decision at 27 C [V].
    reset_second
        Time for which the latches are reset while the input settles [s].
    decision_second
        Time given to the decision [s].
    comparator
        A :class:`Subcircuit` with the ports ``plus``, ``minus``, ``clock`` (it decides while the
        clock is low) and ``out``, which ngspice then runs instead of the formula.
    latch_joule
        Energy of one decision [J]; 30 fJ is an assumption.
    offset_volt_per_celsius
        Drift of every latch's offset [V/degree Celsius]; 0 unless given.

    Raises
    ------
    ParameterError, ShapeError
        A value is out of range, or the thresholds are not ascending.

    >>> SenseAmplifier(thresholds_volt=(0.4, 0.6)).convert([0.3, 0.5, 0.7])
    array([0, 1, 2])
    """

    thresholds_volt: tuple[float, ...] = (0.5,)
    offsets_volt: tuple[float, ...] | None = None
    noise_volt: float = 0.0
    reset_second: float = 1e-9
    decision_second: float = 1e-9
    comparator: Subcircuit | None = None
    latch_joule: float = 30e-15
    offset_volt_per_celsius: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.thresholds_volt) if isinstance(self.thresholds_volt, (tuple, list)) else 0
        if count not in (1, 2) or list(self.thresholds_volt) != sorted(set(self.thresholds_volt)):
            raise ParameterError.about(
                "thresholds_volt",
                got=repr(self.thresholds_volt),
                expected="one voltage (binary) or two ascending ones (ternary)",
                remedy="for more levels take a Flash",
            )
        for name in ("thresholds_volt", "offsets_volt"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, errors_tuple(name, value, count, "V"))
        for name in ("reset_second", "decision_second"):
            checks.number(name, getattr(self, name), "s", above=True)
        checks.number("noise_volt", self.noise_volt, "V")
        checks.number("latch_joule", self.latch_joule, "J")
        check_coefficients(self, "offset_volt_per_celsius")
        if self.comparator is not None:
            self.comparator.require("plus", "minus", "clock", "out")

    def at_celsius(self, celsius: float) -> SenseAmplifier:
        """Return the sense amplifier at another temperature: offsets and noise of its decisions.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        SenseAmplifier
            A copy whose offsets moved by their drift, and whose noise power is proportional to the
            absolute temperature.
        """
        own = self.offsets_volt or (0.0,) * self.decisions
        moved = tuple(offset_at(celsius, one, self.offset_volt_per_celsius) for one in own)
        return dataclasses.replace(
            self,
            offsets_volt=moved if any(moved) else self.offsets_volt,
            noise_volt=self.noise_volt * math.sqrt(thermal_power(celsius)),
        )

    def drawn(
        self,
        rng: np.random.Generator,
        *,
        offset_sigma_volt: float,
        offset_mean_volt: float = 0.0,
    ) -> SenseAmplifier:
        """Return a copy with the offset of each latch drawn, in place of its own.

        Parameters
        ----------
        rng
            Random generator.
        offset_sigma_volt
            Standard deviation of the offsets [V].
        offset_mean_volt
            Their mean [V].

        Returns
        -------
        SenseAmplifier
            With these `offsets_volt`.
        """
        sigma = checks.number("offset_sigma_volt", offset_sigma_volt, "V")
        mean = checks.number("offset_mean_volt", offset_mean_volt, "V", minimum=-np.inf)
        drawn = mean + sigma * rng.standard_normal(self.decisions)
        return dataclasses.replace(self, offsets_volt=tuple(drawn.tolist()))

    @property
    def bits(self) -> int:  # type: ignore[override]
        """Width of the code: 1 or 2."""
        return self.decisions

    @property
    def levels(self) -> int:
        """Number of codes: 2 or 3."""
        return self.decisions + 1

    @property
    def decisions(self) -> int:
        """Decisions in one conversion: one for each latch."""
        return len(self.thresholds_volt)

    @property
    def noisy(self) -> bool:
        """Whether the latches have noise."""
        return self.noise_volt > 0.0

    @property
    def thresholds(self) -> FloatArray:
        """Trip point of each latch (decisions,) [V]."""
        offsets = self.offsets_volt or (0.0,) * self.decisions
        result: FloatArray = np.asarray(self.thresholds_volt) + np.asarray(offsets)
        return result

    @property
    def input_unit(self) -> str:
        """Always ``"V"``."""
        return "V"

    @property
    def lsb(self) -> float:
        """Distance of two thresholds, or the threshold itself where there is one [V]."""
        if self.decisions == 2:
            return self.thresholds_volt[1] - self.thresholds_volt[0]
        return abs(self.thresholds_volt[0]) or 1.0

    @property
    def input_low(self) -> float:
        """One LSB below the lowest threshold [V]."""
        return self.thresholds_volt[0] - self.lsb

    @property
    def input_high(self) -> float:
        """One LSB above the highest threshold [V]."""
        return self.thresholds_volt[-1] + self.lsb

    @property
    def conversion_second(self) -> float:
        """Reset and decision [s]."""
        return self.reset_second + self.decision_second

    @property
    def energy_joule(self) -> float:
        """One decision of every latch [J]."""
        return self.decisions * self.latch_joule

    @property
    def circuit(self) -> Subcircuit | None:
        """The user's comparator, or None."""
        return self.comparator

    @property
    def circuit_joule(self) -> float:
        """Energy of all decisions [J]: the whole model."""
        return self.energy_joule

    def convert_with(self, values: FloatArray, noise: FloatArray | None) -> CodeArray:
        """Return the number of latches that decide high.

        Parameters
        ----------
        values
            Inputs [V or A], any shape, finite.
        noise
            Standard normal numbers, ``(*values.shape, decisions)``; None converts without noise.

        Returns
        -------
        CodeArray
            Codes, of the shape of `values`.
        """
        seen = values[..., None]
        if noise is not None:
            seen = seen + self.noise_volt * noise
        codes: CodeArray = (seen >= self.thresholds).sum(axis=-1).astype(np.int64)
        return codes

    def spice_supplies(self, instance: str) -> dict[str, float]:
        """Return the supply sources inside an instance, and their voltages.

        The latches' circuits are the instances ``Xcircuit0`` and, of a ternary one, ``Xcircuit1``.

        Parameters
        ----------
        instance
            Name of the converter's instance.

        Returns
        -------
        dict
            Name of each source in the deck -> its voltage [V].
        """
        rails = {} if self.comparator is None else self.comparator.supplies
        return {
            f"v.{instance}.vcircuit{k}_{port}": volt
            for k in range(self.decisions)
            for port, volt in rails.items()
        }

    @property
    def timing(self) -> Timing:
        """Timing of a conversion: the latches decide as ``start`` falls."""
        return Timing(
            period_second=self.conversion_second,
            start_second=self.reset_second,
            edge_fraction=1e-3 if self.comparator is None else 1e-2,
        )

    def spice_lines(self, timing: Timing, noise: FloatArray | None) -> Iterator[str]:
        """Yield the body of the subcircuit; see :meth:`Converter.spice_lines`.

        Parameters
        ----------
        timing
            When ``start`` and ``clock`` move.
        noise
            Standard normal numbers of successive conversions (conversions, decisions); None is
            none.

        Returns
        -------
        Iterator[str]
            SPICE lines between ``.subckt`` and ``.ends``.
        """
        num, edge = spice_number, timing.edge_second
        yield f"* sense amplifier, thresholds {', '.join(f'{v:g} V' for v in self.thresholds_volt)}"
        yield "Rclock clock 0 1e6"
        yield f".model sampler sw(vt=0.5 vh=0 ron={SWITCH_OHM} roff=1e15)"
        seconds = timing.period_second * np.arange(1 if noise is None else len(noise))
        high = 1.0
        if self.comparator is not None:
            high = logic_volt(self.comparator)
            yield f"Elatch latch 0 start 0 {num(high)}"
        for k, threshold in enumerate(self.thresholds):
            volts = None if noise is None else self.noise_volt * noise[:, k]
            yield from noise_source(k, volts, seconds, edge)
            yield f"Vthreshold{k} threshold{k} 0 DC {num(float(threshold))}"
            if self.comparator is None:
                yield f"Bdifference{k} difference{k} 0 V=V(in)+V(noise{k})-V(threshold{k})"
                yield "* the latch: what it sees as start falls stays on a capacitor"
                yield f"Slatch{k} difference{k} held{k} start 0 sampler"
                yield f"Cheld{k} held{k} 0 1e-14"
                yield f"Bsay{k} say{k} 0 V=V(held{k})>=0 ? 1 : 0"
            else:
                yield f"Bplus{k} plus{k} 0 V=V(in)+V(noise{k})"
                nodes = {
                    "plus": f"plus{k}",
                    "minus": f"threshold{k}",
                    "clock": "latch",
                    "out": f"decision{k}",
                }
                yield from self.comparator.instance_lines(f"circuit{k}", nodes)
                yield f"Bsay{k} say{k} 0 V=V(decision{k})>={num(high / 2)} ? 1 : 0"
        yield "Bcode code 0 V=" + "+".join(f"V(say{k})" for k in range(self.decisions))


KIND = ConverterKind(name="sense_amplifier", of=SenseAmplifier, title="sense amplifier")
