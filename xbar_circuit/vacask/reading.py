"""Read a crossbar in VACASK."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._files import write_text
from xbar_circuit.cells import OnSupplyLine
from xbar_circuit.cells.tabulated import has_table
from xbar_circuit.certificate import answer_bound, certified
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError, SimulatorError
from xbar_circuit.netlist.names import column_nodes, row_nodes
from xbar_circuit.netlist.terminals import senses
from xbar_circuit.result import NodeVoltages, ReadResult
from xbar_circuit.vacask._devices import cell_lines
from xbar_circuit.vacask._raw_file import read_raw
from xbar_circuit.vacask.locating import locate
from xbar_circuit.vacask.netlist import deck, point_name
from xbar_circuit.verilog_a import compile_cached

__all__ = ["read"]

_LAST_WORDS = 1500
_LARGEST_ERROR = 1e-6  # of full scale: VACASK iterates to 1e-9 of its voltages


def read(
    crossbar: Crossbar, volts: ArrayLike, *, time_limit_second: float | None = 600.0
) -> ReadResult:
    """Return the currents and node voltages of a crossbar, solved by VACASK.

    Parameters
    ----------
    crossbar
        The array; its cells are ohmic, sinh or PCM cells, alone or with a transistor, gate-driven
        ones also on a supply line, or a Verilog-A module of one's own.
    volts
        Inputs (batch, rows) or (rows,) [V].
    time_limit_second
        Time allowed to the whole batch [s]; None waits without limit.

    Returns
    -------
    ReadResult
        Column currents (batch, cols) [A], and node voltages [V].

    Raises
    ------
    ShapeError, ParameterError
        `volts` does not fit or is not finite; VACASK has no rendering of the cell.
    ConvergenceError
        Some input has no solution, or one whose column currents are not certain to 1e-6 of full
        scale.
    SimulatorError
        VACASK failed; the error has its words and the saved deck.
    SimulatorNotFoundError
        There is no VACASK, or no Verilog-A compiler for cells that need one.

    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(conductance=[[1e-4]], wires=xc.Wires(row_ohm=4e3, column_ohm=6e3))
    >>> xc.vacask.read(xbar, [0.2]).column_current.round(15)
    array([[1.e-05]])
    """
    text = deck(crossbar, volts)
    batch = checks.read_volts("volts", volts, crossbar.rows)
    with tempfile.TemporaryDirectory(prefix="xbar-vacask-") as name:
        folder = Path(name)
        source = cell_lines(crossbar, row_nodes(crossbar), column_nodes(crossbar)).source
        said = run_deck(text, source, folder, time_limit_second)
        points = []
        for k in range(len(batch)):
            file = folder / f"{point_name(k)}.raw"
            if not file.is_file():
                raise ConvergenceError(
                    f"vacask: got no operating point for input {k} of {len(batch)}, expected one;"
                    f" its last words:\n{said[-_LAST_WORDS:]}",
                    failed=range(k, len(batch)),
                )
            points.append(read_raw(file))
    return _result(crossbar, batch, points)


def run_deck(text: str, source: Path | None, folder: Path, seconds: float | None) -> str:
    """Run a deck in a folder of its own, whose `source` is compiled; return what VACASK said."""
    program = locate().program
    if source is not None:
        compiled = compile_cached(source)
        text = text.replace(f'load "{compiled.name}"', f'load "{compiled}"', 1)
    (folder / "deck.sim").write_text(text, encoding="utf-8")
    command = [str(program), "--skip-postprocess", "--quiet-progress", "deck.sim"]
    try:
        done = subprocess.run(  # noqa: S603 - a simulator that the user installed, no shell
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulatorError(f"vacask: {error}", deck=_saved(text)) from error
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0:
        words = said[-_LAST_WORDS:]
        if "converge" in said.lower():
            raise ConvergenceError(f"vacask: no convergence. Its last words:\n{words}")
        path = _saved(text)
        raise SimulatorError(
            f"vacask: got exit status {done.returncode}, expected an answer; run the saved deck"
            f" {path} by hand. Its last words:\n{words}",
            said=said,
            deck=path,
        )
    return said


def _saved(text: str) -> Path:
    path = Path(tempfile.mkdtemp(prefix="xbar-failed-")) / "deck.sim"
    write_text(path, text)
    return path


def _result(
    crossbar: Crossbar, batch: FloatArray, points: list[dict[str, FloatArray]]
) -> ReadResult:
    current = np.zeros((len(batch), crossbar.cols))
    for end in senses(crossbar):
        name = f"v{end.name}:flow(br)"
        current[:, end.index] += [float(point[name][0]) for point in points]
    fields = {}
    for kind, names in (("row", row_nodes(crossbar)), ("column", column_nodes(crossbar))):
        fields[kind] = np.array(
            [[[float(point[node][0]) for node in line] for line in names] for point in points]
        )
    cell = crossbar.cell
    fed = isinstance(cell, OnSupplyLine)
    if isinstance(cell, OnSupplyLine):
        names = cell.supply_nodes(crossbar.shape)
        fields["supply"] = np.array(
            [[[float(point[node][0]) for node in line] for line in names] for point in points]
        )
        volts = fields["row"], fields["supply"], fields["column"]
        fields["device"] = cell.supplied(*volts, crossbar.conductance)[0]
    nodes = NodeVoltages(
        row=fields["row"],
        column=fields["column"],
        device_current=fields.get("device"),
        supply=fields.get("supply"),
    )
    error = scale = None
    if not has_table(cell) and not fed:  # its law is a table, not what VACASK solved
        error, scale = answer_bound(crossbar, batch, current, nodes, tolerance=_LARGEST_ERROR)
    result = ReadResult(
        crossbar=crossbar,
        volts=batch,
        column_current=current,
        column_current_error=error,
        nodes=nodes,
        engine="vacask",
    )
    return certified(result, scale=scale, tolerance=_LARGEST_ERROR)
