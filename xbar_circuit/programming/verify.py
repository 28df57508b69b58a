"""Program and verify: write, read through the real read path, correct, until it is good enough.

Single shot writes each cell once with the amplitude that the nominal curve asks for. The closed
loop reads after each pulse and moves the amplitude by the difference on the curve between where the
cell seems to be and where it should be,

    V <- V + gain * (V_curve(g_target) - V_curve(g_measured)),

so that a cell which is stronger than nominal by any factor is on target after a few pulses; the
spread of single pulses and the read path's own grid and noise decide where it ends. For the pulse
model the correction is a SET pulse below the target and a RESET above it.

Iterative programming of multilevel PCM: Papandreou et al., ISCAS 2011, 329.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ShapeError
from xbar_circuit.programming.curve import ProgrammingCurve
from xbar_circuit.programming.pulsed_writer import PulsedWriter
from xbar_circuit.programming.read_path import VerifyPath
from xbar_circuit.programming.writers import Mask, Writer

__all__ = ["ProgramResult", "program_and_verify", "single_shot"]

MOST_PULSES = 30
"""Default limit of pulses per cell; the 64-core chip's write-verify used as many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProgramResult:
    """Result and cost of a programming run; arrays have one entry per cell.

    target, reached : wanted and true conductance at the read voltage [S].
    pulses : number of pulses that each cell took.
    accepted : whether its last read was within tolerance.
    energy_joule, second : energy [J] and time [s] of pulses and reads together.
    """

    target: FloatArray
    reached: FloatArray
    pulses: np.ndarray[tuple[int], np.dtype[np.int64]]
    accepted: Mask
    energy_joule: FloatArray
    second: FloatArray

    @property
    def error(self) -> FloatArray:
        """``reached - target`` [S]."""
        return self.reached - self.target

    @property
    def rms_error(self) -> float:
        """Root mean square of the error [S]."""
        return float(np.sqrt(np.mean(self.error**2)))

    @property
    def accepted_rms_error(self) -> float:
        """Root mean square of the error over the accepted cells only [S]; 0 if there is none."""
        error = self.error[self.accepted]
        return float(np.sqrt(np.mean(error**2))) if error.size else 0.0


def single_shot(
    writer: Writer,
    target: ArrayLike,
    *,
    curve: ProgrammingCurve,
    rng: np.random.Generator,
) -> ProgramResult:
    """Write each cell once without verifying.

    Parameters
    ----------
    writer
        The cells.
    target
        Wanted conductances at the curve's read voltage [S], one for each cell or a scalar.
    curve
        Programming curve that gives each target's pulse.
    rng
        Randomness of the pulses.

    Returns
    -------
    ProgramResult
        Of each cell, (cells,): conductance reached [S], one pulse, accepted; energy [J] and time
        [s] of that pulse.
    """
    wanted = _targets(writer, target)
    every = np.ones(writer.cells, dtype=bool)
    energy = writer.write(curve.volt_for(wanted), every, rng=rng)
    return ProgramResult(
        target=wanted,
        reached=writer.current(curve.read_volt) / curve.read_volt,
        pulses=every.astype(np.int64),
        accepted=every,
        energy_joule=energy,
        second=np.full(writer.cells, writer.write_second()),
    )


def program_and_verify(
    writer: Writer,
    target: ArrayLike,
    *,
    read_path: VerifyPath,
    tolerance_siemens: ArrayLike,
    rng: np.random.Generator,
    curve: ProgrammingCurve | None = None,
    most_pulses: int = MOST_PULSES,
    gain: float = 0.8,
) -> ProgramResult:
    """Program cells to their targets in a closed loop.

    Parameters
    ----------
    writer
        The cells.
    target
        Wanted conductances at the read voltage [S], one for each cell or a scalar.
    read_path
        Read path of the controller: a ``ReadPath``, or a ``CalibratedReadPath``.
    tolerance_siemens
        A cell whose read is this close to its target is left alone [S]; one for each cell, or one.
    rng
        Randomness of pulses and reads.
    curve
        The nominal programming curve; None for the pulse model, which needs none.
    most_pulses
        Number of pulses after which a cell is given up.
    gain
        Share of the correction that is made, above 0 and at most 1.

    Returns
    -------
    ProgramResult
        Of each cell, (cells,): conductance reached [S], pulses, whether it was accepted; energy [J]
        and time [s] of pulses and reads.

    Raises
    ------
    ShapeError
        `target` does not fit the writer's cells.
    ParameterError
        A number out of range.

    >>> from xbar_circuit.devices import PulsedSet
    >>> from xbar_circuit.programming import PulsedWriter, ReadPath
    >>> writer = PulsedWriter.array(PulsedSet.nandakumar2018(), 4)
    >>> result = program_and_verify(
    ...     writer, 5e-6, read_path=ReadPath(), tolerance_siemens=1e-6, rng=np.random.default_rng(0)
    ... )
    >>> result.pulses.tolist(), result.accepted.tolist()
    ([4, 3, 4, 3], [True, True, True, True])
    """
    wanted = _targets(writer, target)
    tolerance = checks.non_negative("tolerance_siemens", tolerance_siemens, "S")
    checks.number("gain", gain, "1", maximum=1.0, above=True)
    checks.count("most_pulses", most_pulses)
    correct = _correction(writer, wanted, curve, gain)
    cells = writer.cells
    pulses = np.zeros(cells, dtype=np.int64)
    energy, second = np.zeros(cells), np.zeros(cells)
    open_cells = np.ones(cells, dtype=bool)
    volt = np.zeros(cells)
    for turn in itertools.count():
        current = writer.observe(read_path.read_volt, read_path.read_second, rng=rng)
        measured = read_path.measure(current, rng=rng)
        energy += np.where(open_cells, read_path.read_volt * current * read_path.read_second, 0.0)
        second += np.where(open_cells, read_path.read_second, 0.0)
        open_cells = open_cells & (np.abs(measured - wanted) > tolerance)
        if turn == most_pulses or not open_cells.any():
            break
        volt = correct(turn, volt, measured)
        energy += writer.write(volt, open_cells, rng=rng)
        second += np.where(open_cells, writer.write_second(), 0.0)
        pulses += open_cells
    return ProgramResult(
        target=wanted,
        reached=writer.current(read_path.read_volt) / read_path.read_volt,
        pulses=pulses,
        accepted=~open_cells,
        energy_joule=energy,
        second=second,
    )


def _correction(
    writer: Writer, wanted: FloatArray, curve: ProgrammingCurve | None, gain: float
) -> Callable[[int, FloatArray, FloatArray], FloatArray]:
    """Return the rule (turn, last amplitudes, measured) -> next amplitudes."""
    if curve is None or isinstance(writer, PulsedWriter):
        return lambda _turn, _volt, measured: np.where(measured < wanted, 1.0, 0.0)
    aim = curve.volt_for(wanted)

    def next_volt(turn: int, volt: FloatArray, measured: FloatArray) -> FloatArray:
        return aim if turn == 0 else volt + gain * (aim - curve.volt_for(measured))

    return next_volt


def _targets(writer: Writer, target: ArrayLike) -> FloatArray:
    wanted = checks.non_negative("target", target, "S")
    if wanted.shape not in ((), (writer.cells,)):
        raise ShapeError.about(
            "target",
            got=f"shape {wanted.shape}",
            expected=f"({writer.cells},) or a scalar",
            remedy="give one target for each cell of the writer",
        )
    return np.broadcast_to(wanted, (writer.cells,)).copy()
