"""How far a matrix-vector product of PCM weights is from the intended one, over time.

Weights live on differential pairs of devices, programmed with the statistics of a technology. The
error is ``||y - x W|| / ||x W||`` over a batch of inputs, with ideal wires and converters: what the
devices alone cost. Drift shrinks all outputs together; **compensated** means that one factor, the
same for every column, is applied, as the global drift compensation of Joshi et al., Nat. Commun.
11, 2473 (2020) does: the summed response of the array to a known input, after programming and now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm.statistics import PcmStatistics

__all__ = ["HOURS", "MvmError", "gaussian_weights", "mvm_error", "sparse_inputs"]

HOURS = {
    "1 s": 1.0,
    "25 s": 25.0,
    "1 min": 60.0,
    "1 hour": 3600.0,
    "1 day": 86400.0,
    "1 month": 2.63e6,
    "1 year": 3.156e7,
}
"""The times of the table [s]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MvmError:
    """Relative L2 error at each time: second : (times,) [s]. raw, compensated : (times,)."""

    second: FloatArray
    raw: FloatArray
    compensated: FloatArray


def gaussian_weights(
    rows: int, cols: int, *, rng: np.random.Generator, sigma: float = 0.246
) -> FloatArray:
    """Return normal weights clipped to [-1, 1], (rows, cols).

    Le Gallo et al., APL Mach. Learn. 1, 041102 (2023), use 512 x 512 of sigma 0.246.

    Parameters
    ----------
    rows, cols
        Shape.
    rng
        Draws them.
    sigma
        Standard deviation before clipping.

    Returns
    -------
    numpy.ndarray
        (rows, cols), dimensionless.

    >>> import numpy as np
    >>> gaussian_weights(64, 32, rng=np.random.default_rng(0)).shape
    (64, 32)
    """
    return np.clip(sigma * rng.standard_normal((rows, cols)), -1.0, 1.0)


def sparse_inputs(batch: int, rows: int, *, rng: np.random.Generator) -> FloatArray:
    """Return inputs uniform in [-1, 1], half of them zero, (batch, rows).

    Parameters
    ----------
    batch, rows
        Shape.
    rng
        Draws them.

    Returns
    -------
    numpy.ndarray
        (batch, rows), dimensionless.

    >>> import numpy as np
    >>> sparse_inputs(8, 64, rng=np.random.default_rng(0)).shape
    (8, 64)
    """
    return rng.uniform(-1.0, 1.0, (batch, rows)) * (rng.random((batch, rows)) < 0.5)


def mvm_error(
    statistics: PcmStatistics,
    *,
    weights: ArrayLike,
    inputs: ArrayLike,
    seconds: Sequence[float],
    rng: np.random.Generator,
) -> MvmError:
    """Program weights in [-1, 1] once and multiply at each of the times.

    Parameters
    ----------
    statistics
        The technology.
    weights
        (rows, cols) in [-1, 1]; 1 is `g_max_siemens`.
    inputs
        (batch, rows), any unit.
    seconds
        Times since programming [s].
    rng
        Randomness of programming and reads.

    Returns
    -------
    MvmError
        Relative error of the product (times,), raw and compensated for drift, dimensionless.

    Raises
    ------
    ParameterError
        A weight is outside [-1, 1].

    >>> import numpy as np
    >>> from xbar_circuit.devices import PcmStatistics
    >>> rng = np.random.default_rng(0)
    >>> found = mvm_error(
    ...     PcmStatistics.joshi2020(),
    ...     weights=gaussian_weights(64, 32, rng=rng),
    ...     inputs=sparse_inputs(8, 64, rng=rng),
    ...     seconds=(25.0, 86400.0),
    ...     rng=rng,
    ... )
    >>> found.compensated.shape
    (2,)
    """
    w = np.asarray(weights, dtype=np.float64)
    checks.number("largest |weight|", float(np.abs(w).max()), "1", maximum=1.0)
    x = np.asarray(inputs, dtype=np.float64)
    ideal = x @ w
    g_max = statistics.g_max_siemens
    plus = statistics.program(np.maximum(w, 0.0) * g_max, rng=rng)
    minus = statistics.program(np.maximum(-w, 0.0) * g_max, rng=rng)
    known = plus.conductance.sum() + minus.conductance.sum()
    raw, compensated = [], []
    for second in seconds:
        now_plus, now_minus = plus.read(second, rng=rng), minus.read(second, rng=rng)
        got = x @ (now_plus - now_minus) / g_max
        factor = known / (now_plus.sum() + now_minus.sum())
        raw.append(np.linalg.norm(got - ideal))
        compensated.append(np.linalg.norm(factor * got - ideal))
    scale = np.linalg.norm(ideal)
    return MvmError(
        second=np.array(seconds, dtype=np.float64),
        raw=np.array(raw) / scale,
        compensated=np.array(compensated) / scale,
    )
