"""Measure a converter, an amplifier on a loaded column, a sense amplifier, or a whole column.

Each part of the verb has its own options; one that would have no effect is refused. The report is a
table here, and JSON, figures, a page and decks in the folder.
"""

from __future__ import annotations

import typer

from xbar_circuit.cli.characterize.amplifier import amplifier, conveyor
from xbar_circuit.cli.characterize.column import column
from xbar_circuit.cli.characterize.converter import converter
from xbar_circuit.cli.characterize.integrator import integrator
from xbar_circuit.cli.characterize.product import product
from xbar_circuit.cli.characterize.sense_amplifier import sense_amplifier

__all__ = ["characterize"]

#: The verb: a command for each kind of circuit.
characterize = typer.Typer(
    help=__doc__, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)
for _work in (converter, amplifier, conveyor, integrator, sense_amplifier, column, product):
    characterize.command(_work.__name__.replace("_", "-"))(_work)
