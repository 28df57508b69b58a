"""The voltage drop along wires for given currents: the inverse of a chain, written down.

A wire that is held at its ends and gives the current ``I_k`` at cell k drops

    ``d_j = sum_k K_jk I_k``,   ``K_jk = a + min(j, k) r - (a + j r)(a + k r) / (a + (n-1) r + b)``,

with a and b the resistances from the first and last cell to where the wire is held and r that of a
segment; an end that is not connected has b (or a) infinite, and a wire without resistance has
r = 0, so nothing is special about either. K is symmetric and positive semidefinite. Short wires
take the matrix itself; on long ones the sums run along the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xbar_circuit._backend import Array, add_matmul, backend_of, is_numpy, namespace
from xbar_circuit._checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.nodal.hierarchical import held_ends
from xbar_circuit.wires import Terminals, Wires

__all__ = ["Lines", "Wire"]

_LONG = 400


class Wire:
    """Equal wires of `cells` cells: segments of `segment_ohm`, ends to where they are held [ohm].

    At least one of `first_ohm`, `last_ohm` is not None.
    """

    def __init__(
        self, cells: int, segment_ohm: float, first_ohm: float | None, last_ohm: float | None
    ) -> None:
        self.cells = cells
        self._flip = first_ohm is None
        near, far = (last_ohm, first_ohm) if self._flip else (first_ohm, last_ohm)
        self._near = 0.0 if near is None else near
        self._segment = segment_ohm
        self._elsewhere: dict[tuple[str, str], Array] = {}
        # drop of a unit current into the far end of the wire that only the near end holds
        self._profile = self._near + segment_ohm * np.arange(cells)
        whole = None if far is None else float(self._profile[-1]) + far
        self._return: float | None = None
        if whole is not None:
            self._return = 1.0 / whole if whole > 0.0 else 0.0

    @cached_property
    def matrix(self) -> FloatArray:
        """The matrix K (cells, cols) [ohm]."""
        k = np.arange(self.cells)
        matrix: FloatArray = self._near + self._segment * np.minimum.outer(k, k)
        if self._return is not None:
            matrix = matrix - self._return * np.outer(self._profile, self._profile)
        return np.ascontiguousarray(matrix[::-1, ::-1]) if self._flip else matrix

    @cached_property
    def matrix_diagonal(self) -> FloatArray:
        """How far each node rises with a unit current into it (cells,) [ohm]."""
        diagonal = np.array(self._profile, dtype=np.float64)
        if self._return is not None:
            diagonal -= self._return * self._profile**2
        return diagonal[::-1] if self._flip else diagonal

    @cached_property
    def modes(self) -> tuple[FloatArray, FloatArray]:
        """Eigenvalues [ohm] and orthonormal eigenvectors (in columns) of the matrix."""
        values, vectors = np.linalg.eigh(self.matrix)
        return np.maximum(values, 0.0), vectors

    @property
    def largest(self) -> float:
        """An upper bound of the eigenvalues [ohm]: the trace."""
        trace = float(self._profile.sum())
        if self._return is not None:
            trace -= self._return * float(self._profile @ self._profile)
        return trace

    def _matrix_like(self, current: Array) -> Array:
        """Return the matrix in the precision and on the device of an array."""
        if is_numpy(current) and current.dtype == np.float64:
            return self.matrix
        place = backend_of(current)
        key = (str(place.device), str(current.dtype))
        if key not in self._elsewhere:
            self._elsewhere[key] = place.xp.asarray(
                self.matrix, dtype=current.dtype, device=place.device
            )
        return self._elsewhere[key]

    def drop_along(self, current: Array) -> Array:
        """Return the drop for wires along the last axis (..., cells) [V]."""
        if self.cells <= _LONG or not is_numpy(current) or current.dtype != np.float64:
            return namespace(current).matmul(current, self._matrix_like(current))
        if self._flip:
            current = current[..., ::-1]
        beyond = np.cumsum(current[..., ::-1], axis=-1)[..., ::-1]
        beyond[..., 1:] *= self._segment
        beyond[..., 0] *= self._near
        drop = np.cumsum(beyond, axis=-1)
        return self._both_ends(current, drop)

    def add_drop_along(self, current: Array, total: Array, sign: float = 1.0) -> None:
        """Add the drop for wires along the last axis, or take it off, in place."""
        if is_numpy(current):
            drop = self.drop_along(current)
            total += drop if sign == 1.0 else sign * drop
        else:
            add_matmul(total, current, self._matrix_like(current), sign)

    def _both_ends(self, current: FloatArray, drop: FloatArray) -> FloatArray:
        if self._return is not None:
            share = self._return * (current @ self._profile)
            drop -= share[..., np.newaxis] * self._profile
        return drop[..., ::-1] if self._flip else drop

    def drop_across(self, current: Array) -> Array:
        """Return the drop for wires along the axis before the last (..., cells, wires) [V]."""
        if self.cells <= _LONG or not is_numpy(current) or current.dtype != np.float64:
            return namespace(current).matmul(self._matrix_like(current), current)
        return self.drop_along(np.ascontiguousarray(current.swapaxes(-1, -2))).swapaxes(-1, -2)


@dataclass(frozen=True, slots=True)
class Lines:
    """The word lines (along the last axis) and bit lines of a crossbar."""

    row: Wire
    column: Wire

    @classmethod
    def of(cls, crossbar: Crossbar) -> Lines:
        """Return the wires of `crossbar`, held by its terminals."""
        return cls.between(crossbar.shape, crossbar.wires, crossbar.terminals)

    @classmethod
    def between(cls, shape: tuple[int, int], wires: Wires, terminals: Terminals) -> Lines:
        """Return the wires of arrays of a shape, held by their terminals."""
        rows, cols = shape
        ends = held_ends(wires, terminals)
        return cls(
            Wire(cols, wires.row_ohm, ends.left, ends.right),
            Wire(rows, wires.column_ohm, ends.top, ends.bottom),
        )

    @property
    def long(self) -> bool:
        """Whether a wire is so long that sums along it beat its matrix."""
        return max(self.row.cells, self.column.cells) > _LONG

    def drop(self, current: Array, *, loads_row: bool) -> Array:
        """Return how far device currents (batch, rows, cols) lower the device voltages [V]."""
        total = self.column.drop_across(current)
        if loads_row:
            self.row.add_drop_along(current, total)
        return total
