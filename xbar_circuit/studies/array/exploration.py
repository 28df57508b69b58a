"""One array under the reader's hands: a setting in, maps and losses out.

What ``xbar explore`` shows each time a control moves; without any drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell, Ohmic, PcmCell, Sinh
from xbar_circuit.errors import ParameterError
from xbar_circuit.wires import Terminals, Wires

__all__ = ["CELLS", "INPUTS", "PATTERNS", "Exploration", "ExplorationSetting", "explore"]

#: Laws of the devices by name.
CELLS: dict[str, Cell] = {
    "ohmic": Ohmic(),
    "sinh, v0 = 0.3 V": Sinh(v0_volt=0.3),
    "PCM": PcmCell.sebastian2017(),
}
PATTERNS = ("random", "all on", "checkerboard", "diagonal", "left to right")
INPUTS = ("random", "all on", "first row", "last row")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationSetting:
    """Settings of the exploration.

    Parameters
    ----------
    rows, cols
        Size of the array.
    row_ohm, column_ohm
        Wire resistance per segment [ohm].
    g_min_siemens, g_max_siemens
        Range of the conductances [S].
    read_volt
        Largest input [V].
    pattern
        One of `PATTERNS`: where in the range the conductances lie.
    inputs
        One of `INPUTS`.
    cell
        A key of `CELLS`.
    right, top
        Whether rows are driven at the right too, and columns sensed at the top too.
    seed
        Of the random pattern and inputs.

    Raises
    ------
    ParameterError
        A number out of range or an unknown choice.
    """

    rows: int = 32
    cols: int = 32
    row_ohm: float = 2.0
    column_ohm: float = 2.0
    g_min_siemens: float = 1e-6
    g_max_siemens: float = 25e-6
    read_volt: float = 0.2
    pattern: str = "random"
    inputs: str = "random"
    cell: str = "ohmic"
    right: bool = False
    top: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        checks.count("rows", self.rows, maximum=1024)
        checks.count("cols", self.cols, maximum=1024)
        checks.number("g_min_siemens", self.g_min_siemens, "S")
        checks.number("g_max_siemens", self.g_max_siemens, "S", above=True)
        checks.number("read_volt", self.read_volt, "V", above=True)
        checks.choice("pattern", self.pattern, PATTERNS)
        checks.choice("inputs", self.inputs, INPUTS)
        checks.choice("cell", self.cell, tuple(CELLS))
        if self.g_min_siemens > self.g_max_siemens:
            raise ParameterError.about(
                "g_min_siemens",
                got=self.g_min_siemens,
                expected=f"at most g_max_siemens, {self.g_max_siemens} [S]",
                remedy="exchange the two",
            )

    def crossbar(self) -> Crossbar:
        """Return the array of this setting.

        Returns
        -------
        Crossbar
            Conductances (rows, cols) [S] in the pattern, with wires, terminals and cells.
        """
        i, j = np.indices((self.rows, self.cols))
        match self.pattern:
            case "random":
                place = np.random.default_rng(self.seed).uniform(size=i.shape)
            case "all on":
                place = np.ones(i.shape)
            case "checkerboard":
                place = ((i + j) % 2).astype(np.float64)
            case "diagonal":
                place = (i * self.cols // self.rows == j).astype(np.float64)
            case _:
                place = j / max(1, self.cols - 1)
        span = self.g_max_siemens - self.g_min_siemens
        return Crossbar(
            conductance=self.g_min_siemens + span * place,
            wires=Wires(row_ohm=self.row_ohm, column_ohm=self.column_ohm),
            terminals=Terminals(
                right_ohm=0.0 if self.right else None, top_ohm=0.0 if self.top else None
            ),
            cell=CELLS[self.cell],
        )

    def volts(self) -> FloatArray:
        """Return the input of this setting.

        Returns
        -------
        array
            (1, rows) [V].
        """
        volts = np.zeros((1, self.rows))
        if self.inputs == "random":
            volts[0] = np.random.default_rng(self.seed + 1).uniform(size=self.rows)
        else:
            volts[0, {"first row": 0, "last row": -1}.get(self.inputs, slice(None))] = 1.0
        return self.read_volt * volts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exploration:
    """Response of the array.

    conductance : (rows, cols) [S].
    lost_volt : of each device's input, lost on wires (rows, cols) [V].
    device_current : (rows, cols) [A].
    column_error : relative error of each column's current against ideal wires (cols,).
    mean_loss : share of the ideal current of all columns that is missing.
    worst_error : the largest of `column_error`.
    """

    conductance: FloatArray
    lost_volt: FloatArray
    device_current: FloatArray
    column_error: FloatArray
    mean_loss: float
    worst_error: float


def explore(setting: ExplorationSetting) -> Exploration:
    """Read the array of a setting in the fast engine.

    Parameters
    ----------
    setting
        What to read.

    Returns
    -------
    Exploration
        Maps (rows, cols): conductance [S], voltage lost on the wires [V], device current [A]; error
        of each column (cols,), mean loss and worst error, dimensionless.

    Raises
    ------
    ConvergenceError
        The cells' law has no answer for this input.

    >>> from xbar_circuit.studies import ExplorationSetting
    >>> found = explore(ExplorationSetting(rows=16, cols=16, row_ohm=1.0, column_ohm=1.0))
    >>> round(found.mean_loss, 4)
    0.0027
    """
    result = nodal.read(setting.crossbar(), setting.volts())
    ideal = result.ideal_column_current
    assert ideal is not None  # noqa: S101  every cell of CELLS takes its current from its row
    error = result.column_current[0] / ideal[0] - 1.0
    return Exploration(
        conductance=result.crossbar.conductance,
        lost_volt=result.volts[0][:, None] - (result.row_voltage[0] - result.column_voltage[0]),
        device_current=result.device_current[0],
        column_error=error,
        mean_loss=float(1.0 - result.column_current.sum() / ideal.sum()),
        worst_error=float(error[np.argmax(np.abs(error))]),
    )
