"""What a write pulse on one cell does to the whole array: its cell, and all that look on.

An array without access transistors is written with a biasing scheme: the selected word line carries
the pulse, the selected bit line is grounded, and all other lines are held in between, so that the
cells which share a line with the selected one see only a part of it. They still conduct, heat, and
may switch on and lose their state. With a transistor in each cell, its gate limits the current.
The whole array of compact-model cells runs as one transient, in the fast engine or in ngspice;
nothing is assumed about which cells matter. The schemes are those of
:class:`xbar_circuit.peripherals.WriteLines`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit import calibration, nodal, spice
from xbar_circuit._checks import FloatArray
from xbar_circuit.cells import OneT1R
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices.filament import FilamentCell
from xbar_circuit.devices.pcm.cell import PcmCell
from xbar_circuit.devices.pcm.dynamics import Pulse
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals import WriteLines
from xbar_circuit.wires import Wires
from xbar_circuit.write_result import WriteResult

__all__ = ["WRITE_ENGINES", "HalfSelect", "half_select"]

WRITE_ENGINES = ("nodal", "spice")


@dataclass(frozen=True, kw_only=True, eq=False)
class HalfSelect:
    """The array before, during and after the pulse; arrays are (rows, cols).

    before, after : conductance at the read voltage [S]; 0 of an open device.
    peak_volt, peak_ampere, peak_celsius : largest magnitude of voltage and current, and the
        temperature, of each cell.
    selected : (row, column).
    energy_joule : delivered by all sources together.
    write : the same as the engine tells it: thicknesses, and the drivers' currents over time.
    """

    before: FloatArray
    after: FloatArray
    peak_volt: FloatArray
    peak_ampere: FloatArray
    peak_celsius: FloatArray
    selected: tuple[int, int]
    energy_joule: float
    write: WriteResult

    @property
    def disturb(self) -> FloatArray:
        """Relative change of each cell's conductance; NaN at the selected cell and where open."""
        with np.errstate(invalid="ignore"):
            change = self.after / self.before - 1.0
        change[self.selected] = np.nan
        return change


def half_select(
    conductance: ArrayLike,
    *,
    selected: tuple[int, int],
    pulse: Pulse,
    wires: Wires,
    cell: PcmCell | OneT1R | None = None,
    scheme: str = "half",
    select_lines: str | None = None,
    read_volt: float = 0.2,
    engine: str = "nodal",
    progress: Callable[[float], None] | None = None,
) -> HalfSelect:
    """Write one cell of an array and look at all of them.

    Parameters
    ----------
    conductance
        Zero-bias conductances before the pulse [S], (rows, cols); 0 is an open device.
    selected
        Row and column of the cell that is written.
    pulse
        The pulse between the selected lines; its load is in the driver of the selected word line,
        all other lines are held through 100 ohm.
    wires
        Wire resistance.
    cell
        The cell: a :class:`~xbar_circuit.devices.PcmCell`, the default preset if None, a
        :class:`~xbar_circuit.devices.FilamentCell`, or a :class:`~xbar_circuit.cells.OneT1R` around
        one (around a filament in ngspice only), whose `gate_volt` is that of the selected gates;
        all other gates are at the substrate's voltage.
    scheme
        ``"half"``, ``"third"``, ``"float"``, ``"ground"`` or ``"inhibit"``.
    select_lines
        Along which lines the gates are joined: ``"columns"`` (None), or ``"rows"``.
    read_volt
        Voltage at which a PCM cell's conductance is stated [V]; a filament's is that at zero bias.
    engine
        ``"nodal"``, the fast one, or ``"spice"``.
    progress
        Called with the share of the time that is done, by the fast engine.

    Returns
    -------
    HalfSelect
        Of every cell (rows, cols): conductance before and after [S], peak voltage [V], current [A]
        and temperature [degree Celsius]; the energy of all drivers [J].

    Raises
    ------
    ParameterError
        An unknown scheme or engine, a cell outside the array, or a cell without a write law.
    ConvergenceError, SimulatorError
        From the engine, or from the tabulation of the transistor.

    >>> import xbar_circuit as xc
    >>> found = half_select(
    ...     [[1e-5, 1e-5], [1e-5, 1e-5]],
    ...     selected=(0, 1),
    ...     pulse=xc.devices.Pulse(volt=1.8, width_second=100e-9),
    ...     wires=xc.Wires(row_ohm=1.0, column_ohm=1.0),
    ... )
    >>> [f"{g * 1e6:.2f} uS" for g in found.after.ravel()]
    ['12.34 uS', '45.78 uS', '12.34 uS', '12.36 uS']
    """
    used = PcmCell.sebastian2017() if cell is None else cell
    device = used.device if isinstance(used, OneT1R) else used
    if not isinstance(device, PcmCell | FilamentCell):
        raise ParameterError.about(
            "cell",
            got=repr(cell),
            expected="a PcmCell, a FilamentCell, or a OneT1R around one",
            remedy="cell=xc.devices.PcmCell.sebastian2017(); other cells have no write law",
        )
    checks.choice("engine", engine, WRITE_ENGINES)
    g = checks.conductance_matrix("conductance", np.asarray(conductance, dtype=np.float64))
    xbar = Crossbar(conductance=g, wires=wires, cell=used)
    access = isinstance(used, OneT1R)
    if select_lines is not None and not access:
        raise ParameterError.about(
            "select_lines",
            got=repr(select_lines),
            expected="None for cells without transistors",
            remedy="give cell=xc.cells.OneT1R(device=...)",
        )
    lines = WriteLines.biased(
        xbar.shape,
        selected=selected,
        pulse=pulse,
        scheme=scheme,
        select_lines=(select_lines or "columns") if access else None,
    )
    if engine == "spice":
        found = spice.write(xbar, lines)
    else:
        tables = None
        if isinstance(used, OneT1R) and isinstance(device, PcmCell):
            tables = calibration.write_access(used, volt=pulse.volt)
        found = nodal.write(xbar, lines, access=tables, progress=progress)
    there = xbar.conductance > 0.0

    def siemens(thickness: FloatArray) -> FloatArray:
        field = np.zeros(xbar.shape)
        if there.any():
            live = thickness[there]
            if isinstance(device, PcmCell):
                field[there] = device.conductance(live, read_volt=read_volt)
            else:  # stated at zero bias
                field[there] = device.conductance(live)
        return field

    return HalfSelect(
        before=siemens(found.before_metre),
        after=siemens(found.after_metre),
        peak_volt=found.peak_volt,
        peak_ampere=found.peak_ampere,
        peak_celsius=found.peak_celsius,
        selected=selected,
        energy_joule=found.energy_joule,
        write=found,
    )
