"""SPICE text from others: parsed once, by one grammar, and rewritten before a simulator sees it.

ngspice, a look at its input and a digest of its files must not disagree about what a line, a file
name or a section is. Here is the only reader; what it does not understand it refuses, and what
reaches the simulator has no includes, no comments and no commands left.
"""

from xbar_circuit.spice_text.flatten import Flat, flatten, flatten_file
from xbar_circuit.spice_text.reading import checked, read
from xbar_circuit.spice_text.statements import declared_sections, statements

__all__ = [
    "Flat",
    "checked",
    "declared_sections",
    "flatten",
    "flatten_file",
    "read",
    "statements",
]
