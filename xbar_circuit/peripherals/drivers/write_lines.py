"""The drivers of all lines of an array while one of its cells is written.

The selected word line carries the pulse and the selected bit line is held at 0 V. What all other
lines do is the biasing scheme:

========== ======================== ======================== =================================
scheme     other word lines         other bit lines          meant for
========== ======================== ======================== =================================
half       V/2                      V/2                      passive arrays: neighbours see V/2
third      V/3                      2V/3                     passive arrays: all see V/3 at most
float      not connected            not connected            passive arrays, selectors
ground     0 V                      0 V                      gates that run along the bit lines
inhibit    0 V                      V                        gates that run along the word lines
========== ======================== ======================== =================================

The V/2 and V/3 schemes: Burr et al., J. Vac. Sci. Technol. B 32, 040802 (2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm.dynamics import Pulse
from xbar_circuit.errors import ParameterError, ShapeError

__all__ = ["BIAS_OHM", "WRITE_SCHEMES", "WriteLines"]

WRITE_SCHEMES = {
    "half": (0.5, 0.5),
    "third": (1.0 / 3.0, 2.0 / 3.0),
    "float": (0.0, 0.0),
    "ground": (0.0, 0.0),
    "inhibit": (0.0, 1.0),
}
"""Share of the pulse at the other word lines and at the other bit lines, by scheme."""

BIAS_OHM = 100.0
"""Resistance of the drivers of all lines but the selected word line [ohm]; chosen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WriteLines:
    """Waveforms and resistances of the drivers of all lines; word lines left, bit lines bottom.

    Parameters
    ----------
    seconds
        Corner times (corners,), rising [s].
    row_volt, column_volt
        Voltages at the corners (corners, rows) and (corners, cols) [V].
    row_ohm, column_ohm
        Resistances of the drivers (rows,) and (cols,), infinite where a line floats [ohm].
    gates
        Cells whose transistors are on (rows, cols); those of all others have 0 V at their gates.
        None for cells without transistors, or all on.

    Raises
    ------
    ShapeError
        The parts do not fit each other.
    ParameterError
        Times that do not rise, a voltage that is not finite, a resistance below 0, or no line that
        is driven.
    """

    seconds: FloatArray
    row_volt: FloatArray
    column_volt: FloatArray
    row_ohm: FloatArray
    column_ohm: FloatArray
    gates: NDArray[np.bool_] | None = None

    __reduce__ = checks.as_fields

    def __post_init__(self) -> None:
        times = checks.real("seconds", self.seconds)
        if times.ndim != 1 or times.size < 2 or not (np.diff(times) > 0.0).all():
            raise ParameterError.about(
                "seconds",
                got=f"shape {times.shape}",
                expected="at least two corner times that rise [s]",
                remedy="give each edge a duration",
            )
        _keep(self, "seconds", times)
        for name in ("row", "column"):
            volt = checks.real(f"{name}_volt", getattr(self, f"{name}_volt"))
            ohm = np.array(getattr(self, f"{name}_ohm"), dtype=np.float64)
            if ohm.ndim != 1 or not ohm.size or volt.shape != (times.size, ohm.size):
                raise ShapeError.about(
                    f"{name}_volt, {name}_ohm",
                    got=f"shapes {volt.shape} and {ohm.shape} for {times.size} corners",
                    expected="(corners, lines) and (lines,)",
                    remedy="one voltage for each corner and line, one resistance for each line",
                )
            if not (np.isfinite(volt).all() and np.isfinite(times).all()):
                raise ParameterError.about(
                    f"{name}_volt", got="NaN or infinity", expected="finite voltages", remedy="[V]"
                )
            if np.isnan(ohm).any() or (ohm < 0.0).any():
                raise ParameterError.about(
                    f"{name}_ohm",
                    got=f"{ohm[np.isnan(ohm) | (ohm < 0.0)][0]} ohm",
                    expected="at least 0, infinite where a line floats",
                    remedy="give the resistance of each line's driver",
                )
            _keep(self, f"{name}_volt", volt)
            _keep(self, f"{name}_ohm", ohm)
        if np.isinf(self.row_ohm).all() or np.isinf(self.column_ohm).all():
            raise ParameterError.about(
                "row_ohm, column_ohm",
                got="lines that all float",
                expected="at least one word line and one bit line that is driven",
                remedy="give the selected ones a finite resistance",
            )
        if self.gates is not None:
            gates = np.array(self.gates, dtype=bool)
            if gates.shape != self.shape:
                raise ShapeError.about(
                    "gates",
                    got=f"shape {gates.shape}",
                    expected=f"{self.shape}, one for each cell",
                    remedy="True where the transistor is on",
                )
            _keep(self, "gates", gates)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the array."""
        return int(self.row_ohm.size), int(self.column_ohm.size)

    @classmethod
    def biased(
        cls,
        shape: tuple[int, int],
        *,
        selected: tuple[int, int],
        pulse: Pulse,
        scheme: str = "half",
        bias_ohm: float = BIAS_OHM,
        select_lines: str | None = None,
    ) -> Self:
        """Return the drivers of a write of one cell.

        Parameters
        ----------
        shape
            (rows, cols) of the array.
        selected
            Row and column of the cell.
        pulse
            Between the selected lines; its load is in the driver of the selected word line.
        scheme
            A key of :data:`WRITE_SCHEMES`; see the table at the head of this module.
        bias_ohm
            Resistance of the drivers of all other lines [ohm].
        select_lines
            Lines along which the gates are joined, ``"rows"`` or ``"columns"``: the transistors of
            the selected cell's row or column are on. None for cells without transistors.

        Returns
        -------
        WriteLines
            For :func:`xbar_circuit.nodal.write` and :func:`xbar_circuit.spice.write`.

        Raises
        ------
        ParameterError
            An unknown scheme, a cell outside the array, or a resistance that is not above 0.

        >>> lines = WriteLines.biased(
        ...     (2, 3), selected=(0, 1), pulse=Pulse(volt=3.0, width_second=1e-7), scheme="third"
        ... )
        >>> lines.row_volt[1].tolist(), lines.column_volt[1].tolist()
        ([3.0, 1.0], [2.0, 0.0, 2.0])
        """
        rows, cols = shape
        checks.choice("scheme", scheme, tuple(WRITE_SCHEMES))
        checks.instance("pulse", pulse, Pulse, example="Pulse(volt=3.0, width_second=1e-7)")
        checks.count("selected[0]", selected[0], minimum=0, maximum=rows - 1)
        checks.count("selected[1]", selected[1], minimum=0, maximum=cols - 1)
        bias = checks.number("bias_ohm", bias_ohm, "ohm", above=True)
        times, volts = pulse.waveform()
        row_share, column_share = WRITE_SCHEMES[scheme]
        row, column = np.full(rows, row_share), np.full(cols, column_share)
        row[selected[0]], column[selected[1]] = 1.0, 0.0
        other = np.inf if scheme == "float" else bias
        row_ohm, column_ohm = np.full(rows, other), np.full(cols, other)
        row_ohm[selected[0]], column_ohm[selected[1]] = pulse.load_ohm, bias
        gates = None
        if select_lines is not None:
            checks.choice("select_lines", select_lines, ("rows", "columns"))
            gates = np.zeros(shape, dtype=bool)
            if select_lines == "rows":
                gates[selected[0]] = True
            else:
                gates[:, selected[1]] = True
        return cls(
            seconds=np.array(times),
            row_volt=np.outer(volts, row),
            column_volt=np.outer(volts, column),
            row_ohm=row_ohm,
            column_ohm=column_ohm,
            gates=gates,
        )


def _keep(lines: WriteLines, name: str, value: NDArray[np.generic]) -> None:
    value = np.array(value)
    value.flags.writeable = False
    object.__setattr__(lines, name, value)
