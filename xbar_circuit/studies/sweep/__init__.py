"""Sweeps: a study function over a grid or a list of parameters, times seeds, from a TOML file."""

from xbar_circuit.studies.sweep.dataset import to_dataset, write_csv, write_netcdf
from xbar_circuit.studies.sweep.functions import FUNCTIONS
from xbar_circuit.studies.sweep.plan import Plan, plan_from_dictionary, read_plan
from xbar_circuit.studies.sweep.run import run_sweep

__all__ = [
    "FUNCTIONS",
    "Plan",
    "plan_from_dictionary",
    "read_plan",
    "run_sweep",
    "to_dataset",
    "write_csv",
    "write_netcdf",
]
