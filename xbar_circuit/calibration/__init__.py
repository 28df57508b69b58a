"""Fast models extracted from SPICE, each with the error it was found to have."""

from xbar_circuit.calibration.readout import HeldOut, ReadoutModel, circuit_key, fit_curve
from xbar_circuit.calibration.tabulate import tabulate

__all__ = ["HeldOut", "ReadoutModel", "circuit_key", "fit_curve", "tabulate"]
