"""The curve of a read-out, from current to converter input, fitted by least squares."""

from __future__ import annotations

import numpy as np

from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError

__all__ = ["fit_curve"]


def fit_curve(
    ampere: FloatArray, entering: FloatArray, *, scale_ampere: float, degree: int
) -> tuple[FloatArray, FloatArray, float]:
    """Fit the curve from current to converter input, by least squares.

    Parameters
    ----------
    ampere
        Currents (n,) [A].
    entering
        Inputs that the converter must have had (n,) [V or A].
    scale_ampere
        Current that counts as 1 [A].
    degree
        Degree of the polynomial.

    Returns
    -------
    tuple
        Coefficients, ascending, and their standard errors, (degree + 1,) each, and the rms of what
        is left, all in the unit of `entering`.

    Raises
    ------
    ParameterError
        There are not more points than coefficients.
    """
    if ampere.size <= degree + 1:
        raise ParameterError.about(
            "samples",
            got=f"{ampere.size} codes inside the range",
            expected=f"more than {degree + 1}",
            remedy="give more calibration inputs, or check the full scale",
        )
    basis = np.polynomial.polynomial.polyvander(ampere / scale_ampere, degree)
    coefficients = np.linalg.lstsq(basis, entering, rcond=None)[0]
    rest = entering - basis @ coefficients
    variance = float(rest @ rest) / (ampere.size - degree - 1)
    covariance = variance * np.linalg.pinv(basis.T @ basis)
    sigmas = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    left = float(np.sqrt(np.mean(rest**2)))
    return coefficients.astype(np.float64), sigmas.astype(np.float64), left
