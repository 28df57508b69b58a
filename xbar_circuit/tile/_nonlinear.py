"""Nonlinear cells at the speed of linear ones: a correction fitted to Newton's solutions.

An array of nonlinear cells has no transfer matrix, and solving it again for every patch of every
image would take days. But its columns' currents are close to two products. One is that of the
voltages with the transfer matrix T of the array whose cells have their zero-bias conductance, ``a =
V T``. The other adds what the cells' law gives beyond that without wires, ``b = a + s(V) B``: s is
the surplus of a typical cell's current over the voltage, from -1 to 1, and B what a cell of each
conductance has of it at the read voltage, attenuated as T is. What wires and nonlinearity do to
each other depends on how much current loads the column and on how far the column is from the
drivers, so

    ``I = a c0 + b (c1 + c2 |a| + c3 |b|)``,  each c linear in the column's place.

The eight numbers are fitted to Newton's solutions of some tiles of one kind for inputs that occur
in them, and judged by others. Cells whose rows drive gates have no conductance at zero bias: for
them ``a`` is 0, s the shape of a typical cell's current over the gate's voltage, and B what each
cell gives at the full one. Linear cells need none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import nodal
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices import Cell
from xbar_circuit.tile.tile import Tile

__all__ = ["CorrectedArray", "Correction", "fit", "moments"]

Reals = NDArray[Any]

_KNOTS = 513
_JUDGES = (3, 6)  # of every eight inputs, these judge the fit: a middle one and a full one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correction:
    """What turns products with a linear array's transfer into a nonlinear array's currents.

    Parameters
    ----------
    coefficients
        (4, 2): c0 to c3, each at the first column and what is added up to the last.
    load_ampere
        Current by which `|a|` and `|b|` are divided [A].
    cell
        Whose law it is.
    typical_siemens
        Conductance at which the surplus has its shape [S].
    read_volt
        The surplus is known from minus this to this [V].
    shape
        ``s(V)`` on equal steps of that range; 1 at the read voltage.
    held_out
        Inputs that judged the fit.
    rms, worst
        Their error against Newton, relative to the largest current.
    linear_rms
        The same without the correction: zero-bias conductances.
    """

    coefficients: FloatArray
    load_ampere: float
    cell: Cell
    typical_siemens: float
    read_volt: float
    shape: FloatArray
    held_out: int
    rms: float
    worst: float
    linear_rms: float

    def of_cell(self, cell: Cell) -> Correction:
        """Return it with the law of another cell, such as the same one warmer.

        The law's shape and size are then that cell's; what wires and nonlinearity do to each other
        stays as fitted, and so do the stated errors, which are those of the fit.
        """
        if cell == self.cell:
            return self
        return replace(self, cell=cell, shape=_shape(cell, self.typical_siemens, self.read_volt))

    def surplus(self, volts: Reals) -> Reals:
        """Return ``s(V)``, same shape and kind."""
        grid = np.linspace(-self.read_volt, self.read_volt, len(self.shape))
        return np.interp(volts, grid, self.shape).astype(volts.dtype)

    def surplus_matrix(self, transfer: FloatArray) -> FloatArray:
        """Return B (rows, cols) [A]: what ``s = 1`` adds to the columns' currents without wires.

        A cell's conductance is taken to be what the transfer shows of it; of cells whose rows drive
        gates, `transfer` is what they hold.
        """
        if not self.cell.loads_row:
            full = np.full_like(transfer, self.read_volt)
            return np.asarray(self.cell.respond(full, np.zeros_like(transfer), transfer).current)
        one = np.full(1, self.typical_siemens)
        apparent = self.typical_siemens / self.cell.zero_bias_conductance(one)[0]
        least, most = self.typical_siemens * 1e-2, self.typical_siemens * 1e2
        held = np.clip(transfer * apparent, least, max(most, float(transfer.max()) * apparent))
        known = getattr(self.cell, "range_siemens", None)  # a table's, or the states' of a device
        held = held if known is None else np.clip(held, *known)
        full, zero = np.full_like(held, self.read_volt), np.zeros_like(held)
        current = self.cell.respond(full, zero, held).current
        share = current / self.cell.zero_bias_conductance(held) - self.read_volt
        return np.asarray(transfer * share)

    def currents(self, straight: Reals, bent: Reals, place: Reals) -> Reals:
        """Return the currents (vectors, cols) of products a and b of the same shape [A].

        place : of each column, from 0 to 1 (cols,).
        """
        c = self.coefficients.astype(straight.dtype)
        c0, c1, c2, c3 = (c[k, 0] + c[k, 1] * place for k in range(4))
        load = straight.dtype.type(self.load_ampere)
        result: Reals = straight * c0 + bent * (
            c1 + c2 / load * np.abs(straight) + c3 / load * np.abs(bent)
        )
        return result


class CorrectedArray:
    """A tile's array by its correction, in single precision, in place of its transfer matrix.

    Parameters
    ----------
    correction
        Correction of its layer.
    transfer
        Transfer with the cells' conductances at zero bias (rows, cols) [S]; of cells whose rows
        drive gates, their conductances.
    """

    def __init__(self, correction: Correction, transfer: FloatArray) -> None:
        self._correction = correction
        straight = transfer if correction.cell.loads_row else np.zeros_like(transfer)
        self._straight = straight.astype(np.float32)
        self._extra = correction.surplus_matrix(transfer).astype(np.float32)
        self._place = _column_positions(transfer.shape[1]).astype(np.float32)

    def column_current(self, volts: Reals, *, pulses: bool) -> Reals:
        """Return the column currents (batch, cols), float32 [A].

        Parameters
        ----------
        volts
            Mean row voltages (batch, rows) [V].
        pulses
            Whether the rows are at the full read voltage for their share of the time.
        """
        mean = volts.astype(np.float32, copy=False)
        shape = (
            mean / np.float32(self._correction.read_volt)
            if pulses
            else self._correction.surplus(mean)
        )
        straight = mean @ self._straight
        bent = straight + shape @ self._extra
        return self._correction.currents(straight, bent, self._place)


def moments(tile: Tile, x: FloatArray) -> FloatArray:
    """Return row voltages of single moments for inputs (vectors, inputs) from -1 to 1 [V].

    Of levels the voltages themselves; of several reads, in turn one for each vector; of pulses, the
    drivers that are still on after a share of the time.
    """
    read = tile.one_read(x)
    volts = read.volt
    if read.second is not None:
        share = (np.arange(len(volts))[:, None] % 8 + 0.5) / 8
        volts = np.where(read.second > share * tile.driver.span_second, volts, 0.0)
    return np.asarray(volts - tile.fast_model.input_volt)


def fit(tiles: Sequence[tuple[Tile, FloatArray, FloatArray]]) -> Correction:
    """Fit the correction of tiles of one kind.

    Parameters
    ----------
    tiles
        Some of them: the tile, the transfer (rows, cols) of its loaded array with the cells'
        conductances at zero bias [S] (of gates, what they hold), and inputs from -1 to 1 that occur
        (vectors, inputs).

    Raises
    ------
    ConvergenceError
        Newton did not converge.
    """
    first = tiles[0][0]
    cell, read_volt = first.crossbar.cell, first.warm_driver.full_scale_volt
    held = np.concatenate([tile.crossbar.conductance.ravel() for tile, _, _ in tiles])
    typical = float((held**2).sum() / held.sum()) if held.any() else 1e-6
    shape = _shape(cell, typical, read_volt)
    start = Correction(
        coefficients=np.zeros((4, 2)),
        load_ampere=1.0,
        cell=cell,
        typical_siemens=typical,
        read_volt=read_volt,
        shape=shape,
        held_out=0,
        rms=np.nan,
        worst=np.nan,
        linear_rms=np.nan,
    )
    straight, bent, exact, place, judged = [], [], [], [], []
    count = 0
    for tile, transfer, x in tiles:
        volts = moments(tile, x)
        plain = volts @ (transfer if cell.loads_row else np.zeros_like(transfer))
        straight.append(plain.ravel())
        bent.append((plain + start.surplus(volts) @ start.surplus_matrix(transfer)).ravel())
        exact.append(nodal.read(tile.loaded, volts).column_current.ravel())
        place.append(np.tile(_column_positions(tile.crossbar.cols), len(volts)))
        judges = np.isin(np.arange(len(volts)) % 8, _JUDGES)
        count += int(judges.sum())
        judged.append(np.repeat(judges, tile.crossbar.cols))
    a, b, y, x = (np.concatenate(parts) for parts in (straight, bent, exact, place))
    rest = np.concatenate(judged)
    load = float(np.maximum(np.abs(a), np.abs(b)).max()) or 1.0
    terms = np.stack([a, b, b * np.abs(a) / load, b * np.abs(b) / load], axis=1)
    basis = np.concatenate([terms, terms * x[:, None]], axis=1)
    fitted = np.linalg.lstsq(basis[~rest], y[~rest], rcond=1e-9)[0]
    full = float(np.abs(y).max()) or 1.0
    plain = a if cell.loads_row else b
    error, without = ((v[rest] - y[rest]) / full for v in (basis @ fitted, plain))
    return replace(
        start,
        coefficients=fitted.reshape(2, 4).T.copy(),
        load_ampere=load,
        held_out=count,
        rms=float(np.sqrt(np.mean(error**2))) if error.size else np.nan,
        worst=float(np.abs(error).max()) if error.size else np.nan,
        linear_rms=float(np.sqrt(np.mean(without**2))) if error.size else np.nan,
    )


def _shape(cell: Cell, typical: float, read_volt: float) -> FloatArray:
    """Return ``s`` on equal steps of voltage: 1 at the read voltage, or 0 of a linear cell."""
    grid, one = np.linspace(-read_volt, read_volt, _KNOTS), np.full(1, typical)
    current = cell.respond(grid, np.zeros(1), one).current
    over = current
    if cell.loads_row:
        over = current / cell.zero_bias_conductance(one) - grid
    most = float(over[-1])
    if abs(most) < 1e-12 * (read_volt if cell.loads_row else read_volt * typical):
        return np.zeros(_KNOTS)
    return np.asarray(over / most)


def _column_positions(columns: int) -> FloatArray:
    """Return the place of each column, from 0 at the drivers to 1 (columns,)."""
    return np.arange(columns) / max(columns - 1, 1)
