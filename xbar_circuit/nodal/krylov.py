"""Newton with conjugate gradients, for many inputs side by side and for one input of a big array.

The wires are known in closed form (`Lines`): device currents f put the nodes at ``u = V - f K_r``
on the rows and ``w = K_c f`` on the columns. The state is f with its u and w; the cells would carry
``c(u, w)`` there. With the slopes a = dc/du and b = -dc/dw, Newton's step solves

    ``(1 + a . K_r + b K_c .) df = c - f``,

which is Newton on Kirchhoff's current law with the exact Jacobian. Where a = b = D, and where the
cells do not load their rows, ``df = R y`` with ``R = D^(1/2)`` makes it symmetric and positive,

    ``(1 + R Z R) y = (c - f) / R``,   ``Z i = K_c i + i K_r``.

Cells with a transistor have slopes that differ by some per cent: D is then the mean of both, the
right side stays exact, and what is left of the error falls by ``|a - b| / (a + b)`` times the
relative IR drop at each step.

How far conjugate gradients go follows Newton's own residual (S. C. Eisenstat and H. F. Walker, SIAM
J. Sci. Comput. 17, 16, 1996). A sample has converged when ``max |c - f|`` is no more than
``tolerance`` times the largest branch current. A sample that does not get there is solved alone by
`Newton`'s sparse direct steps.

A few samples at a time fill the processor's cache; these parts of a batch are shared out to
threads, and a part's numbers do not depend on who computes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.nodal.batch import BatchNewton
from xbar_circuit.nodal.corrections import Corrections
from xbar_circuit.nodal.lines import Lines
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.newton import Newton, answer
from xbar_circuit.nodal.threads import spread, threads
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["NewtonKrylov", "PreparedKrylov"]

IntArray = NDArray[np.int64]
_Solved = tuple[FloatArray, FloatArray, FloatArray, IntArray, NDArray[np.bool_]]

_CELLS_AT_ONCE = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class NewtonKrylov:
    """Batched Newton with conjugate gradients; a sample that fails is solved directly.

    Parameters
    ----------
    tolerance
        Current error to reach, relative to the largest branch current.
    steps
        Largest number of Newton steps a sample before it is solved directly.
    iterations
        Largest number of CG iterations a Newton step.
    fallback
        What solves the samples that fail; None raises at once.

    Raises
    ------
    ParameterError
        A setting is out of range.
    """

    tolerance: float = 1e-12
    steps: int = 40
    iterations: int = 400
    fallback: Newton | None = field(default_factory=Newton)

    def __post_init__(self) -> None:
        tolerance = checks.number("tolerance", self.tolerance, "1", above=True, maximum=1e-3)
        object.__setattr__(self, "tolerance", tolerance)
        for name in ("steps", "iterations"):
            object.__setattr__(self, name, checks.count(name, getattr(self, name)))

    def prepare(self, crossbar: Crossbar) -> PreparedKrylov:
        """Return the array ready for reads; see :class:`PreparedKrylov`."""
        return PreparedKrylov(crossbar, self)


class PreparedKrylov:
    """A crossbar of any cells with the closed form of its wires."""

    def __init__(self, crossbar: Crossbar, method: NewtonKrylov) -> None:
        self._crossbar = crossbar
        self._method = method
        self._corrections = Corrections(
            Lines.of(crossbar), loads_row=crossbar.cell.loads_row, limit=method.iterations
        )

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def transfer(self) -> FloatArray:
        """Return the transfer matrix (rows, cols) [S] of a linear array; see `Prepared`."""
        refuse_nonlinear(self._crossbar, "transfer()")
        return self.read(np.eye(self._crossbar.rows)).column_current

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs (batch, rows) or (rows,) [V]; see `Prepared.read`."""
        clean = checks.read_volts("volts", volts, self._crossbar.rows)
        shape = (len(clean), *self._crossbar.shape)
        row, column = np.empty(shape), np.empty(shape)
        current = np.empty((len(clean), self._crossbar.cols))
        iterations = np.zeros(len(clean), dtype=np.int64)
        converged = np.zeros(len(clean), dtype=bool)
        step = max(1, _CELLS_AT_ONCE // self._crossbar.conductance.size)

        def some(start: int) -> None:
            part = slice(start, start + step)
            sample = BatchNewton(self._method, self._crossbar, self._corrections, clean[part])
            with np.errstate(over="ignore", invalid="ignore"):
                sample.run()
            row[part], column[part], current[part] = sample.u, sample.w, sample.current
            iterations[part], converged[part] = sample.iterations, sample.converged

        with threads() as count:
            spread(some, range(0, len(clean), step), count)
        self._fall_back((row, column, current, iterations, converged), clean)
        return answer(
            self._crossbar,
            clean,
            NodeVoltages(row=row, column=column),
            current,
            engine="nodal: Newton, conjugate gradients",
            iterations=iterations,
            converged=converged,
        )

    def _fall_back(self, solved: _Solved, volts: FloatArray) -> None:
        """Solve the failed samples directly, in place."""
        row, column, current, iterations, converged = solved
        failed = np.flatnonzero(~converged)
        if failed.size == 0 or self._method.fallback is None:
            return
        method = replace(self._method.fallback, tolerance=self._method.tolerance)
        try:
            result = method.prepare(self._crossbar).read(volts[failed])
        except ConvergenceError as error:
            if not isinstance(error.result, ReadResult):
                raise
            result = error.result
        row[failed], column[failed] = result.row_voltage, result.column_voltage
        current[failed] = result.column_current
        iterations[failed] += result.iterations
        converged[failed] = result.converged
