"""How far apart two answers to the same question are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ShapeError
from xbar_circuit.result import ReadResult

__all__ = ["Difference", "compare", "relative_difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Worst relative differences between two results over a whole batch.

    column_current : largest difference over the largest column current of its input vector.
    node_voltage : largest difference over the largest input voltage, both wires.
    """

    column_current: float
    node_voltage: float


def compare(first: ReadResult, second: ReadResult) -> Difference:
    """Compare two results of the same crossbar and inputs.

    The differences of one input vector are relative to that vector's full scale, the largest column
    current or input voltage in `second`.

    Parameters
    ----------
    first, second
        Results of the same crossbar and inputs.

    Returns
    -------
    Difference
        The largest relative difference of each quantity.

    Raises
    ------
    ShapeError
        The results have different shapes.

    >>> import numpy as np
    >>> import xbar_circuit as xc
    >>> xbar = xc.Crossbar(
    ...     conductance=np.full((2, 3), 1e-5), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0)
    ... )
    >>> compare(xc.nodal.read(xbar, [0.2, 0.1]), xc.nodal.read(xbar, [0.2, 0.1])).column_current
    0.0
    """
    return Difference(
        column_current=relative_difference(
            first.column_current, second.column_current, scale=second.column_current
        ),
        node_voltage=max(
            relative_difference(first.row_voltage, second.row_voltage, scale=second.volts),
            relative_difference(first.column_voltage, second.column_voltage, scale=second.volts),
        ),
    )


def relative_difference(
    first: NDArray[np.float64], second: NDArray[np.float64], *, scale: FloatArray
) -> float:
    """Return ``max_b max|first_b - second_b| / max|scale_b|`` over the batch (first axis).

    0 where both agree to the last bit, also at a scale of 0; NaN anywhere gives infinity.

    Parameters
    ----------
    first, second
        Arrays (batch, ...) of the same shape.
    scale
        Array (batch, ...) whose largest magnitude is full scale.

    Returns
    -------
    float
        The difference, dimensionless.

    Raises
    ------
    ShapeError
        The two arrays differ in shape.

    >>> relative_difference(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]), scale=np.array([[4.0]]))
    0.5
    """
    if first.shape != second.shape:
        raise ShapeError.about(
            "second",
            got=f"shape {second.shape}",
            expected=f"shape {first.shape}, as the first result",
            remedy="compare results of the same crossbar and inputs",
        )
    batch = first.shape[0]
    worst = np.abs(first - second).reshape(batch, -1).max(axis=1)
    full = np.abs(scale).reshape(batch, -1).max(axis=1)
    relative = np.zeros(batch)
    np.divide(worst, full, out=relative, where=worst != 0.0)
    return float(np.nan_to_num(relative, nan=np.inf).max())
