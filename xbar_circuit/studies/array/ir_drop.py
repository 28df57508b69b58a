"""IR drop: what the wires of an array cost, over size, wires, read voltage and cell.

The error of a read is taken against the same cells on ideal wires, so it is the wires' alone; what
a transistor costs without any wire is reported separately. Conductances, weights and inputs are
drawn once for the largest array, and smaller arrays are its corners, so curves differ by what is
swept and not by chance.

A synapse (:class:`xbar_circuit.cells.Synapse`) fills an array of that size with its groups, and its
outputs are the weighted sums of its columns: two bit lines that lose the same then lose nothing of
their difference but the same share.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit import nodal, spice
from xbar_circuit._brief import brief
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import Synapse, TabulatedCell
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell
from xbar_circuit.errors import ParameterError
from xbar_circuit.result import ReadResult
from xbar_circuit.runs import Kept
from xbar_circuit.wires import Wires

__all__ = ["IrDropMap", "IrDropPoint", "IrDropReport", "SpotCheck", "measure_ir_drop"]

_SPOT_CELLS = 64 * 64  # the largest array that is checked in ngspice
_SPOT_INPUTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class IrDropPoint:
    """The read errors of one array.

    cell : its name.
    size : rows and columns; of a synapse's array as far as whole groups fill it.
    segment_ohm : wire resistance of one segment, rows and columns alike [ohm].
    read_volt : largest input [V].
    mean_loss : share of all output current that the wires take.
    rms, worst : errors of the outputs over all inputs and outputs, relative to the largest output
        on ideal wires. An output is a column's current, or a synapse's weighted sum of them.
    cell_loss : share of the current that the cells' transistors take on ideal wires, against g*V.
    residual : largest KCL error of the reads.
    """

    cell: str
    size: int
    segment_ohm: float
    read_volt: float
    mean_loss: float
    rms: float
    worst: float
    cell_loss: float
    residual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheck:
    """One of the arrays in ngspice, compared with the fast engine.

    error : largest difference of the outputs, relative to the largest.
    nodal_second, spice_second : time of one input [s].
    """

    cell: str
    size: int
    segment_ohm: float
    read_volt: float
    inputs: int
    error: float
    nodal_second: float
    spice_second: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IrDropMap:
    """Where one array loses its voltage.

    loss_volt : (rows, cols), mean over the inputs of the voltage that word line and bit line take
        from a cell, ``|(V - row_voltage) + column_voltage|`` [V].
    column_error : (cols,), rms error over the inputs of each bit line's current, relative to the
        largest current on ideal wires.
    """

    loss_volt: FloatArray
    column_error: FloatArray


@brief(
    lambda self: f"{', '.join(self.maps)}: {len(self.points)} points",
    picture=lambda self: next((found.loss_volt for found in self.maps.values()), None),
)
@dataclass(frozen=True, slots=True, kw_only=True)
class IrDropReport:
    """All points of the study, cell by cell, and the spot checks.

    base : the size, segment resistance and read voltage that are fixed while another is swept.
    tables : quality of each cell's table; empty for bare devices.
    maps : cell -> where its array at the base loses its voltage.
    """

    points: tuple[IrDropPoint, ...]
    checks: tuple[SpotCheck, ...]
    base: tuple[int, float, float]
    tables: Mapping[str, str]
    maps: Mapping[str, IrDropMap]

    def sweep(self, cell: str, over: str) -> list[IrDropPoint]:
        """Return the points of one cell along one axis; the others stay at `base`.

        Parameters
        ----------
        cell
            Name of the cell.
        over
            ``"size"``, ``"segment_ohm"`` or ``"read_volt"``.

        Returns
        -------
        list of IrDropPoint
            In the order of the swept value.

        Raises
        ------
        ParameterError
            An unknown axis, or a cell that was not measured.
        """
        names = ("size", "segment_ohm", "read_volt")
        checks.choice("over", over, names)
        checks.choice("cell", cell, tuple(dict.fromkeys(p.cell for p in self.points)))
        fixed = [(n, v) for n, v in zip(names, self.base, strict=True) if n != over]
        found = [
            p for p in self.points if p.cell == cell and all(getattr(p, n) == v for n, v in fixed)
        ]
        return sorted(found, key=lambda point: float(getattr(point, over)))


def measure_ir_drop(
    cells: Mapping[str, Cell | Synapse],
    *,
    sizes: Sequence[int],
    segment_ohm: Sequence[float],
    read_volt: Sequence[float],
    conductances: tuple[float, float],
    inputs: int,
    rng: np.random.Generator,
    signed: bool = False,
    folder: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> IrDropReport:
    """Sweep array size, wire resistance and read voltage of each cell, one at a time.

    Parameters
    ----------
    cells
        Name -> cell or synapse; those with a transistor must hold a table that covers the voltages.
    sizes, segment_ohm, read_volt
        Values to sweep; the middle one of each is used while the others are swept
        [rows = columns, ohm, V].
    conductances
        Smallest and largest conductance, drawn uniformly between [S]; synapses have their own, and
        weights uniform in [-1, 1].
    inputs
        Input vectors per point, uniform up to the read voltage.
    rng
        Source of conductances and inputs.
    signed
        Inputs of both signs.
    folder
        Where every point is kept; the same call goes on there after a break. None keeps nothing.
    progress
        Called with (what, done, total).

    Returns
    -------
    IrDropReport
        The errors of every point, the maps of the middle one, and the checks in ngspice.

    Raises
    ------
    ParameterError
        A value is out of range, a cell has no table, or an array is smaller than a synapse.
    ConvergenceError, SimulatorError, SimulatorNotFoundError
        From the reads.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> report = measure_ir_drop(
    ...     {"1R": xc.devices.Ohmic()},
    ...     sizes=(4, 8, 16),
    ...     segment_ohm=(1.0, 2.0, 5.0),
    ...     read_volt=(0.1, 0.2, 0.3),
    ...     conductances=(1e-6, 25e-6),
    ...     inputs=2,
    ...     rng=np.random.default_rng(1),
    ... )
    >>> [f"{point.worst:.1e}" for point in report.sweep("1R", "size")]
    ['5.7e-04', '1.5e-03', '6.0e-03']
    """
    for size in sizes:
        checks.count("sizes", size)
    for ohm in segment_ohm:
        checks.number("segment_ohm", ohm, "ohm")
    for volt in read_volt:
        checks.number("read_volt", volt, "V", above=True)
    low = checks.number("conductances", conductances[0], "S", above=True)
    high = checks.number("conductances", conductances[1], "S", minimum=low)
    checks.count("inputs", inputs)
    largest = max(sizes)
    g = rng.uniform(low, high, (largest, largest))
    x = rng.uniform(-1.0 if signed else 0.0, 1.0, (inputs, largest))
    draws = _Draws(conductance=g, weight=rng.uniform(-1.0, 1.0, g.shape), input=x)
    base = (_middle(sizes), _middle(segment_ohm), _middle(read_volt))
    settings: set[tuple[float, float, float]] = {(size, base[1], base[2]) for size in sizes}
    settings |= {(base[0], ohm, base[2]) for ohm in segment_ohm}
    settings |= {(base[0], base[1], volt) for volt in read_volt}
    report_progress = progress or (lambda what, done, total: None)  # noqa: ARG005  no progress is shown
    total = len(cells) * (len(settings) + 1)
    kept = Kept(
        folder=folder, function=measure_ir_drop, arguments={"cells": dict(cells), "draws": draws}
    )
    points: list[IrDropPoint] = []
    maps: dict[str, IrDropMap] = {}
    spots: list[SpotCheck] = []
    for name, cell in cells.items():
        for setting in sorted(settings):
            edge, segment, read = setting
            rows = int(edge)
            report_progress(f"{name} {rows} x {rows}", len(points) + len(spots), total)
            built = draws.built(cell, rows, segment, read)
            make = partial(_read, name, built, (rows, segment, read), mapped=setting == base)
            found = kept.once(f"{name} {rows} x {rows}, {segment} ohm, {read} V", make)
            points.append(found["point"])
            if found["map"] is not None:
                maps[name] = found["map"]
        report_progress(f"{name} in ngspice", len(points) + len(spots), total)
        at = (int(base[0]), base[1], base[2])
        spots.append(kept.once(f"{name} in ngspice, {at}", partial(_spot, name, draws, cell, at)))
    report_progress("done", total, total)
    return IrDropReport(
        points=tuple(points),
        checks=tuple(spots),
        base=(int(base[0]), float(base[1]), float(base[2])),
        tables={
            name: str(unit.known_table().quality)
            for name, cell in cells.items()
            if isinstance(unit := _unit(cell), TabulatedCell)
        },
        maps=maps,
    )


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _unit(cell: Cell | Synapse) -> Cell:
    """Return the cell at each cross-point."""
    return cell.cell if isinstance(cell, Synapse) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """An array with its inputs, and what its outputs are."""

    array: Crossbar
    volts: FloatArray
    outputs: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draws:
    """What was drawn for the largest array."""

    conductance: FloatArray
    weight: FloatArray
    input: FloatArray

    def built(
        self, cell: Cell | Synapse, size: int, segment_ohm: float, read_volt: float
    ) -> _Built:
        wires = Wires(row_ohm=segment_ohm, column_ohm=segment_ohm)
        if not isinstance(cell, Synapse):
            array = Crossbar(conductance=self.conductance[:size, :size], wires=wires, cell=cell)
            return _Built(
                array=array, volts=self.input[:, :size] * read_volt, outputs=lambda current: current
            )
        inputs, outputs = size // len(cell.drive), size // len(cell.significance)
        if min(inputs, outputs) < 1:
            raise ParameterError.about(
                "sizes",
                got=size,
                expected=f"at least {len(cell.drive)} rows and {len(cell.significance)} columns,"
                f" one {type(cell).__name__}",
                remedy="raise the size, or leave this synapse out",
            )
        return _Built(
            array=cell.crossbar(self.weight[:inputs, :outputs], wires=wires),
            volts=cell.volts(self.input[:, :inputs] * read_volt),
            outputs=cell.combine,
        )


def _ideal_current(built: _Built) -> FloatArray:
    """Return the column currents of the same cells on ideal wires (batch, cols) [A]."""
    array, volts = built.array, built.volts
    response = array.cell.respond(volts[:, :, np.newaxis], np.zeros((1, 1, 1)), array.conductance)
    return np.asarray(np.where(array.conductance > 0.0, response.current, 0.0).sum(axis=1))


def _map(built: _Built, result: ReadResult) -> IrDropMap:
    lost = built.volts[:, :, np.newaxis] - result.row_voltage + result.column_voltage
    ideal = _ideal_current(built)
    error = (result.column_current - ideal) / np.abs(ideal).max()
    return IrDropMap(
        loss_volt=np.abs(lost).mean(axis=0), column_error=np.sqrt(np.mean(error**2, axis=0))
    )


def _read(
    name: str, built: _Built, setting: tuple[int, float, float], *, mapped: bool
) -> dict[str, Any]:
    """Return a point and, if asked, its map, as they are kept."""
    result = nodal.read(built.array, built.volts)
    return {
        "point": _point(name, built, result, setting),
        "map": _map(built, result) if mapped else None,
    }


def _point(
    name: str,
    built: _Built,
    result: ReadResult,
    setting: tuple[int, float, float],
) -> IrDropPoint:
    size, segment_ohm, read_volt = setting
    array, volts = built.array, built.volts
    ideal = built.outputs(_ideal_current(built))
    got = built.outputs(result.column_current)
    scale = float(np.abs(ideal).max())
    error = (got - ideal) / scale
    bare = built.outputs(volts @ array.conductance) if array.cell.loads_row else ideal
    return IrDropPoint(
        cell=name,
        size=size,
        segment_ohm=float(segment_ohm),
        read_volt=float(read_volt),
        mean_loss=float(1.0 - np.abs(got).sum() / np.abs(ideal).sum()),
        rms=float(np.sqrt(np.mean(error**2))),
        worst=float(np.abs(error).max()),
        cell_loss=float(1.0 - np.abs(ideal).sum() / np.abs(bare).sum()),
        residual=float(result.residual.max()),
    )


def _spot(
    name: str, draws: _Draws, cell: Cell | Synapse, base: tuple[int, float, float]
) -> SpotCheck:
    size = min(base[0], int(_SPOT_CELLS**0.5))
    built = draws.built(cell, size, base[1], base[2])
    array, volts = built.array, built.volts[:_SPOT_INPUTS]
    started = time.perf_counter()
    fast = built.outputs(nodal.read(array, volts).column_current)
    between = time.perf_counter()
    exact = built.outputs(spice.read(array, volts, fields=False).column_current)
    ended = time.perf_counter()
    return SpotCheck(
        cell=name,
        size=size,
        segment_ohm=float(base[1]),
        read_volt=float(base[2]),
        inputs=len(volts),
        error=float(np.abs(fast - exact).max() / np.abs(exact).max()),
        nodal_second=(between - started) / len(volts),
        spice_second=(ended - between) / len(volts),
    )
