"""Nonlinear cells at the speed of linear ones: a correction fitted to Newton's solutions.

An array of nonlinear cells has no transfer matrix, and solving it anew for every patch of every
image would take days. But its columns' currents are close to two products. One is that of the
voltages with the transfer matrix T of the array whose cells have their zero-bias conductance, ``a =
V T``. The other adds what the cells' law gives beyond that without wires, ``b = a + s(V) B``: s is
the surplus of a typical cell's current over the voltage, from -1 to 1, and B what a cell of each
conductance has of it at the read voltage, attenuated as T is. What wires and nonlinearity do to
each other depends on how much current loads the column and on how far the column is from the
drivers, so

    ``I = a c0 + b (c1 + c2 |a| + c3 |b|)``,  each c linear in the column's place.

The eight numbers are fitted, layer by layer, to Newton's solutions of some of its tiles for inputs
that occur in it, and judged by others. Linear cells need none of this and get none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbar_circuit import nodal
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.checks import FloatArray
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import Cell

__all__ = ["Correction", "fit", "moments", "places"]

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
    gain
        Digital factor that gives the layer's products the size of the exact ones.
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
    gain: float = 1.0

    def surplus(self, volts: Reals) -> Reals:
        """Return ``s(V)``, same shape and kind."""
        grid = np.linspace(-self.read_volt, self.read_volt, len(self.shape))
        return np.interp(volts, grid, self.shape).astype(volts.dtype)

    def surplus_matrix(self, transfer: FloatArray) -> FloatArray:
        """Return B (rows, cols) [A]: what ``s = 1`` adds to the columns' currents without wires.

        The cell's conductance is taken to be what the transfer shows of it.
        """
        one = np.full(1, self.typical_siemens)
        apparent = self.typical_siemens / self.cell.zero_bias_conductance(one)[0]
        least, most = self.typical_siemens * 1e-2, self.typical_siemens * 1e2
        held = np.clip(transfer * apparent, least, max(most, float(transfer.max()) * apparent))
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

    def read(self, volts: Reals, transfer: Reals) -> Reals:
        """Return the column currents of a whole tile (vectors, cols) [A]."""
        straight = volts @ transfer
        extra = self.surplus_matrix(transfer.astype(np.float64)).astype(transfer.dtype)
        bent = straight + self.surplus(volts) @ extra
        return self.currents(straight, bent, places(transfer.shape[1]).astype(transfer.dtype))


def places(columns: int) -> FloatArray:
    """Return the place of each column, from 0 at the drivers to 1 (columns,)."""
    return np.arange(columns) / max(columns - 1, 1)


def moments(accelerator: Accelerator, codes: FloatArray, highest: float) -> FloatArray:
    """Return row voltages of single moments for input codes (vectors, rows) [V].

    With inputs as voltages the voltages themselves; bit by bit, each vector shows one of its bits;
    with pulse widths, the drivers that are still on after a share of the time.
    """
    volt, count = accelerator.read_volt, len(codes)
    if accelerator.input_coding == "bit serial":
        bits = np.arange(count)[:, None] % int(highest).bit_length()
        on = (np.abs(codes).astype(np.int64) >> bits) & 1
        return volt * np.sign(codes) * on
    if accelerator.input_coding == "pulse width":
        share = (np.arange(count)[:, None] % 8 + 0.5) / 8
        return volt * np.sign(codes) * (np.abs(codes) > share * highest)
    return codes * (volt / highest)


def fit(
    accelerator: Accelerator,
    tiles: Sequence[tuple[Crossbar, FloatArray, FloatArray]],
) -> Correction:
    """Fit the correction of a layer.

    Parameters
    ----------
    accelerator
        Its cell and read voltage.
    tiles
        Of some of its tiles: the circuit, the zero-bias transfer (rows, cols) [S], and row
        voltages that occur (vectors, rows) [V].

    Raises
    ------
    ConvergenceError
        Newton did not converge.
    """
    cell = accelerator.cell
    held = np.concatenate([crossbar.conductance.ravel() for crossbar, _, _ in tiles])
    typical = float((held**2).sum() / held.sum()) if held.any() else 1e-6
    grid = np.linspace(-accelerator.read_volt, accelerator.read_volt, _KNOTS)
    one = np.full(1, typical)
    over = cell.respond(grid, np.zeros(1), one).current / cell.zero_bias_conductance(one) - grid
    most = float(over[-1])
    linear = abs(most) < 1e-12 * accelerator.read_volt
    start = Correction(
        coefficients=np.zeros((4, 2)),
        load_ampere=1.0,
        cell=cell,
        typical_siemens=typical,
        read_volt=accelerator.read_volt,
        shape=np.zeros(_KNOTS) if linear else over / most,
        held_out=0,
        rms=np.nan,
        worst=np.nan,
        linear_rms=np.nan,
    )
    straight, bent, exact, place, judged = [], [], [], [], []
    count = 0
    for crossbar, transfer, volts in tiles:
        plain = volts @ transfer
        straight.append(plain.ravel())
        bent.append((plain + start.surplus(volts) @ start.surplus_matrix(transfer)).ravel())
        exact.append(nodal.read(crossbar, volts).column_current.ravel())
        place.append(np.tile(places(crossbar.cols), len(volts)))
        judges = np.isin(np.arange(len(volts)) % 8, _JUDGES)
        count += int(judges.sum())
        judged.append(np.repeat(judges, crossbar.cols))
    a, b, y, x = (np.concatenate(parts) for parts in (straight, bent, exact, place))
    rest = np.concatenate(judged)
    load = float(np.abs(a).max()) or 1.0
    terms = np.stack([a, b, b * np.abs(a) / load, b * np.abs(b) / load], axis=1)
    basis = np.concatenate([terms, terms * x[:, None]], axis=1)
    found = np.linalg.lstsq(basis[~rest], y[~rest], rcond=1e-9)[0]
    full = float(np.abs(y).max()) or 1.0
    error, without = ((v[rest] - y[rest]) / full for v in (basis @ found, a))
    return replace(
        start,
        coefficients=found.reshape(2, 4).T.copy(),
        load_ampere=load,
        held_out=count,
        rms=float(np.sqrt(np.mean(error**2))) if error.size else np.nan,
        worst=float(np.abs(error).max()) if error.size else np.nan,
        linear_rms=float(np.sqrt(np.mean(without**2))) if error.size else np.nan,
    )
