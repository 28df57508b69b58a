"""Runs: many pieces of work, each done once, kept at once and found again by what it depends on."""

from xbar_circuit.runs.identity import digest
from xbar_circuit.runs.items import Item, ItemFailure, ItemOutcome
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept, run_items

__all__ = ["Item", "ItemFailure", "ItemOutcome", "Kept", "digest", "peak_bytes", "run_items"]
