"""Analyses as values: what the simulator is to do with a deck.

Each one writes itself as the ngspice command of the same name (ngspice manual, chapter "Analyses
and Output Control") and knows when its answer is complete, because a simulator that gives up in the
middle of a sweep leaves the points it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.spice._arguments import check_name, check_sweep, frequencies, too_few
from xbar_circuit.units import spice_number

__all__ = ["Ac", "Analysis", "Dc", "Noise", "Op", "Tran"]

_SLACK = 1e-6


@runtime_checkable
class Analysis(Protocol):
    """An analysis for :func:`xbar_circuit.spice.run`."""

    @property
    def command(self) -> str:
        """The ngspice command, which behind a dot is also the deck's line."""
        ...

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer.

        Parameters
        ----------
        vectors
            Name -> values (points,) of the analysis' plot, as ngspice gave them.

        Returns
        -------
        str
            What is missing, in words; empty if the answer is complete.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """Operating point, always solved from scratch.

    ngspice returns the iterate before the one that met its tolerances, so the answer is about as
    good as ``reltol`` and ``vntol``.

    >>> Op().command
    'op'
    """

    @property
    def command(self) -> str:
        """The ngspice command."""
        return "op"

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer, which must have one point.

        Parameters
        ----------
        vectors
            Name -> values (points,) of the plot.

        Returns
        -------
        str
            ``"0 of 1 points"``, or empty if the answer is complete.
        """
        return too_few(vectors, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dc:
    """Sweep of a source's value.

    Parameters
    ----------
    source
        Name of a voltage or current source, or ``"temp"``.
    start, stop, step
        Values [V, A or degree Celsius]; both ends are included.

    Raises
    ------
    ParameterError
        The step is zero or leads away from `stop`.

    >>> Dc(source="Vin", start=0.0, stop=1.0, step=0.5).command
    'dc vin 0.0 1.0 0.5'
    """

    source: str
    start: float
    stop: float
    step: float

    def __post_init__(self) -> None:
        check_name("source", self.source)
        for name in ("start", "stop", "step"):
            checks.number(name, getattr(self, name), "V or A", minimum=-1e300)
        if self.step == 0.0 or (self.stop - self.start) * self.step < 0.0:
            raise ParameterError.about(
                "step",
                got=self.step,
                expected=f"a step from {self.start:g} towards {self.stop:g}",
                remedy="change its sign or its size",
            )

    @property
    def command(self) -> str:
        """The ngspice command."""
        numbers = " ".join(map(spice_number, (self.start, self.stop, self.step)))
        return f"dc {self.source.lower()} {numbers}"

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer, which must have a point for every step.

        Parameters
        ----------
        vectors
            Name -> values (points,) of the plot.

        Returns
        -------
        str
            Such as ``"3 of 11 points"``, or empty if the answer is complete.
        """
        return too_few(vectors, int((self.stop - self.start) / self.step * (1 + 1e-12)) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tran:
    """Transient from 0 s to `stop_second`.

    Parameters
    ----------
    step_second
        Suggested time step [s].
    stop_second
        End [s].
    start_second
        Results before this time are not kept [s].
    max_step_second
        Largest step of the integration [s]; None lets the simulator choose.
    use_initial_conditions
        Start from the ``ic=`` values rather than from an operating point (``uic``).

    Raises
    ------
    ParameterError
        A time is not finite, not positive or out of order.

    >>> Tran(step_second=1e-10, stop_second=1e-7, max_step_second=1e-10).command
    'tran 1e-10 1e-07 0.0 1e-10'
    """

    step_second: float
    stop_second: float
    start_second: float = 0.0
    max_step_second: float | None = None
    use_initial_conditions: bool = False

    def __post_init__(self) -> None:
        checks.number("step_second", self.step_second, "s", above=True)
        checks.number("stop_second", self.stop_second, "s", above=True)
        checks.number("start_second", self.start_second, "s", maximum=self.stop_second)
        if self.max_step_second is not None:
            checks.number("max_step_second", self.max_step_second, "s", above=True)

    @property
    def least_step_second(self) -> float:
        """Mean step [s] at which the run leads nowhere: 1e10 points would be needed."""
        return min(1e-10 * self.stop_second, 1e-3 * self.step_second)

    @property
    def command(self) -> str:
        """The ngspice command."""
        times = [self.step_second, self.stop_second, self.start_second]
        if self.max_step_second is not None:
            times.append(self.max_step_second)
        uic = " uic" if self.use_initial_conditions else ""
        return "tran " + " ".join(map(spice_number, times)) + uic

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer, whose time must have come to `stop_second`.

        Parameters
        ----------
        vectors
            Name -> values (points,) of the plot; ``"time"`` [s] is looked at.

        Returns
        -------
        str
            At which time it stopped, or empty if the answer is complete.
        """
        time = vectors.get("time")
        if time is None or time.size == 0:
            return "no time points"
        if time[-1] < self.stop_second * (1.0 - _SLACK):
            return f"it stopped at {time[-1]:g} s of {self.stop_second:g} s"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ac:
    """Small-signal sweep of frequency around the operating point.

    Parameters
    ----------
    start_hertz, stop_hertz
        Frequencies [Hz].
    points
        Points per decade or octave, or in all if `spacing` is ``"lin"``.
    spacing
        ``"dec"``, ``"oct"`` or ``"lin"``.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> Ac(start_hertz=1e3, stop_hertz=1e9, points=10).command
    'ac dec 10 1000.0 1000000000.0'
    """

    start_hertz: float
    stop_hertz: float
    points: int = 10
    spacing: str = "dec"

    def __post_init__(self) -> None:
        check_sweep(self.start_hertz, self.stop_hertz, self.points, self.spacing)

    @property
    def command(self) -> str:
        """The ngspice command."""
        return f"ac {frequencies(self.start_hertz, self.stop_hertz, self.points, self.spacing)}"

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer, which must have at least one frequency.

        Parameters
        ----------
        vectors
            Name -> values (points,) of the plot.

        Returns
        -------
        str
            ``"0 of 1 points"``, or empty if the answer is complete.
        """
        return too_few(vectors, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Noise at an output, and referred to an input source.

    The answer has two plots: ``noise`` (spectra, ``onoise_spectrum`` in V/sqrt(Hz)) and
    ``noise total`` (``onoise_total`` in V, integrated over the band).

    Parameters
    ----------
    output
        Voltage to look at, such as ``"v(out)"`` or ``"v(plus,minus)"``.
    source
        Input source; it must have an ``AC`` value.
    start_hertz, stop_hertz, points, spacing
        As in :class:`Ac`.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> Noise(output="v(out)", source="Vin", start_hertz=1.0, stop_hertz=1e6).command
    'noise v(out) vin dec 10 1.0 1000000.0'
    """

    output: str
    source: str
    start_hertz: float
    stop_hertz: float
    points: int = 10
    spacing: str = "dec"

    def __post_init__(self) -> None:
        check_name("output", self.output)
        check_name("source", self.source)
        check_sweep(self.start_hertz, self.stop_hertz, self.points, self.spacing)

    @property
    def command(self) -> str:
        """The ngspice command."""
        sweep = frequencies(self.start_hertz, self.stop_hertz, self.points, self.spacing)
        return f"noise {self.output.lower()} {self.source.lower()} {sweep}"

    def missing(self, vectors: Mapping[str, FloatArray]) -> str:
        """Say what is missing in an answer, which must have at least one frequency.

        Parameters
        ----------
        vectors
            Name -> values (points,) of the plot.

        Returns
        -------
        str
            ``"0 of 1 points"``, or empty if the answer is complete.
        """
        return too_few(vectors, 1)
