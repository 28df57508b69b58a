"""Run a testbench in ngspice: codes at the end of each period, and whatever else is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xbar_circuit.checks import FloatArray
from xbar_circuit.netlist.testbench import Testbench
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.spice import Tran, run

__all__ = ["BenchAnswer", "run_bench"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchAnswer:
    """What a testbench gave.

    codes : (conversions, converters).
    values : each further vector at the read times (conversions,) [V or A].
    supply_watt : mean power of each supply source [W].
    seconds : time inside the simulator [s].
    """

    codes: CodeArray
    values: Mapping[str, FloatArray]
    supply_watt: Mapping[str, float]
    seconds: float


def run_bench(
    bench: Testbench,
    *,
    vectors: Sequence[str] = (),
    time_limit_second: float | None = 600.0,
) -> BenchAnswer:
    """Run a testbench and read it.

    Raises
    ------
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    codes = [f"v({node})" for node in bench.code_nodes]
    supplies = {source: f"i({source.lower()})" for source in bench.supplies}
    answer = run(
        bench.deck,
        Tran(step_second=bench.step_second, stop_second=bench.stop_second),
        vectors=[*codes, *vectors, *supplies.values()],
        time_limit_second=time_limit_second,
    )
    plot = answer[0]
    time: FloatArray = plot.scale
    last = np.searchsorted(time, bench.read_seconds, side="right") - 1
    span = float(time[-1] - time[0])
    read = np.column_stack([plot[name][last] for name in codes])
    return BenchAnswer(
        codes=np.rint(read).astype(np.int64),
        values={name: plot[name][last] for name in vectors},
        supply_watt={
            source: -bench.supplies[source] * float(np.trapezoid(plot[name], time)) / span
            for source, name in supplies.items()
        },
        seconds=answer.seconds,
    )
