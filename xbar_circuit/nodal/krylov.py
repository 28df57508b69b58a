"""Newton with conjugate gradients, for many inputs side by side and for one input of a big array.

The wires are known in closed form (`Lines`), so the device currents ``f(u, w)`` give the node
voltages: ``u = V - f K_r`` on the rows and ``w = K_c f`` on the columns. With ``F_u``, ``F_w`` the
errors of these two equations, a = df/du and b = -df/dw, Newton's step solves

    ``(1 + a . K_r + b K_c .) df = b F_w - a F_u``,

which is Newton on Kirchhoff's current law with the exact Jacobian. Where a = b = D, and where the
cells do not load their rows, ``df = D^(1/2) y`` makes it symmetric positive definite,

    ``(1 + D^(1/2) Z D^(1/2)) y = D^(1/2) (F_w - F_u)``,   ``Z i = K_c i + i K_r``.

Cells with a transistor have slopes that differ by some per cent: D is then the mean of both, the
right side stays exact, and what is left of the error falls by ``|a - b| / (a + b)`` times the
relative IR drop at each step.

If wires are bad enough to need it, conjugate gradients are preconditioned by the same with one mean
D, which the eigenvectors of K_r and K_c diagonalise. How far CG goes follows Newton's own residual
(S. C. Eisenstat and H. F. Walker, SIAM J. Sci. Comput. 17, 16, 1996). A step that raises the error
is halved. A sample has converged when the currents that the cells carry at the node voltages differ
from those that the wires carry by no more than ``tolerance`` times the largest branch current. A
sample that does not get there is solved alone by `Newton`'s sparse direct steps.

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
from xbar_circuit.nodal.conjugate import Operator, conjugate_gradients
from xbar_circuit.nodal.hierarchical import slopes
from xbar_circuit.nodal.lines import Lines
from xbar_circuit.nodal.method import refuse_nonlinear
from xbar_circuit.nodal.newton import Newton, answer
from xbar_circuit.nodal.threads import spread, threads
from xbar_circuit.result import NodeVoltages, ReadResult

__all__ = ["NewtonKrylov", "PreparedKrylov"]

IntArray = NDArray[np.int64]
_Solved = tuple[FloatArray, FloatArray, FloatArray, IntArray, NDArray[np.bool_]]

_CELLS_AT_ONCE = 1 << 15
_MILD = 6.0
_SMALLEST_STEP = 2.0**-10
_ASYMMETRY = 0.5  # beyond it the mean of both slopes is no guide


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
        self._lines = Lines.of(crossbar)

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
            sample = _Newton(self._method, self._crossbar, self._lines, clean[part])
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


class _Newton:
    """The iteration of one batch of samples."""

    def __init__(
        self, method: NewtonKrylov, crossbar: Crossbar, lines: Lines, volts: FloatArray
    ) -> None:
        self._method, self._bar, self._lines = method, crossbar, lines
        self._open = np.flatnonzero(crossbar.conductance.ravel() == 0.0)
        self._loads_row = crossbar.cell.loads_row
        shape = (len(volts), *crossbar.shape)
        self._volts = volts[:, :, np.newaxis]
        self.u, self.w = np.array(np.broadcast_to(self._volts, shape)), np.zeros(shape)
        self.current = np.full((len(volts), crossbar.cols), np.nan)  # of the columns
        self.iterations = np.zeros(len(volts), dtype=np.int64)
        self.converged = np.zeros(len(volts), dtype=bool)
        # where each sample's last step began, its error there, and how much of the step is left
        self._from_u, self._from_w = self.u.copy(), self.w.copy()
        self._error = np.full(len(volts), np.inf)
        self._fraction = np.ones(len(volts))

    def run(self) -> None:
        """Iterate until every sample has converged or given up."""
        bar, method = self._bar, self._method
        active = np.arange(len(self.u))
        slope = np.broadcast_to(slopes(bar), self.u.shape)
        first = 0.03 * method.tolerance if bar.cell.linear else 0.03
        start = self._errors(active, slope * self.u)
        self._advance(active, slope, slope, start, np.full(len(active), first))
        for _ in range(method.steps + 1):
            current, a, b = self._respond(active)
            errors = self._errors(active, current)
            size, peak = _mismatch(errors, current, a, b)
            good = (size <= method.tolerance * peak) & np.isfinite(peak)
            self._settle(active[good], errors[0][good], errors[1][good])
            self.current[active[good]] = current[good].sum(axis=1)
            worse = ~good & ~((size < self._error[active]) & np.isfinite(peak))
            self._halve(active[worse])
            on = ~good & ~worse & (self.iterations[active] < method.steps)
            ahead = active[on]
            self._error[ahead] = size[on]
            relative = size[on] / peak[on]
            forcing = np.clip(relative, 0.03 * method.tolerance / relative, 0.03)
            left = (errors[0][on], errors[1][on])
            if ahead.size:
                self._advance(ahead, a[on], b[on], left, forcing)
            on |= worse & (self._fraction[active] > _SMALLEST_STEP)
            active = active[on]
            if active.size == 0:
                return

    def _respond(self, active: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return currents and slopes a = df/du, b = -df/dw, 0 where open."""
        response = self._bar.cell.respond(self.u[active], self.w[active], self._bar.conductance)
        parts = response.current, response.row_slope, -response.column_slope
        if self._open.size:
            parts = np.array(parts[0]), np.array(parts[1]), np.array(parts[2])
            for part in parts:
                part.reshape(len(active), -1)[:, self._open] = 0.0
        return parts

    def _errors(self, active: IntArray, current: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return F_u and F_w [V]."""
        with np.errstate(over="ignore", invalid="ignore"):
            fw = self.w[active] - self._lines.column.drop_across(current)
            if not self._loads_row:
                return np.zeros_like(fw), fw
            fu = self.u[active] + self._lines.row.drop_along(current)
            fu -= self._volts[active]
            return fu, fw

    def _settle(self, good: IntArray, fu: FloatArray, fw: FloatArray) -> None:
        """Let the wires of converged samples carry exactly what the cells do."""
        self.converged[good] = True
        self.u[good] -= fu
        self.w[good] -= fw

    def _halve(self, worse: IntArray) -> None:
        """Go back half of the last step."""
        self._fraction[worse] *= 0.5
        for now, begin in ((self.u, self._from_u), (self.w, self._from_w)):
            now[worse] = 0.5 * (now[worse] + begin[worse])

    def _advance(
        self,
        active: IntArray,
        a: FloatArray,
        b: FloatArray,
        errors: tuple[FloatArray, FloatArray],
        forcing: FloatArray,
    ) -> None:
        """Take a whole Newton step, to be judged afterwards."""
        self.iterations[active] += 1
        self._fraction[active] = 1.0
        self._from_u[active], self._from_w[active] = self.u[active], self.w[active]
        fu, fw = errors
        lopsided = np.zeros(len(active), dtype=bool)
        if self._loads_row and a is not b:
            lopsided = np.abs(a - b).max(axis=(1, 2)) > _ASYMMETRY * np.abs(b).max(axis=(1, 2))
            root = np.sqrt(np.maximum(0.5 * (a + b), 0.0))
            known = np.divide(b * fw - a * fu, root, out=np.zeros_like(root), where=root > 0.0)
        else:
            root = np.sqrt(np.maximum(b, 0.0))
            known = root * (fw - fu)
        solution, _ = self._solve(root, known, forcing)
        change = root * solution
        change[lopsided] = np.nan  # not for conjugate gradients: the direct method takes it
        self.w[active] += self._lines.column.drop_across(change) - fw
        if self._loads_row:
            self.u[active] -= self._lines.row.drop_along(change) + fu

    def _solve(
        self, root: FloatArray, right: FloatArray, forcing: FloatArray
    ) -> tuple[FloatArray, IntArray]:
        """Solve for y, see the module's text."""
        lines, loads_row = self._lines, self._loads_row

        def operator(y: FloatArray, which: IntArray) -> FloatArray:
            own = root if len(which) == len(root) else root[which]
            image = lines.drop(own * y, loads_row=loads_row)
            image *= own
            image += y
            return image

        mean = np.einsum("bij,bij->b", root, root) / root[0].size
        largest = lines.column.largest + (lines.row.largest if loads_row else 0.0)
        bad = bool((mean * largest > _MILD).any())
        return conjugate_gradients(
            operator,
            right,
            forcing,
            precondition=self._preconditioner(mean) if bad else None,
            limit=self._method.iterations,
        )

    def _preconditioner(self, mean: FloatArray) -> Operator:
        """Return ``(1 + D Z)^-1`` with one mean D for each sample."""
        column_ohm, column = self._lines.column.modes
        row_ohm, row = self._lines.row.modes
        total = column_ohm[:, np.newaxis] + (row_ohm if self._loads_row else 0.0)

        def precondition(y: FloatArray, which: IntArray) -> FloatArray:
            modes = np.matmul(column.T, y) @ row
            modes /= 1.0 + mean[which, np.newaxis, np.newaxis] * total
            return np.asarray(np.matmul(column, modes) @ row.T)

        return precondition


def _mismatch(
    errors: tuple[FloatArray, FloatArray], current: FloatArray, a: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the largest current error and the largest branch current, (batch,) [A]."""
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(a * errors[0] - b * errors[1]).max(axis=(1, 2))
        peak = np.maximum(
            np.abs(current.sum(axis=1)).max(axis=1), np.abs(current.sum(axis=2)).max(axis=1)
        )
    peak = np.maximum(peak, np.abs(current).max(axis=(1, 2)))
    return size, np.where(peak > 0.0, peak, 1.0)
