"""The matrix of arrays on which the two engines must agree.

Topologies, terminals, devices and sizes are crossed on small arrays, where every combination is
cheap, and sampled on large ones. Conductances and inputs are drawn once, by a seeded generator.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from xbar_circuit import resources
from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration.ready import reach, ready, with_maps
from xbar_circuit.cells import SubcircuitCell, VerilogACell
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Ohmic, Sinh
from xbar_circuit.wires import Terminals, Wires

__all__ = [
    "LINEAR_TOLERANCE",
    "NONLINEAR_TOLERANCE",
    "KnownCase",
    "ReadCase",
    "known_cases",
    "matrix",
    "own_cases",
]

_TABLES = 5.0  # of a table's held-out error at its worst cell, for a column of them

#: What the engines may differ, relative to the largest column current.
LINEAR_TOLERANCE = 1e-9
NONLINEAR_TOLERANCE = 1e-6

_WIRES = {
    "ideal wires": Wires(row_ohm=0.0, column_ohm=0.0),
    "ideal rows": Wires(row_ohm=0.0, column_ohm=2.0),
    "ideal columns": Wires(row_ohm=1.5, column_ohm=0.0),
    "mild wires": Wires(row_ohm=0.35, column_ohm=0.35),
    "unequal wires": Wires(row_ohm=1.0, column_ohm=2.0, row_lead_ohm=12.0, column_lead_ohm=0.0),
    "strong wires": Wires(row_ohm=30.0, column_ohm=52.0),
}
_TERMINALS = {
    "left, bottom": Terminals(),
    "all four ends": Terminals(left_ohm=50.0, right_ohm=20.0, bottom_ohm=30.0, top_ohm=0.0),
    "right, top": Terminals(left_ohm=None, right_ohm=0.0, bottom_ohm=None, top_ohm=100.0),
}
_CELLS: dict[str, Cell] = {"ohmic": Ohmic(), "sinh": Sinh(v0_volt=0.1)}
_SHAPES = ((1, 1), (1, 9), (9, 1), (33, 20), (64, 64), (100, 30), (128, 128))
_SMALL = (7, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCase:
    """One array with inputs, and how closely the engines must agree on it.

    volts : (batch, rows) [V].
    tolerance : of the fast engine against a simulator, relative to the largest column current, and
        to the largest input voltage.
    """

    name: str
    wires: str
    terminals: str
    device: str
    crossbar: Crossbar
    volts: FloatArray
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """An array whose column currents are known from elsewhere.

    column_current : (cols,) [A].
    rtol : relative to each current.
    deck : text of an independent hand-written deck, or empty.
    """

    name: str
    crossbar: Crossbar
    volts: FloatArray
    column_current: FloatArray
    rtol: float
    deck: str = ""


def matrix(*, max_side: int = 128, batch: int = 2, seed: int = 2026) -> Iterator[ReadCase]:
    """Yield the cases, small ones first.

    Parameters
    ----------
    max_side
        Leave out arrays with more rows or columns than this.
    batch
        Input vectors of each case.
    seed
        Of the generator that draws conductances (1 to 25 uS, a tenth of the devices open) and
        inputs (-0.2 to 0.2 V).

    Yields
    ------
    ReadCase
        Array, inputs and the tolerance that it is held to.

    >>> next(matrix(max_side=8)).name
    '7 x 5, ohmic, ideal wires, left, bottom'
    """
    rng = np.random.default_rng(seed)
    combinations = [
        (_SMALL, wires, terminals, device)
        for wires in _WIRES
        for terminals in _TERMINALS
        for device in _CELLS
    ]
    combinations += [
        (shape, "unequal wires" if max(shape) < 100 else "mild wires", "left, bottom", device)
        for shape in _SHAPES
        for device in _CELLS
    ]
    for (rows, cols), wires, terminals, device in combinations:
        conductance = rng.uniform(1e-6, 25e-6, (rows, cols))
        if rows * cols > 1:
            conductance[rng.random((rows, cols)) < 0.1] = 0.0
        volts = rng.uniform(-0.2, 0.2, (batch, rows))
        if max(rows, cols) > max_side:
            continue
        cell = _CELLS[device]
        yield ReadCase(
            name=f"{rows} x {cols}, {device}, {wires}, {terminals}",
            wires=wires,
            terminals=terminals,
            device=device,
            crossbar=Crossbar(
                conductance=conductance,
                wires=_WIRES[wires],
                terminals=_TERMINALS[terminals],
                cell=cell,
            ),
            volts=volts,
            tolerance=LINEAR_TOLERANCE if cell.linear else NONLINEAR_TOLERANCE,
        )


def own_cases(
    cell: Cell | None = None, *, batch: int = 2, seed: int = 2026, volt: float = 0.2
) -> Iterator[ReadCase]:
    """Yield arrays of a cell that the fast engine knows by a table, measured here in ngspice.

    Parameters
    ----------
    cell
        Any cell, such as one of your own; None is the Verilog-A module of
        ``device_models/sinh_cell.va``, whose law is the one of :class:`xbar_circuit.devices.Sinh`.
    batch, seed
        As of `matrix`.
    volt
        Largest input [V]; where rows drive gates, inputs are positive.

    Yields
    ------
    ReadCase
        Array, inputs and the tolerance that it is held to.

    Raises
    ------
    ParameterError, ConvergenceError, SimulatorError, SimulatorNotFoundError
        As :func:`xbar_circuit.calibration.tabulate`.
    """
    rng = np.random.default_rng(seed)
    known = with_maps(_own() if cell is None else cell)
    low, high = reach(known) or (1e-6, 25e-6)
    least = -volt if known.loads_row else 0.0
    known = ready(known, volts=(least, volt), conductances=(low, high))
    worst = _table_error(known)
    name = _device(known)
    tolerance = LINEAR_TOLERANCE if known.linear else max(NONLINEAR_TOLERANCE, _TABLES * worst)
    for rows, cols in (_SMALL, (33, 20)):
        for wires in ("ideal wires", "unequal wires", "strong wires"):
            for terminals in _TERMINALS if (rows, cols) == _SMALL else ("left, bottom",):
                conductance = np.exp(rng.uniform(np.log(low), np.log(high), (rows, cols)))
                conductance[rng.random((rows, cols)) < 0.1] = 0.0
                yield ReadCase(
                    name=f"{rows} x {cols}, {name}, {wires}, {terminals}",
                    wires=wires,
                    terminals=terminals,
                    device=name,
                    crossbar=Crossbar(
                        conductance=conductance,
                        wires=_WIRES[wires],
                        terminals=_TERMINALS[terminals],
                        cell=known,
                    ),
                    volts=rng.uniform(least, volt, (batch, rows)),
                    tolerance=tolerance,
                )


def _own() -> Cell:
    path = resources.device_model("sinh_cell.va")
    return VerilogACell(
        path=path,
        module="sinh_cell",
        row="row",
        column="column",
        state="g",
        parameters={"v0": 0.1},
    )


def _device(cell: Cell) -> str:
    """Return what a cell is called in the table: the model of one's own, else its class."""
    if isinstance(cell, VerilogACell):
        return f"Verilog-A {cell.module}"
    if isinstance(cell, SubcircuitCell):
        return f"subcircuit {cell.circuit.name}"
    return type(cell).__name__.removeprefix("One")


