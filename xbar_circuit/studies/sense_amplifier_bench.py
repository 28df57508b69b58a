"""Clocked comparators side by side in ngspice: which way they decide, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xbar_circuit.checks import FloatArray
from xbar_circuit.peripherals import Subcircuit
from xbar_circuit.spice import Tran, run
from xbar_circuit.units import spice_number

__all__ = ["decision_times", "latch_deck", "offsets_of"]


def latch_deck(
    comparator: Subcircuit,
    sources: Sequence[str],
    parameters: Mapping[str, FloatArray],
    *,
    common_volt: float,
    clock_second: float,
    celsius: float,
) -> str:
    """Return a deck with one instance for each source, all on one clock.

    Parameters
    ----------
    comparator
        The circuit.
    sources
        What stands between ``plus`` and the common mode of each: a SPICE source value.
    parameters
        Of the instances, one number each.
    common_volt
        Of the inputs [V].
    clock_second
        Clock period; it falls at every half [s].
    celsius
        Temperature [degree Celsius].
    """
    num = spice_number
    high = num(_high(comparator))
    edge = num(clock_second / 200.0)
    lines = [
        f"xbar_circuit: {len(sources)} sense amplifiers side by side",
        f".options reltol=1e-4 noacct klu temp={num(celsius)}",
        *comparator.include_lines(),
        f"Vclock clock 0 PULSE({high} 0 {num(clock_second / 2)} {edge} {edge}"
        f" {num(clock_second * 0.49)} {num(clock_second)})",
        f"Vcommon common 0 DC {num(common_volt)}",
    ]
    for k, source in enumerate(sources):
        nodes = {"plus": f"p{k}", "minus": "common", "clock": "clock", "out": f"out{k}"}
        own = {name: float(values[k]) for name, values in parameters.items()}
        lines += comparator.varied(parameters=own).instance_lines(f"s{k}", nodes)
        lines.append(f"Vp{k} p{k} common {source}")
    command = _one_cycle(clock_second).command
    return "\n".join([*lines, f".{command}", ".end"]) + "\n"


def offsets_of(
    comparator: Subcircuit,
    parameters: Mapping[str, FloatArray],
    *,
    range_volt: float,
    steps: int,
    common_volt: float,
    clock_second: float,
    celsius: float,
) -> FloatArray:
    """Return the offset of every sample by bisection (samples,) [V]; infinite beyond the range.

    Raises
    ------
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    samples = len(next(iter(parameters.values())))

    def says_yes(inputs: FloatArray) -> NDArray[np.bool_]:
        deck = latch_deck(
            comparator,
            [f"DC {spice_number(v)}" for v in inputs],
            parameters,
            common_volt=common_volt,
            clock_second=clock_second,
            celsius=celsius,
        )
        names = [f"v(out{k})" for k in range(samples)]
        plot = run(deck, _one_cycle(clock_second), vectors=names)[0]
        return np.array([plot[name][-1] > _high(comparator) / 2.0 for name in names])

    low, high = np.full(samples, -range_volt), np.full(samples, range_volt)
    below, above = says_yes(low), ~says_yes(high)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        yes = says_yes(middle)
        low, high = np.where(yes, low, middle), np.where(yes, middle, high)
    offsets = 0.5 * (low + high)
    result: FloatArray = np.where(below, -np.inf, np.where(above, np.inf, offsets))
    return result


def decision_times(
    comparator: Subcircuit,
    inputs: FloatArray,
    *,
    common_volt: float,
    clock_second: float,
    celsius: float,
) -> tuple[FloatArray, float]:
    """Return the time of each decision (inputs,) [s] and the mean energy of one [J].

    Every instance decides no in a first cycle and yes in a second, whose output's rise is timed
    from the clock's fall; NaN is a decision that did not come.

    Raises
    ------
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    num = spice_number
    turn, soon = num(clock_second * 1.02), num(clock_second * 1.04)
    low = num(-float(np.max(inputs)))
    deck = latch_deck(
        comparator,
        [f"PWL(0 {low} {turn} {low} {soon} {num(v)})" for v in inputs],
        {},
        common_volt=common_volt,
        clock_second=clock_second,
        celsius=celsius,
    )
    names = [f"v(out{k})" for k in range(inputs.size)]
    supplies = {
        f"i(vs{k}_{port})": volt
        for k in range(inputs.size)
        for port, volt in comparator.supplies.items()
    }
    analysis = Tran(step_second=clock_second / 400, stop_second=1.99 * clock_second)
    plot = run(deck, analysis, vectors=[*names, *supplies])[0]
    time = plot.scale
    found = np.full(inputs.size, np.nan)
    for k, name in enumerate(names):
        above = plot[name] - _high(comparator) / 2.0
        risen = np.flatnonzero((time > 1.5 * clock_second) & (above > 0.0))
        if risen.size:
            after = slice(max(int(risen[0]) - 1, 0), int(risen[0]) + 1)
            found[k] = np.interp(0.0, above[after], time[after]) - 1.5 * clock_second
    second = time >= clock_second
    joule = -sum(
        volt * float(np.trapezoid(plot[name.lower()][second], time[second]))
        for name, volt in supplies.items()
    )
    return found, joule / inputs.size


def _one_cycle(clock_second: float) -> Tran:
    return Tran(step_second=clock_second / 200, stop_second=0.98 * clock_second)


def _high(comparator: Subcircuit) -> float:
    """Return where its logic is high [V]."""
    return max(comparator.supplies.values(), default=1.0)
