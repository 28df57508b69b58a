"""A reduced-order model of the array's dynamics, solved exactly in time.

Where the inputs follow a few waveforms, the array moves in a small space: that of the responses to
them and to the currents of their capacitances in turn, the block Krylov space of ``Y^-1 C``. The
projection onto it is passive and matches the moments of the transfer functions (A. Odabasioglu, M.
Celik and L. T. Pileggi, PRIMA, IEEE Trans. CAD 17, 645, 1998). Y is factorised once; the small
system falls apart into modes ``m dz/dt = F s(t) - z`` whose answer to straight lines is written
down. The space grows until the currents no longer change by more than the tolerance.

The array is linear: where every driver goes its own way (pulse-width modulation), the answers to a
few drivers at a time are added up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.nodal._dynamics import Dynamics
from xbar_circuit.nodal._modes import Modes
from xbar_circuit.nodal._threads import spread, threads
from xbar_circuit.nodal.sparse import Factors, factorise
from xbar_circuit.nodal.waveform import Waveform

__all__ = ["ReducedOrder", "Superposition", "directions"]

_BLOCKS = 4
_FEW = 8  # waveforms that one model follows
_STRAIGHT = 1e-9
_MOST_STATES = 240
_RANK = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducedOrder:
    """Exact solution of a reduced-order model.

    Parameters
    ----------
    points
        How many times to report, besides the corners of the inputs.

    Raises
    ------
    ParameterError
        `points` is not a count.
    """

    points: int = 500

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", checks.count("points", self.points, minimum=2))

    def follow(self, system: Dynamics, stop: float, tolerance: float) -> Superposition:
        """Solve the reduced-order model of a system.

        Parameters
        ----------
        system
            The array and its waveforms.
        stop
            End [s].
        tolerance
            The space is large enough when the currents change by less than this, relative to the
            largest of all drivers and to the largest of all columns.

        Returns
        -------
        Superposition
            The solution, with the times to report up to `stop`.

        Raises
        ------
        ConvergenceError
            The space grew too large: the inputs follow too many waveforms.
        """
        time = np.union1d(
            np.linspace(0.0, stop, self.points),
            system.waveform.time_second[system.waveform.time_second < stop],
        )
        factors = factorise(system.own)
        volts = system.waveform.volts
        shapes, signals = directions(volts)
        if factors is None or not shapes.size:
            width = system.outputs(np.zeros((system.unknowns, 0))).shape[0]
            return Superposition(time_second=time, parts=(), width=width, work="nothing to solve")
        corners = system.waveform.time_second
        if shapes.shape[1] <= _FEW:
            groups = [_Signals(corners, shapes, signals)]
        else:
            every = np.arange(volts.shape[1])
            groups = [
                _some_drivers(corners, volts, every[k : k + _FEW])
                for k in range(0, len(every), _FEW)
            ]
        with threads() as count:
            parts = spread(
                lambda group: _answer(system, factors, group, time, tolerance), groups, count
            )
        states = sum(len(part.tau) for part in parts)
        together = f" in {len(groups)} groups" if len(groups) > 1 else ""
        return Superposition(
            time_second=time,
            parts=tuple(parts),
            width=parts[0].output.shape[0],
            work=f"reduced order, {states} states{together}",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Superposition:
    """The sum of the answers to a few drivers at a time: a `Solution`.

    time_second : times to report (points,) [s]. parts : of the sum. width : how many outputs.
    work : for people.
    """

    time_second: FloatArray
    parts: tuple[Modes, ...]
    width: int
    work: str

    def outputs(self, time: FloatArray) -> FloatArray:
        """Return the outputs at some times.

        Parameters
        ----------
        time
            (times,) [s].

        Returns
        -------
        array
            (times, outputs), in the units of the system's outputs.
        """
        total = np.zeros((len(time), self.width))
        for part in self.parts:
            total += part.outputs(time)
        return total

    def moments(self, begin: FloatArray, length: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the integrals and first moments of the outputs over spans.

        Parameters
        ----------
        begin, length
            Of each span (spans,) [s].

        Returns
        -------
        tuple of arrays
            Integral of ``y`` and of ``(t - begin) y`` over each span (spans, outputs).
        """
        integral = np.zeros((len(begin), self.width))
        moment = np.zeros_like(integral)
        for part in self.parts:
            one, other = part.moments(begin, length)
            integral += one
            moment += other
        return integral, moment