def _table_error(cell: Cell) -> float:
    """Return the largest held-out error of the tables in a cell; 0 of laws."""
    tables = [getattr(part, "table", None) for part in (cell, getattr(cell, "device", None))]
    return max((table.quality.worst for table in tables if table is not None), default=0.0)


def known_cases() -> Iterator[KnownCase]:
    """Yield the hand-written decks and the published reference cases.

    Yields
    ------
    KnownCase
        A deck or a reference with its expected values, source and tolerance.

    Raises
    ------
    ModelFileError
        The package's files are missing.

    >>> next(known_cases()).name
    'handwritten/divider'
    """
    text = resources.netlist_file("handwritten/cases.toml").read_text(encoding="utf-8")
    for name, case in tomllib.loads(text).items():
        deck = resources.netlist_file(f"handwritten/{name}.cir").read_text(encoding="utf-8")
        v0 = case.get("sinh_v0_volt")
        yield _known(
            f"handwritten/{name}",
            case,
            wires=Wires(**case["wires"]),
            terminals=Terminals(**case.get("terminals", {})),
            cell=Ohmic() if v0 is None else Sinh(v0_volt=v0),
            deck=deck,
        )
    text = resources.netlist_file("reference/qucs.json").read_text(encoding="utf-8")
    for name, case in json.loads(text).items():
        wires = Wires(row_ohm=case["row_segment"], column_ohm=case["column_segment"])
        yield _known(f"reference/{name}", case, wires=wires, terminals=Terminals(), cell=Ohmic())


def _known(
    name: str,
    case: dict[str, Any],
    *,
    wires: Wires,
    terminals: Terminals,
    cell: Cell,
    deck: str = "",
) -> KnownCase:
    conductance = [[1.0 / ohm if ohm else 0.0 for ohm in row] for row in case["resistance"]]
    return KnownCase(
        name=name,
        crossbar=Crossbar(
            conductance=np.array(conductance), wires=wires, terminals=terminals, cell=cell
        ),
        volts=np.array([case["voltage"]], dtype=np.float64),
        column_current=np.array(case["column_current"]),
        rtol=case["rtol"],
        deck=deck,
    )
