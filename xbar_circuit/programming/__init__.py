"""Programming: single shot and program-and-verify, with the real read path in the loop."""

from xbar_circuit.programming.curve import ProgrammingCurve
from xbar_circuit.programming.read_path import ReadPath
from xbar_circuit.programming.spice_writer import SpiceWriter
from xbar_circuit.programming.verify import ProgramResult, program_and_verify, single_shot
from xbar_circuit.programming.writers import CompactWriter, PulsedWriter, Writer

__all__ = [
    "CompactWriter",
    "ProgramResult",
    "ProgrammingCurve",
    "PulsedWriter",
    "ReadPath",
    "SpiceWriter",
    "Writer",
    "program_and_verify",
    "single_shot",
]
