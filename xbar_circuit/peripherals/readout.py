"""The read-out of a column: an amplifier and a converter, or a converter that takes the current."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals._readout_checks import (
    check_amplifier,
    check_difference,
    check_samples,
)
from xbar_circuit.peripherals._readout_noise import column_noise, output_hertz
from xbar_circuit.peripherals._readout_range import spread
from xbar_circuit.peripherals._temperature import CELSIUS, thermal_power
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.amplifiers import Amplifier, DifferenceAmplifier
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.peripherals.cost import PartCost
from xbar_circuit.peripherals.subcircuit import Subcircuit

__all__ = ["Readout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """The read-out of every column.

    Columns may be pairs of a differential weight, column 2k the positive and column 2k + 1 the
    negative one: `difference` says where the two are subtracted, and there is one code a pair.

    Parameters
    ----------
    converter
        The converter.
    amplifier
        Amplifier before a converter of voltages; for a converter that takes the current, None or a
        :class:`CurrentConveyor` without a load.
    difference
        None: every column is read separately. ``"digital"``: the codes of two columns are
        subtracted. ``"current"``: the conveyor of the negative column inverts its current, and both
        are summed at one converter. A :class:`DifferenceAmplifier`: the voltages are subtracted
        before one converter.
    settle_second
        Time from the inputs' step to the end of sampling that is added to the converter's own [s];
        None takes the amplifier's, or none.
    samples
        The converters themselves, one for each column (or pair that shares one), where mismatch
        makes them differ: of the kind, width and timing of `converter`. None: all are equal;
        :meth:`drawn` draws them.

    Raises
    ------
    ParameterError
        The parts do not fit each other.

    >>> from xbar_circuit.peripherals import OpAmp, Sar, TransimpedanceAmplifier
    >>> amplifier = TransimpedanceAmplifier(opamp=OpAmp(), feedback_ohm=50e3)
    >>> readout = Readout(converter=Sar(bits=8), amplifier=amplifier)
    >>> f"{readout.noise(source_ohm=1e3):.3g}"  # V, rms, before the converter
    '0.00114'
    """

    converter: Converter
    amplifier: Amplifier | None = None
    difference: DifferenceAmplifier | str | None = None
    settle_second: float | None = None
    samples: tuple[Converter, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.converter, Converter):
            raise ParameterError.about(
                "converter",
                got=repr(self.converter),
                expected="a converter",
                remedy="for example peripherals.Sar(bits=8)",
            )
        check_amplifier(self.amplifier, self.converter)
        check_difference(self.difference, self.amplifier, self.converter)
        if self.samples is not None:
            object.__setattr__(self, "samples", tuple(self.samples))
            check_samples(self.samples, self.converter)
        if self.settle_second is not None:
            checks.number("settle_second", self.settle_second, "s")
            if self.amplifier is not None and self.amplifier.window_second is not None:
                raise ParameterError.about(
                    "settle_second",
                    got=self.settle_second,
                    expected="None for a charge integrator",
                    remedy="its reset, window and hold are the time that it needs",
                )

    def drawn(self, rng: np.random.Generator, count: int, **mismatch: float) -> Readout:
        """Return this read-out with `count` converters drawn by ``converter.drawn``.

        Parameters
        ----------
        rng
            Random generator.
        count
            Number of converters of the tile.
        mismatch
            Arguments of ``converter.drawn``.

        Returns
        -------
        Readout
            With these `samples`.

        Raises
        ------
        ParameterError
            The converter has no such mismatch.
        """
        draw = getattr(self.converter, "drawn", None)
        checks.count("count", count)
        try:
            samples = None if draw is None else tuple(draw(rng, **mismatch) for _ in range(count))
        except TypeError as error:
            raise ParameterError.about(
                "mismatch",
                got=f"{sorted(mismatch)} ({error})",
                expected=f"the arguments of {type(self.converter).__name__}.drawn",
                remedy="see its docstring",
            ) from error
        if samples is None:
            raise ParameterError.about(
                "converter",
                got=type(self.converter).__name__,
                expected="a converter with a method drawn(rng, ...)",
                remedy="give the samples themselves",
            )
        return dataclasses.replace(self, samples=samples)

    def at_celsius(self, celsius: float) -> Readout:
        """Return it as it is at a temperature; the numbers of its parts hold at 27 C.

        Offsets, gains and references go by the coefficients of the parts, the noise of decisions
        with the root of the absolute temperature. The thermal noise of amplifiers stays as it is
        stated, see :meth:`noise`, and circuits know the temperature from their deck.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        Readout
            With all parts at that temperature; itself at 27 C.

        Raises
        ------
        ParameterError
            A coefficient leaves nothing of a number.

        >>> from xbar_circuit.peripherals import OscillatorCounter
        >>> one = OscillatorCounter(bits=8, full_scale_ampere=1e-4, gain_per_celsius=-1e-3)
        >>> round(Readout(converter=one).at_celsius(77.0).converter.gain_error, 6)
        -0.05
        """
        if celsius == CELSIUS:
            return self
        stage, samples = self.difference, self.samples
        return dataclasses.replace(
            self,
            converter=self.converter.at_celsius(celsius),
            amplifier=None if self.amplifier is None else self.amplifier.at_celsius(celsius),
            difference=stage.at_celsius(celsius)
            if isinstance(stage, DifferenceAmplifier)
            else stage,
            samples=None if samples is None else tuple(one.at_celsius(celsius) for one in samples),
        )

    def ranged(self, low_ampere: float, high_ampere: float) -> Readout:
        """Return this read-out with its codes spread over a range of currents, as a chip sets it.

        Zero current lies in the middle of a code, so that zero input gives zero output: for that a
        range of both signs gives up one code; a range from 0 begins with code 0. Where an
        amplifier makes a voltage of the current, its gain is set so that both ends stay within the
        converter's range, and the converter's range to what is used of it. An exact converter
        takes its larger end as full scale.

        Parameters
        ----------
        low_ampere, high_ampere
            Range of currents to resolve, including 0; of pairs that are subtracted
            before their converter, of the difference [A].

        Returns
        -------
        Readout
            With other ranges of its converter, and another gain of its amplifier if it has one.

        Raises
        ------
        ParameterError
            The range is empty, or the read-out contains a circuit, whose range is fixed.

        >>> from xbar_circuit.peripherals import IdealConverter
        >>> narrow = Readout(converter=IdealConverter(bits=8)).ranged(-4e-6, 4e-6)
        >>> narrow.converter.convert([-4e-6, 0.0, 4e-6]).tolist()
        [0, 127, 254]
        """
        low = checks.number("low_ampere", low_ampere, "A", minimum=-math.inf, maximum=0.0)
        high = checks.number("high_ampere", high_ampere, "A", minimum=0.0)
        if self.circuits or self.samples is not None:
            raise ParameterError.about(
                "readout",
                got="one with a circuit or with drawn samples",
                expected="behavioural parts without mismatch",
                remedy="set the driver's full scale, or draw the samples afterwards",
            )
        return spread(self, low, high)

    def converter_of(self, place: int) -> Converter:
        """Return the converter of one column, or of one pair that shares one.

        Parameters
        ----------
        place
            Index of the column, or of the pair.

        Returns
        -------
        Converter
            Its sample; `converter` where all are equal.
        """
        return self.converter if self.samples is None else self.samples[place]

    @property
    def subtracts_before(self) -> bool:
        """Whether two columns share a converter."""
        return self.difference is not None and self.difference != "digital"

    @property
    def reference_volt(self) -> float:
        """Reference voltage of the array [V]."""
        if self.amplifier is not None:
            return self.amplifier.reference_volt
        return self.converter.reference_volt

    @property
    def settling(self) -> float:
        """Time given to the analog part before the conversion [s]."""
        if self.settle_second is not None:
            return self.settle_second
        return 0.0 if self.amplifier is None else self.amplifier.settle_second

    @property
    def window_second(self) -> float | None:
        """Integration time [s]; None if it samples the current."""
        if self.converter.window_second is not None or self.amplifier is None:
            return self.converter.window_second
        return self.amplifier.window_second

    @property
    def timing(self) -> Timing:
        """Timing of a read: the converter's, its sampling lengthened by the settling."""
        return self.converter.timing.settled(self.settling)

    @property
    def averaging_second(self) -> float:
        """Time over which its noise is averaged [s]: the window, or the time until the sample."""
        return self.window_second or self.timing.start_second

    @property
    def window_begin_second(self) -> float:
        """Time from the beginning of a read to that of the window, where pulses rise [s]."""
        if self.converter.window_second is not None:
            return self.timing.start_second
        return 0.0 if self.amplifier is None else self.amplifier.window_begin_second

    @property
    def input_ohm(self) -> float:
        """Resistance that the column sees [ohm]; NaN if it has to be measured."""
        part = self.converter if self.amplifier is None else self.amplifier
        return part.column_ohm

    @property
    def input_volt(self) -> float:
        """Voltage of the column at zero current [V]; NaN if it has to be measured."""
        return self.converter.column_volt if self.amplifier is None else self.amplifier.input_volt

    @property
    def converter_line(self) -> tuple[float, float]:
        """Converter's input without a current [V or A], and its slope over the current [ohm or 1].

        Where two columns are subtracted before the converter, the slope is that over the difference
        of their currents. NaN if it has to be measured.
        """
        if self.amplifier is None:
            return 0.0, 1.0
        start, slope = self.amplifier.output_line
        if isinstance(self.difference, DifferenceAmplifier):
            middle, gain = self.difference.output_line
            return middle, -gain * slope
        return self.amplifier.pair_line if self.difference == "current" else (start, slope)

    def noise(
        self,
        source_ohm: float,
        source_farad: float = 0.0,
        *,
        column: bool = True,
        celsius: float = CELSIUS,
    ) -> float:
        """Return the rms noise at a converter's input, without the converter's own.

        That of amplifier and column, and of both columns of a pair subtracted before the converter.
        A converter that integrates its current averages white noise over its window, ``S / (2 T)``.

        Parameters
        ----------
        source_ohm, source_farad
            Resistance and capacitance of a column to where its rows are held [ohm, F].
        column
            Whether the thermal noise of that resistance is in it.
        celsius
            Temperature [degree Celsius]. All of it is thermal: resistors by ``4 k T R``, and a
            behavioural op-amp's generator, given at 27 C, rises with T as a resistor's does, in
            ngspice too.

        Returns
        -------
        float
            Noise [V or A]; NaN if it has to be measured.
        """
        one = column_noise(self.amplifier, self.converter, source_ohm, source_farad, column=column)
        return math.sqrt(thermal_power(celsius)) * self.pair_noise(one)

    def noise_hertz(self, source_ohm: float, source_farad: float = 0.0) -> float | None:
        """Return the bandwidth in which a converter sees white noise of its column's current.

        ``1 / (2 T)`` of a mean over the window T; of an amplifier the power that the thermal noise
        of `source_ohm` adds to its output, over what the same density gives at rest.

        Parameters
        ----------
        source_ohm, source_farad
            Resistance and capacitance of a column to where its rows are held [ohm, F].

        Returns
        -------
        float or None
            Bandwidth [Hz]; None if it has to be measured, or nothing bounds it.
        """
        if self.window_second is not None:
            return 0.5 / self.window_second
        if self.amplifier is None:
            return None
        return output_hertz(self.amplifier, source_ohm, source_farad)

    def pair_noise(self, one: float) -> float:
        """Return the noise at a converter's input from that of one column.

        Parameters
        ----------
        one
            Rms noise of one column with its amplifier [V or A].

        Returns
        -------
        float
            Rms noise [V or A]: that of both columns, with that of a difference amplifier, where two
            columns are subtracted before the converter; else `one`.
        """
        if isinstance(self.difference, DifferenceAmplifier):
            return math.hypot(
                math.sqrt(2.0) * self.difference.gain * one, self.difference.output_noise
            )
        return math.sqrt(2.0) * one if self.difference == "current" else one

    @property
    def cost(self) -> PartCost:
        """Cost of one column in one read: settling and conversion; half of what a pair shares.

        Amplifiers take their quiescent power for the whole period; NaN with a user's circuit.
        """
        share = 0.5 if self.subtracts_before else 1.0
        second = self.timing.period_second
        watt = 0.0 if self.amplifier is None else self.amplifier.power_watt
        if isinstance(self.difference, DifferenceAmplifier):
            watt += share * self.difference.power_watt
        joule = share * self.converter.cost.energy_joule + watt * second
        return PartCost(latency_second=second, energy_joule=joule)

    @property
    def circuits(self) -> tuple[Subcircuit, ...]:
        """The user's circuits in its parts."""
        stage = self.difference if isinstance(self.difference, DifferenceAmplifier) else None
        parts = (self.amplifier, stage, self.converter)
        circuits = (None if part is None else part.circuit for part in parts)
        return tuple(circuit for circuit in circuits if circuit is not None)
