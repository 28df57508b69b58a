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

On the processor, where every wire and end has resistance, the same system is solved by lines
instead (`_line_steps`): few iterations, each O(n^2), for any slopes a and b.

The first step takes the slopes at 0 V or, for cells that open with the voltage (selectors, diodes),
those at the inputs.

How far conjugate gradients go follows Newton's own residual (S. C. Eisenstat and H. F. Walker, SIAM
J. Sci. Comput. 17, 16, 1996). A sample has converged when ``max |c - f|`` is no more than
``tolerance`` times the largest branch current and the column currents are certain (`wire_bound`).
What does not get there is solved by `Newton`'s direct steps.

A few samples at a time fill the processor's cache; these parts of a batch are shared out to
threads, and a part's numbers do not depend on who computes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._backend import backend
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal._batch import BatchNewton
from xbar_circuit.nodal._corrections import Corrections
from xbar_circuit.nodal._lines import Lines
from xbar_circuit.nodal._threads import spread, threads
from xbar_circuit.nodal.direct import Solved
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.newton import Newton, answer
from xbar_circuit.result import ReadResult

__all__ = ["NewtonKrylov", "PreparedKrylov"]

_CELLS_AT_ONCE = 1 << 15
_CELLS_ON_CARD = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NewtonKrylov:
    """Batched Newton with conjugate gradients; a sample that fails is solved directly.

    Parameters
    ----------
    tolerance
        Current error to reach, relative to the largest branch current.
    steps
        Largest number of Newton steps per sample before it is solved directly.
    iterations
        Largest number of CG iterations per Newton step.
    fallback
        What solves the samples that fail; None raises at once.
    device
        Where to iterate: ``"cuda"`` for a graphics card, None for the processor. Cells whose law is
        known to NumPy only are asked there. The fallback runs on the processor.

    Raises
    ------
    ParameterError
        A setting is out of range, or the device is not there.
    """

    tolerance: float = 1e-12
    steps: int = 40
    iterations: int = 400
    fallback: Newton | None = field(default_factory=Newton)
    device: str | None = None

    def __post_init__(self) -> None:
        backend(self.device)
        tolerance = checks.number("tolerance", self.tolerance, "1", above=True, maximum=1e-3)
        object.__setattr__(self, "tolerance", tolerance)
        for name in ("steps", "iterations"):
            object.__setattr__(self, name, checks.count(name, getattr(self, name)))

    def prepare(self, crossbar: Crossbar) -> PreparedKrylov:
        """Return the array ready for reads.

        Parameters
        ----------
        crossbar
            The array, of any cells.

        Returns
        -------
        PreparedKrylov
            The array, ready for many reads.
        """
        return PreparedKrylov(crossbar, self)


class PreparedKrylov:
    """A crossbar of any cells with the closed form of its wires."""

    def __init__(self, crossbar: Crossbar, method: NewtonKrylov) -> None:
        self._crossbar = crossbar
        self._method = method
        self._place = backend(method.device)
        self._slope = slopes(crossbar)
        self._corrections = Corrections(
            Lines.of(crossbar), loads_row=crossbar.cell.loads_row, limit=method.iterations
        )

    @property
    def crossbar(self) -> Crossbar:
        """What was prepared."""
        return self._crossbar

    def transfer(self) -> FloatArray:
        """Return the transfer matrix of linear cells, found by a read for each row.

        Returns
        -------
        array
            (rows, cols) [S].

        Raises
        ------
        ParameterError
            The cells are not linear.
        """
        refuse_nonlinear(self._crossbar, "transfer()")
        return self.read(np.eye(self._crossbar.rows)).column_current

    def read(self, volts: ArrayLike) -> ReadResult:
        """Solve for inputs; see `Prepared.read`.

        Parameters
        ----------
        volts
            (batch, rows) or (rows,) [V].

        Returns
        -------
        ReadResult
            Node voltages and currents, and the number of iterations of each sample.
        """
        clean = checks.read_volts("volts", volts, self._crossbar.rows)
        solved = Solved.empty(self._crossbar, len(clean))
        place = self._place
        at_once = _CELLS_AT_ONCE if place.numpy else _CELLS_ON_CARD
        step = max(1, at_once // self._crossbar.conductance.size)

        def some(start: int) -> None:
            part = slice(start, start + step)
            sample = BatchNewton(
                self._method,
                self._crossbar,
                self._corrections,
                clean[part],
                place,
                slope=self._slope,
            )
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                sample.run()
            solved.row[part], solved.column[part] = place.get(sample.u), place.get(sample.w)
            solved.current[part] = sample.current
            solved.error[part], solved.scale[part] = sample.error, sample.scale
            solved.iterations[part], solved.converged[part] = sample.iterations, sample.converged

        with threads() as count:
            spread(some, range(0, len(clean), step), count if place.numpy else 1)
        self._fall_back(solved, clean)
        return answer(self._crossbar, clean, solved, engine="nodal: Newton, conjugate gradients")

    def _fall_back(self, solved: Solved, volts: FloatArray) -> None:
        """Solve the failed samples directly, in place."""
        failed = np.flatnonzero(~solved.converged)
        if failed.size == 0 or self._method.fallback is None:
            return
        method = replace(self._method.fallback, tolerance=self._method.tolerance)
        solved.replace(failed, method.prepare(self._crossbar).solve(volts[failed]))
