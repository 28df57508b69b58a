"""Sweeps: a study function over a grid or a list of parameters, times seeds, from a TOML file."""

from xbar_circuit.studies.sweep._functions import FUNCTIONS
from xbar_circuit.studies.sweep.dataset import to_dataset, write_csv, write_netcdf
from xbar_circuit.studies.sweep.design import Design, best_designs, design_plan, designs_of
from xbar_circuit.studies.sweep.plan import SweepPlan, read_sweep_plan, sweep_plan_from_dictionary
from xbar_circuit.studies.sweep.run import run_sweep

__all__ = [
    "FUNCTIONS",
    "Design",
    "SweepPlan",
    "best_designs",
    "design_plan",
    "designs_of",
    "read_sweep_plan",
    "run_sweep",
    "sweep_plan_from_dictionary",
    "to_dataset",
    "write_csv",
    "write_netcdf",
]
