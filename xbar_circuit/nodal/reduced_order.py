"""A reduced-order model of the array's dynamics, solved exactly in time.

Where the inputs follow a few waveforms, the array moves in a small space: that of the responses to
them and to the currents of their capacitances in turn, the block Krylov space of ``Y^-1 C``. The
projection onto it is passive and matches the moments of the transfer functions (A. Odabasioglu, M.
Celik and L. T. Pileggi, PRIMA, IEEE Trans. CAD 17, 645, 1998). Y is factorised once; the small
system falls apart into modes ``m dz/dt = F s(t) - z`` whose answer to straight lines is written
down. The space grows until the currents no longer change by more than the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.nodal.dynamics import Dynamics, Record
from xbar_circuit.nodal.sparse import factorise

__all__ = ["ReducedOrder", "directions"]

_BLOCKS = 4
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

    def follow(self, system: Dynamics, stop: float, tolerance: float) -> tuple[Record, str]:
        """Return the record up to `stop` [s] and a word on the work.

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
        shapes, signals = directions(system.waveform.volts)
        if factors is None or not shapes.size:
            state = np.zeros((len(time), system.unknowns))
            return system.record(time, None, state), "nothing to solve"
        excitation = np.asarray(system.drive @ shapes)
        basis = np.zeros((system.unknowns, 0))
        block = factors.solve(excitation)
        previous: Record | None = None
        while basis.shape[1] < _MOST_STATES:
            for _ in range(_BLOCKS):
                block = _orthonormal(block, basis)
                basis = np.concatenate([basis, block], axis=1)
                if block.shape[1] == 0:
                    break
                block = factors.solve(system.mass[:, np.newaxis] * block)
            state = _modes(system, basis, excitation, signals, time)
            record = system.record(time, basis, state)
            if previous is not None:
                change = np.abs(record.column_current - previous.column_current).max()
                change_in = np.abs(record.row_current - previous.row_current).max()
                scale = np.abs(record.column_current).max()
                scale_in = np.abs(record.row_current).max()
                if change <= tolerance * scale and change_in <= tolerance * scale_in:
                    return record, f"reduced order, {basis.shape[1]} states"
            previous = record
        raise ConvergenceError(
            f"transient: got {basis.shape[1]} states without reaching the tolerance, expected a"
            " few waveforms; use method=nodal.TrBdf2()"
        )


def directions(volts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split voltages (points, rows) into shapes (rows, rank) and signals (points, rank)."""
    left, size, right = np.linalg.svd(volts, full_matrices=False)
    rank = int((size > _RANK * size[0]).sum()) if size[0] > 0.0 else 0
    return right[:rank].T, left[:, :rank] * size[:rank]


def _orthonormal(block: FloatArray, basis: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what `block` adds to `basis`."""
    block = block / np.linalg.norm(block, axis=0)
    for _ in range(2):
        block = block - basis @ (basis.T @ block)
    fresh, triangle = np.linalg.qr(block)
    return np.asarray(fresh[:, np.abs(np.diag(triangle)) > 1e-10])


def _modes(
    system: Dynamics,
    basis: FloatArray,
    excitation: FloatArray,
    signals: FloatArray,
    time: FloatArray,
) -> FloatArray:
    """Return the states of the reduced system (points, states)."""
    conductance = basis.T @ (system.own @ basis)
    capacitance = basis.T @ (system.mass[:, np.newaxis] * basis)
    tau, vectors = eigh(0.5 * (capacitance + capacitance.T), 0.5 * (conductance + conductance.T))
    tau = np.maximum(tau, 0.0)
    force = vectors.T @ (basis.T @ excitation)
    corners = system.waveform.time_second
    state = np.empty((len(time), len(tau)))
    z = force @ signals[0]
    for k, start in enumerate(corners):
        final = k + 1 == len(corners)
        stop = np.inf if final else corners[k + 1]
        slope = np.zeros(signals.shape[1])
        if not final:
            slope = (signals[k + 1] - signals[k]) / (stop - start)
        lag = tau * (force @ slope)
        gap = z - force @ signals[k] + lag
        inside = (time >= start) & (time < stop)
        after = time[inside, np.newaxis] - start
        straight = signals[k] + after * slope
        state[inside] = straight @ force.T - lag + gap * _decay(after, tau)
        if not final:
            z = force @ signals[k + 1] - lag + gap * _decay(stop - start, tau)
    return np.asarray(state @ vectors.T)


def _decay(after: FloatArray | float, tau: FloatArray) -> FloatArray:
    """Return ``exp(-after / tau)``; a mode without inertia keeps nothing, even at once."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(tau > 0.0, np.exp(-after / tau), 0.0)
