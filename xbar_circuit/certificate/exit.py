"""The one exit of both engines: an answer leaves with a bound on its error, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.certificate.bound import TOLERANCE
from xbar_circuit.errors import ConvergenceError
from xbar_circuit.result import ReadResult

__all__ = ["certified", "certify"]
_NONE = np.zeros(0, dtype=np.int64)


def certified(
    result: ReadResult, *, scale: FloatArray | None = None, tolerance: float = TOLERANCE
) -> ReadResult:
    """Return a result whose currents are finite and certain to the tolerance.

    Parameters
    ----------
    result
        Of a solve that believes it has converged.
    scale
        Full scale of each column (batch, cols) [A]; None where the error bound is a fixed share of
        it by construction, and only what is not finite must be refused.
    tolerance
        Largest error bound, relative to the full scale.

    Returns
    -------
    ReadResult
        The same result.

    Raises
    ------
    ConvergenceError
        A current or its error bound is not finite, or the bound is too large; the result that it
        carries has NaN for these samples.
    """
    shares = None if scale is None else (result.column_current_error, scale)
    bad = certify(result.column_current, shares, tolerance=tolerance)
    if bad.size == 0:
        return result
    return refuse(result, bad, tolerance=tolerance, scale=scale)


def certify(
    values: FloatArray, shares: tuple[FloatArray, FloatArray] | None, *, tolerance: float
) -> Any:
    """Return which samples (first axis) of `values` are not finite or not certain enough.

    Parameters
    ----------
    values
        (batch, ...) that must be finite.
    shares
        The error bound and the full scale of each value, or None.
    tolerance
        Largest bound that is certain enough, relative to full scale.

    Returns
    -------
    numpy.ndarray
        (batch,) of True for samples that must be refused.
    """
    good = np.isfinite(values)
    if shares is not None:
        error, scale = shares
        with np.errstate(over="ignore", invalid="ignore"):
            good &= error <= tolerance * scale
    if bool(good.all()):
        return _NONE
    return np.flatnonzero(~good.reshape(len(values), -1).all(axis=1))


def refuse(
    result: ReadResult, bad: Any, *, tolerance: float, scale: FloatArray | None
) -> ReadResult:
    """Raise about samples that are not certain enough."""
    reached = ""
    if scale is not None and np.isfinite(result.column_current).all():
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = (result.column_current_error / scale)[bad]
        if np.isfinite(share).any():
            worst = share[np.isfinite(share)].max()
            reached = f" (an error bound of {worst:.1e} of full scale)"
    raise ConvergenceError(
        f"column_current: got {len(bad)} of {len(result.volts)} samples that are not finite or not"
        f" certain{reached} (samples {bad[:8].tolist()}{'...' if len(bad) > 8 else ''}), expected"
        f" an error bound within {tolerance:g} of full scale; lower the read voltages, use 0 for an"
        " ideal wire and None for an open end, or another method=",
        failed=bad.tolist(),
        result=result.without(bad),
    )
