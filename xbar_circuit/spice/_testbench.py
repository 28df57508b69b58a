"""Run a testbench in ngspice: codes at the end of each period, and whatever else is asked for.

With a folder, every deck is saved there as a file that a designer can open in her own tools, and
its answer next to it, so that an interrupted study resumes. An answer is used
again only if its checksum fits, and for the same deck, model files, vectors, versions of this
package and of ngspice, and code that reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.tabulated import deck_settings
from xbar_circuit.netlist._hand_over import write_deck
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.netlist._testbench import Testbench
from xbar_circuit.peripherals.converters import CodeArray
from xbar_circuit.runs import digest
from xbar_circuit.runs._forms import decode, encode
from xbar_circuit.runs._store import DAMAGE, read_record, write_record
from xbar_circuit.runs.identity import tree_digest
from xbar_circuit.spice import Tran, run_persistently, simulator

__all__ = ["BenchAnswer", "run_bench"]

_LOG = logging.getLogger(__name__)
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
    key = digest([Provenance.of(deck).key, simulator().version, _reading()])
    path = Path(folder) / f"{label}-{key[:_DIGITS]}.json"
    found = _load(path, key)
    if found is None:
        write_deck(path.with_suffix(".cir"), deck)
        found = _run(bench, vectors, time_limit_second)
        write_record(path, {"key": key, "answer": encode(found)})
    return found


@lru_cache(maxsize=1)
def _reading() -> str:
    """Return a digest of the files that run a deck and read its answer."""
    return tree_digest(Path(__file__).parent)


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
    """Return the answer that is kept under this key; one that is damaged is named, and missing."""
    try:
        record = read_record(path)
        if record["key"] != key:
            raise ValueError("it holds the answer of another deck")
        found = decode(record["answer"])
        if not isinstance(found, BenchAnswer):
            raise ValueError("it holds no answer of a testbench")
    except FileNotFoundError:
        return None
    except DAMAGE as error:
        _LOG.warning(
            "%s: got a damaged file (%s), expected the answer of %s; it is computed anew",
            path,
            error,
            path.with_suffix(".cir").name,
        )
        return None
    return found
