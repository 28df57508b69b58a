"""Programming: single shot and program-and-verify, with the real read path in the loop."""

from xbar_circuit.programming.curve import ProgrammingCurve
from xbar_circuit.programming.pulsed_writer import PulsedWriter
from xbar_circuit.programming.read_path import CalibratedReadPath, ReadPath, VerifyPath
from xbar_circuit.programming.spice_writer import SpiceWriter
from xbar_circuit.programming.verify import ProgramResult, program_and_verify, single_shot
from xbar_circuit.programming.writers import CompactWriter, Writer

__all__ = [
    "CalibratedReadPath",
    "CompactWriter",
    "ProgramResult",
    "ProgrammingCurve",
    "PulsedWriter",
    "ReadPath",
    "SpiceWriter",
    "VerifyPath",
    "Writer",
    "program_and_verify",
    "single_shot",
]
