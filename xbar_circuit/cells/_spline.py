"""Cubic B-splines on uniform knots (de Boor, A Practical Guide to Splines, 1978)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.cells.table_axis import TableAxis

__all__ = ["evaluate", "spline_coefficients", "weight_slopes", "weights"]

_NOT_A_KNOT = (-1.0, 4.0, -6.0, 4.0, -1.0)  # the fourth difference is 0: exact for cubics


def evaluate(
    coefficients: FloatArray,
    axes: tuple[TableAxis, TableAxis],
    volts: tuple[FloatArray, FloatArray],
    levels: tuple[NDArray[np.int64], FloatArray],
    own: tuple[FloatArray | None, int],
) -> FloatArray:
    """Return a table's value and its slopes over row and column voltage, (3, batch, cells).

    Parameters
    ----------
    coefficients
        Ordered (conductance, row, column).
    axes
        Axes of row and column.
    volts
        Voltages of row and column, (batch, cells) each [V].
    levels
        Interval and weights of each cell along the conductance, (cells,) and (4, cells).
    own
        The cells' own tables, if there are any, and where in them these cells begin.
    """
    row_axis, column_axis = axes
    (row, column), (level, weight) = volts, levels
    planes, first = own
    rows, columns = coefficients.shape[1:]
    i, x, on_row = row_axis.locate(row)
    j, y, on_column = column_axis.locate(column)
    taps: list[tuple[NDArray[np.int64], FloatArray | None]]
    if planes is None:
        values, stride = coefficients.ravel(), 1
        taps = [((level + k) * (rows * columns), weight[k]) for k in range(4)]
    else:
        values, stride = planes.ravel(), planes.shape[1]
        taps = [(np.arange(first, first + len(level)), None)]
    along_row, row_rise = weights(x), weight_slopes(x)
    along_column, column_rise = weights(y), weight_slopes(y)
    place = (i * columns + j) * stride
    z = np.zeros((3, *row.shape))
    value, product, sums, slopes = (np.empty(row.shape) for _ in range(4))
    for offset, share in taps:
        for a in range(4):
            here = place + (offset + a * columns * stride)
            for b in range(4):
                values.take(here, out=value, mode="clip")  # never out of range: no check
                here += stride
                if b == 0:
                    np.multiply(along_column[0], value, out=sums)
                    np.multiply(column_rise[0], value, out=slopes)
                else:
                    sums += np.multiply(along_column[b], value, out=product)
                    slopes += np.multiply(column_rise[b], value, out=product)
            if share is not None:
                sums *= share
                slopes *= share
            z[0] += np.multiply(along_row[a], sums, out=product)
            z[1] += np.multiply(row_rise[a], sums, out=product)
            z[2] += np.multiply(along_row[a], slopes, out=product)
    z[1] *= on_row / row_axis.step
    z[2] *= on_column / column_axis.step
    return z


def weights(t: FloatArray) -> FloatArray:
    """Return the four uniform cubic B-splines that are not 0 at fraction t of an interval."""
    s, t2 = 1.0 - t, t * t
    s2 = s * s
    weights = np.empty((4, *t.shape))
    np.multiply(s2, s / 6.0, out=weights[0, ...])
    np.subtract(2.0 / 3.0, t2 * (1.0 - 0.5 * t), out=weights[1, ...])
    np.subtract(2.0 / 3.0, s2 * (1.0 - 0.5 * s), out=weights[2, ...])
    np.multiply(t2, t / 6.0, out=weights[3, ...])
    return weights


def weight_slopes(t: FloatArray) -> FloatArray:
    """Return the derivatives of :func:`weights` over t."""
    s = 1.0 - t
    slopes = np.empty((4, *t.shape))
    np.multiply(s, -0.5 * s, out=slopes[0, ...])
    np.multiply(t, 1.5 * t - 2.0, out=slopes[1, ...])
    np.multiply(s, 2.0 - 1.5 * s, out=slopes[2, ...])
    np.multiply(t, 0.5 * t, out=slopes[3, ...])
    return slopes


def spline_coefficients(values: FloatArray, *, axes: int | None = None) -> FloatArray:
    """Return the B-spline coefficients that interpolate `values`, two more along each axis.

    With `axes` only the first so many axes are splines.

    The two conditions that interpolation leaves open are not-a-knot: the third derivative does not
    jump at the second knot from each end.

    >>> (spline_coefficients(np.arange(5.0) ** 3).round(9) + 0.0).tolist()
    [0.0, 0.0, 0.0, 6.0, 24.0, 60.0, 120.0]
    """
    result = np.asarray(values, dtype=np.float64)
    for axis in range(result.ndim if axes is None else axes):
        points = result.shape[axis]
        matrix = np.zeros((points + 2, points + 2))
        for row in range(points):
            matrix[row, row : row + 3] = 1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0
        matrix[points, :5] = matrix[points + 1, -5:] = _NOT_A_KNOT
        ends = np.zeros((2, *result.shape[:axis], *result.shape[axis + 1 :]))
        target = np.concatenate([np.moveaxis(result, axis, 0), ends])
        solved = np.linalg.solve(matrix, target.reshape(points + 2, -1)).reshape(target.shape)
        result = np.moveaxis(solved, 0, axis)
    return result
