"""The published fits of programmed PCM, as data.

Polynomials of the programming error are stated in microsiemens, as in the papers and in IBM's
aihwkit; :func:`_relative` divides by g_max. Everything is a function of the relative conductance.
"""

from __future__ import annotations

from typing import TypedDict

from xbar_circuit.devices.curves import ClippedLog, Curve, Piecewise, Polynomial, SaturatedPower

__all__ = ["HERMES_DOUBLE", "HERMES_SINGLE", "JOSHI_2020", "Fit"]


class Fit(TypedDict):
    """What a paper gives, by the names of :class:`~xbar_circuit.devices.PcmStatistics`."""

    g_max_siemens: float
    t0_second: float
    read_second: float
    programming_curve: Curve
    drift_mean_curve: Curve
    drift_sigma_curve: Curve
    read_curve: Curve
    source: str


def _relative(coefficients_microsiemens: tuple[float, ...], g_max_microsiemens: float) -> Curve:
    return Polynomial(tuple(c / g_max_microsiemens for c in coefficients_microsiemens))


#: Joshi et al., Nat. Commun. 11, 2473 (2020), as coded in aihwkit's PCMLikeNoiseModel.
JOSHI_2020: Fit = {
    "g_max_siemens": 25e-6,
    "t0_second": 20.0,
    "read_second": 250e-9,
    "programming_curve": _relative((0.26348, 1.9650, -1.1731), 25.0),
    "drift_mean_curve": ClippedLog(slope=-0.0155, offset=0.0244, low=0.049, high=0.1),
    "drift_sigma_curve": ClippedLog(slope=-0.0125, offset=-0.0059, low=0.008, high=0.045),
    "read_curve": SaturatedPower(scale=0.0088, exponent=0.65, floor=1e-3, high=0.2),
    "source": "Joshi et al., Nat. Commun. 11, 2473 (2020)",
}

_HERMES_DRIFT_MEAN = Piecewise(
    split=0.0945,
    below=ClippedLog(slope=-0.0387, offset=-0.0182, low=0.072, high=0.13),
    above=Polynomial((0.0736, -0.0126, -0.0436)),
)

#: The HERMES chip with one device a polarity, as coded in aihwkit's HermesNoiseModel.
HERMES_SINGLE: Fit = {
    "g_max_siemens": 10.35e-6,
    "t0_second": 200.0,
    "read_second": 512e-9,
    "programming_curve": _relative((0.15781817, 2.32443916, -2.16310839, 0.68841818), 10.35),
    "drift_mean_curve": _HERMES_DRIFT_MEAN,
    "drift_sigma_curve": Piecewise(
        split=0.3039,
        below=ClippedLog(slope=-0.0120, offset=-0.0023, low=0.0124, high=0.04),
        above=Polynomial((0.0104, 0.0116, -0.0165)),
    ),
    "read_curve": Piecewise(
        split=0.1591,
        below=ClippedLog(slope=-0.0078, offset=0.0038, low=0.0179, high=0.04),
        above=Polynomial((0.0088, 0.0768, -0.1352, 0.0664)),
    ),
    "source": "Le Gallo et al., Nat. Electron. 6, 680 (2023), one device a polarity",
}

#: The HERMES chip with two devices a polarity, as coded in aihwkit's HermesNoiseModel.
HERMES_DOUBLE: Fit = {
    "g_max_siemens": 20.7e-6,
    "t0_second": 300.0,
    "read_second": 512e-9,
    "programming_curve": _relative((0.16603222, 4.71806468, -8.48101252, 4.68961419), 20.7),
    "drift_mean_curve": _HERMES_DRIFT_MEAN,
    "drift_sigma_curve": Piecewise(
        split=0.3055,
        below=ClippedLog(slope=-0.0117, offset=-0.0057, low=0.0091, high=0.04),
        above=Polynomial((0.0073, 0.0093, -0.0118)),
    ),
    "read_curve": Piecewise(
        split=0.16,
        below=ClippedLog(slope=-0.0117, offset=-0.0069, low=0.015, high=0.04),
        above=Polynomial((0.0123, 0.0211, -0.0280, 0.0069)),
    ),
    "source": "Le Gallo et al., Nat. Electron. 6, 680 (2023), two devices a polarity",
}
