"""Runs: many pieces of work, each done once, kept at once and found again by what it depends on."""

from xbar_circuit.runs.identity import digest
from xbar_circuit.runs.items import Failure, Item, Outcome
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept, run_items

__all__ = ["Failure", "Item", "Kept", "Outcome", "digest", "peak_bytes", "run_items"]
