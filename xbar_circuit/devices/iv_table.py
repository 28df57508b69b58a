"""A measured current-voltage table as a device: what a prober wrote down, at every cross-point.

Between its points the logarithm of the chord conductance I/V is linear in the voltage, and linear
in the logarithm of the conductance between two measured states. So the current is 0 at 0 V, keeps
the voltage's sign, follows an exponential device closely with few points, and is exactly the table
where the table has a point. Both engines have this same law.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices._curve_file import read_curves
from xbar_circuit.devices.cell import CellResponse
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["IvTable"]

_EDGE = 1e-9  # relative, rounding allowed at the ends


@dataclass(frozen=True, slots=True, kw_only=True)
class IvTable:
    """``I = V * exp(p(V, g))`` with p = ln(I/V) from the table.

    The conductance of a cell is the chord I/V at `read_volt`: it says which state the cell is in,
    between the least and the most conductive one that was measured.

    200 mV, the default, is the read voltage of the published PCM arrays (Sebastian et al. 2017).

    Parameters
    ----------
    volts
        Voltages of all curves [V], increasing; 0 V may be among them and says nothing.
    currents
        Current of each state at each voltage [A], (states, voltages); at least one state.
    read_volt
        Voltage at which the conductance is defined [V], within `volts`.
    symmetric
        Whether the other polarity is the mirror image, ``I(-V) = -I(V)``, where only one was
        measured.

    Raises
    ------
    ParameterError
        Fewer than two voltages other than 0; a current of the wrong sign, or one that falls as the
        voltage rises; two states of the same conductance; a read voltage outside.

    >>> table = IvTable(volts=(0.1, 0.2), currents=((1e-7, 4e-7), (1e-6, 4e-6)))
    >>> [round(1e6 * value, 9) for value in table.conductances]
    [2.0, 20.0]
    """

    volts: tuple[float, ...]
    currents: tuple[tuple[float, ...], ...]
    read_volt: float = 0.2
    symmetric: bool = True
    _axis_volt: FloatArray = field(init=False, repr=False, compare=False)
    _logs: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        volts = checks.real("volts", self.volts).ravel()
        currents = np.atleast_2d(checks.real("currents", self.currents))
        if currents.shape[1:] != volts.shape or not currents.shape[0]:
            raise ParameterError.about(
                "currents",
                got=f"shape {currents.shape} for {volts.size} voltages",
                expected="(states, voltages)",
                remedy="give every state the same voltages",
            )
        if (np.diff(volts) <= 0.0).any():
            raise ParameterError.about(
                "volts", got="voltages out of order", expected="increasing ones", remedy="sort them"
            )
        read = checks.number("read_volt", self.read_volt, "V", minimum=-math.inf)
        object.__setattr__(self, "volts", tuple(volts.tolist()))
        object.__setattr__(self, "currents", tuple(map(tuple, currents.tolist())))
        object.__setattr__(self, "read_volt", read)
        used, logs = self._chords(volts, currents)
        order = np.argsort(_at(used, logs, np.asarray(read)))
        object.__setattr__(self, "_axis_volt", used)
        object.__setattr__(self, "_logs", logs[order])
        if not used[0] <= read <= used[-1] or read == 0.0:
            raise ParameterError.about(
                "read_volt",
                got=f"{read:g} V",
                expected=f"{used[0]:g} to {used[-1]:g} V, other than 0",
                remedy="choose one that was measured",
            )
        if (np.diff(self._levels()) <= _EDGE).any():
            raise ParameterError.about(
                "currents",
                got=f"two states with the same current at {read:g} V",
                expected="states that differ there",
                remedy="take one out, or choose another read_volt",
            )

    def _chords(self, volts: FloatArray, currents: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the voltages other than 0 and ln(I/V) there, mirrored if asked."""
        there = volts != 0.0
        volts, currents = volts[there], currents[:, there]
        chords = currents / volts
        good = (chords > 0.0) & np.isfinite(chords)
        if volts.size < 2 or not good.all():
            wrong = np.argwhere(~good)
            got = f"{volts.size} voltages other than 0"
            if len(wrong):
                k, j = wrong[0]
                got = f"{currents[k, j]:.3g} A at {volts[j]:g} V in state {k}"
            raise ParameterError.about(
                "currents",
                got=got,
                expected="at least two voltages, currents of their voltage's sign",
                remedy="subtract the instrument's offset, or leave out what is below its noise",
            )
        logs = np.log(chords)
        slope = np.diff(logs, axis=1) / np.diff(volts)
        rising = np.minimum(1.0 + volts[:-1] * slope, 1.0 + volts[1:] * slope)
        if (rising <= 0.0).any():
            k, j = np.argwhere(rising <= 0.0)[0]
            raise ParameterError.about(
                "currents",
                got=f"a current that falls from {volts[j]:g} to {volts[j + 1]:g} V in state {k}",
                expected="one that rises with the voltage",
                remedy="average the noise, or end the table before the device switches",
            )
        if self.symmetric and (volts[0] > 0.0 or volts[-1] < 0.0):
            if volts[0] > 0.0:
                volts = np.concatenate([-volts[::-1], volts])
                logs = np.concatenate([logs[:, ::-1], logs], axis=1)
            else:
                volts = np.concatenate([volts, -volts[::-1]])
                logs = np.concatenate([logs, logs[:, ::-1]], axis=1)
        return volts, logs

    @classmethod
    def from_csv(
        cls, path: str | Path, *, read_volt: float = 0.2, symmetric: bool = True
    ) -> IvTable:
        """Read a table from a file with one line for each measured point.

        Parameters
        ----------
        path
            ``.csv`` or another text file of numbers, with or without one line of headings. The
            columns are voltage [V], current [A] and, if there are several curves, any number that
            tells the states apart. Every state has the same voltages.
        read_volt, symmetric
            As for the class.

        Returns
        -------
        IvTable
            The table, its states in the order of their first lines, its voltages increasing.

        Raises
        ------
        ModelFileError
            The file has other than 2 or 3 columns, or its states differ in their voltages.
        ParameterError
            The class refuses the values.
        """
        volts, currents = read_curves(Path(path))
        return cls(volts=volts, currents=currents, read_volt=read_volt, symmetric=symmetric)

    @property
    def conductances(self) -> tuple[float, ...]:
        """I/V of each state at the read voltage [S], increasing."""
        return tuple(np.exp(self._levels()).tolist())

    @property
    def range_siemens(self) -> tuple[float, float]:
        """The least and the largest conductance of the table's states at the read voltage [S]."""
        known = self.conductances
        return known[0], known[-1]

    def held_out_error(self) -> float:
        """Return how far the law misses points of the table that it is not given.

        Each voltage and each state that has neighbours on both sides is left out and predicted from
        them.

        Returns
        -------
        float
            The largest error of a current, relative to the largest current of the same state,
            dimensionless. NaN where the table has too few points to tell.
        """
        volts, logs = self._axis_volt, self._logs
        errors = []
        scale = np.exp(logs + np.log(np.abs(volts))).max(axis=1)
        inner = (volts[2:] - volts[1:-1]) / (volts[2:] - volts[:-2])
        guess = inner * logs[:, :-2] + (1.0 - inner) * logs[:, 2:]
        miss = np.abs((np.exp(guess) - np.exp(logs[:, 1:-1])) * volts[1:-1])
        errors.append((miss / scale[:, np.newaxis]).ravel())
        levels = self._levels()
        share = ((levels[2:] - levels[1:-1]) / (levels[2:] - levels[:-2]))[:, np.newaxis]
        guess = share * logs[:-2] + (1.0 - share) * logs[2:]
        miss = np.abs((np.exp(guess) - np.exp(logs[1:-1])) * volts)
        errors.append((miss / scale[1:-1, np.newaxis]).ravel())
        every = np.concatenate(errors)
        return float(every.max()) if every.size else math.nan

    # The crossbar's side: devices.Cell.

    @property
    def linear(self) -> bool:
        """Always False."""
        return False

    @property
    def loads_row(self) -> bool:
        """Always True: the current leaves the row wire."""
        return True

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return I/V in the limit of small voltages.

        Parameters
        ----------
        conductance
            Conductance that the crossbar states of each cell [S], any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `conductance`; 0 for an open device.

        Raises
        ------
        ParameterError
            A conductance lies outside the table.
        """
        return self.respond(np.zeros(()), np.zeros(()), conductance).row_slope

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the interpolated current and its slopes.

        Beyond the table's ends, where a solution may not lie, I/V keeps its last value.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.

        Raises
        ------
        ParameterError
            A conductance lies outside the table.
        """
        g = np.asarray(conductance, dtype=np.float64)
        first, share = self._place(g)
        volt = np.asarray(row_volt - column_volt)
        last = len(self._axis_volt) - 1
        j = np.clip(np.searchsorted(self._axis_volt, volt, side="right") - 1, 0, last - 1)
        step = self._axis_volt[j + 1] - self._axis_volt[j]
        along = np.clip((volt - self._axis_volt[j]) / step, 0.0, 1.0)
        second = np.minimum(first + 1, len(self._logs) - 1)
        left = (1.0 - share) * self._logs[first, j] + share * self._logs[second, j]
        right = (1.0 - share) * self._logs[first, j + 1] + share * self._logs[second, j + 1]
        chord = np.where(g > 0.0, np.exp(left + along * (right - left)), 0.0)
        inside = (volt >= self._axis_volt[0]) & (volt <= self._axis_volt[-1])
        slope = chord * (1.0 + np.where(inside, volt * (right - left) / step, 0.0))
        return CellResponse(
            current=chord * volt, row_slope=slope, column_slope=-slope, symmetric=True
        )

    def refuse_beyond(self, row_volt: FloatArray, column_volt: FloatArray) -> None:
        """Refuse node voltages outside the table.

        Parameters
        ----------
        row_volt, column_volt
            Voltages of the cells' nodes [V], broadcasting against each other.

        Raises
        ------
        ParameterError
            The voltage across a cell lies outside the measured range.
        """
        volt = row_volt - column_volt
        low, high = float(self._axis_volt[0]), float(self._axis_volt[-1])
        slack = _EDGE * (high - low)
        if (
            float(volt.min(initial=0.0)) < low - slack
            or float(volt.max(initial=0.0)) > high + slack
        ):
            raise ParameterError.about(
                "volts",
                got=f"{volt.min():.4g} to {volt.max():.4g} V across the cells",
                expected=f"{low:.4g} to {high:.4g} V, what was measured",
                remedy="read at lower voltages, or measure further; symmetric=True mirrors a table",
            )

    def spice_preamble(self) -> str:
        """Return no text: every element contains its part of the table.

        Returns
        -------
        str
            Always empty.
        """
        return ""

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return one behavioural current source for each cell.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            A line ``B<name> ... I=V*exp(pwl(V, ...))`` for each cell, with ln(I/V) of its state at
            the table's voltages.

        Raises
        ------
        ParameterError
            A conductance lies outside the table.
        """
        first, share = self._place(np.asarray(conductances))
        second = np.minimum(first + 1, len(self._logs) - 1)
        volts = [spice_number(volt) for volt in self._axis_volt.tolist()]
        for k, (name, row, column) in enumerate(zip(names, row_nodes, column_nodes, strict=True)):
            logs = (1.0 - share[k]) * self._logs[first[k]] + share[k] * self._logs[second[k]]
            points = ",".join(
                f"{volt},{spice_number(p)}" for volt, p in zip(volts, logs.tolist(), strict=True)
            )
            across = f"V({row},{column})"
            yield f"B{name} {row} {column} I={across}*exp(pwl({across},{points}))"

    def _levels(self) -> FloatArray:
        return _at(self._axis_volt, self._logs, np.asarray(self.read_volt))

    def _place(self, conductance: ArrayLike) -> tuple[np.ndarray, FloatArray]:
        """Return the state below each conductance and how far towards the next one it lies."""
        g, levels = np.asarray(conductance), self._levels()
        live = g > 0.0
        outside = live & (
            (g < math.exp(levels[0]) * (1 - _EDGE)) | (g > math.exp(levels[-1]) * (1 + _EDGE))
        )
        if outside.any():
            raise ParameterError.about(
                "conductance",
                got=f"{g[outside].flat[0]:.6g} S",
                expected=f"{math.exp(levels[0]):.6g} to {math.exp(levels[-1]):.6g} S, the states"
                f" of the table at {self.read_volt:g} V",
                remedy="scale the conductances, or measure more states",
            )
        log = np.clip(np.log(np.where(live, g, math.exp(levels[0]))), levels[0], levels[-1])
        if len(levels) == 1:
            return np.zeros(log.shape, dtype=np.int64), np.zeros(log.shape)
        first = np.clip(np.searchsorted(levels, log, side="right") - 1, 0, len(levels) - 2)
        return first, (log - levels[first]) / (levels[first + 1] - levels[first])


def _at(volts: FloatArray, logs: FloatArray, volt: FloatArray) -> FloatArray:
    """Return the logarithm of each state's chord at a voltage."""
    return np.array([np.interp(volt, volts, line) for line in logs])
