"""The read-out's input, its curve and where it stops, fitted to measured products."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit._checks import FloatArray
from xbar_circuit.calibration import ReadoutModel, fit_curve
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import Converter
from xbar_circuit.tile._measured_products import MeasuredProducts

__all__ = ["curve_fit", "input_fit", "middles_of", "output_limits", "thresholds_of"]

_DEGREES = (1, 3, 5)
_BETTER = 0.97  # by what a higher degree must lower the error of prediction
_STOPPED = 0.3  # of the amplifier's slope: less is saturation


def thresholds_of(converter: Converter, thresholds: ArrayLike | None) -> FloatArray:
    """Return the thresholds that the model converts by, rising [V or A].

    Raises
    ------
    ParameterError
        Measured ones are not as many as the converter has, or not all known.
    """
    own = converter.edges()
    if thresholds is None:
        return own
    measured = np.array(thresholds, dtype=np.float64)
    known = int(np.isfinite(measured).sum())
    if measured.shape != own.shape or known < own.size:
        raise ParameterError.about(
            "thresholds",
            got=f"{known} known of an array of shape {measured.shape}",
            expected=f"all {own.size} of the converter",
            remedy="measure every one: characterize_converter(..., search='bracketed')",
        )
    return np.sort(measured)  # a model that is not monotonic has none


def input_fit(measured: MeasuredProducts, fitted: slice) -> ReadoutModel:
    """Fit the read-out's input: its resistance and its voltage."""
    sensed, bit = measured.sensed[fitted].ravel(), measured.bit[fitted].ravel()
    if np.ptp(sensed) == 0.0:
        raise ParameterError.about(
            "samples",
            got="products without any column current",
            expected="currents to calibrate with",
            remedy="check conductances and driver",
        )
    if sensed.size > 4:
        (ohm, volt), covariance = np.polyfit(sensed, bit, 1, cov=True)
        sigmas = tuple(np.sqrt(np.maximum(np.diag(covariance), 0.0)).tolist())
    else:
        (ohm, volt), sigmas = np.polyfit(sensed, bit, 1), ()
    return ReadoutModel(
        input_ohm=float(max(ohm, 0.0)),
        input_volt=float(volt),
        input_sigmas=sigmas,
        scale_ampere=float(np.abs(sensed).max()),
        coefficients=(0.0,),
    )


def curve_fit(
    ampere: FloatArray, entering: FloatArray, scale: float, degree: int | None
) -> tuple[FloatArray, FloatArray, float]:
    """Fit the curve with the degree asked for, or the smallest that is good enough."""
    if degree is not None:
        return fit_curve(ampere, entering, scale_ampere=scale, degree=degree)
    best, least = _DEGREES[0], np.inf
    for candidate in _DEGREES:
        if ampere.size <= 3 * (candidate + 1) and candidate > _DEGREES[0]:
            break
        error = _prediction_error(ampere / scale, entering, candidate)
        if error > _BETTER * least:
            break
        best, least = candidate, error
    return fit_curve(ampere, entering, scale_ampere=scale, degree=best)


def _prediction_error(u: FloatArray, entering: FloatArray, degree: int) -> float:
    """Return the rms error at points left out one by one (Allen, Technometrics 16, 125, 1974)."""
    if u.size <= degree + 1:
        return np.inf
    basis = np.polynomial.polynomial.polyvander(u, degree)
    orthogonal = np.linalg.qr(basis)[0]
    rest = entering - orthogonal @ (orthogonal.T @ entering)
    leverage = np.minimum((orthogonal**2).sum(axis=1), 1.0 - 1e-9)
    return float(np.sqrt(np.mean((rest / (1.0 - leverage)) ** 2)))


def output_limits(
    measured: MeasuredProducts, current: FloatArray, fitted: slice
) -> tuple[float, float]:
    """Return where the amplifier's output stops; infinite where it does not.

    The last four products are all inputs at 1 and 0.75, and at their opposites. Where the slope
    from one to the next is a small part of the slope in the middle, the output has stopped.
    """
    low, high = -np.inf, np.inf
    if measured.entering is None:
        return low, high
    ampere, out = current[fitted].ravel(), measured.entering[fitted].ravel()
    near = np.abs(ampere) <= np.quantile(np.abs(ampere), 0.5)
    if near.sum() < 3 or np.ptp(ampere[near]) == 0.0:
        return low, high
    slope, middle = np.polyfit(ampere[near], out[near], 1)
    for full, less in ((-4, -3), (-2, -1)):
        moved = measured.entering[full] - measured.entering[less]
        wanted = slope * (current[full] - current[less])
        ended = measured.entering[full][np.abs(moved) < _STOPPED * np.abs(wanted)]
        if ended.size and ended.mean() > middle:
            high = float(ended.max())
        elif ended.size:
            low = float(ended.min())
    return low, high


def middles_of(edges: FloatArray, converter: Converter) -> FloatArray:
    """Return the middle of the inputs that give each code (levels,) [V or A]."""
    lsb = (converter.input_high - converter.input_low) / (edges.size + 1)
    whole = np.concatenate([[edges[0] - lsb], edges, [edges[-1] + lsb]])
    middles: FloatArray = 0.5 * (whole[:-1] + whole[1:])
    return middles
