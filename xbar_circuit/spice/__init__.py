"""The ngspice engine: decks in, named vectors out, in a process of its own."""

from xbar_circuit.spice.analyses import Ac, Analysis, Dc, Noise, Op, Tran
from xbar_circuit.spice.answer import Answer, Plot
from xbar_circuit.spice.array_read import SlowSolverWarning, read
from xbar_circuit.spice.array_write import write
from xbar_circuit.spice.commands import Alter, Listing
from xbar_circuit.spice.locating import Installation, locate
from xbar_circuit.spice.persistence import AS_WRITTEN, LADDER, Rung, run_persistently
from xbar_circuit.spice.raw_file import write_raw
from xbar_circuit.spice.simulate import Simulator, run, simulator

__all__ = [
    "AS_WRITTEN",
    "LADDER",
    "Ac",
    "Alter",
    "Analysis",
    "Answer",
    "Dc",
    "Installation",
    "Listing",
    "Noise",
    "Op",
    "Plot",
    "Rung",
    "Simulator",
    "SlowSolverWarning",
    "Tran",
    "locate",
    "read",
    "run",
    "run_persistently",
    "simulator",
    "write",
    "write_raw",
]
