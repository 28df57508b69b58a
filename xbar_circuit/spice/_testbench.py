"""Run a testbench in ngspice: codes at the end of each period, and whatever else is asked for.

With a folder, every deck is saved there as a file that a designer can open in her own tools, and
its answer beside it, so that an interrupted study goes on where it stopped. An answer is used
again only for the same deck, model files, version and vectors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit._files import write_json
from xbar_circuit.cells.tabulated import deck_settings
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.netlist._testbench import Testbench
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.spice import Tran, run_persistently

__all__ = ["BenchAnswer", "run_bench"]

_DIGITS = 12  # of the digest in a file's name


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchAnswer:
    """What a testbench gave.

    codes : (conversions, converters).
    values : each further vector when the codes are read (conversions,) [V or A].
    sampled : each further vector when the converters have taken their inputs (conversions,).
    supply_watt : mean power of each supply source [W].
    seconds : time inside the simulator [s]; of the first run, where the answer was found again.
    solved : how, where the deck as written did not come to its end; see
        :func:`~xbar_circuit.spice.run_persistently`.
    """

    codes: CodeArray
    values: Mapping[str, FloatArray]
    sampled: Mapping[str, FloatArray]
    supply_watt: Mapping[str, float]
    seconds: float
    solved: str = "as written"


def run_bench(
    bench: Testbench,
    *,
    vectors: Sequence[str] = (),
    folder: str | Path | None = None,
    label: str = "deck",
    time_limit_second: float | None = 600.0,
) -> BenchAnswer:
    """Run a testbench and read it.

    Parameters
    ----------
    bench
        What to run.
    vectors
        What else to read: ``"v(out_0)"``.
    folder
        Where to save the deck and its answer, and to look for an earlier one; None saves nothing.
    label
        Beginning of their names.
    time_limit_second
        Time allowed to ngspice [s].

    Raises
    ------
    SimulatorError, ConvergenceError
        ngspice failed.
    OSError
        The folder cannot be written.
    """
    if folder is None:
        return _run(bench, vectors, time_limit_second)
    deck = bench.standalone(vectors)
    key = Provenance.of(deck).key
    path = Path(folder) / f"{label}-{key[:_DIGITS]}.json"
    found = _load(path, key)
    if found is None:
        write_deck(path.with_suffix(".cir"), deck)
        found = _run(bench, vectors, time_limit_second)
        write_json(path, {"key": key, **asdict(found)})
    return found


def _run(bench: Testbench, vectors: Sequence[str], time_limit_second: float | None) -> BenchAnswer:
    codes = [f"v({node})" for node in bench.code_nodes]
    supplies = {source: f"i({source.lower()})" for source in bench.supplies}
    answer, rung = run_persistently(
        bench.deck,
        Tran(step_second=bench.step_second, stop_second=bench.stop_second),
        vectors=[*codes, *vectors, *supplies.values()],
        time_limit_second=time_limit_second,
        **deck_settings(bench.circuits, bench.cell),
    )
    plot = answer[0]
    time: FloatArray = plot.scale
    last = np.searchsorted(time, bench.read_second, side="right") - 1
    span = float(time[-1] - time[0])
    read = np.column_stack([plot[name][last] for name in codes])
    return BenchAnswer(
        codes=read if bench.exact else np.rint(read).astype(np.int64),
        values={name: plot[name][last] for name in vectors},
        sampled={name: np.interp(bench.sample_second, time, plot[name]) for name in vectors},
        supply_watt={
            source: -bench.supplies[source] * float(np.trapezoid(plot[name], time)) / span
            for source, name in supplies.items()
        },
        seconds=answer.seconds,
        solved=rung.name,
    )


def _load(path: Path, key: str) -> BenchAnswer | None:
    """Return the answer that is kept under this key; an unreadable file counts as missing."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        return BenchAnswer(
            codes=np.array(content["codes"]),
            values={k: np.array(v, dtype=np.float64) for k, v in content["values"].items()},
            sampled={k: np.array(v, dtype=np.float64) for k, v in content["sampled"].items()},
            supply_watt={k: float(v) for k, v in content["supply_watt"].items()},
            seconds=float(content["seconds"]),
            solved=str(content["solved"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
