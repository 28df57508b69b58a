"""Fast models extracted from SPICE, each with its measured error."""

from xbar_circuit.calibration.curve_fit import fit_curve
from xbar_circuit.calibration.readout import HeldOut, ReadoutModel
from xbar_circuit.calibration.settling import Settling, fit_settling
from xbar_circuit.calibration.states import with_states
from xbar_circuit.calibration.supply import tabulate_supply
from xbar_circuit.calibration.tabulate import tabulate
from xbar_circuit.calibration.write_access import write_access

__all__ = [
    "HeldOut",
    "ReadoutModel",
    "Settling",
    "fit_curve",
    "fit_settling",
    "tabulate",
    "tabulate_supply",
    "with_states",
    "write_access",
]