@dataclass(frozen=True, slots=True)
class _Signals:
    """Waveforms: corners (points,) [s], shapes over the drivers (rows, n), values (points, n)."""

    corners: FloatArray
    shapes: FloatArray
    values: FloatArray


def _some_drivers(corners: FloatArray, volts: FloatArray, rows: NDArray[np.int64]) -> _Signals:
    """Return the waveforms of some drivers alone, without the corners of the others."""
    own = volts[:, rows]
    length = np.diff(corners)[:, np.newaxis]
    slope = np.diff(own, axis=0) / length
    bends = np.abs(np.diff(slope, axis=0)) > _STRAIGHT * np.abs(slope).max(axis=0)
    needed = np.ones(len(corners), dtype=bool)
    needed[1:-1] = bends.any(axis=1)
    shapes = np.zeros((volts.shape[1], len(rows)))
    shapes[rows, np.arange(len(rows))] = 1.0
    return _Signals(corners[needed], shapes, own[needed])


def _answer(
    system: Dynamics, factors: Factors, signals: _Signals, time: FloatArray, tolerance: float
) -> Modes:
    """Return the model of what some signals cause.

    Raises
    ------
    ConvergenceError
        The space grew too large.
    """
    excitation = np.asarray(system.drive @ signals.shapes)
    alone = Waveform(time_second=signals.corners, volts=signals.values @ signals.shapes.T)
    direct = system.direct(alone.at(time))
    basis = np.zeros((system.unknowns, 0))
    block = factors.solve(excitation)
    previous: FloatArray | None = None
    while basis.shape[1] < _MOST_STATES:
        for _ in range(_BLOCKS):
            block = _orthonormal(block, basis)
            basis = np.concatenate([basis, block], axis=1)
            if block.shape[1] == 0:
                break
            block = factors.solve(system.mass[:, np.newaxis] * block)
        modes = _modes(system, basis, excitation, signals)
        output = modes.outputs(time)
        if previous is not None:
            gap = np.abs(output - previous)
            if all(
                gap[:, part].max() <= tolerance * np.abs(output[:, part] + direct[:, part]).max()
                for part in system.currents
            ):
                return modes
        previous = output
    raise ConvergenceError(
        f"transient: got {basis.shape[1]} states without reaching the tolerance, expected smoother"
        " waveforms; use method=nodal.TrBdf2()"
    )


def directions(volts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split voltages (points, rows) into shapes (rows, rank) and signals (points, rank)."""
    left, size, right = np.linalg.svd(volts, full_matrices=False)
    rank = int((size > _RANK * size[0]).sum()) if size[0] > 0.0 else 0
    return right[:rank].T, left[:, :rank] * size[:rank]


def _orthonormal(block: FloatArray, basis: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what `block` adds to `basis`."""
    size = np.linalg.norm(block, axis=0)
    block = block[:, size > 0.0] / size[size > 0.0]
    for _ in range(2):
        block = block - basis @ (basis.T @ block)
    fresh, triangle = np.linalg.qr(block)
    return np.asarray(fresh[:, np.abs(np.diag(triangle)) > 1e-10])


def _modes(system: Dynamics, basis: FloatArray, excitation: FloatArray, signals: _Signals) -> Modes:
    """Return the modes of the reduced system."""
    conductance = system.conductance(basis)
    capacitance = basis.T @ (system.mass[:, np.newaxis] * basis)
    tau, vectors = eigh(0.5 * (capacitance + capacitance.T), conductance)
    return Modes(
        tau=np.maximum(tau, 0.0),
        force=vectors.T @ (basis.T @ excitation),
        output=np.asarray(system.outputs(basis) @ vectors),
        corners=signals.corners,
        values=signals.values,
    )
