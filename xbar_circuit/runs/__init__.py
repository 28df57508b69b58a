"""Runs: many items, each computed once, saved at once, found again by all that it depends on."""

from xbar_circuit.runs.identity import digest
from xbar_circuit.runs.items import Item, ItemFailure, ItemOutcome
from xbar_circuit.runs.memory import peak_bytes
from xbar_circuit.runs.runner import Kept, run_items

__all__ = ["Item", "ItemFailure", "ItemOutcome", "Kept", "digest", "peak_bytes", "run_items"]
