"""Conversions in ngspice: the same question as ``converter.convert``, answered by the circuit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist._testbench import conversion_bench
from xbar_circuit.peripherals.converters import CodeArray, Converter
from xbar_circuit.peripherals.converters._values import finite_values
from xbar_circuit.spice._testbench import run_bench

__all__ = ["SpiceConversion", "convert_in_spice"]

_PER_DECK = 256  # conversions
_PER_DECK_OF_TRANSISTORS = 32  # they take a good part of a second each


class SpiceConversion:
    """A converter's circuit on call: values in, codes out.

    The noise is drawn exactly as ``converter.convert(values, rng=rng)`` draws it, so equal
    generators give both the same numbers.

    Parameters
    ----------
    converter
        One of ours.
    rng
        Draws the noise of every decision; None converts without noise.
    folder
        Where decks and answers are kept, so that an interrupted bench goes on; None keeps nothing.
    time_limit_second
        Time allowed to each run of ngspice, of at most 256 conversions, 32 of transistors [s].
    celsius
        Temperature of the circuit [degree Celsius].
    executor, workers
        Who runs the decks, and into how many parts conversions that are asked for together are
        divided; None runs one deck after the other here.
    progress
        Called with the number of conversions of each run that is done.

    Raises
    ------
    ParameterError
        The converter is not one of ours.
    """

    def __init__(
        self,
        converter: Converter,
        *,
        rng: np.random.Generator | None = None,
        folder: str | Path | None = None,
        time_limit_second: float | None = 600.0,
        celsius: float = 27.0,
        executor: Executor | None = None,
        workers: int = 1,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        if not isinstance(converter, Converter):
            raise ParameterError.about(
                "converter",
                got=type(converter).__name__,
                expected="a converter",
                remedy="use peripherals.Subcircuit for a circuit of your own",
            )
        if time_limit_second is not None:
            checks.number("time_limit_second", time_limit_second, "s", above=True)
        self._converter = converter
        self._rng = rng
        self._folder = folder
        self._limit = time_limit_second
        self._celsius = celsius
        self._executor = executor
        self._workers = workers if executor is not None else 1
        self._progress = progress
        self.conversions = 0
        self._supply_joule = 0.0

    @property
    def supply_joule(self) -> float:
        """Mean energy that the supplies of a circuit inside gave for a conversion so far [J]."""
        return self._supply_joule / max(self.conversions, 1)

    def __call__(self, values: ArrayLike) -> CodeArray:
        """Return the codes of `values` [V or A], of the same shape.

        Raises
        ------
        ParameterError
            A value is not finite.
        SimulatorError, ConvergenceError
            ngspice failed.
        """
        converter = self._converter
        array = finite_values("values", values)
        noise: FloatArray | None = None
        if self._rng is not None:
            noise = converter.draw_noise(self._rng, array.shape).reshape(-1, converter.decisions)
        flat = array.ravel()
        most = _PER_DECK if converter.circuit is None else _PER_DECK_OF_TRANSISTORS
        size = min(most, max(1, -(-flat.size // self._workers)))
        jobs = [
            _Deck(
                converter=converter,
                values=flat[begin : begin + size],
                noise=None if noise is None else noise[begin : begin + size],
                folder=self._folder,
                time_limit_second=self._limit,
                celsius=self._celsius,
            )
            for begin in range(0, flat.size, size)
        ]
        parts = []
        run = map if self._executor is None else self._executor.map
        for codes, joule in run(_converted, jobs):
            self.conversions += codes.size
            self._supply_joule += joule
            parts.append(codes)
            if self._progress is not None:
                self._progress(codes.size)
        result: CodeArray = np.concatenate(parts).reshape(array.shape)
        return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Deck:
    """Conversions that one deck makes; the fields are those of :class:`SpiceConversion`."""

    converter: Converter
    values: FloatArray
    noise: FloatArray | None
    folder: str | Path | None
    time_limit_second: float | None
    celsius: float


def _converted(deck: _Deck) -> tuple[CodeArray, float]:
    """Return the codes, and the energy that supplies of a circuit inside gave [J]."""
    bench = conversion_bench(deck.converter, deck.values, noise=deck.noise, celsius=deck.celsius)
    answer = run_bench(
        bench,
        folder=deck.folder,
        label="conversions",
        time_limit_second=deck.time_limit_second,
    )
    return answer.codes[:, 0], sum(answer.supply_watt.values()) * bench.stop_second


def convert_in_spice(
    converter: Converter,
    values: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    folder: str | Path | None = None,
    time_limit_second: float | None = 600.0,
) -> CodeArray:
    """Return the codes that ngspice gives for `values` [V or A], of the same shape.

    Arguments and errors as for :class:`SpiceConversion`.

    Parameters
    ----------
    converter
        Behavioural or of transistors.
    values
        Inputs [V or A], any shape.
    rng
        Draws the noise of the decisions; None is no noise.
    folder
        Where decks are kept; None keeps none.
    time_limit_second
        Of ngspice [s].

    Returns
    -------
    numpy.ndarray
        The codes, integers in the shape of the values.
    """
    return SpiceConversion(converter, rng=rng, folder=folder, time_limit_second=time_limit_second)(
        values
    )
