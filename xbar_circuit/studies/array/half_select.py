"""What a write pulse on one cell does to its neighbours.

An array without access transistors is written with a biasing scheme: the selected word line carries
the pulse, the selected bit line is grounded, and all other lines are held in between, so that the
cells which share a line with the selected one see only a part of it. They still conduct, heat, and
may switch on and lose their state. The whole array of compact-model cells runs as one transient in
ngspice; nothing is assumed about which cells matter.

Schemes (Burr et al., J. Vac. Sci. Technol. B 32, 040802 (2014)): ``"half"`` holds all other lines
at V/2; ``"third"`` holds the other word lines at V/3 and the other bit lines at 2V/3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices.pcm import _law as law
from xbar_circuit.devices.pcm.cell import PcmCell
from xbar_circuit.devices.pcm.dynamics import KELVIN_PER_UNIT, METER_PER_UNIT, Pulse
from xbar_circuit.netlist.array import array_lines
from xbar_circuit.netlist.names import column_nodes, row_nodes
from xbar_circuit.wires import Wires

__all__ = ["HalfSelect", "half_select"]

_SHARES = {"half": (0.5, 0.5), "third": (1.0 / 3.0, 2.0 / 3.0)}  # other word lines, bit lines
BIAS_OHM = 100.0
"""Resistance of the drivers of all lines but the selected word line [ohm]."""

_OPTIONS = ".options reltol=1e-4 abstol=1e-10 klu"


@dataclass(frozen=True, kw_only=True, eq=False)
class HalfSelect:
    """The array before, during and after the pulse; arrays are (rows, cols).

    before, after : conductance at the read voltage [S].
    peak_volt, peak_ampere, peak_celsius : largest magnitude of voltage and current, and the
        temperature, of each cell.
    selected : (row, column).
    energy_joule : delivered by all sources together.
    """

    before: FloatArray
    after: FloatArray
    peak_volt: FloatArray
    peak_ampere: FloatArray
    peak_celsius: FloatArray
    selected: tuple[int, int]
    energy_joule: float

    @property
    def disturb(self) -> FloatArray:
        """Relative change of each cell's conductance; NaN at the selected cell."""
        change = self.after / self.before - 1.0
        change[self.selected] = np.nan
        return change


def half_select(
    conductance: ArrayLike,
    *,
    selected: tuple[int, int],
    pulse: Pulse,
    wires: Wires,
    cell: PcmCell | None = None,
    scheme: str = "half",
    read_volt: float = 0.2,
) -> HalfSelect:
    """Write one cell of an array in ngspice and look at all of them.

    Parameters
    ----------
    conductance
        Zero-bias conductances before the pulse [S], (rows, cols), all above 0.
    selected
        Row and column of the cell that is written.
    pulse
        The pulse between the selected lines; its load is in the driver of the selected word line,
        all other lines are held through :data:`BIAS_OHM`.
    wires
        Wire resistance.
    cell
        The cell's parameters; the default preset if None.
    scheme
        ``"half"`` or ``"third"``.
    read_volt
        Voltage at which conductance is stated [V].

    Returns
    -------
    HalfSelect
        Peak temperature [K] and change of conductance of every cell.

    Raises
    ------
    ParameterError
        An unknown scheme, or a cell outside the array.
    ConvergenceError, SimulatorError
        From ngspice.
    """
    preset = cell or PcmCell.sebastian2017()
    written = _Written(**{f.name: getattr(preset, f.name) for f in fields(PcmCell)})
    xbar = Crossbar(
        conductance=np.asarray(conductance, dtype=np.float64), wires=wires, cell=written
    )
    rows, cols = xbar.shape
    checks.choice("scheme", scheme, tuple(_SHARES))
    checks.count("selected[0]", selected[0], minimum=0, maximum=rows - 1)
    checks.count("selected[1]", selected[1], minimum=0, maximum=cols - 1)
    before = preset.thickness(xbar.conductance)
    plot = spice.run(
        "\n".join(_deck(xbar, selected, pulse, scheme)),
        spice.Tran(
            step_second=pulse.seconds / 100,
            stop_second=pulse.seconds,
            max_step_second=pulse.seconds / 50,
        ),
    )[0]
    row, column = row_nodes(xbar), column_nodes(xbar)
    volt = _each(xbar, lambda i, j: plot[f"v({row[i][j]})"] - plot[f"v({column[i][j]})"])
    gst = _each(xbar, lambda i, j: plot[f"v({row[i][j]})"] - plot[f"v(xcell_{i}_{j}.gst)"])
    thick = _each(xbar, lambda i, j: plot[f"v(xcell_{i}_{j}.thick)"])
    heat = _each(xbar, lambda i, j: plot[f"v(xcell_{i}_{j}.heat)"])
    after = np.maximum(thick[..., -1], 0.0) * METER_PER_UNIT
    sources = [f"drive_{i}" for i in range(rows)] + [f"sink_{j}" for j in range(cols)]
    power = -sum(plot[f"v({name})"] * plot[f"i(v{name})"] for name in sources)
    return HalfSelect(
        before=preset.conductance(before, read_volt=read_volt),
        after=preset.conductance(after, read_volt=read_volt),
        peak_volt=np.abs(volt).max(axis=-1),
        peak_ampere=np.abs(gst).max(axis=-1) / preset.series_ohm,
        peak_celsius=preset.celsius
        + law.heated(preset.numbers, KELVIN_PER_UNIT * heat.max(axis=-1)),
        selected=selected,
        energy_joule=float(np.trapezoid(power, plot["time"])),
    )


class _Written(PcmCell):
    """The cell as it is written: the whole subcircuit instead of the one for reads."""

    __slots__ = ()

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        states = self.thickness(np.asarray(conductances))
        return (
            f"X{name} {row} {column} pcm_cell ua={float(u)!r}"
            for name, row, column, u in zip(names, row_nodes, column_nodes, states, strict=True)
        )


def _deck(xbar: Crossbar, selected: tuple[int, int], pulse: Pulse, scheme: str) -> Iterable[str]:
    times, volts = pulse.waveform()
    other_row, other_column = _SHARES[scheme]
    row, column = row_nodes(xbar), column_nodes(xbar)
    yield "one cell is written, its neighbours look on"
    yield _OPTIONS
    yield from array_lines(xbar)
    for i in range(xbar.rows):
        share = 1.0 if i == selected[0] else other_row
        yield f"Vdrive_{i} drive_{i} 0 DC 0 {_pwl(times, volts, share)}"
        ohm = pulse.load_ohm if i == selected[0] else BIAS_OHM
        yield f"Rdrive_{i} drive_{i} {row[i][0]} {ohm!r}"
    for j in range(xbar.cols):
        share = 0.0 if j == selected[1] else other_column
        yield f"Vsink_{j} sink_{j} 0 DC 0 {_pwl(times, volts, share)}"
        yield f"Rsink_{j} sink_{j} {column[-1][j]} {BIAS_OHM!r}"


def _pwl(times: Sequence[float], volts: Sequence[float], share: float) -> str:
    corners = " ".join(f"{t!r} {v * share!r}" for t, v in zip(times, volts, strict=True))
    return f"PWL({corners})"


def _each(xbar: Crossbar, get: Callable[[int, int], FloatArray]) -> FloatArray:
    return np.array([[get(i, j) for j in range(xbar.cols)] for i in range(xbar.rows)])
