"""A write pulse on a whole array of cells in ngspice: one transient, nothing assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._uneven import segment_ohm
from xbar_circuit.cells import OneT1R
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import FilamentCell, PcmCell, filament
from xbar_circuit.devices._constants import ZERO_CELSIUS_KELVIN
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm.dynamics import KELVIN_PER_UNIT, METER_PER_UNIT
from xbar_circuit.errors import ParameterError, ShapeError
from xbar_circuit.netlist.array import wire_lines
from xbar_circuit.netlist.names import column_nodes, row_nodes
from xbar_circuit.peripherals.drivers.write_lines import WriteLines
from xbar_circuit.spice.analyses import Tran
from xbar_circuit.spice.simulate import run
from xbar_circuit.units import spice_number
from xbar_circuit.write_result import WriteResult

__all__ = ["write"]

_OPTIONS = ".options reltol=1e-4 abstol=1e-10 itl4=100 klu"
_STEPS = 50  # at least, of the longest part of the waveform
_BULK, _ON, _OFF = "write_bulk", "write_gate", "write_off"


def write(
    crossbar: Crossbar, lines: WriteLines, *, time_limit_second: float | None = 600.0
) -> WriteResult:
    """Apply a pulse to an array of cells with a write law, in ngspice.

    Parameters
    ----------
    crossbar
        The array before the pulse; its cells are :class:`~xbar_circuit.devices.PcmCell`,
        :class:`~xbar_circuit.devices.FilamentCell`, or :class:`~xbar_circuit.cells.OneT1R` around
        one of them. Its terminals play no part.
    lines
        What drives the word and bit lines.
    time_limit_second
        Time allowed to the simulator [s].

    Returns
    -------
    WriteResult
        As :func:`xbar_circuit.nodal.write` returns; the residual is NaN.

    Raises
    ------
    ParameterError
        The cells have no write law, or a line is held without any resistance.
    ShapeError
        The lines are not those of the array.
    ConvergenceError, SimulatorError
        From ngspice.
    """
    checks.instance("crossbar", crossbar, Crossbar, example="xc.Crossbar(conductance=G, ...)")
    checks.instance("lines", lines, WriteLines, example="WriteLines.biased(shape, ...)")
    access = crossbar.cell if isinstance(crossbar.cell, OneT1R) else None
    cell = crossbar.cell if access is None else access.device
    if not isinstance(cell, PcmCell | FilamentCell):
        raise ParameterError.about(
            "crossbar.cell",
            got=repr(crossbar.cell),
            expected="a cell with a write law: PcmCell, FilamentCell, OneT1R(device=PcmCell...)",
            remedy="give the crossbar xc.devices.PcmCell.sebastian2017()",
        )
    if lines.shape != crossbar.shape:
        raise ShapeError.about(
            "lines",
            got=f"lines of {lines.shape[0]} x {lines.shape[1]} cells",
            expected=f"{crossbar.rows} x {crossbar.cols}",
            remedy="make them for this array",
        )
    there = crossbar.conductance > 0.0
    before = np.zeros(crossbar.shape)
    if there.any():
        live_siemens = crossbar.conductance[there]
        before[there] = (
            cell.stored_thickness(live_siemens)
            if isinstance(cell, PcmCell)
            else cell.length(live_siemens)
        )
    end = float(lines.seconds[-1])
    longest = float(np.diff(lines.seconds).max())
    settings = {} if access is None else access.run_settings()
    plot = run(
        "\n".join(_deck(crossbar, lines, cell, access, before)),
        Tran(step_second=end / 100, stop_second=end, max_step_second=longest / _STEPS),
        time_limit_second=time_limit_second,
        **settings,
    )[0]
    row, column = row_nodes(crossbar), column_nodes(crossbar)
    live = [(int(i), int(j)) for i, j in np.argwhere(there)]

    def field(get: Callable[[int, int], FloatArray]) -> FloatArray:
        whole = np.zeros((*crossbar.shape, plot["time"].size))
        for i, j in live:
            whole[i, j] = get(i, j)
        return whole

    def top(i: int, j: int) -> str:
        return row[i][j] if access is None else f"write_{i}_{j}"

    def bottom(i: int, j: int) -> str:
        return column[i][j] if access is None else f"mid_{i}_{j}"

    volt = field(lambda i, j: plot[f"v({row[i][j]})"] - plot[f"v({column[i][j]})"])
    heat = field(lambda i, j: plot[f"v(xcell_{i}_{j}.heat)"])
    if isinstance(cell, PcmCell):
        heater = field(lambda i, j: plot[f"v({top(i, j)})"] - plot[f"v(xcell_{i}_{j}.gst)"])
        through = heater / cell.series_ohm
        thick = field(lambda i, j: plot[f"v(xcell_{i}_{j}.thick)"])
        after = np.maximum(thick[..., -1], 0.0) * METER_PER_UNIT
        risen = law.heated(cell.numbers, KELVIN_PER_UNIT * heat.max(axis=-1))
        hot = cell.numbers.t_amb + risen - ZERO_CELSIUS_KELVIN
    else:
        own = field(lambda i, j: plot[f"v({top(i, j)})"] - plot[f"v({bottom(i, j)})"])
        length = field(lambda i, j: plot[f"v(xcell_{i}_{j}.len)"])
        states = np.stack([length, heat], axis=-1)
        through = np.where(there[..., np.newaxis], cell.written_current(states, own), 0.0)
        kept = np.clip(
            length[..., -1] * filament.METRE_PER_UNIT, cell.shortest_metre, cell.longest_metre
        )
        after = np.where(there, kept, 0.0)
        hot = cell.ambient_celsius + filament.KELVIN_PER_UNIT * heat.max(axis=-1)
    row_ampere = _drivers(plot, "drive", lines.row_ohm)
    column_ampere = _drivers(plot, "sink", lines.column_ohm)
    power = np.zeros(plot["time"].size)
    for name, ohm, ampere in (
        ("drive", lines.row_ohm, row_ampere),
        ("sink", lines.column_ohm, column_ampere),
    ):
        for k in np.flatnonzero(np.isfinite(ohm)).tolist():
            power += plot[f"v({name}_{k})"] * ampere[:, k]
    return WriteResult(
        crossbar=crossbar,
        before_metre=before,
        after_metre=after,
        peak_volt=np.abs(volt).max(axis=-1),
        peak_ampere=np.abs(through).max(axis=-1),
        peak_celsius=hot,
        energy_joule=float(np.trapezoid(power, plot["time"])),
        time_second=plot["time"],
        row_ampere=row_ampere,
        column_ampere=column_ampere,
        residual=float("nan"),
        engine="ngspice: transient",
    )


def _drivers(plot: dict[str, FloatArray], name: str, ohm: FloatArray) -> FloatArray:
    """Return the currents of the drivers of a kind of lines (steps, lines) [A]; 0 of floating."""
    return np.stack(
        [
            -plot[f"i(v{name}_{k})"] if np.isfinite(each) else np.zeros(plot["time"].size)
            for k, each in enumerate(ohm)
        ],
        axis=1,
    )


def _deck(
    crossbar: Crossbar,
    lines: WriteLines,
    cell: PcmCell | FilamentCell,
    access: OneT1R | None,
    before: FloatArray,
) -> Iterator[str]:
    row, column = row_nodes(crossbar), column_nodes(crossbar)
    rows, cols = crossbar.shape
    yield "a write pulse on an array"
    yield _OPTIONS
    yield cell.spice_preamble() if isinstance(cell, PcmCell) else cell.write_library()
    if access is not None:
        if access.celsius is not None:
            yield f".options temp={access.celsius!r}"
        yield access.transistor.preamble()
        common = access.common_volt
        for node, volt in (
            (_BULK, access.bulk_volt - common),
            (_ON, access.gate_volt - common),
            (_OFF, access.bulk_volt - common),
        ):
            yield f"V{node} {node} 0 DC {spice_number(volt)}"
    yield from wire_lines(crossbar)
    gates = np.ones(crossbar.shape, dtype=bool) if lines.gates is None else lines.gates
    for i, j in np.argwhere(crossbar.conductance > 0.0).tolist():
        state = f"pcm_cell ua={float(before[i, j])!r}"
        if isinstance(cell, FilamentCell):
            length = float(before[i, j]) / filament.METRE_PER_UNIT
            state = f"filament_cell length={length!r}"
        if access is None:
            yield f"Xcell_{i}_{j} {row[i][j]} {column[i][j]} {state}"
        else:
            top, mid = f"write_{i}_{j}", f"mid_{i}_{j}"
            yield f"V{top} {row[i][j]} {top} DC 0"
            yield f"Xcell_{i}_{j} {top} {mid} {state}"
            gate = _ON if gates[i, j] else _OFF
            yield access.transistor.line(f"cell_{i}_{j}", mid, gate, column[i][j], _BULK)
    leads = [
        segment_ohm("wires.row_lead_ohm", crossbar.wires.row_lead, (rows,)),
        segment_ohm("wires.column_lead_ohm", crossbar.wires.column_lead, (cols,)),
    ]
    near = [[row[i][0] for i in range(rows)], [column[-1][j] for j in range(cols)]]
    for name, volts, ohms, lead, nodes in (
        ("drive", lines.row_volt, lines.row_ohm, leads[0], near[0]),
        ("sink", lines.column_volt, lines.column_ohm, leads[1], near[1]),
    ):
        for k, ohm in enumerate((ohms + lead).tolist()):
            if not np.isfinite(ohm):
                continue
            if ohm == 0.0:
                raise ParameterError.about(
                    "lines",
                    got="a line that is held without any resistance",
                    expected="a driver or a lead above 0 ohm for each line",
                    remedy="give the pulse a load_ohm, or the wires a lead",
                )
            corners = zip(lines.seconds.tolist(), volts[:, k].tolist(), strict=True)
            wave = " ".join(f"{t!r} {v!r}" for t, v in corners)
            yield f"V{name}_{k} {name}_{k} 0 DC 0 PWL({wave})"
            yield f"R{name}_{k} {name}_{k} {nodes[k]} {spice_number(ohm)}"
