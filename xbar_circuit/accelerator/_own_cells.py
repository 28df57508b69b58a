"""Cells of one's own in an accelerator's file: measured in ngspice for what its tiles will see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from xbar_circuit.calibration.ready import reach, ready, with_maps
from xbar_circuit.cells import Synapse
from xbar_circuit.peripherals.drivers import Driver

__all__ = ["with_range"]

_SMALLEST = 1e-3  # of the largest conductance, for a synapse that names no smallest


def with_range(synapse: Synapse, driver: Driver, said: Collection[str]) -> Synapse:
    """Return the synapse whose cells have their tables and, unless `said`, their whole range.

    Parameters
    ----------
    synapse
        With any cell; one whose states are known, and which says no range, takes what they reach.
    driver
        Its full scale is what the cells see.
    said
        Keys of the synapse that the file has.

    Raises
    ------
    ParameterError, ConvergenceError, SimulatorError, SimulatorNotFoundError
        As :func:`xbar_circuit.calibration.tabulate`.
    """
    cell = with_maps(synapse.cell)
    span = reach(cell)
    if span is not None:
        synapse = replace(
            synapse,
            g_min_siemens=synapse.g_min_siemens if "g_min_siemens" in said else span[0],
            g_max_siemens=synapse.g_max_siemens if "g_max_siemens" in said else span[1],
        )
    most = driver.full_scale_volt * max(abs(factor) for factor in synapse.drive)
    least = -most if cell.loads_row else 0.0
    low = synapse.g_min_siemens or _SMALLEST * synapse.g_max_siemens  # 0 is an open device
    known = None if span is not None else (low, synapse.g_max_siemens)
    return replace(synapse, cell=ready(cell, volts=(least, most), conductances=known))
