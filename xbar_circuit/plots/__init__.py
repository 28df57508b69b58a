"""Figures: one module a subject, one style for all."""

from xbar_circuit.plots.read import draw_read
from xbar_circuit.plots.style import COLOURS, FORMATS, also_as, decimal_ticks, figure, save

__all__ = ["COLOURS", "FORMATS", "also_as", "decimal_ticks", "draw_read", "figure", "save"]
