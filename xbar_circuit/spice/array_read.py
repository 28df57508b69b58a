"""Read a crossbar in ngspice: one deck and one sweep for a whole batch of inputs.

The deck numbers the inputs by a temperature that a ``.dc`` sweep steps through, a billionth of a
degree at a time, so the circuit is parsed and set up once. The inputs are swept from the smallest
to the largest: each solution starts the next one, and starting small keeps small ones exact.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import _checks as checks
from xbar_circuit import netlist
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import OnSupplyLine
from xbar_circuit.cells.tabulated import cell_run_settings, has_table
from xbar_circuit.certificate import TOLERANCE, answer_bound, certified
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.netlist import SpiceOptions
from xbar_circuit.result import NodeVoltages, ReadResult
from xbar_circuit.spice._without_klu import redo_without_klu
from xbar_circuit.spice.answer import Plot
from xbar_circuit.spice.simulate import run, simulator

__all__ = ["SlowSolverWarning", "read"]

_MOST_POINTS = 64
_MOST_VALUES = 30_000_000
_SLOW_NODES = 4000
_SMALL_CELLS = 1 << 14  # of a linear array whose currents are checked without node voltages
_LOOSE, _LOOSER = 1e-6, 100.0  # error to allow where the user sets the options, and in reltol
_Solved = dict[str, FloatArray]


class SlowSolverWarning(UserWarning):
    """A large array meets an ngspice without the KLU solver."""


def read(
    crossbar: Crossbar,
    volts: ArrayLike,
    *,
    options: SpiceOptions | None = None,
    fields: bool = True,
    measure_devices: bool = False,
    include: str = "",
    osdi: Sequence[str | Path] = (),
    folder: str | Path | None = None,
    allow_control: bool = False,
    time_limit_second: float | None = 600.0,
) -> ReadResult:
    """Return the currents and node voltages of a crossbar, solved by ngspice.

    Parameters
    ----------
    crossbar
        The array.
    volts
        Inputs (batch, rows) or (rows,) [V].
    options
        Tolerances and solver; reference grade by default.
    fields
        Keep the node voltages of the whole batch; otherwise they are solved again if they are
        asked for.
    measure_devices
        Put an ammeter in series with every device, so that ``device_current`` is what ngspice
        says and not the cell's own law at ngspice's voltages: for cells whose law is a table.
        Cells on a supply line without tables always have one.
    include, osdi, folder, allow_control
        Models of your own, as in :func:`run`.
    time_limit_second
        Time allowed to the whole batch [s]; None waits without limit.

    Returns
    -------
    ReadResult
        Column currents (batch, cols) [A], and node voltages [V] if fields were asked for.

    Raises
    ------
    ShapeError, ParameterError
        `volts` does not fit or is not finite, or an argument is of the wrong kind.
    ConvergenceError
        Some inputs have no solution: ``failed`` names them, ``result`` has the others. Or the
        column currents are not certain to 1e-9 of full scale (with `options` of your own: to 100
        times `reltol`, at least 1e-6), as where resistances lie so far apart that rounding spoils
        ngspice's answer. Of cells that are a table, with `fields`, the answer must obey Kirchhoff's
        law to a twentieth of the largest current; what does not is solved again without KLU. Cells
        on a supply line, and what `include` adds, are not judged, nor are nonlinear or large arrays
        without `fields`.
    ModelFileError, SimulatorError, SimulatorNotFoundError
        As in :func:`run`.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[1e-4]], wires=xc.Wires(row_ohm=4e3, column_ohm=6e3))
    >>> xc.spice.read(xbar, [0.2]).column_current
    array([[1.e-05]])
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, wires=W)")
    batch = checks.read_volts("volts", volts, crossbar.rows)
    if time_limit_second is not None:
        checks.number(
            "time_limit_second", time_limit_second, "s", above=True, remedy="None waits for ever"
        )
    deadline = None if time_limit_second is None else time.monotonic() + time_limit_second
    _warn_if_slow(crossbar)

    line = crossbar.cell if isinstance(crossbar.cell, OnSupplyLine) else None
    measure_devices = measure_devices or (line is not None and not line.has_law)
    settings = cell_run_settings(crossbar.cell)
    models = (*osdi, *settings.pop("osdi", ()))

    def sweep(inputs: FloatArray, *, keep: bool, klu: bool = True) -> _Solved:
        given = options
        if not klu:
            given = dataclasses.replace(given or SpiceOptions.for_read(crossbar, batch), klu=False)
        deck = netlist.deck(
            crossbar,
            inputs,
            options=given,
            save=["all"] if keep else _sense_currents(crossbar),
            ammeters=measure_devices,
        )
        answer = run(
            deck,
            include=include,
            osdi=models,
            **settings,
            folder=folder,
            allow_control=allow_control,
            time_limit_second=None if deadline is None else max(deadline - time.monotonic(), 1e-3),
        )
        plot = answer.plots[0]
        if plot.scale.size < len(inputs):
            raise ConvergenceError(f"ngspice stopped at input {plot.scale.size} of {len(inputs)}")
        found = {"column_current": _column_current(crossbar, plot)}
        return found | (_node_fields(crossbar, plot, ammeters=measure_devices) if keep else {})

    def solve(*, keep: bool) -> tuple[_Solved, dict[int, ConvergenceError]]:
        return _solve(batch, sweep, keep=keep, chunk=_points(crossbar, keep=keep))

    solved, failures = solve(keep=fields)
    tolerance = TOLERANCE if options is None else max(_LOOSE, _LOOSER * options.reltol)
    failed = np.isin(np.arange(len(batch)), list(failures))
    if line is not None and fields:  # nothing here judges these: each is solved twice
        chunk = _points(crossbar, keep=True) // 2
        _again(batch, np.flatnonzero(~failed), sweep, solved, chunk=chunk)
    elif fields and not include and has_table(crossbar.cell):
        sparse = partial(sweep, keep=True, klu=False)
        wrong = redo_without_klu(crossbar, batch, solved, sparse, failed=failed)
        failures = dict(sorted((failures | wrong).items()))
        failed[list(wrong)] = True
        for values in solved.values():
            values[list(wrong)] = np.nan
    nodes = _nodes(solved) if fields else None
    error = scale = None
    # what an include adds, and what a table leaves out, is not in the cell's law
    small = crossbar.cell.linear and crossbar.conductance.size <= _SMALL_CELLS
    if not include and not has_table(crossbar.cell) and line is None and (fields or small):
        error, scale = answer_bound(
            crossbar, batch, solved["column_current"], nodes, tolerance=tolerance
        )
        unsure = np.flatnonzero(~(error <= tolerance * scale).all(axis=1) & ~failed)
        if nodes is not None and not crossbar.cell.linear and unsure.size:
            _again(batch, unsure, sweep, solved, chunk=_points(crossbar, keep=True) // 2)
            nodes = _nodes(solved)
            error[unsure], scale[unsure] = answer_bound(
                crossbar,
                batch[unsure],
                solved["column_current"][unsure],
                NodeVoltages(row=nodes.row[unsure], column=nodes.column[unsure]),
                tolerance=tolerance,
            )
    result = ReadResult(
        crossbar=crossbar,
        volts=batch,
        column_current=solved["column_current"],
        column_current_error=error,
        nodes=nodes if nodes is not None else lambda: _nodes(solve(keep=True)[0]),
        engine=f"spice ({simulator().version})",
        converged=~failed,
    )
    if failures:
        first = next(iter(failures.values()))
        raise ConvergenceError(
            f"{len(failures)} of {len(batch)} inputs have no solution (samples"
            f" {list(failures)[:20]}). The first: {first}",
            failed=tuple(failures),
            result=result,
            deck=first.deck,
        )
    return certified(result, scale=scale, tolerance=tolerance)


def _solve(
    batch: FloatArray, sweep: Callable[..., _Solved], *, keep: bool, chunk: int
) -> tuple[_Solved, dict[int, ConvergenceError]]:
    """Solve all inputs in sorted chunks; a chunk that fails is halved until the culprit is found.

    What failed is NaN in the answer, and listed in the second dictionary by its number.
    """
    order = np.argsort(np.abs(batch).max(axis=1), kind="stable")
    waiting = [order[start : start + chunk] for start in range(0, len(order), chunk)]
    whole: _Solved = {}
    failures: dict[int, ConvergenceError] = {}
    while waiting:
        members = waiting.pop(0)
        try:
            found = sweep(batch[members], keep=keep)
        except ConvergenceError as error:
            if len(members) == 1:
                failures[int(members[0])] = error
                continue
            if error.deck is not None:  # its halves will tell
                shutil.rmtree(error.deck.parent, ignore_errors=True)
            middle = len(members) // 2
            waiting[:0] = [members[:middle], members[middle:]]
            continue
        for name, values in found.items():
            target = whole.setdefault(name, np.full((len(batch), *values.shape[1:]), np.nan))
            target[members] = values
    if not whole:
        first = next(iter(failures.values()))
        raise ConvergenceError(str(first), failed=range(len(batch)), deck=first.deck)
    return whole, dict(sorted(failures.items()))


def _again(
    batch: FloatArray,
    unsure: NDArray[np.int64],
    sweep: Callable[..., _Solved],
    solved: _Solved,
    *,
    chunk: int,
) -> None:
    """Solve inputs again, each from its own answer, and put them into `solved`.

    The last step that ngspice accepts may leave what the step before should have left, as if the
    devices had not been evaluated between: 1e-9 of full scale was seen where a cell's voltage
    changed its sign from one input to the next. Given twice in a row, an input is solved a second
    time from there, and nothing is left but rounding.
    """
    for start in range(0, unsure.size, max(chunk, 1)):
        members = unsure[start : start + max(chunk, 1)]
        try:
            found = sweep(np.repeat(batch[members], 2, axis=0), keep=True)
        except ConvergenceError:
            continue  # the first answers stay, and are judged
        for name, values in found.items():
            solved[name][members] = values[1::2]


def _nodes(solved: _Solved) -> NodeVoltages:
    return NodeVoltages(
        row=solved["row"],
        column=solved["column"],
        device_current=solved.get("device"),
        supply=solved.get("supply"),
    )


def _column_current(crossbar: Crossbar, plot: Plot) -> FloatArray:
    """Add up the currents into all sense terminals of each column, (points, cols) [A]."""
    current = np.zeros((plot.scale.size, crossbar.cols))
    for end in netlist.senses(crossbar):
        current[:, end.index] += plot[f"i(v{end.name})"]
    return current


def _node_fields(crossbar: Crossbar, plot: Plot, *, ammeters: bool) -> _Solved:
    """Return the voltages of all wire nodes and, if measured, the device currents."""
    shape = (plot.scale.size, *crossbar.shape)

    def gathered(names: Sequence[Sequence[str]]) -> FloatArray:
        whole = np.empty(shape)
        for i, line in enumerate(names):
            for j, name in enumerate(line):
                whole[:, i, j] = plot.vectors[name]
        return whole

    found = {
        "row": gathered(netlist.row_nodes(crossbar)),
        "column": gathered(netlist.column_nodes(crossbar)),
    }
    cell = crossbar.cell
    if isinstance(cell, OnSupplyLine):
        found["supply"] = gathered(cell.supply_nodes(crossbar.shape))
        if not ammeters:
            volts = found["row"], found["supply"], found["column"]
            found["device"] = cell.supplied(*volts, crossbar.conductance)[0]
    if ammeters:
        device = np.zeros(shape)
        for i, j in np.argwhere(crossbar.conductance > 0.0).tolist():
            device[:, i, j] = plot.vectors[f"vcell_{i}_{j}#branch"]
        found["device"] = device
    return found


def _sense_currents(crossbar: Crossbar) -> list[str]:
    return [f"i(V{end.name})" for end in netlist.senses(crossbar)]


def _points(crossbar: Crossbar, *, keep: bool) -> int:
    """Return how many inputs one sweep takes, so that its vectors stay within memory."""
    if not keep:
        return _MOST_POINTS
    return max(1, min(_MOST_POINTS, _MOST_VALUES // (3 * crossbar.rows * crossbar.cols)))


def _warn_if_slow(crossbar: Crossbar) -> None:
    """Say what a large array costs without KLU."""
    nodes = 2 * crossbar.rows * crossbar.cols
    if nodes > _SLOW_NODES and not simulator().klu:
        warnings.warn(
            f"this ngspice ({simulator().version}) has only the SPARSE 1.3 solver: {nodes} nodes"
            " will take minutes where KLU takes seconds (measured: 128 x 128 in 116 s instead of"
            " 0.5 s). `xbar doctor` tells how to get one with KLU",
            SlowSolverWarning,
            stacklevel=3,
        )
