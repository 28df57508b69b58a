"""The evaluation of a current table, compiled by numba; imported only where it is installed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xbar_circuit._compiler import jit

# ruff: noqa: PLR0917 - compiled functions take their arguments by position

_EDGE = 1e-9  # rounding allowed at the ends of an axis, in steps


@jit
def respond(
    coefficients: Any,
    conductance: Any,
    level: Any,
    weight: Any,
    row: Any,
    column: Any,
    row_axis: Any,
    column_axis: Any,
    saturating: bool,  # noqa: FBT001 - see above
    supply: float,
    out: Any,
) -> None:
    """Fill in current [A] and slopes over row and column voltage [S], (3, batch, cells).

    `coefficients` : (row, column, conductance). `level`, `weight` : interval (cells,) and B-splines
    (cells, 4) along the conductance. `row_axis`, `column_axis` : start, step, points. `supply` :
    what drives the current [V], NaN where the row does.
    """
    gated = not np.isnan(supply)
    batch, cells = row.shape
    start, step, points = row_axis
    start2, step2, points2 = column_axis
    along, rise = np.empty(4), np.empty(4)
    along2, rise2 = np.empty(4), np.empty(4)
    for n in range(batch):
        for k in range(cells):
            place = (row[n, k] - start) / step
            on_row = place >= -_EDGE and place <= points - 1 + _EDGE
            place = min(max(place, 0.0), points - 1.0)
            i = min(int(place), int(points) - 2)
            t = place - i
            place = (column[n, k] - start2) / step2
            on_column = place >= -_EDGE and place <= points2 - 1 + _EDGE
            place = min(max(place, 0.0), points2 - 1.0)
            j = min(int(place), int(points2) - 2)
            t2 = place - j
            for w, r, x in ((along, rise, t), (along2, rise2, t2)):
                s = 1.0 - x
                w[0] = s * s * (s / 6.0)
                w[1] = 2.0 / 3.0 - x * x * (1.0 - 0.5 * x)
                w[2] = 2.0 / 3.0 - s * s * (1.0 - 0.5 * s)
                w[3] = x * x * (x / 6.0)
                r[0] = -0.5 * s * s
                r[1] = x * (1.5 * x - 2.0)
                r[2] = s * (2.0 - 1.5 * s)
                r[3] = x * 0.5 * x
            own = level[k]
            w0, w1, w2, w3 = weight[k, 0], weight[k, 1], weight[k, 2], weight[k, 3]
            value = by_row = by_column = 0.0
            for a in range(4):
                sums = slopes = 0.0
                for b in range(4):
                    c = coefficients[i + a, j + b]
                    tap = w0 * c[own] + w1 * c[own + 1] + w2 * c[own + 2] + w3 * c[own + 3]
                    sums += along2[b] * tap
                    slopes += rise2[b] * tap
                value += along[a] * sums
                by_row += rise[a] * sums
                by_column += along[a] * slopes
            by_row = by_row / step if on_row else 0.0
            by_column = by_column / step2 if on_column else 0.0
            if saturating:
                share = 1.0 / (1.0 + math.exp(value))
                by_row *= 1.0 - share  # dz = dw * exp(w) / (1 + exp(w))
                by_column *= 1.0 - share
            else:
                share = math.exp(-value)
            chord = conductance[k] * share
            pull = (supply if gated else row[n, k]) - column[n, k]
            out[0, n, k] = chord * pull
            out[1, n, k] = chord * ((0.0 if gated else 1.0) - pull * by_row)
            out[2, n, k] = chord * (-1.0 - pull * by_column)
