"""Figures: one module a subject, one style for all."""

from xbar_circuit.plots.style import figure, save

__all__ = ["figure", "save"]
