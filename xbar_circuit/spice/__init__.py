"""The ngspice engine: decks in, named vectors out, in a process of its own."""

from xbar_circuit.spice.analyses import Ac, Alter, Analysis, Dc, Listing, Noise, Op, Tran
from xbar_circuit.spice.answer import Answer, Plot
from xbar_circuit.spice.array_read import SlowSolverWarning, read
from xbar_circuit.spice.locating import Installation, locate
from xbar_circuit.spice.simulate import Simulator, run, simulator

__all__ = [
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
    "Simulator",
    "SlowSolverWarning",
    "Tran",
    "locate",
    "read",
    "run",
    "simulator",
]
