"""The sense amplifier's bench: offset distribution, decision time, errors against margin.

All drawn samples stand side by side in one deck. Each run bisects the offset of every one of them:
the input at which a sample's decision flips is its offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.spice import Tran, run
from xbar_circuit.units import spice_number

__all__ = ["SenseAmplifierReport", "characterize_sense_amplifier"]

_OPTIONS = ".options reltol=1e-4 noacct klu"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SenseAmplifierReport:
    """Figures of merit of a clocked comparator.

    offsets_volt : of each drawn sample (samples,) [V].
    offset_mean_volt, offset_sigma_volt : their mean and standard deviation [V].
    resolution_volt : of the bisection [V].
    decision_volt, decision_second : input and time from the clock's fall to the output's rise,
        without mismatch; NaN where it did not decide in time.
    margin_volt, error_rate : share of the samples that decide wrongly at an input of either sign.
    """

    offsets_volt: FloatArray
    offset_mean_volt: float
    offset_sigma_volt: float
    resolution_volt: float
    decision_volt: FloatArray
    decision_second: FloatArray
    margin_volt: FloatArray
    error_rate: FloatArray

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON; NaN is null."""

        def plain(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                return [float(v) if np.isfinite(v) else None for v in value]
            return value

        return {name: plain(getattr(self, name)) for name in self.__slots__}


def characterize_sense_amplifier(
    comparator: Subcircuit,
    *,
    rng: np.random.Generator,
    mismatch: Mapping[str, float],
    samples: int = 64,
    common_mode_volt: float = 0.3,
    range_volt: float = 0.1,
    steps: int = 9,
    clock_second: float = 2e-9,
) -> SenseAmplifierReport:
    """Measure a clocked comparator of transistors in ngspice.

    Parameters
    ----------
    comparator
        With the ports ``plus``, ``minus``, ``clock`` and ``out``; it decides while the clock is
        low.
    rng
        Draws the mismatch.
    mismatch
        Parameter of the subcircuit -> standard deviation, such as ``{"dvt1": 3e-3}`` [V].
    samples
        How many are drawn.
    common_mode_volt
        Of the inputs [V].
    range_volt
        Offsets are looked for within this on both sides [V].
    steps
        Bisections; the resolution is ``range_volt / 2**steps``.
    clock_second
        Clock period, half of it for the decision [s].

    Raises
    ------
    ParameterError
        An argument is out of range.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    comparator.require("plus", "minus", "clock", "out")
    checks.count("samples", samples, minimum=2)
    checks.count("steps", steps)
    checks.number("range_volt", range_volt, "V", above=True)
    checks.number("clock_second", clock_second, "s", above=True)
    drawn = {
        name: checks.number(f"mismatch[{name!r}]", sigma, "V") * rng.standard_normal(samples)
        for name, sigma in mismatch.items()
    }
    low, high = np.full(samples, -range_volt), np.full(samples, range_volt)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        yes = _decide(comparator, middle, drawn, common_mode_volt, clock_second)
        low, high = np.where(yes, low, middle), np.where(yes, middle, high)
    offsets = 0.5 * (low + high)
    inputs = range_volt * np.logspace(-3.0, 0.0, 10)
    margins = np.linspace(0.0, 4.0, 17) * max(float(offsets.std()), range_volt / 2**steps)
    wrong = [0.5 * float((offsets > m).mean() + (offsets < -m).mean()) for m in margins]
    return SenseAmplifierReport(
        offsets_volt=offsets,
        offset_mean_volt=float(offsets.mean()),
        offset_sigma_volt=float(offsets.std(ddof=1)),
        resolution_volt=range_volt / 2.0**steps,
        decision_volt=inputs,
        decision_second=_times(comparator, inputs, common_mode_volt, clock_second),
        margin_volt=margins,
        error_rate=np.array(wrong),
    )


def _deck(
    comparator: Subcircuit,
    sources: list[str],
    drawn: Mapping[str, FloatArray],
    clock_second: float,
) -> str:
    """Return one instance for each source text, all on one clock that falls at every half."""
    num = spice_number
    high = num(max(comparator.supplies.values(), default=1.0))
    edge = num(clock_second / 200.0)
    lines = [
        f"xbar_circuit: {len(sources)} sense amplifiers side by side",
        _OPTIONS,
        *comparator.include_lines(),
        f"Vclock clock 0 PULSE({high} 0 {num(clock_second / 2)} {edge} {edge}"
        f" {num(clock_second * 0.49)} {num(clock_second)})",
    ]
    for k, source in enumerate(sources):
        nodes = {"plus": f"p{k}", "minus": "common", "clock": "clock", "out": f"out{k}"}
        first, *rails = comparator.instance_lines(f"s{k}", nodes)
        values = "".join(f" {name}={num(shift[k])}" for name, shift in drawn.items())
        lines += [first + values, *rails, f"Vp{k} p{k} common {source}"]
    return "\n".join(lines) + "\n"


def _decide(
    comparator: Subcircuit,
    inputs: FloatArray,
    drawn: Mapping[str, FloatArray],
    common_volt: float,
    clock_second: float,
) -> FloatArray:
    sources = [f"DC {spice_number(v)}" for v in inputs]
    deck = _deck(comparator, sources, drawn, clock_second)
    deck += f"Vcommon common 0 DC {spice_number(common_volt)}\n.end\n"
    names = [f"v(out{k})" for k in range(inputs.size)]
    stop = 0.98 * clock_second
    plot = run(deck, Tran(step_second=clock_second / 200, stop_second=stop), vectors=names)[0]
    half = max(comparator.supplies.values(), default=1.0) / 2.0
    return np.array([plot[name][-1] > half for name in names])


def _times(
    comparator: Subcircuit, inputs: FloatArray, common_volt: float, clock_second: float
) -> FloatArray:
    """Decide no in a first cycle and yes in a second, and time the output's rise."""
    num = spice_number
    turn, soon = num(clock_second * 1.02), num(clock_second * 1.04)
    sources = [f"PWL(0 -0.1 {turn} -0.1 {soon} {num(v)})" for v in inputs]
    deck = _deck(comparator, sources, {}, clock_second)
    deck += f"Vcommon common 0 DC {num(common_volt)}\n.end\n"
    names = [f"v(out{k})" for k in range(inputs.size)]
    stop = 1.99 * clock_second
    plot = run(deck, Tran(step_second=clock_second / 400, stop_second=stop), vectors=names)[0]
    half = max(comparator.supplies.values(), default=1.0) / 2.0
    time = plot.scale
    found = np.full(inputs.size, np.nan)
    for k, name in enumerate(names):
        risen = np.flatnonzero((time > 1.5 * clock_second) & (plot[name] > half))
        if risen.size:
            found[k] = time[risen[0]] - 1.5 * clock_second
    return found
